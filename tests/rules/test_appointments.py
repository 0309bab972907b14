"""What comes at its own time: notices ahead, milestones on the way, the question afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.appointments import Course
from core.moments import Moment
from core.moments import MomentKind as M
from core.notes import Audience
from core.tickets import Ticket
from rules import appointments, decide, load
from tests.rules.support import NOW, decided, incident, rule_set

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KNOWN = Course(announced=True, announced_at=NOW - 30 * DAY)
NOTICES = """
rules:
  - {id: any, when: {kind: change}, notices: [{before: [1d, 1h]}]}
  - {id: shop, when: {kind: change, service: shop}, notices: {before: 2h}}
  - {id: quiet, when: {kind: change, service: lights}, notices: none}
"""
MILESTONES = """
rules:
  - id: way
    milestones:
      - {on: {state: {to: in_progress}}, tell: requester, say: We have started.}
      - {on: {subtasks_done: {at_least: 50%}}, tell: requester, say: Half of it is done.}
      - {after: 2h, unless: {phase: monitoring}, tell: agents, say: Two hours.}
      - {before: {planned_end: 30m}, tell: agents, say: Half an hour left.}
"""
CLOSING = """
rules:
  - {id: any, closing: {after: 1d, say: Is all well?}}
  - {id: payroll, when: {service: payroll}, closing: none}
"""


def change(**values) -> Ticket:
    stock = {"site": "acme", "platform": "servicenow", "kind": "change", "key": "CHG1", "id": "1", "state": "scheduled"}
    return Ticket(
        **{**stock, "planned_start": NOW + 10 * DAY, "planned_end": NOW + 10 * DAY + HOUR, "opened_at": NOW, **values}
    )


def found(book, ticket, *, course=KNOWN, earlier=None, now=NOW):
    return appointments(book, book.catalogue, ticket, now, course=course, earlier=earlier)


def test_the_strongest_rule_says_when_people_are_reminded(tmp_path):
    book = rule_set(tmp_path, NOTICES)
    start = change().planned_start
    assert [one.at for one in found(book, change())] == [start - DAY, start - HOUR]
    assert [one.at for one in found(book, change(service="shop"))] == [start - 2 * HOUR]
    assert found(book, change(service="lights")) == ()


@pytest.mark.parametrize(
    ("fields", "course"),
    [
        ({}, Course(announced=False)),
        ({"state": "implement"}, KNOWN),
        ({"state": "authorize"}, KNOWN),
        ({"planned_start": None}, KNOWN),
    ],
)
def test_nobody_is_reminded_of_what_they_do_not_know_or_what_has_begun(tmp_path, fields, course):
    assert found(rule_set(tmp_path, NOTICES), change(**fields), course=course) == ()


@pytest.mark.parametrize(("hours_before", "left"), [(40, 2), (31, 2), (29, 1), (2, 1), (1.3, 1), (1.2, 0), (0.5, 0)])
def test_a_notice_soon_after_the_announcement_is_left_out(tmp_path, hours_before, left):
    """Soon is a quarter of its own time: six hours for the day before, a quarter of an hour for the hour before."""
    told = change().planned_start - timedelta(hours=hours_before)
    assert len(found(rule_set(tmp_path, NOTICES), change(), course=Course(announced=True, announced_at=told))) == left


def test_a_name_lasts_as_long_as_what_it_is_about(tmp_path):
    """The same whenever it is asked for and whatever is reworded; another one for another window."""
    book = rule_set(tmp_path, NOTICES)
    names = [one.name for one in found(book, change())]
    later = [one.name for one in found(book, change(title="x", planned_end=NOW + 11 * DAY), now=NOW + DAY)]
    moved = [one.name for one in found(book, change(planned_start=NOW + 9 * DAY))]
    assert names == later
    assert set(names).isdisjoint(moved)
    (tmp_path / "more").mkdir()
    reworded = rule_set(tmp_path / "more", NOTICES.replace("before: [1d, 1h]", "before: [1h, 3d, 1d]"))
    assert set(names) < {one.name for one in found(reworded, change())}


def test_milestones_keep_their_names_when_others_join_them(tmp_path):
    ticket, course = change(state="implement"), Course(announced=True, begun=NOW)
    names = {one.name for one in found(rule_set(tmp_path, MILESTONES), ticket, course=course)}
    (tmp_path / "more").mkdir()
    first = "milestones:\n      - {after: 1h, tell: agents, say: One hour.}\n"
    more = rule_set(tmp_path / "more", MILESTONES.replace("milestones:\n", first).replace("Two hours.", "2 h."))
    assert names < {one.name for one in found(more, ticket, course=course)}


def test_a_change_counts_from_its_start_and_before_its_end(tmp_path):
    book = rule_set(tmp_path, MILESTONES)
    ticket = change(state="implement", planned_end=NOW + 5 * HOUR)
    assert [one.at for one in found(book, ticket, course=replace(KNOWN, begun=NOW))] == [
        NOW + 2 * HOUR,
        NOW + 4.5 * HOUR,
    ]
    assert [one.at for one in found(book, ticket)] == [NOW + 4.5 * HOUR]  # nobody saw it start


def test_an_incident_counts_from_its_opening_and_afresh_when_it_was_reopened(tmp_path):
    book, ticket = rule_set(tmp_path, MILESTONES), incident(state="in_progress")
    (first,) = found(book, ticket)
    (again,) = found(book, ticket, course=Course(reopened=NOW))
    assert (first.at, again.at) == (ticket.opened_at + 2 * HOUR, NOW + 2 * HOUR)
    assert first.name != again.name


def test_after_the_end_nothing_is_on_the_way(tmp_path):
    book = rule_set(tmp_path, MILESTONES)
    assert found(book, incident(state="resolved")) == ()
    assert found(book, change(state="review"), course=replace(KNOWN, begun=NOW)) == ()


def test_conditions_are_asked_when_its_time_comes(tmp_path):
    book = rule_set(tmp_path, MILESTONES)
    (one,) = found(book, incident(state="in_progress", phase="monitoring"))
    assert not one.stands
    (one,) = found(book, incident(state="in_progress", phase="fix_running"))
    assert one.stands


@pytest.mark.parametrize(
    ("before", "now", "reached"),
    [
        ({"state": "new"}, {"state": "in_progress"}, 1),
        ({"state": "in_progress"}, {"state": "in_progress"}, 0),
        ({"subtasks_done": 0.4}, {"subtasks_done": 0.5}, 1),
        ({"subtasks_done": 0.5}, {"subtasks_done": 0.8}, 0),
        ({"subtasks_done": None}, {"subtasks_done": 0.8}, 1),
        ({"subtasks_done": 0.8}, {"subtasks_done": 0.4}, 0),
        ({"state": "new", "subtasks_done": 0.4}, {"state": "in_progress", "subtasks_done": 1.0}, 2),
    ],
)
def test_what_is_reached_is_reached_once(tmp_path, before, now, reached):
    book = rule_set(tmp_path, MILESTONES)
    at_once = [one for one in found(book, incident(**now), earlier=incident(**before)) if not one.timed]
    assert len(at_once) == reached


def test_at_first_sight_nothing_is_reached(tmp_path):
    one = incident(state="in_progress", subtasks_done=0.9)
    assert [a for a in found(rule_set(tmp_path, MILESTONES), one) if not a.timed] == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"state": "resolved", "resolution": "fixed"}, True),
        ({"state": "closed", "resolution": "workaround"}, True),
        ({"state": "resolved"}, True),
        ({"state": "closed", "resolution": "declined"}, False),
        ({"state": "resolved", "resolution": "duplicate"}, False),
        ({"state": "in_progress"}, False),
        ({"state": "cancelled"}, False),
        ({"state": "closed", "service": "payroll"}, False),
    ],
)
def test_who_was_helped_is_asked_afterwards(tmp_path, fields, asked):
    book = rule_set(tmp_path, CLOSING)
    later = [one.at for one in found(book, incident(**fields), course=Course(ended=NOW))]
    assert later == ([NOW + DAY] if asked else [])


def test_without_an_end_that_was_told_nobody_is_asked(tmp_path):
    assert found(rule_set(tmp_path, CLOSING), incident(state="closed")) == ()


def test_the_packs_ask_after_what_hit_hard():
    book = load([])
    ended = Course(ended=NOW)
    for fields, asked in (({"priority": "P1"}, 1), ({"priority": "P3"}, 0), ({"priority": "P3", "major": True}, 1)):
        assert len(found(book, incident(state="resolved", **fields), course=ended)) == asked, fields
    assert len(found(book, change(state="review"), course=ended)) == 1


def test_a_milestone_speaks_to_those_it_names_with_the_words_it_brings(tmp_path):
    book = rule_set(tmp_path, MILESTONES)
    ticket = incident(state="in_progress")
    (one,) = found(book, ticket)
    said = decide(book, book.catalogue, ticket, Moment(one.kind, one.name, NOW), NOW)
    assert {audience: message.template for audience, message in said.messages.items()} == {
        Audience.AGENTS: "Two hours."
    }
    assert said.silences == {}


def test_a_milestone_that_is_no_longer_in_the_rules_says_nothing(tmp_path):
    book = rule_set(tmp_path, MILESTONES)
    gone = Moment(M.MILESTONE, "way/after-7m@2026-11-20T12:00:00.000Z", NOW)
    assert decide(book, book.catalogue, incident(), gone, NOW).messages == {}


def test_a_test_of_the_moment_hears_the_first_milestone_whose_conditions_hold(tmp_path):
    """`tests:` name a moment, not a time: what is reached by the change from `before` is tried."""
    book = rule_set(tmp_path, MILESTONES)
    heard = decided(book, incident(state="in_progress"), "milestone", before=incident(state="new")).messages
    assert heard[Audience.REQUESTER].template == "We have started."


def test_a_closing_asks_whom_it_tells_and_agents_know_of_it(tmp_path):
    text = """
    rules:
      - {id: words, messages: {requester: {check_in: All well?}, agents: {check_in: Ask them.}}}
      - {id: some, when: {kind: incident}, closing: {after: 1d, tell: agents}}
      - {id: shop, when: {kind: incident, service: shop}, closing: {after: 1d, say: Can you sell?}}
    """
    book = rule_set(tmp_path, text)
    assert set(decided(book, incident(state="closed"), "check_in").messages) == {Audience.AGENTS}
    shop = decided(book, incident(state="closed", service="shop"), "check_in").messages
    assert {a: m.template for a, m in shop.items()} == {
        Audience.REQUESTER: "Can you sell?",
        Audience.AGENTS: "Ask them.",
    }


def test_nothing_is_promised_with_the_question(tmp_path):
    text = """
    rules:
      - id: r
        messages: {requester: {check_in: All well?}}
        cadence: {requester: {every: 30m}}
        closing: {after: 1d}
    """
    assert decided(rule_set(tmp_path, text), incident(state="closed"), "check_in").cadences == {}


@given(st.integers(0, 40 * 24 * 60), st.integers(0, 40 * 24 * 60))
def test_no_notice_lies_before_the_announcement_or_after_the_start(told_before, minutes):
    """Shipped rules, whatever the times: each notice comes later than what people were told, and before the start."""
    start = NOW + timedelta(minutes=minutes)
    told = start - timedelta(minutes=told_before)
    course = Course(announced=True, announced_at=told)
    for one in found(load_packs(), change(planned_start=start), course=course):
        assert told < one.at < start == one.good_until
        assert one.kind is M.NOTICE


def load_packs(known=[]):  # noqa: B006 - read once
    if not known:
        known.append(load([]))
    return known[0]
