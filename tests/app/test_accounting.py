"""Every promise ends kept, kept late, withdrawn or missed; what was late or missed has a cause by name."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from app import tables, tallies
from app.marking import Marker
from core.decisions import Words
from core.errors import Unavailable
from core.promises import PromiseState
from core.sightings import Author, Comment
from core.tickets import Parent
from tests.support.scripted import RULES, START, bench, incident, snapshot_of

SPEAKS = 'update_due: "Still on it. We will write again {{ next_update.text }}."'
SILENT = RULES.replace(SPEAKS, "update_due: none")
DRAFTS = (
    SILENT.replace("layer: override", "layer: default")
    + f"""
  - id: update
    layer: override
    when: {{kind: incident}}
    mode: draft
    messages: {{requester: {{{SPEAKS}}}}}
"""
)
GATED = (
    RULES
    + """
gates:
  - {id: confidential, when: {category: security}, silence: all, sticky: true, because: The ticket is confidential.}
"""
)
SOLVED = {"state": "resolved", "resolution": "fixed", "revision": "0009"}


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def promised(desk, **fields):
    """An incident whose requester was promised a word by 09:30."""
    ticket = incident(**fields)
    desk.happen(ticket)
    assert [p.due for p in desk.promises()] == ["2026-11-20T09:30:00.000Z"]
    return ticket


def first(desk):
    """How the first promise ended, and why."""
    row = min(desk.promises(None), key=lambda p: p.made_at)
    return row.state, row.cause


def slept(desk, *, until, faults=()):
    """Nobody is there until then."""
    desk.clock.move(until)
    desk.platform.faults = list(faults)
    desk.drain()


# --- in time -----------------------------------------------------------------------------------------------------------


def test_a_word_at_the_due_time_keeps_it(desk):
    promised(desk)
    desk.pass_(minutes=31)
    assert first(desk) == ("kept", "")


@pytest.mark.parametrize(("seconds", "state"), [(59, "kept"), (60, "kept"), (61, "kept_late")])
def test_a_minute_of_grace(desk, seconds, state):
    """People read clocks by the minute."""
    ticket = promised(desk)
    desk.platform.deaf = Unavailable("down")
    desk.pass_(minutes=30)
    desk.platform.deaf = None
    desk.clock.move(START + timedelta(minutes=30, seconds=seconds))
    desk.agent_says(ticket)
    assert first(desk)[0] == state


def test_what_ended_before_it_was_due_is_withdrawn(desk):
    ticket = promised(desk)
    desk.pass_(minutes=10)
    desk.happen(ticket.evolve(state="resolved", resolution="duplicate", revision="0009", resolved_at=desk.clock.now()))
    desk.pass_(minutes=30)
    assert first(desk) == ("withdrawn", "")


def test_what_ended_before_it_was_due_is_withdrawn_however_late_we_hear_of_it(desk):
    """Its webhook was lost, and nobody was there: at half past nine nothing was owed any more."""
    ticket = promised(desk)
    solved = ticket.evolve(**SOLVED, resolved_at=START + timedelta(minutes=20))
    desk.platform.tickets[ticket.ref] = snapshot_of(solved)
    slept(desk, until=START + timedelta(hours=2))
    assert first(desk)[0] == "withdrawn"


def test_the_last_word_keeps_what_was_overdue(tmp_path):
    """Nobody was there when an update was due, and it is solved an hour later: people hear that, and hear it late."""
    with bench(tmp_path, rules=RULES + "\nsettle: {resolved: 5m}\n") as desk:
        ticket = promised(desk)
        solved = ticket.evolve(**SOLVED, resolved_at=START + timedelta(minutes=90))
        desk.clock.move(START + timedelta(minutes=90))
        desk.happen(solved)
        desk.pass_(minutes=10)
        assert [(p.state, p.kept_by[:4]) for p in desk.promises(None)] == [("kept_late", "note")]


def test_what_rests_when_it_is_due_is_withdrawn(desk):
    ticket = promised(desk)
    desk.pass_(minutes=5)
    asked = Comment("h1", desk.clock.now(), Author.AGENT, "anna", public=True, text="Which till?")
    waiting = ticket.evolve(state="on_hold", hold_reason="requester", revision="0002")
    desk.happen(waiting, comment=asked)
    desk.pass_(minutes=60)
    assert PromiseState.MISSED not in {p.state for p in desk.promises(None)}


def test_a_deleted_ticket_owes_nothing(desk):
    ticket = promised(desk)
    desk.happen(ref=ticket.ref, gone=True)
    assert first(desk) == ("withdrawn", "")


# --- late --------------------------------------------------------------------------------------------------------------


def test_platform_down_while_it_is_read(desk):
    promised(desk)
    desk.platform.deaf = Unavailable("down")
    desk.pass_(minutes=45)
    desk.platform.deaf = None
    desk.pass_(minutes=2)
    assert first(desk) == ("kept_late", "platform_down")


def test_platform_down_while_it_is_written(desk):
    promised(desk)
    desk.platform.faults = ["unavailable"] * 7
    desk.pass_(minutes=45)
    assert first(desk) == ("kept_late", "platform_down")


def test_paused_by_the_platform(desk):
    promised(desk)
    desk.platform.faults = ["paused_site"]
    desk.pass_(minutes=45)
    assert first(desk) == ("kept_late", "paused")


def test_a_pause_that_began_before_it_was_due(desk):
    ticket = promised(desk)
    desk.platform.pause = timedelta(minutes=40)
    desk.pass_(minutes=1)
    desk.platform.faults = ["paused_site"]
    desk.happen(ticket.evolve(priority="P1", revision="0002"))
    desk.pass_(minutes=60)
    assert first(desk) == ("kept_late", "paused")


def test_in_doubt_until_it_was_looked_up_and_sent_again(tmp_path):
    with bench(tmp_path, settle=120) as desk:
        promised(desk)
        desk.platform.faults = ["in_doubt"]
        desk.pass_(minutes=45)
        assert first(desk) == ("kept_late", "in_doubt")


def test_a_doubt_that_proves_groundless_is_no_delay(tmp_path):
    """The words stood in the ticket all the time."""
    with bench(tmp_path, settle=120) as desk:
        promised(desk)
        desk.platform.faults = ["lost_reply"]
        desk.pass_(minutes=45)
        assert first(desk) == ("kept", "")


def test_nobody_was_there(desk):
    promised(desk)
    slept(desk, until=START + timedelta(hours=1))
    assert first(desk) == ("kept_late", "liaison_down")


def test_nobody_was_there_and_then_the_platform_asked_us_to_wait(desk):
    """What hindered it first is the cause."""
    promised(desk)
    slept(desk, until=START + timedelta(hours=1), faults=["paused_site"])
    desk.pass_(minutes=5)
    assert first(desk) == ("kept_late", "liaison_down")


def test_too_much_at_once(desk):
    """It was seen to be due in time, and its turn came late."""
    promised(desk)
    desk.clock.move(START + timedelta(minutes=30, seconds=1))
    assert Marker(desk.store, desk.clock).mark() == 1
    slept(desk, until=START + timedelta(minutes=40))
    assert first(desk) == ("kept_late", "backlog")


def test_attending_failed(desk, monkeypatch):
    promised(desk)
    real = desk.outbox.send
    monkeypatch.setattr(desk.outbox, "send", lambda *_: 1 / 0)
    desk.clock.move(START + timedelta(minutes=30))
    Marker(desk.store, desk.clock).mark()
    desk.drain()
    desk.pass_(minutes=5)
    monkeypatch.setattr(desk.outbox, "send", real)
    desk.pass_(minutes=10)
    assert first(desk) == ("kept_late", "failed")


def test_a_draft_that_waits_and_an_agent_who_writes_at_last(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        ticket = promised(desk)
        desk.pass_(minutes=40)
        assert desk.promises()[0].cause == "draft_waiting"
        desk.agent_says(ticket)
        assert first(desk) == ("kept_late", "draft_waiting")


# --- never -------------------------------------------------------------------------------------------------------------


def closed_without_a_word(desk, ticket):
    desk.pass_(minutes=10)
    desk.happen(ticket.evolve(state="resolved", resolution="duplicate", revision="0009", resolved_at=desk.clock.now()))
    desk.pass_(minutes=10)


def test_refused_and_never_said(desk):
    ticket = promised(desk)
    desk.platform.faults = ["refused"]
    desk.pass_(minutes=30)
    closed_without_a_word(desk, ticket)
    assert first(desk) == ("missed", "refused")


def test_stopped_by_the_guard(desk, monkeypatch):
    ticket = promised(desk)
    monkeypatch.setattr(desk.rulebook, "render", lambda *_, **__: Words("host pos-gw-03", leak="a host name"))
    desk.pass_(minutes=30)
    monkeypatch.undo()
    closed_without_a_word(desk, ticket)
    assert first(desk) == ("missed", "guard")


def test_a_draft_that_nobody_approved(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        ticket = promised(desk)
        desk.pass_(minutes=30)
        closed_without_a_word(desk, ticket)
        assert first(desk) == ("missed", "draft_waiting")


def test_an_alarm_that_nobody_ended(desk):
    ticket = promised(desk)
    desk.pauses.alarm("acme", "An internal note came out public.")
    desk.pass_(minutes=90)
    closed_without_a_word(desk, ticket)
    assert first(desk) == ("missed", "alarm")


def test_no_rule_has_words_any_more(tmp_path):
    with bench(tmp_path, rules=SILENT) as desk:
        promised(desk)
        desk.pass_(minutes=40)
        assert first(desk) == ("missed", "no_words")


def test_muted_since(desk):
    promised(desk)
    muted = replace(desk.sites["acme"], speaks=("agents",))
    desk.connectors.sites["acme"] = desk.connectors.made["acme"].site = muted
    desk.pass_(minutes=40)
    assert first(desk) == ("missed", "muted")


def test_a_gate_that_fires_after_it_was_due(tmp_path):
    with bench(tmp_path, rules=GATED) as desk:
        ticket = promised(desk)
        secret = ticket.evolve(category="security", revision="0002")
        desk.platform.tickets[ticket.ref] = snapshot_of(secret)
        slept(desk, until=START + timedelta(hours=1))
        assert first(desk) == ("missed", "gated")


def test_a_gate_that_fires_in_time_withdraws_it(tmp_path):
    with bench(tmp_path, rules=GATED) as desk:
        ticket = promised(desk)
        desk.pass_(minutes=10)
        desk.happen(ticket.evolve(category="security", revision="0002"))
        assert first(desk) == ("withdrawn", "")


# --- tallies -----------------------------------------------------------------------------------------------------------


def tallied(desk):
    with desk.store.look() as look:
        return {(t.state, t.priority, t.cause): t.number for t in tallies.read(look) if t.number}


def test_tallies_are_what_counting_would_tell(desk):
    for number, priority in enumerate(("P1", "P3", "P3", "")):
        promised_one = incident(str(number), priority=priority)
        desk.happen(promised_one)
    desk.platform.faults = ["paused_site"]
    desk.pass_(minutes=100)
    counted = Counter((p.state, p.priority, p.cause) for p in desk.promises(None))
    assert tallied(desk) == counted
    assert ("open", "P3", "") in counted


def test_what_a_confidential_gate_ends_is_counted_nowhere(tmp_path):
    with bench(tmp_path, rules=GATED) as desk:
        ticket = promised(desk)
        desk.happen(ticket.evolve(category="security", revision="0002"))
        assert tallied(desk) == {}


def test_a_promise_is_of_the_priority_it_was_made_with(desk):
    ticket = promised(desk, group="Till support")
    desk.happen(ticket.evolve(priority="P1", revision="0002"))
    rows = sorted(desk.promises(None), key=lambda p: p.made_at)
    assert [(p.priority, p.team) for p in rows] == [("P3", "Till support"), ("P1", "Till support")]


def test_the_ticket_knows_whose_child_it_is(desk):
    desk.happen(incident("9"))
    desk.happen(incident(parent=Parent("9")))
    row = next(t for t in desk.rows(tables.tickets) if t.id == "1")
    assert (row.parent, row.priority) == ("9", "P3")


# --- the words of a late update ------------------------------------------------------------------------------------------


def updates(desk):
    return [text for text in desk.platform.letters("requester") if "Still on it" in text]


def test_an_update_in_time_apologises_for_nothing(desk):
    promised(desk)
    desk.pass_(minutes=31)
    assert updates(desk) == ["Still on it. We will write again by 10:00 today."]


def test_a_late_update_says_so_and_promises_what_is_to_come(desk):
    promised(desk)
    desk.platform.deaf = Unavailable("down")
    desk.pass_(minutes=45)
    desk.platform.deaf = None
    desk.pass_(minutes=1)
    (said,) = updates(desk)
    assert said.startswith("We said we would write by 09:30 today, and we are late.\nStill on it.")
    assert re.search(r"again by 10:1[56] today", said)


def test_a_rule_that_speaks_of_the_promised_time_is_left_alone(tmp_path):
    own = RULES.replace("Still on it.", "Still on it. You heard nothing {{ promised.text }}.")
    with bench(tmp_path, rules=own) as desk:
        promised(desk)
        slept(desk, until=START + timedelta(hours=1))
        assert updates(desk) == ["Still on it. You heard nothing by 09:30 today. We will write again by 10:30 today."]


def test_words_held_up_on_their_way_are_made_anew(desk):
    """They were about to leave in time; the platform asked to wait."""
    promised(desk)
    desk.platform.faults, desk.platform.pause = ["paused_site"], timedelta(minutes=50)
    desk.pass_(minutes=90)
    (said,) = updates(desk)[:1]
    assert "we are late" in said
    assert re.search(r"again by 10:5[01] today", said)


def test_stopped_for_hours_it_is_told_once_with_the_truth(desk):
    """Six updates would have been due meanwhile; who reads it now needs one."""
    for number in range(5):
        desk.happen(incident(str(number)))
    slept(desk, until=START + timedelta(hours=3, minutes=10))
    assert len(updates(desk)) == 5
    assert set(updates(desk)) == {
        "We said we would write by 09:30 today, and we are late.\nStill on it. We will write again by 12:40 today."
    }
    assert Counter((p.state, p.cause) for p in desk.promises(None)) == {
        ("kept_late", "liaison_down"): 5,
        ("open", ""): 5,
    }


# --- the most urgent first -----------------------------------------------------------------------------------------------


def test_what_falls_due_together_is_told_by_urgency(desk):
    for number, priority in enumerate(("P4", "P3", "P2", "P1", "", "P5")):
        desk.happen(incident(str(number), priority=priority))
    desk.pass_(minutes=30)
    refs = [s.ref.id for s in desk.platform.standing if "Still on it" in s.letter.parts[0].paragraphs[0].text]
    assert refs == ["3", "2", "1", "4", "0", "5"]


def test_news_goes_before_what_is_less_urgent(desk):
    """Nobody knows yet what a webhook is about: it may be the next outage."""
    for number in range(3):
        desk.happen(incident(str(number)))
    desk.clock.move(START + timedelta(minutes=30))
    desk.receive(incident("9", priority="P1", opened_at=desk.clock.now()))
    desk.drain()
    refs = list(dict.fromkeys(letter.ref.id for letter in desk.platform.writes))
    assert refs == ["0", "1", "2", "9"]
    assert [letter.ref.id for letter in desk.platform.writes][6] == "9"


def test_nobody_waits_for_ever(desk):
    """Who is one rank less urgent waits half an hour longer at most."""
    desk.happen(incident("1", priority="P3"))
    desk.clock.move(START + timedelta(minutes=30))
    desk.clock.move(START + timedelta(minutes=95))
    desk.receive(incident("9", priority="P1", opened_at=desk.clock.now()))
    desk.drain()
    assert [letter.ref.id for letter in desk.platform.writes][2:4] == ["1", "9"]


# --- within the platform's limits ----------------------------------------------------------------------------------------


def test_a_paused_site_is_not_even_asked(desk):
    """Thirty promises fall due while it asked us to wait: no request leaves before then, and each is told once."""
    for number in range(30):
        desk.happen(incident(str(number)))
    desk.platform.faults = ["paused_site"]
    desk.clock.move(START + timedelta(minutes=30))
    desk.drain()
    before = (desk.platform.reads, len(desk.platform.writes))
    desk.clock.move(START + timedelta(minutes=31))
    desk.drain()
    assert (desk.platform.reads, len(desk.platform.writes)) == before
    desk.pass_(minutes=3)
    assert len(updates(desk)) == 30
    assert {(p.state, p.cause) for p in desk.promises(None)} == {("kept_late", "paused"), ("open", "")}
