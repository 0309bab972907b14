"""Working time against an oracle that counts minute by minute."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.calendars import Calendar, calendar_from, reached
from rules.holidays import DayList, Holidays

MINUTE = timedelta(minutes=1)
# A local date around which the clocks change, or are merely odd, in each zone.
CHANGES = {
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Sao_Paulo": [date(2018, 11, 4), date(2019, 2, 16)],  # Midnight is skipped, then comes twice.
    "Asia/Kathmandu": [date(2026, 6, 1)],
    "Australia/Lord_Howe": [date(2026, 10, 4), date(2026, 4, 5), date(2031, 4, 6)],  # By half an hour.
    "Pacific/Apia": [date(2011, 12, 30), date(2012, 4, 1)],  # A Friday that never was.
    "Pacific/Kwajalein": [date(1993, 8, 21)],  # A Saturday that never was.
    "America/Caracas": [date(2016, 5, 1)],  # By half an hour, for good.
    "Africa/Casablanca": [date(2026, 2, 15), date(2026, 3, 22)],  # Around Ramadan.
    "America/Santiago": [date(2026, 9, 6), date(2027, 4, 3)],  # At midnight.
    "Africa/Cairo": [date(2024, 4, 26), date(2024, 10, 31)],  # At midnight.
    "Antarctica/Troll": [date(2026, 3, 29), date(2026, 10, 25)],  # By two hours.
    "Europe/Dublin": [date(2008, 3, 30), date(2037, 10, 25)],
}


@cache
def watched(zone, day):
    """Every UTC minute from five days before the day to fifteen after, the time that its clocks show, and the
    latest time that they have shown so far.
    """
    first = datetime.combine(day - timedelta(days=5), time(0), UTC)
    minutes = [first + n * MINUTE for n in range(20 * 1440)]
    shown = [now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for now in minutes]
    return minutes, shown, list(accumulate(shown, max))


def works(calendar, day):
    """The oracle's own reading of the days: what is written out beats the week."""
    off, listed = calendar.holidays, (lambda spans: any(first <= day <= last for first, last in spans))
    if listed(off.open_on.spans):
        return True
    if listed(off.also.spans) or (calendar.dates and not listed(calendar.dates)):
        return False
    return day.weekday() in calendar.days


def open_minutes(calendar, zone, day):
    """The oracle: the UTC minutes at which the calendar is open. An opening begins at the first minute whose clocks
    show its start or later, and ends likewise.
    """
    minutes, _, latest = watched(zone, day)
    found = set()
    for opening_day in (latest[0].date() + timedelta(days=n) for n in range(-1, 20)):
        for opens, closes in calendar.open if works(calendar, opening_day) else ():
            until = opening_day if closes > opens else opening_day + timedelta(days=1)
            begin = bisect_left(latest, datetime.combine(opening_day, opens))
            end = bisect_left(latest, datetime.combine(until, closes))
            found.update(minutes[begin:end])
    return found


clock = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
openings = st.lists(
    st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1] or pair[0] == time(0)), min_size=1, max_size=3
)
days = st.sets(st.integers(0, 6), min_size=4).map(lambda chosen: tuple(sorted(chosen)))


def spans(day, **size):
    """Spans of a few days, around the day."""
    ends = st.tuples(st.integers(-6, 12), st.integers(0, 4))
    return st.lists(ends.map(lambda two: (day + timedelta(two[0]), day + timedelta(sum(two)))), max_size=2, **size).map(
        tuple
    )


def calendars_around(day):
    whole = st.just(((day - timedelta(40), day + timedelta(40)),))
    return st.builds(
        Calendar,
        days=days,
        open=openings.map(lambda all_of: tuple(sorted(all_of))),
        dates=st.one_of(st.just(()), whole, spans(day, min_size=1)),
        holidays=st.builds(
            Holidays,
            also=spans(day).map(DayList),
            open_on=st.one_of(st.just(()), spans(day)).map(DayList),
        ),
    )


# A zone, the day of its change, a calendar with dates around it, and a start within a day of it.
moments = st.sampled_from([(zone, day) for zone, all_days in CHANGES.items() for day in all_days]).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.just(pair[1]),
        calendars_around(pair[1]),
        st.integers(-1440, 1440).map(lambda n: datetime.combine(pair[1], time(0), UTC) + n * MINUTE),
    )
)


@settings(max_examples=150, deadline=None)
@given(moments, st.integers(1, 900))
def test_open_time_is_counted_as_a_clock_watcher_counts_it(moment, amount):
    """Where the adder says so much open time has passed, exactly so many open minutes have."""
    zone, day, calendar, start = moment
    minutes = sorted(now for now in open_minutes(calendar, zone, day) if now >= start)
    assume(len(minutes) >= amount)
    assert calendar.add(start, amount * MINUTE, zone) == minutes[amount - 1] + MINUTE


@settings(max_examples=150, deadline=None)
@given(moments, st.integers(1, 3))
def test_days_are_open_days_at_the_same_time_else_the_next_opening(moment, count):
    """A day that the zone skipped is none of them."""
    zone, day, calendar, start = moment
    local = start.astimezone(ZoneInfo(zone))
    minutes, shown, latest = watched(zone, day)
    later = [one for one in sorted({clock.date() for clock in shown}) if one > local.date() and works(calendar, one)]
    assume(len(later) >= count)
    wanted = datetime.combine(later[count - 1], local.time())
    opened = open_minutes(calendar, zone, day)
    expected = next((now for now in minutes[bisect_left(latest, wanted) :] if now in opened), None)
    assume(expected)
    assert calendar.add(start, timedelta(days=count), zone) == expected


@given(moments, st.integers(1, 3000), st.integers(1, 3000))
def test_more_time_is_never_due_sooner(moment, one, other):
    zone, _, calendar, start = moment
    low, high = sorted((one, other))
    sooner, later = (calendar.add(start, n * MINUTE + timedelta(seconds=1), zone) for n in (low, high))
    assert later is None or start < sooner <= later


@settings(max_examples=150, deadline=None)
@given(moments)
def test_it_is_open_in_the_minutes_that_a_clock_watcher_counts(moment):
    zone, day, calendar, start = moment
    assert calendar.is_open(start, zone) is (start in open_minutes(calendar, zone, day))


def test_a_shop_that_closes_in_ten_minutes():
    """RULES.md: at 19:50 with a shop closing at 20:00, half an hour ends at 08:20 on the next open day."""
    shop = calendar_from({"timezone": "location", "days": "mon-sat", "open": "08:00-20:00"})
    saturday = datetime(2026, 11, 21, 18, 50, tzinfo=UTC)
    assert shop.add(saturday, timedelta(minutes=30), "Europe/Berlin") == datetime(2026, 11, 23, 7, 20, tzinfo=UTC)
    assert shop.add(saturday, timedelta(days=1), "Europe/Berlin") == datetime(2026, 11, 23, 18, 50, tzinfo=UTC)
    late = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert shop.add(late, timedelta(days=1), "Europe/Berlin") == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def test_dates_alone_are_open_on_those_dates():
    freeze = calendar_from({"timezone": "Europe/Berlin", "dates": ["2026-11-23..2026-12-31"]})
    start = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert freeze.add(start, timedelta(hours=1), "UTC") == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert freeze.add(datetime(2027, 1, 2, tzinfo=UTC), timedelta(hours=1), "UTC") is None


def test_a_night_shift_belongs_to_the_day_it_begins():
    night = calendar_from({"timezone": "UTC", "days": ["fri"], "open": "22:00-06:00"})
    assert night.add(datetime(2026, 11, 21, 4, 0, tzinfo=UTC), timedelta(hours=3), "UTC") == datetime(
        2026, 11, 27, 23, 0, tzinfo=UTC
    )


def test_overlapping_openings_count_once():
    calendar = calendar_from({"timezone": "UTC", "open": ["08:00-12:00", "10:00-14:00"]})
    start = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert calendar.add(start, timedelta(hours=6), "UTC") == datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def test_a_skipped_time_is_reached_when_the_clocks_have_jumped_over_it():
    assert reached(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert reached(date(2018, 11, 4), time(0, 0), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)
    assert reached(date(2011, 12, 30), time(12, 0), "Pacific/Apia") == datetime(2011, 12, 30, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "days"),
    [("mon-sat", (0, 1, 2, 3, 4, 5)), ("fri-mon", (0, 4, 5, 6)), ("Mon, wed", (0, 2)), (["tuesday", "sun"], (1, 6))],
)
def test_days_as_people_write_them(entry, days):
    assert calendar_from({"days": entry}).days == days


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"days": "mon-funday"}, "'mon-funday' is not a day or a span of days. Write mon-sat, or [mon, wed]."),
        ({"open": "8-20"}, "'8-20' is not an opening. Write it like 08:00-20:00; a night is 22:00-06:00."),
        ({"open": "08:00-08:00"}, "'08:00-08:00' opens and closes at the same time. A whole day is 00:00-24:00."),
        ({"dates": ["2026-12-31..2026-11-23"]}, "'2026-12-31..2026-11-23' ends before it begins."),
        ({"dates": ["xmas"]}, "'xmas' are not dates. Write 2026-11-23..2026-12-31, or one date."),
        ({"timezone": "Berlin"}, "'Berlin' is not a time zone. Write an IANA name, like Europe/Berlin."),
    ],
)
def test_a_mistake_is_told_with_its_value(entry, message):
    with pytest.raises(ValueError) as caught:
        calendar_from(entry)
    assert str(caught.value) == message
