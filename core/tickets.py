"""The canonical ticket: one shape for incidents and changes of every platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from core.times import from_iso, iso
from core.values import value


class Kind(StrEnum):
    INCIDENT = "incident"
    CHANGE = "change"


class State(StrEnum):
    """Incidents use the first six, changes the rest and `closed`, `cancelled`."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DRAFT = "draft"
    ASSESS = "assess"
    AUTHORIZE = "authorize"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    REVIEW = "review"


class Phase(StrEnum):
    CAUSE_SOUGHT = "cause_sought"
    FIX_RUNNING = "fix_running"
    MONITORING = "monitoring"


class Resolution(StrEnum):
    FIXED = "fixed"
    WORKAROUND = "workaround"
    DUPLICATE = "duplicate"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"


class HoldReason(StrEnum):
    REQUESTER = "requester"
    VENDOR = "vendor"
    PROBLEM = "problem"
    CHANGE = "change"
    EVIDENCE = "evidence"


class Priority(StrEnum):
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"


class Approval(StrEnum):
    """`""` is for platforms that cannot tell."""

    NOT_REQUESTED = "not_requested"
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"


ENDED = frozenset({State.RESOLVED, State.CLOSED, State.CANCELLED})


@dataclass(frozen=True, order=True)
class TicketRef:
    """A site and the platform's immutable id (keys move). ServiceNow ids carry their table: `incident:<sys_id>`."""

    site: str
    id: str

    def __str__(self) -> str:
        return f"{self.site}/{self.id}"


@value
class Person:
    """Who asked. `kind` is `person` or `service_account`; `""` is unknown and counts as a person."""

    id: str = ""
    name: str = ""
    kind: str = ""
    vip: bool | None = None
    language: str = ""
    location: str = ""


@value
class Parent:
    """The ticket this one belongs to. What the payload does not say is filled in from the store or by reading it."""

    id: str
    key: str = ""
    major: bool | None = None
    state: str = ""
    priority: str = ""
    resolution: str = ""


@value
class Ticket:
    """A snapshot of an incident or a change. `""`, `()` and None mean: the platform did not say.

    Enumerated fields hold the canonical values above; `type`, `risk` and `approval` are lower-case canonical words
    (`standard`, `normal`, `emergency`; `high`, `moderate`, `low`; `requested`, `approved`, `rejected`). `service`,
    `ci`, `location` and `components` are raw platform names, for aliases to match, never for a customer to read.
    `revision` sorts as text: later is newer. `fields` holds every configured custom field by the name admins gave it.
    """

    site: str
    platform: str
    kind: str
    key: str
    id: str
    url: str = ""
    title: str = ""
    description: str = ""
    state: str = ""
    phase: str = ""
    resolution: str = ""
    priority: str = ""
    impact: str = ""
    urgency: str = ""
    type: str = ""
    risk: str = ""
    approval: str = ""
    category: str = ""
    subcategory: str = ""
    service: str = ""
    ci: str = ""
    components: tuple[str, ...] = ()
    environment: str = ""
    location: str = ""
    country: str = ""
    group: str = ""
    assignee: str = ""
    organisation: str = ""
    requester: Person = field(default_factory=Person)
    labels: tuple[str, ...] = ()
    major: bool | None = None
    security_level: str = ""
    affected_users: int | None = None
    parent: Parent | None = None
    children_count: int | None = None
    duplicate_of: str = ""
    caused_by: str = ""
    problem: str = ""
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    close_code: str = ""
    hold_reason: str = ""
    subtasks_done: float | None = None
    revision: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> TicketRef:
        return TicketRef(self.site, self.id)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def text(self) -> str:
        """What conditions on words look at: title and description."""
        return f"{self.title}\n{self.description}"

    def evolve(self, **changes: Any) -> Self:
        """The ticket with other values in some fields; `replace` would set all sixty anew. Unknown names raise
        TypeError.
        """
        if not changes:
            return self
        if unknown := changes.keys() - NAMES:
            raise TypeError(f"a ticket has no {', '.join(sorted(unknown))}")
        other = object.__new__(type(self))
        vars(other).update(vars(self), **changes)
        return other

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the inverse."""
        plain = {name: iso(value) if isinstance(value, datetime) else value for name, value in vars(self).items()}
        return plain | {"requester": vars(self.requester), "parent": vars(self.parent) if self.parent else None}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """A ticket from `to_dict`'s shape; unknown names raise TypeError, so a stored snapshot is never half read."""
        values = dict(plain)
        for name in TIMES & values.keys():
            if values[name]:
                values[name] = from_iso(values[name])
        for name in ("labels", "components"):
            values[name] = tuple(values.get(name) or ())
        values["requester"] = Person(**(values.get("requester") or {}))
        values["parent"] = Parent(**values["parent"]) if values.get("parent") else None
        return cls(**values)


NAMES = frozenset(f.name for f in fields(Ticket))
TIMES = frozenset(f.name for f in fields(Ticket) if f.type == datetime | None)
