"""Appointments while a ticket is looked at, whenever that is: each is said once, in time, and nothing stale is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from app.consider import consider
from app.diary import Diary, rings
from app.memory import Memory
from app.rhythm import Case
from core.decisions import Reason
from core.moments import MomentKind as M
from core.notes import Audience
from core.sightings import Author, Comment
from core.sites import Platform, Site
from core.tickets import TicketRef
from core.times import from_iso
from tests.support.scripted import SITE, START, incident, snapshot_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = """
version: 1
settle: {raised: 2m, announced: 2m, rescheduled: 2m}
rules:
  - id: change
    layer: override
    when: {kind: change}
    notices: {before: [5d, 1d, 1h]}
    closing: {after: 1d}
    messages:
      requester: {announced: Planned., rescheduled: Moved., notice: Soon., started: Begun., finished: Done., check_in: "Well?"}
      agents: {replied: Read it., check_in: Ask.}
  - id: incident
    layer: override
    when: {kind: incident}
    closing: {after: 1d}
    messages:
      requester: {opened: Hello., acknowledged: Started., raised: Sooner., resolved: Done., check_in: "Well?", reopened: Again.}
    milestones:
      - {on: {state: {to: in_progress}}, tell: requester, say: Our team has started.}
      - {on: {subtasks_done: {at_least: 50%}}, tell: agents, say: Half of it is done.}
      - {after: 2h, unless: {state: on_hold}, tell: [requester, agents], say: Two hours.}
"""


class Looks:
    """A ticket looked at again and again, with these rules alone."""

    def __init__(self, folder, text=RULES):
        self.folder = folder
        self.load(text)
        self.site = Site(SITE, Platform.JIRA, "https://x.example", speak_from=START)
        self.memory, self.attended, self.now, self.said = Memory(), None, START, []
        self.entries = []

    def load(self, text):
        (self.folder / "r.yaml").write_text(text)
        self.book = rules.load([self.folder / "r.yaml"], packs=False)

    def look(self, at, *, comments=(), **fields):
        self.now = at
        ticket = incident(**fields)
        case = Case(
            TicketRef(SITE, "1"), self.site, at, self.memory, self.attended, snapshot_of(ticket), tuple(comments)
        )
        plan = consider(case, self.decide, self.next_due, self.appointments)
        self.memory = Memory.from_dict(plan.memory.to_dict())
        self.attended = plan.attended or self.attended
        self.said += [(n.moment, n.occurrence, at, n.plan.message.audience) for n in plan.notes]
        self.entries += plan.entries
        return [(n.moment, n.plan.message.audience) for n in plan.notes]

    def change(self, at, *, start=START + 10 * DAY, **fields):
        stock = {"kind": "change", "state": "scheduled", "approval": "approved"}
        return self.look(at, **{**stock, "planned_start": start, "planned_end": start + HOUR, **fields})

    def decide(self, ticket, moment, now, held):
        return rules.decide(self.book, self.book.catalogue, ticket, moment, now, held=held)

    def next_due(self, cadence, ticket, made_at):
        return rules.next_due(self.book, cadence, ticket, made_at=made_at, first=False, zone="UTC")

    def appointments(self, ticket, earlier, now, course):
        return rules.appointments(self.book, self.book.catalogue, ticket, now, course=course, earlier=earlier)

    def wakes(self):
        return sorted(from_iso(at) for at in self.memory.timers.values())

    def reasons(self, moment):
        return [e.reason for e in self.entries if e.moment == moment]


@pytest.fixture
def looks(tmp_path):
    return Looks(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rules")


R, A = Audience.REQUESTER, Audience.AGENTS
offsets = st.lists(st.integers(1, 12 * 24 * 60), max_size=40)


@given(offsets, st.lists(st.tuples(st.integers(1, 12 * 24 * 60), st.integers(-9, 9)), max_size=4))
def test_whenever_it_is_looked_at_each_notice_is_said_once_and_none_late_or_early(folder, others, moves):
    """Looks at any times beside those the ticket asks for, and a window that moves back and forth meanwhile."""
    looks, start = Looks(folder), START + 10 * DAY
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    assert [moment for moment, *_ in looks.said] == [M.ANNOUNCED]
    plans = dict(sorted((START + timedelta(minutes=at), START + 10 * DAY + by * DAY) for at, by in moves))
    extra = sorted({START + timedelta(minutes=2 + at) for at in others} | plans.keys())
    while looks.now < START + 14 * DAY:
        coming = [*extra, *looks.wakes(), *([looks.memory.settle_until] if looks.memory.settle_until else [])]
        at = min((time for time in coming if time > looks.now), default=START + 14 * DAY)
        extra = [time for time in extra if time > at]
        start = plans.get(at, start)
        looks.change(at, start=start)
        assert not any(time <= at for time in looks.wakes())
        for moment, occurrence, when, _ in looks.said:
            if moment == M.NOTICE and when == at:
                assert at < start, "said after the start"
                assert occurrence.endswith(f"@{start.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}")
    occurrences = [(moment, occurrence) for moment, occurrence, *_ in looks.said if moment == M.NOTICE]
    assert len(occurrences) == len(set(occurrences))


@given(offsets)
def test_with_a_window_that_stays_every_notice_is_said_at_its_time(folder, others):
    looks, start = Looks(folder), START + 10 * DAY
    looks.change(START)
    extra = sorted({START + timedelta(minutes=2 + at) for at in others})
    while looks.now < start:
        coming = [*extra, *looks.wakes(), *([looks.memory.settle_until] if looks.memory.settle_until else [])]
        at = min((time for time in coming if time > looks.now), default=start)
        extra = [time for time in extra if time > at]
        looks.change(at)
    assert [at for moment, _, at, _ in looks.said if moment == M.NOTICE] == [
        start - 5 * DAY,
        start - DAY,
        start - HOUR,
    ]


def test_after_a_pause_one_notice_is_said_and_with_the_truth(looks):
    """The server stood still for a week: the nearest notice is said, those before it are not said in a row."""
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    assert looks.change(START + 10 * DAY - timedelta(minutes=40)) == [(M.NOTICE, R)]
    assert looks.said[-1][1].startswith("change/60m@")
    assert looks.change(START + 10 * DAY - timedelta(minutes=39)) == []


def test_a_notice_that_could_not_be_said_before_the_start_is_stale(looks):
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    assert looks.change(START + 10 * DAY + timedelta(minutes=1)) == []
    assert looks.reasons(M.NOTICE) == [Reason.STALE] * 3


def test_new_rules_say_nothing_of_times_that_have_passed(looks):
    looks.load(RULES.replace("[5d, 1d, 1h]", "1h"))
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    looks.change(START + 9.5 * DAY)
    looks.load(RULES)
    assert looks.change(START + 9.6 * DAY) == []
    assert looks.change(START + 10 * DAY - HOUR) == [(M.NOTICE, R)]


def test_rules_with_other_names_say_nothing_twice_and_lose_nothing(looks):
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    looks.load(RULES.replace("id: change", "id: other"))
    assert looks.change(START + 9 * DAY) == [(M.NOTICE, R)]
    looks.load(RULES)
    assert looks.change(START + 9 * DAY) == []
    assert looks.change(START + 9 * DAY + HOUR) == []


def test_a_due_appointment_has_the_record_read_first(looks):
    looks.change(START)
    looks.change(START + timedelta(minutes=2))
    first = START + 5 * DAY
    assert not rings(looks.memory, first - timedelta(seconds=1))
    assert rings(looks.memory, first)


def test_a_milestone_is_said_instead_of_the_words_for_any_start(looks):
    looks.look(START)
    assert looks.look(START + HOUR, state="in_progress") == [(M.MILESTONE, R)]
    assert (M.ACKNOWLEDGED, R, Reason.SUPERSEDED) in [(e.moment, e.audience, e.reason) for e in looks.entries]
    looks.look(START + 1.1 * HOUR, state="on_hold", hold_reason="vendor")
    assert looks.look(START + 1.2 * HOUR, state="in_progress") == []


def test_two_hours_are_told_at_two_hours_to_both(looks):
    looks.look(START)
    assert looks.wakes() == [START + 2 * HOUR]
    assert looks.look(START + 2 * HOUR) == [(M.MILESTONE, R), (M.MILESTONE, A)]
    assert looks.look(START + 2 * HOUR) == []


def test_a_milestone_whose_conditions_do_not_hold_at_its_time_is_not_said_later(looks):
    looks.look(START)
    assert looks.look(START + 2 * HOUR, state="on_hold", hold_reason="vendor") == []
    assert (M.MILESTONE, R) not in looks.look(START + 2.1 * HOUR, state="in_progress", subtasks_done=0.1)[1:]
    assert "way" not in [occurrence for _, occurrence, *_ in looks.said]


def test_half_of_the_work_is_told_to_agents_alone(looks):
    looks.look(START)
    looks.look(START + HOUR, subtasks_done=0.2)
    assert looks.look(START + 1.1 * HOUR, subtasks_done=0.6) == [(M.MILESTONE, A)]
    assert looks.look(START + 1.2 * HOUR, subtasks_done=0.4) == []
    assert looks.look(START + 1.3 * HOUR, subtasks_done=0.9) == []


def test_a_milestone_that_falls_due_while_something_settles_is_not_lost(looks):
    looks.look(START, priority="P3")
    assert looks.look(START + 2 * HOUR - timedelta(minutes=1), priority="P1") == []
    assert looks.look(START + 2 * HOUR, priority="P1") == []
    assert looks.look(START + 2 * HOUR + timedelta(minutes=1), priority="P1") == [(M.RAISED, R), (M.MILESTONE, A)]


def test_a_reopened_ticket_has_its_milestones_again_and_no_question(looks):
    looks.look(START)
    looks.look(START + HOUR, state="in_progress")
    looks.look(START + 1.5 * HOUR, state="resolved", resolution="fixed")
    looks.look(START + 1.6 * HOUR, state="resolved", resolution="fixed")
    assert looks.wakes() == [START + 1.5 * HOUR + DAY]
    looks.look(START + 3 * HOUR, state="in_progress")
    assert looks.wakes() == [START + 5 * HOUR]
    assert looks.look(START + 5 * HOUR, state="in_progress") == [(M.MILESTONE, R), (M.MILESTONE, A)]


def test_a_customers_words_before_the_question_are_no_answer_to_it(looks):
    looks.change(START, start=START + HOUR)
    looks.change(START + HOUR, start=START + HOUR, state="implement")
    ended = {"start": START + HOUR, "state": "closed"}
    looks.change(START + 2 * HOUR, **ended)
    looks.change(START + 2 * HOUR + timedelta(minutes=2), **ended)
    before = Comment("c1", START + 3 * HOUR, Author.CUSTOMER, public=True)
    looks.change(START + 3 * HOUR, comments=[before], **ended)
    asked = looks.wakes()[0]
    assert looks.change(asked, **ended) == [(M.CHECK_IN, R), (M.CHECK_IN, A)]
    assert looks.change(asked + HOUR, **ended) == []
    answer = Comment("c2", asked + 2 * HOUR, Author.CUSTOMER, public=True)
    assert looks.change(asked + 2 * HOUR, comments=[answer], **ended) == [(M.REPLIED, A)]


def test_an_overdue_change_that_is_taken_over_is_not_late_a_second_time():
    memory = Memory()
    late = incident(kind="change", state="implement", planned_start=START - DAY, planned_end=START - HOUR)
    Diary(memory, [], START, lambda *_: ()).adopt(late)
    assert memory.announced
    assert memory.delayed_for == "2026-11-20T08:00:00.000Z"
