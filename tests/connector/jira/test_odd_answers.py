"""What Jira, a proxy or the network may answer beside the expected: at the HTTP seam, with `responses`."""

import json
import logging
import ssl
from datetime import timedelta

import pytest
import requests
import responses
from responses import matchers
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.exceptions import SSLError as ConnectionSSLError

from connector.jira.client import JiraConnector
from core.errors import InDoubt, NotThere, Paused, PlatformError, Refused, Scope, Unavailable
from core.notes import Audience, Letter
from core.sightings import Comment
from core.sites import Auth, Flavour, Secret
from core.tickets import TicketRef
from tests.connector.jira.bodies import RECEIVED, issue, site
from tests.contract.harness import MARKER, SettableClock, letter

BASE = "https://acme.atlassian.net/rest/api/3"
REF = TicketRef("acme", "10001")
ISSUE = f"{BASE}/issue/10001"
COMMENTS = f"{ISSUE}/comment"
TOKEN = "s3cr3t-token"


@pytest.fixture
def waits():
    return []


@pytest.fixture
def jira(waits):
    made = JiraConnector(
        site(auth=Auth("bot@acme.example", Secret(TOKEN))), SettableClock(RECEIVED), sleep=waits.append
    )
    yield made
    made.close()


@pytest.fixture
def http():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        mocked.get(ISSUE, json=issue())
        yield mocked


def refused_by(jira, letter_=None):
    with pytest.raises(PlatformError) as caught:
        jira.write(letter_ or letter(REF, "Hello."))
    return caught.value


def reason(error):
    return requests.ConnectionError(MaxRetryError(None, "/", error))


UNSENT = [
    requests.ConnectTimeout(),
    reason(NewConnectionError(None, "refused")),
    reason(NameResolutionError("acme", None, OSError("no such name"))),
    requests.exceptions.SSLError(MaxRetryError(None, "/", ConnectionSSLError(ssl.SSLCertVerificationError("expired")))),
    requests.exceptions.InvalidURL("no host"),
]
SENT = [
    requests.ReadTimeout(),
    requests.ConnectionError(ProtocolError("aborted", ConnectionResetError())),
    requests.exceptions.ChunkedEncodingError(),
    requests.exceptions.ContentDecodingError(),
    requests.exceptions.SSLError(MaxRetryError(None, "/", ConnectionSSLError("bad record mac"))),
    requests.exceptions.RetryError(),
]


@pytest.mark.parametrize("error", UNSENT)
def test_nothing_was_sent_without_a_connection(jira, http, error):
    http.post(COMMENTS, body=error)
    assert type(refused_by(jira)) is Unavailable


@pytest.mark.parametrize("error", SENT)
def test_once_bytes_have_left_a_failure_is_a_doubt(jira, http, error):
    http.post(COMMENTS, body=error)
    assert type(refused_by(jira)) is InDoubt
    assert sum(call.request.method == "POST" for call in http.calls) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, InDoubt), (502, InDoubt), (503, InDoubt), (504, InDoubt), (408, InDoubt), (409, Unavailable),
        (425, Unavailable), (400, Refused), (401, Refused), (403, Refused), (404, NotThere), (410, Refused),
        (413, Refused), (302, Refused), (307, Refused),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "body", ["", "null", "[]", '"message"', "<html>", '{"errorMessages": null, "errors": 5}', "\xff"]
)
def test_every_status_of_a_write_whatever_its_body(jira, http, status, expected, body):
    http.post(COMMENTS, status=status, body=body, headers={"Location": "https://evil.example/"})
    assert type(refused_by(jira)) is expected
    assert all(call.request.url.startswith(BASE) for call in http.calls)


@pytest.mark.parametrize("body", ["", "null", "[]", "<html>log in</html>", '{"id"', "5"])
@pytest.mark.parametrize("status", [200, 201])
def test_an_unreadable_success_of_a_write_is_a_doubt(jira, http, body, status):
    http.post(COMMENTS, status=status, body=body)
    assert type(refused_by(jira)) is InDoubt


def test_a_success_that_names_no_comment_still_stands(jira, http):
    http.post(COMMENTS, status=201, json={})
    written = jira.write(letter(REF, "Hello."))
    assert (written.marker, written.comment_id, written.public) == (MARKER, "", None)


def test_jiras_own_words_are_shown(jira, http):
    http.post(COMMENTS, status=400, json={"errorMessages": ["No way."], "errors": {"comment": "Too long."}})
    error = refused_by(jira)
    assert "No way.; comment: Too long." in str(error)
    assert str(error).startswith("site acme, issue 10001: ")


@pytest.mark.parametrize(
    ("headers", "seconds", "scope"),
    [
        ({"Retry-After": "17", "RateLimit-Reason": "jira-quota-global-based"}, 17, Scope.SITE),
        ({"Retry-After": "2", "RateLimit-Reason": "jira-burst-based"}, 2, Scope.ENDPOINT),
        ({"Retry-After": "30", "RateLimit-Reason": "jira-per-issue-on-write"}, 30, Scope.ISSUE),
        ({"Retry-After": "Sat, 21 Nov 2026 10:05:00 GMT"}, 300, Scope.SITE),
        ({"X-RateLimit-Reset": "2026-11-21T10:01:00Z"}, 60, Scope.SITE),
        ({"Retry-After": "soon"}, 60, Scope.SITE),
        ({"Retry-After": "-5"}, 60, Scope.SITE),
        ({"Retry-After": "0"}, 1, Scope.SITE),
        ({"Retry-After": "99999999"}, 86_400, Scope.SITE),
        ({}, 60, Scope.SITE),
    ],
)
def test_a_rate_limit_says_how_long_and_what(jira, http, headers, seconds, scope):
    http.post(COMMENTS, status=429, headers=headers)
    error = refused_by(jira)
    assert isinstance(error, Paused)
    assert (error.until - RECEIVED, error.scope) == (timedelta(seconds=seconds), scope)


def test_visibility_and_marker_travel_in_the_one_request(jira, http):
    http.post(COMMENTS, status=201, json={"id": "5", "jsdPublic": False, "created": "2026-11-21T10:00:00.000+0000"})
    written = jira.write(letter(REF, "Hello."))
    (sent,) = [json.loads(call.request.body) for call in http.calls if call.request.method == "POST"]
    assert {"key": "sd.public.comment", "value": {"internal": True}} in sent["properties"]
    assert {"key": "liaison.note", "value": {"id": MARKER, "audience": "agents"}} in sent["properties"]
    assert sent["body"]["type"] == "doc"
    assert (written.comment_id, written.public, written.at) == ("5", False, RECEIVED)


def test_an_internal_note_that_came_out_public_is_reported_as_public(jira, http):
    http.post(COMMENTS, status=201, json={"id": "5", "jsdPublic": True})
    assert jira.write(letter(REF, "Hello.")).public is True


def test_visibility_that_cannot_be_read_back_is_unknown_and_the_note_stands(jira, http):
    http.post(COMMENTS, status=201, json={"id": "5"})
    http.get(f"{COMMENTS}/5", status=500)
    written = jira.write(letter(REF, "Hello."))
    assert (written.comment_id, written.public) == ("5", None)


def test_an_edit_sends_the_body_alone_and_notifies_nobody(jira, http):
    http.put(
        f"{COMMENTS}/5",
        json={"id": "5", "jsdPublic": False},
        match=[matchers.query_param_matcher({"notifyUsers": "false"})],
    )
    first = letter(REF, "Hello.")
    jira.write(Letter(REF, MARKER, first.parts, edits="5"))
    (sent,) = [json.loads(call.request.body) for call in http.calls if call.request.method == "PUT"]
    assert sent.keys() == {"body"}


def test_an_edit_of_a_comment_that_is_gone_is_not_there(jira, http):
    http.put(f"{COMMENTS}/5", status=404, json={"errorMessages": ["gone"]})
    assert type(refused_by(jira, Letter(REF, MARKER, letter(REF, "x").parts, edits="5"))) is NotThere
    assert type(refused_by(jira, Letter(REF, MARKER, letter(REF, "x").parts, edits="../5"))) is NotThere


def test_a_note_that_cannot_be_kept_to_its_readers_never_leaves(jira, http):
    http.get(f"{BASE}/issue/7", json=issue(project={"key": "WEB", "projectTypeKey": "software"}) | {"id": "7"})
    error = refused_by(jira, letter(TicketRef("acme", "7"), "Hello.", audience=Audience.REQUESTER))
    assert isinstance(error, Refused)
    assert "agents_visibility" in error.hint
    assert not any(call.request.method == "POST" for call in http.calls)


def test_a_read_is_tried_three_times_with_short_waits(jira, http, waits):
    http.replace(responses.GET, ISSUE, status=502)
    with pytest.raises(Unavailable):
        jira.read(REF)
    assert len(http.calls) == 3
    assert len(waits) == 2
    assert sum(waits) < 5


@pytest.mark.parametrize(("status", "error"), [(429, Paused), (404, NotThere), (401, Refused), (302, Refused)])
def test_some_answers_of_a_read_are_final(jira, http, status, error, waits):
    http.replace(responses.GET, ISSUE, status=status)
    with pytest.raises(error):
        jira.read(REF)
    assert waits == []


@pytest.mark.parametrize("body", ["", "null", "[]", "<html></html>", "{", '{"id": "10002"}', '{"fields": {}}'])
def test_a_read_that_makes_no_sense_is_unavailable(jira, http, body):
    http.replace(responses.GET, ISSUE, body=body)
    with pytest.raises(Unavailable):
        jira.read(REF)


def test_an_id_that_is_none_never_reaches_the_network(jira, http):
    with pytest.raises(NotThere):
        jira.read(TicketRef("acme", "../../user"))
    assert len(http.calls) == 0


def listing(*comments, total=None):
    return {"comments": list(comments), "total": len(comments) if total is None else total, "startAt": 0}


def noted(number, created="2026-11-21T10:00:00.000+0000", **extra):
    return {"id": str(number), "created": created, **extra}


MARKED = [{"key": "liaison.note", "value": {"id": MARKER}}]


def test_find_walks_all_pages_where_comments_are_not_sorted(jira, http):
    old, new = "2026-11-01T10:00:00.000+0000", "2026-11-21T10:00:00.000+0000"
    pages = {"0": [noted(1, old, properties=[]), noted(2, old, properties=[])],
             "2": [noted(3, new, properties=[]), noted(4, new, properties=MARKED, jsdPublic=False)]}  # fmt: skip
    for start, page in pages.items():
        http.get(
            COMMENTS,
            json=listing(*page, total=4),
            match=[matchers.query_param_matcher({"startAt": start}, strict_match=False)],
        )
    # The first page has equal dates, so it may be sorted either way: an old end of a sorted page ends the search.
    pages["0"][1]["created"] = "2026-11-02T10:00:00.000+0000"
    http.replace(responses.GET, COMMENTS, json=listing(*pages["0"], total=4),
                 match=[matchers.query_param_matcher({"startAt": "0"}, strict_match=False)])  # fmt: skip
    assert jira.find(REF, MARKER, RECEIVED).comment_id == "4"


def test_find_stops_at_comments_older_than_the_intent(jira, http):
    http.get(COMMENTS, json=listing(noted(9, "2026-11-19T09:00:00.000+0000", properties=MARKED), total=500))
    assert jira.find(REF, MARKER, RECEIVED) is None
    assert len(http.calls) == 1


def test_find_asks_each_comment_where_the_list_keeps_its_properties_back(jira, http):
    http.get(COMMENTS, json=listing(noted(8), noted(9, jsdPublic=False)))
    http.get(f"{BASE}/comment/8/properties/liaison.note", status=404)
    http.get(f"{BASE}/comment/9/properties/liaison.note", json={"key": "liaison.note", "value": {"id": MARKER}})
    assert jira.find(REF, MARKER, RECEIVED).comment_id == "9"


@pytest.mark.parametrize("answer", [{}, {"comments": None}, {"comments": [5]}, {"comments": "none"}])
def test_a_list_that_cannot_be_read_is_not_taken_for_absence(jira, http, answer):
    http.get(COMMENTS, json=answer)
    with pytest.raises(Unavailable):
        jira.find(REF, MARKER, RECEIVED)


def test_a_list_without_end_is_not_taken_for_absence(jira, http):
    http.get(COMMENTS, json={"comments": [noted(8, properties=[])]})
    with pytest.raises(Unavailable, match="more than 100 comments"):
        jira.find(REF, MARKER, RECEIVED)


def test_a_comment_that_is_gone_is_none(jira, http):
    http.get(f"{COMMENTS}/5", status=404)
    assert jira.comment(REF, Comment("5", RECEIVED)) is None
    assert jira.comment(REF, Comment("nonsense", RECEIVED)) is None


def test_a_project_type_that_the_issue_lacks_is_asked_for(http):
    made = JiraConnector(site(flavour=Flavour.DATA_CENTER, auth=Auth("", Secret(TOKEN))), SettableClock(RECEIVED))
    v2 = BASE.replace("/3", "/2")
    http.get(f"{v2}/issue/10001", json=issue(project={"id": "10000", "key": "OPS"}))
    http.get(f"{v2}/project/10000", json={"projectTypeKey": "service_desk"})
    shot = made.read(REF)
    assert (shot.served, shot.sinks) == (True, {Audience.AGENTS, Audience.REQUESTER})
    assert http.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    made.close()


@pytest.mark.parametrize("status", [200, 401, 500])
def test_secrets_show_in_no_log_and_no_error(jira, http, status, caplog):
    caplog.set_level(logging.DEBUG)
    http.post(COMMENTS, status=status, body="<html>")
    error = refused_by(jira)
    basic = "Basic"
    assert TOKEN not in caplog.text + str(error) + repr(error) + repr(jira.site)
    assert basic not in caplog.text + str(error)
    assert error.__cause__ is None


def test_requests_ignore_proxies_and_netrc_of_the_environment(jira, http, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    jira.read(REF)
    assert jira._session.trust_env is False
    assert not http.calls[0].request.req_kwargs["proxies"]
    assert http.calls[0].request.req_kwargs["timeout"] == (5.0, 25.0)
