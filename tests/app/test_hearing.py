"""Where to look for words that no webhook brought, and which of them are news."""

from datetime import timedelta

import pytest

from app.claims import Claim, Stored
from app.hearing import look_back, news
from app.memory import Memory
from core.notes import Audience
from core.promises import Promise
from core.sightings import Author, Comment
from core.sites import Platform, Site
from core.tickets import TicketRef
from tests.support.scripted import SITE, START, incident, snapshot_of

REF = TicketRef(SITE, "1")
READ = snapshot_of(incident(revision="7"))
DESK = Site(SITE, Platform.JIRA, "https://x.example", speak_from=START - timedelta(days=30))


def minutes(count):
    return START + timedelta(minutes=count)


def claim(*, polled=None, seen=None, promised=None, audience=Audience.REQUESTER, **memory):
    due = () if promised is None else (Promise("p", REF, audience, minutes(30), minutes(promised), "note", "any"),)
    return Claim(
        ref=REF,
        fence=1,
        generation=1,
        memory=Memory(**memory),
        attended=None,
        newest=None if seen is None else snapshot_of(incident(updated_at=minutes(seen))),
        deliveries=() if polled is None else (Stored(1, b"{}", START, polled),),
        promises=due,
        oldest_planned=None,
        speaking=frozenset(),
    )


@pytest.mark.parametrize(
    ("found", "since"),
    [
        (claim(), None),
        (claim(polled=False, seen=5), None),
        (claim(polled=True, seen=5), minutes(5)),
        (claim(polled=True), DESK.speak_from),
        (claim(promised=3), minutes(3)),
        (claim(promised=3, audience=Audience.AGENTS), None),
        (claim(polled=True, seen=5, promised=3), minutes(3)),
        (claim(polled=True, seen=2, promised=3), minutes(2)),
    ],
)
def test_how_far_back_to_look(found, since):
    assert look_back(found, READ, DESK, minutes(30)) == since


def test_a_promise_that_is_not_due_asks_nobody():
    assert look_back(claim(promised=3), READ, DESK, minutes(29)) is None


@pytest.mark.parametrize(
    ("left_as", "left_at", "since"),
    [
        ("7", minutes(3), None),
        ("7", minutes(2), None),
        ("7", minutes(4), minutes(3)),  # who wrote between promise and note is not seen in the revision
        ("6", minutes(3), minutes(3)),
        ("", minutes(3), minutes(3)),
        ("7", None, minutes(3)),
    ],
)
def test_where_nobody_saved_the_ticket_nobody_wrote(left_as, left_at, since):
    found = claim(promised=3, left_as=left_as, left_at=left_at)
    assert look_back(found, READ, DESK, minutes(30)) == since


def test_what_polling_found_is_looked_into_all_the_same():
    found = claim(promised=3, polled=True, seen=5, left_as="7", left_at=minutes(3))
    assert look_back(found, READ, DESK, minutes(30)) == minutes(5)


def words(at, author=Author.AGENT, identity="1", **about):
    return Comment(identity, minutes(at), author, "anna", **{"public": True, "text": "We are on it.", **about})


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        (words(10), True),
        (words(10, Author.CUSTOMER), True),
        (words(10, public=False), False),
        (words(10, public=None), False),
        (words(10, Author.LIAISON), False),
        (words(10, marker="7d1f6a52"), False),
    ],
)
def test_public_words_of_others_are_news(comment, told):
    assert (comment in news(claim(), (), (comment,))) is told


@pytest.mark.parametrize(("at", "told"), [(9, False), (10, False), (10 + 2 / 60, False), (10 + 3 / 60, True)])
@pytest.mark.parametrize(
    ("author", "memory"), [(Author.AGENT, "agent_spoke_at"), (Author.CUSTOMER, "customer_spoke_at")]
)
def test_words_no_later_than_those_heard_before_are_not(author, memory, at, told):
    assert bool(news(claim(**{memory: minutes(10)}), (), (words(at, author),))) is told


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (words(10, identity="1"), False),
        (words(10 + 1 / 60, identity="event-1"), False),
        (words(12, identity="event-1"), True),
        (words(10, Author.CUSTOMER, identity="event-1"), True),
        (words(10, identity="event-1", public=False), True),
    ],
)
def test_words_that_this_batch_brought_are_not_told_twice(heard, told):
    assert bool(news(claim(), (heard,), (words(10),))) is told
