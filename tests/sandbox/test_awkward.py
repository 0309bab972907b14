"""What each platform does by itself that a simpler one would not, on request."""

from datetime import timedelta

import pytest
import requests

from connector.sandbox import Allowance
from core.errors import InDoubt, NotThere, Paused, Unavailable
from core.notes import Audience
from core.sightings import Author, Comment
from tests.contract.harness import MARKER, letter
from tests.contract.servicenow import ServiceNowHarness


def ask(harness, method, path, *, user="anna", password="stand-in", **sent):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, harness.standin.url + path, auth=(user, password), timeout=5, **sent)


def ask_snow(snow, path, user="liaison", **sent):
    return ask(snow, "GET", f"/api/now/table/{path}", user=user, password=user, **sent)


def status(jira, key="OPS-1"):
    return jira.standin.found(key).status


MOVES = {"agents": "Waiting for customer", "customers": "In Progress"}


def test_a_public_comment_moves_the_status_where_the_desk_automates_it(jira, receiver):
    jira.standin.comment_moves = MOVES
    ref = jira.create(title="Till 7")
    jira.connector.write(letter(ref, "For agents."))
    assert status(jira) == "Open"
    jira.connector.write(letter(ref, "Which till?", audience=Audience.REQUESTER))
    assert status(jira) == "Waiting for customer"
    last = receiver.bodies(jira.standin)[-1]
    assert (last["webhookEvent"], last["user"]["displayName"]) == ("jira:issue_updated", "Automation")
    assert last["changelog"]["items"][0]["toString"] == "Waiting for customer"
    jira.standin.change(jira.standin.found(ref.id).key, {"as": "carla", "comment": {"text": "The left one."}})
    assert status(jira) == "In Progress"


def test_automation_leaves_what_is_done_and_what_is_no_desk_alone(jira):
    jira.standin.comment_moves = MOVES
    jira.create(title="Till 7")
    jira.standin.change("OPS-1", {"status": "Resolved"})
    jira.standin.change("OPS-1", {"comment": {"text": "Bye."}})
    assert status(jira) == "Resolved"
    jira.standin.change("", {"project": "WEB", "type": "Task", "comment": {"text": "Hello."}})
    assert status(jira, "WEB-1") == "Open"


def test_jira_takes_no_more_than_its_limits_per_issue(jira):
    jira.standin.write_limits = True
    ref = jira.create(title="Till 7")

    def comment():
        answer = ask(jira, "POST", f"/rest/api/2/issue/{ref.id}/comment", json={"body": "x"})
        return answer.status_code, answer.headers.get("Retry-After"), answer.headers.get("RateLimit-Reason")

    let_in = (201, None, None)
    for n in range(5):
        assert [comment() for _ in range(20)] == [let_in] * 20
        wait = "2" if n < 4 else "22"
        assert comment() == (429, wait, "jira-per-issue-on-write")
        jira.clock.pass_by(seconds=2)
    assert comment() == (429, "20", "jira-per-issue-on-write")
    assert ask(jira, "GET", f"/rest/api/2/issue/{ref.id}").status_code == 200
    jira.clock.pass_by(seconds=20)
    assert comment() == let_in
    assert len(jira.standin.lines) == 101


def test_properties_of_a_comment_are_listed_and_read(any_jira):
    ref = any_jira.create(title="Till 7")
    written = any_jira.connector.write(letter(ref, "For agents."))
    path = f"/rest/api/2/comment/{written.comment_id}/properties"
    keys = {one["key"] for one in ask(any_jira, "GET", path).json()["keys"]}
    assert keys == {"liaison.note", "sd.public.comment"}
    assert ask(any_jira, "GET", f"{path}/liaison.note").json()["value"]["id"] == MARKER
    assert ask(any_jira, "GET", f"{path}/sd.public.comment").json()["value"] == {"internal": True}
    assert ask(any_jira, "GET", f"{path}/nothing").status_code == 404
    assert ask(any_jira, "GET", path, user="carla").status_code == 404


def test_a_note_is_found_however_small_jira_makes_its_pages(any_jira):
    ref = any_jira.create(title="Till 7")
    for n in range(11):
        any_jira.connector.write(letter(ref, f"Number {n}.", marker=f"{n:08}-0000-5000-8000-000000000000"))
        any_jira.clock.pass_by(seconds=1)
    any_jira.standin.comments_at_once = 3
    page = ask(any_jira, "GET", f"/rest/api/2/issue/{ref.id}/comment?maxResults=100").json()
    assert (page["maxResults"], len(page["comments"]), page["total"]) == (3, 3, 11)
    since = any_jira.clock.now() - timedelta(hours=1)
    for n in range(11):
        assert any_jira.connector.find(ref, f"{n:08}-0000-5000-8000-000000000000", since)
    assert any_jira.connector.find(ref, MARKER, since) is None


def test_a_deleted_comment_is_gone_and_announced_where_asked_for(jira, receiver):
    jira.standin.tells_deletions = True
    ref = jira.create(title="Till 7")
    written = jira.connector.write(letter(ref, "For agents."))
    jira.standin.change("OPS-1", {"as": "anna", "uncomment": written.comment_id})
    assert jira.entries(ref) == []
    assert jira.connector.find(ref, MARKER, jira.clock.now() - timedelta(hours=1)) is None
    old = Comment(written.comment_id, jira.clock.now(), Author.AGENT)
    assert jira.connector.comment(ref, old) is None
    assert receiver.bodies(jira.standin)[-1]["webhookEvent"] == "comment_deleted"


def test_an_edit_of_a_deleted_comment_is_not_there(any_jira):
    ref = any_jira.create(title="Till 7")
    written = any_jira.connector.write(letter(ref, "One."))
    any_jira.standin.change("OPS-1", {"as": "anna", "uncomment": written.comment_id})
    wanted = letter(ref, "Two.")
    with pytest.raises(NotThere):
        any_jira.connector.write(type(wanted)(wanted.ref, wanted.marker, wanted.parts, edits=written.comment_id))


def test_the_removed_search_says_so(jira):
    answer = ask(jira, "GET", "/rest/api/3/search?jql=project=OPS")
    assert answer.status_code == 410
    new = ask(jira, "GET", "/rest/api/3/search/jql?jql=project=OPS&maxResults=1").json()
    assert (new["issues"], "total" in new) == ([], False)


def test_a_journal_that_may_not_be_read_is_empty_and_not_an_error(snow):
    ref = snow.create(title="Till 7")
    snow.connector.write(letter(ref, "For agents."))
    snow.standin.accounts |= {"reader": "reader"}
    snow.standin.journal_readers = {"reader"}
    answers = [ask_snow(snow, "sys_journal_field", user) for user in ("liaison", "reader")]
    assert [(a.status_code, len(a.json()["result"]), a.headers["X-Total-Count"]) for a in answers] == [
        (200, 0, "0"),
        (200, 1, "1"),
    ]
    row = answers[1].json()["result"][0]["sys_id"]
    statuses = [ask_snow(snow, f"sys_journal_field/{row}", user).status_code for user in ("liaison", "reader")]
    assert statuses == [404, 200]


def test_an_empty_journal_is_not_taken_for_absence():
    class Reference(ServiceNowHarness):
        column = ""

    snow = Reference()
    try:
        ref = snow.create(title="Till 7")
        snow.connector.write(letter(ref, "For agents."))
        since = snow.clock.now() - timedelta(hours=1)
        assert snow.connector.find(ref, MARKER, since)
        snow.standin.journal_readers = ()
        with pytest.raises(Unavailable, match="journal"):
            snow.connector.find(ref, MARKER, since)
    finally:
        snow.close()


def test_filters_by_name_and_value_are_counted(snow):
    for n in range(5):
        snow.create(title=f"Till {n}", priority="P1" if n < 3 else "P4")
    answer = ask_snow(snow, "incident?priority=1&sysparm_limit=2&sysparm_fields=number,priority")
    assert answer.headers["X-Total-Count"] == "3"
    assert [row["priority"] for row in answer.json()["result"]] == ["1", "1"]
    ignored = ask_snow(snow, "incident?colour=red&sysparm_query=priority=4^nonsense=1")
    assert ignored.headers["X-Total-Count"] == "2"
    either = ask_snow(snow, "incident?sysparm_query=short_descriptionLIKE0^ORshort_descriptionLIKE4^priority=4")
    assert [row["short_description"] for row in either.json()["result"]] == ["Till 4"]


def test_a_hibernating_instance_answers_everything_with_a_page(snow):
    ref = snow.create(title="Till 7")
    snow.standin.hibernating = True
    answer = ask_snow(snow, "incident", user="nobody")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(Unavailable):
        snow.connector.read(ref)
    with pytest.raises(InDoubt):
        snow.connector.write(letter(ref, "Hello."))
    snow.standin.hibernating = False
    assert snow.connector.find(ref, MARKER, snow.clock.now()) is None


class Listening:
    """A meter that only listens."""

    def __init__(self):
        self.heard, self.stopped = [], []

    def leave(self, issue=""):
        pass

    def back(self, quotas=()):
        self.heard += quotas

    def stop(self, error):
        self.stopped.append(error)


def test_a_limit_is_told_with_every_answer_and_kept_to(harness):
    meter = Listening()
    ref = harness.create(title="Till 7")
    connector = type(harness.connector)(harness.connector.site, harness.clock, meter=meter)
    try:
        harness.standin.allowance = Allowance(6, 3600)
        for _ in range(6):
            connector.read(ref)
        assert {(q.limit, q.window) for q in meter.heard} == {(6, 3600.0)}
        assert {0 < q.seconds <= 3600 for q in meter.heard} == {True}
        with pytest.raises(Paused):
            connector.read(ref)
        assert meter.stopped[0].until == harness.standin.allowance.reset(harness.clock.now())
        harness.clock.pass_by(hours=1)
        connector.read(ref)
        assert harness.standin.allowance.refused == 1
    finally:
        connector.close()


def test_jira_says_what_is_left_when_that_is_little_and_a_data_center_always(any_jira):
    ref = any_jira.create(title="Till 7")
    any_jira.standin.allowance = Allowance(10, 60)
    path = f"/rest/api/2/issue/{ref.id}"
    answers = [ask(any_jira, "GET", path).headers for _ in range(10)]
    if "X-RateLimit-Interval-Seconds" in answers[0]:
        assert [answer["X-RateLimit-Remaining"] for answer in answers] == [str(n) for n in range(9, -1, -1)]
        return
    assert [";r=" in answer["RateLimit"] for answer in answers] == [False] * 8 + [True] * 2
    assert [answer.get("X-RateLimit-NearLimit") for answer in answers] == [None] * 8 + ["true"] * 2


def test_a_limit_is_set_and_shown_over_http(harness):
    url = f"{harness.standin.url}/sandbox/limit"
    with requests.Session() as session:
        session.trust_env = False
        assert session.put(url, json={"requests": 5, "seconds": 60}, timeout=5).json() == {
            "limit": {"requests": 5, "seconds": 60}
        }
        assert session.get(url, timeout=5).json() == {
            "limit": {"requests": 5, "seconds": 60},
            "taken": {},
            "refused": 0,
        }
        assert "is a JSON object" in session.put(url, json={"requests": -1}, timeout=5).json()["error"]
        assert session.put(url, json={"requests": 0}, timeout=5).json() == {"limit": None}
