"""What one look at a ticket asks for. Pure: rules, a case, and a plan."""

import gc
from dataclasses import replace
from datetime import timedelta

import pytest

import rules
from app.consider import consider
from app.memory import Memory
from app.plans import Pledge
from app.rhythm import Case
from core.moments import MomentKind as M
from core.notes import Audience, NoteState
from core.promises import Promise
from core.sightings import Author, Comment, Snapshot, Unmapped
from core.sites import Platform, Site
from core.tickets import TicketRef
from tests.support.scripted import RULES, SITE, START, incident, snapshot_of

NOW = START + timedelta(minutes=20)
REF = TicketRef(SITE, "1")
R, A = Audience.REQUESTER, Audience.AGENTS
GATES = """
gates:
  - {id: confidential, when: {category: security}, silence: all, sticky: true, because: The ticket is confidential.}
"""


class Look:
    """One ticket looked at again and again; what the plan asks for is remembered as the store would."""

    def __init__(self, folder, text=RULES):
        (folder / "r.yaml").write_text(text)
        self.book = rules.load([folder / "r.yaml"], packs=False)
        self.site = Site(SITE, Platform.JIRA, "https://x.example", speak_from=START)
        self.memory, self.attended, self.promises = Memory(), None, ()
        self.now = NOW

    def at(self, snapshot, *, comments=(), promises=None, gone=False):
        case = Case(
            REF,
            self.site,
            self.now,
            self.memory,
            self.attended,
            snapshot,
            tuple(comments),
            self.promises if promises is None else tuple(promises),
            gone,
        )
        plan = consider(case, self.decide, self.next_due)
        self.memory = Memory.from_dict(plan.memory.to_dict())
        self.attended = plan.attended or self.attended
        return plan

    def see(self, *, comments=(), promises=None, **fields):
        return self.at(snapshot_of(incident(**fields)), comments=comments, promises=promises)

    def later(self, **time):
        self.now += timedelta(**time)
        return self

    def decide(self, ticket, moment, now, held):
        return rules.decide(self.book, self.book.catalogue, ticket, moment, now, held=held)

    def next_due(self, cadence, ticket, made_at):
        return rules.next_due(self.book, cadence, ticket, made_at=made_at, first=False, zone="UTC")


@pytest.fixture
def look(tmp_path):
    return Look(tmp_path)


def test_a_look_leaves_nothing_for_the_garbage_collector(look):
    """Nothing of it points back at itself: all of it goes with the plan, or every look would have to be walked through."""
    look.see(state="in_progress")  # whatever is kept for good is made by the first
    gc.collect()
    gc.disable()
    try:
        look.later(hours=1).see(state="in_progress", priority="P1")
        assert gc.collect() == 0
    finally:
        gc.enable()


def said(plan):
    return [(n.plan.message.audience, n.moment) for n in plan.notes]


def silences(plan):
    return [(str(e.moment), str(e.audience), str(e.reason)) for e in plan.entries if e.reason]


def reasons(plan):
    return {reason for _, _, reason in silences(plan)}


def promise(due=30, made=0, audience=R, identity="p1"):
    return Promise(
        identity, REF, audience, START + timedelta(minutes=due), START + timedelta(minutes=made), "note", "any"
    )


def by_agent(minute=19, identity="h1", **about):
    return Comment(identity, START + timedelta(minutes=minute), Author.AGENT, "anna", **{"public": True, **about})


# --- first sight -----------------------------------------------------------------------------------------------------


def test_the_first_sight_of_a_new_ticket_is_opened(look):
    assert said(look.see()) == [(R, M.OPENED), (A, M.OPENED)]


def test_looking_again_says_nothing_more(look):
    look.see()
    again = look.see()
    assert (said(again), again.promises, again.withdrawn, silences(again)) == ([], [], {}, [])


def test_an_old_ticket_is_adopted_and_speaks_of_what_changes_from_then_on(look):
    first = look.see(opened_at=START - timedelta(days=3))
    assert said(first) == []
    assert reasons(first) == {"adopted"}
    assert said(look.see(opened_at=START - timedelta(days=3), priority="P1"))[0] == (R, M.RAISED)


@pytest.mark.parametrize("fields", [{"state": "resolved"}, {"state": "closed"}, {"opened_at": None}, {"state": ""}])
def test_what_cannot_be_called_newly_opened_is_adopted(look, fields):
    assert reasons(look.see(**fields)) == {"adopted"}


def test_a_ticket_that_is_not_served_is_silent_with_a_reason_said_once(look):
    story = snapshot_of(incident(), served=False, not_served_because="Stories are not served.")
    first, second = look.at(story), look.at(story)
    assert silences(first) == [("", "", "not_configured")]
    assert first.entries[0].detail == "Stories are not served."
    assert (said(first), silences(second)) == ([], [])


def test_a_ticket_that_is_no_more_served_keeps_no_promise(look):
    look.see()
    plan = look.at(snapshot_of(incident(), served=False), promises=[promise()])
    assert set(plan.withdrawn) == {R}
    assert plan.drop_notes == set(Audience)


def test_a_deleted_ticket_is_gone_once_and_withdraws_its_promises(look):
    look.see()
    plan = look.at(None, promises=[promise()], gone=True)
    assert (silences(plan), set(plan.withdrawn)) == ([("", "", "gone")], {R})
    assert silences(look.at(None, gone=True)) == []


def test_an_unmapped_state_is_reported_once_and_is_no_change(look):
    look.see(state="in_progress")
    odd = Snapshot(
        incident(state="in_progress"), sinks=frozenset({R, A}), unmapped=(Unmapped("state", "Waiting on store"),)
    )
    first, second = look.at(odd), look.at(odd)
    assert (said(first), reasons(first)) == ([], {"unmapped"})
    assert silences(second) == []


def test_without_a_place_of_their_own_the_requester_is_not_written_to(look):
    plan = look.at(snapshot_of(incident(), sinks=frozenset({A})))
    assert said(plan) == [(A, M.OPENED)]
    assert ("opened", "requester", "no_sink") in silences(plan)
    assert plan.notes[0].plan.requester_silence == "no_sink"


# --- manners ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minute", "silent"), [(19, True), (11, True), (10, False), (5, False)])
def test_within_ten_minutes_of_an_agents_words_the_requester_hears_nothing_more(look, minute, silent):
    look.see(state="new")
    plan = look.see(state="in_progress", comments=[by_agent(minute)])
    assert (("acknowledged", "requester", "said_by_human") in silences(plan)) is silent
    assert ((R, M.ACKNOWLEDGED) in said(plan)) is not silent


@pytest.mark.parametrize(
    "comment",
    [
        by_agent(public=False),
        by_agent(public=None),
        by_agent(edited=True),
        replace(by_agent(), author=Author.CUSTOMER),
        replace(by_agent(), author=Author.BOT),
        replace(by_agent(), author=Author.UNKNOWN),
        replace(by_agent(), marker="m"),
    ],
)
def test_other_comments_silence_nothing_and_keep_no_promise(look, comment):
    look.see(state="new")
    plan = look.see(state="in_progress", comments=[comment], promises=[promise()])
    assert (R, M.ACKNOWLEDGED) in said(plan)
    assert plan.kept == []


def test_our_own_comment_is_an_echo_and_the_snapshot_beside_it_still_counts(look):
    look.see()
    plan = look.see(priority="P1", comments=[replace(by_agent(), author=Author.LIAISON)])
    assert "own_echo" in reasons(plan)
    assert [entry.detail for entry in plan.entries if entry.reason == "own_echo"] == [""], "the reason says it already"
    assert (R, M.RAISED) in said(plan)


# --- promises ----------------------------------------------------------------------------------------------------------


def test_an_agents_comment_keeps_the_promise_and_the_rhythm_goes_on_from_it(look):
    look.see()
    plan = look.see(comments=[by_agent(19)], promises=[promise()])
    assert [(k.audience, k.by) for k in plan.kept] == [(R, "comment h1")]
    assert [(p.due, p.made_by) for p in plan.promises] == [(START + timedelta(minutes=49), "an agent's comment")]
    assert said(plan) == []


def test_a_comment_from_before_the_promise_keeps_nothing(look):
    look.see()
    assert look.see(comments=[by_agent(3)], promises=[promise(made=4)]).kept == []


def test_the_same_comment_delivered_again_does_not_keep_the_promise_made_after_it(look):
    """A Data Center comment arrives twice; Jira retries for half an hour."""
    look.see()
    (rolled,) = look.see(comments=[by_agent(19)], promises=[promise()]).promises
    next_one = Promise("p2", REF, R, rolled.due, rolled.made_at, rolled.made_by, rolled.rule)
    again = look.see(comments=[by_agent(19)], promises=[next_one])
    assert (again.kept, again.promises) == ([], [])


def test_an_agents_comment_while_a_moment_settles_moves_the_promise_too(tmp_path):
    look = Look(tmp_path, RULES + "settle: {raised: 3m}\n")
    look.see()
    plan = look.see(priority="P1", comments=[by_agent(19)], promises=[promise()])
    assert (len(plan.kept), said(plan)) == (1, [])
    assert [p.due for p in plan.promises] == [START + timedelta(minutes=49)]


def test_a_due_promise_asks_for_one_update(look):
    look.see()
    look.later(minutes=10)
    plan = look.see(promises=[promise()])
    assert said(plan) == [(R, M.UPDATE_DUE)]
    assert plan.notes[0].occurrence == "p1"
    assert plan.notes[0].plan.pledge is Pledge.NEW


def test_a_promise_due_with_news_makes_one_note_and_it_tells_the_news(look):
    look.see()
    look.later(minutes=10)
    plan = look.see(priority="P1", promises=[promise()])
    assert said(plan) == [(R, M.RAISED), (A, M.RAISED)]
    assert ("update_due", "requester", "superseded") in silences(plan)


def test_resolving_says_so_and_promises_nothing_more(look):
    look.see(state="in_progress")
    plan = look.see(state="resolved", resolution="fixed", promises=[promise()])
    assert said(plan) == [(R, M.RESOLVED), (A, M.RESOLVED)]
    assert plan.notes[0].plan.pledge is Pledge.END


def test_resolving_in_silence_withdraws_the_promise_and_what_still_waits(look):
    look.see(state="in_progress")
    plan = look.see(state="resolved", resolution="duplicate", promises=[promise()])
    assert R not in [audience for audience, _ in said(plan)]
    assert set(plan.withdrawn) == {R}
    assert R in plan.drop_notes


def test_a_promise_due_on_an_ended_ticket_is_withdrawn(look):
    look.see(state="in_progress")
    look.see(state="resolved", resolution="fixed")
    look.later(minutes=30)
    plan = look.see(state="resolved", resolution="fixed", promises=[promise()])
    assert (said(plan), set(plan.withdrawn)) == ([], {R})


# --- waiting -----------------------------------------------------------------------------------------------------------


def test_waiting_for_the_requester_is_said_only_when_somebody_asked(look):
    look.see(state="in_progress")
    plan = look.see(state="on_hold", hold_reason="requester")
    assert said(plan) == []
    assert silences(plan) == [("waiting_for_requester", "", "silenced")]


def test_waiting_after_a_question_is_said_and_promises_rest(look):
    look.see(state="in_progress")
    look.see(state="in_progress", comments=[by_agent(5)])
    plan = look.see(state="on_hold", hold_reason="requester", promises=[promise()])
    assert said(plan) == [(R, M.WAITING_FOR_REQUESTER)]
    assert plan.notes[0].plan.pledge is Pledge.END


def test_an_answered_question_waits_for_nobody(look):
    look.see(state="in_progress")
    answer = Comment("c2", START + timedelta(minutes=8), Author.CUSTOMER, "eva", public=True)
    look.see(state="in_progress", comments=[by_agent(5), answer])
    assert said(look.see(state="on_hold", hold_reason="requester")) == []


# --- settling ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def settling(tmp_path):
    return Look(tmp_path, RULES + "settle: {opened: 3m, raised: 2m, resolved: 5m}\n")


def test_a_moment_waits_to_settle_and_is_then_said_once(settling):
    first = settling.see()
    assert (said(first), first.attended, first.memory.settle_until) == ([], None, NOW + timedelta(minutes=3))
    plan = settling.later(minutes=3).see()
    assert said(plan) == [(R, M.OPENED), (A, M.OPENED)]
    assert (plan.memory.settle_until, plan.memory.pending) == (None, {})


def test_looking_again_does_not_prolong_the_wait(settling):
    settling.see()
    assert settling.later(minutes=2).see().memory.settle_until == NOW + timedelta(minutes=3)


def test_what_bounced_back_while_settling_is_not_said(settling):
    settling.see()
    settling.later(minutes=3).see()
    settling.see(priority="P1")
    plan = settling.later(minutes=1).see(priority="P3")
    assert said(plan) == []
    assert silences(plan) == [("raised", "", "settling")]
    assert plan.memory.settle_until is None


def test_opened_and_solved_while_settling_says_only_that_it_is_solved(settling):
    settling.see()
    settling.later(minutes=1).see(state="resolved", resolution="fixed")
    plan = settling.later(minutes=5).see(state="resolved", resolution="fixed")
    assert said(plan)[0] == (R, M.RESOLVED)
    assert M.OPENED not in [kind for _, kind in said(plan)]


def test_the_first_word_is_not_settled_past_its_time(tmp_path):
    look = Look(tmp_path, RULES.replace("{every: 30m}", "{first: 21m, every: 30m}") + "settle: {opened: 3m}\n")
    assert look.see().memory.settle_until == START + timedelta(minutes=21)


def test_a_due_promise_does_not_wait_for_news_to_settle(settling):
    settling.see()
    settling.later(minutes=3).see()
    settling.later(minutes=10)
    assert said(settling.see(priority="P1", promises=[promise()]))[0] == (R, M.RAISED)


# --- gates -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def gated(tmp_path):
    return Look(tmp_path, RULES + GATES)


def test_a_gate_silences_everything_and_withdraws_promises_and_waiting_notes(gated):
    gated.see()
    plan = gated.see(category="security", state="in_progress", promises=[promise()])
    assert said(plan) == []
    assert silences(plan) == [("acknowledged", "", "gated")]
    assert set(plan.withdrawn) == {R}
    assert plan.drop_notes == set(Audience)


def test_a_sticky_gate_holds_after_its_condition_is_gone(gated):
    gated.see(category="security")
    plan = gated.see(category="payments", priority="P1")
    assert said(plan) == []
    assert plan.memory.held == ["confidential"]


def test_a_lifted_gate_lets_the_ticket_speak_again(gated):
    gated.see(category="security")
    gated.memory.held, gated.memory.lifted = [], ["confidential"]
    assert said(gated.see(category="payments", priority="P1"))[0] == (R, M.RAISED)


def test_a_gate_speaks_of_itself_once(gated):
    gated.see(category="security")
    assert silences(gated.see(category="security")) == []


@pytest.mark.parametrize("end", ["gate", "gone", "not_served"])
def test_a_ticket_that_falls_silent_while_settling_wakes_nobody_for_it(tmp_path, end):
    """A wake-up in the past that nobody takes back would be attended to for ever."""
    look = Look(tmp_path, RULES + GATES + "settle: {opened: 3m}\n")
    look.see()
    look.later(minutes=1)
    snapshots = {
        "gate": snapshot_of(incident(category="security")),
        "gone": snapshot_of(incident()),
        "not_served": snapshot_of(incident(), served=False),
    }
    plan = look.at(snapshots[end], gone=end == "gone")
    assert (plan.memory.settle_until, plan.memory.pending) == (None, {})


# --- several at once, drafts -------------------------------------------------------------------------------------------


def test_several_moments_make_one_note_per_audience(look):
    look.see()
    plan = look.see(state="in_progress", priority="P1")
    assert said(plan) == [(R, M.RAISED), (A, M.RAISED)]
    assert ("acknowledged", "requester", "superseded") in silences(plan)


def test_a_chosen_silence_at_the_end_is_not_filled_with_lesser_news(look):
    look.see(state="in_progress")
    plan = look.see(state="resolved", resolution="duplicate", priority="P1")
    assert R not in [audience for audience, _ in said(plan)]
    assert ("resolved", "requester", "silenced") in silences(plan)


def test_no_occurrence_is_said_twice(look):
    look.see(state="in_progress", priority="P3")
    first = look.see(state="in_progress", priority="P1")
    look.see(state="in_progress", priority="P3")
    second = look.see(state="in_progress", priority="P1")
    assert [n.occurrence for n in first.notes if n.moment is M.RAISED] == ["1", "1"]
    assert [n.occurrence for n in second.notes if n.moment is M.RAISED] == ["2", "2"]
    assert not {n.id for n in first.notes} & {n.id for n in second.notes}


def test_a_draft_waits_for_a_person(tmp_path):
    look = Look(tmp_path, RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}"))
    plan = look.see()
    assert [n.state for n in plan.notes] == [NoteState.DRAFT, NoteState.DRAFT]
    assert ("opened", "requester", "draft") in silences(plan)
