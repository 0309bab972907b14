"""What a reader takes from the words: the time that they promise, read with nothing but a clock and a calendar."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d)"
DAY = (
    r"(?P<day>today|tonight|tomorrow night|tomorrow"
    rf"|on (?:the night of )?(?P<weekday>{'|'.join(DAYS)})(?: night)?"
    rf"(?: (?P<date>\d+) (?P<month>{'|'.join(MONTHS)})(?: (?P<year>\d{{4}}))?)?)"
)
SIDE = r"(?:, (?P<side>before|after) the clocks go back)?"
PROMISES = (
    re.compile(rf"(?:write again|next word comes) by {CLOCK} {DAY}{SIDE}"),
    re.compile(rf"remind you once, {DAY} at {CLOCK}{SIDE}"),
)


def promised(text: str, read_at: datetime, zone: str) -> datetime | None:
    """The time that a reader at `read_at` in that zone expects the next word by; None where nothing is promised."""
    plain = " ".join(text.split())
    found = next((found for promise in PROMISES if (found := promise.search(plain))), None)
    if found is None:
        return None
    now = read_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    day = _day(found, now)
    hour, minute = int(found["hour"]), int(found["minute"])
    if (hour, minute) == (0, 0):  # midnight is said with the evening before it
        day += timedelta(days=1)
    local = day.replace(hour=hour, minute=minute, fold=found["side"] == "after")
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _day(found: re.Match[str], now: datetime) -> datetime:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    said = found["day"]
    if said in {"today", "tonight"}:
        return today
    if said in {"tomorrow", "tomorrow night"}:
        return today + timedelta(days=1)
    if found["date"]:
        year = int(found["year"] or today.year)
        day = datetime(year, MONTHS.index(found["month"]) + 1, int(found["date"]))  # noqa: DTZ001 - a wall clock's
        return day if found["year"] or day >= today - timedelta(days=2) else day.replace(year=year + 1)
    ahead = (DAYS.index(found["weekday"]) - today.weekday()) % 7
    return today + timedelta(days=ahead)
