"""Takes webhooks, in the order they come."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson


class Receiver:
    """`statuses`: what the next ones are answered, then 202 again."""

    def __init__(self):
        received, statuses = self.received, self.statuses = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((dict(self.headers), raw))
                self.send_response(statuses.pop(0) if statuses else 202)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/acme"

    def bodies(self, standin):
        standin.hooks.flush()
        return [orjson.loads(raw) for _, raw in self.received]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
