"""Every answer: its status code, and JSON that names the reason and the next step."""

import logging
from datetime import timedelta

import pytest

from tests.webhooks.sending import NEW, hub, liaison

ISSUE = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "10040"}}'
RECORD = b'{"event_id": "e1", "table": "incident", "operation": "update", "record": {"sys_id": "1c741bd70b2322007518478d83673af3"}}'


def test_a_signed_event_is_stored(door):
    answer = door.jira(ISSUE, X_Atlassian_Webhook_Identifier="d-1")
    assert (answer.status_code, answer.json["status"]) == (202, "stored")
    (kept,) = door.inbox.deliveries
    assert (kept.site, kept.key, kept.ticket_id, kept.body) == ("acme-jira", "d-1", "10040", ISSUE)
    assert (kept.received_at, kept.expires_at) == (door.clock.now(), None)


def test_a_servicenow_event_is_stored_by_its_event_id(door):
    assert door.snow(RECORD).json["status"] == "stored"
    (kept,) = door.inbox.deliveries
    assert (kept.key, kept.ticket_id) == ("e1", "incident:1c741bd70b2322007518478d83673af3")


def test_an_event_without_a_ticket_is_kept_for_deduplication_alone(door):
    body = b'{"webhookEvent": "jira:version_released", "version": {"id": "1"}}'
    answer = door.jira(body)
    assert (answer.status_code, answer.json["status"]) == (202, "ignored")
    assert "jira:version_released" in answer.json["reason"]
    assert [kept.ticket_id for kept in door.inbox.deliveries] == [""]
    assert door.jira(body).json["status"] == "seen"


def test_a_retry_is_seen(door):
    door.jira(ISSUE, X_Atlassian_Webhook_Identifier="d-1")
    answer = door.jira(ISSUE, X_Atlassian_Webhook_Identifier="d-1", X_Atlassian_Webhook_Retry="2")
    assert (answer.status_code, answer.json["status"]) == (200, "seen")
    assert len(door.inbox.deliveries) == 1


def test_two_deliveries_of_the_same_words_are_two_where_the_platform_says_so(door):
    door.jira(ISSUE, X_Atlassian_Webhook_Identifier="d-1")
    assert door.jira(ISSUE, X_Atlassian_Webhook_Identifier="d-2").json["status"] == "stored"


def test_without_an_id_the_digest_is_remembered_for_an_hour(door):
    door.jira(ISSUE)
    assert door.inbox.deliveries[0].key.startswith("digest:")
    door.clock.forward(timedelta(minutes=59, seconds=59))
    assert door.jira(ISSUE).json["status"] == "seen"
    door.clock.forward(timedelta(seconds=1))
    assert door.jira(ISSUE).json["status"] == "stored"


@pytest.mark.parametrize("named", ["poll:10040:7", "digest:00", "with space", "x" * 201, "", "tab\tbed"])
def test_an_id_that_could_be_mistaken_for_ours_is_not_used(door, named):
    door.jira(ISSUE, X_Atlassian_Webhook_Identifier=named)
    kept = door.inbox.deliveries[0]
    assert kept.key.startswith("digest:")
    assert len(kept.key) == len("digest:") + 64
    assert kept.expires_at is not None


def test_kept_headers_never_carry_a_secret(door):
    door.send(
        "acme-jira",
        ISSUE,
        {
            "X-Liaison-Secret": NEW.encode().decode("latin-1"),
            "Cookie": "a=b",
            "X-Atlassian-Webhook-Flow": "Primary" * 100,
        },
    )
    door.snow(RECORD, Authorization="Bearer x")
    first, second = door.inbox.deliveries
    assert set(first.headers) == {"X-Atlassian-Webhook-Flow", "Content-Type"}
    assert len(first.headers["X-Atlassian-Webhook-Flow"]) == 200
    assert set(second.headers) == {"Content-Type"}


@pytest.mark.parametrize("site", ["nobody", "", "acme-jira/", "acme-jira/x", "ACME-JIRA", "%C3%BC", "%FF"])
def test_an_unknown_site(door, site):
    answer = door.send(site, ISSUE, hub(ISSUE))
    assert (answer.status_code, answer.json["status"]) == (404, "refused")
    assert "liaison.yaml" in answer.json["next"]
    assert "acme" not in answer.text, "strangers need not learn which sites there are"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method(door, method):
    answer = door.client.open("/hooks/acme-jira", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json["status"] == "refused"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "json",
        "+json",
    ],
)
def test_a_content_type_that_is_not_json_in_utf_8(door, content_type):
    answer = door.send("acme-jira", ISSUE, hub(ISSUE), content_type)
    assert (answer.status_code, answer.json["status"]) == (415, "refused")
    assert "Content-Type" in answer.json["next"]
    assert door.inbox.deliveries == []


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/vnd.acme+json",
        "application/cloudevents+json; charset=utf-8",
    ],
)
def test_json_by_whatever_name(door, content_type):
    assert door.send("acme-jira", ISSUE, hub(ISSUE), content_type).status_code == 202


def test_a_compressed_body_is_not_guessed_at(door):
    assert door.jira(ISSUE, Content_Encoding="gzip").status_code == 415


def test_the_signature_is_checked_before_anything_is_read(door):
    """A stranger learns nothing about what would be wrong with the body."""
    assert door.send("acme-jira", b"\xff not json", {}, "text/plain").status_code == 401


NOT_OBJECTS = {
    "empty": b"",
    "list": b"[]",
    "text": b'"x"',
    "number": b"1",
    "true": b"true",
    "null": b"null",
    "broken": b'{"issue":',
    "two": b"{}{}",
    "nan": b'{"issue": {"id": NaN}}',
    "infinity": b'{"a": -Infinity}',
    "lone surrogate": rb'{"a": "\ud83d"}',
    "raw surrogate": b'{"a": "\xed\xa0\xbd"}',
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "utf-16": '{"issue": {"id": "1"}}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "lists bomb": b"[" * 500_000,
    "objects bomb": b'{"a":' * 150_000,
    "closed bomb": b"[" * 100_000 + b"]" * 100_000,
    "control character": b'{"a": "\x00"}',
    "comment": b"{} // x",
}


@pytest.mark.parametrize("body", NOT_OBJECTS.values(), ids=NOT_OBJECTS)
def test_a_body_that_is_no_json_object(door, body):
    for answer in (door.jira(body), door.snow(body)):
        assert (answer.status_code, answer.json["status"]) == (400, "refused")
        assert "JSON object" in answer.json["next"]
    assert door.inbox.deliveries == []


ODD_OBJECTS = {
    "duplicate keys": b'{"issue": {"id": "1"}, "issue": {"id": "2"}}',
    "huge integer": b'{"issue": {"id": ' + b"9" * 5000 + b"}}",
    "huge float": b'{"issue": {"id": 1e400}}',
    "deep event": b'{"webhookEvent": ' + b"[" * 900 + b"]" * 900 + b"}",
    "deep id": b'{"issue": {"id": ' + b'{"value":' * 900 + b"1" + b"}" * 900 + b"}}",
    "deep operation": b'{"operation": ' + b'{"value":' * 900 + b"1" + b"}" * 900 + b"}",
    "empty": b"{}",
    "nul in a text": rb'{"webhookEvent": "\u0000", "operation": "\u0000"}',
}


@pytest.mark.parametrize("body", ODD_OBJECTS.values(), ids=ODD_OBJECTS)
def test_an_odd_object_is_answered_calmly(door, body):
    for answer in (door.jira(body), door.snow(body)):
        assert answer.status_code in {202, 400}
        assert set(answer.json) == {"status", "reason", "next"}


def test_one_megabyte_is_enough(door):
    fits = b'{"issue": {"id": "1"}, "x": "' + b"x" * (1024 * 1024 - 31) + b'"}'
    assert len(fits) == 1024 * 1024
    assert door.jira(fits).status_code == 202
    answer = door.jira(fits + b" ")
    assert (answer.status_code, answer.json["status"]) == (413, "refused")
    assert len(door.inbox.deliveries) == 1


def test_a_broken_store_is_told_to_the_sender(door):
    door.inbox.broken = True
    answer = door.jira(ISSUE)
    assert (answer.status_code, answer.json["status"], answer.headers["Retry-After"]) == (503, "unavailable", "30")
    door.inbox.broken = False
    assert door.jira(ISSUE).status_code == 202


def test_a_refusal_is_one_line_in_the_log_and_tells_no_secret(door, caplog):
    caplog.set_level(logging.DEBUG)
    body = b'{"secret": "hunter2"}'
    headers = {**liaison(body, "wrong"), "X-Forwarded-For": "10.9.9.9"}
    door.send("acme-snow", body, headers)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "acme-snow" in line
    assert "401" in line
    assert "127.0.0.1" in line
    for told in ("hunter2", "10.9.9.9", headers["X-Liaison-Signature"], NEW):
        assert told not in line


def test_a_stranger_cannot_forge_lines_in_the_log(door, caplog):
    door.send("a%0Arefused a webhook: site='acme'" + "x" * 500, b"", {})
    (line,) = [record.getMessage() for record in caplog.records]
    assert "\n" not in line
    assert len(line) < 250


@pytest.mark.parametrize("site", ["acme-jira", "nobody", "bare"])
def test_every_answer_names_reason_and_next_step(door, site):
    answer = door.send(site, ISSUE, {})
    assert answer.content_type == "application/json"
    assert set(answer.json) == {"status", "reason", "next"}
    assert all(answer.json.values())
