"""Times as agents type them: `16:00`, `tomorrow 09:00`, `2h`. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LENGTH = re.compile(r"(\d{1,4})\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m)(?![a-z])\s*(?:,|and\b)?\s*")
LENGTHS = re.compile(rf"(?:{LENGTH.pattern})+")
CLOCK = re.compile(r"(?<![\d.:-])(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.?|p\.m\.?|uhr|o'clock)?(?![\w:-])")
DATE = re.compile(r"(?<!\d)(20\d{2})-(\d{2})-(\d{2})(?!\d)t?")
FILLERS = frozenset({"", "at", "by", "on", "in", "for", "until", "till", "the", "o'clock", "uhr", "um", "next"})
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
EXAMPLES = "16:00, tomorrow 09:00, monday 09:00 or 2h"


def read_when(text: str, now: datetime, zone: str) -> datetime:
    """The time that is meant, in UTC, on the full minute. `zone` is where its clock stands.

    Raises ValueError whose text tells a person what is wrong. The time may lie in the past: the caller asks.
    """
    words = text.strip().casefold().strip(".,;!")
    if not words:
        raise ValueError(f"When? Write {EXAMPLES}.")
    bare = re.sub(r"^(?:in|for)\s+", "", words)
    if LENGTHS.fullmatch(bare):
        return _minute(now + _length(bare))
    return _minute(_clock(words, text.strip(), now, ZoneInfo(zone or "UTC")))


def _length(words: str) -> timedelta:
    found = ((int(count), UNITS[unit[0]]) for count, unit in LENGTH.findall(words))
    return sum((timedelta(**{unit: count}) for count, unit in found), timedelta(0))


def _clock(words: str, typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    named = DATE.search(words)
    rest = DATE.sub(" ", words)
    clock = CLOCK.search(rest)
    if not clock or not (clock[2] or clock[3]):
        raise ValueError(f"{_shown(typed)} is no time that I can read. Write {EXAMPLES}.")
    at = _time(clock, typed)
    day, left = _day(CLOCK.sub(" ", rest, count=1), today, _date(named, typed) if named else None)
    if left:
        raise ValueError(f"I do not understand {_shown(left)}. Write {EXAMPLES}.")
    local = datetime.combine(day or today, at, zone)
    moment = local.astimezone(UTC)
    if moment <= now:  # the second time, in the night in which the clocks go back
        moment = local.replace(fold=1).astimezone(UTC)
    if moment <= now and day is None:
        raise ValueError(f"{at:%H:%M} is over for today. Write tomorrow {at:%H:%M}.")
    return moment


def _time(clock: re.Match[str], typed: str) -> time:
    hour, minute = int(clock[1]), int(clock[2] or 0)
    half = clock[3][0] if clock[3] and clock[3][0] in "ap" else ""
    if half and not 1 <= hour <= 12:  # noqa: PLR2004 - the hours of a clock's face
        hour = 24
    elif half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise ValueError(f"{_shown(typed)} is no time of day. Write {EXAMPLES}.") from None


def _date(named: re.Match[str], typed: str) -> date:
    try:
        return date(int(named[1]), int(named[2]), int(named[3]))
    except ValueError:
        raise ValueError(f"{_shown(typed)} holds no date. Write it like 2026-11-23 09:00.") from None


def _day(words: str, today: date, named: date | None) -> tuple[date | None, str]:
    """The day that is meant, None where none is named, and a word that means nothing."""
    day = named
    for word in re.split(r"[\s,]+", words):
        if word in FILLERS:
            continue
        if word in {"today", "tonight"}:
            day = today
        elif word in {"tomorrow", "tmrw"}:
            day = today + timedelta(days=1)
        elif len(word) >= 3 and (near := [n for n, name in enumerate(DAYS) if name.startswith(word)]):  # noqa: PLR2004 - mon
            day = today + timedelta(days=(near[0] - today.weekday() - 1) % 7 + 1)
        else:
            return day, word
    return day, ""


def _minute(moment: datetime) -> datetime:
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(minutes=1)


def _shown(typed: str) -> str:
    return f"“{typed[:40]}”"
