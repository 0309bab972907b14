"""Whatever arrives: an answer in JSON, never a 500, and on disk exactly what got a 202."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webhooks.sending import Door, hub, liaison

CODES = {200, 202, 400, 401, 413, 415}
SENT = (
    "X-Hub-Signature",
    "X-Liaison-Secret",
    "X-Liaison-Timestamp",
    "X-Liaison-Signature",
    "X-Atlassian-Webhook-Identifier",
    "Content-Encoding",
    "Content-Type",
)

headers = st.dictionaries(
    st.sampled_from(SENT), st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=100)
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=50)
)
NAMES = (
    "webhookEvent",
    "issue",
    "id",
    "key",
    "self",
    "fields",
    "comment",
    "event_id",
    "operation",
    "event",
    "table",
    "record",
    "sys_id",
    "sys_class_name",
    "number",
    "record_type",
    "record_id",
    "result",
    "value",
    "display_value",
)
WORDS = (
    "jira:issue_updated",
    "comment_created",
    "update",
    "incident",
    "10040",
    "1c741bd70b2322007518478d83673af3",
    "https://x/rest/api/2/issue/7/comment/8",
    "INC1",
)
values = st.recursive(
    scalars | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=15,
)
events = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)


def check(door: Door, answer) -> None:
    assert answer.status_code in CODES
    assert set(answer.json) == {"status", "reason", "next"}
    assert len(door.inbox.deliveries) == (1 if answer.status_code == 202 else 0)


@given(body=st.binary(max_size=300), sent=headers)
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_and_headers(body, sent):
    for site in ("acme-jira", "acme-snow"):
        door = Door()
        check(door, door.send(site, body, sent, None))


@given(body=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_well_signed(body):
    for send in (Door().jira, Door().snow):
        assert send(body).status_code in {202, 400}


@given(event=events)
@settings(max_examples=150, deadline=None)
def test_arbitrary_events_well_signed(event):
    body = orjson.dumps(event)
    for site, signed in (("acme-jira", hub(body)), ("acme-snow", liaison(body))):
        door = Door()
        answer = door.send(site, body, signed)
        check(door, answer)
        (kept,) = door.inbox.deliveries
        assert (kept.ticket_id == "") == (answer.json["status"] == "ignored")
        assert kept.ticket_id.isprintable()
        assert len(kept.ticket_id) < 150


@given(event=events, position=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_one_changed_byte_breaks_the_signature(event, position, flip):
    body = orjson.dumps(event)
    at = position % len(body)
    changed = body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :]
    for site, signed in (("acme-jira", hub(body)), ("acme-snow", liaison(body))):
        assert Door().send(site, changed, signed).status_code == 401
