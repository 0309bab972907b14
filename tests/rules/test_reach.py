"""Whom an impact reaches through the catalogue: the people on a service, and the services that need it."""

from datetime import UTC, datetime

import pytest

from core.moments import Moment, MomentKind
from rules import decide, explain
from rules.reach import MOST
from tests.rules.support import incident, problems, rule_set

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
OPENED = Moment(MomentKind.OPENED, "1", NOW)
CATALOGUE = """
calendars:
  shop_hours: {timezone: Europe/Berlin, days: mon-sat, open: "08:00-20:00"}
services:
  - id: network
    name: the store network
    audiences: {offices: {people: 40}}
  - id: hub
    name: payment hub
    needs: [network]
  - id: cards
    name: card payments
    needs: [hub]
    audiences: {stores: {people: 1200, hours: shop_hours}, customers: {people: 90000}}
    liaisons: {retail: eva.brandt@acme.example}
  - {id: payroll, name: payroll}
rules:
  - {id: net, when: {kind: incident}, impact: {id: net, level: medium, statement: The network is slow.}}
  - {id: worse, when: {priority: P1}, impact: {id: out, level: high, statement: The network is down.}}
"""
CARDS = (
    "May be affected, too: card payments, about 1,200 people (stores) and about 90,000 people (customers). "
    "To keep informed: eva.brandt@acme.example (retail)."
)


def impacts(rules, now=NOW, language="en", **ticket):
    about = incident(**{"service": "network", **ticket})
    return decide(rules, rules.catalogue, about, OPENED, now, language=language).impacts


def test_an_incident_on_the_network_reaches_what_needs_it_and_the_people_there(tmp_path):
    rules = rule_set(tmp_path, CATALOGUE)
    assert [(i.id, i.level, i.statement, i.path) for i in impacts(rules)] == [
        ("net", "medium", "The network is slow.", ""),
        ("net/network", "medium", "Who uses the store network: about 40 people (offices).", ""),
        ("net/hub", "medium", "May be affected, too: payment hub.", "payment hub needs the store network"),
        (
            "net/cards",
            "medium",
            CARDS,
            "card payments need payment hub, which needs the store network",
        ),
    ]


def test_the_worst_impact_gives_the_level(tmp_path):
    found = impacts(rule_set(tmp_path, CATALOGUE), priority="P1")
    assert {(i.id, i.level) for i in found if "/" in i.id} == {
        ("out/network", "high"),
        ("out/hub", "high"),
        ("out/cards", "high"),
    }


def test_needs_lead_one_way_only(tmp_path):
    """Who needs the network is no worry of the network's own people when card payments fail."""
    found = impacts(rule_set(tmp_path, CATALOGUE), service="cards")
    assert [i.id for i in found] == ["net", "net/cards"]


@pytest.mark.parametrize("ticket", [{"service": "payroll"}, {"service": "no such thing"}])
def test_nothing_is_derived_where_nobody_is_named_and_nothing_needs_it(tmp_path, ticket):
    assert [i.id for i in impacts(rule_set(tmp_path, CATALOGUE), **ticket)] == ["net"]


def test_nothing_is_derived_where_no_rule_states_an_impact(tmp_path):
    assert impacts(rule_set(tmp_path, CATALOGUE), kind="change") == ()


def test_a_group_whose_hours_are_over_is_said_to_be_closed(tmp_path):
    night = datetime(2026, 11, 20, 22, tzinfo=UTC)
    said = impacts(rule_set(tmp_path, CATALOGUE), night)[-1].statement
    assert "about 1,200 people (stores, closed now)" in said


def test_agents_of_a_german_site_read_it_in_german(tmp_path):
    said = impacts(rule_set(tmp_path, CATALOGUE), language="de")[-1].statement
    assert said == (
        "Vielleicht auch betroffen: card payments, etwa 1.200 Menschen (stores) und etwa 90.000 Menschen (customers). "
        "Auf dem Laufenden halten: eva.brandt@acme.example (retail)."
    )


def test_a_service_that_many_need_names_the_rest_together(tmp_path):
    many = "".join(f"  - {{id: s{n}, name: service {n}, needs: [base]}}\n" for n in range(MOST + 2))
    rules = rule_set(
        tmp_path,
        f"services:\n  - {{id: base, name: base}}\n{many}"
        "rules: [{id: a, impact: {id: a, level: low, statement: Slow.}}]\n",
    )
    found = impacts(rules, service="base")
    assert len(found) == 1 + MOST + 1
    assert found[-1].statement == "2 more services may be affected, too: service 5, service 6."


def test_a_service_reached_by_two_ways_is_told_once_by_the_shorter(tmp_path):
    rules = rule_set(
        tmp_path,
        """
        services:
          - {id: a, name: a}
          - {id: b, name: b, needs: [a]}
          - {id: c, name: c, needs: [b, a]}
        rules: [{id: r, impact: {id: r, level: low, statement: Slow.}}]
        """,
    )
    assert [(i.id, i.path) for i in impacts(rules, service="a")[1:]] == [("r/b", "b needs a"), ("r/c", "c needs a")]


def test_the_explanation_says_by_which_path(tmp_path):
    rules = rule_set(tmp_path, CATALOGUE)
    told = explain(rules, rules.catalogue, incident(service="network"), OPENED, NOW)
    assert told.to_dict()["impacts"][2]["path"] == "payment hub needs the store network"


def test_customers_never_read_of_whom_it_reaches(tmp_path):
    """Neither people nor addresses: impacts are the agents' alone."""
    said = problems(
        tmp_path,
        'rules: [{id: a, messages: {requester: {opened: "{% for i in impacts %}{{ i.statement }}{% endfor %}"}}}]',
    )
    assert any("impacts" in line for line in said)


@pytest.mark.parametrize(
    ("audiences", "said"),
    [
        ("{stores: {people: -1}}", "people is how many people, not -1."),
        ("{stores: {people: many}}", "people is a whole number, not 'many'."),
        ("{stores: {poeple: 3}}", "'poeple' means nothing here. Did you mean people?"),
        ("{stores: {hours: nine}}", "there is no calendar 'nine'. Define it under `calendars:`."),
        ("3", "audiences is a mapping from group of people to its entry, not 3."),
    ],
)
def test_mistakes_in_audiences_are_told(tmp_path, audiences, said):
    found = problems(tmp_path, f"services: [{{id: a, name: a, audiences: {audiences}}}]")
    assert [line.partition(": ")[2] for line in found] == [said]
