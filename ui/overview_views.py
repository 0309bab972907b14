"""The overview for service managers: what it asks for, already decided.

Nothing in it is of a ticket that a confidential gate holds, but for failures, which need a person whatever they are
of: their rows then carry `held` and neither key nor words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from core.tickets import TicketRef
from ui.reports import Line

PERIODS = (7, 30, 90)
"""Days that one may look back."""
NO_SERVICE = "-"
"""Stands in addresses for tickets of no service in the catalogue."""


class Show(StrEnum):
    """What a list lists. The numbers of the page lead to one of these each."""

    OPEN = "open"
    DUE = "due"
    OVERDUE = "overdue"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    MISSED = "missed"
    SAID = "said"
    HARD = "hard"
    HELPED = "helped"
    NOT_HELPED = "not_helped"
    HURTS = "hurts"
    DEAD = "dead"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    STOPPED = "stopped"


class Sort(StrEnum):
    """`WORST`: by impact, then the oldest first. The others than `NEWEST` and `OLDEST` are for open tickets alone."""

    WORST = "worst"
    NEWEST = "newest"
    OLDEST = "oldest"
    TICKET = "ticket"
    SERVICE = "service"
    PRIORITY = "priority"


FAILURES = (Show.DEAD, Show.REFUSED, Show.STOPPED, Show.IN_DOUBT)
NOW = (Show.OPEN, Show.DUE, Show.OVERDUE, *FAILURES)
"""What is so at this time, whatever the period."""
SORTS: Mapping[Show, tuple[Sort, ...]] = {
    **dict.fromkeys(Show, (Sort.NEWEST, Sort.OLDEST)),
    Show.OPEN: (Sort.WORST, Sort.OLDEST, Sort.NEWEST, Sort.TICKET, Sort.SERVICE, Sort.PRIORITY),
    Show.DUE: (Sort.OLDEST, Sort.NEWEST),
    Show.OVERDUE: (Sort.OLDEST, Sort.NEWEST),
}
"""How each list may be sorted; the first unless told."""


@dataclass(frozen=True)
class Scope:
    """Of which site (`""` for all), and how many days back, today among them, in UTC."""

    days: int = 30
    site: str = ""


@dataclass(frozen=True)
class Query:
    """One list. `service` is the catalogue's id, `NO_SERVICE` for none of them, `""` for all; `level` and `impact` are
    of open tickets, `day` of promises that ended.
    """

    show: Show = Show.OPEN
    scope: Scope = Scope()
    service: str = ""
    level: str = ""
    impact: str = ""
    day: str = ""
    sort: Sort = Sort.WORST
    page: int = 1


@dataclass(frozen=True)
class Item:
    """One row. `at` is the time that the list is about; `words` what stands beside it: the statement, the update, why
    it failed. `id` is what `retry` takes, `""` where nothing can be tried again.
    """

    ref: TicketRef
    at: datetime | None
    key: str = ""
    title: str = ""
    service: str = ""
    priority: str = ""
    level: str = ""
    impact: str = ""
    words: str = ""
    id: str = ""
    held: bool = False
    grade: float | None = None


@dataclass(frozen=True)
class Listed:
    """`total` is what the overview says; `more`: there is a next page."""

    items: tuple[Item, ...]
    total: int
    more: bool = False


@dataclass(frozen=True)
class Open:
    """How many open tickets share a level (`""` where no rule states an impact) and an impact's id."""

    level: str
    impact: str
    number: int


@dataclass(frozen=True)
class Service:
    """A service of the catalogue, `NO_SERVICE` for tickets of none. `high`: open tickets of high impact."""

    id: str
    name: str
    open: int = 0
    high: int = 0


@dataclass(frozen=True)
class Gap:
    """A service whose requesters were told something, and all of it in Liaison's own words."""

    id: str
    name: str
    said: int


@dataclass(frozen=True)
class Day:
    day: date
    kept: int = 0
    kept_late: int = 0
    missed: int = 0


@dataclass(frozen=True)
class Reading:
    """How updates to requesters read. `graded` had words enough for a grade; `hard` of them are above the grade that
    the wording check allows.
    """

    said: int = 0
    graded: int = 0
    hard: int = 0
    median: int | None = None

    @property
    def share(self) -> float | None:
        return self.hard / self.graded if self.graded else None


@dataclass(frozen=True)
class Pause:
    """A site that is not written to. `until` None: until a person has looked, because of `alarm`."""

    site: str
    until: datetime | None = None
    alarm: str = ""


@dataclass(frozen=True)
class Overview:
    """`counted_at`: when the figures were counted; they may be a minute old. `held`: open tickets that a confidential
    gate holds, which are in no figure. `soon`: until when a promise counts as due soon.
    """

    scope: Scope
    sites: tuple[str, ...]
    counted_at: datetime
    since: datetime
    until: datetime
    open: tuple[Open, ...] = ()
    services: tuple[Service, ...] = ()
    held: int = 0
    due: int = 0
    overdue: int = 0
    kept: Line = field(default_factory=lambda: Line("all"))
    days: tuple[Day, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reading: Reading = Reading()
    feedback: Mapping[Show, int] = field(default_factory=dict)
    failures: Mapping[Show, int] = field(default_factory=dict)
    failed: tuple[tuple[Show, Item], ...] = ()
    pauses: tuple[Pause, ...] = ()
    paused_tickets: int = 0

    @property
    def tickets(self) -> int:
        return sum(one.number for one in self.open)


class OverviewViews(Protocol):
    """Every method may raise StoreError."""

    sites: tuple[str, ...]

    def overview(self, scope: Scope) -> Overview: ...

    def listed(self, query: Query, most: int) -> Listed:
        """A page of `most` rows."""
        ...

    def services(self) -> Mapping[str, str]:
        """The catalogue's names, by id."""
        ...

    def retry(self, show: Show, identity: str, who: str) -> str:
        """Try again what failed. Returns why it was not done, `""` where it was."""
        ...
