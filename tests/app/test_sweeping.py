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


def told(one, key, word):
    return [row.detail for row in one.rows(tables.journal, key) if word in row.detail]


def test_a_twin_that_cannot_be_removed_is_told_once(sent_again, monkeypatch):
    one, key, note = sent_again
    thaw(one, key, note)
    monkeypatch.setattr("connector.jira.client.JiraConnector.hide", lambda *_: False)
    assert (one.liaison.sweeper.sweep(), one.liaison.sweeper.sweep()) == (0, 0)
    assert told(one, key, "stands") == ["It stands 2 times, because a request was late, and could not be removed."]


def test_a_note_that_stands_twice_in_a_journal_is_told(tmp_path):
    """ServiceNow takes nothing back, and its journal rows carry no marker."""
    with world(tmp_path) as one:
        one.fault("servicenow", kind="reset", method="PATCH")
        key = one.on_snow(short_description="x")
        one.pass_(minutes=4)
        note = next(n for n in one.rows(tables.notes, key) if n.audience == Audience.REQUESTER)
        assert (note.state, note.attempts) == ("written", 2)
        assert (one.liaison.sweeper.sweep(), told(one, key, "stands")) == (0, [])
        (words,) = one.said(key)
        part = Part(Audience.REQUESTER, (Paragraph(words),))
        one.liaison.connectors.of("servicenow").write(Letter(one.ref(key), note.marker, (part,)))
        assert one.said(key) == [words, words]
        assert (one.liaison.sweeper.sweep(), one.liaison.sweeper.sweep()) == (0, 0)
        assert set(told(one, key, "stands")) == {
            "It stands 2 times, because a request was late, and could not be removed."
        }
        assert one.said(key) == [words, words]
