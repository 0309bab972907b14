"""Conditions, one by one, and the sentence that says why one failed."""

from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest

from core.tickets import Parent, Person
from rules.decide import decide
from tests.rules.support import NOW, decided, incident, moment, rule_set

TICKET = incident(
    title="Card declined",
    description="Since 13:45 every PAYMENT fails",
    state="in_progress",
    priority="P1",
    category="Payments",
    environment="prod",
    service="CARD-GW",
    ci="pos-07",
    labels=("Urgent", "store"),
    major=True,
    affected_users=300,
    requester=Person(id="eva", kind="person", vip=False),
    parent=Parent("9", major=True, priority="P2"),
    planned_start=datetime(2026, 11, 22, 1, tzinfo=UTC),
    planned_end=NOW - timedelta(minutes=90),
    fields={"floor": 3, "tags": ["a", "b"], "go": "true", "choice": {"value": "Yes", "id": "7"}, "empty": None},
)

HOLDS = [
    "kind: incident",
    "category: payments",
    "category: [mail, PAYMENTS]",
    "priority: p1",
    "moment: opened",
    "moment: {none_of: [closed]}",
    "major: true",
    "requester.vip: false",
    "requester.kind: person",
    "parent.major: true",
    "parent.priority: [P1, P2]",
    "labels: urgent",
    "labels: {all_of: [urgent, store]}",
    "labels: {none_of: [drill]}",
    "service: card-gw",
    "service: pos-07",
    "text: payment",
    "text: {any_of: [gift, declined]}",
    "text: {all_of: [payment, card]}",
    "text: {none_of: [test]}",
    "title: {any_of: [card]}",
    "title: card declined",
    "title: {starts_with: CARD}",
    "title: {matches: 'card\\s+decl'}",
    "affected_users: 300",
    "affected_users: {at_least: 300, at_most: 300}",
    "affected_users: {above: 299.5, below: 301}",
    "age: {at_least: 1h, below: 61m}",
    "overrun: {above: 1h}",
    "lead_time: {above: 1d, below: 2d}",
    "planned_start: {above: '2026-11-21T00:00:00Z'}",
    "planned_end: {below: '2026-11-20T13:00:00+01:00'}",
    "phase: {present: false}",
    "environment: {present: true}",
    "fields.floor: 3",
    "fields.floor: {at_least: 3}",
    "fields.floor: '3'",
    "fields.tags: b",
    "fields.go: true",
    "fields.choice: yes",
    "not: {environment: test}",
    "not: {resolution: fixed}",
    "resolution: {none_of: [fixed]}",
    "any: [{category: mail}, {priority: P1}]",
    "all: [{category: payments}, {any: [{labels: store}]}]",
]
FAILS = {
    "priority: [P2, P3]": "priority is P1, the rule wants P2 or P3",
    "phase: monitoring": "phase is missing, the rule wants monitoring",
    "resolution: {starts_with: f}": "resolution is missing, the rule wants a start with f",
    "affected_users: {at_least: 500}": "affected_users is 300, the rule wants at least 500",
    "children_count: {above: 1}": "children_count is missing, the rule wants more than 1",
    "text: {any_of: [gift, voucher]}": "title and description hold none of gift, voucher",
    "text: {all_of: [card, voucher]}": "title and description do not hold all of card, voucher",
    "text: {none_of: [card]}": "title and description hold one of card, which the rule excludes",
    "text: mail": "title and description do not hold mail",
    "labels: {all_of: [urgent, drill]}": "labels is Urgent, store, the rule wants all of urgent, drill",
    "labels: {none_of: [store]}": "labels is Urgent, store, the rule wants none of store",
    "environment: {present: false}": "environment is prod, the rule wants it missing",
    "phase: {present: true}": "phase is missing, the rule wants it present",
    "title: {matches: '^mail'}": "title is Card declined, the rule wants a match of ^mail",
    "age: {above: 2h}": "age is 1 hour, the rule wants more than 2 hours",
    "lead_time: {below: 1d}": "lead_time is 1 day 12 hours, the rule wants less than 1 day",
    "planned_start: {below: '2026-11-21T00:00:00Z'}": (
        "planned_start is 2026-11-22 01:00+00:00, the rule wants less than 2026-11-21 00:00+00:00"
    ),
    "not: {category: payments}": "category is Payments, which the rule excludes",
    "any: [{category: mail}, {priority: P2}]": (
        "none of 2 alternatives holds (category is Payments, the rule wants mail / priority is P1, the rule wants P2)"
    ),
    "state: {to: in_progress}": (
        "state did not change: the ticket is seen for the first time; the rule wants a change to in_progress"
    ),
    "fields.unknown: 3": "fields.unknown is missing, the rule wants 3",
    "fields.floor: {above: 3}": "fields.floor is 3, the rule wants more than 3",
    "service: mail": "service is CARD-GW, pos-07, the rule wants mail",
}
RULE = """
rules:
  - id: asked
    when: {{{condition}}}
    messages: {{requester: {{opened: We are on it.}}}}
"""


@pytest.mark.parametrize("condition", HOLDS)
def test_a_condition_that_holds(tmp_path, condition):
    considered = decided(rule_set(tmp_path, RULE.format(condition=condition)), TICKET).trace[0]
    assert (considered.matched, considered.because) == (True, "")


@pytest.mark.parametrize(("condition", "because"), FAILS.items())
def test_a_condition_that_fails_says_why(tmp_path, condition, because):
    considered = decided(rule_set(tmp_path, RULE.format(condition=condition)), TICKET).trace[0]
    assert (considered.matched, considered.because) == (False, because)


@pytest.mark.parametrize(
    ("condition", "before", "matched"),
    [
        ("state: {to: in_progress}", {"state": "new"}, True),
        ("state: {from: new}", {"state": "new"}, True),
        ("state: {from: [new, on_hold], to: in_progress}", {"state": "on_hold"}, True),
        ("state: {from: on_hold}", {"state": "new"}, False),
        ("state: {to: resolved}", {"state": "new"}, False),
        ("state: {to: in_progress}", {}, False),
        ("phase: {from: monitoring}", {"phase": "monitoring"}, True),
        ("fields.floor: {to: 3}", {"fields": {"floor": 2}}, True),
    ],
)
def test_a_change_is_one_of_this_moment(tmp_path, condition, before, matched):
    rules = rule_set(tmp_path, RULE.format(condition=condition))
    assert decided(rules, TICKET, before=TICKET.evolve(**before)).trace[0].matched is matched


def test_a_service_is_also_known_by_its_name_in_the_catalogue(tmp_path):
    catalogue = "services: [{id: cards, name: card payments, aliases: {servicenow: [CARD-GW]}}]\n"
    place = "locations: [{id: berlin, name: Berlin Mitte, aliases: [BER-01]}]\n"
    rules = rule_set(tmp_path, catalogue + place + RULE.format(condition="service: cards, location: berlin"))
    assert decided(rules, TICKET.evolve(location="ber-01")).trace[0].matched
    assert not decided(rules, TICKET.evolve(location="ber-01", platform="jira")).trace[0].matched


def test_a_list_stands_for_its_values_whichever_file_it_is_in(tmp_path):
    lists = "lists: {cards: [card-gw, tills]}\n"
    rules = rule_set(tmp_path, RULE.format(condition='service: ["@cards", mail]'), lists)
    assert decided(rules, TICKET).trace[0].matched


@pytest.mark.parametrize(
    ("condition", "matched"),
    [
        ("within: office", True),
        ("priority: {within: office}", True),
        ("planned_start: {within: office}", False),
        ("planned_end: {within: freeze}", True),
        ("resolved_at: {within: office}", False),
        ("not: {within: freeze}", False),
    ],
)
def test_within_asks_a_calendar_for_the_fields_time_or_for_now(tmp_path, condition, matched):
    calendars = """
        calendars:
          office: {timezone: location, days: mon-fri, open: "09:00-17:00"}
          freeze: {timezone: location, dates: ["2026-11-20"]}
    """
    rules = rule_set(tmp_path, dedent(calendars) + RULE.format(condition=condition))
    assert decided(rules, TICKET).trace[0].matched is matched


def test_an_unless_that_holds_takes_the_rule_out(tmp_path):
    text = RULE.format(condition="kind: incident") + "    unless: {labels: drill}\n"
    rules = rule_set(tmp_path, text)
    considered = decided(rules, TICKET.evolve(labels=("Drill",))).trace[0]
    assert considered.because == "its `unless` holds: labels is Drill"
    assert decided(rules, TICKET).trace[0].matched


@pytest.mark.parametrize(
    "unless", ["{resolution: fixed}", "{not: {resolution: fixed}}", "{resolution: {none_of: [fixed]}}"]
)
def test_an_unless_on_a_missing_field_does_not_fire(tmp_path, unless):
    rules = rule_set(tmp_path, RULE.format(condition="kind: incident") + f"    unless: {unless}\n")
    assert decided(rules, TICKET).trace[0].matched


@pytest.mark.parametrize(
    ("when", "unknown", "ticket", "fires"),
    [
        ("{fields.secret: true}", "hold", {"fields": {"secret": None}}, True),
        ("{fields.secret: true}", "hold", {"fields": {"secret": ""}}, False),  # read, and empty
        ("{not: {fields.public: true}}", "hold", {"fields": {"public": None}}, True),
        ("{fields.secret: true}", "hold", {"fields": {"secret": False}}, False),
        ("{fields.secret: true}", "hold", {"fields": {}}, False),
        ("{fields.secret: true, kind: change}", "hold", {"fields": {"secret": None}}, False),
        ("{any: [{kind: change}, {fields.secret: true}]}", "hold", {"fields": {"secret": None}}, True),
        ("{fields.secret: true}", "pass", {"fields": {"secret": None}}, False),
        ("{category: security}", "hold", {"category": ""}, False),
        ("{security_level: {present: true}}", "hold", {}, False),
        ("{security_level: {present: true}}", "hold", {"security_level": "Board"}, True),
    ],
)
def test_a_gate_holds_when_a_declared_field_cannot_be_read(tmp_path, when, unknown, ticket, fires):
    gate = f"gates: [{{id: secret, when: {when}, unknown: {unknown}, silence: all}}]\n"
    rules = rule_set(tmp_path, gate)
    assert decided(rules, incident(**ticket)).gates == (("secret",) if fires else ())


def test_strange_custom_fields_never_match_by_accident(tmp_path):
    rules = rule_set(tmp_path, RULE.format(condition="fields.floor: {at_least: 3}"))
    for odd in ("many", float("nan"), float("inf"), {}, [], object(), "1e999", True):
        ticket = TICKET.evolve(fields={"floor": odd})
        assert not decide(rules, rules.catalogue, ticket, moment(), NOW).trace[0].matched
