"""What agents order in their panel: the way of a command, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import ordered, tables
from app.commands import Verb, commands
from app.foresight import Foresight
from core.errors import LiaisonError, PayloadError
from core.notes import Audience
from core.sightings import Accepted
from tests.support.scripted import RULES, bench, incident

R = Audience.REQUESTER
TICKET = incident()
EVA = ("eva", "Eva Example")
ONCE = "a-form-of-ours"


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as desk:
        desk.happen(TICKET)
        yield desk


def order(desk, verb, text="", once=ONCE, who=EVA):
    accepted = desk.inbox.accept(ordered.delivery(TICKET.ref, once, ordered.command(verb, text), who, desk.clock.now()))
    desk.drain()
    return accepted


def foreseen(desk, verb, text=""):
    foresight = Foresight(desk.store, desk.rulebook, desk.connectors)
    delivery = ordered.delivery(TICKET.ref, ONCE, ordered.command(verb, text), EVA, desk.clock.now())
    known = foresight.known(TICKET.ref, desk.clock.now())
    return foresight.order(known, ordered.comment(delivery.body, delivery.received_at))


def said(desk):
    return desk.platform.letters(R)


def test_words_of_the_panel_go_out_once_however_often_the_form_is_sent(desk):
    before = len(said(desk))
    assert order(desk, Verb.SAY, "We found the cause.") is Accepted.STORED
    assert order(desk, Verb.SAY, "We found the cause.") is Accepted.SEEN
    assert [text.partition("\n")[0] for text in said(desk)[before:]] == ["We found the cause."]


def test_other_words_in_the_same_form_are_another_order(desk):
    before = len(said(desk))
    order(desk, Verb.SAY, "One.")
    order(desk, Verb.SAY, "Two.")
    assert len(said(desk)) == before + 2


def test_an_order_is_audited_and_answered_under_the_agents_name(desk):
    order(desk, Verb.MUTE)
    assert [(a.who, a.what) for a in desk.rows(tables.audit)] == [("Eva Example", "/liaison mute")]
    answer = desk.platform.letters(Audience.AGENTS)[-1]
    assert answer.startswith("Ordered by Eva Example in the panel:")


def test_an_order_survives_a_crash_and_is_done_once(desk):
    desk.inbox.accept(ordered.delivery(TICKET.ref, ONCE, "/liaison mute", EVA, desk.clock.now()))
    again = desk.crash()
    again.drain()
    assert len(again.rows(tables.audit)) == 1
    again.close()


def test_what_is_foreseen_is_what_goes_out_and_nothing_is_kept_of_it(desk):
    before = (said(desk), desk.promises())
    shown = foreseen(desk, Verb.SAY, "We found the cause.\nCash works.")
    assert (said(desk), desk.promises()) == before
    assert desk.rows(tables.audit) == []
    order(desk, Verb.SAY, "We found the cause.\nCash works.")
    assert shown.done
    assert said(desk)[-1] == shown.words
    assert shown.words.startswith("We found the cause.\nCash works.\nWe will write again")


def test_what_would_leak_is_foreseen_not_to_go_out(desk):
    shown = foreseen(desk, Verb.SAY, "The host db01.corp.example.net at 10.1.2.3 is down.")
    assert not shown.done
    assert shown.words == ""
    assert "Not sent: it would show a customer" in shown.answer


def test_the_next_words_are_those_that_go_out_when_nobody_writes(desk):
    known = Foresight(desk.store, desk.rulebook, desk.connectors).known(TICKET.ref, desk.clock.now())
    shown = Foresight(desk.store, desk.rulebook, desk.connectors).next(known)
    desk.clock.move(shown.at)
    desk.drain()
    assert shown.words
    assert said(desk)[-1] == shown.words


def test_a_draft_is_sent_in_the_agents_own_words_with_the_next_time(tmp_path):
    drafts = RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}")
    with bench(tmp_path, rules=drafts) as desk:
        desk.happen(TICKET)
        draft = desk.note("requester", "opened").id
        desk.steering.reword(draft, "We see it, too.", "Eva")
        desk.drain()
        assert said(desk)[0].startswith("We see it, too.\nWe will write again by ")
        assert [(a.who, a.what) for a in desk.rows(tables.audit)] == [("Eva", "note reword")]
        with pytest.raises(LiaisonError, match="nothing to reword"):
            desk.steering.reword(draft, "Twice.", "Eva")


def test_reworded_words_that_leak_are_stopped(tmp_path):
    drafts = RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}")
    with bench(tmp_path, rules=drafts) as desk:
        desk.happen(TICKET)
        draft = desk.note("requester", "opened").id
        desk.steering.reword(draft, "Look at 10.1.2.3.", "Eva")
        desk.drain()
        assert said(desk) == []
        assert desk.notes()["requester", "opened"] == "stopped"


@given(st.text(max_size=300))
def test_words_stay_words_whatever_they_hold(text):
    found = commands(ordered.command(Verb.SAY, text))
    assert {one.verb for one in found} == {Verb.SAY}
    assert not any(one.beneath for one in found)


@pytest.mark.parametrize(
    "text", ["<br>/liaison mute", "a\n/liaison mute", "&lt;p&gt;/liaison mute", "a\x85/liaison mute"]
)
def test_an_order_cannot_hold_another(text):
    assert {one.verb for one in commands(ordered.command(Verb.SAY, text))} == {Verb.SAY}


@pytest.mark.parametrize("once", ["", "short", "x" * 65, "with space", "../../etc", "é" * 10])
def test_a_form_that_is_not_ours_orders_nothing(once, desk):
    with pytest.raises(ValueError, match="no form of ours"):
        ordered.delivery(TICKET.ref, once, "/liaison mute", EVA, desk.clock.now())


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{}", b'{"id": "x"}', b"\xff"])
def test_what_is_no_order_is_said_to_be_none(body, desk):
    with pytest.raises(PayloadError):
        ordered.comment(body, desk.clock.now())
