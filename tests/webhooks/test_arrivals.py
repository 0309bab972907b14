"""Which delivery it is and which ticket it concerns, for every captured payload and for odd ones."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from werkzeug.datastructures import Headers

from connector.jira import schema as jira_schema
from connector.servicenow.cells import Names
from connector.servicenow.schema import Reader
from core.errors import PayloadError
from tests.webhooks.sending import JIRA, NOW, SNOW
from webhooks.arrivals import arrival

PAYLOADS = Path(__file__).parent.parent / "payloads"
GUID = "1c741bd70b2322007518478d83673af3"
JIRA_CAPTURES = sorted((PAYLOADS / "jira").glob("*.json"))
SNOW_CAPTURES = sorted((PAYLOADS / "servicenow").glob("*.json"))

EXPECTED = {
    "cloud-comment_created.json": "10040",
    "cloud-comment_updated.json": "10040",
    "cloud-comment_deleted.json": "",
    "cloud-issue_created-many_fields.json": "10509",
    "cloud-issue_deleted.json": "10303",
    "cloud-issue_updated-assigned-empty_changelog.json": "10001",
    "dc-comment_created-no_issue.json": "10013",
    "dc-comment_deleted-no_issue.json": "",
    "dc-issue_updated-commented.json": "10013",
    "dc-old-issue_updated-no_event_type-commented.json": "10013",
    "server7-issue_created.json": "10003",
    "outbound_mattermost_event.json": f"incident:{GUID}",
    "outbound_our_envelope.json": f"incident:{GUID}",
    "docs_table_get_list_problem.json": "",
    "rapid7_error_403.json": "",
    "docs_error_429.json": "",
    "workarena_change_request_post.json": "",
}


def ticket(site, body: object) -> str:
    return arrival(site, Headers(), orjson.dumps(body), NOW).delivery.ticket_id


def site_of(path: Path):
    return JIRA if path.parent.name == "jira" else SNOW


@pytest.mark.parametrize("path", JIRA_CAPTURES + SNOW_CAPTURES, ids=lambda path: path.name)
def test_every_captured_payload_is_stored_under_its_ticket(door, path):
    body = path.read_bytes()
    send = door.jira if site_of(path) is JIRA else door.snow
    is_object = isinstance(orjson.loads(body), dict)
    assert send(body).status_code == (202 if is_object else 400)
    if path.name in EXPECTED:
        assert [kept.ticket_id for kept in door.inbox.deliveries] == [EXPECTED[path.name]]


@pytest.mark.parametrize("path", JIRA_CAPTURES + SNOW_CAPTURES, ids=lambda path: path.name)
def test_the_connectors_find_the_same_ticket(path):
    """A delivery woken under one id and understood under another would never be attended to."""
    body = orjson.loads(path.read_bytes())
    if not isinstance(body, dict):
        return
    found = ticket(site_of(path), body)
    try:
        seen = connected(site_of(path), body)
    except PayloadError:
        seen = ""
    assert found in {seen, ""}
    if not found:
        told = arrival(site_of(path), Headers(), orjson.dumps(body), NOW)
        assert told.because
        assert told.next_step


def connected(site, body) -> str:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    sighting = jira_schema.sight(site, body, at) if site is JIRA else Reader(site, Names()).sight(body, at)
    return sighting.ref.id


JIRA_BODIES = [
    ({"issue": {"id": "10040", "key": "OPS-1"}}, "10040"),
    ({"issue": {"id": 10040}}, "10040"),
    ({"id": 10040, "key": "OPS-1", "fields": {}}, "10040"),
    ({"id": "10040", "fields": {"summary": "x"}}, "10040"),
    ({"webhookEvent": None, "issue": {"id": "7"}}, "7"),
    (
        {"webhookEvent": "comment_created", "comment": {"self": "https://x/jira/rest/api/2/issue/10013/comment/1"}},
        "10013",
    ),
    ({"webhookEvent": "jira:issue_updated", "issue": {"self": "https://x/rest/api/2/issue/10013"}}, "10013"),
    ({"webhookEvent": "jira:issue_updated", "issue": None, "id": 5, "fields": {}}, ""),
    ({"id": 10040}, ""),
    ({"webhookEvent": "comment_deleted", "issue": {"id": "7"}}, ""),
    ({"webhookEvent": "jira:worklog_updated", "issue": {"id": "7"}}, ""),
    ({"webhookEvent": ["jira:issue_updated"], "issue": {"id": "7"}}, ""),
    ({"webhookEvent": 7, "issue": {"id": "7"}}, ""),
    ({"issue": "10040"}, ""),
    ({"issue": []}, ""),
    ({"issue": {}}, ""),
    ({"comment": {"self": 7}}, ""),
    ({"comment": {"self": "https://x/issue/abc/comment/1"}}, ""),
]


@pytest.mark.parametrize(("body", "expected"), JIRA_BODIES)
def test_jira_issue_ids(body, expected):
    assert ticket(JIRA, body) == expected


RECORDS = [
    ({"table": "incident", "record": {"sys_id": GUID}}, f"incident:{GUID}"),
    ({"table": "incident", "record": {"sys_id": {"value": GUID, "display_value": GUID}}}, f"incident:{GUID}"),
    ({"table": {"value": "change_request"}, "sys_id": {"display_value": GUID}}, f"change_request:{GUID}"),
    ({"table": "u_store_incident", "operation": "insert", "sys_id": GUID}, f"u_store_incident:{GUID}"),
    ({"table": "incident", "operation": "delete", "record": {"sys_id": GUID}}, f"incident:{GUID}"),
    ({"table": "incident", "operation": None, "record": {"sys_id": GUID}}, f"incident:{GUID}"),
    ({"record_type": "incident", "record_id": GUID, "sys_id": "f" * 32}, f"incident:{GUID}"),
    ({"record": {"sys_id": GUID, "sys_class_name": {"display_value": "Change Request"}}}, f"change_request:{GUID}"),
    ({"sys_id": GUID, "number": "INC0010001"}, f"incident:{GUID}"),
    ({"result": {"sys_id": GUID, "sys_class_name": "incident"}}, f"incident:{GUID}"),
    ({"result": [{"sys_id": GUID, "number": "CHG0000001"}]}, f"change_request:{GUID}"),
    ({"result": []}, ""),
    ({"result": [{"sys_id": GUID, "number": "CHG0000001"}], "error": {"message": "Transaction cancelled"}}, ""),
    ({"table": "problem", "record": {"sys_id": GUID}}, ""),
    ({"table": "incident", "operation": "query", "record": {"sys_id": GUID}}, ""),
    ({"table": "incident", "operation": ["update"], "record": {"sys_id": GUID}}, ""),
    ({"table": "incident", "record": {}}, ""),
    ({"table": "incident", "record": [GUID]}, ""),
    ({"table": "../incident", "record": {"sys_id": GUID}}, ""),
    ({"record": {"sys_id": GUID}}, ""),
]


@pytest.mark.parametrize(("body", "expected"), RECORDS)
def test_servicenow_record_ids(body, expected):
    assert ticket(SNOW, body) == expected


STRANGE = [
    {"a": 1},
    [],
    None,
    True,
    1.5,
    -1,
    "",
    " ",
    "x" * 10_000,
    "1" * 10_000,
    "../../x",
    "1\n2",
    "1\x00",
    "a b",
    "①",
    "1;drop",
    "<id>",
]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_strange_ids_concern_no_ticket(strange):
    """An id ends up in the paths of requests: what is not plainly an id is not used as one."""
    assert ticket(JIRA, {"issue": {"id": strange}}) == ""
    assert ticket(SNOW, {"table": "incident", "record": {"sys_id": strange}}) == ""
    assert ticket(SNOW, {"table": strange, "record": {"sys_id": GUID}}) == ""


@pytest.mark.parametrize("event_id", [{"a": 1}, [], None, True, "", "poll:1:2", "digest:0", "x" * 300, "a\u0000"])
def test_an_event_id_that_is_none_gives_way_to_the_digest(event_id):
    got = arrival(SNOW, Headers(), orjson.dumps({"event_id": event_id}), NOW)
    assert got.delivery.key.startswith("digest:")


@pytest.mark.parametrize(("event_id", "key"), [("a:b", "a:b"), (17, "17"), ({"value": "v"}, "v")])
def test_event_ids(event_id, key):
    assert arrival(SNOW, Headers(), orjson.dumps({"event_id": event_id}), NOW).delivery.key == key
