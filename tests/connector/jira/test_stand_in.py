"""The stand-in behaves as Jira does, awkward parts included, for our client and for the plain `jira` package."""

import hashlib
import hmac

import pytest
import requests
from jira import JIRA, JIRAError

from connector.jira.sandbox import JiraStandIn, hub_signature
from connector.jira.schema import sight
from connector.sandbox import Fault, Hooks
from core.errors import Refused
from core.notes import Audience, Letter, Paragraph, Part, Style
from core.sightings import Author, Comment
from core.sites import Auth, Flavour, Secret, Serves
from core.tickets import TicketRef
from tests.connector.jira.bodies import RECEIVED
from tests.contract.harness import MARKER, SettableClock, letter
from tests.contract.jira import JiraDataCenterHarness, JiraHarness
from tests.sandbox.receiver import Receiver


@pytest.fixture(params=[JiraHarness, JiraDataCenterHarness])
def harness(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def cloud():
    made = JiraHarness()
    yield made
    made.close()


@pytest.fixture
def data_center():
    made = JiraDataCenterHarness()
    yield made
    made.close()


@pytest.fixture
def package(harness):
    version = "3" if harness.flavour is Flavour.CLOUD else "2"
    made = JIRA(
        harness.standin.url,
        basic_auth=("anna@acme.example", "stand-in"),
        options={"rest_api_version": version},
        max_retries=0,
    )
    yield made
    made.close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def listen(harness, receiver):
    harness.standin.hooks = Hooks(receiver.url, hub_signature("hook-secret"), retry_seconds=0.01)


def body_of(text, version):
    adf = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]}
    return adf if version == "3" else text


def test_the_jira_package_works_against_it(package, harness):
    version = package._options["rest_api_version"]
    assert package.server_info()["deploymentType"] == ("Cloud" if version == "3" else "Server")
    assert package.myself()["emailAddress"] == "anna@acme.example"
    made = package.create_issue(project="OPS", issuetype={"name": "Incident"}, summary="Till 7 is dark")
    assert made.fields.summary == "Till 7 is dark"
    assert made.fields.status.name == "Open"
    made.update(fields={"priority": {"name": "Highest"}})
    package.transition_issue(made, "In Progress")
    package.add_comment(made.key, body_of("We are on it.", version))
    found = package.issue(made.key)
    assert (found.fields.priority.name, found.fields.status.name) == ("Highest", "In Progress")
    assert len(package.comments(made.key)) == 1
    assert [one.key for one in package.search_issues("project = OPS", fields="summary")] == [made.key]
    with pytest.raises(JIRAError, match="does not exist"):
        package.issue("OPS-99")
    made.delete()
    with pytest.raises(JIRAError):
        package.issue(made.key)
    assert list(harness.standin.conversations()) == []


def test_comments_of_a_service_desk_are_public_by_default(package, harness):
    version = package._options["rest_api_version"]
    ref = harness.create(title="x")
    package.add_comment(ref.id, body_of("oops", version))
    package.add_comment(ref.id, body_of("inside", version), is_internal=True)
    assert [(e.text, e.internal) for e in harness.entries(ref)] == [("oops", False), ("inside", True)]


def ask(harness, method, path, *, user="anna", password="stand-in", **sent):
    with requests.Session() as session:
        session.trust_env = False
        auth = (user, password) if user else None
        return session.request(method, harness.standin.url + path, auth=auth, timeout=5, **sent)


def test_internal_must_be_a_boolean(cloud):
    ref = cloud.create(title="x")
    body = {"body": body_of("x", "3"), "properties": [{"key": "sd.public.comment", "value": {"internal": "true"}}]}
    assert ask(cloud, "POST", f"/rest/api/3/issue/{ref.id}/comment", json=body).json()["jsdPublic"] is True


def test_nobody_is_let_in_without_the_right_token(harness):
    for user, password in (("anna", "wrong"), ("nobody", "stand-in"), (None, "")):
        assert ask(harness, "GET", "/rest/api/2/myself", user=user, password=password).status_code == 401


def test_customers_see_no_internal_comments(cloud):
    ref = cloud.create(title="x")
    cloud.connector.write(letter(ref, "inside"))
    cloud.connector.write(letter(ref, "outside", audience=Audience.REQUESTER, marker="m2"))
    seen = ask(cloud, "GET", f"/rest/api/2/issue/{ref.id}/comment", user="carla").json()["comments"]
    assert [one["body"] for one in seen] == ["outside"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"body": 5}', b'{"body": {"type": "paragraph"}}', b'{"body": "text"}', b"{"]
)
def test_cloud_refuses_a_body_that_is_no_document(cloud, body):
    ref = cloud.create(title="x")
    headers = {"Content-Type": "application/json"}
    answer = ask(cloud, "POST", f"/rest/api/3/issue/{ref.id}/comment", data=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json().keys() == {"errorMessages", "errors"}


def test_the_old_search_is_gone_and_the_new_one_wants_a_restriction(cloud):
    cloud.create(title="a")
    cloud.clock.pass_by(hours=1)
    later = cloud.create(title="b")
    assert ask(cloud, "GET", "/rest/api/3/search?jql=project=OPS").status_code == 410
    assert ask(cloud, "GET", "/rest/api/3/search/jql?jql=").status_code == 400
    jql = {"jql": 'project = OPS AND updated >= "2026-11-21 10:30" ORDER BY updated'}
    found = ask(cloud, "GET", "/rest/api/3/search/jql", params=jql).json()
    assert found == {"issues": [{"id": later.id}], "isLast": True}
    first = ask(
        cloud, "POST", "/rest/api/3/search/jql", json={"jql": "project = OPS", "maxResults": 1, "fields": ["summary"]}
    )
    assert first.json()["issues"][0]["fields"] == {"summary": "a"}
    assert first.json()["nextPageToken"] == "1"


def test_data_center_still_searches_the_old_way(data_center):
    first = data_center.create(title="a")
    path = "/rest/api/2/search"
    found = ask(data_center, "GET", path, params={"jql": "updated >= -5m AND key in (OPS-1, OPS-2)"}).json()
    assert [one["id"] for one in found["issues"]] == [first.id]
    assert ask(data_center, "GET", "/rest/api/2/search/jql?jql=project=OPS").status_code == 404
    assert ask(data_center, "GET", "/rest/api/3/myself").status_code == 404
    for jql in ("assignee was anna", "updated >= 'long ago'"):
        assert ask(data_center, "GET", path, params={"jql": jql}).status_code == 400


def test_a_comment_may_be_deleted_and_is_then_gone(harness):
    ref = harness.create(title="x")
    written = harness.connector.write(letter(ref, "one"))
    path = f"/rest/api/2/issue/{ref.id}/comment/{written.comment_id}"
    assert ask(harness, "DELETE", path).status_code == 204
    assert harness.connector.comment(ref, Comment(written.comment_id, RECEIVED)) is None
    assert harness.connector.find(ref, MARKER, RECEIVED) is None
    assert ask(harness, "DELETE", path).status_code == 404


def test_webhooks_are_signed_and_keep_their_identifier_over_retries(cloud, receiver):
    listen(cloud, receiver)
    receiver.statuses += [503, 429]
    cloud.create(title="x")
    cloud.standin.hooks.flush()
    assert len(receiver.received) == 3
    for headers, raw in receiver.received:
        wanted = hmac.new(b"hook-secret", raw, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature"] == f"sha256={wanted}"
    assert len({headers["X-Atlassian-Webhook-Identifier"] for headers, _ in receiver.received}) == 1


def test_clouds_comment_events_are_thin(cloud, receiver):
    ref = cloud.create(title="x")
    listen(cloud, receiver)
    cloud.standin.change(ref.id, {"as": "anna", "comment": {"text": "Hi", "public": False}})
    (body,) = receiver.bodies(cloud.standin)
    assert body["webhookEvent"] == "comment_created"
    assert "user" not in body
    assert len(body["issue"]["fields"]) == 6
    seen = sight(cloud.connector.site, body, RECEIVED)
    assert (seen.complete, seen.comment.public, seen.comment.author) == (False, False, Author.AGENT)


def test_data_centers_comment_events_have_no_issue_and_a_twin(data_center, receiver):
    ref = data_center.create(title="x")
    listen(data_center, receiver)
    data_center.standin.change(ref.id, {"as": "anna", "comment": {"text": "Hi"}})
    alone, twin = receiver.bodies(data_center.standin)
    assert "issue" not in alone
    assert "jsdPublic" not in alone["comment"]
    assert (twin["issue_event_type_name"], twin["comment"]["id"]) == ("issue_commented", alone["comment"]["id"])
    assert sight(data_center.connector.site, alone, RECEIVED).ref == ref


def test_a_status_and_a_comment_may_come_in_one_save(harness, receiver):
    ref = harness.create(title="x")
    listen(harness, receiver)
    harness.standin.change(ref.id, {"as": "anna", "status": "Resolved", "comment": {"text": "Fixed.", "public": True}})
    updated, commented = receiver.bodies(harness.standin)
    seen = sight(harness.connector.site, updated, RECEIVED)
    assert (seen.snapshot.ticket.state, seen.snapshot.ticket.resolution) == ("resolved", "fixed")
    assert seen.comment.text == "Fixed."
    assert seen.changed == ("status", "resolution")
    assert commented["comment"]["id"] == seen.comment.id


def test_its_issue_events_are_complete_and_equal_what_a_read_shows(harness, receiver):
    listen(harness, receiver)
    ref = harness.create(title="Till 7", description="dark", priority="P2")
    (body,) = receiver.bodies(harness.standin)
    seen = harness.connector.sight(body, RECEIVED)
    assert seen.complete
    assert seen.snapshot == harness.connector.read(ref)


def test_reopening_clears_the_resolution(cloud):
    ref = cloud.create(title="x")
    for status, resolution, state in (("Done", "fixed", "resolved"), ("Reopened", "", "new")):
        cloud.standin.change(ref.id, {"status": status})
        found = cloud.connector.read(ref).ticket
        assert (found.resolution, found.state) == (resolution, state)
    assert found.resolved_at is None


def test_families_and_duplicates_show_on_both_sides(cloud):
    parent, child = cloud.create(title="big", priority="P1"), cloud.create(title="small")
    links = [{"type": "Parent/Child", "to": "OPS-1"}, {"type": "Duplicate", "to": "OPS-1"}]
    cloud.standin.change(child.id, {"fields": {"links": links}})
    found = cloud.connector.read(child).ticket
    assert (found.parent.id, found.parent.priority, found.duplicate_of) == (parent.id, "P1", "OPS-1")
    assert cloud.connector.read(parent).ticket.children_count == 1


def test_service_and_organisation_are_found_by_schema(cloud):
    ref = cloud.create(title="x")
    fields = {
        "customfield_10043": [{"id": "b:1", "name": "card-gateway"}],
        "customfield_10002": [{"id": "1", "name": "Berlin"}],
    }
    cloud.standin.change(ref.id, {"fields": fields})
    found = cloud.connector.read(ref).ticket
    assert (found.service, found.organisation) == ("card-gateway", "Berlin")


def test_a_deleted_issue_is_announced_and_gone(cloud, receiver):
    ref = cloud.create(title="x")
    listen(cloud, receiver)
    cloud.standin.change(ref.id, {"delete": True})
    (body,) = receiver.bodies(cloud.standin)
    assert sight(cloud.connector.site, body, RECEIVED).gone


def test_a_mistake_in_a_change_is_answered_with_its_reason(cloud):
    for body in ({"colour": "red"}, {"project": "NOPE"}):
        answer = ask(cloud, "POST", "/sandbox/tickets", json=body)
        assert answer.status_code == 400
        assert "colour" in answer.text or "NOPE" in answer.text


def test_an_edit_keeps_marker_and_visibility_and_mails_nobody(harness):
    ref = harness.create(title="x")
    first = harness.connector.write(letter(ref, "one"))
    mailed = len(harness.standin.notified)
    harness.clock.pass_by(minutes=1)
    again = harness.connector.write(Letter(ref, "new-marker", letter(ref, "two").parts, edits=first.comment_id))
    (entry,) = harness.entries(ref)
    assert (entry.text, entry.internal, entry.marker) == ("two", True, MARKER)
    assert (again.comment_id, again.public) == (first.comment_id, False)
    assert len(harness.standin.notified) == mailed


def test_outside_service_desks_an_internal_note_is_kept_to_the_role_also_after_an_edit(harness):
    shown = harness.connect(serves=(Serves("incident", ("WEB",)),), agents_visibility={"role": "Service Desk Team"})
    made = harness.standin.change("", {"as": "anna", "project": "WEB", "type": "Incident", "fields": {"summary": "x"}})
    ref = TicketRef("acme-jira", made["id"])
    first = shown.write(letter(ref, "one"))
    assert first.public is False
    shown.write(Letter(ref, MARKER, letter(ref, "two").parts, edits=first.comment_id))
    (entry,) = harness.entries(ref)
    assert (entry.text, entry.internal) == ("two", True)
    shown.close()


def test_the_living_note_is_read_back_with_author_and_marker(harness):
    ref = harness.create(title="x")
    written = harness.connector.write(letter(ref, "one"))
    seen = harness.connector.comment(ref, Comment(written.comment_id, RECEIVED))
    assert (seen.author, seen.marker, seen.public, seen.text) == (Author.LIAISON, MARKER, False, "one")


@pytest.mark.parametrize(("who", "author"), [("anna", Author.AGENT), ("carla", Author.CUSTOMER)])
def test_a_thin_comment_is_filled_in_by_reading(harness, receiver, who, author):
    ref = harness.create(title="x")
    listen(harness, receiver)
    harness.standin.change(ref.id, {"as": who, "comment": {"text": "Hi"}})
    thin = harness.connector.sight(receiver.bodies(harness.standin)[0], RECEIVED).comment
    seen = harness.connector.comment(ref, thin)
    assert (seen.author, seen.public, seen.text) == (author, True, "Hi")


def test_paragraphs_are_kept_apart_for_the_pages(harness):
    ref = harness.create(title="x")
    parts = (
        Part(Audience.REQUESTER, (Paragraph("Title", Style.TITLE), Paragraph("a\nb"), Paragraph("said", Style.QUOTE))),
    )
    harness.connector.write(Letter(ref, MARKER, parts))
    lines = [line for line in harness.entries(ref)[0].text.split("\n") if line]
    assert lines == ["Title", "a", "b", "said"]
    page = ask(harness, "GET", "/ticket/OPS-1", user=None)
    assert "As the customer sees it" in page.text


def test_what_was_committed_survives_a_kill(tmp_path):
    clock, path = SettableClock(RECEIVED), tmp_path / "jira.jsonl"
    first = JiraStandIn(clock=clock, ledger=path)
    first.start()
    made = first.change("", {"as": "new.person", "as_type": "customer", "project": "OPS", "fields": {"summary": "x"}})
    first.change(made["key"], {"as": "anna", "status": "In Progress", "comment": {"text": "Hi", "public": False}})
    shown = [one.to_dict() for one in first.conversations()]
    raw = first.shown_issue(first.found(made["key"]))["fields"]["reporter"]["accountId"]
    first.stop()
    with path.open("ab") as file:
        file.write(b'{"issue": {"id"')
    second = JiraStandIn(clock=clock, ledger=path)
    second.start()
    assert [one.to_dict() for one in second.conversations()] == shown
    assert second.account_id("new.person") == raw
    again = second.change("", {"project": "OPS", "fields": {"summary": "y"}})
    assert int(again["id"]) == int(made["id"]) + 1
    assert again["key"] == "OPS-2"
    second.stop()


def test_automation_sends_the_bare_issue(cloud):
    ref = cloud.create(title="x")
    body = cloud.standin.automation_body("OPS-1")
    assert body["id"] == int(ref.id)
    seen = cloud.connector.sight(body, RECEIVED)
    assert seen.ref == ref
    assert seen.complete


def test_the_wrong_token_is_refused_with_what_to_do(cloud):
    ref = cloud.create(title="x")
    wrong = cloud.connect(auth=Auth("liaison@acme.example", Secret("wrong")))
    with pytest.raises(Refused, match="Client must be authenticated") as caught:
        wrong.read(ref)
    assert "auth.token" in caught.value.hint
    wrong.close()


def test_a_fault_set_over_http_strikes_once(cloud):
    ref = cloud.create(title="x")
    fault = {"kind": "status", "status": 500, "method": "GET", "path": "/issue/"}
    ask(cloud, "POST", "/sandbox/faults", json=fault)
    assert cloud.standin.faults == [Fault(**fault)]
    assert cloud.connector.read(ref).ticket.id == ref.id
