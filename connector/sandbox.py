"""What the stand-ins of all platforms share: a real HTTP server, faults on request, a ledger, webhooks, pages.

A stand-in keeps its state as a list of committed events: `commit` applies one and appends it to the ledger file, so
a stand-in that was killed comes back with everything it had answered for.
"""

import logging
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import requests
from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from core.times import Clock, SystemClock, iso

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
ATTEMPTS = 6  # Atlassian: one delivery and five retries


@dataclass
class Fault:
    """Something awkward for the next `times` matching requests.

    `kind`: `status` (answer `status` with `body` and `headers`, nothing done), `lost_reply` (done, then the
    connection closes without an answer), `reset` (closed before anything is done), `delay` (`seconds` before
    handling), `html` (200 with a page, nothing done). `method` and `path` (a regular expression) select requests;
    `after` lets that many matching requests pass first.
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def hits(self, method: str, path: str) -> bool:
        if (self.method and self.method != method) or not re.search(self.path, path):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Entry:
    """One line of a ticket's conversation as people see it. `marker` is our note id where there is one."""

    at: datetime
    author: str
    text: str
    internal: bool
    marker: str = ""
    html: str = ""


@dataclass(frozen=True)
class Conversation:
    """A ticket as the stand-in's own pages show it."""

    key: str
    id: str
    title: str
    state: str
    requester: str
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        entries = [
            {"at": iso(e.at), "author": e.author, "text": e.text, "internal": e.internal, "marker": e.marker}
            for e in self.entries
        ]
        return {
            "key": self.key,
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "requester": self.requester,
            "entries": entries,
        }


class Hooks:
    """Sends webhooks in the background, in order, each signed afresh and retried as the platform does."""

    def __init__(
        self,
        url: str,
        sign: Callable[[bytes], Mapping[str, str]],
        retry_seconds: float = 1.0,
        dump: Callable[[Any], bytes] = orjson.dumps,
    ) -> None:
        self.url, self._sign, self._retry_seconds, self._dump = url, sign, retry_seconds, dump
        self._queue: queue.Queue[tuple[dict[str, Any], dict[str, str]] | None] = queue.Queue()
        self._session = requests.Session()
        self._session.trust_env = False
        self._thread = threading.Thread(target=self._run, name=f"hooks to {url}", daemon=True)
        self._stopped = threading.Event()
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self._thread.start()

    def send(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._queue.put((body, headers or {}))

    def flush(self) -> None:
        """Wait until everything sent so far is answered or given up."""
        self._queue.join()

    def stop(self) -> None:
        self._stopped.set()
        self._queue.put(None)
        self._thread.join(10)
        self._session.close()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._deliver(*item)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _deliver(self, body: dict[str, Any], headers: dict[str, str]) -> None:
        raw = self._dump(body)
        for attempt in range(ATTEMPTS):
            sent = {"Content-Type": "application/json", **headers, **self._sign(raw)}
            try:
                status = self._session.post(self.url, data=raw, headers=sent, timeout=10).status_code
            except requests.RequestException:
                status = 503
            if status not in RETRIED or self._stopped.is_set():
                break
            self._stopped.wait(self._retry_seconds * 2**attempt)
        self.sent.append((status, body))


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
        """Keep the terminal for what Liaison says."""


class StandIn:
    """The server. A platform's stand-in adds its routes to `app` and implements `apply`, `conversations`.

    `hooks` may be set at any time before the first change. `lock` guards the state: every route that reads or
    changes it holds it.
    """

    def __init__(self, *, clock: Clock | None = None, ledger: Path | None = None, port: int = 0) -> None:
        self.clock = clock or SystemClock()
        self.hooks: Hooks | None = None
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.app = Flask(f"{__name__}.{type(self).__name__}")
        self._port, self._ledger_path = port, ledger
        self._server: BaseWSGIServer | None = None
        self._ledger: BinaryIO | None = None
        self.app.before_request(self._fault)
        self.app.after_request(self._lose)
        self._shared_routes()
        if ledger:
            self._reload(ledger)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Change the state by one committed event. Pure bookkeeping: no clock, no webhooks."""
        raise NotImplementedError

    def conversations(self) -> Iterable[Conversation]:
        raise NotImplementedError

    def change(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create a ticket (`key` empty) or change one, as a named user: the body of POST /sandbox/tickets[/KEY]."""
        raise NotImplementedError

    def commit(self, event: dict[str, Any]) -> None:
        """Apply one event and append it to the ledger. The caller holds `lock`."""
        self.apply(event)
        if self._ledger:
            self._ledger.write(orjson.dumps(event) + b"\n")
            self._ledger.flush()

    def _reload(self, path: Path) -> None:
        if path.exists():
            raw = path.read_bytes()
            whole = raw[: raw.rfind(b"\n") + 1]
            for line in whole.splitlines():
                self.apply(orjson.loads(line))
            if len(whole) < len(raw):  # killed in the middle of a line: nobody was answered for it
                path.write_bytes(whole)
        self._ledger = path.open("ab")

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the stand-in has not been started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", self._port, self.app, threaded=True, request_handler=_QuietHandler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        if self.hooks:
            self.hooks.stop()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        if self._ledger:
            self._ledger.close()

    def _fault(self) -> Response | None:
        if request.path.startswith("/sandbox"):
            return None
        with self.lock:
            fault = next((f for f in self.faults if f.times > 0 and f.hits(request.method, request.full_path)), None)
        if fault is None:
            return None
        match fault.kind:
            case "delay":
                time.sleep(fault.seconds)
            case "status":
                body = fault.body if isinstance(fault.body, str) else orjson.dumps(fault.body or {}).decode()
                kind = {} if "Content-Type" in fault.headers else {"Content-Type": "application/json"}
                return Response(body, fault.status, {**kind, **fault.headers})
            case "html":
                return Response(fault.body or "<html><body>Your instance is hibernating</body></html>", 200)
            case "reset":
                _close()
                return Response("", 500)
            case "lost_reply":
                request.environ["liaison.lose"] = True
        return None

    def _lose(self, response: Response) -> Response:
        if request.environ.get("liaison.lose"):
            _close()
        return response

    def _shared_routes(self) -> None:
        app = self.app

        @app.post("/sandbox/faults")
        def add_fault() -> Response:
            with self.lock:
                self.faults.append(Fault(**request.get_json()))
            return jsonify({"faults": len(self.faults)})

        @app.delete("/sandbox/faults")
        def clear_faults() -> Response:
            with self.lock:
                self.faults.clear()
            return jsonify({"faults": 0})

        @app.get("/sandbox/conversations")
        def conversations() -> Response:
            with self.lock:
                return jsonify([c.to_dict() for c in self.conversations()])

        @app.post("/sandbox/tickets")
        @app.post("/sandbox/tickets/<key>")
        def change(key: str = "") -> Response:
            return jsonify(self.change(key, request.get_json()))

        @app.get("/")
        def index() -> str:
            with self.lock:
                return render_template_string(PAGE, tickets=list(self.conversations()), one=None)

        @app.get("/ticket/<key>")
        def ticket(key: str) -> str | tuple[str, int]:
            with self.lock:
                everything = list(self.conversations())
            one = next((c for c in everything if c.key == key), None)
            page = render_template_string(PAGE, tickets=everything, one=one)
            return page if one else (page, 404)


def _close() -> None:
    connection = request.environ["werkzeug.socket"]
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Stand-in</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1d2733;background:#fff}
a{color:#0b5cad}table{border-collapse:collapse}td,th{padding:.3rem 1rem .3rem 0;text-align:left}
.two{display:grid;grid-template-columns:1fr 1fr;gap:2rem}@media(max-width:50rem){.two{grid-template-columns:1fr}}
.c{border-left:4px solid #2b7a4b;background:#f3f8f5;padding:.5rem .8rem;margin:.7rem 0;white-space:pre-line}
.c.i{border-color:#b07d10;background:#fbf6ea}.m{color:#5a6775;font-size:.85rem}</style>
<h1>{% if one %}{{ one.key }}: {{ one.title }}{% else %}Tickets{% endif %}</h1>
{% if one %}<p><a href="/">All tickets</a> · {{ one.state }} · asked by {{ one.requester or "nobody" }}</p>
<div class="two">{% for view in ("agent", "customer") %}<section><h2>As the {{ view }} sees it</h2>
{% for e in one.entries if view == "agent" or not e.internal %}<div class="c{{ " i" if e.internal }}">
<div class="m">{{ e.at.strftime("%d %b %H:%M") }} · {{ e.author }}{{ " · internal" if e.internal }}</div>
{%- if e.html %}{{ e.html|safe }}{% else %}{{ e.text }}{% endif %}</div>
{% else %}<p class="m">Nothing yet.</p>{% endfor %}</section>{% endfor %}</div>
{% else %}<table><tr><th>Key<th>Title<th>State<th>Comments</tr>{% for t in tickets %}
<tr><td><a href="/ticket/{{ t.key }}">{{ t.key }}</a><td>{{ t.title }}<td>{{ t.state }}<td>{{ t.entries|length }}</tr>
{% else %}<tr><td colspan="4">No tickets yet: POST one to /sandbox/tickets.</tr>{% endfor %}</table>{% endif %}
</html>"""
