"""An outage of hours with many tickets in it: a handful of messages for each person, the truth of today for who comes late.

Three hundred of them: `python -m tests.flows.outage 300`.
"""

from collections import Counter

import pytest

from app import tables
from tests.flows.outage import PACKS, by_person, play
from tests.support.world import world

COUNT = 60
JOINED, ENDED, BACK = "part of a bigger problem", "behind your report is solved", "is back, and we are on it again"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    with world(tmp_path_factory.mktemp("outage"), PACKS) as one:
        yield one, play(one, COUNT)


def how_often(one, key):
    said = one.said(key)
    return tuple(sum(part in words for words in said) for part in (JOINED, ENDED, BACK))


def test_each_person_hears_a_handful_of_words_and_the_family_no_promise_but_one(played):
    one, outage = played
    told = by_person(one, outage.children)
    assert max(len(words) for words in told.values()) <= 8  # of two tickets
    assert sum(map(len, told.values())) <= 4 * len(outage.children)
    assert all(one.rows(tables.promises, key) == [] for key in (*outage.early[1:4], *outage.late[1:4]))
    assert len(one.said(outage.parent)) > 8


def test_each_ticket_hears_once_that_it_belongs_and_each_time_that_it_is_over_or_back(played):
    """Whether it stayed open or was solved with the outage: who read that it is over must hear that it is not."""
    one, outage = played
    children = [*outage.early, *outage.late]
    assert 0 < len(outage.still) < len(children)
    assert Counter(how_often(one, key) for key in children) == {(1, 2, 1): len(children)}
    assert Counter(len(one.said(key)) for key in children) == {4: len(children)}


def test_who_comes_late_hears_how_it_stands_today_and_not_what_happened_before(played):
    one, outage = played
    first = {one.said(key)[0] for key in outage.late}
    assert len(first) == 1
    assert "Our team has been working on it since 10:13." in first.pop()
    assert all("Work on it has not started yet." in one.said(key)[0] for key in outage.early)


def test_who_came_when_it_seemed_over_hears_that_and_then_that_it_is_not(played):
    one, outage = played
    first, joined, ended = one.said(outage.after)
    assert "our team has finished its work on that" in first
    assert "part of a bigger problem that we already know" in joined
    assert ENDED in ended
    assert [promise.state for promise in one.rows(tables.promises, outage.after)] == ["kept"]


def test_agents_read_one_note_for_each_word_to_the_requester_of_a_ticket_that_ended_with_the_outage(played):
    one, outage = played
    ended_with_it = [key for key in (*outage.early, *outage.late) if key not in outage.still]
    notes = [sum(e.author == "Liaison" for e in one.entries(key, internal=True)) for key in ended_with_it]
    assert set(notes) == {4}
