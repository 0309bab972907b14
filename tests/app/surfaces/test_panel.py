"""The agent panel over a real store, between real stand-ins."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app import tables
from app.surfaces.house import house
from app.surfaces.panel import StoredPanel
from core.tickets import TicketRef
from tests.support.world import RULES, world
from tests.ui.pages import Browser, Clock, person
from ui.access import Role

EVA = person(Role.AGENT)
ONCE = "a-form-of-ours"
DRAFTS = RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}")
GATE = RULES + "gates:\n  - {id: secret, when: {category: security}, silence: all, because: It is secret.}\n"


@pytest.fixture
def one(tmp_path):
    with world(tmp_path) as one:
        yield one


def opened(one):
    key = one.on_snow(who="caller", short_description="Till 3", caller_id="nora.klein", impact="2", urgency="2")
    one.pass_(minutes=3)
    return key


def lines(texts):
    """Platforms set paragraphs apart, each in its way."""
    return [[line for line in text.split("\n") if line] for text in texts]


def test_words_of_the_panel_arrive_as_one_public_comment(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    ref, before = one.ref(key), len(one.said(key))
    shown = panel.preview(ref, "say", "We found the cause.", EVA)
    for _ in range(2):
        assert panel.order(ref, "say", "We found the cause.", ONCE, EVA).refusal == ""
    (under_way,) = panel.panel(ref).ordered
    assert (under_way.words, under_way.answer) == ("Say: We found the cause.", "")
    one.driver.settle()
    assert lines(one.said(key)[before:]) == lines([shown.words])
    assert shown.words.startswith("We found the cause.")
    assert "The requester now reads" in panel.panel(ref).ordered[0].answer
    assert panel.order(ref, "say", "We found the cause.", ONCE, EVA).answer.startswith("This was ordered already")
    one.pass_(minutes=1)
    assert len(one.said(key)) == before + 1
    with one.liaison.store.read() as connection:
        assert [(row.who, row.what) for row in connection.execute(tables.audit.select())] == [
            ("Eva Example", "/liaison say")
        ]


def test_the_panel_shows_the_very_words_that_go_out_next(one):
    key = opened(one)
    seen = StoredPanel(one.liaison).panel(one.ref(key))
    assert seen.impact == "Work is slower."
    assert seen.told[0].text == one.said(key)[-1]
    assert seen.coming.at == seen.promise.due
    one.pass_(minutes=35)
    assert lines([one.said(key)[-1]]) == lines([seen.coming.words])


def test_looking_and_typing_change_nothing(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    before = (one.rows(tables.journal, key), one.rows(tables.notes, key), one.rows(tables.promises, key))
    panel.panel(one.ref(key))
    for verb, text in (("say", "One."), ("next", "2h"), ("mute", ""), ("unmute", ""), ("fact", "cause-found")):
        panel.preview(one.ref(key), verb, text, EVA)
    one.driver.settle()
    assert (one.rows(tables.journal, key), one.rows(tables.notes, key), one.rows(tables.promises, key)) == before


def test_a_time_a_phrase_and_silence_are_ordered(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    ref = one.ref(key)
    due = panel.panel(ref).promise.due
    panel.order(ref, "next", "10m", ONCE, EVA)
    one.driver.settle()
    assert panel.panel(ref).promise.due < due
    name, words = next(iter(panel.panel(ref).phrases.items()))
    panel.order(ref, "fact", name, ONCE, EVA)
    one.driver.settle()
    assert words.rstrip(".") in one.said(key)[-1]
    panel.order(ref, "mute", "", ONCE, EVA)
    one.driver.settle()
    seen = panel.panel(ref)
    assert seen.muted == "Muted by Eva Example."
    assert seen.muted_until is None
    assert seen.promise is None
    panel.order(ref, "unmute", "", ONCE, EVA)
    one.driver.settle()
    assert panel.panel(ref).muted == ""


@pytest.mark.parametrize(
    ("verb", "text", "why"),
    [
        ("say", "", "Write the words first."),
        ("say", "Look at 10.1.2.3", "Not sent: it would show a customer"),
        ("say", "x" * 2001, "2,000 are the most"),
        ("say", "a\n" * 12, "more than ten lines"),
        ("next", "never", "Nothing was changed."),
        ("next", "", "When?"),
        ("fact", "no-such", "There is no phrase"),
        ("unmute", "", "This ticket is not muted."),
        ("why", "", "This form is too old."),
        ("", "", "This form is too old."),
    ],
)
def test_what_cannot_be_done_is_said_and_not_stored(one, verb, text, why):
    key, panel = opened(one), StoredPanel(one.liaison)
    before = len(one.entries(key))
    assert why in panel.order(one.ref(key), verb, text, ONCE, EVA).refusal
    one.driver.settle()
    assert len(one.entries(key)) == before
    assert panel.panel(one.ref(key)).ordered == ()


def test_words_that_look_like_markup_or_commands_arrive_as_they_were_typed(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    text = "Tills 1 & 2: 5 > 3 &amp; so on.\n/liaison mute"
    assert panel.order(one.ref(key), "say", text, ONCE, EVA).refusal == ""
    one.driver.settle()
    assert panel.panel(one.ref(key)).muted == ""
    assert lines([one.said(key)[-1]])[0][:2] == ["Tills 1 & 2: 5 > 3 &amp; so on.", "/liaison mute"]
    for markup in ("<script>alert(1)</script>", "[code]<b>x</b>[/code]"):
        assert "markup" in panel.preview(one.ref(key), "say", markup, EVA).refusal


def test_a_draft_is_approved_reworded_or_dropped(tmp_path):
    with world(tmp_path, DRAFTS) as one:
        panel = StoredPanel(one.liaison)
        first, second, third = (opened(one) for _ in range(3))
        (draft,) = panel.panel(one.ref(first)).waiting
        assert draft.words.startswith("We look into")
        assert "Not sent" in panel.decide(one.ref(first), "reword", draft.id, "It is 10.1.2.3", EVA)
        assert panel.decide(one.ref(second), "approve", draft.id, "", EVA) != "", "a note of another ticket"
        assert panel.decide(one.ref(first), "approve", draft.id, "", EVA) == ""
        assert "nothing to approve" in panel.decide(one.ref(first), "approve", draft.id, "", EVA)
        (draft,) = panel.panel(one.ref(second)).waiting
        shown = panel.preview(one.ref(second), draft.id, "We see it, too.", EVA)
        assert panel.decide(one.ref(second), "reword", draft.id, "We see it, too.", EVA) == ""
        (draft,) = panel.panel(one.ref(third)).waiting
        assert panel.decide(one.ref(third), "drop", draft.id, "", EVA) == ""
        one.driver.settle()
        assert one.said(first)[0].startswith("We look into")
        assert lines(one.said(second)) == lines([shown.words])
        assert one.said(third) == []


def test_a_held_ticket_shows_its_gate_and_takes_no_orders(tmp_path):
    with world(tmp_path, GATE) as one:
        key = one.on_snow(who="caller", short_description="Leak", caller_id="nora.klein", category="security")
        panel, ref = StoredPanel(one.liaison), one.ref(key)
        seen = panel.panel(ref)
        assert "secret" in seen.held_by
        assert (seen.ticket, seen.key, seen.told) == (None, "", ())
        assert "held" in panel.order(ref, "say", "Hello.", ONCE, EVA).refusal
        assert "held" in panel.preview(ref, "say", "Hello.", EVA).refusal
        assert "held" in panel.decide(ref, "approve", "x", "", EVA)


def test_nobody_heard_of_an_unknown_ticket(one):
    panel = StoredPanel(one.liaison)
    assert panel.panel(TicketRef("servicenow", "none")) is None
    assert panel.order(TicketRef("servicenow", "none"), "mute", "", ONCE, EVA).refusal


def test_the_pages_do_all_of_it_over_the_real_store(one):
    key = opened(one)
    ref = one.ref(key)
    browser = Browser(replace(house(one.liaison), wall=Clock()))
    browser.sign_in(EVA)
    once = browser.get(f"/panel/servicenow/{key}").text.partition('name="once" value="')[2].partition('"')[0]
    form = {"verb": "say", "text": "We found the cause.", "once": once}
    token = browser.get(f"/panel/servicenow/{key}").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for _ in range(2):
        answer = browser.ask("POST", f"/panel-order/servicenow/{ref.id}", data={**form, "csrf_token": token})
        assert answer.status_code == 303
    one.driver.settle()
    assert sum("We found the cause." in text for text in one.said(key)) == 1


def test_it_says_why_the_words_were_said_and_who_is_told_when_nobody_writes(one):
    key = opened(one)
    panel = StoredPanel(one.liaison)
    seen = panel.panel(one.ref(key))
    because = seen.because[seen.told[0].id]
    assert (because.rule, because.wanted, because.own_words) == ("any", "kind incident", False)
    assert because.where.startswith("rules.yaml:")
    panel.order(one.ref(key), "say", "We found the cause.", ONCE, EVA)
    one.driver.settle()
    seen = panel.panel(one.ref(key))
    assert seen.because[seen.told[0].id].own_words


ESCALATING = RULES.replace(
    "every: 30m}", "every: 30m, remind: 5m, when_missed: escalate, escalate: [{after: 5m, tell: lead}]}"
)


def test_reminders_and_escalations_are_foretold_and_ticked_off(tmp_path):
    with world(tmp_path, ESCALATING) as one:
        key, panel = opened(one), StoredPanel(one.liaison)
        seen = panel.panel(one.ref(key))
        due = seen.promise.due
        assert [(s.at - due, s.tell, s.done) for s in seen.escalations] == [
            (timedelta(minutes=-5), "", False),
            (timedelta(minutes=5), "lead", False),
        ]
        one.pass_(minutes=26)
        assert [s.done for s in panel.panel(one.ref(key)).escalations] == [True, False]
        one.pass_(minutes=11)
        assert [s.done for s in panel.panel(one.ref(key)).escalations] == [True, True]


def test_why_is_what_the_rules_weigh_now(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    why = panel.why(one.ref(key))
    assert (why.speaks, why.winner.rule, why.winner.wanted) == (True, "any", "kind is incident")
    assert "incident" in [rule for rule, _ in why.beaten], "the shipped pack has words, too"
    assert why.pace[0][0].startswith("every 30 minutes")
    assert panel.why(TicketRef("servicenow", "none")) is None


def test_an_agent_makes_and_ends_links_to_the_requesters_page(one):
    key, panel = opened(one), StoredPanel(one.liaison)
    ref, page = one.ref(key), Browser(house(one.liaison))
    made = panel.link(ref, EVA)
    other = panel.link(ref, EVA)
    assert page.get(made.path).status_code == 200
    newest, first = panel.panel(ref).links
    assert newest.until > newest.made_at
    assert panel.unlink(ref, first.id, EVA)
    assert not panel.unlink(ref, first.id, EVA)
    assert page.get(made.path).status_code == 404
    assert page.get(other.path).status_code == 200
    assert [one.id for one in panel.panel(ref).links] == [newest.id]
    with one.liaison.store.read() as connection:
        audit = [(row.who, row.what) for row in connection.execute(tables.audit.select())]
    assert audit == [("Eva Example", "link new"), ("Eva Example", "link new"), ("Eva Example", "link revoke")]


def test_a_link_of_another_ticket_is_not_ended_here(one):
    first, second = opened(one), opened(one)
    panel = StoredPanel(one.liaison)
    panel.link(one.ref(first), EVA)
    (link,) = panel.panel(one.ref(first)).links
    assert not panel.unlink(one.ref(second), link.id, EVA)
    assert panel.panel(one.ref(first)).links == (link,)


def test_what_a_gate_holds_gets_no_link_and_no_reasons(tmp_path):
    with world(tmp_path, GATE) as one:
        key = one.on_snow(who="caller", short_description="Secret", category="security")
        panel = StoredPanel(one.liaison)
        assert panel.link(one.ref(key), EVA).path == ""
        assert panel.why(one.ref(key)) is None
