"""Times as people say them: in the reader's zone and language, on the 24-hour clock, and never with two meanings."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import get_timezone_location

from core.values import value
from rules.tongues import ENGLISH, Tongue, tongue

WEEK = 7
FAR = 300  # Days from which on a date without its year could be taken for another one.
NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
UNIVERSAL = frozenset({"", "UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich", "GMT0", "GMT+0", "GMT-0"})


@value
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
        return _clock(self._local(moment))

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

    @property
    def _tongue(self) -> Tongue:
        return tongue(self.language)

    def _phrase(self, form: str, moment: datetime, *, weekday_alone: bool, short: bool = False) -> str:
        local, today = self._local(moment), self._local(self.now).date()
        midnight = (local.hour, local.minute) == (0, 0)
        alone = short and not midnight and local.date() == today
        said = self._tongue.say("times", f"{form}_today" if alone else form).format(
            clock=self._tongue.say("midnight", "clock") if midnight else _clock(local),
            day=_day(form, local.date(), today, self.language, midnight=midnight, weekday_alone=weekday_alone),
        )
        side = clock_change(moment, self.zone, self.language)
        said = f"{said}, {side}" if side else said
        return f"{said} ({zone_said(self.zone, self.language)})" if self.names_zone else said

    def _date(self, day: date) -> str:
        return _dated(day, self._local(self.now).date(), self._tongue)

    def _clock(self, moment: datetime) -> str:
        side = clock_change(moment, self.zone, self.language)
        return f"{self.time(moment)} ({side})" if side else self.time(moment)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(zone_named(self.zone))


@lru_cache(maxsize=4096)
def _day(form: str, day: date, today: date, language: str, *, midnight: bool, weekday_alone: bool) -> str:
    """Midnight belongs to the evening before it: nobody then takes it for the end of the next day."""
    day, said = day - timedelta(days=1) if midnight else day, tongue(language)
    away = (day - today).days
    named = NEAR.get(away) or ("weekday" if weekday_alone and 1 < away < WEEK else "date")
    # some languages say the day otherwise after "since"
    own = said.say(f"{form}_days", named) or said.say("midnight" if midnight else "days", named)
    return own.format(weekday=said.weekday(day), date=_dated(day, today, said))


def _dated(day: date, today: date, said: Tongue) -> str:
    return said.day(day, year=abs((day - today).days) >= FAR)


def _clock(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}"


@lru_cache(maxsize=4096)
def clock_change(moment: datetime, zone: str, language: str = ENGLISH) -> str:
    """Which of two equal clock times is meant where the clocks go back in between; `""` on every other minute."""
    local = moment.astimezone(zone_named(zone))
    first, second = local.replace(fold=0), local.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return ""
    return tongue(language).say("clocks", "before" if moment == first.astimezone(UTC) else "after")


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
