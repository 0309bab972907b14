"""Writing a note once, whatever the platform answers and wherever the process dies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app import tables
from core.errors import LiaisonError, WordsError
from core.notes import Audience
from core.sightings import Author, Comment
from core.tickets import TicketRef
from tests.support.scripted import RULES, START, Killed, bench, incident

OPENED = ("requester", "opened")
ADVICE = ("agents", "opened")
REF = TicketRef("acme", "1")
R, A = Audience.REQUESTER, Audience.AGENTS


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


@pytest.fixture
def joined(tmp_path):
    """A platform that writes requester's and agents' words in one request, and cannot edit."""
    with bench(tmp_path, joins=True, edits=False) as found:
        yield found


def alarms(desk):
    return desk.pauses.alarms()


# --- certain answers ---------------------------------------------------------------------------------------------------


def test_a_note_is_written_once_and_its_comment_is_remembered(desk):
    desk.happen(incident())
    desk.pass_(minutes=5)
    assert desk.notes() == {OPENED: "written", ADVICE: "written"}
    assert desk.platform.markers() == [desk.note(*OPENED).id, desk.note(*ADVICE).id]
    assert desk.note(*OPENED).comment_id == "c1"
    assert desk.note(*OPENED).text == "We look into it. We will write again by 09:30 today."


def test_the_requester_is_written_to_before_the_agents(desk):
    desk.happen(incident())
    assert [part.audience for letter in desk.platform.writes for part in letter.parts] == [R, A]


def test_the_intent_is_on_disk_before_the_request_leaves(desk):
    desk.platform.faults = ["killed"]
    with pytest.raises(Killed):
        desk.happen(incident())
    row = desk.note(*OPENED)
    assert (row.state, row.marker, row.text[:7]) == ("sending", row.id, "We look")


def test_a_promise_opens_only_when_its_words_stand(desk):
    desk.platform.faults = ["unavailable"]
    desk.happen(incident())
    assert desk.promises() == []
    desk.pass_(minutes=1)
    assert [p.due for p in desk.promises()] == ["2026-11-20T09:31:00.000Z"]


def test_unavailable_is_tried_again_later_and_later(desk):
    desk.platform.faults = ["unavailable", "unavailable"] * 3
    desk.happen(incident())
    waits = []
    while desk.note(*OPENED).state == "planned":
        waits.append((desk.engine.next_due() - desk.clock.now()).total_seconds())
        desk.pass_(seconds=waits[-1])
    assert waits == [2, 4, 8]
    assert len(desk.platform.letters(R)) == 1


def test_a_refused_note_waits_for_a_person_and_says_why(desk):
    desk.platform.faults = ["refused"]
    desk.happen(incident())
    desk.pass_(minutes=20)
    assert desk.notes() == {OPENED: "refused", ADVICE: "written"}
    assert "too long" in desk.note(*OPENED).problem
    assert any(j.what == "failed" and "too long" in j.detail for j in desk.rows(tables.journal))
    desk.steering.note("retry", desk.note(*OPENED).id, "Eva")
    desk.drain()
    assert desk.notes()[OPENED] == "written"
    assert len(desk.platform.letters(R)) == 1


def test_a_ticket_that_is_not_there_refuses_the_note(desk):
    desk.platform.faults = ["not_there", "not_there"]
    desk.happen(incident())
    desk.pass_(hours=1)
    assert desk.notes() == {OPENED: "refused", ADVICE: "refused"}


def test_a_pause_of_one_issue_lets_the_others_speak(desk):
    desk.platform.faults = ["paused_issue"]
    desk.happen(incident())
    desk.happen(incident("2"))
    assert desk.platform.letters(ref=REF) == []
    assert len(desk.platform.letters(ref=TicketRef("acme", "2"))) == 2
    desk.pass_(seconds=119)
    assert desk.platform.letters(ref=REF) == []
    desk.pass_(seconds=2)
    assert len(desk.platform.letters(ref=REF)) == 2


def test_a_pause_of_a_site_pauses_every_ticket_of_it_and_no_other_site(tmp_path):
    with bench(tmp_path, sites=("acme", "other")) as desk:
        desk.platform.faults = ["paused_site"]
        desk.happen(incident())
        desk.happen(incident("2"))
        desk.happen(incident(site="other"))
        assert {letter.ref.site for letter in desk.platform.writes[1:]} == {"other"}
        desk.pass_(minutes=3)
        assert len(desk.platform.letters(R)) == 3


def test_after_a_pause_the_most_urgent_go_first(desk):
    desk.happen(incident("1", priority="P1"))
    desk.platform.faults = ["paused_site"]
    for number, priority in ((2, "P4"), (3, "P3"), (4, "P1"), (5, "P2")):
        desk.happen(incident(str(number), priority=priority))
    before = len(desk.platform.standing)
    desk.pass_(minutes=3)
    told = [s.ref.id for s in desk.platform.standing[before:] if s.letter.parts[0].audience is R]
    assert told == ["4", "5", "3", "2"]


def test_a_deleted_living_note_is_written_anew(desk):
    desk.happen(incident())
    living = desk.note(*ADVICE).comment_id
    desk.platform.standing = [s for s in desk.platform.standing if s.comment_id != living]
    desk.happen(incident(priority="P1", revision="0002"))
    assert desk.notes()["agents", "raised"] == "written"
    assert [("Look sooner" in text) for text in desk.platform.letters(A)] == [True]


def test_the_living_note_is_edited_not_repeated(desk):
    desk.happen(incident())
    desk.happen(incident(priority="P1", revision="0002"))
    assert desk.platform.edited == [desk.note(*ADVICE).comment_id]
    assert len(desk.platform.letters(A)) == 1


# --- doubt ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "in_doubt"])
def test_a_note_in_doubt_ends_up_standing_exactly_once(desk, fault):
    desk.platform.faults = [fault]
    desk.happen(incident())
    assert desk.notes()[OPENED] == "in_doubt"
    desk.pass_(minutes=5)
    assert desk.notes() == {OPENED: "written", ADVICE: "written"}
    assert len(desk.platform.letters(R)) == 1
    assert len(desk.promises()) == 1


def test_a_note_found_after_doubt_is_journaled_as_found(desk):
    desk.platform.faults = ["lost_reply"]
    desk.happen(incident())
    desk.pass_(minutes=1)
    assert [j.what for j in desk.rows(tables.journal) if j.note_id == desk.note(*OPENED).id].count("found") == 1


def test_doubt_waits_out_the_settle_time_before_it_looks(desk):
    desk.platform.faults = ["in_doubt"]
    desk.happen(incident())
    desk.pass_(seconds=29)
    assert len(desk.platform.writes) == 1
    desk.pass_(seconds=2)
    assert len(desk.platform.letters(R)) == 1


def test_nothing_more_leaves_for_a_ticket_in_doubt_but_others_speak(desk):
    desk.platform.faults = ["in_doubt"]
    desk.platform.blind = True
    desk.happen(incident())
    desk.pass_(minutes=10)
    assert desk.notes(REF) == {OPENED: "in_doubt", ADVICE: "planned"}
    desk.happen(incident("2"))
    assert len(desk.platform.letters(ref=TicketRef("acme", "2"))) == 2
    assert len([w for w in desk.platform.writes if w.ref == REF]) == 1
    desk.platform.blind = False
    desk.pass_(minutes=10)
    assert desk.notes(REF) == {OPENED: "written", ADVICE: "written"}


def test_a_blind_platform_is_asked_less_and_less_often(desk):
    desk.platform.faults, desk.platform.blind = ["in_doubt"], True
    desk.happen(incident())
    runs = 0
    while desk.clock.now() < START + timedelta(minutes=20):
        runs += 1
        desk.pass_(seconds=max(1, (desk.engine.next_due() - desk.clock.now()).total_seconds()))
    assert runs < 20


def test_a_note_in_doubt_that_a_newer_moment_replaced_is_not_said_late(desk):
    """It is absent; by now the ticket is solved, and "we look into it" would be stale."""
    desk.platform.faults = ["in_doubt"]
    desk.happen(incident())
    desk.receive(incident(state="resolved", resolution="fixed", revision="0002"))
    desk.pass_(minutes=5)
    assert desk.platform.letters(R) == ["Solved."]
    assert desk.notes()[OPENED] == "superseded"
    assert desk.promises() == []


def test_an_internal_note_in_doubt_that_is_found_public_raises_the_alarm(desk, monkeypatch):
    desk.platform.faults = ["", "lost_reply"]
    desk.happen(incident())
    found = desk.connectors.of("acme")
    real = found.find
    monkeypatch.setattr(found, "find", lambda *about: replace(real(*about), public=True))
    desk.pass_(minutes=1)
    assert "acme" in alarms(desk)
    assert desk.platform.letters(A) == []
    assert desk.notes()[ADVICE] == "refused"


# --- crashes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["killed", "killed_after"])
@pytest.mark.parametrize("letter", [0, 1])
def test_a_crash_around_the_request_neither_loses_nor_doubles(tmp_path, fault, letter):
    with bench(tmp_path) as desk:
        desk.platform.faults = [""] * letter + [fault]
        with pytest.raises(Killed):
            desk.happen(incident())
        again = desk.crash()
        again.pass_(minutes=5)
        assert again.notes() == {OPENED: "written", ADVICE: "written"}
        assert sorted(again.platform.markers()) == sorted(n.id for n in again.rows(tables.notes))
        again.close()


def test_a_crash_between_the_answer_and_its_record_is_found_again(tmp_path, monkeypatch):
    with bench(tmp_path) as desk:

        def dies(*_a, **_k):
            raise Killed

        monkeypatch.setattr(desk.outbox, "_written", dies)
        with pytest.raises(Killed):
            desk.happen(incident())
        again = desk.crash()
        again.pass_(minutes=5)
        assert again.notes() == {OPENED: "written", ADVICE: "written"}
        assert len(again.platform.standing) == 2
        again.close()


# --- words that may not leave --------------------------------------------------------------------------------------------


@pytest.fixture
def leaking(monkeypatch):
    """The rule's words show what a customer may not read. `check` finds that; here a value brought it in."""

    def leak(desk, text="host pos-gw-03.prod.acme.local"):
        real = desk.rulebook.render

        def render(message, *about):
            words = real(message, *about)
            return (
                type(words)(f"{words.text} {text}", "a host name")
                if message.rule == "any" and message.audience is R
                else words
            )

        monkeypatch.setattr(desk.rulebook, "render", render)

    return leak


def test_a_leaking_message_without_shipped_words_is_stopped(desk, leaking):
    leaking(desk)
    desk.happen(incident())
    assert desk.notes()[OPENED] == "stopped"
    assert desk.platform.letters(R) == []
    assert "a host name" in desk.note(*OPENED).problem
    desk.pass_(hours=1)
    assert desk.platform.letters(R) == []


@pytest.mark.parametrize("joins", [True, False])
def test_shipped_words_replace_a_leaking_message_and_the_agents_are_told(tmp_path, leaking, joins):
    with bench(tmp_path, packs=True, joins=joins, edits=not joins) as desk:
        leaking(desk)
        desk.happen(incident())
        desk.pass_(minutes=3)
        (said,) = desk.platform.letters(R)
        assert said.startswith("Thank you for your report.")
        assert "pos-gw" not in said
        (advice,) = desk.platform.letters(A)
        assert "Held back: the words of rule any would show a customer a host name." in advice


def test_words_that_cannot_be_made_fall_back_to_the_shipped_ones(tmp_path, monkeypatch):
    with bench(tmp_path, packs=True) as desk:
        real = desk.rulebook.render

        def render(message, *about):
            if message.rule == "any" and message.audience is R:
                raise WordsError("there is no location", where="rules.yaml:8")
            return real(message, *about)

        monkeypatch.setattr(desk.rulebook, "render", render)
        desk.happen(incident())
        desk.pass_(minutes=3)
        assert desk.platform.letters(R)[0].startswith("Thank you for your report.")
        assert "there is no location" in desk.note(*OPENED).problem


def test_an_internal_note_that_came_out_public_stops_the_site(desk):
    desk.platform.faults = ["", "public"]
    desk.happen(incident())
    assert "public" in alarms(desk)["acme"]
    assert desk.platform.letters(A) == []
    assert "was removed" in desk.note(*ADVICE).problem
    desk.happen(incident("2"))
    desk.pass_(hours=2)
    assert desk.platform.letters(ref=TicketRef("acme", "2")) == []
    desk.steering.end_alarm("acme", "Eva")
    desk.pass_(seconds=1)
    assert len(desk.platform.letters(ref=TicketRef("acme", "2"))) == 2


def test_an_alarm_outlives_a_restart(tmp_path):
    with bench(tmp_path) as desk:
        desk.platform.faults = ["", "public"]
        desk.happen(incident())
        again = desk.crash()
        again.happen(incident("2"))
        assert again.platform.letters(ref=TicketRef("acme", "2")) == []
        again.close()


# --- one request for two audiences ---------------------------------------------------------------------------------------


def test_words_of_one_moment_share_one_request_and_one_marker(joined):
    joined.happen(incident())
    (letter,) = joined.platform.writes
    assert [p.audience for p in letter.parts] == [R, A]
    assert {n.marker for n in joined.rows(tables.notes)} == {letter.marker}
    assert joined.notes() == {OPENED: "written", ADVICE: "written"}
    assert alarms(joined) == {}


def test_a_joined_letter_in_doubt_is_found_for_both(joined):
    joined.platform.faults = ["lost_reply"]
    joined.happen(incident())
    assert set(joined.notes().values()) == {"in_doubt"}
    joined.pass_(minutes=1)
    assert joined.notes() == {OPENED: "written", ADVICE: "written"}
    assert len(joined.platform.writes) == 1
    assert alarms(joined) == {}


def test_an_internal_note_with_no_new_meaning_is_not_repeated_in_a_journal(tmp_path):
    same = RULES.replace('raised: "Look sooner."', 'raised: "Have a look."')
    with bench(tmp_path, rules=same, joins=True, edits=False) as desk:
        desk.happen(incident())
        desk.happen(incident(priority="P1", revision="0002"))
        assert desk.notes()["agents", "raised"] == "superseded"
        assert ("raised", "agents", "same_words") in desk.reasons()
        assert len(desk.platform.letters(A)) == 1
        assert len(desk.platform.letters(R)) == 2


# --- promises ---------------------------------------------------------------------------------------------------------


def test_words_that_name_a_time_always_make_a_promise(desk):
    """`lowered` keeps the standing promise; where none stands, its words promise anew, and that counts."""
    desk.happen(incident(priority="P1"))
    desk.store.write(lambda tx: tx.execute(tables.promises.update().values(state="withdrawn")))
    desk.pass_(minutes=5)
    desk.happen(incident(priority="P3", revision="0002"))
    assert desk.platform.letters(R)[-1] == "Less urgent now. We will write again by 09:35 today."
    assert [p.due for p in desk.promises()] == ["2026-11-20T09:35:00.000Z"]


def test_a_standing_promise_is_repeated_not_moved(desk):
    desk.happen(incident(priority="P1"))
    desk.pass_(minutes=5)
    desk.happen(incident(priority="P3", revision="0002"))
    assert desk.platform.letters(R)[-1] == "Less urgent now. We will write again by 09:30 today."
    assert [p.due for p in desk.promises()] == ["2026-11-20T09:30:00.000Z"]


def test_an_update_that_another_note_kept_meanwhile_is_not_said(desk):
    """A promise falls due in the very moment in which a raised note is in doubt: one word keeps it, not two."""
    desk.happen(incident())
    desk.clock.move(START + timedelta(minutes=30))
    desk.platform.faults = ["lost_reply"]
    desk.happen(incident(priority="P1", revision="0002"))
    desk.pass_(minutes=5)
    assert [text.split(".")[0] for text in desk.platform.letters(R)] == ["We look into it", "More urgent now"]
    assert [p.due for p in desk.promises()] == ["2026-11-20T10:00:00.000Z"]


@pytest.mark.parametrize("fault", ["unavailable", "paused_issue", "paused_site", "in_doubt", "lost_reply"])
def test_a_promised_update_is_said_once_whatever_the_platform_answers_first(desk, fault):
    desk.happen(incident())
    desk.platform.faults = [fault]
    desk.pass_(minutes=40)
    assert [text.split(".")[0] for text in desk.platform.letters(R)] == ["We look into it", "Still on it"]
    assert len(desk.promises()) == 1


def test_news_that_wait_behind_a_doubt_are_not_lost_to_an_update_that_is_due(desk):
    """An update waits behind a doubt, news replace it, and they wait, too: the promise is theirs to keep."""
    desk.happen(incident())
    desk.pass_(minutes=20)
    desk.platform.faults, desk.platform.blind = ["lost_reply"], True
    desk.happen(incident(state="in_progress", revision="0002"))
    desk.pass_(minutes=11)
    desk.happen(incident(state="in_progress", priority="P1", revision="0003"))
    desk.pass_(minutes=9)
    desk.platform.blind = False
    desk.pass_(minutes=5)
    assert [text.split(".")[0] for text in desk.platform.letters(R)] == [
        "We look into it",
        "We have started",
        "More urgent now",
    ]
    assert all(p.due > desk.clock.now().isoformat() for p in desk.promises())


def test_dropping_a_note_that_has_left_is_refused(desk):
    desk.happen(incident())
    with pytest.raises(LiaisonError, match="nothing to drop"):
        desk.steering.note("drop", desk.note(*OPENED).id, "Eva")


def test_a_planned_note_is_not_said_after_the_ticket_ended_with_an_agents_own_words(desk):
    """The platform was down when the ticket was opened; until it is back, an agent has solved it and said so."""
    desk.platform.faults = ["unavailable"] * 20
    desk.happen(incident())
    desk.platform.faults = ["unavailable"]
    solved = incident(state="resolved", resolution="fixed", revision="0002")
    said = Comment("h1", desk.clock.now(), Author.AGENT, "anna", public=True, text="Works again.")
    desk.happen(solved, comment=said)
    desk.platform.faults = []
    desk.pass_(hours=2)
    assert desk.platform.letters(R) == []
    assert desk.notes()[OPENED] in ("superseded", "withdrawn")


def test_words_that_promise_again_are_said_again(tmp_path):
    """The time in the earlier, equal words was withdrawn meanwhile: kept back, they would leave nothing promised."""
    early = RULES.replace("every: 30m", "every: 30m, calendar: early").replace(
        "rules:", 'calendars: {early: {timezone: UTC, open: "06:00-07:00"}}\nrules:', 1
    )
    with bench(tmp_path, rules=early) as desk:
        ticket = incident(state="in_progress")
        desk.happen(ticket)
        for number, again in enumerate(("a", "b")):
            desk.agent_says(ticket, "Which till is it?", identity=again)
            ticket = ticket.evolve(state="on_hold", hold_reason="requester", revision=f"1{number}")
            desk.happen(ticket)
            assert desk.promises() == []
            desk.clock.move(desk.clock.now() + timedelta(minutes=20))
            ticket = ticket.evolve(state="in_progress", hold_reason="", revision=f"1{number}5")
            desk.happen(ticket)
            assert len(desk.promises()) == 1
        assert desk.platform.letters(R)[-2:] == ["We go on. We will write again by 06:30 tomorrow."] * 2
