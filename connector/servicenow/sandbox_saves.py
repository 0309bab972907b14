"""How the stand-in saves: as a user, with what stock business rules set along, and its own rule's webhook after it."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from connector.servicenow.cells import Cell, cell
from connector.servicenow.cells import time as utc
from connector.servicenow.sandbox_columns import CHOICES, JOURNALS, PREFIXES, REFERENCES
from connector.servicenow.sandbox_tables import GUID, Record, Tables, made_up_id
from core.times import Clock

TICKETS = ("incident", "change_request")
SYSTEM = ("sys_id", "sys_class_name", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by")
READ_ONLY = {*SYSTEM, "sys_mod_count", "number"}
USER_DETAILS = ("user_name", "vip", "internal_integration_user", "web_service_access_only", "preferred_language")
FIRST_NUMBER = 10_001
DATED = re.compile(r"\d{4}-\d\d-\d\d[T ]")


@cache
def _codes(table: str, column: str) -> Mapping[str, str]:
    """A choice's code by its label."""
    return {label.casefold(): code for code, label in CHOICES.get((table, column), {}).items()}


class Saves:
    """`write` commits an event to the ledger, `send` hands a body to the webhooks; the caller holds the lock."""

    def __init__(
        self,
        tables: Tables,
        clock: Clock,
        note_id_column: str,
        write: Callable[[dict[str, Any]], None],
        send: Callable[[dict[str, Any]], None],
    ) -> None:
        self.tables, self.clock, self.note_id_column = tables, clock, note_id_column
        self._write, self._send = write, send

    def save(self, table: str, sys_id: str, fields: Mapping[str, Any], actor: str, *, loud: bool = True) -> str:
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
        note_id = columns.get(self.note_id_column, "")  # of this save, also where the column holds it already
        changed = {k: v for k, v in columns.items() if old.get(k) != v and k not in JOURNALS}
        if before is not None and not changed and not words:
            return sys_id
        count = int(old["sys_mod_count"] or -1) + 1
        system = {"sys_updated_on": self._stamp(), "sys_updated_by": actor, "sys_mod_count": str(count)}
        told = [*changed, *words]
        self._commit(table, sys_id, {**changed, **system}, words, told, note_id, insert=before is None, loud=loud)
        if table == "incident" and changed.get("state") == "6":
            self._resolve_children(sys_id, actor, loud=loud)
        return sys_id

    def _commit(
        self,
        table: str,
        sys_id: str,
        columns: Record,
        words: Record,
        changed: list[str],
        note_id: str,
        *,
        insert: bool,
        loud: bool,
    ) -> None:
        """One event in the ledger, then the business rule's webhook."""
        parents = {
            self.tables.records[table].get(sys_id, {}).get("parent_incident", ""),
            columns.get("parent_incident", ""),
        }
        rows = [self._row(table, sys_id, name, text, columns, note_id) for name, text in words.items()]
        self._write({"saves": [{"table": table, "sys_id": sys_id, "columns": columns}], "journal": rows})
        if "parent_incident" in columns:
            self._count_children(parents)
        if loud and table in TICKETS:
            told = [name for name in changed if name not in READ_ONLY]
            self._send(self._envelope(table, sys_id, "insert" if insert else "update", told, words))

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
                self.save("incident", child, ending, actor, loud=loud)

    def _count_children(self, parents: Iterable[str]) -> None:
        saves = [
            {"table": "incident", "sys_id": p, "columns": {"child_incidents": str(len(self.tables.children[p]))}}
            for p in parents
            if p in self.tables.records["incident"]
        ]
        if saves:
            self._write({"saves": saves})

    def delete(self, table: str, sys_id: str, actor: str, *, loud: bool) -> str:
        envelope = {**self._envelope(table, sys_id, "delete", [], {}), "deleted_by": actor}
        self._write({"deletes": [{"table": table, "sys_id": sys_id}]})
        if loud:
            self._send(envelope)
        return sys_id

    def overwrite(self, table: str, raw: Mapping[str, Any], *, loud: bool) -> str:
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
        note_id = columns.get(self.note_id_column, "")
        self._commit(table, sys_id, columns, words, told, note_id, insert=before is None, loud=loud)
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
        moment = utc(given.code) if DATED.match(given.code) else None
        return stamp(moment) if moment else _codes(table, column).get(given.code.casefold(), given.code)

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
            self._write({"saves": [{"table": table, "sys_id": sys_id, "columns": {"name": name}}]})

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
        self._write({"saves": [{"table": table, "sys_id": sys_id, "columns": {**base, **columns}}]})

    def _detail(self, record: Mapping[str, str], details: Mapping[str, Any]) -> None:
        """`caller_id.vip`: a detail of the record that a reference points at."""
        for path, value in details.items():
            column, _, name = path.partition(".")
            table, there = self.tables.target(column, record.get(column, ""))
            if there:
                columns = {name: self._resolved(table, name, value)}
                self._write({"saves": [{"table": table, "sys_id": there["sys_id"], "columns": columns}]})

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
