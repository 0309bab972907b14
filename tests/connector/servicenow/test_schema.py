"""ServiceNow's values in canonical words."""

from datetime import UTC, datetime

import pytest

from connector.servicenow.schema import Reader
from core.errors import PayloadError
from core.sightings import Unmapped
from core.sites import Serves
from core.tickets import Parent
from tests.connector.servicenow.bodies import (
    CALLER,
    LOCATION,
    RECEIVED,
    RECORD,
    capture,
    change,
    envelope,
    reference,
    sight,
    site,
    ticket,
)

LINK = "https://acme.service-now.com/api/now/table"


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("1", "new"),
        ("2", "in_progress"),
        ("3", "on_hold"),
        ("6", "resolved"),
        ("7", "closed"),
        ("8", "cancelled"),
        (6, "resolved"),
        (6.0, "resolved"),
        ("In Progress", "in_progress"),
        ("Work in Progress", "in_progress"),
        ("Awaiting Vendor", "on_hold"),
        ({"value": "2", "display_value": "In Bearbeitung"}, "in_progress"),
        ({"value": "2", "display_value": "2"}, "in_progress"),
        ({"display_value": "Canceled"}, "cancelled"),
    ],
)
def test_incident_states(raw, state):
    assert ticket(state=raw).state == state


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("-5", "draft"),
        ({"value": -4.0, "display_value": "Assess"}, "assess"),
        ("-3", "authorize"),
        ("-2", "scheduled"),
        (-1, "implement"),
        ({"value": 0.0, "display_value": "Review"}, "review"),
        ("3", "closed"),
        ("4", "cancelled"),
        ("New", "draft"),
        ("Implement", "implement"),
    ],
)
def test_change_states(raw, state):
    assert change(state=raw).state == state


@pytest.mark.parametrize("raw", ["-100", "42", "Waiting on store", {"value": "99", "display_value": "Odd"}])
def test_an_unknown_state_is_missing_and_named(raw):
    snapshot = sight(envelope(state=raw)).snapshot
    assert snapshot.ticket.state == ""
    assert snapshot.unmapped == (Unmapped("state", "Odd" if isinstance(raw, dict) else raw),)


def test_the_sites_map_goes_before_the_stock_names():
    states = {"waiting on store": "on_hold:requester", "2": "in_progress:fix_running"}
    held = ticket(configured={"states": states}, state="Waiting on Store")
    assert (held.state, held.hold_reason) == ("on_hold", "requester")
    worked = ticket(configured={"states": states}, state="2")
    assert (worked.state, worked.phase) == ("in_progress", "fix_running")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("1", "requester"),
        ("2", "evidence"),
        ("3", "problem"),
        (4, "vendor"),
        ("5", "change"),
        ("Awaiting Caller", "requester"),
    ],
)
def test_hold_reasons(raw, reason):
    assert ticket(state="3", hold_reason=raw).hold_reason == reason


def test_a_hold_reason_left_over_says_nothing():
    assert ticket(state="2", hold_reason="1").hold_reason == ""


def test_an_unknown_hold_reason_is_named():
    assert sight(envelope(state="3", hold_reason="9")).snapshot.unmapped == (Unmapped("hold_reason", "9"),)


@pytest.mark.parametrize(
    ("raw", "priority"),
    [
        ("1", "P1"),
        ("5", "P5"),
        (4.0, "P4"),
        ("1 - Critical", "P1"),
        ("Moderate", "P3"),
        ({"value": "2", "display_value": "2 - Hoch"}, "P2"),
        ("", ""),
    ],
)
def test_priorities(raw, priority):
    snapshot = sight(envelope(priority=raw)).snapshot
    assert snapshot.ticket.priority == priority
    assert snapshot.unmapped == ()


def test_priorities_of_the_sites_map_and_unknown_ones():
    assert ticket(configured={"priorities": {"Blocker": "P1"}}, priority="blocker").priority == "P1"
    snapshot = sight(envelope(priority="7")).snapshot
    assert (snapshot.ticket.priority, snapshot.unmapped) == ("", (Unmapped("priority", "7"),))


@pytest.mark.parametrize(
    ("close_code", "resolution"),
    [
        ("Solved (Permanently)", "fixed"),
        ("Solved (Work Around)", "workaround"),
        ("Solved Remotely (Work Around)", "workaround"),
        ("Closed/Resolved by Caller", "withdrawn"),
        ("Not Solved (Not Reproducible)", "not_found"),
        ("Not Solved (Too Costly)", "declined"),
        ("Duplicate", "duplicate"),
        ("Workaround provided", "workaround"),
        ("solution provided", "fixed"),
    ],
)
def test_resolutions(close_code, resolution):
    found = ticket(state="6", close_code=close_code)
    assert (found.resolution, found.close_code) == (resolution, close_code)


def test_a_close_code_of_an_earlier_resolution_says_nothing_after_reopening():
    assert ticket(state="2", close_code="Solved (Permanently)").resolution == ""


def test_an_unknown_close_code_is_kept_and_named_once_it_counts():
    snapshot = sight(envelope(state="6", close_code="code 5")).snapshot
    assert (snapshot.ticket.resolution, snapshot.ticket.close_code) == ("", "code 5")
    assert snapshot.unmapped == (Unmapped("close_code", "code 5"),)
    assert sight(envelope(state="2", close_code="code 5")).snapshot.unmapped == ()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("successful_issues", "Successful with issues"),
        ("unsuccessful", "Unsuccessful"),
        ({"value": "successful", "display_value": "Erfolgreich"}, "Successful"),
        ("Backed out", "Backed out"),
    ],
)
def test_a_changes_close_code_is_kept_as_text(raw, text):
    assert change(state="3", close_code=raw).close_code == text


@pytest.mark.parametrize(
    ("raw", "approval"),
    [
        ("not requested", "not_requested"),
        ("Requested", "requested"),
        ("approved", "approved"),
        ("rejected", "rejected"),
        ("", ""),
    ],
)
def test_approvals(raw, approval):
    assert change(approval=raw).approval == approval


def test_risk_counts_by_its_label_for_codes_differ_between_releases():
    assert change(risk={"value": "2", "display_value": "High"}).risk == "high"
    assert change(risk="Moderate").risk == "moderate"
    code_only = sight(envelope(table="change_request", risk="2"))
    assert code_only.snapshot.ticket.risk == ""
    assert not code_only.complete


def test_a_risk_label_once_seen_explains_its_code():
    reader = Reader(site())
    reader.sight(envelope(table="change_request", risk={"value": "2", "display_value": "High"}), RECEIVED)
    later = reader.sight(envelope(table="change_request", risk="2"), RECEIVED)
    assert (later.snapshot.ticket.risk, later.complete) == ("high", True)


def test_planned_and_actual_times_of_a_change():
    found = change(work_start="2016-12-20 01:05:00", work_end="UNKNOWN", sys_mod_count="x")
    assert found.planned_start == datetime(2016, 12, 20, 1, tzinfo=UTC)
    assert found.actual_start == datetime(2016, 12, 20, 1, 5, tzinfo=UTC)
    assert found.actual_end is None
    assert found.revision == "2016-12-13 18:46:44.0000000000"


@pytest.mark.parametrize(
    ("raw", "major"),
    [
        ("accepted", True),
        ("proposed", False),
        ("", False),
        ({"value": "accepted", "display_value": "Angenommen"}, True),
    ],
)
def test_a_major_incident_is_an_accepted_one(raw, major):
    assert ticket(major_incident_state=raw).major is major


def test_a_record_that_does_not_say_it_is_major_says_nothing():
    assert ticket().major is None


def test_revisions_sort_by_time_first_for_counts_run_backwards():
    older = ticket(sys_updated_on="2016-12-13 18:46:44", sys_mod_count="12")
    newer = ticket(sys_updated_on="2016-12-13 18:47:00", sys_mod_count="3")
    again = ticket(sys_updated_on="2016-12-13 18:47:00", sys_mod_count="10")
    assert older.revision < newer.revision < again.revision


def test_a_full_record_needs_no_reading():
    sighting = sight(envelope())
    found = sighting.snapshot.ticket
    assert sighting.complete
    assert (found.service, found.location, found.group) == ("Email", "Berlin Mitte", "Network")
    assert (found.requester.id, found.requester.name) == (CALLER, "Eva Brandt")
    assert found.url == "https://acme.service-now.com/incident.do?sys_id=1c741bd70b2322007518478d83673af3"
    assert (sighting.actor, sighting.at) == ("david.loo", datetime(2016, 12, 13, 18, 46, 44, tzinfo=UTC))


@pytest.mark.parametrize("column", ["business_service", "cmdb_ci", "location", "assignment_group", "parent_incident"])
def test_a_reference_that_rules_rest_on_known_by_id_alone_asks_for_a_read(column):
    sys_id = "a" * 32
    for raw in ({"link": f"{LINK}/cmdb_ci/{sys_id}", "value": sys_id}, sys_id, {"value": sys_id, "display_value": ""}):
        assert not sight(envelope(**{column: raw})).complete


def test_a_caller_or_assignee_known_by_id_alone_needs_no_read():
    sighting = sight(envelope(caller_id={"link": f"{LINK}/sys_user/{CALLER}", "value": CALLER}, assigned_to="b" * 32))
    assert sighting.complete
    assert (sighting.snapshot.ticket.requester.id, sighting.snapshot.ticket.requester.name) == (CALLER, "")


def test_names_once_seen_are_remembered():
    reader = Reader(site())
    reader.sight(envelope(), RECEIVED)
    later = reader.sight(envelope(location={"link": f"{LINK}/cmn_location/{LOCATION}", "value": LOCATION}), RECEIVED)
    assert later.complete
    assert later.snapshot.ticket.location == "Berlin Mitte"


def test_a_reference_by_display_value_and_link_is_known_by_both():
    parent = {"display_value": "INC0000007", "link": f"{LINK}/incident/{'d' * 32}"}
    assert ticket(parent_incident=parent).parent == Parent(id=f"incident:{'d' * 32}", key="INC0000007")


def test_a_parent_says_what_was_walked_to():
    found = ticket(
        parent_incident=reference("INC0000007", "d" * 32),
        **{
            "parent_incident.major_incident_state": "accepted",
            "parent_incident.state": "2",
            "parent_incident.priority": "1",
        },
    )
    assert found.parent == Parent(f"incident:{'d' * 32}", "INC0000007", major=True, state="in_progress", priority="P1")


def test_a_task_parent_tells_its_table_by_its_number_or_link():
    assert ticket(parent=reference("CHG0000007", "d" * 32)).parent.id == f"change_request:{'d' * 32}"
    linked = {"link": f"{LINK}/problem/{'d' * 32}", "value": "d" * 32}
    assert ticket(parent=linked).parent.id == f"problem:{'d' * 32}"


def test_a_parent_known_by_number_alone_asks_for_a_read():
    sighting = sight(envelope(parent_incident="INC0000007"))
    assert (sighting.snapshot.ticket.parent.id, sighting.complete) == ("", False)


@pytest.mark.parametrize(
    "left_out", ["short_description", "business_service", "parent_incident", "sys_updated_on", "caller_id"]
)
def test_a_payload_that_leaves_a_column_out_is_thin(left_out):
    body = envelope()
    del body["record"][left_out]
    assert not sight(body).complete


def test_times_beside_labels_are_trusted_only_if_the_senders_utc_time_agrees():
    assert sight(envelope(state="In Progress", sys_updated_on="2016-12-13 18:46:44")).complete
    assert not sight(envelope(state="In Progress", sys_updated_on="2016-12-13 10:46:44")).complete


def test_who_the_requester_is():
    robot = ticket(**{"caller_id.web_service_access_only": "true", "caller_id.vip": "false"}).requester
    assert (robot.kind, robot.vip) == ("service_account", False)
    person = ticket(**{"caller_id.internal_integration_user": False, "caller_id.vip": True}).requester
    assert (person.kind, person.vip) == ("person", True)
    assert ticket(configured={"bots": ("Eva.Brandt",)}).requester.kind == "service_account"
    assert ticket(configured={"bots": ("eva brandt",)}).requester.kind == "service_account"
    assert ticket().requester.kind == ""
    assert ticket(caller_id="", opened_by=reference("Tom", "9" * 32)).requester.name == "Tom"
    assert change(caller_id="").requester.name == "Eva Brandt"


def test_what_was_said_about_a_caller_is_remembered():
    reader = Reader(site())
    reader.sight(envelope(**{"caller_id.web_service_access_only": "true"}), RECEIVED)
    assert reader.sight(envelope(), RECEIVED).snapshot.ticket.requester.kind == "service_account"


FIELDS = {
    "confidential": "u_secret",
    "users": "u_users",
    "code": "u_code",
    "store": "u_store",
    "affected_users": "u_count",
}


def test_configured_columns_stand_under_the_names_admins_gave():
    found = ticket(
        configured={"fields": FIELDS},
        u_secret="true",
        u_users="250",
        u_code="007",
        u_store=reference("Berlin 12", "c" * 32),
        u_count=300.0,
    )
    assert found.fields == {"confidential": True, "users": 250, "code": "007", "store": "Berlin 12"}
    assert found.affected_users == 300


def test_a_configured_column_that_is_not_there_is_missing_and_asks_for_a_read():
    sighting = sight(envelope(u_users="1"), fields=FIELDS)
    assert sighting.snapshot.ticket.fields == {"users": 1, "code": None, "confidential": None, "store": None}
    assert sighting.snapshot.ticket.affected_users is None
    assert not sighting.complete


def test_configured_names_of_canonical_fields_go_there():
    fields = {
        "environment": "cmdb_ci.used_for",
        "phase": "u_phase",
        "planned_end": "u_end",
        "labels": "u_tags",
        "security_level": "u_level",
        "major": "u_major",
        "service": "u_service",
        "key": "u_key",
    }
    found = ticket(
        configured={"fields": fields},
        **{"cmdb_ci.used_for": "Production", "u_phase": "Monitoring", "u_end": "2017-01-01 00:00:00"},
        u_tags="drill, store",
        u_level="secret",
        u_major="1",
        u_service=reference("Tills", "e" * 32),
        u_key="not mine",
    )
    assert (found.environment, found.phase, found.labels) == ("Production", "monitoring", ("drill", "store"))
    assert (found.security_level, found.major, found.service) == ("secret", True, "Tills")
    assert found.planned_end == datetime(2017, 1, 1, tzinfo=UTC)
    assert (found.key, found.fields) == ("INC0000060", {"key": "not mine"})


def test_a_configured_value_nobody_knows_is_named():
    snapshot = sight(envelope(u_phase="whatever"), fields={"phase": "u_phase"}).snapshot
    assert (snapshot.ticket.phase, snapshot.unmapped) == ("", (Unmapped("phase", "whatever"),))


def test_a_site_serves_the_tables_it_lists():
    serves = (Serves("incident", tables=("incident", "u_store_ticket")),)
    own = sight({**envelope(), "table": "u_store_ticket"}, serves=serves)
    assert (own.snapshot.served, own.snapshot.ticket.kind, own.snapshot.ticket.state) == (
        True,
        "incident",
        "in_progress",
    )
    other = sight(envelope(table="change_request"), serves=serves).snapshot
    assert not other.served
    assert other.not_served_because == (
        "records of the table change_request are not served here, only those of incident, u_store_ticket"
    )


def test_serving_a_kind_without_tables_serves_its_stock_table():
    assert not sight(envelope(), serves=(Serves("change"),)).snapshot.served
    assert sight(envelope(table="change_request"), serves=(Serves("change"),)).snapshot.served


@pytest.mark.parametrize("operation", ["delete", "DELETE", "deleted"])
def test_a_deleted_record_is_gone(operation):
    assert sight(envelope(operation=operation)).gone
    assert not sight(envelope()).gone


def test_the_table_is_told_by_the_envelope_the_class_or_the_number():
    record = dict(RECORD)
    assert sight({"result": record}).ref.id.startswith("incident:")
    assert sight({"result": [{**record, "sys_class_name": "Change Request"}]}).ref.id.startswith("change_request:")
    del record["sys_class_name"]
    assert sight(record).ref.id.startswith("incident:")


@pytest.mark.parametrize("sys_id", ["../sys_user/x", "a b", "", None, "x" * 65, "a.b", {"value": "/"}])
def test_a_sys_id_that_could_lead_a_request_astray_is_none(sys_id):
    with pytest.raises(PayloadError, match="no sys_id"):
        sight(envelope(sys_id=sys_id))


def test_an_answer_with_several_records_is_not_one_ticket():
    with pytest.raises(PayloadError, match="has 3"):
        sight(capture("demisto_journal_notes.json"))
