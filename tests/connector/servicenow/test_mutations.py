"""Whatever a sender does to a payload: a right answer or a PayloadError, never another exception."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.servicenow.schema import Reader
from core.errors import PayloadError
from core.tickets import Ticket
from tests.connector.servicenow.bodies import CAPTURES, NOTE_ID, RECEIVED, envelope, events, site

STRAY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["UNKNOWN", "9999-12-31 23:59:59+14:00", "0001-01-01 00:00:00", "١٢", "1_0", "-100", "nan", "\ud800", "%s"]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(
        st.sampled_from(["value", "display_value", "link", "x"]), st.one_of(st.none(), st.text(max_size=9), st.floats())
    ),
)
BODIES = [json.loads(path.read_text()) for path in CAPTURES] + [
    events("raw")[0],
    events("all")[-1],
    envelope(comments="x", changed=["comments"]),
    envelope(table="change_request"),
]
FIELDS = {
    "users": "u_users",
    "affected_users": "u_users",
    "planned_end": "u_end",
    "labels": "category",
    "phase": "state",
}


def paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 2)):
            yield from paths(value[index], (*path, index))


@st.composite
def mutated(draw):
    body = copy.deepcopy(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from(sorted(paths(body), key=str)))
        if not path:
            continue
        inside = body
        for step in path[:-1]:
            inside = inside[step]
        action = draw(st.sampled_from(["stray", "remove", "unknown"]))
        if action == "stray":
            inside[path[-1]] = draw(STRAY)
        elif action == "remove":
            del inside[path[-1]]
        elif isinstance(inside, dict):
            inside[
                draw(st.sampled_from([NOTE_ID, "u_users", "u_end", "x.y", "comments", "result", "error", "record"]))
            ] = draw(STRAY)
    return body


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_any_mutation_is_understood_or_named(body):
    reader = Reader(site(fields=FIELDS, states={"x": "nonsense"}, priorities={"3": "urgent"}))
    try:
        sighting = reader.sight(body, RECEIVED)
    except PayloadError:
        return
    ticket = sighting.snapshot.ticket
    assert Ticket.from_dict(json.loads(json.dumps(ticket.to_dict()))) == ticket
    assert ticket.ref == sighting.ref
    assert isinstance(sighting.complete, bool)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=12), STRAY, max_size=6))
def test_any_object_is_understood_or_named(body):
    try:
        Reader(site()).sight(body, RECEIVED)
    except PayloadError:
        return
