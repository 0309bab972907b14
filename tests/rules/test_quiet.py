"""Quiet hours: until when, for whom, and never for ever."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.notes import Audience
from rules.quiet import quiet_at
from tests.rules.support import incident, rule_set

R, A = Audience.REQUESTER, Audience.AGENTS
OFFICE = """
calendars:
  office: {timezone: location, days: mon-fri, open: "08:00-18:00"}
  late: {timezone: location, days: mon-fri, open: "12:00-20:00"}
  gone: {dates: ["2020-01-01"]}
quiet:
"""
TICKET = incident(priority="P3", location="berlin")


def book(folder, *entries):
    return rule_set(folder, OFFICE + "".join(f"  - {entry}\n" for entry in entries))


def friday(hour, minute=0):
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def test_it_is_quiet_while_the_calendar_is_closed_and_ends_with_its_next_opening(tmp_path):
    """A Friday evening in Berlin lasts until Monday morning."""
    rules = book(tmp_path, "{tell: requester, outside: office}")
    assert quiet_at(rules, TICKET, R, friday(16, 59), "Europe/Berlin") is None
    quiet = quiet_at(rules, TICKET, R, friday(17), "Europe/Berlin")
    assert quiet.until == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert quiet.by.endswith("0.yaml:8")


def test_others_and_excepted_tickets_are_spoken_to(tmp_path):
    rules = book(tmp_path, "{tell: requester, outside: office, unless: {priority: [P1, P2]}}")
    assert quiet_at(rules, TICKET, A, friday(20), "UTC") is None
    assert quiet_at(rules, TICKET.evolve(priority="P1"), R, friday(20), "UTC") is None
    assert quiet_at(rules, TICKET, R, friday(20), "UTC")


def test_one_site_may_be_quiet_and_another_not(tmp_path):
    rules = book(tmp_path, "{tell: requester, outside: office, when: {site: acme}}")
    assert quiet_at(rules, TICKET, R, friday(20), "UTC")
    assert quiet_at(rules, TICKET.evolve(site="other"), R, friday(20), "UTC") is None


def test_of_two_entries_both_must_be_over(tmp_path):
    rules = book(tmp_path, "{tell: requester, outside: office}", "{tell: requester, outside: late}")
    assert quiet_at(rules, TICKET, R, friday(9), "UTC").until == friday(12)
    assert quiet_at(rules, TICKET, R, friday(19), "UTC").until == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_calendar_that_never_opens_again_keeps_nobody_quiet(tmp_path):
    assert quiet_at(book(tmp_path, "{tell: requester, outside: gone}"), TICKET, R, friday(9), "UTC") is None


@pytest.fixture(scope="module")
def everyday(tmp_path_factory):
    return book(tmp_path_factory.mktemp("quiet"), "{tell: requester, outside: office}")


@given(at=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_when_it_ends_it_is_over(everyday, zone, at):
    """Never in the past, on the full minute, and not quiet any more."""
    quiet = quiet_at(everyday, TICKET, R, at, zone)
    if quiet:
        assert quiet.until > at
        assert (quiet.until.second, quiet.until.microsecond) == (0, 0)
        assert quiet_at(everyday, TICKET, R, quiet.until, zone) is None
