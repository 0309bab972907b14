"""One record's columns on their way to a ticket: which ones are asked for, and what each means."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from connector.servicenow import vocabulary
from connector.servicenow.cells import Cell, Names, time
from connector.servicenow.people import PERSON_COLUMNS, REQUESTERS
from core.sightings import Unmapped
from core.sites import Site
from core.tickets import Kind, Parent, Person, State, Ticket

RULED = ("business_service", "cmdb_ci", "location", "assignment_group")
"""References that rules rest on: known by sys_id alone, the record has to be read."""
REFERENCES = (
    *RULED,
    *("assigned_to", "company", *REQUESTERS, *(f"{role}.location" for role in REQUESTERS)),
    *("parent", "parent_incident", "duplicate_of", "caused_by", "problem_id"),
)
EVERY = ("number", "short_description", "state", "priority", "opened_at", "sys_updated_on", *RULED)
WHOLE: dict[str, tuple[str, ...]] = {
    Kind.INCIDENT: (*EVERY, "hold_reason", "close_code"),
    Kind.CHANGE: (*EVERY, "type", "approval", "start_date", "end_date", "close_code"),
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


class Record:
    """One record's columns, on their way to a ticket. `unmapped` collects the values nobody knows."""

    def __init__(self, table: str, kind: str, cells: Mapping[str, Cell], site: Site, names: Names) -> None:
        self.table, self.kind, self.cells, self.site, self._names = table, kind, cells, site, names
        self.unmapped: list[Unmapped] = []
        self.times, self.parent, self.risk = self._times(), self._parent(), self._risk()
        self.revision = self._revision()

    def ticket(self, sys_id: str, requester: Person, fields: Mapping[str, Any]) -> Ticket:
        status, label = self._status(), self._label
        return Ticket(
            site=self.site.name,
            platform=self.site.platform.value,
            kind=self.kind,
            key=self.cells["number"].label,
            id=f"{self.table}:{sys_id}",
            url=_url(self.site.url, self.table, sys_id),
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
            risk=self.risk,
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
            parent=self.parent,
            children_count=self.cells["child_incidents"].count,
            duplicate_of=self._pointer("duplicate_of"),
            caused_by=self._pointer("caused_by"),
            problem=self._pointer("problem_id"),
            revision=self.revision,
            fields=fields,
            **self.times,
        )

    @property
    def whole(self) -> bool:
        """Whether this says all that rules rest on, so that the record need not be read."""
        cells, parent = self.cells, self.parent
        said = all(cells[name].said for name in WHOLE.get(self.kind, EVERY))
        said &= any(cells[name].said for name in REQUESTERS)
        said &= self.kind != Kind.INCIDENT or cells["parent_incident"].said or cells["parent"].said
        known = bool(cells["number"].code and cells["state"].code and self.revision)
        named = all(self.name(name) for name in RULED if cells[name].sys_id)
        family = parent is None or bool(parent.id and parent.key)
        risk = not cells["risk"].code or bool(self.risk)
        return said and known and named and family and risk

    def name(self, column: str) -> str:
        """What a reference is called: from the payload, else from what was learnt earlier."""
        cell = self.cells[column]
        return (cell.name or self._names.of(cell.sys_id)) if cell.code else ""

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
        if not cell.code:
            return ""
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
        found = {field: time(code) if (code := self.cells[name].code) else None for field, name in TIMES.items()}
        if not found["opened_at"]:
            found["opened_at"] = self.cells["sys_created_on"].time
        return found

    def _revision(self) -> str:
        updated = self.times["updated_at"]
        return revision(updated, self.cells["sys_mod_count"].count or 0) if updated else ""


def revision(updated_at: datetime, mod_count: int) -> str:
    """Time first: `sys_mod_count` repeats and runs backwards in real logs."""
    return f"{updated_at.isoformat(sep=' ', timespec='seconds')[:19]}.{max(mod_count, 0):010d}"


def follows(later: str, earlier: str) -> bool:
    """Whether the one revision is of the very next save after the other: each save counts, a comment alone, too."""
    one, other = earlier.rpartition(".")[2], later.rpartition(".")[2]
    return bool(one and other) and int(other) == int(one) + 1


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


@lru_cache(maxsize=4096)
def _url(site: str, table: str, sys_id: str) -> str:
    return f"{site.rstrip('/')}/{quote(table)}.do?sys_id={quote(sys_id)}"


def _labels(cell: Cell) -> tuple[str, ...]:
    return tuple(word for text in cell.display.split(",") if (word := text.strip()))
