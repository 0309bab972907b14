"""A parent that has ended speaks no more, so what was part of it speaks for itself; with the shipped words."""

import pytest

from app import tables
from tests.support.world import world


def test_a_child_that_is_reopened_after_its_parent_was_closed_hears_when_the_next_word_comes(tmp_path):
    with world(tmp_path, "version: 1\nrules: []\n") as plain:
        parent = plain.on_snow(caller_id="eva", short_description="x", priority="1", major_incident_state="accepted")
        child = plain.on_snow(caller_id="mara", short_description="y", priority="2", parent_incident=parent)
        plain.pass_(minutes=3)
        plain.on_snow(parent, state="6", close_code="Solved (Permanently)")  # the child with it
        plain.pass_(minutes=6)
        plain.on_snow(parent, state="7")
        plain.pass_(minutes=20)
        assert [p.state for p in plain.rows(tables.promises, child)] == []
        plain.on_snow(child, state="2")
        assert "We will write again" in plain.said(child)[-1]
        assert [p.state for p in plain.rows(tables.promises, child)] == ["open"]
        plain.pass_(hours=1)
        assert plain.said(child)[-1].startswith("Here is the update we promised.")


SOLVED = {"state": "6", "close_code": "Solved (Permanently)"}


@pytest.fixture
def plain(tmp_path):
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        yield one


def outage(plain):
    parent = plain.on_snow(
        caller_id="eva", short_description="x", priority="1", major_incident_state="accepted", cmdb_ci="Till"
    )
    child = plain.on_snow(caller_id="mara", short_description="y", priority="2", parent_incident=parent)
    plain.pass_(minutes=10)
    return parent, child


def back(plain, child):
    return [words for words in plain.said(child) if "behind your report is back" in words]


def solved(plain, child):
    return [words for words in plain.said(child) if "behind your report is solved" in words]


def test_who_was_told_that_it_is_solved_hears_that_it_is_back_and_when_it_is_solved_again(plain):
    parent, child = outage(plain)
    plain.on_snow(parent, **SOLVED)  # the child with it
    plain.pass_(minutes=20)
    assert (len(solved(plain, child)), back(plain, child)) == (1, [])
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=20)
    (said,) = back(plain, child)
    assert plain.said(child)[-1] == said
    assert "we are sorry" in said
    assert plain.rows(tables.promises, child) == []
    plain.pass_(hours=30)
    assert plain.said(child)[-1] == said, "asked whether all is well while it is not"
    plain.on_snow(parent, **SOLVED)
    plain.pass_(minutes=20)
    assert (len(solved(plain, child)), len(back(plain, child))) == (2, 1)


def test_who_hears_of_the_parent_while_the_ticket_was_open_hears_that_it_is_back_after_its_own_end(plain):
    parent, child = outage(plain)
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(child, state="2", close_code="")
    plain.pass_(minutes=20)
    plain.on_snow(child, **SOLVED)
    plain.pass_(minutes=20)
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=20)
    assert (len(solved(plain, child)), len(back(plain, child))) == (1, 1)


def test_a_child_with_an_end_of_its_own_has_nothing_to_take_back(plain):
    parent, child = outage(plain)
    plain.on_snow(child, **SOLVED)
    plain.pass_(hours=2)
    before = plain.said(child)
    plain.on_snow(parent, **SOLVED)
    plain.pass_(minutes=20)
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=20)
    assert plain.said(child) == before


def test_a_closed_child_stays_silent(plain):
    parent, child = outage(plain)
    plain.on_snow(parent, **SOLVED)
    plain.pass_(minutes=20)
    plain.on_snow(child, state="7")
    plain.pass_(minutes=20)
    before = plain.said(child)
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=20)
    assert plain.said(child) == before


BY_DAY = """
version: 1
calendars: {office: {timezone: location, days: mon-fri, open: "08:00-18:00"}}
quiet: [{tell: requester, outside: office}]
rules: []
"""


def test_what_happens_to_the_parent_at_night_is_told_in_the_morning(tmp_path):
    with world(tmp_path, BY_DAY) as night:
        parent, child = outage(night)  # Friday in Berlin
        night.on_snow(parent, **SOLVED)
        night.on_snow(child, state="2", close_code="")
        night.pass_(hours=1)
        night.pass_(hours=9)
        night.on_snow(parent, state="2", close_code="")
        night.pass_(hours=1)
        assert back(night, child) == []
        night.pass_(hours=60)
        assert len(back(night, child)) == 1
        night.pass_(hours=9)  # Monday evening
        night.on_snow(parent, state="6", close_code="Solved (Permanently)")
        night.on_snow(child, state="2", close_code="")
        night.pass_(hours=1)
        assert len(solved(night, child)) == 1
        night.pass_(hours=14)
        assert len(solved(night, child)) == 2


def test_the_return_of_the_parent_at_night_reaches_who_was_told_that_it_is_solved(tmp_path):
    with world(tmp_path, BY_DAY) as night:
        parent, child = outage(night)
        night.on_snow(parent, **SOLVED)
        night.pass_(hours=10)
        night.on_snow(parent, state="2", close_code="")
        night.pass_(hours=1)
        assert (len(solved(night, child)), back(night, child)) == (1, [])
        night.pass_(hours=60)
        assert len(back(night, child)) == 1
