"""The pace of a site: quotas are rationed, the most urgent go first, and nothing is sent that would be refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clocks import DrivenClock
from app.pace import Pace, Paces
from core.errors import Paused, Scope
from core.quotas import Quota
from core.sites import Platform, Site

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = 3600.0


def paced(platform=Platform.JIRA, **settings):
    clock = DrivenClock(START)
    return Pace(Site("acme", platform, "https://x.example", **settings), clock), clock


def ask(pace, *quotas, issue=""):
    pace.leave(issue)
    pace.back(quotas)


def test_a_site_of_which_nothing_is_known_is_open():
    pace, _ = paced()
    for _ in range(500):
        ask(pace)
    assert pace.gate(8) is None
    assert pace.out_until() is None


def test_the_first_half_of_a_quota_goes_without_waiting_and_the_rest_lasts_until_it_is_renewed():
    pace, clock = paced()
    ask(pace, Quota("q", 100, HOUR, HOUR, 60))
    assert pace.gate(0) is None
    ask(pace, Quota("q", 100, HOUR, HOUR, 50))
    assert pace.gate(0) is None
    ask(pace, Quota("q", 100, HOUR, HOUR, 49))
    gate = pace.gate(0)
    assert gate.opens == START
    assert gate.others - START == pytest.approx(timedelta(seconds=HOUR / 40), abs=timedelta(seconds=1))
    clock.move(gate.others)
    assert pace.gate(0) is None


def test_the_last_tenth_is_for_the_most_urgent():
    pace, _ = paced()
    ask(pace, Quota("q", 100, HOUR, HOUR, 10))
    gate = pace.gate(0)
    assert gate.opens <= START + timedelta(seconds=1)
    assert gate.others >= START + timedelta(hours=1)


def test_what_would_be_refused_is_not_sent_before_the_quota_is_renewed():
    pace, clock = paced()
    ask(pace, Quota("q", 100, 600.0, HOUR, 0))
    with pytest.raises(Paused) as caught:
        pace.leave()
    assert caught.value.scope is Scope.SITE
    assert timedelta(seconds=600) <= caught.value.until - START <= timedelta(seconds=601)
    clock.move(caught.value.until)
    ask(pace)


def test_requests_under_way_count_as_gone():
    pace, _ = paced()
    ask(pace, Quota("q", 100, HOUR, HOUR, 2))
    pace.leave()
    pace.leave()
    with pytest.raises(Paused):
        pace.leave()


def test_where_an_answer_does_not_say_what_is_left_requests_are_counted_anew_in_each_window():
    pace, clock = paced(Platform.SERVICENOW)
    quota = Quota("rule", 50, HOUR, HOUR)
    for _ in range(30):
        ask(pace, quota)
    assert dict(pace.left()) == {"rule": 20}
    clock.move(START + timedelta(hours=1))
    assert dict(pace.left()) == {"rule": 50}
    ask(pace, quota)
    assert dict(pace.left()) == {"rule": 49}


def test_a_quota_that_is_said_to_be_well_filled_never_stops_anybody():
    pace, _ = paced()
    for _ in range(300):
        ask(pace, Quota("q", 100, HOUR, HOUR, None, least=20))
    assert dict(pace.left()) == {"q": 20}


def test_a_ceiling_spreads_requests_and_lets_a_few_go_at_once():
    pace, clock = paced(pace=10.0)
    count = 0
    while (gate := pace.gate(0)) is None or gate.opens < START + timedelta(seconds=10):
        if gate:
            clock.move(gate.opens)
        ask(pace)
        count += 1
    assert 100 <= count <= 105


def test_a_refusal_stops_the_site_and_one_that_names_an_issue_does_not():
    pace, _ = paced()
    pace.stop(Paused("x", until=START + timedelta(seconds=30), scope=Scope.ISSUE))
    ask(pace)
    pace.stop(Paused("x", until=START + timedelta(seconds=30), scope=Scope.ENDPOINT))
    with pytest.raises(Paused):
        pace.leave()
    assert pace.out_until() >= START + timedelta(seconds=30)


def test_so_many_writes_to_one_issue_wait_and_others_go_on():
    pace, clock = paced()
    for _ in range(10):
        ask(pace, issue="1")
    with pytest.raises(Paused) as caught:
        pace.leave("1")
    assert caught.value.scope is Scope.ISSUE
    ask(pace, issue="2")
    clock.move(caught.value.until)
    ask(pace, issue="1")


def test_what_is_remembered_stays_small():
    pace, clock = paced()
    for number in range(1000):
        clock.move(START + timedelta(seconds=number))
        ask(pace, Quota(f"q{number}", 100, 1.0, 1.0, 99), issue=str(number))
    assert len(pace._rations) <= 32
    assert len(pace._writes) <= 40


def test_only_sites_that_wait_are_told_of():
    clock = DrivenClock(START)
    sites = {name: Site(name, Platform.SERVICENOW, "https://x.example") for name in ("one", "other")}
    paces = Paces(sites, clock)
    ask(paces.of("one"), Quota("q", 10, HOUR, HOUR, 0))
    assert paces.gates({}).keys() == {"one"}
    assert paces.out_until("other") is None
    assert paces.out_until("nowhere") is None


@given(
    limit=st.integers(1, 300), window=st.sampled_from([10.0, 60.0, 3600.0]), said=st.booleans(), late=st.floats(0, 1)
)
def test_whoever_comes_through_the_gate_never_asks_for_more_than_the_quota(limit, window, said, late):
    """A platform that counts in windows, tickets of two requests each, always more of them waiting."""
    pace, clock = paced()
    taken, begin = {}, START.timestamp() // window * window
    end = START + timedelta(seconds=3 * window)
    while clock.now() < end:
        gate = pace.gate(0)
        if gate and gate.others > clock.now():
            clock.move(gate.others)
            continue
        try:
            for _ in range(2):
                pace.leave()
                at = clock.now().timestamp() // window * window
                taken[at] = taken.get(at, 0) + 1
                seconds = at + window - clock.now().timestamp()
                pace.back([Quota("q", limit, seconds, window, limit - taken[at] if said else None)])
        except Paused as error:
            clock.move(error.until)
        clock.move(clock.now() + timedelta(seconds=late))
    assert begin in taken
    assert max(taken.values()) <= limit
