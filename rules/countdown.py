"""Times counted from others in a calendar: so long after one, so long before another."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.tickets import Ticket
from rules.cadence import ALWAYS, Timing, ceiling
from rules.calendars import DAY, Calendar
from rules.spoken import zone_named
from rules.whereabouts import at_place

LOOK_BACK = 14 * DAY
MARGIN = 3 * DAY  # Longer than any opening.
TIME_TO_TRY = timedelta(hours=2)
"""Sooner after an end nobody is asked whether all is well: they have only just read that they may try it."""
FURTHEST = 800 * DAY  # A calendar that was not open for so long is taken never to have been.


def after(rules: Timing, ticket: Ticket, start: datetime, length: timedelta, calendar: str, zone: str) -> datetime:
    """`length` of open time after `start`; whole days are open days. `zone` is the site's. On the full minute, UTC.

    A calendar that does not open again counts as always open, as in a cadence.
    """
    here = _placed(rules, ticket, calendar, zone)
    return ceiling((here.add(start, length, zone) if here else None) or start + length)


def afterwards(rules: Timing, ticket: Ticket, ended: datetime, length: timedelta, calendar: str, zone: str) -> datetime:
    """As `after`, for what follows an end. An end outside the open hours belongs to the working day before it, so that
    what ended at night is asked about in the morning: there the first of whole days begins with the next opening. What
    ended shortly before that opening is asked about a day later.
    """
    here = _placed(rules, ticket, calendar, zone)
    opening = next((begin for begin, _ in here.openings(ended, zone)), ended) if here else ended
    if opening - ended < TIME_TO_TRY or not length.days or length != length.days * DAY:
        return after(rules, ticket, ended, length, calendar, zone)
    left = length - DAY
    return after(rules, ticket, opening, left, calendar, zone) if left else ceiling(opening)


def before(rules: Timing, ticket: Ticket, end: datetime, length: timedelta, calendar: str, zone: str) -> datetime:
    """`length` of open time before `end`; whole days are open days at the same local time, and where it is closed then,
    that day's first opening. On the full minute, UTC. A calendar that never was open counts as always open.
    """
    here = _placed(rules, ticket, calendar, zone)
    if here is None:
        return floor(end - length)
    whole_days = length == length.days * DAY
    found = _days_before(here, end, length.days, zone) if whole_days else _open(here, end, length, zone)
    return floor(found or end - length)


def floor(moment: datetime) -> datetime:
    """The full minute that is not after `moment`, in UTC."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _placed(rules: Timing, ticket: Ticket, name: str, zone: str) -> Calendar | None:
    calendar = rules.calendars.get(name) if name != ALWAYS else None
    return at_place(calendar, rules.catalogue, ticket, zone) if calendar else None


def _days_before(calendar: Calendar, end: datetime, count: int, zone: str) -> datetime | None:
    """The same local time `count` open days earlier, or that day's first opening."""
    local = zone_named(calendar.timezone)
    last = end.astimezone(local).date()
    opened: list[datetime] = []  # the first opening of each open day, the latest day first
    for begin, _ in _backwards(calendar, end, zone):
        day = begin.astimezone(local).date()
        if day >= last:
            continue
        if opened and opened[-1].astimezone(local).date() == day:
            opened[-1] = begin
        elif len(opened) == count:
            break
        else:
            opened.append(begin)
    if len(opened) < count:
        return None
    same_time = datetime.combine(opened[-1].astimezone(local).date(), end.astimezone(local).time(), local)
    return same_time.astimezone(UTC) if calendar.is_open(same_time.astimezone(UTC), zone) else opened[-1]


def _open(calendar: Calendar, end: datetime, length: timedelta, zone: str) -> datetime | None:
    """When `length` of open time is left until `end`."""
    left = length
    for begin, closed in _backwards(calendar, end, zone):
        if left <= closed - begin:
            return closed - left
        left -= closed - begin
    return None


def _backwards(calendar: Calendar, end: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """The open spans before `end`, the latest first, as far back as anybody plans."""
    until = end
    while end - until < FURTHEST:
        since, spans = until - LOOK_BACK, []
        for begin, closed in calendar.openings(since - MARGIN, zone):  # earlier, so that none is cut off in front
            if begin >= until:
                break
            spans.append((begin, min(closed, end)))
        yield from reversed([span for span in spans if span[0] >= since])
        until = since
