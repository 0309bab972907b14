"""What a platform dates far ahead of our clock hides nothing that happens until then."""

from datetime import timedelta

import pytest

from core.sightings import Author, Comment
from tests.support.scripted import START, bench, incident, snapshot_of

FAR = START + timedelta(days=365)


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path / "bench") as found:
        yield found


def dated(at, **fields):
    return incident(updated_at=at, revision=at.isoformat(), **fields)


def test_what_happens_after_it_is_still_said(desk):
    desk.happen(dated(START))
    desk.receive(dated(FAR))
    desk.platform.tickets[dated(FAR).ref] = snapshot_of(dated(START))
    desk.drain()
    desk.pass_(minutes=1)
    desk.happen(dated(START + timedelta(minutes=1), priority="P2"))
    assert desk.notes()["requester", "raised"] == "written"


def test_a_platform_that_says_so_itself_is_heard(desk):
    desk.happen(dated(FAR))
    desk.happen(dated(FAR + timedelta(minutes=1), priority="P2"))
    assert desk.notes()["requester", "raised"] == "written"


def test_a_clock_a_little_ahead_costs_no_reading(desk):
    desk.happen(dated(START + timedelta(minutes=4)))
    assert desk.platform.reads == 0


@pytest.mark.parametrize("author", [Author.AGENT, Author.CUSTOMER])
def test_words_from_the_time_to_come_are_words_of_now(desk, author):
    ticket = incident(state="in_progress")
    desk.happen(ticket)
    desk.happen(ticket, comment=Comment("h1", FAR, author, "anna", public=True, text="We are on it."))
    desk.pass_(minutes=31)
    assert desk.notes()["requester", "update_due"] == "written"
