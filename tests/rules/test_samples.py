"""Tickets as people write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PayloadError
from core.tickets import Parent, Person
from rules import ticket_from
from tests.rules.support import NOW, incident


def test_canonical_names_make_a_ticket():
    ticket = ticket_from(
        {
            "key": "INC1",
            "priority": "p1",
            "labels": "urgent",
            "major": True,
            "affected_users": 3,
            "opened_at": "2026-11-20T14:00:00+01:00",
            "requester": {"id": "eva", "vip": False, "kind": "person"},
            "parent": {"key": "INC0", "major": True},
            "fields": {"floor": 3},
            "environment": None,
        }
    )
    assert (ticket.kind, ticket.platform, ticket.id, ticket.priority) == ("incident", "servicenow", "INC1", "P1")
    assert ticket.labels == ("urgent",)
    assert ticket.opened_at == NOW
    assert ticket.requester == Person(id="eva", kind="person", vip=False)
    assert ticket.parent == Parent("", key="INC0", major=True)
    assert ticket.fields == {"floor": 3}
    assert ticket.environment == ""


def test_the_platform_shows_in_the_key():
    assert ticket_from({"key": "OPS-1"}).platform == "jira"
    assert ticket_from({"key": "CHG0030001"}).platform == "servicenow"
    assert ticket_from({"key": "OPS-1", "platform": "servicenow"}).platform == "servicenow"


def test_opened_at_stands_in_only_where_none_is_given():
    assert ticket_from({}, opened_at=NOW).opened_at == NOW
    given_time = datetime(2026, 1, 1, tzinfo=UTC)
    assert ticket_from({"opened_at": "2026-01-01T00:00:00Z"}, opened_at=NOW).opened_at == given_time


def test_what_a_ticket_writes_of_itself_is_read_back():
    ticket = incident(priority="P2", labels=("a", "b"), parent=Parent("9"), requester=Person(name="Eva"))
    assert ticket_from(ticket.to_dict()) == ticket


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"ky": "INC1"}, "'ky' is no field of a ticket. Did you mean key?"),
        ({"requester.vip": True}, "Write requester: {vip: …}."),
        ({"requester": {"vpi": True}}, "requester: 'vpi' is no part of it."),
        ({"requester": {"vip": "yes"}}, "requester: takes true or false, not 'yes'."),
        ({"requester": ["eva"]}, "requester: takes a mapping"),
        ({"parent": {"state": "open"}}, "parent: 'open' is not one of its values."),
        ({"priority": "urgent"}, "Choose one of P1, P2, P3, P4, P5."),
        ({"affected_users": "many"}, "affected_users: takes a number, not 'many'."),
        ({"opened_at": "2026-11-20 14:00"}, "is not a time with an offset"),
        ({"title": ["a"]}, "title: takes a text"),
        ({"fields": []}, "fields: takes a mapping"),
        (["key"], "A ticket is a mapping of fields"),
    ],
)
def test_what_is_wrong_is_told(plain, words):
    with pytest.raises(PayloadError) as caught:
        ticket_from(plain, where="ticket.json")
    assert str(caught.value).startswith("ticket.json: ")
    assert words in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(["key", "priority", "labels", "requester", "parent", "fields", "opened_at", "major", "x"])


@given(JSON | st.dictionaries(NAMES, JSON, max_size=4))
def test_any_json_is_a_ticket_or_a_clear_error(plain):
    try:
        ticket_from(plain)
    except PayloadError as error:
        assert error.what  # noqa: PT017 - some JSON is a ticket
