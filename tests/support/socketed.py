"""An app behind the real server on a real socket, as Liaison is served."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import flask
import waitress
from waitress import wasyncore


@contextmanager
def socketed(app: flask.Flask) -> Iterator[int]:
    """Gives the port. Waitress's own `close` takes the sockets away under the running loop; the loop itself may."""
    server = waitress.create_server(
        app, host="127.0.0.1", port=0, threads=2, clear_untrusted_proxy_headers=False, asyncore_loop_timeout=1
    )
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield server.effective_port
    finally:
        with suppress(OSError):  # a loop that has nothing left to do ends by itself
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        running.join(10)
        server.task_dispatcher.shutdown()
