"""A ServiceNow stand-in for demo and tests: Table API, Change API, journals, business-rule webhooks."""

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import NotFound

from connector.sandbox import Conversation, Entry, Hooks, StandIn
from connector.servicenow.cells import Cell, cell
from connector.servicenow.cells import time as utc
from connector.servicenow.sandbox_columns import CHOICES, COLUMNS, JOURNALS, PREFIXES, REFERENCES
from connector.servicenow.sandbox_tables import GUID, Record, Tables, made_up_id
from core.times import Clock

TICKETS = ("incident", "change_request")
READ_ONLY = {"sys_id", "sys_class_name", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by"} | {
    "sys_mod_count",
    "number",
}
USER_DETAILS = ("user_name", "vip", "internal_integration_user", "web_service_access_only", "preferred_language")
FIRST_NUMBER = 10_001
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
    """`accounts`: user names and passwords for basic authentication. Display values are local to `display_timezone`."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        ledger: Path | None = None,
        port: int = 0,
        accounts: Mapping[str, str] | None = None,
        note_id_column: str = "u_liaison_note_id",
        display_timezone: str = "America/Los_Angeles",
    ) -> None:
        self.accounts = dict(accounts or {"liaison": "liaison"})
        self.note_id_column = note_id_column
        self.tables = Tables("https://example.service-now.com", display_timezone)
        for table in TICKETS if note_id_column else ():
            self.tables.add_column(table, note_id_column)
        super().__init__(clock=clock, ledger=ledger, port=port)
        self.app.before_request(self._sign_in)
        self._table_routes()

    def start(self) -> None:
        super().start()
        self.tables.url = self.url

    def apply(self, event: Mapping[str, Any]) -> None:
        self.tables.apply(event)

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
                sys_id = self._overwrite(table, raw, loud=loud)
            elif body.get("delete"):
                sys_id = self._delete(table, known[1], str(body.get("as", "admin")), loud=loud)
                return {"sys_id": sys_id, "number": key}
            else:
                wanted = {**body.get("fields", {}), **{k: body[k] for k in ("number", "sys_id") if body.get(k)}}
                sys_id = self._save(table, known[1], wanted, str(body.get("as", "admin")), loud=loud)
            return {"sys_id": sys_id, "number": self.tables.records[table][sys_id]["number"]}

    def _save(self, table: str, sys_id: str, fields: Mapping[str, Any], actor: str, *, loud: bool = True) -> str:
        """Insert or update as a user; what did not change is no update. Returns the sys_id."""
        self._user(actor)
        details = {k: v for k, v in fields.items() if "." in k}
        columns = {k: self._resolved(table, k, v) for k, v in fields.items() if "." not in k}
        self._detail({**self.tables.records[table].get(sys_id, {}), **columns}, details)
        before = self.tables.records[table].get(sys_id)
        if before is None:
            sys_id = columns.get("sys_id") or made_up_id(table, f"created {len(self.tables.saves)}")
            columns = {**self._inserted(table, actor), **columns, "sys_id": sys_id, "sys_class_name": table}
            columns["number"] = columns.get("number") or self._number(table)
        words = {name: columns.pop(name) for name in JOURNALS if columns.get(name)}
        old = before or self.tables.blank(table)
        columns = {**_stock(table, old, columns, self._stamp(), self.tables.find("sys_user", actor)), **columns}
        changed = {k: v for k, v in columns.items() if old.get(k) != v and k not in JOURNALS}
        if before is not None and not changed and not words:
            return sys_id
        count = int(old["sys_mod_count"] or -1) + 1
        system = {"sys_updated_on": self._stamp(), "sys_updated_by": actor, "sys_mod_count": str(count)}
        self._commit(table, sys_id, {**changed, **system}, words, [*changed, *words], insert=before is None, loud=loud)
        if table == "incident" and changed.get("state") == "6":
            self._resolve_children(sys_id, actor, loud=loud)
        return sys_id

    def _commit(
        self, table: str, sys_id: str, columns: Record, words: Record, changed: list[str], *, insert: bool, loud: bool
    ) -> None:
        """One event in the ledger, then the business rule's webhook."""
        parents = {
            self.tables.records[table].get(sys_id, {}).get("parent_incident", ""),
            columns.get("parent_incident", ""),
        }
        note_id = columns.get(self.note_id_column, "") if self.note_id_column else ""
        rows = [self._row(table, sys_id, name, text, columns, note_id) for name, text in words.items()]
        self.commit({"saves": [{"table": table, "sys_id": sys_id, "columns": columns}], "journal": rows})
        if "parent_incident" in columns:
            self._count_children(parents)
        if loud and self.hooks and table in TICKETS:
            told = [name for name in changed if name not in READ_ONLY]
            self.hooks.send(self._envelope(table, sys_id, "insert" if insert else "update", told, words))

    def _row(self, table: str, sys_id: str, name: str, text: str, columns: Record, note_id: str) -> Record:
        count = len(self.tables.journal[sys_id])
        return {
            "sys_id": made_up_id("sys_journal_field", f"{sys_id}:{count}:{name}"),
            "name": table,
            "element": name,
            "element_id": sys_id,
            "value": text,
            "sys_created_on": columns["sys_updated_on"],
            "sys_created_by": columns["sys_updated_by"],
            "note_id": note_id,
        }

    def _resolve_children(self, sys_id: str, actor: str, *, loud: bool) -> None:
        """Stock business rule: child incidents are resolved with their parent."""
        parent = self.tables.records["incident"][sys_id]
        ending = {"state": "6", "close_code": parent["close_code"], "close_notes": parent["close_notes"]}
        for child in sorted(self.tables.children[sys_id]):
            if self.tables.records["incident"][child]["state"] not in ("6", "7", "8"):
                self._save("incident", child, ending, actor, loud=loud)

    def _count_children(self, parents: Iterable[str]) -> None:
        saves = [
            {"table": "incident", "sys_id": p, "columns": {"child_incidents": str(len(self.tables.children[p]))}}
            for p in parents
            if p in self.tables.records["incident"]
        ]
        if saves:
            self.commit({"saves": saves})

    def _delete(self, table: str, sys_id: str, actor: str, *, loud: bool) -> str:
        envelope = {**self._envelope(table, sys_id, "delete", [], {}), "deleted_by": actor}
        self.commit({"deletes": [{"table": table, "sys_id": sys_id}]})
        if loud and self.hooks:
            self.hooks.send(envelope)
        return sys_id

    def _overwrite(self, table: str, raw: Mapping[str, Any], *, loud: bool) -> str:
        sys_id = cell(raw.get("sys_id")).code
        cells = {name: cell(value) for name, value in raw.items() if "." not in name}
        columns = {name: self._resolved(table, name, value) for name, value in cells.items()}
        words = {name: columns.pop(name) for name in JOURNALS if columns.get(name)}
        columns |= {name: "" for name in JOURNALS if name in columns}
        columns |= {"sys_class_name": table}
        columns.setdefault("sys_updated_on", self._stamp())
        columns.setdefault("sys_updated_by", "admin")
        before = self.tables.records[table].get(sys_id)
        changed = [name for name, value in columns.items() if (before or {}).get(name, "") != value]
        told = [*changed, *words] if before else []
        self._commit(table, sys_id, columns, words, told, insert=before is None, loud=loud)
        return sys_id

    def _inserted(self, table: str, actor: str) -> Record:
        user = self.tables.find("sys_user", actor)
        values = {"opened_at": self._stamp(), "opened_by": user, "impact": "3", "urgency": "3", "active": "true"}
        values |= {"state": "-5" if table == "change_request" else "1", "approval": "not requested"}
        values |= {"sys_created_on": self._stamp(), "sys_created_by": actor}
        if table == "change_request":
            values |= {"requested_by": user, "type": "normal", "risk": "3", "priority": "4"}
        return values

    def _number(self, table: str) -> str:
        prefix = PREFIXES.get(table, "TASK")
        number = FIRST_NUMBER + len(self.tables.records[table])
        while self.tables.find(table, f"{prefix}{number:07d}"):
            number += 1
        return f"{prefix}{number:07d}"

    def _resolved(self, table: str, column: str, value: Any) -> str:
        """A value as the database keeps it: a choice's code, a reference's sys_id, a time in UTC."""
        given = value if isinstance(value, Cell) else cell(value)
        if column in REFERENCES:
            return self._referred(REFERENCES[column], given) if given.code else ""
        labels = {label.casefold(): code for code, label in CHOICES.get((table, column), {}).items()}
        moment = utc(given.code) if re.match(r"\d{4}-\d\d-\d\d[T ]", given.code) else None
        return stamp(moment) if moment else labels.get(given.code.casefold(), given.code)

    def _referred(self, table: str, given: Cell) -> str:
        """The sys_id of what a reference names; whatever nobody has created yet is created."""
        known = self.tables.find(table, given.sys_id or given.name) or self.tables.find(
            "task", given.sys_id or given.name
        )
        if not known and table == "task":
            known = next(
                (s for t in (*TICKETS, "problem") if (s := self.tables.find(t, given.sys_id or given.name))), ""
            )
        if known:
            if given.sys_id and given.name and table not in (*TICKETS, "task", "problem"):
                self._name(table, known, given.name)
            return known
        if table == "sys_user" and given.name:
            return self._user(given.name)
        sys_id = given.sys_id or made_up_id(table, given.name)
        if table in (*TICKETS, "problem", "task"):
            self._create("task", sys_id, number=given.name or f"TASK{sys_id[:6]}")
        else:
            self._create(table, sys_id, name=given.name or f"{table.rpartition('_')[2].capitalize()} {sys_id[:6]}")
        return sys_id

    def _name(self, table: str, sys_id: str, name: str) -> None:
        if self.tables.records[table][sys_id]["name"] != name:
            self.commit({"saves": [{"table": table, "sys_id": sys_id, "columns": {"name": name}}]})

    def _user(self, name: str) -> str:
        """A user by user name or name: `anna.berg` is Anna Berg."""
        if known := self.tables.find("sys_user", name):
            return known
        sys_id = name if GUID.match(name) else made_up_id("sys_user", name)
        spoken = name.replace(".", " ").replace("_", " ")
        full = spoken.title() if spoken == spoken.lower() else name
        self._create("sys_user", sys_id, name=full, user_name=re.sub(r"\s+", ".", name.strip()).lower())
        return sys_id

    def _create(self, table: str, sys_id: str, **columns: str) -> None:
        flags = dict.fromkeys(("vip", "internal_integration_user", "web_service_access_only"), "false")
        base = {"sys_id": sys_id, "sys_class_name": table, **(flags if table == "sys_user" else {})}
        self.commit({"saves": [{"table": table, "sys_id": sys_id, "columns": {**base, **columns}}]})

    def _detail(self, record: Mapping[str, str], details: Mapping[str, Any]) -> None:
        """`caller_id.vip`: a detail of the record that a reference points at."""
        for path, value in details.items():
            column, _, name = path.partition(".")
            table, there = self.tables.target(column, record.get(column, ""))
            if there:
                columns = {name: self._resolved(table, name, value)}
                self.commit({"saves": [{"table": table, "sys_id": there["sys_id"], "columns": columns}]})

    def _envelope(self, table: str, sys_id: str, operation: str, changed: list[str], words: Record) -> dict[str, Any]:
        record = self.tables.records[table][sys_id]
        shown: dict[str, Any] = {**record, **dict.fromkeys(JOURNALS, ""), **words}
        for column in (*(c for c in REFERENCES if c in record), *(("risk",) if "risk" in record else ())):
            shown[column] = {
                "value": record[column],
                "display_value": self.tables.label(table, column, record[column], record),
            }
        role = "requested_by" if table == "change_request" else "caller_id"
        shown |= {f"{role}.{name}": self.tables.walk(table, record, f"{role}.{name}")[0] for name in USER_DETAILS}
        shown["location.country"] = self.tables.walk(table, record, "location.country")[0]
        return {
            "event_id": made_up_id("event", f"{sys_id}:{self.tables.saves[sys_id]}:{operation}"),
            "table": table,
            "operation": operation,
            "sent_at": self._stamp(),
            "changed_fields": changed,
            "record": shown,
        }

    def _stamp(self) -> str:
        return stamp(self.clock.now())

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
        visible = REFERENCE.search(row["value"])
        return Entry(
            at=utc(row["sys_created_on"]) or self.clock.now(),
            author=self.tables.person(row["sys_created_by"]),
            text=row["value"],
            internal=row["element"] == "work_notes",
            marker=row.get("note_id") or (visible[1] if visible else ""),
            html=rendered(row["value"]),
        )

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
        app.add_url_rule("/api/sn_chg_rest/change/<sys_id>", "change_api", self._change_api)

    def _list(self, table: str) -> Response:
        if table not in COLUMNS:
            return failure(400, f"Invalid table {table}", None)
        args = request.args
        filters = {name: value for name, value in args.items() if not name.startswith("sysparm_")}
        with self.lock:
            rows = self.tables.query(table, args.get("sysparm_query", ""), filters)
            start, limit = _count(args.get("sysparm_offset"), 0), _count(args.get("sysparm_limit"), 10_000)
            shown = [self.tables.shown(table, row, args) for row in rows[start : start + limit]]
        return answer(shown, {"X-Total-Count": str(len(rows))})

    def _get(self, table: str, sys_id: str) -> Response:
        with self.lock:
            if table == "sys_journal_field":
                record = next((r for r in self.tables.rows(table) if r["sys_id"] == sys_id), None)
            else:
                record = self.tables.records.get(table, {}).get(sys_id)
            return answer(self.tables.shown(table, record, request.args)) if record else not_there()

    def _post(self, table: str) -> Response:
        body = _body()
        if body is None or table not in COLUMNS:
            return failure(400, "Exception while reading request" if body is None else f"Invalid table {table}", None)
        with self.lock:
            sys_id = self._save(table, "", self._writable(table, body), self._actor())
            shown = self.tables.shown(table, self.tables.records[table][sys_id], request.args)
        return answer(shown, {"Location": f"{self.url}/api/now/table/{table}/{sys_id}"}, status=201)

    def _patch(self, table: str, sys_id: str) -> Response:
        body = _body()
        if body is None:
            return failure(400, "Exception while reading request", "The payload is not valid JSON")
        with self.lock:
            if sys_id not in self.tables.records.get(table, {}):
                return not_there()
            self._save(table, sys_id, self._writable(table, body), self._actor())
            return answer(self.tables.shown(table, self.tables.records[table][sys_id], request.args))

    def _writable(self, table: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Columns that do not exist, or are ServiceNow's own, are dropped without a word."""
        return {k: v for k, v in body.items() if self.tables.has_column(table, k) and k not in READ_ONLY}

    def _change_api(self, sys_id: str) -> Response:
        with self.lock:
            record = self.tables.records["change_request"].get(sys_id)
            return answer(dict(self.tables.typed("change_request", record))) if record else not_there()


def _stock(table: str, old: Mapping[str, str], new: Mapping[str, str], now: str, user: str) -> Record:
    """What stock business rules set along with a state, a priority."""
    found: Record = {}
    merged = {**old, **new}
    if {"impact", "urgency"} & new.keys() and "priority" not in new and merged.get("impact", "").isdigit():
        found["priority"] = str(int(merged["impact"]) + int(merged["urgency"] or 3) - 1)
    state = new.get("state")
    if state is None or state == old.get("state"):
        return found
    if table == "incident":
        found |= {"incident_state": state, "active": "false" if state in ("7", "8") else "true"}
        found |= {"hold_reason": ""} if state != "3" else {}
        found |= {"6": {"resolved_at": now, "resolved_by": user}, "7": {"closed_at": now, "closed_by": user}}.get(
            state, {}
        )
        if old.get("state") in ("6", "7") and state in ("1", "2", "3"):
            found |= {"reopen_count": str(int(old.get("reopen_count") or 0) + 1), "resolved_at": "", "resolved_by": ""}
    if table == "change_request":
        found |= {"-1": {"work_start": now}, "0": {"work_end": now}, "3": {"closed_at": now}}.get(state, {})
        found |= {"active": "false"} if state in ("3", "4") else {}
    return found


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


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
