"""Tickets about which nothing is said anywhere, and the journal names why."""

import pytest

from app import tables
from app.steering import Steering
from tests.support.world import world

PACKS_ONLY = "version: 1\nrules: []\n"


@pytest.fixture
def plain(tmp_path):
    """The shipped packs alone."""
    with world(tmp_path, PACKS_ONLY) as one:
        yield one


def live(plain, key):
    """A whole life: worked, due, raised, resolved, closed."""
    plain.pass_(minutes=10)
    plain.on_snow(key, state="2")
    plain.pass_(minutes=10)
    plain.on_snow(key, priority="1")
    plain.pass_(hours=3)
    plain.on_snow(key, state="6", close_code="Solved (Permanently)")
    plain.pass_(minutes=10)
    plain.on_snow(key, state="7")
    plain.pass_(minutes=10)


@pytest.mark.parametrize(
    ("fields", "gate"),
    [
        ({"category": "security"}, "confidential"),
        ({"caller_id": "monitoring", "caller_id.web_service_access_only": "true"}, "robot-caller"),
    ],
)
def test_a_gated_incident_stays_silent_all_its_life(plain, fields, gate):
    key = plain.on_snow(**({"short_description": "Strange logins", "caller_id": "eva", "priority": "2"} | fields))
    live(plain, key)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"gated"}
    assert {row.rule for row in journal(plain, key)} == {gate}


def journal(world, key):
    return world.rows(tables.journal, key)


def test_a_duplicate_stays_silent(plain):
    original = plain.on_snow(short_description="first", caller_id="eva")
    key = plain.on_snow(short_description="again", caller_id="mara", duplicate_of=original)
    live(plain, key)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"gated"}


def test_a_standard_change_stays_silent(plain):
    change = plain.snow.change(
        "",
        {
            "as": "nils",
            "table": "change_request",
            "fields": {
                "type": "standard",
                "short_description": "Rotate logs",
                "start_date": "2026-11-20 10:00:00",
                "end_date": "2026-11-20 11:00:00",
            },
        },
    )
    key = change["number"]
    for state in ("-2", "-1", "0", "3"):
        plain.on_snow(key, state=state, approval="approved")
        plain.pass_(hours=1)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"gated"}


def test_a_developers_story_stays_silent(plain):
    key = plain.on_jira(project="WEB", type="Story", fields={"summary": "Refactor the cart"})
    plain.on_jira(key, status="In Progress")
    plain.on_jira(key, status="Done")
    plain.pass_(hours=1)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"not_configured"}


def test_an_old_ticket_seen_first_today_is_adopted_in_silence(plain):
    key = plain.on_snow(short_description="old", caller_id="eva", opened_at="2026-11-01 08:00:00")
    plain.pass_(hours=1)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"adopted"}


def test_a_confidential_jira_issue_by_its_security_level(plain):
    key = plain.on_jira(fields={"summary": "Complaint", "security": {"name": "Works council only"}})
    plain.on_jira(key, status="In Progress")
    plain.pass_(hours=3)
    assert plain.entries(key) == []
    assert plain.reasons(key) == {"gated"}


def test_a_ticket_that_turns_confidential_falls_silent_at_once_and_stays_so(plain):
    key = plain.on_snow(short_description="x", caller_id="eva", priority="1", state="2")
    plain.pass_(minutes=5)
    assert len(plain.said(key)) == 1
    plain.on_snow(key, category="security")
    plain.on_snow(key, category="software")  # taken back: a sticky gate is lifted by a named person only
    plain.pass_(hours=5)
    plain.on_snow(key, state="6", close_code="Solved (Permanently)")
    plain.pass_(minutes=10)
    assert len(plain.said(key)) == 1
    assert [p.state for p in promises(plain, key)] == ["withdrawn"]
    page = plain.liaison.web().test_client().get(f"/tickets/servicenow/{key}", headers={"Host": "localhost"})
    assert "confidential" in page.text
    assert "We look" not in page.text


def promises(world, key):
    return world.rows(tables.promises, key)


def test_a_person_may_lift_a_sticky_gate(plain):
    key = plain.on_snow(short_description="x", caller_id="eva", category="security")
    plain.on_snow(key, category="software")
    steering = Steering(plain.liaison.store, plain.liaison.engine, plain.clock)
    steering.lift(plain.ref(key), "confidential", "Dana Lead", "filed by mistake")
    plain.on_snow(key, state="2")
    plain.pass_(minutes=10)
    assert len(plain.said(key)) == 1


def test_silence_has_a_named_reason_for_every_audience_without_words(tmp_path):
    rules = """
version: 1
rules:
  - id: quiet
    layer: override
    when: {kind: incident}
    messages: {requester: {opened: none}, agents: {opened: none}}
"""
    with world(tmp_path, rules) as one:
        key = one.on_snow(short_description="x", caller_id="eva")
        one.pass_(minutes=10)
        assert one.entries(key) == []
        assert set(one.silences(key)) == {("opened", "requester", "silenced"), ("opened", "agents", "silenced")}


def test_a_declared_field_that_cannot_be_read_closes_the_gate(tmp_path):
    """When in doubt, closed: the column is named in liaison.yaml, and the platform hides it from us."""
    with world(tmp_path, PACKS_ONLY, snow={"fields": {"confidential": "u_confidential"}}) as one:
        key = one.on_snow(short_description="x", caller_id="eva")
        one.pass_(minutes=10)
        assert one.entries(key) == []
        assert one.reasons(key) == {"gated"}


def test_a_declared_field_that_is_read_as_false_lets_the_ticket_speak(tmp_path):
    with world(tmp_path, PACKS_ONLY, snow={"fields": {"confidential": "u_confidential"}}) as one:
        one.snow.tables.add_column("incident", "u_confidential")
        key = one.on_snow(short_description="x", caller_id="eva", u_confidential="false")
        one.pass_(minutes=10)
        assert len(one.said(key)) == 1


def test_a_confidential_parent_is_not_mentioned_to_its_children(plain):
    """Not that there is a bigger problem, and not that it ends: the child speaks for itself."""
    parent = plain.on_snow(
        short_description="Staff data", caller_id="eva", category="security", major_incident_state="accepted"
    )
    child = plain.on_snow(short_description="x", caller_id="mara", priority="2", parent_incident=parent)
    plain.pass_(minutes=5)
    assert len(plain.said(child)) == 1
    assert "bigger problem" not in plain.said(child)[0]
    assert "We will write again" in plain.said(child)[0]
    assert plain.entries(parent) == []


def test_a_confidential_parent_that_liaison_never_saw_is_read_before_a_word(plain):
    hooks, plain.snow.hooks = plain.snow.hooks, None
    parent = plain.on_snow(
        short_description="Staff data", caller_id="eva", category="security", major_incident_state="accepted"
    )
    plain.snow.hooks = hooks
    child = plain.on_snow(short_description="x", caller_id="mara", priority="2", parent_incident=parent)
    plain.pass_(minutes=5)
    assert "bigger problem" not in plain.said(child)[0]


def test_a_change_that_nobody_was_asked_to_approve_is_not_announced(plain):
    window = {"start_date": "2026-11-22 10:00:00", "end_date": "2026-11-22 11:00:00"}
    change = plain.snow.change("", {"as": "nils", "table": "change_request", "fields": {"type": "normal", **window}})
    plain.on_snow(change["number"], state="-2")
    plain.pass_(minutes=10)
    assert plain.said(change["number"]) == []
    plain.on_snow(change["number"], approval="approved")
    plain.pass_(minutes=10)
    assert len(plain.said(change["number"])) == 1
