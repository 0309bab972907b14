"""Serving the web application on a real port, with waitress."""

import threading
from typing import Any

import flask
from waitress.server import create_server

from app.settings import Listen

THREADS = 8
MOST_BODY = 2 * 1024 * 1024


class Server:
    """Listens on construction (port 0: any free one); `start` answers in a thread of its own."""

    def __init__(self, app: flask.Flask, listen: Listen) -> None:
        self._server: Any = create_server(
            app,
            host=listen.host,
            port=listen.port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MOST_BODY,
            channel_timeout=30,
        )
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self._server.effective_host}:{self._server.effective_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.close()
        self._thread.join(5)
