"""The stand-in behaves as ServiceNow does, the awkward parts included; real clients not written here work against it."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pysnow
import pytest
import requests
from requests.auth import HTTPBasicAuth

from connector.sandbox import Fault
from connector.servicenow.sandbox import ServiceNowStandIn, ascii_json, business_rule, timestamped_signature
from core.notes import Audience, Letter, Paragraph, Part
from core.sightings import Author
from core.tickets import TicketRef
from tests.connector.servicenow.bodies import NOTE_ID, events
from tests.contract.harness import MARKER, clock
from tests.contract.servicenow import ServiceNowHarness

AUTH = HTTPBasicAuth("liaison", "liaison")


@pytest.fixture
def harness():
    made = ServiceNowHarness()
    yield made
    made.close()


@pytest.fixture
def standin(harness):
    return harness.standin


@pytest.fixture
def api(standin):
    with requests.Session() as session:
        session.auth, session.trust_env = AUTH, False

        def call(method, path, **kwargs):
            return session.request(method, f"{standin.url}/api/now/table/{path}", timeout=5, **kwargs)

        yield call


class Listener:
    """Where the business rule posts to."""

    def __init__(self):
        self.got = got = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((dict(self.headers), body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/acme-snow"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def bodies(self):
        return [orjson.loads(body) for _, body in self.got]


@pytest.fixture
def listener(harness):
    made = Listener()
    harness.standin.hooks = business_rule(made.url, "s3cret", harness.clock)
    yield made
    made.server.shutdown()
    made.server.server_close()


def opened(standin, **fields):
    given = {"short_description": "Tills are down", "caller_id": "eva.brandt", "location": "Berlin Mitte", **fields}
    return standin.change("", {"as": "tom.agent", "fields": given})


def test_values_are_strings_pairs_or_labels(standin, api):
    sys_id = opened(standin, state="2", priority="1")["sys_id"]
    fields = {"sysparm_fields": "state,location,opened_at,comments,caller_id.user_name,u_nothing"}
    raw = api("GET", f"incident/{sys_id}", params=fields).json()["result"]
    label = api("GET", f"incident/{sys_id}", params={**fields, "sysparm_display_value": "true"}).json()["result"]
    both = api("GET", f"incident/{sys_id}", params={**fields, "sysparm_display_value": "all"}).json()["result"]
    assert raw.keys() == {"state", "location", "opened_at", "comments", "caller_id.user_name"}
    assert (raw["state"], raw["opened_at"], raw["caller_id.user_name"]) == ("2", "2026-11-21 10:00:00", "eva.brandt")
    assert raw["location"].keys() == {"link", "value"}
    assert (label["state"], label["opened_at"]) == ("In Progress", "2026-11-21 02:00:00")
    assert label["location"]["display_value"] == both["location"]["display_value"] == "Berlin Mitte"
    assert both["state"] == {"display_value": "In Progress", "value": "2"}


def test_journals_append_and_a_plain_read_shows_them_empty(standin, api):
    sys_id = opened(standin)["sys_id"]
    for text in ("One.", "Two."):
        api("PATCH", f"incident/{sys_id}", json={"comments": text})
    assert api("GET", f"incident/{sys_id}").json()["result"]["comments"] == ""
    shown = api("GET", f"incident/{sys_id}", params={"sysparm_display_value": "true"}).json()["result"]["comments"]
    entry = "2026-11-21 02:00:00 - Liaison (Additional comments)\n{}\n\n"
    assert shown == entry.format("Two.") + entry.format("One.")
    rows = api("GET", "sys_journal_field", params={"sysparm_query": f"element_id={sys_id}"}).json()["result"]
    assert [(row["element"], row["value"], row["sys_created_by"]) for row in rows] == [
        ("comments", "One.", "liaison"),
        ("comments", "Two.", "liaison"),
    ]
    assert "note_id" not in rows[0]


def test_every_save_counts_and_a_save_without_a_change_does_not(standin, api, harness):
    sys_id = opened(standin)["sys_id"]
    harness.clock.pass_by(minutes=1)
    after = api("PATCH", f"incident/{sys_id}", json={"state": "2"}).json()["result"]
    assert (after["sys_mod_count"], after["sys_updated_on"], after["sys_updated_by"]) == (
        "1",
        "2026-11-21 10:01:00",
        "liaison",
    )
    harness.clock.pass_by(minutes=1)
    assert api("PATCH", f"incident/{sys_id}", json={"state": "2"}).json()["result"]["sys_mod_count"] == "1"


def test_columns_that_do_not_exist_or_are_its_own_are_dropped_without_a_word(standin, api):
    sys_id = opened(standin)["sys_id"]
    answer = api("PATCH", f"incident/{sys_id}", json={"u_nothing": "x", "sys_updated_by": "me", NOTE_ID: "m"})
    assert answer.status_code == 200
    assert (answer.json()["result"][NOTE_ID], answer.json()["result"]["sys_updated_by"]) == ("m", "liaison")
    assert "u_nothing" not in answer.json()["result"]


def test_an_invalid_part_of_a_query_is_ignored_and_returns_extra_rows(standin, api):
    for priority in ("1", "2"):
        opened(standin, priority=priority)
    found = api("GET", "incident", params={"sysparm_query": "priority=1"})
    assert (len(found.json()["result"]), found.headers["X-Total-Count"]) == (1, "1")
    assert len(api("GET", "incident", params={"sysparm_query": "prioritaet=1"}).json()["result"]) == 2
    assert (
        len(api("GET", "incident", params={"priority": "2", "caller_id.user_name": "eva.brandt"}).json()["result"]) == 1
    )
    nothing = api("GET", "incident", params={"sysparm_query": "number=INC9"})
    assert (nothing.status_code, nothing.json()) == (200, {"result": []})


def test_lists_are_ordered_and_paged(standin, api):
    for title in ("b", "a", "c"):
        opened(standin, short_description=title)
    query = {"sysparm_query": "ORDERBYDESCshort_description", "sysparm_fields": "short_description"}
    page = api("GET", "incident", params={**query, "sysparm_limit": 1, "sysparm_offset": 1})
    assert page.json()["result"] == [{"short_description": "b"}]
    assert page.headers["X-Total-Count"] == "3"


@pytest.mark.parametrize(
    ("path", "auth", "status"),
    [
        ("incident/nobody", AUTH, 404),
        ("u_nowhere", AUTH, 400),
        ("incident", HTTPBasicAuth("liaison", "wrong"), 401),
        ("incident", None, 401),
    ],
)
def test_errors_have_servicenows_shape(standin, path, auth, status):
    answer = requests.get(f"{standin.url}/api/now/table/{path}", auth=auth, timeout=5)
    assert answer.status_code == status
    assert answer.json()["status"] == "failure"
    assert answer.json()["error"]["message"]


def test_the_change_api_gives_typed_values(standin):
    made = standin.change(
        "", {"as": "tom.agent", "table": "change_request", "fields": {"start_date": "2026-11-22 01:00:00"}}
    )
    result = requests.get(f"{standin.url}/api/sn_chg_rest/change/{made['sys_id']}", auth=AUTH, timeout=5).json()[
        "result"
    ]
    assert result["state"] == {"display_value": "New", "value": -5.0}
    assert result["active"]["value"] is True
    assert result["start_date"] == {
        "display_value": "2026-11-21 17:00:00",
        "value": "2026-11-22 01:00:00",
        "display_value_internal": "2026-11-21 17:00:00",
    }


def test_children_are_resolved_with_their_parent(standin, harness):
    parent = opened(standin)
    child = opened(standin, parent_incident=parent["number"])
    assert standin.tables.records["incident"][parent["sys_id"]]["child_incidents"] == "1"
    standin.change(parent["number"], {"as": "tom.agent", "fields": {"state": "6", "close_code": "Duplicate"}})
    read = harness.connector.read(TicketRef("acme-snow", f"incident:{child['sys_id']}")).ticket
    assert (read.state, read.resolution, read.parent.key) == ("resolved", "duplicate", parent["number"])


def test_code_is_rendered_as_html_on_the_page(standin):
    made = opened(standin)
    standin.change(made["number"], {"as": "tom.agent", "fields": {"comments": "<i>a</i> [Code]<b>x</b>[/CODE]"}})
    (one,) = [c for c in standin.conversations() if c.key == made["number"]]
    assert one.entries[0].html == "&lt;i&gt;a&lt;/i&gt; <b>x</b>"
    page = requests.get(f"{standin.url}/ticket/{made['number']}", timeout=5).text
    assert "<b>x</b>" in page


def test_what_we_write_is_never_rendered(harness):
    ref = harness.create(title="x")
    text = "[code]<script>alert(1)</script>[/code]"
    harness.connector.write(Letter(ref, MARKER, (Part(Audience.REQUESTER, (Paragraph(text),)),)))
    (entry,) = harness.entries(ref)
    assert (entry.html, entry.text) == ("", "(code)<script>alert(1)</script>(/code)")


def test_details_of_people_and_places_can_be_set_along(standin, harness):
    made = opened(
        standin, **{"caller_id.vip": True, "caller_id.web_service_access_only": "true", "location.country": "DE"}
    )
    read = harness.connector.read(TicketRef("acme-snow", f"incident:{made['sys_id']}")).ticket
    assert (read.requester.name, read.requester.vip, read.requester.kind) == ("Eva Brandt", True, "service_account")
    assert (read.location, read.country) == ("Berlin Mitte", "DE")


def test_the_business_rule_posts_a_signed_envelope_that_needs_no_read(standin, harness, listener):
    made = opened(standin, business_service="Card Gateway", comments="Süß 😀")
    standin.hooks.flush()
    headers, body = listener.got[0]
    assert body.isascii()
    expected = hmac.new(b"s3cret", headers["X-Liaison-Timestamp"].encode() + b"." + body, hashlib.sha256).digest()
    assert base64.b64decode(headers["X-Liaison-Signature"]) == expected
    assert headers["X-Liaison-Timestamp"] == str(int(harness.clock.now().timestamp()))
    sighting = harness.connector.sight(orjson.loads(body), harness.clock.now())
    assert sighting.ref.id == f"incident:{made['sys_id']}"
    assert sighting.complete
    assert sighting.snapshot.ticket == harness.connector.read(sighting.ref).ticket
    assert (sighting.comment.text, sighting.comment.author) == ("Süß 😀", Author.AGENT)


def test_a_changes_envelope_needs_no_read_either(standin, harness, listener):
    fields = {
        "short_description": "Update",
        "risk": "High",
        "start_date": "2026-11-22 01:00:00",
        "end_date": "2026-11-22 02:00:00",
    }
    standin.change("", {"as": "tom.agent", "table": "change_request", "fields": fields})
    standin.hooks.flush()
    sighting = harness.connector.sight(listener.bodies()[0], harness.clock.now())
    assert sighting.complete
    assert sighting.snapshot.ticket == harness.connector.read(sighting.ref).ticket


def test_our_own_write_comes_back_as_an_echo_with_its_marker(harness, listener):
    ref = harness.create(title="x")
    harness.connector.write(Letter(ref, MARKER, (Part(Audience.REQUESTER, (Paragraph("Hello."),)),)))
    harness.standin.hooks.flush()
    echo = harness.connector.sight(listener.bodies()[-1], harness.clock.now())
    assert (echo.comment.author, echo.comment.marker, echo.actor) == (Author.LIAISON, MARKER, "liaison")
    assert set(echo.changed) == {NOTE_ID, "comments"}


def test_each_event_has_its_own_id_and_says_what_changed(standin, listener):
    made = opened(standin)
    standin.change(made["number"], {"as": "tom.agent", "fields": {"state": "3", "hold_reason": "1"}})
    standin.change(made["number"], {"as": "tom.agent", "fields": {"priority": "2"}, "silent": True})
    standin.change(made["number"], {"as": "tom.agent", "delete": True})
    standin.hooks.flush()
    bodies = listener.bodies()
    assert [b["operation"] for b in bodies] == ["insert", "update", "delete"]
    assert len({b["event_id"] for b in bodies}) == 3
    assert set(bodies[1]["changed_fields"]) == {"state", "incident_state", "hold_reason"}


def test_the_signature_is_made_afresh_with_the_clock():
    at = clock()
    sign = timestamped_signature("s3cret", at)
    before = sign(b"{}")
    at.pass_by(seconds=1)
    assert sign(b"{}")["X-Liaison-Signature"] != before["X-Liaison-Signature"]
    assert ascii_json({"a": "ü"}) == b'{"a":"\\u00fc"}'


@pytest.mark.parametrize("values", ["raw", "display", "all"])
def test_an_events_record_is_taken_over_as_it_is(standin, harness, values):
    for event in events(values)[:13]:
        number = event["record"]["number"]
        number = number["value"] if isinstance(number, dict) else number
        known = standin.tables.ticket(number)[0]
        standin.change(number if known else "", {"raw": event["record"], "silent": True})
        seen = harness.connector.sight(event, harness.clock.now())
        read = harness.connector.read(seen.ref).ticket
        for name in ("key", "state", "hold_reason", "priority", "opened_at", "revision", "category"):
            assert getattr(read, name) == getattr(seen.snapshot.ticket, name), name
        assert read.location


def test_taking_over_a_record_keeps_our_note_id_and_the_conversation(standin, harness):
    event = events("raw")[0]
    made = standin.change("", {"raw": {**event["record"], "comments": "Asked."}, "silent": True})
    ref = TicketRef("acme-snow", f"incident:{made['sys_id']}")
    harness.connector.write(Letter(ref, MARKER, (Part(Audience.AGENTS, (Paragraph("Hello."),)),)))
    standin.change(made["number"], {"raw": event["record"], "silent": True})
    assert harness.connector.find(ref, MARKER, harness.clock.now()).marker == MARKER
    assert [(e.text, e.internal, e.marker) for e in harness.entries(ref)] == [
        ("Asked.", False, ""),
        ("Hello.", True, MARKER),
    ]
    assert (
        harness.connector.read(ref).ticket.revision
        == harness.connector.sight(event, harness.clock.now()).snapshot.ticket.revision
    )


def test_a_stand_in_that_was_killed_comes_back_with_everything(tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    first = ServiceNowStandIn(clock=clock(), ledger=ledger)
    made = opened(first)
    first.change(made["number"], {"as": "eva.brandt", "fields": {"comments": "And?"}})
    before = [c.to_dict() for c in first.conversations()]
    first.stop()
    ledger.write_bytes(ledger.read_bytes() + b'{"saves": [')
    again = ServiceNowStandIn(clock=clock(), ledger=ledger)
    assert [c.to_dict() for c in again.conversations()] == before
    assert again.tables.ticket(made["number"]) == ("incident", made["sys_id"])
    assert opened(again)["number"] != made["number"]
    again.stop()


def test_an_unknown_ticket_is_not_found_over_http(standin):
    answer = requests.post(f"{standin.url}/sandbox/tickets/INC404", json={"fields": {}}, timeout=5)
    assert answer.status_code == 404


def test_a_stand_in_without_the_column_makes_notes_carry_a_reference():
    class Plain(ServiceNowHarness):
        column = ""

    harness = Plain()
    try:
        ref = harness.create(title="x")
        harness.standin.faults.append(Fault("lost_reply", method="PATCH"))
        letter = Letter(ref, MARKER, (Part(Audience.AGENTS, (Paragraph("Hello."),)),))
        with pytest.raises(Exception, match="no answer came"):
            harness.connector.write(letter)
        found = harness.connector.find(ref, MARKER, harness.clock.now())
        assert found.public is False
        assert harness.entries(ref)[0].marker == "7d1f6a525c3e"
        assert harness.connector.find(ref, "0" * 36, harness.clock.now()) is None
    finally:
        harness.close()


def test_plain_pysnow_works(standin):
    session = requests.Session()
    session.auth = AUTH
    client = pysnow.Client(host=standin.url.removeprefix("http://"), use_ssl=False, session=session)
    incidents = client.resource("/table/incident")
    made = incidents.create({"short_description": "From pysnow", "caller_id": "Eva Brandt"}).one()
    assert made["number"] == "INC0010001"
    found = client.resource("/table/incident").get(query={"number": made["number"]}).one()
    assert (found["short_description"], found["sys_created_by"]) == ("From pysnow", "liaison")
    streamed = client.resource("/table/incident").get(query={"active": "true"}, stream=True)
    assert [r["number"] for r in streamed.all()] == [made["number"]]
    client.close()


def test_the_stand_in_keeps_pace_with_a_replay(standin):
    """Three thousand events and as many comments are to take seconds: two hundred take well under one."""
    record = events("raw")[0]["record"]
    for count in range(200):
        key = record["number"] if count else ""
        standin.change(key, {"raw": {**record, "sys_mod_count": str(count), "comments": "x"}, "silent": True})
    assert len(next(iter(standin.conversations())).entries) == 200
    assert json.dumps(record)
