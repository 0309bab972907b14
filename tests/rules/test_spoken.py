"""Times in words: what people read, and that it means exactly the minute it was made from."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.spoken import Reader, zone_said

WEEKDAYS = tuple(calendar.day_name)
MONTHS = tuple(calendar.month_name)[1:]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # A Friday, 13:00 in Berlin.
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Chatham",
    "Pacific/Apia",
    "UTC",
]
CHANGES = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC),
    datetime(2018, 2, 18, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
]
NEARBY = st.builds(lambda day, n: day + timedelta(minutes=n), st.sampled_from(CHANGES), st.integers(-2000, 3000))


def meant(words, now, zone):
    """What a careful reader takes the words to mean: every UTC minute that they fit, read at `now` in the zone."""
    tz = ZoneInfo(zone)
    found = re.fullmatch(
        r"(?:by )?(?P<hour>\d\d):(?P<minute>\d\d) (?:(?P<near>today|tomorrow night|tomorrow|tonight|yesterday|last night)"
        r"|on (?P<night>the night of )?(?P<weekday>\w+day)(?P<eve> night)?(?: (?P<day>\d+) (?P<month>\w+)(?: (?P<year>\d{4}))?)?)"
        r"(?:, (?P<side>before|after) the clocks go back)?",
        words,
    )
    assert found, words
    today = now.astimezone(tz).date()
    near = {"today": 0, "tomorrow": 1, "yesterday": -1, "tonight": 1, "tomorrow night": 2, "last night": 0}
    if found["near"]:
        days = [today + timedelta(days=near[found["near"]])]
    else:
        span = range(-300, 301) if found["day"] else range(1, 8)
        if found["year"]:
            span = range(-3000, 3001)
        days = [day for n in span if fits(day := today + timedelta(days=n), found)]
        days = [day + timedelta(days=1) for day in days] if found["night"] or found["eve"] else days
    clock = int(found["hour"]), int(found["minute"])
    minutes = set()
    for day in days:
        for fold in (0, 1):
            at = datetime(day.year, day.month, day.day, *clock, tzinfo=tz, fold=fold).astimezone(UTC)
            twice = at != datetime(day.year, day.month, day.day, *clock, tzinfo=tz, fold=1 - fold).astimezone(UTC)
            exists = (at.astimezone(tz).hour, at.astimezone(tz).minute) == clock
            side = {"before": 0, "after": 1}.get(found["side"] or "")
            if exists and (not twice or side is None or side == fold):
                minutes.add(at)
    return minutes


def fits(day, found):
    return (
        WEEKDAYS[day.weekday()] == found["weekday"]
        and (not found["day"] or (str(day.day), MONTHS[day.month - 1]) == (found["day"], found["month"]))
        and (not found["year"] or str(day.year) == found["year"])
    )


@settings(max_examples=400, deadline=None)
@given(NEARBY, st.integers(1, 20 * 1440), st.sampled_from(ZONES))
@example(datetime(2026, 10, 24, 12, tzinfo=UTC), 750, "Europe/Berlin")
@example(datetime(2026, 10, 24, 12, tzinfo=UTC), 810, "Europe/Berlin")
@example(datetime(2018, 2, 17, 12, tzinfo=UTC), 870, "America/Sao_Paulo")
def test_a_promise_in_words_means_exactly_its_minute(now, ahead, zone):
    due = now.replace(second=0) + timedelta(minutes=ahead)
    assert meant(Reader(now, zone).by(due), now, zone) == {due}


@settings(max_examples=200, deadline=None)
@given(NEARBY, st.integers(-400 * 1440, 400 * 1440), st.sampled_from(ZONES))
def test_a_fact_in_words_means_exactly_its_minute(now, away, zone):
    moment = now + timedelta(minutes=away)
    assert meant(Reader(now, zone).at(moment), now, zone) == {moment}


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(minutes=90), "by 14:30 today"),
        (timedelta(hours=20), "by 09:00 tomorrow"),
        (timedelta(hours=43, minutes=20), "by 08:20 on Sunday"),
        (timedelta(days=6), "by 13:00 on Thursday"),
        (timedelta(days=7), "by 13:00 on Friday 27 November"),
        (timedelta(days=10, minutes=90), "by 14:30 on Monday 30 November"),
        (timedelta(days=300), "by 14:00 on Thursday 16 September 2027"),
        (timedelta(hours=11), "by 00:00 tonight"),
        (timedelta(hours=35), "by 00:00 tomorrow night"),
        (timedelta(hours=59), "by 00:00 on Sunday night"),
        (timedelta(days=10, hours=11), "by 00:00 on the night of Monday 30 November"),
        (timedelta(hours=-1), "by 12:00 today"),
        (timedelta(hours=-20), "by 17:00 yesterday"),
        (timedelta(hours=-13), "by 00:00 last night"),
        (timedelta(days=-3), "by 13:00 on Tuesday 17 November"),
    ],
)
def test_a_promise_as_people_say_it(ahead, words):
    assert Reader(NOW, "Europe/Berlin").by(NOW + ahead) == words


def test_both_halves_of_a_doubled_hour_are_told_apart():
    reader = Reader(datetime(2026, 10, 24, 12, tzinfo=UTC), "Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert reader.by(first) == "by 02:30 tomorrow, before the clocks go back"
    assert reader.by(first + timedelta(hours=1)) == "by 02:30 tomorrow, after the clocks go back"


def test_a_time_since_is_short_on_the_same_day():
    reader = Reader(NOW, "Europe/Berlin")
    assert reader.since(NOW - timedelta(minutes=5)) == "12:55"
    assert reader.since(NOW - timedelta(hours=20)) == "17:00 yesterday"
    assert reader.since(NOW - timedelta(days=4)) == "13:00 on Monday 16 November"


def test_a_window():
    start = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    reader = Reader(NOW, "Europe/Berlin")
    assert reader.window(start, start + timedelta(hours=2)) == "Sunday 22 November, 02:00 to 04:00 (Berlin time)"
    across = reader.window(start - timedelta(hours=4), start + timedelta(hours=2))
    assert across == "Saturday 21 November, 22:00 to Sunday 22 November, 04:00 (Berlin time)"


def test_a_window_in_the_night_of_the_change():
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    words = Reader(start - timedelta(days=3), "Europe/Berlin").window(start, start + timedelta(hours=3))
    assert words == "Sunday 25 October, 02:30 (before the clocks go back) to 04:30 (Berlin time)"


def test_the_zone_is_named_where_the_readers_is_not_known():
    assert Reader(NOW, "Europe/Berlin", names_zone=True).by(NOW + timedelta(hours=1)) == "by 14:00 today (Berlin time)"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Berlin", "Berlin time"),
        ("America/New_York", "New York time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("America/Sao_Paulo", "São Paulo time"),
        ("Asia/Kolkata", "India time"),
        ("US/Eastern", "Eastern time"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("", "UTC"),
        ("Etc/GMT-3", "UTC+03:00"),
        ("CET", "CET"),
    ],
)
def test_zones_as_people_call_them(zone, said):
    assert zone_said(zone) == said


def test_a_zone_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match="'Mars/Olympus' is not a time zone"):
        Reader(NOW, "Mars/Olympus").by(NOW)
