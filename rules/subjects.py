"""What a condition may be about: every field's name, its sort, and how it is seen on a ticket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as with_default
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.moments import Moment, MomentKind
from core.sites import Platform
from core.tickets import (
    TIMES,
    Approval,
    HoldReason,
    Kind,
    Phase,
    Priority,
    Resolution,
    State,
    Ticket,
)
from rules.calendars import Calendar
from rules.catalogue import Catalogue


class Sort(StrEnum):
    """How values of a field compare. `PROSE` is free text: its conditions look for words in it."""

    WORD = "a word"
    WORDS = "a list of words"
    PROSE = "a text"
    NUMBER = "a number"
    TIME = "a time"
    LENGTH = "a duration"
    FLAG = "true or false"
    CUSTOM = "a custom field"


@dataclass(frozen=True)
class Subject:
    """A field of conditions. `choices`: the only values it can have; empty means any."""

    name: str
    sort: Sort = Sort.WORD
    choices: tuple[str, ...] = ()


CUSTOM = "fields."
NESTED = ("requester", "parent", "fields")
CHOICES: dict[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "platform": tuple(Platform),
    "state": tuple(State),
    "phase": tuple(Phase),
    "resolution": tuple(Resolution),
    "priority": tuple(Priority),
    "approval": tuple(Approval),
    "hold_reason": tuple(HoldReason),
    "moment": tuple(MomentKind),
    "requester.kind": ("person", "service_account"),
    "parent.state": tuple(State),
    "parent.priority": tuple(Priority),
}
SORTS: dict[str, Sort] = {
    **dict.fromkeys(("title", "description", "text"), Sort.PROSE),
    **dict.fromkeys(("labels", "components"), Sort.WORDS),
    **dict.fromkeys(("affected_users", "children_count", "subtasks_done"), Sort.NUMBER),
    **dict.fromkeys(("age", "lead_time", "overrun"), Sort.LENGTH),
    **dict.fromkeys(("major", "parent.major", "requester.vip"), Sort.FLAG),
    **dict.fromkeys(TIMES, Sort.TIME),
}
NAMES = (
    *(field.name for field in fields(Ticket) if field.name not in NESTED),
    *(f"requester.{name}" for name in ("id", "name", "kind", "vip", "language", "location")),
    *(f"parent.{name}" for name in ("id", "key", "major", "state", "priority")),
    *("text", "moment", "age", "lead_time", "overrun"),
)
SUBJECTS: Mapping[str, Subject] = {
    name: Subject(name, SORTS.get(name, Sort.WORD), CHOICES.get(name, ())) for name in NAMES
}
LADDER = {"kind": 1, "category": 2, "group": 3, "site": 4, "location": 5, "service": 6, "ci": 7}
"""The specificity ladder: a rule that names the configuration item knows more than one that names the kind."""

ANYWHERE = "UTC"  # Where neither the place nor the site is known.


def subject(name: str) -> Subject | None:
    """The field of that name; a custom field is whatever follows `fields.`."""
    if name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        return Subject(name, Sort.CUSTOM)
    return SUBJECTS.get(name)


@dataclass(eq=False)
class View:
    """Everything that conditions look at. `now` is aware; `zone` is for calendars without a place of their own.

    Never changed; freezing it would take longer than many a match.
    """

    ticket: Ticket
    moment: Moment
    now: datetime
    catalogue: Catalogue = with_default(default_factory=Catalogue)
    calendars: Mapping[str, Calendar] = with_default(default_factory=dict)
    zone: str = ANYWHERE

    _kept: dict[Any, Any] = with_default(default_factory=dict, init=False, repr=False)

    def sight(self, name: str) -> tuple[Any, ...]:
        """The values of a field, empty where it is missing."""
        derive = DERIVED.get(name)
        if derive is None:
            return seen(self.ticket, name)
        return self.kept(derive, derive)  # type: ignore[no-any-return]

    def prose(self, name: str) -> str:
        """All that a field says as one text without case: what words are looked for in."""
        return str(self.kept(name, lambda view: "\n".join(map(str, view.sight(name))).casefold()))

    def kept(self, key: Any, find_out: "Callable[[View], Any]") -> Any:
        """What is found out once for this view."""
        if key not in self._kept:
            self._kept[key] = find_out(self)
        return self._kept[key]

    def sight_before(self, name: str) -> tuple[Any, ...] | None:
        """The same before this moment; None at first sight."""
        before = self.moment.before
        return None if before is None else View(before, self.moment, self.now, self.catalogue).sight(name)


def _service(view: View) -> tuple[Any, ...]:
    ticket, service = view.ticket, view.catalogue.service_of(view.ticket)
    raw = (ticket.service, ticket.ci, *ticket.components)
    return known(*raw, *((service.id, service.name) if service else ()))


def _location(view: View) -> tuple[Any, ...]:
    place = view.catalogue.location_of(view.ticket)
    return known(view.ticket.location, *((place.id, place.name) if place else ()))


DERIVED: Mapping[str, Callable[[View], tuple[Any, ...]]] = {
    "moment": lambda view: (view.moment.kind,),
    "text": lambda view: (text,) if (text := view.ticket.text.strip()) else (),
    "service": _service,
    "location": _location,
    "age": lambda view: _span(view.ticket.opened_at, view.now),
    "lead_time": lambda view: _span(view.now, view.ticket.planned_start),
    "overrun": lambda view: _span(view.ticket.planned_end, view.ticket.actual_end or view.now),
}


def _span(start: datetime | None, end: datetime | None) -> tuple[timedelta, ...]:
    return (end - start,) if start and end else ()


def seen(ticket: Ticket, name: str) -> tuple[Any, ...]:
    if name.startswith(CUSTOM):
        return _members(ticket.fields.get(name.removeprefix(CUSTOM)))
    owner, _, part = name.rpartition(".")
    holder = getattr(ticket, owner) if owner else ticket
    return _members(getattr(holder, part, None))


def _members(value: Any) -> tuple[Any, ...]:
    """A platform's object stands for the names it carries (`{"value": "Yes", "id": 7}`)."""
    if isinstance(value, Mapping):
        return known(*(value.get(key) for key in ("value", "name", "display_value", "id")))
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(member for item in value for member in _members(item))
    return known(value)


def known(*values: Any) -> tuple[Any, ...]:
    """Without what the platform did not say."""
    return tuple(value for value in values if value is not None and value != "")
