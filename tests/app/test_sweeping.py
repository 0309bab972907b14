from types import SimpleNamespace

import pytest

from app import tables
from app.sweeping import twins
from core.notes import Audience, Letter, Paragraph, Part
from core.sightings import Author, Comment
from tests.support.world import START, world

NOTE = SimpleNamespace(marker="m1", comment_id="1")


def said(identity, marker="m1", account="liaison"):
    return Comment(identity, START, Author.LIAISON, account, public=True, marker=marker)


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([said("1")], []),
        ([said("1"), said("2")], ["2"]),
        ([said("1"), said("2", marker="m2"), said("3", marker="")], []),
        ([said("1"), said("2", account="somebody")], []),
        ([said("2"), said("3")], []),  # the one we know of is gone: nothing is certain
    ],
)
def test_only_the_same_accounts_copies_of_a_note_that_stands_are_twins(listed, found):
    assert [one.id for one in twins(listed, NOTE)] == found


@pytest.fixture
def sent_again(tmp_path):
    """A world in which the requester's note took two attempts; with the note as stored."""
    with world(tmp_path) as one:
        one.fault("jira", kind="reset", method="POST", path="/comment")
        key = one.on_jira(who="carla", fields={"summary": "x"})
        one.pass_(minutes=4)
        (note,) = [n for n in one.rows(tables.notes, key) if n.audience == Audience.REQUESTER]
        assert (note.state, note.attempts) == ("written", 2)
        yield one, key, note


def thaw(one, key, note):
    """The first request arrives after all."""
    part = Part(Audience.REQUESTER, (Paragraph("Once more."),))
    one.liaison.connectors.of("jira").write(Letter(one.ref(key), note.marker, (part,)))


def test_a_note_that_stands_twice_stands_once_after_the_sweep_and_the_journal_tells(sent_again):
    one, key, note = sent_again
    thaw(one, key, note)
    assert len(one.said(key)) == 2
    assert one.liaison.sweeper.sweep() == 1
    assert one.said(key) == [note.text]
    assert "It stood 2 times" in str([row.detail for row in one.rows(tables.journal, key)])
    assert one.liaison.sweeper.sweep() == 0


def test_a_note_that_stands_once_is_left_alone(sent_again):
    one, key, note = sent_again
    assert one.liaison.sweeper.sweep() == 0
    assert one.said(key) == [note.text]


def test_a_platform_that_does_not_answer_is_swept_later(sent_again):
    one, key, note = sent_again
    thaw(one, key, note)
    one.jira.stop()
    assert one.liaison.sweeper.sweep() == 0
