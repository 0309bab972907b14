"""A ServiceNow stand-in for demo and tests: Table API, Change API, journals, business-rule webhooks."""

import base64
import hashlib
import hmac
import html
import json
import random
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import NotFound

from connector.sandbox import HIBERNATING, Allowance, Conversation, Entry, Fault, Hooks, StandIn, Telling
from connector.sandbox_faults import COMMON_KINDS, CUT
from connector.servicenow.cells import cell
from connector.servicenow.cells import time as utc
from connector.servicenow.sandbox_batch import serviced
from connector.servicenow.sandbox_columns import COLUMNS
from connector.servicenow.sandbox_limits import RATE_LIMIT, limit_headers
from connector.servicenow.sandbox_saves import READ_ONLY, TICKETS, Saves
from connector.servicenow.sandbox_tables import Record, Tables
from core.times import Clock

RENDERED = re.compile(r"\[code\](.*?)\[/code\]", re.IGNORECASE | re.DOTALL)
REFERENCE = re.compile(r"\[ref:([0-9a-z]+)\]")


def timestamped_signature(secret: str, clock: Clock) -> Callable[[bytes], Mapping[str, str]]:
    """How our business rule signs: base64 HMAC-SHA256 over `<unix seconds>.<body>`."""

    def sign(body: bytes) -> Mapping[str, str]:
        stamp = str(int(clock.now().timestamp()))
        digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).digest()
        return {"X-Liaison-Timestamp": stamp, "X-Liaison-Signature": base64.b64encode(digest).decode()}

    return sign


def ascii_json(body: Any) -> bytes:
    """ServiceNow's scripts escape to ASCII before they sign: their HMAC takes text, not bytes."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def business_rule(url: str, secret: str, clock: Clock, retry_seconds: float = 1.0) -> Hooks:
    """The hooks of an instance that has our business rule installed."""
    return Hooks(url, timestamped_signature(secret, clock), retry_seconds, ascii_json)


class ServiceNowStandIn(StandIn):
    """`accounts`: user names and passwords for basic authentication. Display values are local to `display_timezone`.

    On request: `async_seconds` makes the business rule asynchronous, each webhook coming up to so many seconds late
    and in no order; `journal_readers` are the accounts that may read `sys_journal_field` (None: all; the others get
    200 and an empty list); `hibernating` answers everything with a page; `longest` cuts transactions off.
    """

    kinds = COMMON_KINDS | {"error_and_result", RATE_LIMIT}
    longest = 60.0

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        ledger: Path | None = None,
        port: int = 0,
        accounts: Mapping[str, str] | None = None,
        note_id_column: str = "u_liaison_note_id",
        display_timezone: str = "America/Los_Angeles",
        tls: tuple[Path, Path] | None = None,
        async_seconds: float = 0.0,
        seed: int = 0,
        journal_readers: Iterable[str] | None = None,
        hibernating: bool = False,
    ) -> None:
        self.async_seconds, self.hibernating = async_seconds, hibernating
        self.journal_readers = None if journal_readers is None else frozenset(journal_readers)
        self._delays = random.Random(seed)  # noqa: S311 - the same disorder every time
        self.accounts = dict(accounts or {"liaison": "liaison"})
        self.note_id_column = note_id_column
        self.tables = Tables("https://example.service-now.com", display_timezone)
        for table in TICKETS if note_id_column else ():
            self.tables.add_column(table, note_id_column)
        super().__init__(clock=clock, ledger=ledger, port=port, tls=tls)
        self.saves = Saves(self.tables, self.clock, note_id_column, self.commit, self._send)
        self.app.before_request(self._sleep)
        self.app.before_request(self._sign_in)
        self._table_routes()

    def start(self) -> None:
        super().start()
        self.tables.url = self.url

    def _send(self, body: dict[str, Any]) -> None:
        self.post(body, seconds=self._delays.uniform(0, self.async_seconds) if self.async_seconds else 0.0)

    def apply(self, event: Mapping[str, Any]) -> None:
        self.tables.apply(event)

    def tell(self, event: Mapping[str, Any]) -> Telling:
        for row in event.get("journal", ()):
            at, ticket = utc(row["sys_created_on"]) or self.clock.now(), f"{row['name']}:{row['element_id']}"
            internal, author = row["element"] == "work_notes", row["sys_created_by"]
            yield at, ticket, "written", row["sys_id"], _marker(row), internal, author, row["value"]

    def limited(self, fault: Fault) -> Response:
        refused = failure(429, "Rate limit exceeded", "Too many requests by this user")
        refused.headers.update(limit_headers(self.clock.now(), fault.wait))
        return refused

    def limit_headers(self, allowance: Allowance) -> Mapping[str, str]:
        now = self.clock.now()
        told = limit_headers(now, allowance.wait(now), allowance.requests)
        return {name: value for name, value in told.items() if name != "Retry-After"}

    def over_limit(self, allowance: Allowance) -> Response:
        refused = failure(429, "Rate limit exceeded", "Too many requests by this user")
        refused.headers["Retry-After"] = str(allowance.wait(self.clock.now()))
        return refused

    def cut_off(self) -> Response:
        """200 with `result` and `error` at once, as the Table API answers when it runs out of time on the way."""
        detail = "Check logs for error trace or enable glide.rest.debug property to verify REST request processing"
        body = {"result": [], "error": {"message": CUT, "detail": detail}, "status": "failure"}
        return Response(orjson.dumps(body), 200, content_type="application/json;charset=UTF-8")

    def conversations(self) -> Iterable[Conversation]:
        for table in TICKETS:
            for record in self.tables.records[table].values():
                yield self._conversation(table, record)

    def change(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"as": user_name, "table", "fields", "number", "sys_id", "silent", "raw", "delete"}`, none of them required.

        `fields` may set details of what it refers to (`caller_id.vip`, `location.country`). `raw` overwrites a record
        with an event's as it is, its times and counts included.
        """
        with self.lock:
            known = self.tables.ticket(key) if key else ("", "")
            if key and not known[0]:
                raise NotFound(f"The stand-in has no ticket {key!r}.")
            raw = body.get("raw")
            table = known[0] or str(body.get("table") or _class(raw or {}))
            loud = not body.get("silent")
            if raw is not None:
                sys_id = self.saves.overwrite(table, raw, loud=loud)
            elif body.get("delete"):
                sys_id = self.saves.delete(table, known[1], str(body.get("as", "admin")), loud=loud)
                return {"sys_id": sys_id, "number": key}
            else:
                wanted = {**body.get("fields", {}), **{k: body[k] for k in ("number", "sys_id") if body.get(k)}}
                sys_id = self.saves.save(table, known[1], wanted, str(body.get("as", "admin")), loud=loud)
            return {"sys_id": sys_id, "number": self.tables.records[table][sys_id]["number"]}

    def _conversation(self, table: str, record: Record) -> Conversation:
        asked = record.get("caller_id") or record.get("requested_by") or ""
        return Conversation(
            key=record["number"],
            id=record["sys_id"],
            title=record["short_description"],
            state=self.tables.label(table, "state", record["state"], record),
            requester=self.tables.records["sys_user"].get(asked, {}).get("name", ""),
            entries=tuple(self._entry(row) for row in self.tables.journal.get(record["sys_id"], ())),
        )

    def _entry(self, row: Record) -> Entry:
        return Entry(
            at=utc(row["sys_created_on"]) or self.clock.now(),
            author=self.tables.person(row["sys_created_by"]),
            text=row["value"],
            internal=row["element"] == "work_notes",
            marker=_marker(row),
            html=rendered(row["value"]),
        )

    def _sleep(self) -> Response | None:
        return Response(HIBERNATING, 200) if self.hibernating and request.path.startswith("/api/") else None

    def _sign_in(self) -> Response | None:
        if not request.path.startswith("/api/"):
            return None
        given = request.authorization
        if given and given.type == "basic" and given.username in self.accounts:
            right = self.accounts[given.username]
            if hmac.compare_digest((given.password or "").encode(), right.encode()):
                return None
        return failure(401, "User Not Authenticated", "Required to provide Auth information")

    def _actor(self) -> str:
        return (request.authorization.username if request.authorization else "") or "guest"

    def _table_routes(self) -> None:
        app = self.app
        for prefix in ("/api/now", "/api/now/v1", "/api/now/v2"):
            name = prefix.replace("/", "_")
            app.add_url_rule(f"{prefix}/table/<table>", f"list{name}", self._list)
            app.add_url_rule(f"{prefix}/table/<table>", f"post{name}", self._post, methods=["POST"])
            app.add_url_rule(f"{prefix}/table/<table>/<sys_id>", f"get{name}", self._get)
            app.add_url_rule(f"{prefix}/table/<table>/<sys_id>", f"patch{name}", self._patch, methods=["PATCH", "PUT"])
            app.add_url_rule(f"{prefix}/table/<table>/<sys_id>", f"delete{name}", self._delete, methods=["DELETE"])
            app.add_url_rule(f"{prefix}/batch", f"batch{name}", self._batch, methods=["POST"])
        app.add_url_rule("/api/sn_chg_rest/change/<sys_id>", "change_api", self._change_api)

    def _list(self, table: str) -> Response:
        if table not in COLUMNS:
            return failure(400, f"Invalid table {table}", None)
        args = request.args
        filters = {name: value for name, value in args.items() if not name.startswith("sysparm_")}
        with self.lock:
            hidden = table == "sys_journal_field" and not self._reads_journals()
            rows = [] if hidden else self.tables.query(table, args.get("sysparm_query", ""), filters)
            start, limit = _count(args.get("sysparm_offset"), 0), _count(args.get("sysparm_limit"), 10_000)
            shown = [self.tables.shown(table, row, args) for row in rows[start : start + limit]]
        return answer(shown, {"X-Total-Count": str(len(rows))})

    def _get(self, table: str, sys_id: str) -> Response:
        with self.lock:
            if table == "sys_journal_field":
                if not self._reads_journals():
                    return not_there()
                record = next((r for r in self.tables.rows(table) if r["sys_id"] == sys_id), None)
            else:
                record = self.tables.records.get(table, {}).get(sys_id)
            return answer(self.tables.shown(table, record, request.args)) if record else not_there()

    def _reads_journals(self) -> bool:
        return self.journal_readers is None or self._actor() in self.journal_readers

    def _batch(self) -> Response:
        try:
            signed = request.headers.get("Authorization", "")
            body = serviced(request.get_json(silent=True), signed, self.repeat)
        except ValueError as error:
            return failure(400, "Exception while reading request", str(error))
        return Response(orjson.dumps(body), 200, content_type="application/json;charset=UTF-8")

    def _delete(self, table: str, sys_id: str) -> Response:
        with self.lock:
            if sys_id not in self.tables.records.get(table, {}):
                return not_there()
            self.saves.delete(table, sys_id, self._actor(), loud=table in TICKETS)
        return Response(status=204)

    def _post(self, table: str) -> Response:
        body = _body()
        if body is None or table not in COLUMNS:
            return failure(400, "Exception while reading request" if body is None else f"Invalid table {table}", None)
        with self.lock:
            sys_id = self.saves.save(table, "", self._writable(table, body), self._actor())
            shown = self.tables.shown(table, self.tables.records[table][sys_id], request.args)
        return answer(shown, {"Location": f"{self.url}/api/now/table/{table}/{sys_id}"}, status=201)

    def _patch(self, table: str, sys_id: str) -> Response:
        body = _body()
        if body is None:
            return failure(400, "Exception while reading request", "The payload is not valid JSON")
        with self.lock:
            if sys_id not in self.tables.records.get(table, {}):
                return not_there()
            self.saves.save(table, sys_id, self._writable(table, body), self._actor())
            return answer(self.tables.shown(table, self.tables.records[table][sys_id], request.args))

    def _writable(self, table: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Columns that do not exist, or are ServiceNow's own, are dropped without a word."""
        return {k: v for k, v in body.items() if self.tables.has_column(table, k) and k not in READ_ONLY}

    def _change_api(self, sys_id: str) -> Response:
        with self.lock:
            record = self.tables.records["change_request"].get(sys_id)
            return answer(dict(self.tables.typed("change_request", record))) if record else not_there()


def _marker(row: Mapping[str, str]) -> str:
    """The note id of a journal row, or the visible reference that stands for it."""
    visible = REFERENCE.search(row["value"])
    return row.get("note_id") or (visible[1] if visible else "")


def rendered(text: str) -> str:
    """The page's HTML where `[code]` turns it on, else `""`: the stand-in shows what a browser would execute."""
    if not RENDERED.search(text):
        return ""
    pieces = RENDERED.split(text)
    return "".join(piece if i % 2 else html.escape(piece) for i, piece in enumerate(pieces))


def answer(result: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return Response(orjson.dumps({"result": result}), status, headers, content_type="application/json;charset=UTF-8")


def failure(status: int, message: str, detail: str | None) -> Response:
    body = {"error": {"message": message, "detail": detail}, "status": "failure"}
    return Response(orjson.dumps(body), status, content_type="application/json;charset=UTF-8")


def not_there() -> Response:
    return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def _class(raw: Mapping[str, Any]) -> str:
    """The table of a whole record, which `sys_class_name` names by code or label."""
    name = cell(raw.get("sys_class_name")).code.lower().replace(" ", "_")
    return name if name in COLUMNS else "incident"


def _body() -> Mapping[str, Any] | None:
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _count(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise
