"""Times as people say them: in the reader's zone, on the 24-hour clock, and never with two meanings."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEK = 7
FAR = 300  # Days from which on a date without its year could be taken for another one.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# Where people say something else than the last part of the zone's name.
SAID = {
    "America/Sao_Paulo": "São Paulo time",
    "America/Bogota": "Bogotá time",
    "America/Asuncion": "Asunción time",
    "Asia/Kolkata": "India time",
    "Asia/Calcutta": "India time",
    "Australia/Lord_Howe": "Lord Howe Island time",
}
UNIVERSAL = frozenset({"", "UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich", "GMT0", "GMT+0", "GMT-0"})


@dataclass(frozen=True)
class Reader:
    """Somebody who reads at `now` in a zone. `names_zone`: say whose time it is, because the reader's is not known."""

    now: datetime
    zone: str
    names_zone: bool = False

    def by(self, due: datetime) -> str:
        """A promise: "by 14:30 today", "by 08:20 on Saturday", "by 14:30 on Monday 30 November"."""
        return f"by {self._phrase(due, weekday_alone=True)}"

    def at(self, moment: datetime) -> str:
        """A fact, to stand after "at" or "since": "14:05 today", "02:00 on Sunday 22 November"."""
        return self._phrase(moment, weekday_alone=False)

    def on(self, moment: datetime) -> str:
        """An appointment: "today at 15:10", "on Friday at 10:00", "on Monday 30 November at 10:00"."""
        day = self._day(self._local(moment), weekday_alone=True)
        side = clock_change(moment, self.zone)
        spoken = f"{day} at {self.time(moment)}{f', {side}' if side else ''}"
        return f"{spoken} ({zone_said(self.zone)})" if self.names_zone else spoken

    def since(self, moment: datetime) -> str:
        """As `at`, shorter on the same day: "14:05"."""
        return self.at(moment).replace(" today", "", 1)

    def time(self, moment: datetime) -> str:
        """The time alone: "14:30"."""
        return f"{self._local(moment):%H:%M}"

    def window(self, start: datetime, end: datetime) -> str:
        """From when to when: "Sunday 22 November, 02:00 to 04:00 (Berlin time)"; across days both dates."""
        first, last = self._local(start), self._local(end)
        until = self._clock(end) if first.date() == last.date() else f"{self._date(last.date())}, {self._clock(end)}"
        return f"{self._date(first.date())}, {self._clock(start)} to {until} ({zone_said(self.zone)})"

    def _phrase(self, moment: datetime, *, weekday_alone: bool) -> str:
        local = self._local(moment)
        spoken = f"{local:%H:%M} {self._day(local, weekday_alone=weekday_alone)}"
        spoken = f"{spoken}, {side}" if (side := clock_change(moment, self.zone)) else spoken
        return f"{spoken} ({zone_said(self.zone)})" if self.names_zone else spoken

    def _day(self, local: datetime, *, weekday_alone: bool) -> str:
        """Midnight belongs to the evening before it: nobody then takes it for the end of the next day."""
        midnight = (local.hour, local.minute) == (0, 0)
        day = local.date() - timedelta(days=1) if midnight else local.date()
        away = (day - self._local(self.now).date()).days
        near = {-1: "last night", 0: "tonight", 1: "tomorrow night"} if midnight else DAYS
        if away in near:
            return near[away]
        if weekday_alone and 1 < away < WEEK:
            return f"on {WEEKDAYS[day.weekday()]}{' night' if midnight else ''}"
        return f"on {'the night of ' if midnight else ''}{self._date(day)}"

    def _date(self, day: date) -> str:
        said = f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"
        return f"{said} {day.year}" if abs((day - self._local(self.now).date()).days) >= FAR else said

    def _clock(self, moment: datetime) -> str:
        side = clock_change(moment, self.zone)
        return f"{self.time(moment)} ({side})" if side else self.time(moment)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(zone_named(self.zone))


DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def clock_change(moment: datetime, zone: str) -> str:
    """Which of two equal clock times is meant where the clocks go back in between; `""` on every other minute."""
    local = moment.astimezone(zone_named(zone)).replace(tzinfo=None)
    first, second = (local.replace(tzinfo=zone_named(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return ""
    return "before the clocks go back" if moment == first else "after the clocks go back"


def zone_said(zone: str) -> str:
    """How people call a zone: "Berlin time" for Europe/Berlin, "UTC", "UTC+03:00", "Eastern time" for US/Eastern."""
    if zone in SAID:
        return SAID[zone]
    area, _, city = zone.rpartition("/")
    if city in UNIVERSAL:
        return "UTC"
    if area == "Etc":  # POSIX turns the sign round: Etc/GMT-3 is three hours ahead of UTC.
        return f"UTC{'-' if '+' in city else '+'}{int(city[4:]):02}:00"
    return f"{city.replace('_', ' ')} time" if area else city


@lru_cache(maxsize=256)
def zone_named(zone: str) -> ZoneInfo:
    """The zone; UTC where the name is empty. Raises ValueError for a name that no time zone has."""
    try:
        return ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is not a time zone. Write an IANA name, like Europe/Berlin.") from error
