"""The stand-ins' server, and what it does to connections: late accepts, resets, half and dribbling answers."""

import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, Response
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset instead of a goodbye."""


class QuietHandler(WSGIRequestHandler):
    """Keeps connections, as the platforms do and as werkzeug's own handler never does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
        """Keep the terminal for what Liaison says."""

    def run_wsgi(self) -> None:
        if self.headers.get("Transfer-Encoding") or not self.server.keeps():
            super().run_wsgi()
            return
        # in whole: what an application leaves unread would be taken for the next request
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.environ = self.make_environ() | {"wsgi.input": BytesIO(body)}
        try:
            self._answer(Response.from_app(self.server.app, self.environ))  # type: ignore[arg-type]
        except OSError:  # hung up, by either side
            self.close_connection = True

    def _answer(self, response: Response) -> None:
        """In one piece where it is one: its end is known by its length."""
        if "Content-Length" not in response.headers:
            response.make_sequence()
        length = response.headers.setdefault("Content-Length", str(response.calculate_content_length() or 0))
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        try:
            for piece in response.iter_encoded():
                sent += len(piece)
                self.wfile.write(piece)
        finally:
            response.close()
        self.close_connection |= sent < int(length)


class Server(ThreadedWSGIServer):
    """`late` says how many seconds the next connection waits in the queue before it is accepted, `keeps` whether
    connections are kept just now: where faults strike connections, every request has one of its own.
    """

    def __init__(
        self,
        port: int,
        app: Flask,
        late: Callable[[], float],
        keeps: Callable[[], bool],
        tls: tuple[Path, Path] | None,
    ) -> None:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        self._late, self.keeps = late, keeps
        self._open: set[socket.socket] = set()
        self._door = threading.Lock()
        super().__init__("127.0.0.1", port, app, QuietHandler, ssl_context=context)

    def get_request(self) -> tuple[Any, Any]:
        if (seconds := self._late()) > 0:
            time.sleep(seconds)
        return super().get_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._door:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._door:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """With every connection that is kept: a stopped server answers nobody."""
        super().server_close()
        with self._door:
            left = list(self._open)
        for connection in left:
            hang_up(connection)


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
