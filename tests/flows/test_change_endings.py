"""What people hear of changes that do not go by the book, with the shipped words."""

from datetime import timedelta

import pytest

from core.times import iso
from tests.support.world import world


@pytest.fixture
def plain(tmp_path):
    """The shipped packs alone."""
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        yield one


def planned(plain, *, start, end):
    """A change, approved and scheduled; `start` and `end` in hours from now."""
    now = plain.clock.now()
    times = {
        name: iso(now + timedelta(hours=hours))[:19].replace("T", " ")
        for name, hours in (("start_date", start), ("end_date", end))
    }
    fields = {"table": "change_request", "fields": {"short_description": "x", **times}}
    key = plain.snow.change("", {"as": "nils", **fields})["number"]
    step(plain, key, state="-2", approval="approved")
    return key


def step(plain, key, **fields):
    plain.snow.change(key, {"as": "nils", "fields": fields})
    plain.driver.settle()
    plain.pass_(minutes=3)


@pytest.mark.parametrize(
    ("close_code", "words"), [("successful", "is done"), ("unsuccessful", "did not work out"), ("", "is done")]
)
def test_a_change_that_is_closed_out_of_the_work_is_told_to_be_over(plain, close_code, words):
    key = planned(plain, start=1, end=2)
    step(plain, key, state="-1")
    step(plain, key, state="3", close_code=close_code)
    assert words in plain.said(key)[-1]


def test_a_jira_change_that_goes_from_work_to_done_is_told_to_be_over(plain):
    key = plain.on_jira(type="Change", fields={"summary": "x"})
    plain.on_jira(key, status="Implementing")
    plain.on_jira(key, status="Done")
    plain.pass_(minutes=3)
    assert [said.partition(".")[0] for said in plain.said(key)] == [
        "The change to one of our services has started",
        "The change to one of our services is done",
    ]


def test_a_change_that_starts_after_its_planned_end_is_called_late_and_promises_the_next_word(plain):
    key = planned(plain, start=1, end=2)
    plain.pass_(hours=5)
    step(plain, key, state="-1")
    late = plain.said(key)[-1]
    assert "takes longer than planned" in late
    assert "has started" not in late
    assert "We will write again" in late


def test_a_window_that_is_over_is_not_announced(plain):
    key = planned(plain, start=-5, end=-4)
    assert plain.said(key) == []


def test_a_change_that_is_planned_after_all_is_announced_anew(plain):
    """They read that it will not take place; a mere reminder would be the first they hear of it."""
    planned = {"start_date": "2026-11-24 21:00:00", "end_date": "2026-11-24 23:00:00"}
    key = plain.snow.change("", {"as": "nils", "table": "change_request", "fields": planned})["number"]
    for state in ({"state": "-2", "approval": "approved"}, {"state": "4"}, {"state": "-2", "approval": "approved"}):
        plain.snow.change(key, {"as": "nils", "fields": state})
        plain.driver.settle()
        plain.pass_(hours=1)
    assert [text.partition(" will not")[0][:13] for text in plain.said(key)] == [
        "We plan a cha",
        "The change to",
        "We plan a cha",
    ]


def test_a_change_without_a_planned_end_starts_with_words_that_need_none(plain):
    planned = {"start_date": "2026-11-24 21:00:00"}
    key = plain.snow.change("", {"as": "nils", "table": "change_request", "fields": planned})["number"]
    for state in ({"state": "-2", "approval": "approved"}, {"state": "-1"}):
        plain.snow.change(key, {"as": "nils", "fields": state})
        plain.driver.settle()
        plain.pass_(hours=1)
    assert plain.said(key)[-1].endswith("You may not be able to use it for now. We will write here when it is done.")


def test_a_change_that_goes_on_after_review_says_that_the_earlier_word_was_wrong(plain):
    key = planned(plain, start=1, end=2)
    plain.pass_(hours=1)
    step(plain, key, state="-1")
    step(plain, key, state="0")
    step(plain, key, state="-1")
    said = plain.said(key)[-2:]
    assert "is done" in said[0]
    assert said[1].startswith("Work on the change to one of our services goes on after all. We told you something else")
    assert "has started" not in said[1]
    assert "an apology" in plain.entries(key, internal=True)[-1].text
    step(plain, key, state="0", close_code="successful")
    assert "is done" in plain.said(key)[-1]


NOT_BEGUN = "it has not started yet"


@pytest.mark.parametrize("state", ["-2", "-3"])
def test_a_change_that_does_not_begin_is_told_once(plain, state):
    """Still scheduled, or sent back for approval with another start that nobody was told."""
    key = planned(plain, start=1, end=3)
    if state == "-3":
        step(plain, key, state=state, approval="requested", start_date="2026-11-20 15:00:00")
    plain.pass_(minutes=66)
    assert NOT_BEGUN not in plain.said(key)[-1]
    plain.pass_(minutes=10)
    assert NOT_BEGUN in plain.said(key)[-1]
    assert "the work has not begun" in plain.entries(key, internal=True)[-1].text
    plain.pass_(hours=12)
    assert sum(NOT_BEGUN in text for text in plain.said(key)) == 1


def test_a_change_that_begins_in_time_is_not_called_late(plain):
    key = planned(plain, start=1, end=3)
    plain.pass_(minutes=60)
    step(plain, key, state="-1")
    plain.pass_(hours=1)
    assert not any(NOT_BEGUN in text for text in plain.said(key))


def test_a_change_that_stays_late_is_not_told_in_the_same_sentence_again_and_again(plain):
    key = planned(plain, start=1, end=2)
    plain.pass_(hours=1)
    step(plain, key, state="-1")
    plain.pass_(hours=2, minutes=40)
    updates = [text.partition(" We will")[0].partition(" The next")[0] for text in plain.said(key)[-3:]]
    assert updates == [
        "The change to one of our services is still going on.",
        "The change to one of our services is not done yet, and we have not forgotten you.",
        "The change to one of our services takes longer than we would like.",
    ]
