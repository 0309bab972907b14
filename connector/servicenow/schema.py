"""ServiceNow's records as tickets. Where a value is not what it should be, it is missing; nothing here asks anybody."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from marshmallow import EXCLUDE, Schema

from connector.servicenow import vocabulary
from connector.servicenow.cells import SYS_ID, Cell, Names
from connector.servicenow.custom import canonical, custom_value
from connector.servicenow.envelope import Envelope, column, envelope
from connector.servicenow.journal import latest
from connector.servicenow.people import PERSON_COLUMNS, REQUESTERS, People
from core.notes import Audience
from core.sightings import Author, Comment, Sighting, Snapshot, Unmapped
from core.sites import Site
from core.tickets import Kind, Parent, State, Ticket, TicketRef

RULED = ("business_service", "cmdb_ci", "location", "assignment_group")
"""References that rules rest on: known by sys_id alone, the record has to be read."""
REFERENCES = (
    *RULED,
    *("assigned_to", "company", *REQUESTERS, *(f"{role}.location" for role in REQUESTERS)),
    *("parent", "parent_incident", "duplicate_of", "caused_by", "problem_id"),
)
WHOLE = {
    Kind.INCIDENT: ("hold_reason", "close_code"),
    Kind.CHANGE: ("type", "approval", "start_date", "end_date", "close_code"),
    "": ("number", "short_description", "state", "priority", "opened_at", "sys_updated_on", *RULED),
}
"""What a payload must carry, empty or not, to be taken for the record. A column that is told at one time and left out
at another would look like a change, so a thinner payload only says which record to read.
"""
PARENT = ("number", "state", "priority", "major_incident_state")
COLUMNS = (
    *("sys_id", "sys_class_name", "number", "short_description", "description", "state", "hold_reason"),
    *("priority", "impact", "urgency", "type", "risk", "approval", "category", "subcategory", *RULED),
    *("location.country", "assigned_to", "company", "caller_id", "requested_by", "opened_by", *PERSON_COLUMNS),
    *("parent", "parent_incident", *(f"parent_incident.{name}" for name in PARENT), "major_incident_state"),
    *("child_incidents", "duplicate_of", "caused_by", "problem_id", "opened_at", "resolved_at", "closed_at"),
    *("start_date", "end_date", "work_start", "work_end", "close_code", "sys_tags", "sys_created_on"),
    *("sys_updated_on", "sys_updated_by", "sys_mod_count"),
)
JOURNALS = {"comments": True, "work_notes": False}
"""Journal columns and whether customers read them."""
SAME_MOMENT = timedelta(minutes=10)
BOTH = frozenset({Audience.AGENTS, Audience.REQUESTER})


@dataclass(frozen=True)
class Read:
    """`complete` False: the payload does not say enough, ask for the record."""

    snapshot: Snapshot
    complete: bool


class Reader:
    """One site's eyes. Remembers what references are called, so it gets better with use; one thread at a time."""

    def __init__(self, site: Site, names: Names | None = None) -> None:
        self.site = site
        self._names = names or Names()
        self._people = People(site, self._names)
        self._custom = tuple(dict.fromkeys(site.fields.values()))
        note_id = (site.note_id_column,) if site.note_id_column else ()
        self.columns = tuple(dict.fromkeys((*COLUMNS, *self._custom)))
        """What to ask for when reading a record; journals are left out, for they come with their whole history."""
        every = dict.fromkeys((*self.columns, *JOURNALS, *note_id))
        # Dots in attribute names would nest: marshmallow builds paths from them.
        self._attributes = {name: name.replace(".", "__") for name in every}
        self._schema = Schema.from_dict({attr: column(name) for name, attr in self._attributes.items()})()

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        """Raises PayloadError where table or sys_id cannot be told; any other oddity is a missing value."""
        seen = envelope(body)
        cells = self._cells(seen.record)
        read = self._read(seen.table, seen.sys_id, cells)
        complete = read.complete and self._utc(cells, seen)
        return Sighting(
            ref=TicketRef(self.site.name, f"{seen.table}:{seen.sys_id}"),
            at=seen.sent_at or cells["sys_updated_on"].time or received_at,
            snapshot=read.snapshot,
            complete=complete or not read.snapshot.served or seen.deleted,
            comment=self._comment(seen, cells, received_at) if seen.nested else None,
            gone=seen.deleted,
            actor=cells["sys_updated_by"].code,
            changed=seen.changed,
        )

    def snapshot(self, table: str, sys_id: str, record: Mapping[str, Any]) -> Snapshot:
        """A record as the Table or Change API gave it."""
        return self._read(table, sys_id, self._cells(record)).snapshot

    def author(self, user_name: str, caller: str, *, public: bool) -> Author:
        """Who a user name is on this site. Work notes can be written by agents alone."""
        if not user_name:
            return Author.UNKNOWN
        if user_name.casefold() == (self.site.account or self.site.auth.user).casefold():
            return Author.LIAISON
        if self._people.is_bot(user_name):
            return Author.BOT
        if user_name.casefold() == caller.casefold():
            return Author.CUSTOMER
        return Author.AGENT if caller or not public else Author.UNKNOWN

    def _cells(self, record: Mapping[str, Any]) -> dict[str, Cell]:
        loaded = self._schema.load(record, unknown=EXCLUDE)
        cells: dict[str, Cell] = {name: loaded[attr] for name, attr in self._attributes.items()}
        for name in (*REFERENCES, *self._custom):
            if name in REFERENCES or SYS_ID.match(cells[name].sys_id):
                self._names.learn(cells[name].sys_id, cells[name].name)
        return cells

    def _read(self, table: str, sys_id: str, cells: Mapping[str, Cell]) -> Read:
        kind, unserved = vocabulary.kind_of(table, self.site)
        record = Record(table, kind, cells, self.site, self._names)
        ticket = record.ticket(sys_id, self._people.requester(cells), self._custom_fields(cells))
        ticket, unmapped = canonical(ticket, self.site, cells)
        snapshot = Snapshot(
            ticket,
            served=not unserved,
            not_served_because=unserved,
            sinks=frozenset() if unserved else BOTH,
            unmapped=() if unserved else (*record.unmapped, *unmapped),
        )
        return Read(snapshot, complete=record.whole and all(self._told(cells[name]) for name in self._custom))

    def _custom_fields(self, cells: Mapping[str, Cell]) -> dict[str, Any]:
        return {
            name: custom_value(cells[source], self._names)
            for name, source in self.site.fields.items()
            if cells[source].said
        }

    def _told(self, cell: Cell) -> bool:
        nameless = SYS_ID.match(cell.sys_id) and not (cell.name or self._names.of(cell.sys_id))
        return cell.said and not nameless

    @staticmethod
    def _utc(cells: Mapping[str, Cell], seen: Envelope) -> bool:
        """Whether the record's times are UTC: not sure where labels stand in for values, unless `sent_at` agrees."""
        state, updated = cells["state"], cells["sys_updated_on"].time
        labels_only = state.plain and state.number is None
        if not labels_only:
            return True
        return bool(updated and seen.sent_at and abs(updated - seen.sent_at) < SAME_MOMENT)

    def _comment(self, seen: Envelope, cells: Mapping[str, Cell], received_at: datetime) -> Comment | None:
        """The comment written in this save; where there are two, the public one: it is what people were told."""
        name = next((n for n in JOURNALS if n in seen.changed and cells[n].code), "")
        if not name:
            return None
        written = latest(cells[name].code)
        user = cells["sys_updated_by"].code
        marker = self._marker(seen, cells)
        caller = self._people.user_name(cells)
        author = Author.LIAISON if marker else self.author(user, caller, public=JOURNALS[name])
        at = cells["sys_updated_on"].time or seen.sent_at or received_at
        return Comment(
            id=seen.event_id or _digest(seen.sys_id, cells["sys_updated_on"].code, name, written),
            at=at,
            author=author,
            author_id=user,
            public=JOURNALS[name],
            marker=marker,
            text=written,
        )

    def _marker(self, seen: Envelope, cells: Mapping[str, Cell]) -> str:
        note_id = self.site.note_id_column
        return cells[note_id].code if note_id and note_id in seen.changed else ""


class Record:
    """One record's columns, on their way to a ticket. `unmapped` collects the values nobody knows."""

    def __init__(self, table: str, kind: str, cells: Mapping[str, Cell], site: Site, names: Names) -> None:
        self.table, self.kind, self.cells, self.site, self._names = table, kind, cells, site, names
        self.unmapped: list[Unmapped] = []

    def ticket(self, sys_id: str, requester: Any, fields: Mapping[str, Any]) -> Ticket:
        status, label = self._status(), self._label
        return Ticket(
            site=self.site.name,
            platform=self.site.platform.value,
            kind=self.kind,
            key=self.cells["number"].label,
            id=f"{self.table}:{sys_id}",
            url=f"{self.site.url.rstrip('/')}/{quote(self.table)}.do?sys_id={quote(sys_id)}",
            title=label("short_description"),
            description=label("description"),
            state=status.state,
            phase=status.phase,
            hold_reason=status.hold_reason,
            resolution=self._resolution(status.state),
            close_code=self._close_code(),
            priority=self._priority(),
            impact=vocabulary.level(self.cells["impact"]),
            urgency=vocabulary.level(self.cells["urgency"]),
            type=self._type(),
            risk=self._risk(),
            approval=vocabulary.APPROVALS.get(self.cells["approval"].code.casefold(), ""),
            category=self.cells["category"].code,
            subcategory=self.cells["subcategory"].code,
            service=self.name("business_service"),
            ci=self.name("cmdb_ci"),
            location=self.name("location"),
            country=label("location.country"),
            group=self.name("assignment_group"),
            assignee=self.name("assigned_to"),
            organisation=self.name("company"),
            requester=requester,
            labels=_labels(self.cells["sys_tags"]),
            major=self._major("major_incident_state"),
            parent=self._parent(),
            children_count=self.cells["child_incidents"].count,
            duplicate_of=self._pointer("duplicate_of"),
            caused_by=self._pointer("caused_by"),
            problem=self._pointer("problem_id"),
            revision=self._revision(),
            fields=fields,
            **self._times(),
        )

    @property
    def whole(self) -> bool:
        """Whether this says all that rules rest on, so that the record need not be read."""
        said = all(self.cells[name].said for name in (*WHOLE[""], *WHOLE.get(self.kind, ())))
        said &= any(self.cells[name].said for name in REQUESTERS)
        said &= self.kind != Kind.INCIDENT or self.cells["parent_incident"].said or self.cells["parent"].said
        known = bool(self.cells["number"].code and self.cells["state"].code and self._revision())
        named = all(self.name(name) for name in RULED if self.cells[name].sys_id)
        parent = self._parent()
        family = parent is None or bool(parent.id and parent.key)
        risk = not self.cells["risk"].code or bool(self._risk())
        return said and known and named and family and risk

    def name(self, column: str) -> str:
        """What a reference is called: from the payload, else from what was learnt earlier."""
        cell = self.cells[column]
        return cell.name or self._names.of(cell.sys_id)

    def _label(self, column: str) -> str:
        return self.cells[column].label

    def _status(self) -> vocabulary.Status:
        cell = self.cells["state"]
        status = vocabulary.status(cell, self.kind, self.site) if cell.code else vocabulary.Status()
        if status is None:
            self.unmapped.append(Unmapped("state", cell.label))
            return vocabulary.Status()
        if status.state != State.ON_HOLD or status.hold_reason or not self.cells["hold_reason"].code:
            return status
        reason = vocabulary.hold_reason(self.cells["hold_reason"])
        if reason is None:
            self.unmapped.append(Unmapped("hold_reason", self.cells["hold_reason"].label))
        return vocabulary.Status(status.state, reason or "", status.phase)

    def _priority(self) -> str:
        cell = self.cells["priority"]
        found = vocabulary.priority(cell, self.site) if cell.code else ""
        if found is None:
            self.unmapped.append(Unmapped("priority", cell.label))
        return found or ""

    def _close_code(self) -> str:
        cell = self.cells["close_code"]
        if self.kind == Kind.CHANGE:
            return vocabulary.CHANGE_CLOSE_CODES.get(cell.value.casefold(), cell.label)
        return cell.label

    def _resolution(self, state: str) -> str:
        """How an incident ended. A close code left over from before a reopening says nothing."""
        cell = self.cells["close_code"]
        if self.kind != Kind.INCIDENT or state not in (State.RESOLVED, State.CLOSED) or not cell.code:
            return ""
        found = vocabulary.resolution(cell)
        if found is None:
            self.unmapped.append(Unmapped("close_code", cell.label))
        return found or ""

    def _type(self) -> str:
        """Of a change; flat events of incidents carry a `type` that means their own."""
        word = self.cells["type"].code.casefold() if self.kind == Kind.CHANGE else ""
        return vocabulary.CHANGE_TYPES.get(word, word)

    def _risk(self) -> str:
        cell = self.cells["risk"]
        labelled = vocabulary.risk_word(cell.display) or (vocabulary.risk_word(cell.value) if cell.plain else "")
        if labelled and cell.value and not cell.plain:
            self._names.learn(f"risk={cell.value}", labelled)
        return labelled or self._names.of(f"risk={cell.value}")

    def _major(self, column: str) -> bool | None:
        cell = self.cells[column]
        return cell.code.casefold() == "accepted" if cell.said else None

    def _parent(self) -> Parent | None:
        """The parent incident, else the parent task, whose table its link or its number tells."""
        cell = self.cells["parent_incident"]
        if cell.code:
            return Parent(
                id=f"incident:{cell.sys_id}" if cell.sys_id else "",
                key=self.name("parent_incident") or self._label("parent_incident.number"),
                major=self._major("parent_incident.major_incident_state"),
                state=self._parent_word("state"),
                priority=self._parent_word("priority"),
            )
        cell = self.cells["parent"]
        if not cell.code:
            return None
        key = self.name("parent")
        table = vocabulary.PREFIXES.get(key[:3].upper(), cell.table or "task")
        return Parent(id=f"{table}:{cell.sys_id}" if cell.sys_id else "", key=key)

    def _parent_word(self, column: str) -> str:
        cell = self.cells[f"parent_incident.{column}"]
        if not cell.code:
            return ""
        if column == "priority":
            return vocabulary.priority(cell, self.site) or ""
        return (vocabulary.status(cell, Kind.INCIDENT, self.site) or vocabulary.Status()).state

    def _pointer(self, column: str) -> str:
        """Another record by its number where that is known, else by its sys_id."""
        return self.name(column) or self.cells[column].code

    def _times(self) -> dict[str, Any]:
        time = {name: self.cells[name].time for name in TIMES.values()}
        found = {field: time[name] for field, name in TIMES.items()}
        return {**found, "opened_at": found["opened_at"] or self.cells["sys_created_on"].time}

    def _revision(self) -> str:
        """Time first: `sys_mod_count` repeats and runs backwards in real logs. `""` where the time is not told."""
        updated = self.cells["sys_updated_on"].time
        if updated is None:
            return ""
        count = max(self.cells["sys_mod_count"].count or 0, 0)
        return f"{updated.isoformat(sep=' ', timespec='seconds')[:19]}.{count:010d}"


TIMES = {
    "opened_at": "opened_at",
    "updated_at": "sys_updated_on",
    "resolved_at": "resolved_at",
    "closed_at": "closed_at",
    "planned_start": "start_date",
    "planned_end": "end_date",
    "actual_start": "work_start",
    "actual_end": "work_end",
}


def _labels(cell: Cell) -> tuple[str, ...]:
    return tuple(word for text in cell.display.split(",") if (word := text.strip()))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
