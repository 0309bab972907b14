"""Working time: when a calendar is open, and when so much open time will have passed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any

from rules.holidays import LOCATION, NO_HOLIDAYS, Dates, Holidays, dates_from, holidays_from
from rules.spoken import zone_named

DAY = timedelta(days=1)
HORIZON = 800  # Days after which a calendar that has not opened is taken to stay closed.
MOST_DAYS = 4096
"""Of one calendar, that are remembered."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPENING = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
ALL_DAY = (time(0), time(0))
Opening = tuple[time, time]


@dataclass(frozen=True)
class Calendar:
    """`timezone` is an IANA name or `location`. `days` are 0 (Monday) to 6; `open` the openings of such a day, an
    opening whose end is not after its start runs into the next day and belongs to the day on which it begins.
    `dates`: first and last day, both included; empty means every date.
    """

    timezone: str = LOCATION
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    open: tuple[Opening, ...] = (ALL_DAY,)
    dates: tuple[Dates, ...] = ()
    holidays: Holidays = NO_HOLIDAYS

    def at(self, zone: str, country: str = "", region: str = "") -> "Calendar":
        """The calendar as it is at a place: its zone, and the holidays there."""
        here = zone, country, region
        if here not in self._places:
            holidays = self.holidays.at(country, region)
            self._places[here] = replace(self, timezone=self._zone(zone), holidays=holidays)
        return self._places[here]

    @cached_property
    def _places(self) -> dict[tuple[str, str, str], "Calendar"]:
        """The catalogue and the sites have few."""
        return {}

    def add(self, start: datetime, amount: timedelta, place: str) -> datetime | None:
        """When `amount` of open time will have passed; whole days are open days. `place` is the zone where the
        people are. None: the calendar does not open for so long any more. In UTC.
        """
        if amount.days and amount == amount.days * DAY:
            return self._after_days(start, amount.days, place)
        left = amount
        for opened, closed in self.openings(start, place):
            if left <= closed - opened:
                return opened + left
            left -= closed - opened
        return None

    def openings(self, start: datetime, place: str, days: int = HORIZON) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from `start` on, in UTC, in order, never overlapping, those that begin in so many days."""
        zone, done = self._zone(place), start.astimezone(UTC)
        today = done.astimezone(zone_named(zone)).date()
        for day in (today + (n - 1) * DAY for n in range(days)):
            for opens, closes in self.open if self.is_open_day(day) else ():
                until = day if closes > opens else day + DAY
                begin, end = max(reached(day, opens, zone), done), reached(until, closes, zone)
                if begin < end:
                    yield begin, end
                    done = end

    def is_open(self, moment: datetime, place: str) -> bool:
        """Whether it is open at that instant; `place` is the zone where the people are."""
        opening = next(self.openings(moment, place, days=3), None)
        return opening is not None and opening[0] == moment

    def is_open_day(self, day: date) -> bool:
        known = self._days
        opened = known.get(day)  # asked once: another thread may clear it in between
        if opened is None:
            if len(known) >= MOST_DAYS:
                known.clear()
            opened = known[day] = self._opens_on(day)
        return opened

    @cached_property
    def _days(self) -> dict[date, bool]:
        """Whether it was open on the days that were asked about: the same few, again and again."""
        return {}

    def _opens_on(self, day: date) -> bool:
        if self.holidays.open_on.has(day):
            return True
        in_dates = not self.dates or any(first <= day <= last for first, last in self.dates)
        return day.weekday() in self.days and in_dates and not self.holidays.on(day)

    @property
    def ever_opens(self) -> bool:
        """Whether its days and dates have a day in common that is no holiday of its own."""
        opened = self.holidays.open_on
        if not self.dates or opened.spans or opened.yearly:
            return True
        spans = ((first, min((last - first).days, HORIZON)) for first, last in self.dates)
        return any(self.is_open_day(first + n * DAY) for first, count in spans for n in range(count + 1))

    def _zone(self, place: str) -> str:
        return place if self.timezone == LOCATION else self.timezone

    def _after_days(self, start: datetime, count: int, place: str) -> datetime | None:
        """The same local time `count` open days later; where it is closed then, the next opening."""
        zone = self._zone(place)
        local = start.astimezone(zone_named(zone))
        for ahead in range(1, HORIZON):
            day = local.date() + ahead * DAY
            count -= self.is_open_day(day) and takes_place(day, zone)
            if not count:
                due = reached(day, local.time(), zone)
                return next((opened for opened, _ in self.openings(due, place)), None)
        return None


@lru_cache(maxsize=8192)
def takes_place(day: date, zone: str) -> bool:
    """Whether a zone has this day at all: Samoa went from 29 to 31 December 2011."""
    return reached(day, time(0), zone) < reached(day + DAY, time(0), zone)


@lru_cache(maxsize=8192)
def reached(day: date, clock: time, zone: str) -> datetime:
    """The first instant at which the clocks of a zone show this time or a later one, in UTC. So a shop that opens at
    02:30 opens at 03:00 in the night in which 02:30 is skipped, and once where 02:30 comes twice.
    """
    local = datetime.combine(day, clock.replace(tzinfo=None), zone_named(zone))
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if first <= second:
        return first
    # Skipped: the clocks jump somewhere after `second` (by the offset that follows) and no later than `first`.
    low, high = second, first
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        shown = middle.astimezone(zone_named(zone)).replace(tzinfo=None)
        low, high = (low, middle) if shown >= local.replace(tzinfo=None) else (middle, high)
    return high.replace(microsecond=0)


def calendar_from(entry: Mapping[str, Any]) -> Calendar:
    """A calendar from its plain YAML values (`timezone`, `days`, `open`, `dates`, `holidays`). Raises ValueError whose
    text tells a person what is wrong.
    """
    zone = str(entry.get("timezone", LOCATION))
    if zone != LOCATION:
        zone_named(zone)
    return Calendar(
        zone,
        _days(entry.get("days", "mon-sun")),
        tuple(sorted(_opening(text) for text in _listed(entry.get("open", "00:00-24:00")))),
        tuple(dates_from(text) for text in _listed(entry.get("dates", ()))),
        holidays_from(entry.get("holidays")),
    )


def _listed(value: Any) -> Sequence[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _days(value: Any) -> tuple[int, ...]:
    """`mon-sat`, `fri-mon`, `mon, wed`, or a list of such."""
    found: set[int] = set()
    for part in (piece.strip() for one in _listed(value) for piece in one.split(",")):
        first, _, last = (end.strip().lower()[:3] for end in part.partition("-"))
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ValueError(f"{part!r} is not a day or a span of days. Write mon-sat, or [mon, wed].")
        start = WEEKDAYS.index(first)
        found |= {(start + n) % 7 for n in range((WEEKDAYS.index(last or first) - start) % 7 + 1)}
    return tuple(sorted(found))


def _opening(text: str) -> Opening:
    found = OPENING.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not an opening. Write it like 08:00-20:00; a night is 22:00-06:00.")
    opens = time(int(found[1]), int(found[2]))
    closes = time(int(found[3]), int(found[4])) if found[3] else time(0)
    if opens == closes and "24:00" not in text:
        raise ValueError(f"{text!r} opens and closes at the same time. A whole day is 00:00-24:00.")
    return opens, closes
