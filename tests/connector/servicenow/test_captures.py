"""Every captured payload gets a right answer or a PayloadError that says what is missing."""

from datetime import UTC, datetime

import pytest

from connector.servicenow.schema import Reader
from core.errors import PayloadError
from core.notes import Audience
from tests.connector.servicenow.bodies import CAPTURES, RECEIVED, capture, events, sight, site

TICKETS = {
    "demisto_incident_on_hold.json": ("incident:sys_id", "INC0000002", "on_hold", "P1"),
    "docs_chg_get_list.json": ("change_request:1766f1de47410200e90d87e8dee490f6", "CHG0000024", "closed", "P4"),
    "docs_chg_get_one_standard.json": ("change_request:1766f1de47410200e90d87e8dee490f6", "CHG0000024", "closed", "P4"),
    "docs_chg_patch.json": ("change_request:b0dbda5347c12200e0ef563dbb9a718f", "CHG0000024", "closed", "P4"),
    "docs_table_get_one_incident.json": ("incident:a9e30c7dc61122760116894de7bcc7bd", "INC0000046", "new", "P3"),
    "docs_table_patch_incident.json": ("incident:ef43c6d40a0a0b5700c77f9bf387afe3", "INC0000050", "in_progress", "P1"),
    "docs_table_post_incident.json": ("incident:c537bae64f411200adf9f8e18110c76e", "INC0010002", "new", "P3"),
    "docs_table_put_incident.json": ("incident:ef43c6d40a0a0b5700c77f9bf387afe3", "INC0000050", "in_progress", "P1"),
    "outbound_mattermost_event.json": ("incident:1c741bd70b2322007518478d83673af3", "INC0000060", "in_progress", "P3"),
    "outbound_our_envelope.json": ("incident:1c741bd70b2322007518478d83673af3", "INC0000060", "in_progress", "P1"),
}
UNSERVED = {
    "docs_chg_model.json": "chg_model",
    "docs_import_set_post.json": "sys_user",
    "docs_table_get_list_problem.json": "problem",
}
NO_TICKET = {path.name for path in CAPTURES} - TICKETS.keys() - UNSERVED.keys()


@pytest.mark.parametrize("name", TICKETS)
def test_a_captured_ticket_is_understood(name):
    sighting = sight(capture(name))
    ticket = sighting.snapshot.ticket
    assert (sighting.ref.id, ticket.key, ticket.state, ticket.priority) == TICKETS[name]
    assert sighting.snapshot.served
    assert sighting.snapshot.sinks == {Audience.AGENTS, Audience.REQUESTER}
    assert sighting.snapshot.unmapped == ()


@pytest.mark.parametrize("name", UNSERVED)
def test_records_of_other_tables_are_seen_and_not_served(name):
    snapshot = sight(capture(name)).snapshot
    assert not snapshot.served
    assert f"the table {UNSERVED[name]} are not served" in snapshot.not_served_because
    assert snapshot.sinks == frozenset()


@pytest.mark.parametrize("name", sorted(NO_TICKET))
def test_a_body_without_a_ticket_says_so(name):
    with pytest.raises(PayloadError):
        sight(capture(name))


def test_the_change_apis_typed_values_are_read():
    ticket = sight(capture("docs_chg_get_one_standard.json")).snapshot.ticket
    assert (ticket.kind, ticket.type, ticket.risk, ticket.approval) == ("change", "standard", "moderate", "approved")
    assert (ticket.impact, ticket.group, ticket.close_code) == ("low", "Network", "Successful")
    # The display value says 11:56 in California.
    assert ticket.actual_start == datetime(2015, 7, 6, 18, 56, 4, tzinfo=UTC)
    assert ticket.planned_start is None
    assert ticket.revision == "2015-07-06 18:59:27.0000000010"


def test_an_error_is_quoted_in_servicenows_own_words():
    with pytest.raises(PayloadError, match="Insufficient rights"):
        sight(capture("rapid7_error_403.json"))


def test_thin_events_only_say_which_record_to_read():
    for name in ("outbound_mattermost_event.json", "outbound_our_envelope.json"):
        assert not sight(capture(name)).complete


def test_a_subscriptions_sys_id_is_not_taken_for_the_records():
    body = {**capture("outbound_mattermost_event.json"), "sys_id": "f" * 32}
    assert sight(body).ref.id == "incident:1c741bd70b2322007518478d83673af3"


def test_names_of_all_scripts_are_kept():
    assert sight(capture("outbound_our_envelope.json")).snapshot.ticket.ci == "Zürich ☎ 支付"


@pytest.mark.parametrize("values", ["raw", "display", "all"])
def test_the_real_log_is_understood_in_every_kind_of_values(values):
    reader = Reader(site())
    seen = [reader.sight(event, RECEIVED) for event in events(values)]
    assert [s.ref.id for s in seen] == [f"incident:{_plain(e['record']['sys_id'])}" for e in events(values)]
    assert all(s.snapshot.ticket.state and s.snapshot.ticket.priority for s in seen)
    assert all(s.snapshot.ticket.revision for s in seen)
    by_ticket = {}
    for sighting in seen:
        by_ticket.setdefault(sighting.ref, []).append(sighting.snapshot.ticket.revision)
    assert all(revisions == sorted(revisions) for revisions in by_ticket.values())


def test_the_three_kinds_of_values_say_the_same():
    """What labels, codes and pairs of both say about the same save is the same, names of references apart."""
    read = {}
    for values in ("raw", "display", "all"):
        reader = Reader(site())
        read[values] = [reader.sight(event, RECEIVED).snapshot.ticket for event in events(values)[:13]]
    for raw, display, both in zip(*read.values(), strict=True):
        for name in ("key", "id", "state", "hold_reason", "priority", "impact", "opened_at", "revision", "category"):
            assert getattr(raw, name) == getattr(display, name) == getattr(both, name), name
        assert both.location == display.location
        assert both.requester.name == display.requester.name
        assert both.requester.id == raw.requester.id


def _plain(value):
    return value["value"] if isinstance(value, dict) else value
