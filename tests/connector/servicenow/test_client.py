"""Odd answers of ServiceNow, at the HTTP seam."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from connector.servicenow.client import ServiceNowConnector
from connector.servicenow.session import never_left, pause
from core.errors import InDoubt, NotThere, Paused, Refused, Scope, Unavailable
from core.notes import Audience, Letter, Paragraph, Part
from core.sightings import Author, Comment
from core.sites import Auth, Secret
from core.tickets import TicketRef
from tests.connector.servicenow.bodies import NOTE_ID, RECORD, capture, site
from tests.contract.harness import MARKER, clock

SYS_ID = RECORD["sys_id"]
REF = TicketRef("acme-snow", f"incident:{SYS_ID}")
HOME = "https://acme.service-now.com/api/now/table"
TICKET_URL = f"{HOME}/incident/{SYS_ID}"
JOURNAL_URL = f"{HOME}/sys_journal_field"
HIBERNATING = (
    "<html><head><title>Instance Hibernating page</title></head><body>Your instance is hibernating</body></html>"
)
CANCELLED = {
    "error": {"message": "Transaction cancelled: maximum execution time exceeded", "detail": None},
    "status": "failure",
}
SINCE = datetime(2026, 11, 21, 9, 59, tzinfo=UTC)


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def waits():
    return []


@pytest.fixture
def connect(waits):
    made = []

    def connector(**changes):
        made.append(ServiceNowConnector(site(**changes), clock(), sleep=waits.append))
        return made[-1]

    yield connector
    for each in made:
        each.close()


@pytest.fixture
def connector(connect):
    return connect()


def letter(*audiences):
    parts = tuple(Part(a, (Paragraph(f"For {a.value}."),)) for a in audiences or (Audience.AGENTS,))
    return Letter(REF, MARKER, parts)


def accepted(**columns):
    return {"result": {"sys_id": SYS_ID, "sys_updated_on": "2026-11-21 10:00:00", NOTE_ID: MARKER, **columns}}


def row(**columns):
    given = {
        "sys_id": "j1",
        "element": "comments",
        "element_id": SYS_ID,
        "value": "Hello.",
        "sys_created_by": "david.loo",
    }
    return {**given, "sys_created_on": "2026-11-21 09:59:30", **columns}


def test_both_audiences_are_written_in_one_patch_with_one_id(web, connector):
    web.patch(TICKET_URL, json=accepted())
    written = connector.write(letter(Audience.REQUESTER, Audience.AGENTS))
    (call,) = web.calls
    assert json.loads(call.request.body) == {"comments": "For requester.", "work_notes": "For agents.", NOTE_ID: MARKER}
    assert (written.marker, written.public, written.at) == (MARKER, None, datetime(2026, 11, 21, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("after", "count", "left", "alone"),
    [
        ("2026-11-21 09:30:00.0000000006", "7", "2026-11-21 10:00:00.0000000007", True),
        ("2026-11-21 09:30:00.0000000005", "7", "2026-11-21 10:00:00.0000000007", False),
        ("2026-11-21 09:30:00.0000000007", "7", "2026-11-21 10:00:00.0000000007", False),
        ("", "7", "2026-11-21 10:00:00.0000000007", False),
        ("", "0", "2026-11-21 10:00:00.0000000000", False),
        ("2026-11-21 09:30:00.0000000006", "", "", False),
    ],
)
def test_a_write_tells_how_it_left_the_record_and_whether_somebody_came_between(
    web, connector, after, count, left, alone
):
    web.patch(TICKET_URL, json=accepted(sys_mod_count=count))
    web.get(TICKET_URL, json={"result": {**RECORD, "sys_updated_on": "2026-11-21 10:00:00", "sys_mod_count": count}})
    written = connector.write(replace(letter(), after=after))
    assert (written.revision, written.alone) == (left, alone)
    if left:
        assert connector.read(REF).ticket.revision == left


def test_a_write_carries_nothing_of_a_query(web, connector):
    web.get(TICKET_URL, json={"result": RECORD})
    web.get(JOURNAL_URL, json={"result": [row()]})
    web.patch(TICKET_URL, json=accepted())
    connector.read(REF)
    connector.comment(REF, Comment("x", SINCE, text="Hello."))
    connector.write(letter())
    assert parse_qs(urlsplit(web.calls[-1].request.url).query) == {
        "sysparm_fields": [f"sys_id,sys_updated_on,sys_mod_count,{NOTE_ID}"],
        "sysparm_display_value": ["false"],
        "sysparm_exclude_reference_link": ["false"],
    }


def test_a_read_asks_for_both_values_of_the_columns_it_needs(web, connect):
    web.get(TICKET_URL, json={"result": RECORD})
    connect(fields={"users": "u_users"}).read(REF)
    query = parse_qs(urlsplit(web.calls[0].request.url).query)
    assert query["sysparm_display_value"] == ["all"]
    assert {"caller_id.user_name", "caller_id.vip", "location.country", "u_users"} <= set(
        query["sysparm_fields"][0].split(",")
    )
    assert "comments" not in query["sysparm_fields"][0].split(",")


@pytest.mark.parametrize(
    "answer",
    [
        {"body": HIBERNATING, "content_type": "text/html"},
        {"json": {**CANCELLED, "result": {"sys_id": SYS_ID}}},
        {"json": {**CANCELLED, "result": []}},
        {"json": {}},
        {"json": []},
        {"json": {"result": "yes"}},
        {"body": "{", "content_type": "application/json"},
        {"status": 500, "json": capture("docs_cmdb_error.json")},
        {"status": 502, "body": "<html>Bad gateway</html>"},
        {"status": 408, "json": {}},
        {"status": 409, "json": {}},
        {"status": 202, "json": accepted()},
        {"status": 204},
        {"body": requests.ReadTimeout("slow")},
        {"body": requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))},
        {"body": requests.exceptions.ChunkedEncodingError("cut off")},
    ],
)
def test_a_write_without_a_trustworthy_answer_is_in_doubt_and_not_sent_again(web, connector, answer):
    web.patch(TICKET_URL, **answer)
    with pytest.raises(InDoubt):
        connector.write(letter())
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectTimeout("no answer"),
        requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused"))),
    ],
)
def test_a_connection_that_never_came_about_did_nothing(web, connector, error):
    web.patch(TICKET_URL, body=error)
    with pytest.raises(Unavailable):
        connector.write(letter())


def test_a_refusal_is_told_in_servicenows_own_words(web, connector):
    web.patch(TICKET_URL, status=403, json=capture("rapid7_error_403.json"))
    with pytest.raises(Refused) as caught:
        connector.write(letter())
    assert "Insufficient rights: Insufficient rights to query records" in str(caught.value)
    assert caught.value.status == 403
    assert "right" in caught.value.hint


def test_a_record_that_is_hidden_or_gone_is_not_there(web, connector):
    web.get(TICKET_URL, status=404, json=capture("rapid7_error_404.json"))
    with pytest.raises(NotThere, match="ACL restricts"):
        connector.read(REF)
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3599"}, 3599),
        ({"Retry-After": "Sat, 21 Nov 2026 10:02:00 GMT"}, 120),
        ({"X-RateLimit-Reset": str(int(datetime(2026, 11, 21, 10, 5, tzinfo=UTC).timestamp()))}, 300),
        ({"Retry-After": "soon"}, 60),
        ({}, 60),
        ({"Retry-After": "-5"}, 1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_rate_limit_pauses_the_site(web, connector, headers, seconds, method):
    web.add(method, TICKET_URL, status=429, json=capture("docs_error_429.json"), headers=headers)
    with pytest.raises(Paused, match="Rate limit of 100 requests per hour") as caught:
        connector.read(REF) if method == "GET" else connector.write(letter())
    assert caught.value.until == clock().now() + timedelta(seconds=seconds)
    assert caught.value.scope is Scope.SITE
    assert len(web.calls) == 1


@given(
    st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Reset"]), st.text() | st.floats().map(str) | st.integers().map(str)
    )
)
def test_any_header_gives_a_pause_of_a_second_to_a_day(headers):
    now = clock().now()
    assert timedelta(seconds=1) <= pause(headers, now) - now <= timedelta(hours=24)


def test_a_read_is_tried_three_times_with_short_waits(web, connector, waits):
    web.get(TICKET_URL, body=HIBERNATING, content_type="text/html")
    with pytest.raises(Unavailable, match="text/html instead of JSON"):
        connector.read(REF)
    assert len(web.calls) == 3
    assert len(waits) == 2
    assert sum(waits) < 5


def test_a_read_recovers(web, connector):
    web.get(TICKET_URL, json=CANCELLED | {"result": []})
    web.get(TICKET_URL, body=requests.ReadTimeout("slow"))
    web.get(TICKET_URL, json={"result": RECORD})
    assert connector.read(REF).ticket.key == "INC0000060"


def test_another_record_than_the_asked_one_is_not_believed(web, connector):
    web.get(TICKET_URL, json={"result": {**RECORD, "sys_id": "f" * 32}})
    with pytest.raises(Unavailable, match="another record"):
        connector.read(REF)


def test_redirects_are_not_followed(web, connector):
    web.get(TICKET_URL, status=302, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(Refused, match="302") as caught:
        connector.read(REF)
    assert "url" in caught.value.hint
    assert len(web.calls) == 1


def test_another_host_is_never_asked(web, connector):
    with pytest.raises(Refused, match=r"elsewhere\.example was stopped"):
        connector._client.session.get("https://elsewhere.example/api/now")
    assert len(web.calls) == 0


@pytest.mark.parametrize("bad", ["incident", "incident:", "incident:../x", "x/y:" + SYS_ID, "Incident:" + SYS_ID])
def test_an_id_that_is_no_record_is_not_asked_for(web, connector, bad):
    with pytest.raises(NotThere, match="no ServiceNow record"):
        connector.read(TicketRef("acme-snow", bad))
    assert len(web.calls) == 0


def test_an_edit_is_refused_for_journals_cannot_be_edited(web, connector):
    with pytest.raises(Refused, match="cannot be edited"):
        connector.write(Letter(REF, MARKER, letter().parts, edits="j1"))
    assert len(web.calls) == 0


def test_accounts_sign_in_with_user_and_password_in_utf8_or_a_bearer_token(web, connect):
    web.get(TICKET_URL, json={"result": RECORD})
    connect(auth=Auth("zoë", Secret("pä"))).read(REF)
    connect(auth=Auth(token=Secret("t0ken"))).read(REF)
    assert web.calls[0].request.headers["Authorization"] == "Basic em/Dqzpww6Q="
    assert web.calls[1].request.headers["Authorization"] == "Bearer t0ken"


def test_a_site_behind_a_path_is_asked_there(web, connect):
    web.get(f"https://acme.service-now.com/snow/api/now/table/incident/{SYS_ID}", json={"result": RECORD})
    assert connect(url="https://acme.service-now.com/snow/").read(REF).ticket.key == "INC0000060"


def test_the_note_id_is_read_back_where_the_answer_does_not_show_it(web, connector):
    web.patch(TICKET_URL, json={"result": {"sys_id": SYS_ID}})
    web.get(TICKET_URL, json={"result": {"sys_id": SYS_ID, NOTE_ID: MARKER}})
    assert connector.write(letter()).marker == MARKER


def test_a_note_whose_id_was_dropped_stands_if_the_journal_shows_it(web, connector, caplog):
    web.patch(TICKET_URL, json=accepted(**{NOTE_ID: ""}))
    web.get(JOURNAL_URL, json={"result": [row(element="work_notes", value="For agents.")]})
    assert connector.write(letter()).public is False
    assert f"write {NOTE_ID}" in caplog.text


@pytest.mark.parametrize(
    "journal",
    [
        {"json": {"result": []}},
        {"status": 403, "json": capture("rapid7_error_403.json")},
        {"json": {"result": [row(value="For agents.")]}},
    ],
)
def test_a_note_whose_id_was_dropped_is_in_doubt_else(web, connector, journal):
    web.patch(TICKET_URL, json=accepted(**{NOTE_ID: "another"}))
    web.get(JOURNAL_URL, **journal)
    with pytest.raises(InDoubt, match="does not hold the note id"):
        connector.write(letter())


@pytest.mark.parametrize("answer", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "5"}}])
def test_a_note_id_that_cannot_be_read_back_leaves_doubt(web, connector, answer):
    """Also where the platform asks for a pause just then: the note has left, sent again it would stand twice."""
    web.patch(TICKET_URL, json={"result": {}})
    web.get(TICKET_URL, **answer)
    with pytest.raises(InDoubt, match="could not be read back"):
        connector.write(letter())


def test_a_pause_asked_for_while_the_journal_is_looked_at_leaves_doubt(web, connector):
    web.patch(TICKET_URL, json=accepted(**{NOTE_ID: "another"}))
    web.get(JOURNAL_URL, status=429, headers={"Retry-After": "5"})
    with pytest.raises(InDoubt, match="does not hold the note id"):
        connector.write(letter())


def test_a_column_that_is_missing_or_hidden_tells_nothing(web, connector):
    web.get(TICKET_URL, json={"result": {"sys_id": SYS_ID}})
    with pytest.raises(Unavailable, match="missing or hidden"):
        connector.find(REF, MARKER, SINCE)


def test_lack_of_rights_is_not_absence(web, connector):
    web.get(TICKET_URL, status=403, json=capture("rapid7_error_403.json"))
    with pytest.raises(Unavailable, match="Insufficient rights"):
        connector.find(REF, MARKER, SINCE)


@pytest.fixture
def plain(connect):
    """A site without a column for the note id."""
    return connect(note_id_column="")


def test_without_a_column_one_visible_reference_ends_the_internal_text(web, plain):
    web.patch(TICKET_URL, json={"result": {"sys_id": SYS_ID}})
    plain.write(letter(Audience.REQUESTER, Audience.AGENTS))
    assert json.loads(web.calls[0].request.body) == {
        "comments": "For requester.",
        "work_notes": "For agents.\n\n[ref:7d1f6a525c3e]",
    }


def test_a_reference_is_found_in_the_journal_with_its_visibility(web, plain):
    web.get(JOURNAL_URL, json={"result": [row(), row(sys_id="j2", element="work_notes", value="x [ref:7d1f6a525c3e]")]})
    found = plain.find(REF, MARKER, SINCE)
    assert (found.comment_id, found.public) == ("j2", False)
    query = parse_qs(urlsplit(web.calls[0].request.url).query)["sysparm_query"][0]
    assert query == f"element_id={SYS_ID}^sys_created_on>=2026-11-20 09:59:00^ORDERBYDESCsys_created_on"


def test_rows_of_other_records_that_an_ignored_query_adds_do_not_count(web, plain):
    web.get(JOURNAL_URL, json={"result": [row(element_id="f" * 32, value="x [ref:7d1f6a525c3e]"), row()]})
    assert plain.find(REF, MARKER, SINCE) is None


def test_a_journal_that_shows_nothing_at_all_tells_nothing(web, plain):
    web.get(JOURNAL_URL, json={"result": []})
    with pytest.raises(Unavailable, match="the journal shows nothing at all"):
        plain.find(REF, MARKER, SINCE)


def test_an_empty_journal_of_this_ticket_is_absence_where_others_can_be_read(web, plain):
    web.get(
        JOURNAL_URL,
        json={"result": []},
        match=[responses.matchers.query_param_matcher({"sysparm_limit": "200"}, strict_match=False)],
    )
    web.get(JOURNAL_URL, json={"result": [{"sys_id": "j9"}]})
    assert plain.find(REF, MARKER, SINCE) is None


SEEN = Comment("event-1", SINCE, text="Hello.")


@pytest.mark.parametrize(
    ("columns", "author", "public"),
    [
        ({}, Author.AGENT, True),
        ({"sys_created_by": "eva.brandt"}, Author.CUSTOMER, True),
        ({"sys_created_by": "liaison"}, Author.LIAISON, True),
        ({"element": "work_notes"}, Author.AGENT, False),
    ],
)
def test_a_comment_is_read_again_from_the_journal(web, connector, columns, author, public):
    web.get(JOURNAL_URL, json={"result": [row(value="Other."), row(**columns)]})
    web.get(TICKET_URL, json={"result": {"caller_id.user_name": "eva.brandt"}})
    read = connector.comment(REF, SEEN)
    assert (read.id, read.author, read.public, read.text) == ("event-1", author, public, "Hello.")
    assert read.at == datetime(2026, 11, 21, 9, 59, 30, tzinfo=UTC)


def test_a_comment_that_is_not_among_the_rows_is_gone(web, connector):
    web.get(JOURNAL_URL, json={"result": [row(value="Other.")]})
    assert connector.comment(REF, SEEN) is None


def test_a_comment_in_a_journal_we_may_not_read_stays_as_it_was(web, connector):
    web.get(JOURNAL_URL, json={"result": []})
    assert connector.comment(REF, SEEN) is SEEN


def test_causes_in_a_ring_end():
    error = requests.ConnectionError("x")
    error.__context__ = error
    assert not never_left(error)
