"""When the next word is due."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from core.decisions import Cadence, Step
from core.tickets import Kind, Phase, Ticket
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
    length, named = interval(cadence, ticket, made_at=made_at, first=first)
    calendar = rules.calendars.get(named) if named != ALWAYS else None
    due = at_place(calendar, rules.catalogue, ticket, zone).add(made_at, length, zone) if calendar else None
    return ceiling(due or made_at + length)


def interval(cadence: Cadence, ticket: Ticket, *, made_at: datetime, first: bool) -> tuple[timedelta, str]:
    """The length, and the calendar it counts in. `first` leads, then the pace of monitoring, then the usual one; an old
    ticket never hears more often than its age allows.
    """
    if first and cadence.first is not None:
        return cadence.first, cadence.calendar
    watched = cadence.monitoring if ticket.phase == Phase.MONITORING else None
    pace, step = watched or cadence.every, _step(cadence, ticket, made_at)
    if step is None or (watched and watched > step.every):
        return pace, cadence.calendar
    return step.every, step.calendar or cadence.calendar


def _step(cadence: Cadence, ticket: Ticket, made_at: datetime) -> Step | None:
    """The slower pace that an incident of this age has reached, or a change that began so long ago."""
    began = ticket.planned_start if ticket.kind == Kind.CHANGE else ticket.opened_at
    age = made_at - began if began else timedelta(0)
    return next((step for step in reversed(cadence.stretch) if age >= step.after), None)


def not_slower(before: Step, step: Step, calendar: str) -> Iterator[str]:
    """What is wrong with a step after another one, as sentences. `calendar`: the cadence's."""
    if step.after <= before.after:
        yield f"{text_of(step.after)} comes after {text_of(before.after)}; write the steps in the order of their time."
    same = (step.calendar or calendar) == (before.calendar or calendar)
    if step.every < before.every or (same and step.every == before.every):
        yield f"every {text_of(step.every)} is not slower than every {text_of(before.every)} before it."


def ceiling(moment: datetime) -> datetime:
    """The first full minute that is not before `moment`, in UTC."""
    moment = moment.astimezone(UTC)
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(minutes=1)
