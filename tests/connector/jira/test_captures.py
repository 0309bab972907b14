"""Every captured body gets the right answer."""

import json
from datetime import UTC, datetime

import pytest

from connector.jira.schema import sight, ticket_id
from core.errors import PayloadError
from core.sightings import Author
from core.sites import Serves
from tests.connector.jira.bodies import CAPTURES, ISSUE, RECEIVED, capture, event, issue, site

# id, complete, gone, comment id, key, state, priority, resolution
EXPECTED = {
    "cloud-comment_created": ("10040", False, False, "10019", "TES-41", "new", "P2", ""),
    "cloud-comment_created-mention": ("10040", False, False, "10019", "TES-41", "new", "P2", ""),
    "cloud-comment_deleted": ("10357", False, False, "", "KT-7", "new", "P2", ""),
    "cloud-comment_updated": ("10040", False, False, "10019", "TES-41", "new", "P2", ""),
    "cloud-issue_created": ("10040", True, False, "", "TES-41", "new", "P2", ""),
    "cloud-issue_created-many_fields": ("10509", True, False, "", "KT-22", "new", "P3", ""),
    "cloud-issue_deleted": ("10303", True, True, "", "IDT-19", "new", "P3", ""),
    "cloud-issue_updated-assigned": ("10040", True, False, "", "TES-41", "new", "P2", ""),
    "cloud-issue_updated-assigned-empty_changelog": ("10001", False, False, "", "TEST-123", "new", "P3", ""),
    "cloud-issue_updated-components": ("10360", True, False, "", "TES-10", "new", "P3", ""),
    "cloud-issue_updated-description": ("10040", True, False, "", "TES-41", "new", "P2", ""),
    "cloud-issue_updated-in_progress": ("10040", True, False, "", "TES-41", "in_progress", "P2", ""),
    "cloud-issue_updated-labels": ("10040", True, False, "", "TES-41", "new", "P2", ""),
    "cloud-issue_updated-priority_lowered": ("10040", True, False, "", "TES-41", "new", "P4", ""),
    "cloud-issue_updated-priority_raised": ("10040", True, False, "", "TES-41", "new", "P2", ""),
    "cloud-issue_updated-resolved": ("10040", True, False, "", "TES-41", "resolved", "P2", "fixed"),
    "dc-comment_created-no_issue": ("10013", False, False, "10082", None, None, None, None),
    "dc-comment_deleted-no_issue": ("10013", False, False, "", None, None, None, None),
    "dc-issue_updated-closed": ("10300", False, False, "", "TES-4", "closed", "P3", "fixed"),
    "dc-issue_updated-comment_edited": ("10013", False, False, "10084", "PRJX-14", "new", "P3", ""),
    "dc-issue_updated-commented": ("10013", False, False, "10082", "PRJX-14", "new", "P3", ""),
    "dc-issue_updated-resolved": ("10300", False, False, "", "TES-4", "resolved", "P3", "fixed"),
    "dc-issue_updated-work_started": ("10300", False, False, "", "TES-4", "in_progress", "P3", ""),
    "dc-old-issue_updated-no_event_type-commented": ("10013", False, False, "10082", "PRJX-14", "new", "P3", ""),
    "server7-issue_created": ("10003", False, False, "", "TEST-4", "new", "P3", ""),
    "server7-issue_updated-status": ("10010", False, False, "", "TEST-11", "resolved", "P1", "fixed"),
}


def test_every_capture_is_expected():
    assert {path.stem for path in CAPTURES} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_capture_is_understood(name):
    seen = sight(site(), capture(name), RECEIVED)
    ticket = seen.snapshot.ticket if seen.snapshot else None
    shown = (ticket.key, ticket.state, ticket.priority, ticket.resolution) if ticket else (None,) * 4
    comment = seen.comment.id if seen.comment else ""
    assert (seen.ref.id, seen.complete, seen.gone, comment, *shown) == EXPECTED[name]
    assert ticket_id(capture(name)) == seen.ref.id


def test_a_developers_story_is_not_served_and_says_why():
    shot = sight(site(), capture("cloud-issue_created"), RECEIVED).snapshot
    assert (shot.served, shot.not_served_because) == (False, "TES-41 is a Story in a software project")
    assert shot.sinks == frozenset()


def test_times_are_utc_and_the_revision_sorts():
    earlier, later = (
        sight(site(), capture(f"cloud-issue_updated-{name}"), RECEIVED).snapshot.ticket
        for name in ("in_progress", "resolved")
    )
    assert later.updated_at == datetime(2019, 2, 16, 3, 15, 40, 477000, UTC)
    assert earlier.revision == "2019-02-16T03:14:22.002Z" < later.revision
    assert later.resolved_at.tzinfo is UTC


def test_a_comment_of_cloud_keeps_its_visibility_and_words():
    comment = sight(site(), capture("cloud-comment_created"), RECEIVED).comment
    assert (comment.public, comment.text, comment.edited) == (True, "Added a comment", False)
    assert comment.author_id == "5c5f880629be9642ba529340"
    assert sight(site(), capture("cloud-comment_updated"), RECEIVED).comment.edited


def test_a_comment_of_data_center_has_unknown_visibility_and_the_twin_has_the_same_id():
    alone = sight(site(), capture("dc-comment_created-no_issue"), RECEIVED)
    twin = sight(site(), capture("dc-issue_updated-commented"), RECEIVED)
    assert alone.comment.public is None
    assert alone.comment.author is Author.UNKNOWN
    assert alone.comment.id == twin.comment.id
    assert alone.ref == twin.ref
    assert alone.snapshot is None
    assert sight(site(), capture("dc-issue_updated-comment_edited"), RECEIVED).comment.edited


def test_users_by_name_are_known_by_key():
    seen = sight(site(), capture("dc-issue_updated-closed"), RECEIVED)
    assert seen.actor == "admin"
    assert sight(site(account="LEVBROUK"), capture("dc-comment_created-no_issue"), RECEIVED).comment.author is (
        Author.LIAISON
    )


def test_changed_fields_come_from_the_changelog():
    assert sight(site(), capture("cloud-issue_updated-resolved"), RECEIVED).changed == ("resolution", "status")


def test_the_issue_of_an_automation_rule_stands_at_the_root():
    seen = sight(site(), {**ISSUE, "id": 10001}, RECEIVED)
    assert seen.ref.id == "10001"
    assert seen.complete
    assert seen.snapshot.ticket.key == "OPS-1"
    assert seen.at == RECEIVED


def test_an_issue_event_may_carry_a_comment():
    said = {"id": "7", "author": {"accountId": "anna"}, "body": "Done.", "jsdPublic": False}
    seen = sight(site(), event(comment=said), RECEIVED)
    assert seen.snapshot.ticket.state == "in_progress"
    assert (seen.comment.id, seen.comment.public, seen.comment.author) == ("7", False, Author.AGENT)


@pytest.mark.parametrize(
    "body",
    [
        {"issue": {"id": 10001}},
        {"issue": {"self": "https://x/rest/api/2/issue/10001"}},
        {"webhookEvent": "worklog_created", "worklog": {"issueId": "10001"}},
        {"comment": {"id": "5", "self": "https://x/jira/rest/api/2/issue/10001/comment/5"}},
        {"id": 10001, "key": "OPS-1"},
    ],
)
def test_an_issue_id_is_found_wherever_it_stands(body):
    seen = sight(site(), body, RECEIVED)
    assert (seen.ref.id, seen.complete, seen.snapshot) == ("10001", False, None)


def test_a_deleted_issue_is_gone():
    assert sight(site(), event("jira:issue_deleted"), RECEIVED).gone


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"webhookEvent": "jira:version_released", "version": {"id": 1}},
        {"webhookEvent": "user_created", "id": 5},
        {"issue": None},
        {"issue": {"id": None, "key": "OPS-1"}},
        {"issue": {"id": True}},
        {"issue": {"id": "../../admin"}},
        {"issue": {"id": -4}},
        {"issue": "OPS-1"},
        {"id": 5},
        {"comment": {"self": "https://x/rest/api/2/issue/OPS-1/comment/5"}},
        {"comment": []},
    ],
)
def test_a_body_without_an_issue_id_says_what_is_missing(body):
    with pytest.raises(PayloadError, match="names no issue"):
        sight(site(), body, RECEIVED)


def test_a_snapshot_from_a_webhook_waits_for_a_read_until_its_custom_fields_are_known():
    """Webhooks have no schema: a service they do not reveal must not look like a change of scope."""
    body = event(issue=issue(customfield_10043=[{"id": "b:1", "name": "card-gateway"}]))
    assert not sight(site(), body, RECEIVED).complete
    types = {"customfield_10043": "com.atlassian.jira.plugins.service-entity:service-entity-field-cftype"}
    known = sight(site(), body, RECEIVED, types)
    assert known.complete
    assert known.snapshot.ticket.service == "card-gateway"
    assert sight(site(fields={"service": "customfield_10043"}), body, RECEIVED).complete


def test_what_is_not_served_needs_no_read():
    body = event(issue=issue(customfield_1="x"))
    assert sight(site(serves=(Serves("incident", ("WEB",)),)), body, RECEIVED).complete


def test_a_trimmed_issue_is_not_complete():
    for name in ("summary", "status", "issuetype", "project", "created", "updated"):
        assert not sight(site(), event(issue=issue(**{name: None})), RECEIVED).complete
    assert sight(site(), event(), RECEIVED).complete


def test_captures_are_valid_json_objects():
    for path in CAPTURES:
        assert isinstance(json.loads(path.read_text("utf-8")), dict)
