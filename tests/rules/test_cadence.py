from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions import Cadence, Step
from core.tickets import Ticket
from rules.cadence import next_due, parse_duration, text_of
from rules.calendars import Calendar, calendar_from
from rules.catalogue import Catalogue, Location

NOW = datetime(2026, 11, 20, 18, 50, tzinfo=UTC)
SHOP = calendar_from({"timezone": "location", "days": "mon-sat", "open": "08:00-20:00"})
CATALOGUE = Catalogue((), (Location("ber", "Berlin Mitte", "Europe/Berlin"),))
CADENCE = Cadence(
    rule="r",
    every=timedelta(minutes=30),
    first=timedelta(minutes=10),
    monitoring=timedelta(minutes=60),
    stretch=(Step(timedelta(hours=2), timedelta(minutes=45)), Step(timedelta(days=1), timedelta(hours=4))),
)


@dataclass(frozen=True)
class Rules:
    calendars: dict[str, Calendar] = field(default_factory=lambda: {"shop": SHOP})
    catalogue: Catalogue = CATALOGUE


def ticket(**fields):
    return Ticket(site="s", platform="jira", kind="incident", key="OPS-1", id="1", **fields)


def due(cadence=CADENCE, *, made_at=NOW, first=False, zone="UTC", **fields):
    return next_due(Rules(), cadence, ticket(**fields), made_at=made_at, first=first, zone=zone)


def test_the_first_word_has_its_own_pace():
    assert due(first=True) == NOW + timedelta(minutes=10)


def test_the_next_word_comes_at_the_usual_pace():
    assert due() == NOW + timedelta(minutes=30)


def test_without_a_first_the_usual_pace_leads():
    assert due(Cadence("r", timedelta(hours=4)), first=True) == NOW + timedelta(hours=4)


def test_a_fix_being_watched_has_a_slower_pace():
    assert due(phase="monitoring", state="in_progress") == NOW + timedelta(minutes=60)


def test_an_old_ticket_stretches_from_that_minute_on():
    assert due(opened_at=NOW - timedelta(hours=2)) == NOW + timedelta(minutes=45)
    assert due(opened_at=NOW - timedelta(minutes=119)) == NOW + timedelta(minutes=30)


def test_the_older_a_ticket_the_slower_its_pace():
    assert due(opened_at=NOW - timedelta(hours=23, minutes=59)) == NOW + timedelta(minutes=45)
    assert due(opened_at=NOW - timedelta(days=1)) == NOW + timedelta(hours=4)
    assert due(opened_at=NOW - timedelta(days=40)) == NOW + timedelta(hours=4)


def test_an_old_ticket_is_not_heard_of_more_often_while_its_fix_is_watched():
    watched = {"phase": "monitoring", "state": "in_progress"}
    assert due(opened_at=NOW - timedelta(hours=3), **watched) == NOW + timedelta(minutes=60)
    assert due(opened_at=NOW - timedelta(days=3), **watched) == NOW + timedelta(hours=4)


def test_a_step_may_count_in_a_calendar_of_its_own():
    steps = (Step(timedelta(days=3), timedelta(days=1), "shop"),)
    cadence = Cadence("r", timedelta(hours=1), stretch=steps)
    saturday = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)
    old = {"opened_at": NOW - timedelta(days=9), "location": "Berlin Mitte"}
    assert due(cadence, made_at=saturday, **old) == monday


def test_the_calendar_counts_where_the_people_are():
    shop = Cadence("r", timedelta(minutes=30), calendar="shop")
    assert due(shop, location="Berlin Mitte") == datetime(2026, 11, 21, 7, 20, tzinfo=UTC)
    assert due(shop, zone="America/New_York") == NOW + timedelta(minutes=30)


def test_a_calendar_that_never_opens_again_keeps_nobody_waiting():
    rules = Rules(calendars={"shop": calendar_from({"timezone": "UTC", "dates": "2020-01-01"})})
    cadence = Cadence("r", timedelta(hours=1), calendar="shop")
    assert next_due(rules, cadence, ticket(), made_at=NOW, first=False, zone="UTC") == NOW + timedelta(hours=1)


@given(st.integers(0, 10**8).map(lambda n: NOW + timedelta(seconds=n, milliseconds=n % 7)), st.booleans())
def test_a_due_time_is_a_full_minute_and_never_early(made_at, first):
    when = due(made_at=made_at, first=first)
    wanted = made_at + timedelta(minutes=10 if first else 30)
    assert (when.second, when.microsecond) == (0, 0)
    assert timedelta(0) <= when - wanted < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "length", "said"),
    [
        ("30m", timedelta(minutes=30), "30 minutes"),
        ("4h", timedelta(hours=4), "4 hours"),
        ("1d", timedelta(days=1), "1 day"),
        ("2d", timedelta(days=2), "2 days"),
        ("1h30m", timedelta(minutes=90), "1 hour 30 minutes"),
        ("90m", timedelta(minutes=90), "1 hour 30 minutes"),
        ("1m", timedelta(minutes=1), "1 minute"),
    ],
)
def test_durations(text, length, said):
    assert parse_duration(text) == length
    assert text_of(length) == said


@pytest.mark.parametrize("text", ["", " ", "30", "m", "1d12h", "1h30", "-5m", "30 m", "1.5h", "٣m", "999999999d"])
def test_what_is_no_duration_is_said(text):
    with pytest.raises(ValueError, match=r"is not a duration\. Write it like 30m, 4h, 1h30m or 1d\."):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0m", "0d", "0h0m"])
def test_no_time_at_all_is_no_duration(text):
    with pytest.raises(ValueError, match=r"Write at least 1m\."):
        parse_duration(text)
