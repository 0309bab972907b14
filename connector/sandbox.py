"""What the stand-ins of all platforms share: a real HTTP server, faults on request, a ledger, webhooks, pages.

A stand-in keeps its state as a list of committed events: `commit` applies one and appends it to the ledger file, so
a stand-in that was killed comes back with everything it had answered for.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.test import Client, TestResponse

from connector import sandbox_wire as wire
from connector.sandbox_faults import COMMON_KINDS, CUT, Fault, FaultPlan, fault_from, plan_from
from connector.sandbox_hooks import Hooks
from connector.sandbox_later import Later
from connector.sandbox_quota import Allowance, allowance_from
from connector.sandbox_views import PAGE, Conversation, Entry, Line, doubled
from core.times import Clock, SystemClock, iso

__all__ = [
    "HIBERNATING",
    "Allowance",
    "Conversation",
    "Entry",
    "Fault",
    "FaultPlan",
    "Hooks",
    "Line",
    "StandIn",
    "Telling",
    "doubled",
]

SPARED = "liaison.spared"
"""In the environ of a request that no fault strikes: it is one that was struck before, or part of a batch."""

FAULT = "liaison.fault"
ANSWERS = frozenset({"status", "html", "error_and_result"})
HIBERNATING = "<html><body>Your instance is hibernating</body></html>"
Told = tuple[datetime, str, str, str, str, bool, str, str]
"""What a platform's stand-in says of a commit: a Line without its numbers, in the same order."""

Telling = Iterable[Told]


class StandIn:
    """The server. A platform's stand-in adds its routes to `app` and implements `apply`, `tell`, `conversations`.

    `hooks` may be set at any time before the first change. `lock` guards the state: every route that reads or
    changes it holds it. `faults` are waiting, `plan` draws random ones, `injected` counts what was done, by kind.
    `allowance` limits the requests of everybody, with the platform's own headers on every answer. `lines` is what was
    ever said, in order. `longest` cuts a delayed request off after so many seconds.
    With `tls` (certificate and key) it speaks HTTPS. `keeps_connections`, as platforms do, while no faults are about;
    else every request has a connection of its own, and a fault breaks only that.
    """

    kinds = COMMON_KINDS
    longest: float | None = None
    keeps_connections = False

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        ledger: Path | None = None,
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.hooks: Hooks | None = None
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.injected: Counter[str] = Counter()
        self.lines: list[Line] = []
        self.allowance: Allowance | None = None
        self.later = Later(self.clock)
        self.app = Flask(f"{__name__}.{type(self).__name__}")
        self._plan: FaultPlan | None = None
        self._held: list[Callable[[], None]] = []
        self._chance = random.Random(0)  # noqa: S311 - the same disorder every time
        self._saves = 0
        self._port, self._ledger_path, self._tls = port, ledger, tls
        self._server: wire.Server | None = None
        self._serving: threading.Thread | None = None
        self._ledger: BinaryIO | None = None
        self.app.before_request(self._strike)
        self.app.before_request(self._ration)
        self.app.after_request(self._spoil)
        self.app.after_request(self._tell_limits)
        self._shared_routes()
        self._fault_routes()
        self._limit_routes()
        if ledger:
            self._reload(ledger)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Change the state by one committed event. Pure bookkeeping: no clock, no webhooks."""
        raise NotImplementedError

    def tell(self, event: Mapping[str, Any]) -> Telling:
        """What an event, which is about to be applied, says in a ticket. Empty for everything but comments."""
        raise NotImplementedError

    def conversations(self) -> Iterable[Conversation]:
        raise NotImplementedError

    def change(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create a ticket (`key` empty) or change one, as a named user: the body of POST /sandbox/tickets[/KEY]."""
        raise NotImplementedError

    def limited(self, fault: Fault) -> Response:
        """The platform's own 429 of `fault.kind`."""
        raise NotImplementedError

    def limit_headers(self, allowance: Allowance) -> Mapping[str, str]:
        """What every answer says of a limit."""
        raise NotImplementedError

    def over_limit(self, allowance: Allowance) -> Response:
        """The platform's own 429 for a limit that is used up."""
        raise NotImplementedError

    def cut_off(self) -> Response:
        """What the platform answers when it gives up on a transaction that runs too long."""
        return Response(orjson.dumps({"message": CUT}), 504, content_type="application/json")

    def commit(self, event: dict[str, Any]) -> None:
        """Apply one event and append it to the ledger. The caller holds `lock`."""
        self._keep(event)
        if self._ledger:
            self._ledger.write(orjson.dumps(event) + b"\n")
            self._ledger.flush()

    def _keep(self, event: Mapping[str, Any]) -> None:
        told = list(self.tell(event))
        self._saves += bool(told)
        self.lines += [Line(len(self.lines) + n, self._saves, *one) for n, one in enumerate(told, 1)]
        self.apply(event)

    def _reload(self, path: Path) -> None:
        if path.exists():
            raw = path.read_bytes()
            whole = raw[: raw.rfind(b"\n") + 1]
            for line in whole.splitlines():
                self._keep(orjson.loads(line))
            if len(whole) < len(raw):  # killed in the middle of a line: nobody was answered for it
                path.write_bytes(whole)
        self._ledger = path.open("ab")

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the stand-in has not been started")
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = wire.Server(self._port, self.app, self._accepted_late, self._keeps, self._tls)
        name = type(self).__name__
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True)
        self._serving.start()

    def stop(self) -> None:
        self.later.stop()
        if self.hooks:
            self.hooks.stop()
        if self._server:
            self._server.shutdown()
            if self._serving:
                self._serving.join()  # it closes the door behind itself: until then, callers would still be let in
            self._server.server_close()
        if self._ledger:
            self._ledger.close()

    # Faults on requests

    @property
    def plan(self) -> FaultPlan | None:
        return self._plan

    @plan.setter
    def plan(self, plan: FaultPlan | None) -> None:
        if plan and (strange := set(plan.kinds) - self.kinds):
            raise ValueError(f"{type(self).__name__} does not know {', '.join(sorted(strange))}")
        self._plan = plan

    def settle(self) -> None:
        """Do what has come due by the clock: late commits, webhooks that were held back."""
        self.later.settle()

    def calm(self, seconds: float = 30.0) -> bool:
        """No more faults: what is still to come happens now, webhooks are answered. False if that takes too long."""
        with self.lock:
            self.faults.clear()
            self.plan = None
        until = time.monotonic() + seconds
        while True:
            self.later.settle(everything=True)
            self._release()
            if self.hooks:
                self.hooks.flush()
            if not len(self.later) and not self._held:
                return True
            if time.monotonic() > until:
                return False

    def repeat(self, method: str, url: str, headers: Mapping[str, str], data: bytes) -> TestResponse:
        """Handle a request that is not on the wire (any more). No fault strikes it."""
        overrides = {SPARED: True, "REMOTE_ADDR": "127.0.0.1"}
        return Client(self.app).open(url, method=method, headers=dict(headers), data=data, environ_overrides=overrides)

    def _accepted_late(self) -> float:
        with self.lock:
            fault = next((f for f in self.faults if f.kind == "slow_accept" and f.times > 0 and f.hits("", "")), None)
            fault = fault or (self.plan.for_connection() if self.plan else None)
            if fault:
                self.injected[fault.kind] += 1
        return fault.seconds if fault else 0.0

    def _keeps(self) -> bool:
        return self.keeps_connections and self.plan is None and not self.faults

    def _drawn(self, hook: bool, method: str, text: str) -> Fault | None:  # noqa: FBT001 - private, one caller each
        with self.lock:
            fits = (f for f in self.faults if f.kind.startswith("hook_") is hook and f.kind != "slow_accept")
            fault = next((f for f in fits if f.times > 0 and f.hits(method, text)), None)
            if fault is None and self.plan:
                fault = self.plan.for_hook() if hook else self.plan.for_request(method, text)
                if fault and fault.kind == "hook_shuffle":  # the next ones are held, too
                    fault.times -= 1
                    self.faults.append(fault)
            if fault:
                self.injected[fault.kind] += 1
            return fault

    def _strike(self) -> Response | None:
        if request.path.startswith("/sandbox") or SPARED in request.environ:
            return None
        self.settle()
        fault = self._drawn(False, request.method, request.full_path)  # noqa: FBT003 - see there
        if fault is None:
            return None
        instead = self._instead(fault)
        if instead is None:
            request.environ[FAULT] = fault
        return instead

    def _limits(self) -> Allowance | None:
        told = request.path.startswith("/sandbox") or not request.authorization
        return None if told or SPARED in request.environ else self.allowance

    def _ration(self) -> Response | None:
        with self.lock:
            allowance = self._limits()
            return None if allowance is None or allowance.take(self.clock.now()) else self.over_limit(allowance)

    def _tell_limits(self, response: Response) -> Response:
        with self.lock:
            allowance = self._limits()
            if allowance:
                for name, value in self.limit_headers(allowance).items():
                    response.headers.setdefault(name, value)
        return response

    def _instead(self, fault: Fault) -> Response | None:
        """The answer in place of handling the request; None where it is handled."""
        match fault.kind:
            case "delay":
                return self._delayed(fault.seconds)
            case "reset" | "late_commit":
                if fault.kind == "late_commit":
                    self._commit_later(fault.seconds)
                wire.reset(request.environ["werkzeug.socket"])
                return Response("", 500)
            case "error_and_result":
                time.sleep(fault.seconds)
            case kind if kind not in COMMON_KINDS:
                return self.limited(fault)
        return self._answer(fault) if fault.kind in ANSWERS and not fault.committed else None

    def _spoil(self, response: Response) -> Response:
        """The answer to something that was done, as the client gets it."""
        fault, connection = request.environ.get(FAULT), request.environ.get("werkzeug.socket")
        if fault is None or connection is None:
            return response
        match fault.kind:
            case "lost_reply":
                wire.hang_up(connection)
            case "half_answer":
                return wire.half(response, connection)
            case "slow_bytes":
                return wire.dribbling(response, fault.pieces, fault.seconds)
            case kind if kind in ANSWERS:
                return self._answer(fault)
        return response

    def _answer(self, fault: Fault) -> Response:
        if fault.kind == "error_and_result":
            return self.cut_off()
        if fault.kind == "html":
            return Response(fault.body or HIBERNATING, 200)
        body = fault.body if isinstance(fault.body, str) else orjson.dumps(fault.body or {}).decode()
        kind = {} if "Content-Type" in fault.headers else {"Content-Type": "application/json"}
        return Response(body, fault.status, {**kind, **fault.headers})

    def _delayed(self, seconds: float) -> Response | None:
        if self.longest is not None and seconds > self.longest:
            time.sleep(self.longest)
            return self.cut_off()
        time.sleep(seconds)
        return None

    def _commit_later(self, seconds: float) -> None:
        method, url, headers, data = request.method, request.full_path, dict(request.headers), request.get_data()
        self.later.put(seconds, lambda: self.repeat(method, url, headers, data).close())

    # Webhooks and what may happen to them

    def post(self, body: dict[str, Any], headers: dict[str, str] | None = None, seconds: float = 0.0) -> None:
        """Send a webhook, `seconds` from now by the clock. Faults may strike it. The caller may hold `lock`."""
        hooks = self.hooks
        if hooks is None:
            return
        hooks.on_flush = self.settle

        def send() -> None:
            hooks.send(body, headers)

        fault = None
        if self.faults or self.plan:
            fault = self._drawn(True, "", orjson.dumps(body).decode())  # noqa: FBT003 - see there
        match fault.kind if fault else "":
            case "hook_drop":
                return
            case "hook_delay" if fault:
                self.later.put(seconds + fault.seconds, send)
                return
            case "hook_shuffle" if fault:
                self._held.append(send)
                self.later.put(fault.seconds, self._release) if fault.times > 0 else self._release()
                return
            case "hook_duplicate" if fault:
                self.later.put(seconds + fault.seconds, send)
        self.later.put(seconds, send) if seconds else send()

    def _release(self) -> None:
        """What was held back to be shuffled, in any order but the one it happened in."""
        with self.lock:
            held, self._held = self._held, []
        mixed = held.copy()
        self._chance.shuffle(mixed)
        for send in mixed if mixed != held else reversed(held):
            send()

    # Routes

    def _fault_routes(self) -> None:
        app = self.app

        @app.get("/sandbox/faults")
        def faults() -> Response:
            with self.lock:
                plan = self.plan
                shown = {"seed": plan.seed, "rate": plan.rate, "kinds": plan.kinds} if plan else None
                waiting = [f for f in self.faults if f.times > 0]
                return jsonify({"waiting": waiting, "injected": dict(self.injected), "plan": shown})

        @app.post("/sandbox/faults")
        def add_fault() -> Response | tuple[Response, int]:
            try:
                fault = fault_from(request.get_json(silent=True), self.kinds)
            except ValueError as error:
                return jsonify({"error": str(error)}), 400
            with self.lock:
                self.faults.append(fault)
                return jsonify({"faults": len(self.faults)})

        @app.put("/sandbox/plan")
        def set_plan() -> Response | tuple[Response, int]:
            try:
                plan = plan_from(request.get_json(silent=True), self.kinds)
            except ValueError as error:
                return jsonify({"error": str(error)}), 400
            with self.lock:
                self.plan = plan
            return jsonify({"kinds": plan.kinds})

        @app.delete("/sandbox/faults")
        def clear_faults() -> Response:
            with self.lock:
                self.faults.clear()
                self.plan = None
            return jsonify({"faults": 0})

    def _limit_routes(self) -> None:
        app = self.app

        @app.get("/sandbox/limit")
        def limit() -> Response:
            with self.lock:
                found = self.allowance
                shown = {"requests": found.requests, "seconds": found.seconds} if found else None
                taken = {iso(begin): count for begin, count in found.taken.items()} if found else {}
                return jsonify({"limit": shown, "taken": taken, "refused": found.refused if found else 0})

        @app.put("/sandbox/limit")
        def set_limit() -> Response | tuple[Response, int]:
            try:
                allowance = allowance_from(request.get_json(silent=True))
            except ValueError as error:
                return jsonify({"error": str(error)}), 400
            with self.lock:
                self.allowance = allowance
            return jsonify({"limit": allowance and {"requests": allowance.requests, "seconds": allowance.seconds}})

    def _shared_routes(self) -> None:
        app = self.app

        @app.get("/sandbox/ledger")
        def ledger() -> Response:
            since = request.args.get("since", "0")
            with self.lock:
                lines = self.lines[int(since) if since.isdigit() else 0 :]
                return jsonify({"last": len(self.lines), "lines": [line.to_dict() for line in lines]})

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
