"""Whatever Jira, an app or an admin sends: a right answer or a PayloadError, never another exception."""

import copy
import json

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.jira.schema import sight, ticket_id
from core.errors import PayloadError
from core.tickets import Ticket
from tests.connector.jira.bodies import CAPTURES, RECEIVED, event, issue, site

BODIES = [json.loads(path.read_text("utf-8")) for path in CAPTURES]
BODIES += [event(), issue(), event("comment_created", comment={"id": "5", "author": {"accountId": "x"}, "body": "b"})]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["", "2026-11-20", "9999-12-31T23:59:59.999-1400", "0001-01-01T00:00:00+1400", "10001", "[]", "doc"]
    )
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8)  # fmt: skip
SITE = site(
    fields={"affected_users": "customfield_10021", "major": "customfield_10022", "planned_start": "customfield_10023",
            "labels": "customfield_10024", "phase": "customfield_10025", "note": "customfield_10026",
            "requester.vip": "customfield_10027"},
)  # fmt: skip


def places(node, path=()):
    """The path of every value in a body."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


PLACES = [list(places(body))[1:] for body in BODIES]


@st.composite
def mutated(draw):
    number = draw(st.integers(0, len(BODIES) - 1))
    body = copy.deepcopy(BODIES[number])
    for path in draw(st.lists(st.sampled_from(PLACES[number]), min_size=1, max_size=4)):
        change(body, path, draw(st.sampled_from(["drop", "replace", "wrap", "add"])), draw(JSON))
    return body


def change(body, path, how, value):
    node = body
    for key in path[:-1]:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return  # an earlier change has removed this place
    if not isinstance(node, (dict, list)) or (
        isinstance(node, list) and (not isinstance(path[-1], int) or path[-1] >= len(node))
    ):
        return
    if how == "drop" and isinstance(node, dict):
        node.pop(path[-1], None)
    elif how == "add" and isinstance(node, dict):
        node["unknown"] = value
    elif how == "wrap":
        node[path[-1]] = [value]
    else:
        node[path[-1]] = value


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_mutated_capture_is_understood_or_refused(body):
    try:
        seen = sight(SITE, body, RECEIVED)
    except PayloadError:
        assert ticket_id(body) == ""
        return
    assert seen.ref.id == ticket_id(body)
    assert seen.ref.id.isdigit()
    if seen.snapshot:
        ticket = seen.snapshot.ticket
        assert seen.snapshot.served == (seen.snapshot.not_served_because == "")
        # A snapshot must survive the store, and its fields must keep the types that rules rely on.
        stored = orjson.loads(orjson.dumps(ticket.to_dict(), option=orjson.OPT_NON_STR_KEYS))
        assert Ticket.from_dict(stored) == ticket
        assert all(isinstance(getattr(ticket, n), str) for n in ("title", "description", "state", "key", "service"))
        assert all(isinstance(label, str) for label in (*ticket.labels, *ticket.components))


@given(
    st.dictionaries(
        st.sampled_from(["issue", "comment", "id", "fields", "key", "webhookEvent", "worklog", "user"]), JSON
    )
)
@settings(max_examples=200, deadline=None)
def test_any_json_object_is_understood_or_refused(body):
    try:
        assert sight(SITE, body, RECEIVED).ref.id == ticket_id(body)
    except PayloadError:
        assert ticket_id(body) == ""


def test_a_deeply_nested_document_is_no_trouble():
    node = {"type": "text", "text": "deep"}
    for _ in range(400):
        node = {"type": "doc", "content": [node]}
    body = event(issue=issue(description=node, customfield_10026=[[[[[[["deep"]]]]]]]))
    assert sight(SITE, body, RECEIVED).snapshot.ticket.description == ""
