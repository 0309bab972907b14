"""So long after, so long before: counted in a calendar, right over both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendars import calendar_from
from rules.catalogue import Catalogue
from rules.countdown import after, afterwards, before
from tests.rules.support import incident

ZONES = ["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"]
CALENDARS = {
    "office": calendar_from({"days": "mon-fri", "open": "08:00-18:00"}),
    "two_shifts": calendar_from({"days": "mon-sat", "open": ["06:00-12:00", "13:30-20:00"]}),
    "nights": calendar_from({"days": "fri-mon", "open": "22:00-06:00"}),
}
RULES = SimpleNamespace(calendars=CALENDARS, catalogue=Catalogue())
DAY = timedelta(days=1)
moments = st.integers(0, 4 * 365 * 24 * 60).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


def berlin(*when):
    return datetime(*when, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def ahead(end, length, calendar="office", zone="Europe/Berlin"):
    return before(RULES, incident(), end, length, calendar, zone)


@pytest.mark.parametrize(
    ("end", "length", "calendar", "expected"),
    [
        # Sunday at 2: five open days back is Monday, and on Mondays it opens at eight
        (berlin(2026, 11, 22, 2), 5 * DAY, "office", berlin(2026, 11, 16, 8)),
        # Monday evening: the same day of the week before, at its opening
        (berlin(2026, 11, 23, 20), 5 * DAY, "office", berlin(2026, 11, 16, 8)),
        (berlin(2026, 11, 25, 10), 1 * DAY, "office", berlin(2026, 11, 24, 10)),
        (berlin(2026, 11, 23, 10), timedelta(hours=3), "office", berlin(2026, 11, 20, 17)),
        (berlin(2026, 11, 23, 8), timedelta(hours=1), "office", berlin(2026, 11, 20, 17)),
        (berlin(2026, 11, 22, 2), 1 * DAY, "always", berlin(2026, 11, 21, 2)),
        # over the hour that is skipped, a day is 24 hours, so the clock shows another time
        (berlin(2027, 3, 28, 12), 1 * DAY, "always", berlin(2027, 3, 27, 11)),
        # and in a calendar it is the same time of the day before
        (berlin(2027, 3, 29, 12), 1 * DAY, "office", berlin(2027, 3, 26, 12)),
        (berlin(2026, 10, 26, 9), timedelta(hours=2), "office", berlin(2026, 10, 23, 17)),
    ],
)
def test_so_long_before(end, length, calendar, expected):
    assert ahead(end, length, calendar) == expected


def test_a_calendar_that_never_was_open_counts_as_always_open():
    closed = SimpleNamespace(calendars={"x": calendar_from({"dates": "2001-01-01"})}, catalogue=Catalogue())
    end = berlin(2026, 11, 22, 2)
    assert before(closed, incident(), end, DAY, "x", "UTC") == end - DAY


@given(moments, st.integers(1, 40), st.sampled_from(sorted(CALENDARS)), st.sampled_from(ZONES))
def test_open_time_before_is_exactly_so_much_open_time(end, quarters, name, zone):
    """Held against the calendar read forwards: what is open from the result to the end is the length asked for."""
    length = timedelta(minutes=15 * quarters + 1)
    start = ahead(end, length, name, zone)
    calendar, open_time = CALENDARS[name].at(zone), timedelta(0)
    for begin, closed in calendar.openings(start, zone):
        if begin >= end:
            break
        open_time += min(closed, end) - begin
    assert open_time == length
    assert calendar.is_open(start, zone)


@given(moments, st.integers(1, 12), st.sampled_from(sorted(CALENDARS)), st.sampled_from(ZONES))
def test_days_before_are_open_days(end, days, name, zone):
    calendar, local = CALENDARS[name].at(zone), ZoneInfo(zone)
    start = ahead(end, days * DAY, name, zone)
    first, last = start.astimezone(local).date(), end.astimezone(local).date()
    between = (first + n * DAY for n in range((last - first).days))
    assert sum(calendar.is_open_day(day) for day in between) == days
    assert calendar.is_open(start, zone)


@given(moments, st.integers(1, 30), st.sampled_from(sorted(CALENDARS)), st.sampled_from(ZONES))
def test_after_undoes_before(end, quarters, name, zone):
    """Where the end is an open minute, counting back and forth comes to it again."""
    calendar, length = CALENDARS[name].at(zone), timedelta(minutes=15 * quarters + 1)
    begin, closed = next(calendar.openings(end, zone))
    inside = begin + (closed - begin) / 2
    inside = inside.replace(second=0, microsecond=0)
    start = ahead(inside, length, name, zone)
    assert after(RULES, incident(), start, length, name, zone) == inside


@pytest.mark.parametrize(
    ("ended", "days", "asked"),
    [
        (berlin(2026, 11, 19, 16, 5), 1, berlin(2026, 11, 20, 16, 5)),  # in working time: a day later
        (berlin(2026, 11, 19, 18, 7), 1, berlin(2026, 11, 20, 8)),  # Thursday evening: on Friday morning, not on Monday
        (berlin(2026, 11, 20, 1, 42), 1, berlin(2026, 11, 20, 8)),  # in the night to Friday: the same morning
        (berlin(2026, 11, 22, 4, 40), 1, berlin(2026, 11, 23, 8)),  # on Sunday
        (berlin(2026, 11, 20, 1, 42), 2, berlin(2026, 11, 23, 8)),
        (berlin(2026, 11, 19, 7, 15), 1, berlin(2026, 11, 20, 8)),  # three quarters of an hour before: not yet tried
    ],
)
def test_what_ended_outside_working_time_ended_on_the_working_day_before(ended, days, asked):
    assert afterwards(RULES, incident(), ended, days * DAY, "office", "Europe/Berlin") == asked


def test_hours_after_an_end_are_open_hours():
    evening = berlin(2026, 11, 19, 18, 7)
    in_the_morning = afterwards(RULES, incident(), evening, timedelta(hours=2), "office", "Europe/Berlin")
    assert in_the_morning == berlin(2026, 11, 20, 10)
    assert afterwards(RULES, incident(), evening, DAY, "always", "Europe/Berlin") == evening + DAY
