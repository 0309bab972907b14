"""Looks at a scripted platform: how many, from where, and what is left alone."""

from datetime import timedelta

import pytest

from app import tables
from app.reconcile import Reconciler
from core.errors import Unavailable
from core.notes import Audience
from core.sightings import Author, Comment
from core.tickets import TicketRef
from tests.support.scripted import SITE, START, bench, incident, snapshot_of


@pytest.fixture
def at(tmp_path):
    with bench(tmp_path / "bench") as one:
        yield one


def look(at):
    found = Reconciler(at.store, at.clock, at.connectors, at.inbox).once(SITE)
    at.drain()
    return found


def happened(at, ticket):
    """On the platform alone: its webhook is lost."""
    at.platform.tickets[ticket.ref] = snapshot_of(ticket)


def test_three_hundred_tickets_enter_the_inbox_once(at):
    for number in range(300):
        happened(at, incident(str(number)))
    reconciler = Reconciler(at.store, at.clock, at.connectors, at.inbox)
    assert (reconciler.once(SITE).new, reconciler.once(SITE).new) == (300, 0)
    keys = [row.key for row in at.rows(tables.deliveries)]
    assert sorted(keys) == sorted(f"poll:{number}:0001" for number in range(300))


def test_every_ticket_found_gets_one_message_and_asking_again_none(at):
    for number in range(20):
        happened(at, incident(str(number)))
    assert (look(at).new, look(at).new) == (20, 0)
    assert len(at.platform.letters(Audience.REQUESTER)) == 20
    assert len(set(at.platform.markers())) == len(at.platform.markers())


@pytest.mark.parametrize(("revision", "new"), [("0000", 0), ("0001", 0), ("0002", 1)])
def test_only_what_is_newer_than_what_is_stored_is_news(at, revision, new):
    at.happen(incident())
    happened(at, incident(revision=revision, priority="P1"))
    assert look(at).new == new
    assert any("More urgent" in words for words in at.platform.letters()) == bool(new)


def test_a_finding_that_waits_is_not_stored_twice(at):
    happened(at, incident())
    reconciler = Reconciler(at.store, at.clock, at.connectors, at.inbox)
    assert (reconciler.once(SITE).new, reconciler.once(SITE).new) == (1, 0)
    at.drain()
    assert len(at.platform.letters(Audience.REQUESTER)) == 1


def test_a_look_is_the_same_after_a_crash(at):
    happened(at, incident())
    Reconciler(at.store, at.clock, at.connectors, at.inbox).once(SITE)
    again = at.crash()
    assert look(again).new == 0
    assert len(again.platform.letters(Audience.REQUESTER)) == 1
    again.close()


def test_the_watermark_never_goes_back(at):
    """The command line and the server may look at the same time."""
    at.clock.move(START + timedelta(hours=1))
    reconciler = Reconciler(at.store, at.clock, at.connectors, at.inbox)
    reconciler.once(SITE)

    class BegunEarlier:
        times = iter([START])

        def now(self):
            return next(self.times, at.clock.now())

    Reconciler(at.store, BegunEarlier(), at.connectors, at.inbox).once(SITE)
    assert reconciler.once(SITE).since == START + timedelta(minutes=50)


def test_a_clock_that_was_ahead_hides_nothing_once_it_is_put_right(at):
    """Else a look would find nothing until the wrong time has come."""

    class Ahead:
        def now(self):
            return START + timedelta(hours=5)

    Reconciler(at.store, Ahead(), at.connectors, at.inbox).once(SITE)
    at.clock.move(START + timedelta(minutes=20))
    reconciler = Reconciler(at.store, at.clock, at.connectors, at.inbox)
    happened(at, incident(updated_at=START - timedelta(hours=3)))
    assert (reconciler.once(SITE).new, reconciler.once(SITE).since) == (1, START + timedelta(minutes=10))


def test_stopping_breaks_a_look_off_without_a_word(at, caplog):
    happened(at, incident())
    reconciler = Reconciler(at.store, at.clock, at.connectors, at.inbox)
    reconciler.stop()
    reconciler._look(SITE, timedelta(minutes=5))
    assert caplog.text == ""
    assert look(at).since == START


# --- words that no webhook brought -------------------------------------------------------------------------------------


def said(at, minutes, identity="h1", author=Author.AGENT, *, public=True):
    ref = TicketRef(SITE, "1")
    at.platform.said.setdefault(ref, []).append(
        Comment(identity, START + timedelta(minutes=minutes), author, "anna", public=public, text="We are on it.")
    )


def overdue(at, minutes=31):
    """The promise of 09:30 falls due."""
    at.happen(incident(updated_at=START))
    return lambda: at.pass_(minutes=minutes)


def test_an_agents_words_are_asked_for_before_a_promise_is_answered(at):
    pass_by = overdue(at)
    said(at, 20)
    pass_by()
    assert len(at.platform.letters(Audience.REQUESTER)) == 1
    assert [p.due[11:16] for p in at.promises()] == ["09:50"]
    assert [p.kept_by for p in at.promises("kept")] == ["comment h1"]


@pytest.mark.parametrize(
    ("author", "public"), [(Author.AGENT, False), (Author.CUSTOMER, True), (Author.BOT, True), (Author.LIAISON, True)]
)
def test_other_words_do_not_keep_it(at, author, public):
    pass_by = overdue(at)
    said(at, 20, author=author, public=public)
    pass_by()
    assert len(at.platform.letters(Audience.REQUESTER)) == 2


def test_words_older_than_the_promise_do_not_keep_it(at):
    pass_by = overdue(at)
    said(at, -1)
    pass_by()
    assert len(at.platform.letters(Audience.REQUESTER)) == 2


def test_words_that_a_webhook_brought_are_not_heard_again(at):
    """The journal of ServiceNow gives them another id, and perhaps another second."""
    at.happen(incident(updated_at=START))
    at.pass_(minutes=10)
    at.agent_says(incident(revision="0002", updated_at=START + timedelta(minutes=10)), identity="event-1")
    assert [p.due[11:16] for p in at.promises()] == ["09:40"]
    said(at, 10 + 1 / 60, identity="row-1")
    happened(at, incident(revision="0003", updated_at=START + timedelta(minutes=11)))
    at.pass_(minutes=5)
    assert look(at).new == 1
    assert [(p.state, p.due[11:16]) for p in at.promises(None)] == [("kept", "09:30"), ("open", "09:40")]


def test_words_that_cannot_be_asked_for_just_now_keep_the_promise_waiting(at):
    """Nothing is said on a guess: it is tried again, and said then."""
    pass_by = overdue(at)
    at.platform.deaf = Unavailable("no answer")
    pass_by()
    assert len(at.platform.letters(Audience.REQUESTER)) == 1
    at.platform.deaf = None
    at.pass_(minutes=1)
    assert len(at.platform.letters(Audience.REQUESTER)) == 2
