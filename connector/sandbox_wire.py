"""The stand-ins' server, and what it does to connections: late accepts, resets, half and dribbling answers."""

import os
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset instead of a goodbye."""


class QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
        """Keep the terminal for what Liaison says."""


class Server(ThreadedWSGIServer):
    """`late` says how many seconds the next connection waits in the queue before it is accepted."""

    def __init__(self, port: int, app: Flask, late: Callable[[], float], tls: tuple[Path, Path] | None) -> None:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        self._late = late
        super().__init__("127.0.0.1", port, app, QuietHandler, ssl_context=context)

    def get_request(self) -> tuple[Any, Any]:
        if (seconds := self._late()) > 0:
            time.sleep(seconds)
        return super().get_request()


def hang_up(connection: socket.socket) -> None:
    """Close in good order, as if nothing more were to say."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset. The descriptor is given a dead end, so that the server's own closing finds something."""
    if isinstance(connection, ssl.SSLSocket):
        hang_up(connection)
        return
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        dead_end, other = socket.socketpair()
        os.dup2(dead_end.fileno(), connection.fileno())
        dead_end.close()
        other.close()
    except OSError:
        return  # the client was faster


def half(response: Response, connection: socket.socket) -> Response:
    """Its headers promise the whole body, half of it comes."""
    whole = response.get_data()

    def send() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        hang_up(connection)

    return _again(response, send(), len(whole))


def dribbling(response: Response, pieces: int, seconds: float) -> Response:
    whole = response.get_data()
    size = max(1, -(-len(whole) // pieces))

    def send() -> Iterator[bytes]:
        for start in range(0, len(whole), size):
            time.sleep(seconds)
            yield whole[start : start + size]

    return _again(response, send(), len(whole))


def _again(response: Response, body: Iterator[bytes], length: int) -> Response:
    made = Response(body, response.status_code, response.headers)
    made.headers["Content-Length"] = str(length)
    return made
