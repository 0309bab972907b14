"""Jira's names in Liaison's words."""

from datetime import UTC, datetime

import pytest

from connector.jira.schema import People, comment, snapshot
from core.notes import Audience
from core.sightings import Author, Unmapped
from core.sites import Auth, Serves
from core.tickets import Parent, Person
from tests.connector.jira.bodies import RECEIVED, issue, site


def ticket(where=None, **fields):
    return snapshot(where or site(), issue(**fields)).ticket


def status(name, category="indeterminate"):
    return {"name": name, "statusCategory": {"key": category}}


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("To Do", "new"), ("Open", "new"), ("New", "new"), ("Reopened", "new"), ("Backlog", "new"),
        ("In Progress", "in_progress"), ("WORK IN PROGRESS", "in_progress"), ("Waiting for support", "in_progress"),
        ("Escalated", "in_progress"), ("Investigating", "in_progress"), ("Waiting for customer", "on_hold"),
        ("Pending", "on_hold"), ("Resolved", "resolved"), ("Done", "resolved"), ("Completed", "resolved"),
        ("Closed", "closed"), ("Canceled", "cancelled"), ("Cancelled", "cancelled"), ("Declined", "cancelled"),
    ],
)  # fmt: skip
def test_stock_states_of_an_incident(name, state):
    assert ticket(status=status(name, "")).state == state


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("Planning", "draft"), ("Draft", "draft"), ("Assess", "assess"), ("Review", "assess"),
        ("Peer review / change manager approval", "assess"), ("Awaiting CAB approval", "authorize"),
        ("Authorize", "authorize"), ("Awaiting implementation", "scheduled"), ("Scheduled", "scheduled"),
        ("Implementing", "implement"), ("Implement", "implement"), ("In progress", "implement"),
        ("Post-implementation review", "review"), ("Completed", "closed"), ("Failed", "closed"),
        ("Closed", "closed"), ("Canceled", "cancelled"), ("Declined", "cancelled"),
    ],
)  # fmt: skip
def test_stock_states_of_a_change(name, state):
    assert ticket(issuetype={"name": "[System] Change"}, status=status(name, "")).state == state


@pytest.mark.parametrize(
    ("kind", "category", "state"),
    [
        ("Incident", "new", "new"), ("Incident", "indeterminate", "in_progress"), ("Incident", "done", "resolved"),
        ("Change", "new", "draft"), ("Change", "done", "closed"),
    ],
)  # fmt: skip
def test_an_unknown_status_is_read_by_its_category(kind, category, state):
    shot = snapshot(site(), issue(issuetype={"name": kind}, status=status("Zu prüfen", category)))
    assert (shot.ticket.state, shot.unmapped) == (state, ())


def test_a_change_in_progress_somewhere_is_not_guessed():
    shot = snapshot(site(), issue(issuetype={"name": "Change"}, status=status("Zu prüfen")))
    assert (shot.ticket.state, shot.unmapped) == ("", (Unmapped("state", "Zu prüfen"),))


@pytest.mark.parametrize(
    ("value", "state", "phase", "hold"),
    [
        ("on_hold", "on_hold", "", ""),
        ("on_hold:requester", "on_hold", "", "requester"),
        ("on_hold: vendor", "on_hold", "", "vendor"),
        ("in_progress:fix_running", "in_progress", "fix_running", ""),
    ],
)
def test_the_sites_own_states_come_first(value, state, phase, hold):
    found = ticket(site(states={"waiting on Store": value}), status=status("Waiting on store"))
    assert (found.state, found.phase, found.hold_reason) == (state, phase, hold)


def test_waiting_for_customer_waits_for_the_requester_and_pending_for_nobody_in_particular():
    assert ticket(status=status("Waiting for customer")).hold_reason == "requester"
    assert ticket(status=status("Pending")).hold_reason == ""


@pytest.mark.parametrize(
    ("name", "priority"),
    [
        ("Highest", "P1"), ("Blocker", "P1"), ("High", "P2"), ("Critical", "P2"), ("Medium", "P3"), ("Major", "P3"),
        ("Low", "P4"), ("Minor", "P4"), ("Lowest", "P5"), ("Trivial", "P5"),
    ],
)  # fmt: skip
def test_stock_priorities(name, priority):
    assert ticket(priority={"name": name}).priority == priority


def test_the_sites_own_priorities_come_first_and_unknown_ones_are_missing():
    assert ticket(site(priorities={"Blocker": "P2"}), priority={"name": "blocker"}).priority == "P2"
    shot = snapshot(site(), issue(priority={"name": "Urgent!"}))
    assert (shot.ticket.priority, shot.unmapped) == ("", (Unmapped("priority", "Urgent!"),))


@pytest.mark.parametrize(
    ("name", "resolution"),
    [
        ("Done", "fixed"), ("Fixed", "fixed"), ("Resolved", "fixed"), ("Workaround", "workaround"),
        ("Duplicate", "duplicate"), ("Won't Do", "declined"), ("Won’t Fix", "declined"), ("Declined", "declined"),
        ("Withdrawn", "withdrawn"), ("Cannot Reproduce", "not_found"),
    ],
)  # fmt: skip
def test_stock_resolutions(name, resolution):
    assert ticket(resolution={"name": name}).resolution == resolution


def test_an_unknown_resolution_is_missing_and_named():
    shot = snapshot(site(), issue(resolution={"name": "Magic"}))
    assert (shot.ticket.resolution, shot.unmapped) == ("", (Unmapped("resolution", "Magic"),))


def test_the_kind_comes_from_serves_then_from_the_type():
    serves = (Serves("change", ("OPS",), ("Release",)), Serves("incident", ("ops",), ("incident",)))
    assert snapshot(site(serves=serves), issue(issuetype={"name": "Release"})).ticket.kind == "change"
    listed = snapshot(site(serves=serves), issue(issuetype={"name": "Incident"}))
    assert (listed.ticket.kind, listed.served) == ("incident", True)
    other = snapshot(site(serves=serves), issue(issuetype={"name": "Epic"}))
    assert other.not_served_because == "OPS-1 is an Epic in project OPS, which this site does not serve"


def test_sinks_follow_the_project_and_the_site():
    software = {"key": "WEB", "projectTypeKey": "software"}
    serves = (Serves("incident"),)
    both = {Audience.AGENTS, Audience.REQUESTER}
    assert snapshot(site(), issue()).sinks == both
    assert snapshot(site(speaks=("agents",)), issue()).sinks == {Audience.AGENTS}
    assert snapshot(site(serves=serves), issue(project=software)).sinks == set()
    shown = site(serves=serves, agents_visibility={"role": "Service Desk Team"})
    assert snapshot(shown, issue(project=software)).sinks == {Audience.AGENTS}
    assert snapshot(shown, issue(project={"key": "WEB"})).sinks == set()


@pytest.mark.parametrize(
    ("status_name", "approval", "code"),
    [
        ("Awaiting CAB approval", "requested", ""),
        ("Awaiting implementation", "approved", ""),
        ("Implementing", "approved", ""),
        ("Declined", "rejected", ""),
        ("Planning", "", ""),
        ("Completed", "", "successful"),
        ("Failed", "", "unsuccessful"),
    ],
)
def test_a_changes_status_tells_its_approval_and_its_end(status_name, approval, code):
    found = ticket(issuetype={"name": "Change"}, status=status(status_name))
    assert (found.approval, found.close_code) == (approval, code)


def test_the_requester_is_a_person_or_a_service_account():
    assert ticket().requester == Person("carla", "Carla Customer", "person")
    assert ticket(reporter={"accountId": "m", "accountType": "app"}).requester.kind == "service_account"
    assert ticket(site(bots=("Monitoring",)), reporter={"name": "monitoring"}).requester.kind == "service_account"
    assert ticket(reporter="jdoe").requester == Person("jdoe", "", "")
    assert ticket(reporter=None).requester == Person()


def link(kind, end, key, **fields):
    phrases = {
        "Duplicate": ("is duplicated by", "duplicates"),
        "Parent": ("is parent of", "is child of"),
        "Problem/Incident": ("is caused by", "causes"),
    }[kind]
    other = {"id": "77", "key": key, "fields": fields}
    return {"type": {"name": kind, "inward": phrases[0], "outward": phrases[1]}, end: other}


def test_links_tell_duplicates_families_and_causes():
    found = ticket(issuelinks=[link("Duplicate", "outwardIssue", "OPS-2"), link("Problem/Incident", "inwardIssue", "PRB-1",
                   issuetype={"name": "[System] Problem"})])  # fmt: skip
    assert (found.duplicate_of, found.caused_by, found.problem) == ("OPS-2", "PRB-1", "PRB-1")
    assert ticket(issuelinks=[link("Duplicate", "inwardIssue", "OPS-2")]).duplicate_of == ""
    child = ticket(issuelinks=[link("Parent", "outwardIssue", "OPS-3", status=status("Done", "done"))])
    assert child.parent == Parent("77", "OPS-3", state="resolved")
    assert ticket(issuelinks=[link("Parent", "inwardIssue", f"OPS-{n}") for n in (4, 5)]).children_count == 2


def test_a_parent_is_a_parent_and_an_epic_is_none():
    parent = {"id": "5", "key": "OPS-5", "fields": {"status": status("In Progress"), "priority": {"name": "Highest"}}}
    assert ticket(parent=parent).parent == Parent("5", "OPS-5", state="in_progress", priority="P1")
    epic = {"id": "6", "key": "OPS-6", "fields": {"issuetype": {"name": "Epic", "hierarchyLevel": 1}}}
    assert ticket(parent=epic).parent is None


def test_subtasks_done_is_a_share():
    tasks = [{"id": str(n), "fields": {"status": status("x", "done" if n else "new")}} for n in range(4)]
    assert ticket(subtasks=tasks).subtasks_done == 0.75
    assert ticket().subtasks_done is None


def test_security_level_labels_components_and_environment():
    adf = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "prod"}]}],
    }
    found = ticket(security={"name": "Confidential"}, environment=adf)
    assert (found.security_level, found.environment) == ("Confidential", "prod")
    assert (found.labels, found.components) == (("drill",), ("card-gw",))
    assert found.url == "https://acme.atlassian.net/browse/OPS-1"


FIELDS = {
    "affected_users": "customfield_1", "environment": "customfield_2", "planned_start": "customfield_3",
    "location": "customfield_4", "major": "customfield_5", "risk": "customfield_6", "phase": "customfield_7",
    "store": "customfield_8", "requester.vip": "customfield_9", "service": "customfield_10",
}  # fmt: skip


def custom(**fields):
    shot = snapshot(site(fields=FIELDS, timezone="Europe/Berlin"), issue(**fields))
    return shot.ticket, shot.unmapped


def test_configured_fields_become_the_attribute_they_are_named_after():
    found, unmapped = custom(
        customfield_1=300.0,
        customfield_2={"value": "prod", "id": "1"},
        customfield_3="2026-11-22T02:00:00.000+0100",
        customfield_4={"value": "Germany", "child": {"value": "Berlin Mitte"}},
        customfield_5=[{"value": "Yes"}],
        customfield_6={"value": "Medium"},
        customfield_7={"value": "Fix running"},
        customfield_8=[{"value": "A"}, {"displayName": "B"}, None],
        customfield_9={"value": "Yes"},
        customfield_10="card-gateway",
    )
    assert unmapped == ()
    assert (found.affected_users, found.environment, found.location) == (300, "prod", "Berlin Mitte")
    assert found.planned_start == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert (found.major, found.risk, found.phase) == (True, "moderate", "fix_running")
    assert (found.fields, found.requester.vip, found.service) == ({"store": ["A", "B"]}, True, "card-gateway")


def test_a_bare_date_is_midnight_at_the_site():
    assert custom(customfield_3="2026-11-22")[0].planned_start == datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


def test_a_configured_value_that_cannot_be_read_is_missing_and_named():
    found, unmapped = custom(customfield_1="many", customfield_7={"value": "Tea break"})
    assert (found.affected_users, found.phase) == (None, "")
    assert unmapped == (Unmapped("affected_users", "many"), Unmapped("phase", "Tea break"))


def test_service_desk_fields_are_found_by_what_they_are():
    body = issue(
        customfield_11={"requestType": {"name": "Report a system problem"}},
        customfield_12=[{"id": "1", "name": "Store Berlin"}],
        customfield_13=[{"id": "b:1", "name": "card-gateway"}],
    )
    body["schema"] = {
        "customfield_11": {"custom": "com.atlassian.servicedesk:vp-origin"},
        "customfield_12": {"custom": "com.atlassian.servicedesk:sd-customer-organizations"},
        "customfield_13": {"custom": "com.atlassian.jira.plugins.service-entity:service-entity-field-cftype"},
    }
    found = snapshot(site(), body).ticket
    assert (found.service, found.organisation, found.category) == (
        "card-gateway",
        "Store Berlin",
        "Report a system problem",
    )
    assert found.fields == {"request_type": "Report a system problem"}


CLOUD = {"carla": "customer", "anna": "atlassian", "robot": "app", "liaison": "app"}


def said(name, *, public=True, who=None, where=None, kind=None):
    kind = kind or CLOUD.get(name)
    author = {"accountId": name, **({"accountType": kind} if kind else {})}
    body = {"id": "1", "author": author, "jsdPublic": public}
    configured = where or site(account="liaison")
    return comment(configured, body, who or People(), at=RECEIVED).author


def test_who_wrote_a_comment():
    knows = People(reporter=frozenset({"rita"}), participants=frozenset({"paul"}), assignee=frozenset({"zoe"}))
    assert said("liaison") is Author.LIAISON
    assert said("robot") is Author.BOT
    assert said("carla") is Author.CUSTOMER
    assert said("rita", who=knows, kind="atlassian") is Author.CUSTOMER
    assert said("paul", who=knows, kind="atlassian") is Author.CUSTOMER
    assert said("anna", who=knows) is Author.AGENT
    assert said("zoe", who=People(assignee=frozenset({"zoe"}))) is Author.AGENT
    assert said("somebody", public=False) is Author.AGENT
    assert said("anna") is Author.UNKNOWN
    assert said("anna", where=site(bots=("anna",))) is Author.BOT
    assert said("me@x", where=site(auth=Auth("me@x"))) is Author.LIAISON


@pytest.mark.parametrize(
    ("extra", "public"),
    [
        ({"jsdPublic": True}, True),
        ({"jsdPublic": False}, False),
        ({}, None),
        ({"jsdPublic": "yes"}, None),
        ({"jsdPublic": True, "visibility": {"type": "role", "value": "Agents"}}, False),
        ({"properties": []}, True),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": True}}]}, False),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": "true"}}]}, False),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": False}}]}, True),
    ],
)
def test_whether_a_comment_is_public(extra, public):
    assert comment(site(), {"id": "1", **extra}, at=RECEIVED).public is public


def test_our_marker_makes_a_comment_ours():
    body = {
        "id": "1",
        "author": {"accountId": "shared"},
        "properties": [{"key": "liaison.note", "value": {"id": "m-1"}}],
    }
    found = comment(site(), body, at=RECEIVED)
    assert (found.marker, found.author) == ("m-1", Author.LIAISON)
