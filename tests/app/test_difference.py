"""Which moments lie between two snapshots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.difference import moments, window
from app.memory import Memory
from core.moments import TERMINAL, rank
from core.moments import MomentKind as M
from core.tickets import Parent, Ticket
from core.times import iso

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


def incident(**fields):
    return Ticket(
        **{"site": "s", "platform": "jira", "kind": "incident", "key": "OPS-1", "id": "1", "state": "new"} | fields
    )


def change(**fields):
    start = {"planned_start": NOW, "planned_end": NOW + timedelta(hours=2)}
    return incident(**{"kind": "change", "state": "draft"} | start | fields)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {"state": "in_progress"}, [M.ACKNOWLEDGED]),
        ({"priority": "P3"}, {"priority": "P1"}, [M.RAISED]),
        ({"priority": "P1"}, {"priority": "P3"}, [M.LOWERED]),
        ({"priority": ""}, {"priority": "P1"}, [M.RAISED]),
        ({"priority": ""}, {"priority": "P3"}, []),
        ({"priority": ""}, {"priority": "P5"}, []),
        ({"state": "in_progress"}, {"state": "on_hold", "hold_reason": "requester"}, [M.WAITING_FOR_REQUESTER]),
        ({"state": "in_progress"}, {"state": "on_hold", "hold_reason": "vendor"}, [M.WAITING_FOR_VENDOR]),
        ({"state": "in_progress"}, {"state": "on_hold"}, []),
        ({"state": "on_hold", "hold_reason": "vendor"}, {"state": "in_progress"}, [M.RESUMED]),
        ({"state": "in_progress"}, {"state": "in_progress", "phase": "monitoring"}, [M.PHASE_CHANGED]),
        ({"service": "a"}, {"service": "b"}, [M.SCOPE_CHANGED]),
        ({"service": "a"}, {"service": ""}, []),
        ({"state": "in_progress"}, {"state": "resolved"}, [M.RESOLVED]),
        ({"state": "in_progress"}, {"state": "closed"}, [M.RESOLVED]),
        ({"state": "resolved"}, {"state": "closed"}, [M.CLOSED]),
        ({"state": "resolved"}, {"state": "in_progress"}, [M.REOPENED]),
        ({"state": "closed"}, {"state": "new"}, [M.REOPENED]),
        ({"state": "new"}, {"state": "cancelled"}, [M.CANCELLED]),
        ({}, {"parent": Parent("9")}, [M.JOINED]),
        ({"parent": Parent("9")}, {}, [M.LEFT_FAMILY]),
        ({"parent": Parent("9")}, {"parent": Parent("9", major=True)}, []),
        ({"state": "resolved", "priority": "P3"}, {"state": "resolved", "priority": "P1"}, []),
        ({"priority": "P3"}, {"state": "resolved", "priority": "P1"}, [M.RESOLVED]),
        ({"state": "resolved", "priority": "P3"}, {"state": "in_progress", "priority": "P1"}, [M.REOPENED, M.RAISED]),
    ],
)
def test_an_incidents_moments(before, now, expected):
    assert moments(incident(**before), incident(**now), Memory(), NOW) == expected


def test_acknowledged_comes_only_once():
    assert moments(incident(), incident(state="in_progress"), Memory(acknowledged=True), NOW) == []


def test_first_sight_is_opened():
    assert moments(None, incident(state="in_progress"), Memory(), NOW) == [M.OPENED]


def test_a_ticket_born_into_a_family_has_opened_and_joined():
    assert moments(None, incident(parent=Parent("9")), Memory(), NOW) == [M.OPENED, M.JOINED]


@pytest.mark.parametrize(
    ("before", "now", "memory", "expected"),
    [
        ({"state": "authorize"}, {"state": "scheduled", "approval": "approved"}, {}, [M.ANNOUNCED]),
        ({"state": "authorize"}, {"state": "scheduled", "approval": "requested"}, {}, []),
        ({"state": "authorize"}, {"state": "scheduled", "planned_start": None}, {}, []),
        ({"state": "assess"}, {"state": "assess", "approval": "rejected"}, {}, [M.REJECTED]),
        ({"state": "scheduled"}, {"state": "implement"}, {}, [M.STARTED]),
        ({"state": "implement"}, {"state": "review"}, {}, [M.FINISHED]),
        ({"state": "implement"}, {"state": "review", "close_code": "unsuccessful"}, {}, [M.FAILED]),
        ({"state": "implement"}, {"state": "review", "close_code": "Successful with issues"}, {}, [M.FINISHED]),
        (
            {"state": "review"},
            {"state": "closed", "close_code": "unsuccessful"},
            {"outcome": "finished"},
            [M.FAILED, M.CLOSED],
        ),
        ({"state": "review"}, {"state": "closed", "close_code": "successful"}, {"outcome": "finished"}, [M.CLOSED]),
        ({"state": "implement"}, {"state": "closed"}, {}, [M.FINISHED, M.CLOSED]),
        ({"state": "implement"}, {"state": "closed", "close_code": "backed out"}, {}, [M.FAILED, M.CLOSED]),
        ({"state": "scheduled"}, {"state": "cancelled"}, {}, [M.CANCELLED]),
    ],
)
def test_a_changes_moments(before, now, memory, expected):
    found = moments(change(**before), change(**now), Memory(**memory), NOW)
    assert found == expected


def test_a_changed_window_is_rescheduled_only_after_it_was_announced():
    announced = Memory(announced=window(change()))
    moved = change(state="scheduled", approval="approved", planned_start=NOW + timedelta(days=1))
    assert moments(change(state="scheduled"), moved, announced, NOW) == [M.RESCHEDULED]
    assert moments(change(state="scheduled"), moved, Memory(), NOW) == [M.ANNOUNCED]


def test_delayed_comes_when_the_planned_end_passes_and_once_per_planned_end():
    running = change(state="implement")
    end = running.planned_end
    announced = window(running)
    assert moments(running, running, Memory(announced=announced), end - timedelta(seconds=1)) == []
    assert moments(running, running, Memory(announced=announced), end) == [M.DELAYED]
    assert moments(running, running, Memory(announced=announced, delayed_for=iso(end)), end) == []


def test_a_change_that_starts_after_its_planned_end_is_late_rather_than_started():
    waiting, running = change(state="scheduled"), change(state="implement")
    late = running.planned_end + timedelta(hours=8)
    assert moments(waiting, running, Memory(announced=window(running)), late) == [M.DELAYED, M.STARTED]


def test_a_window_that_is_over_is_neither_announced_nor_moved_to():
    waiting, planned = change(state="authorize"), change(state="scheduled", approval="approved")
    assert moments(waiting, planned, Memory(), planned.planned_end) == []
    assert moments(planned, planned, Memory(announced="another"), planned.planned_end) == []
    later = change(state="scheduled", planned_end=planned.planned_end + timedelta(days=1))
    assert moments(planned, later, Memory(), planned.planned_end) == [M.ANNOUNCED]


STATES = st.sampled_from(["new", "in_progress", "on_hold", "resolved", "closed", "cancelled", ""])
CHANGES = st.sampled_from(["draft", "assess", "authorize", "scheduled", "implement", "review", "closed", "cancelled"])


@given(
    kind=st.sampled_from(["incident", "change"]),
    data=st.data(),
    priorities=st.tuples(*[st.sampled_from(["", "P1", "P5"])] * 2),
)
def test_terminal_moments_lead_and_no_moment_comes_twice(kind, data, priorities):
    states = STATES if kind == "incident" else CHANGES
    make = incident if kind == "incident" else change
    before = make(state=data.draw(states), priority=priorities[0])
    now = make(state=data.draw(states), priority=priorities[1])
    found = moments(before, now, Memory(), NOW)
    assert len(found) == len(set(found))
    assert [rank(k) for k in found] == sorted(rank(k) for k in found)
    assert sum(k in TERMINAL for k in found) <= 2


@given(state=STATES, priority=st.sampled_from(["", "P1"]))
def test_nothing_changed_means_no_moment(state, priority):
    same = incident(state=state, priority=priority)
    assert moments(same, same, Memory(acknowledged=True), NOW) == []


@pytest.mark.parametrize("state", ["", "new", "in_progress", "on_hold", "resolved", "closed", "cancelled"])
@pytest.mark.parametrize("hold_reason", ["", "requester", "vendor"])
def test_of_itself_nothing_comes_to_an_incident(state, hold_reason):
    """Looked at again as it is, it brings no moment, however it is: so the same ticket need not be compared."""
    seen = incident(state=state, hold_reason=hold_reason, phase="monitoring", priority="P1", service="a")
    again = replace(seen)
    assert again is not seen
    assert moments(seen, again, Memory(), NOW) == moments(seen, seen, Memory(), NOW) == []
