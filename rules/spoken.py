"""Times as people say them: in the reader's zone and language, on the 24-hour clock, and never with two meanings."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import get_timezone_location

from rules.tongues import ENGLISH, Tongue, tongue

WEEK = 7
FAR = 300  # Days from which on a date without its year could be taken for another one.
NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
UNIVERSAL = frozenset({"", "UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich", "GMT0", "GMT+0", "GMT-0"})


@dataclass(frozen=True)
class Reader:
    """Somebody who reads at `now` in a zone. `names_zone`: say whose time it is, because the reader's is not known."""

    now: datetime
    zone: str
    names_zone: bool = False
    language: str = ENGLISH

    def by(self, due: datetime) -> str:
        """A promise: "by 14:30 today", "by 08:20 on Saturday", "by 14:30 on Monday 30 November"."""
        return self._phrase("by", due, weekday_alone=True)

    def at(self, moment: datetime) -> str:
        """A fact, to stand after "at": "14:05 today", "02:00 on Sunday 22 November"."""
        return self._phrase("at", moment, weekday_alone=False)

    def on(self, moment: datetime) -> str:
        """An appointment: "today at 15:10", "on Friday at 10:00", "on Monday 30 November at 10:00"."""
        return self._phrase("on", moment, weekday_alone=True)

    def since(self, moment: datetime) -> str:
        """A fact, to stand after "since"; shorter on the same day: "14:05", "02:00 on Sunday 22 November"."""
        return self._phrase("since", moment, weekday_alone=False, short=True)

    def since_when(self, moment: datetime) -> str:
        """As `since`, with the day on the same day, too: "14:05 today"."""
        return self._phrase("since", moment, weekday_alone=False)

    def time(self, moment: datetime) -> str:
        """The time alone: "14:30"."""
        return f"{self._local(moment):%H:%M}"

    def window(self, start: datetime, end: datetime) -> str:
        """From when to when: "Sunday 22 November, 02:00 to 04:00 (Berlin time)"; across days both dates."""
        first, last = self._local(start).date(), self._local(end).date()
        said = self._tongue.say("times", "window" if first == last else "window_over_days").format(
            day=self._date(first), start=self._clock(start), last=self._date(last), end=self._clock(end)
        )
        return f"{said} ({zone_said(self.zone, self.language)})"

    def duration(self, length: timedelta) -> str:
        """Exactly: "40 minutes", "1 hour 30 minutes"."""
        return self._tongue.duration(length)

    @cached_property
    def _tongue(self) -> Tongue:
        return tongue(self.language)

    def _phrase(self, form: str, moment: datetime, *, weekday_alone: bool, short: bool = False) -> str:
        local = self._local(moment)
        midnight = (local.hour, local.minute) == (0, 0)
        alone = short and not midnight and local.date() == self._local(self.now).date()
        said = self._tongue.say("times", f"{form}_today" if alone else form).format(
            clock=self._tongue.say("midnight", "clock") if midnight else self.time(moment),
            day=self._day(form, local, midnight=midnight, weekday_alone=weekday_alone),
        )
        side = clock_change(moment, self.zone, self.language)
        said = f"{said}, {side}" if side else said
        return f"{said} ({zone_said(self.zone, self.language)})" if self.names_zone else said

    def _day(self, form: str, local: datetime, *, midnight: bool, weekday_alone: bool) -> str:
        """Midnight belongs to the evening before it: nobody then takes it for the end of the next day."""
        day = local.date() - timedelta(days=1) if midnight else local.date()
        away = (day - self._local(self.now).date()).days
        named = NEAR.get(away) or ("weekday" if weekday_alone and 1 < away < WEEK else "date")
        return self._named(form, named, midnight=midnight).format(
            weekday=self._tongue.weekday(day), date=self._date(day)
        )

    def _named(self, form: str, named: str, *, midnight: bool) -> str:
        """Some languages say the day otherwise after "since"."""
        own = self._tongue.say(f"{form}_days", named)
        return own or self._tongue.say("midnight" if midnight else "days", named)

    def _date(self, day: date) -> str:
        return self._tongue.day(day, year=abs((day - self._local(self.now).date()).days) >= FAR)

    def _clock(self, moment: datetime) -> str:
        side = clock_change(moment, self.zone, self.language)
        return f"{self.time(moment)} ({side})" if side else self.time(moment)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(zone_named(self.zone))


def clock_change(moment: datetime, zone: str, language: str = ENGLISH) -> str:
    """Which of two equal clock times is meant where the clocks go back in between; `""` on every other minute."""
    local = moment.astimezone(zone_named(zone)).replace(tzinfo=None)
    first, second = (local.replace(tzinfo=zone_named(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return ""
    return tongue(language).say("clocks", "before" if moment == first else "after")


@lru_cache(maxsize=1024)
def zone_said(zone: str, language: str = ENGLISH) -> str:
    """How people call a zone: "Berlin time" for Europe/Berlin, "UTC", "UTC+03:00", "Eastern time" for US/Eastern."""
    speaks = tongue(language)
    if own := speaks.say("zones", zone):
        return own
    area, _, city = zone.rpartition("/")
    if city in UNIVERSAL:
        return "UTC"
    if area == "Etc":  # POSIX turns the sign round: Etc/GMT-3 is three hours ahead of UTC.
        return f"UTC{'-' if '+' in city else '+'}{int(city[4:]):02}:00"
    return speaks.words["zone"].format(city=_city(zone, speaks)) if area else city


def _city(zone: str, speaks: Tongue) -> str:
    """English goes by the zone's own name; its exceptions stand in its file."""
    if speaks.base == ENGLISH:
        return zone.rpartition("/")[2].replace("_", " ")
    return get_timezone_location(zone, locale=speaks.code.replace("-", "_"), return_city=True)


@lru_cache(maxsize=256)
def zone_named(zone: str) -> ZoneInfo:
    """The zone; UTC where the name is empty. Raises ValueError for a name that no time zone has."""
    try:
        return ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is not a time zone. Write an IANA name, like Europe/Berlin.") from error
