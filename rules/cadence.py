"""When the next word is due."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from core.decisions import Cadence
from core.tickets import Phase, Ticket
from rules.calendars import Calendar
from rules.catalogue import Catalogue
from rules.whereabouts import at_place

ALWAYS = "always"
DURATION = re.compile(r"(?P<days>\d{1,4})d|(?:(?P<hours>\d{1,5})h)?(?:(?P<minutes>\d{1,6})m)?", re.ASCII)


class Timing(Protocol):
    """What a cadence needs of a rule set."""

    @property
    def calendars(self) -> Mapping[str, Calendar]: ...
    @property
    def catalogue(self) -> Catalogue: ...


def parse_duration(text: str) -> timedelta:
    """`30m`, `4h`, `1d`, `1h30m`. Raises ValueError telling what is wrong.

    A timedelta of whole days with no remainder counts as days wherever there is a calendar (so does `24h`); anything
    else is open time. Days therefore stand alone: `1d12h` is refused.
    """
    found = DURATION.fullmatch(text.strip()) if text.strip() else None
    if not found:
        raise ValueError(f"{text!r} is not a duration. Write it like 30m, 4h, 1h30m or 1d.")
    length = timedelta(**{unit: int(count) for unit, count in found.groupdict().items() if count})
    if not length:
        raise ValueError(f"{text!r} is no time at all. Write at least 1m.")
    return length


def text_of(length: timedelta) -> str:
    """A duration as people say it: "30 minutes", "2 days", "1 hour 30 minutes"."""
    minutes = round(length.total_seconds() / 60)
    counts = ((minutes // 1440, "day"), (minutes % 1440 // 60, "hour"), (minutes % 60, "minute"))
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in counts if n) or "0 minutes"


def next_due(rules: Timing, cadence: Cadence, ticket: Ticket, *, made_at: datetime, first: bool, zone: str) -> datetime:
    """When the next word is due: UTC, on the full minute, never sooner than the cadence says.

    `zone` is the site's, for calendars whose place is not in the catalogue. `made_at` is when the promise is made.
    A calendar that does not open again counts as always open: a promise never waits for ever.
    """
    length = interval(cadence, ticket, made_at=made_at, first=first)
    calendar = rules.calendars.get(cadence.calendar) if cadence.calendar != ALWAYS else None
    due = at_place(calendar, rules.catalogue, ticket, zone).add(made_at, length, zone) if calendar else None
    return ceiling(due or made_at + length)


def interval(cadence: Cadence, ticket: Ticket, *, made_at: datetime, first: bool) -> timedelta:
    """`first` leads, then the pace of monitoring, then the slower pace of a ticket that has been open for long."""
    if first and cadence.first is not None:
        return cadence.first
    if ticket.phase == Phase.MONITORING and cadence.monitoring is not None:
        return cadence.monitoring
    after, opened = cadence.stretch_after, ticket.opened_at
    if after is not None and cadence.stretch_every is not None and opened and made_at - opened >= after:
        return cadence.stretch_every
    return cadence.every


def ceiling(moment: datetime) -> datetime:
    """The first full minute that is not before `moment`, in UTC."""
    moment = moment.astimezone(UTC)
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(minutes=1)
