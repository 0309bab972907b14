"""Serving the web application on a real port, with waitress."""

import logging
import threading
from contextlib import suppress
from typing import Any

import flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, create_server

from app import discretion
from app.settings import Listen
from core.errors import SettingsError

THREADS = 8
ANSWER_SECONDS = 1.0
"""How long stopping waits for answers under way."""
SILENT_SECONDS = 30
CONNECTIONS = 300
"""Each may hold two files, of the 1024 that a process usually has."""
MOST_IN_MEMORY = 64 * 1024
"""Bytes of a body that is not whole yet; the rest goes to a temporary file."""
MOST_BODY = 32 * 1024 * 1024  # above this waitress answers by itself; webhooks refuse from 1 MB on, in JSON

# every request beyond the threads would be a line in the log, just when there is no time for it
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
# it names the address of what broke, or of whoever went away meanwhile
discretion.keep(logging.getLogger("waitress"))


class Parser(HTTPRequestParser):
    """An address that is none, as in `POST http://[::1/ HTTP/1.1`, is answered; waitress hangs up, with a traceback."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("Bad URI") from error


class Channel(HTTPChannel):
    parser_class = Parser


class Server:
    """Listens on construction (port 0: any free one); `start` answers in a thread of its own.

    Raises SettingsError where the address is taken or not ours.
    """

    def __init__(self, app: flask.Flask, listen: Listen) -> None:
        try:
            self._server = self._listening(app, listen)
        except OSError as error:
            raise SettingsError(
                f"cannot listen at {listen.host}:{listen.port}: {error.strerror}.",
                where="listen",
                hint="Is another Liaison running? Choose another port.",
            ) from error
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def _listening(self, app: flask.Flask, listen: Listen) -> Any:
        sockets: dict[int, Any] = {}
        server = create_server(
            app,
            map=sockets,
            host=listen.host,
            port=listen.port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MOST_BODY,
            channel_timeout=SILENT_SECONDS,
            cleanup_interval=SILENT_SECONDS,
            # a request gets a thread when it is whole: who dribbles holds a connection, and little memory
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,
            inbuf_overflow=MOST_IN_MEMORY,
            # the pages must see that a proxy stands before us: then the caller is not on loopback
            clear_untrusted_proxy_headers=False,
        )
        for one in sockets.values():  # a name may have several addresses
            if isinstance(one, BaseWSGIServer):
                one.channel_class = Channel
        return server

    @property
    def url(self) -> str:
        return f"http://{self._server.effective_host}:{self._server.effective_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nobody comes in any more; who was being answered gets the answer, within seconds.

        The loop itself closes its sockets: waitress's own `close` would take them away under its `select`.
        """
        loop = self._server.trigger
        loop.pull_trigger(lambda: wasyncore.dispatcher.close(self._server))
        self._server.task_dispatcher.shutdown(timeout=ANSWER_SECONDS)
        with suppress(OSError):  # a loop that has nothing left to do ends by itself
            loop.pull_trigger(lambda: wasyncore.close_all(self._server._map))  # noqa: SLF001
        self._thread.join(ANSWER_SECONDS)
