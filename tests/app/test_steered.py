"""Commands work exactly once, whatever crashes, doubles or arrives late. The parts of `app` over a scripted platform."""

from datetime import timedelta

import pytest

from app import tables
from core.notes import Audience
from core.sightings import Author, Comment
from tests.support.scripted import RULES, START, Killed, bench, incident

R, A = Audience.REQUESTER, Audience.AGENTS
TICKET = incident(state="in_progress", updated_at=START)
GATED = "gates: [{id: secret, when: {category: security}, silence: all, because: It is confidential.}]\n"


@pytest.fixture(params=[False, True], ids=["each its own letter", "one letter for both"])
def desk(request, tmp_path):
    """A ticket that was spoken about at 09:00, with a promise for 09:30."""
    with bench(tmp_path / "b", joins=request.param, edits=not request.param) as one:
        one.happen(TICKET)
        one.pass_(minutes=5)
        yield one


def order(desk, text, identity="h1", *, at=None, **about):
    comment = Comment(identity, at or desk.clock.now(), Author.AGENT, "anna", public=False, text=text)
    desk.happen(TICKET, comment=Comment(**{**vars(comment), **about}))


def said(desk):
    """To the requester, after the first word."""
    return desk.platform.letters(R)[1:]


def answers(desk):
    return [text.rpartition("\n")[0] for text in desk.platform.letters(A) if "answering a command" in text]


def test_a_comment_that_arrives_twice_works_once(desk):
    """As the same delivery again, under another id a second later (a journal's row), and after a restart."""
    order(desk, "/liaison say We found it.")
    order(desk, "/liaison say We found it.")
    order(desk, "/liaison  say We found it.", "row-7", at=desk.clock.now() - timedelta(seconds=1))
    again = desk.crash()
    order(again, "/liaison say We found it.")
    assert [text.partition("\n")[0] for text in said(again)] == ["We found it."]
    assert len(answers(again)) == 1
    again.close()


def test_the_same_words_later_are_a_new_command(desk):
    order(desk, "/liaison say We are at it.")
    desk.pass_(minutes=1)
    order(desk, "/liaison say We are at it.", "h2")
    assert len(said(desk)) == 2


def test_an_edited_comment_does_not_run_again(desk):
    order(desk, "/liaison mute")
    order(desk, "/liaison unmute", edited=True)
    assert len(answers(desk)) == 1
    assert answers(desk)[0].startswith("Muted")


def test_a_command_that_was_edited_in_later_is_answered_once_and_not_done(desk):
    order(desk, "just a thought")
    order(desk, "/liaison mute", edited=True)
    order(desk, "/liaison mute now", edited=True)
    assert answers(desk) == ["I read commands only when a comment is first written. Please write it as a new comment."]
    assert desk.promises()


def test_written_and_edited_before_anybody_looked_counts_as_written(desk):
    at = desk.clock.now()
    written = Comment("h1", at, Author.AGENT, "anna", public=False, text="/liaison say One.")
    desk.receive(TICKET, comment=written)
    desk.receive(
        TICKET, comment=Comment("h1", at, Author.AGENT, "anna", public=False, text="/liaison say Two.", edited=True)
    )
    desk.drain()
    assert [text.partition("\n")[0] for text in said(desk)] == ["One."]


@pytest.mark.parametrize("fault", ["killed", "killed_after", "in_doubt", "lost_reply"])
def test_whatever_breaks_while_it_is_sent_it_stands_once(desk, fault):
    desk.platform.faults = [fault]
    try:
        order(desk, "/liaison say We found it.")
    except Killed:
        desk = desk.crash()
    desk.pass_(minutes=20)
    desk.pass_(minutes=5)
    assert [text.partition("\n")[0] for text in said(desk)][:1] == ["We found it."]
    assert len(answers(desk)) == 1
    assert len(desk.platform.markers()) == len(set(desk.platform.markers()))


def test_a_crash_before_the_commit_leaves_the_command_to_be_done(desk):
    desk.receive(
        TICKET, comment=Comment("h1", desk.clock.now(), Author.AGENT, "anna", public=False, text="/liaison mute")
    )
    again = desk.crash()
    again.drain()
    assert len(answers(again)) == 1
    assert again.promises() == []
    again.close()


def test_what_comes_hours_late_is_answered_and_not_done(desk):
    at = desk.clock.now()
    desk.pass_(hours=7)
    before = len(said(desk))
    order(desk, "/liaison say We found it.", at=at)
    assert len(said(desk)) == before
    assert answers(desk)[0].startswith("This comment reached me too late")


def test_two_hours_are_counted_from_when_they_were_written(desk):
    at = desk.clock.now()
    desk.pass_(minutes=20)
    order(desk, "/liaison next 1h", at=at)
    assert [p.due[11:16] for p in desk.promises()] == ["10:05"]


def test_old_commands_in_a_ticket_that_liaison_sees_for_the_first_time_are_nobodys_business(tmp_path):
    with bench(tmp_path / "b") as one:
        one.pass_(hours=9)
        comment = Comment("h1", START, Author.AGENT, "anna", public=False, text="/liaison help")
        one.happen(TICKET, comment=comment)
        assert answers(one) == []


def test_a_ticket_that_is_just_taken_over_answers(tmp_path):
    with bench(tmp_path / "b") as one:
        old = TICKET.evolve(opened_at=START - timedelta(days=3))
        comment = Comment("h1", START, Author.AGENT, "anna", public=False, text="/liaison why")
        one.happen(old, comment=comment)
        assert answers(one)[0].startswith("The requester has not heard from me in this ticket.")


@pytest.mark.parametrize(
    "about",
    [
        {"author": Author.CUSTOMER},
        {"author": Author.BOT},
        {"author": Author.LIAISON},
        {"public": True},
        {"marker": "0b5d4b52-0000-5000-8000-000000000000"},
    ],
    ids=["customer", "robot", "ourselves", "public", "our marker"],
)
def test_only_an_agents_internal_comment_counts(desk, about):
    order(desk, "/liaison mute", **about)
    assert answers(desk) == []
    assert len(said(desk)) == 0
    assert not any(row.moment == "answered" for row in desk.rows(tables.notes))


@pytest.mark.parametrize("about", [{"public": None}, {"author": Author.UNKNOWN}], ids=["readers", "author"])
def test_where_readers_or_author_are_not_known_the_comment_is_read_again(desk, about):
    order(desk, "/liaison mute", **about)
    assert answers(desk) == []
    known = Comment("h2", desk.clock.now(), Author.AGENT, "anna", public=False, text="/liaison mute")
    desk.platform.comments["h2"] = known
    order(desk, "/liaison mute", "h2", **about)
    assert len(answers(desk)) == 1


def test_a_gated_ticket_does_not_answer_and_the_journal_says_why(tmp_path):
    with bench(tmp_path / "b", rules=RULES + GATED) as one:
        one.happen(TICKET.evolve(category="security"))
        comment = Comment("h1", one.clock.now(), Author.AGENT, "anna", public=False, text="/liaison say Hello.")
        one.happen(TICKET.evolve(category="security"), comment=comment)
        assert one.platform.writes == []
        assert ("answered", "", "gated") in one.reasons()


def test_words_that_wait_go_with_the_ticket_when_it_becomes_confidential(tmp_path):
    """The platform is away when an agent says something, and a gate fires before it is back."""
    with bench(tmp_path / "b", rules=RULES + GATED) as one:
        one.happen(TICKET)
        one.platform.faults = ["unavailable"]
        comment = Comment(
            "h1", one.clock.now(), Author.AGENT, "anna", public=False, text="/liaison say It is Eva's till."
        )
        one.happen(TICKET, comment=comment)
        one.happen(TICKET.evolve(category="security", revision="0002"))
        one.pass_(hours=1)
        assert len(one.platform.letters(R)) == 1


def test_words_that_wait_are_not_overtaken_by_what_happens_to_the_ticket(tmp_path):
    with bench(tmp_path / "b") as one:
        one.happen(TICKET)
        one.platform.faults = ["unavailable"]
        comment = Comment("h1", one.clock.now(), Author.AGENT, "anna", public=False, text="/liaison say We found it.")
        one.happen(TICKET, comment=comment)
        one.happen(TICKET.evolve(state="resolved", resolution="fixed", revision="0002"))
        one.pass_(minutes=10)
        assert sorted(text.partition("\n")[0] for text in one.platform.letters(R)[1:]) == ["Solved.", "We found it."]


def test_the_living_note_of_agents_is_not_touched_by_answers(tmp_path):
    with bench(tmp_path / "b") as one:
        one.happen(TICKET)
        living = one.platform.letters(A)[0]
        order(one, "/liaison help")
        assert one.platform.letters(A)[0] == living
        assert len(one.platform.letters(A)) == 2
        one.happen(TICKET.evolve(priority="P1", revision="0002"))
        assert "Look sooner." in one.platform.letters(A)[0]
        assert len(one.platform.letters(A)) == 2


def test_a_time_chosen_while_words_are_on_their_way_is_what_they_promise(tmp_path):
    with bench(tmp_path / "b") as one:
        one.platform.faults = ["unavailable", "unavailable"]
        one.happen(TICKET)
        order(one, "/liaison next 10:45")
        one.pass_(minutes=5)
        assert one.platform.letters(R) == ["We look into it. We will write again by 10:45 today."]
        assert [p.due[11:16] for p in one.promises()] == ["10:45"]


def test_what_an_agent_orders_is_kept_under_their_name(desk):
    order(desk, "/liaison mute", author_name="Anna Agent")
    assert "Muted, by Anna Agent." in [j.detail for j in desk.rows(tables.journal)]
    assert [(a.who, a.what) for a in desk.rows(tables.audit)] == [("Anna Agent", "/liaison mute")]


def test_one_promise_stays_open_whatever_is_ordered_at_once(desk):
    order(desk, "/liaison mute\n/liaison unmute\n/liaison next 10:20\n/liaison next 10:40\n/liaison say We found it.")
    assert [p.due[11:16] for p in desk.promises()] == ["10:40"]
    desk.pass_(hours=2)
    assert len(desk.promises()) == 1
