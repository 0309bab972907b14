"""A family of tickets has one promise; its children speak when they join, when it ends and when it comes back."""

import pytest

from app import tables
from tests.support.world import world

SOLVED = {"state": "6", "close_code": "Solved (Permanently)"}
PACKS = "version: 1\nrules: []\n"


@pytest.fixture
def plain(tmp_path):
    """The shipped words alone."""
    with world(tmp_path, PACKS) as one:
        yield one


def outage(one, **fields):
    key = one.on_snow(caller_id="eva", short_description="x", priority="1", major_incident_state="accepted", **fields)
    one.pass_(minutes=3)
    return key


def child(one, parent, who="mara"):
    key = one.on_snow(caller_id=who, short_description="y", priority="2", parent_incident=parent)
    one.pass_(minutes=3)
    return key


def test_a_child_has_no_promise_of_its_own_and_hears_how_the_outage_stands_today(plain):
    parent = outage(plain)
    plain.on_snow(parent, state="2", assigned_to="jonas")
    plain.pass_(minutes=20)
    late = child(plain, parent)
    (joined,) = plain.said(late)
    assert "bigger problem" in joined
    assert "Our team has been working on it since 10:03." in joined
    assert plain.rows(tables.promises, late) == []
    plain.pass_(hours=3)
    assert len(plain.said(late)) == 1
    assert len(plain.said(parent)) > 3


def test_a_child_that_had_a_promise_keeps_it_with_the_word_that_it_joined(plain):
    parent = outage(plain)
    own = plain.on_snow(caller_id="mara", short_description="y", priority="2")
    plain.pass_(minutes=5)
    assert [p.state for p in plain.rows(tables.promises, own)] == ["open"]
    plain.on_snow(own, parent_incident=parent)
    plain.pass_(hours=2)
    assert [p.state for p in plain.rows(tables.promises, own)] == ["kept"]
    assert len(plain.said(own)) == 2


def test_a_child_that_stays_open_says_the_end_of_its_parent_once_and_not_again_at_its_own(plain):
    parent = outage(plain)
    open_one = child(plain, parent)
    # the stand-in resolves children with their parent, so this one is opened again in the same minute
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(open_one, state="2", close_code="")
    plain.pass_(minutes=10)
    before = plain.said(open_one)
    plain.on_snow(open_one, **SOLVED)
    plain.pass_(minutes=10)
    assert sum("behind your report is solved" in words for words in plain.said(open_one)) == 1
    assert plain.said(open_one) == before


def test_a_child_whose_requester_still_has_the_problem_hears_of_its_own_end(plain):
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(open_one, state="2", close_code="")
    plain.pass_(minutes=10)
    plain.on_snow(open_one, who="mara", comments="It still fails here.")
    plain.on_snow(open_one, **SOLVED)
    plain.pass_(minutes=10)
    assert sum("behind your report is solved" in words for words in plain.said(open_one)) == 2


def test_an_open_child_hears_that_the_outage_is_back(plain):
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(open_one, state="2", close_code="")
    plain.pass_(minutes=10)
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=5)
    assert "sorry" in plain.said(open_one)[-1]
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(open_one, state="2", close_code="")
    plain.pass_(minutes=10)
    assert sum("behind your report is solved" in words for words in plain.said(open_one)) == 2


def test_an_end_that_is_taken_back_before_it_was_told_reaches_no_child(plain):
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.on_snow(parent, **SOLVED)
    plain.on_snow(open_one, state="2", close_code="")
    plain.pass_(minutes=1)
    plain.on_snow(parent, state="2", close_code="")
    plain.pass_(minutes=10)
    assert len(plain.said(open_one)) == 1


def test_a_child_hears_when_its_parent_becomes_a_major_incident(plain):
    """It was promised updates of its own, and none come from now on."""
    parent = plain.on_snow(caller_id="eva", short_description="x", priority="2")
    own = plain.on_snow(caller_id="mara", short_description="y", priority="2", parent_incident=parent)
    plain.pass_(minutes=5)
    assert [p.state for p in plain.rows(tables.promises, own)] == ["open"]
    plain.on_snow(parent, major_incident_state="accepted")
    plain.pass_(minutes=5)
    assert "We will write here when it is solved." in plain.said(own)[-1]
    assert [p.state for p in plain.rows(tables.promises, own)] == ["kept"]
    plain.on_snow(parent, major_incident_state="rejected")
    plain.pass_(minutes=5)
    assert "We now look at your report on its own." in plain.said(own)[-1]
    assert [p.state for p in plain.rows(tables.promises, own)][-1] == "open"


def test_an_outage_costs_each_of_forty_people_three_messages_however_long_it_lasts(plain):
    parent = outage(plain)
    children = [
        plain.on_snow(caller_id=f"u{n}", short_description="y", priority="3", parent_incident=parent) for n in range(40)
    ]
    plain.pass_(hours=5)
    plain.on_snow(parent, **SOLVED)
    plain.pass_(hours=1)
    assert {len(plain.said(key)) for key in children} == {2}
    assert len(plain.said(parent)) > 6


def test_the_children_of_one_parent_are_woken_one_after_the_other(plain):
    parent = outage(plain)
    for n in range(5):
        plain.on_snow(caller_id=f"u{n}", short_description="y", priority="3", parent_incident=parent)
    plain.pass_(minutes=3)
    plain.snow.change(parent, {"as": "jonas", "fields": {"major_incident_state": "", "priority": "2"}})
    ref = plain.ref(parent)
    plain.driver._hooks[0].flush()
    plain.liaison.attend(ref)
    w = tables.wakeups
    with plain.liaison.store.read() as connection:
        due = sorted(row.due for row in connection.execute(w.select()) if row.ticket_id != ref.id)
    assert len(set(due)) == 5


def test_a_child_whose_parent_becomes_confidential_is_not_left_waiting_for_its_end(plain):
    """It was told "we will write here when it is solved"; now nobody would."""
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.on_snow(parent, category="security")
    plain.pass_(minutes=5)
    assert [text[:38] for text in plain.said(open_one)[1:]] == ["We now look at your report on its own."]
    assert [p.state for p in plain.rows(tables.promises, open_one)] == ["open"]


def test_a_child_whose_parent_is_deleted_is_not_left_waiting_for_its_end(plain):
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.snow.change(parent, {"as": "admin", "delete": True})
    plain.pass_(minutes=40)
    assert [text[:38] for text in plain.said(open_one)[1:]] == ["We now look at your report on its own."]
    assert [p.state for p in plain.rows(tables.promises, open_one)] == ["open"]


def test_a_child_that_is_looked_at_just_when_its_parent_vanishes_is_looked_at_again(plain, monkeypatch):
    """The look that was under way had still seen the parent, and must not put the child to sleep."""
    parent = outage(plain)
    open_one = child(plain, parent)
    plain.snow.change(open_one, {"as": "jonas", "fields": {"short_description": "z"}})
    plain.snow.change(parent, {"as": "admin", "delete": True})
    plain.driver._hooks[0].flush()
    attendant, under_way = plain.liaison.attendant, []
    honest = attendant._decide

    def decide(connector, claim, seen, **how):
        if not under_way:
            under_way.append(claim.ref)
            plain.liaison.attend(plain.ref(parent))
        return honest(connector, claim, seen, **how)

    ref = plain.ref(open_one)
    monkeypatch.setattr(attendant, "_decide", decide)
    plain.liaison.attend(ref)
    assert under_way == [ref]
    plain.pass_(minutes=40)
    assert [text[:38] for text in plain.said(open_one)[1:]] == ["We now look at your report on its own."]
