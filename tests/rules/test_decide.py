"""Who speaks: layers, ladder, conditions, rank; gates, families, resolutions, impacts, cadences."""

from datetime import timedelta
from importlib import import_module

import pytest

from core.decisions import Level, Mode, Reason
from core.notes import Audience
from core.tickets import Parent
from rules.load import examine
from rules.strength import first_difference
from tests.rules.support import decided, incident, rule_set, write

TICKET = incident(
    category="payments", group="net", location="berlin", service="cards", ci="pos-1", priority="P1", environment="prod"
)
A, R, B, C = Audience.AGENTS, Audience.REQUESTER, Audience.BUSINESS, Audience.CUSTOMERS


def rule(name: str, when: str = "kind: incident", extra: str = "") -> str:
    said = f"messages: {{requester: {{opened: From {name}.}}}}"
    return f"  - {{id: {name}, when: {{{when}}}, {said}{extra and ', ' + extra}}}\n"


def winner(rules, ticket=TICKET, kind="opened") -> str:
    return decided(rules, ticket, kind).messages[R].rule


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        (("kind: incident", "layer: override"), ("ci: pos-1, priority: P1", "")),
        (("kind: incident", ""), ("ci: pos-1, priority: P1", "layer: default")),
        (("ci: pos-1", ""), ("service: cards, priority: P1", "")),
        (("service: cards", ""), ("location: berlin, priority: P1", "")),
        (("location: berlin", ""), ("site: acme, priority: P1", "")),
        (("site: acme", ""), ("group: net, priority: P1", "")),
        (("group: net", ""), ("category: payments, priority: P1", "")),
        (("category: payments", ""), ("kind: incident, priority: P1", "")),
        (("kind: incident", ""), ("priority: P1, environment: prod", "")),
        (("priority: P1, environment: prod", ""), ("priority: P1", "rank: 5")),
        (("priority: P1", "unless: {labels: drill}"), ("priority: P1", "rank: 5")),
        (("priority: P1", "rank: 5"), ("priority: P1", "rank: 4")),
        (("any: [{priority: P1, environment: prod}, {priority: P2, major: true}]", ""), ("priority: P1", "")),
        (("priority: P1, environment: prod", ""), ("any: [{priority: P1}, {environment: x, major: true}]", "")),
        (("service: cards", ""), ("any: [{service: cards}, {priority: P1}]", "rank: 5")),
        (("service: cards", ""), ("kind: incident, ci: {none_of: [x]}, not: {ci: y}", "")),
        (("affected_users: {present: false}, priority: P1", ""), ("priority: {any_of: [P1], none_of: [P2]}", "")),
    ],
)
def test_the_stronger_rule_speaks_whatever_the_order(tmp_path, stronger, weaker):
    """Layer, then ladder, then number of conditions, then rank."""
    one, other = rule("stronger", *stronger), rule("weaker", *weaker)
    for text in ("rules:\n" + one + other, "rules:\n" + other + one):
        assert winner(rule_set(tmp_path, text)) == "stronger"


def test_a_tie_that_only_a_ticket_shows_goes_to_the_smaller_id_and_is_told(tmp_path):
    rules = rule_set(
        tmp_path,
        "rules:\n"
        + rule("zwei", "category: payments, priority: P1")
        + rule("eins", "category: payments, environment: prod"),
    )
    decision = decided(rules, TICKET)
    assert decision.messages[R].rule == "eins"
    assert {c.because for c in decision.trace} == {"a tie for requester between eins, zwei: eins speaks"}


SAME = "when: {kind: incident, service: cards, category: payments}"


@pytest.mark.parametrize(
    ("loser", "because"),
    [
        ("layer: default, when: {service: cards}", "it is on the layer normal, other on default"),
        ("when: {kind: incident, category: payments, priority: P1}", "it names the service, other only the category"),
        ("when: {priority: P1}", "it names the service, other nothing of the kind"),
        ("when: {service: cards}", "it has 3 conditions, other 1"),
        (f"rank: -1, {SAME}", "its rank is 0, that of other -1"),
        (SAME, "both are as specific, so the smaller id decides; give a or other a rank"),
    ],
)
def test_the_first_difference_reads_as_a_person_says_it(tmp_path, loser, because):
    says = "messages: {agents: {opened: Look.}}"
    kept = [f"{{id: a, {SAME}, {says}}}", f"{{id: other, {loser}, {says}}}"]
    winner, other = examine([write(tmp_path, "0.yaml", f"rules: [{', '.join(kept)}]")], packs=False)[0].rules
    assert (winner.id, first_difference(winner, other)) == ("a", because)


def test_silence_on_purpose_beats_a_weaker_text(tmp_path):
    quiet = "  - {id: quiet, when: {priority: P1, kind: incident}, messages: {requester: {opened: none}}}\n"
    decision = decided(rule_set(tmp_path, "rules:\n" + rule("loud") + quiet), TICKET)
    assert R not in decision.messages
    assert (decision.silences[R].reason, decision.silences[R].by) == (Reason.SILENCED, "quiet")


def test_a_rule_without_a_text_for_the_slot_does_not_compete(tmp_path):
    other = "  - {id: other, when: {ci: pos-1}, messages: {requester: {closed: It is closed.}}}\n"
    assert winner(rule_set(tmp_path, "rules:\n" + rule("speaks") + other)) == "speaks"


def test_every_audience_is_answered_for(tmp_path):
    text = "  - {id: a, when: {kind: incident}, messages: {business: {opened: Hello.}, customers: {opened: none}}}\n"
    decision = decided(rule_set(tmp_path, "rules:\n" + text), TICKET)
    reasons = {audience: silence.reason for audience, silence in decision.silences.items()}
    assert reasons == {A: Reason.NO_RULE, R: Reason.NO_RULE, B: Reason.NO_SINK, C: Reason.SILENCED}
    assert decided(rule_set(tmp_path, "rules: []\n"), TICKET).silences.keys() == {A, R}


RESOLVED = """
rules:
  - id: mapped
    when: {kind: incident}
    messages:
      requester:
        resolved: {fixed: It works again., duplicate: none}
  - id: fallback
    layer: default
    when: {kind: incident}
    messages:
      requester:
        resolved: {default: Your report is closed.}
        closed: Your report is closed for good.
"""


@pytest.mark.parametrize(
    ("kind", "resolution", "expected"),
    [
        ("resolved", "fixed", "mapped"),
        ("resolved", "duplicate", Reason.SILENCED),
        ("resolved", "declined", "fallback"),
        ("resolved", "", "fallback"),
        ("closed", "declined", "fallback"),
        ("cancelled", "", Reason.NO_RULE),
    ],
)
def test_a_text_by_resolution_covers_what_it_names(tmp_path, kind, resolution, expected):
    """A resolution without an entry means that the rule does not compete, and an unknown one is not `fixed`."""
    decision = decided(rule_set(tmp_path, RESOLVED), TICKET.evolve(resolution=resolution), kind)
    found = decision.messages[R].rule if R in decision.messages else decision.silences[R].reason
    assert found == expected


def test_a_cadence_is_a_slot_of_its_own_and_needs_a_message(tmp_path):
    text = """
        rules:
          - {id: words, when: {service: cards}, messages: {requester: {opened: Hello.}}}
          - {id: pace, when: {kind: incident}, cadence: {requester: {every: 30m, first: 10m}, agents: {every: 1h}}}
          - {id: slow, layer: default, when: {service: cards}, cadence: {requester: {every: 4h}}}
    """
    decision = decided(rule_set(tmp_path, text), TICKET)
    assert {audience: (c.rule, c.every) for audience, c in decision.cadences.items()} == {
        R: ("pace", timedelta(minutes=30))
    }
    assert decided(rule_set(tmp_path, text), TICKET, "raised").cadences == {}


def test_none_as_a_cadence_promises_nothing(tmp_path):
    text = """
        rules:
          - {id: pace, when: {kind: incident}, messages: {requester: {opened: Hello.}}, cadence: {requester: {every: 1h}}}
          - {id: hold, when: {kind: incident, priority: P1}, cadence: {requester: none}}
    """
    assert decided(rule_set(tmp_path, text), TICKET).cadences == {}
    assert R in decided(rule_set(tmp_path, text), TICKET.evolve(priority="P2")).cadences


@pytest.mark.parametrize("kind", ["resolved", "closed", "cancelled", "finished", "failed", "rejected"])
def test_nothing_is_promised_at_the_end(tmp_path, kind):
    text = f"rules:\n  - {{id: a, messages: {{requester: {{{kind}: It is over.}}}}, cadence: {{requester: {{every: 1h}}}}}}\n"
    decision = decided(rule_set(tmp_path, text), TICKET, kind)
    assert R in decision.messages
    assert decision.cadences == {}


@pytest.mark.parametrize(("first", "settle"), [("1m", 1), ("10m", 3)])
def test_the_first_word_caps_the_wait(tmp_path, first, settle):
    text = f"""
        settle: {{opened: 3m, raised: 2m}}
        rules:
          - id: a
            messages: {{requester: {{opened: Hello., raised: More.}}}}
            cadence: {{requester: {{every: 1h, first: {first}}}}}
    """
    rules = rule_set(tmp_path, text)
    assert decided(rules, TICKET).settle == timedelta(minutes=settle)
    assert decided(rules, TICKET, "raised").settle == timedelta(minutes=2)
    assert decided(rules, TICKET, "lowered").settle == timedelta(0)


IMPACTS = """
rules:
  - {id: low, layer: default, when: {kind: incident}, impact: {id: other, level: high, statement: Not heard.}}
  - {id: any, when: {kind: incident}, impact: {id: pay, level: low, statement: Slow.}}
  - {id: cards, when: {service: cards}, impact: {id: pay, level: medium, statement: "No cards at {{ location.name }}."}}
  - {id: shop, when: {service: cards, priority: P1}, impact: {id: shop, level: high, statement: No orders.}}
  - {id: users, when: {kind: incident, priority: P1}, impact: {id: many, level: high, statement: "{{ affected_users }} people wait."}}
"""


def test_impacts_come_from_the_highest_layer_one_per_id_highest_level_first(tmp_path):
    """A statement that needs what the ticket lacks is not made."""
    rules = rule_set(tmp_path, "locations: [{id: berlin, name: Berlin Mitte}]" + IMPACTS)
    found = [(i.id, i.level, i.statement, i.rule) for i in decided(rules, TICKET).impacts]
    assert found == [
        ("shop", Level.HIGH, "No orders.", "shop"),
        ("pay", Level.MEDIUM, "No cards at Berlin Mitte.", "cards"),
    ]
    many = decided(rules, TICKET.evolve(affected_users=12)).impacts[0]
    assert many.statement == "12 people wait."


GATES = """
gates:
  - {id: secret, when: {category: security}, silence: all, sticky: true, because: It is confidential.}
  - {id: robot, when: {requester.kind: service_account}, silence: [requester]}
  - {id: drill, when: {labels: drill}, unless: {labels: speak}, silence: requester}
rules:
  - id: a
    layer: override
    when: {kind: incident}
    impact: {id: pay, level: high, statement: Customers wait.}
    messages: {requester: {opened: Hello.}, agents: {opened: Look.}}
"""


def test_no_layer_beats_a_gate_and_everything_is_silent(tmp_path):
    decision = decided(rule_set(tmp_path, GATES), TICKET.evolve(category="Security"))
    assert decision.messages == {}
    assert decision.impacts == ()
    assert {(s.reason, s.by, s.detail) for s in decision.silences.values()} == {
        (Reason.GATED, "secret", "It is confidential.")
    }
    assert decision.silences.keys() == set(Audience)
    assert (decision.gates, decision.sticky) == (("secret",), ("secret",))


def test_a_sticky_gate_that_fired_earlier_fires_again(tmp_path):
    decision = decided(rule_set(tmp_path, GATES), TICKET, held=["secret"])
    assert decision.silences[A].by == "secret"
    assert decision.sticky == ("secret",)


def test_a_held_gate_that_left_the_rules_still_holds(tmp_path):
    """Only a named person lifts it: taking it out of a file is not that."""
    decision = decided(rule_set(tmp_path, GATES), TICKET, held=["gone"])
    assert decision.messages == {}
    assert "no longer in the rules" in decision.silences[R].detail


@pytest.mark.parametrize(("labels", "silent"), [((), False), (("drill",), True), (("drill", "speak"), False)])
def test_a_gate_for_one_audience_leaves_the_others(tmp_path, labels, silent):
    decision = decided(rule_set(tmp_path, GATES), TICKET.evolve(labels=labels))
    assert A in decision.messages
    assert (R in decision.silences) is silent
    assert decision.impacts


FAMILY = """
families:
  - {when: {parent.major: true}, follow: parent, speak: [joined, resolved]}
rules:
  - id: a
    messages:
      requester: {opened: Hello., joined: It is known., left_family: It is separate now.}
      agents: {joined: It has a parent.}
    cadence: {requester: {every: 1h}, agents: {every: 1h}}
"""


@pytest.mark.parametrize(
    ("kind", "major", "expected", "cadences"),
    [
        ("opened", True, {A: "follows_parent", R: "follows_parent", B: "follows_parent", C: "follows_parent"}, set()),
        ("joined", True, {}, {A}),
        ("left_family", True, {A: "no_rule"}, set()),
        ("opened", False, {A: "no_rule"}, {R}),
        ("opened", None, {A: "no_rule"}, {R}),
    ],
)
def test_a_child_follows_its_parent_and_promises_nothing_itself(tmp_path, kind, major, expected, cadences):
    decision = decided(rule_set(tmp_path, FAMILY), TICKET.evolve(parent=Parent("9", major=major)), kind)
    assert {audience: silence.reason for audience, silence in decision.silences.items()} == expected
    assert decision.cadences.keys() == cadences


def test_a_draft_is_the_matter_of_the_rule_that_speaks(tmp_path):
    rules = rule_set(tmp_path, "rules:\n" + rule("a", extra="mode: draft") + rule("b", "service: cards"))
    assert decided(rules, TICKET).messages[R].mode is Mode.SEND
    assert decided(rules, TICKET.evolve(service="")).messages[R].mode is Mode.DRAFT


@pytest.fixture
def _packs(tmp_path, monkeypatch):
    """A pack folder of the test's own."""
    folder = tmp_path / "packs"
    folder.mkdir()
    monkeypatch.setattr(import_module("rules.load"), "PACKS", folder)
    pack = """
        lists: {urgent: [P1]}
        settle: {opened: 5m}
        gates: [{id: robot, when: {requester.kind: service_account}, silence: all}]
        rules:
          - id: base
            layer: override
            when: {kind: incident, service: cards, priority: P1}
            messages: {requester: {opened: From the pack., raised: none}, agents: {opened: Look.}}
    """
    write(folder, "base.yaml", pack)


@pytest.mark.usefixtures("_packs")
def test_whatever_a_pack_says_it_is_below_everything(tmp_path):
    rules = rule_set(tmp_path, "rules:\n" + rule("mine", extra="layer: default"), packs=True)
    message = decided(rules, TICKET).messages[R]
    assert (message.rule, message.pack_template, message.pack_rule) == ("mine", "From the pack.", "base")
    own = decided(rules, TICKET).messages[A]
    assert (own.rule, own.pack_template, own.where) == ("base", "", "packs/base.yaml:10")


@pytest.mark.usefixtures("_packs")
def test_an_admin_may_replace_what_a_pack_ships(tmp_path):
    text = """
        lists: {urgent: [P2]}
        settle: {opened: 1m}
        gates: [{id: robot, when: {labels: robot}, silence: [agents]}]
        rules:
          - {id: base, when: {priority: "@urgent"}, messages: {requester: {opened: Mine.}}}
    """
    rules = rule_set(tmp_path, text, packs=True)
    assert [(rule.id, len(rule.messages)) for rule in rules.rules] == [("base", 1)]
    assert [gate.silence for gate in rules.gates] == [{A}]
    assert decided(rules, TICKET.evolve(priority="P2")).settle == timedelta(minutes=1)


def test_an_admins_family_goes_before_the_packs(tmp_path, monkeypatch):
    """Both match: what an admin lets a child say is what counts."""
    folder = tmp_path / "packs"
    folder.mkdir()
    monkeypatch.setattr(import_module("rules.load"), "PACKS", folder)
    write(folder, "a.yaml", "families: [{id: a, when: {parent.major: true}, follow: parent, speak: [opened]}]\n")
    text = "families: [{id: z, when: {parent.major: true}, follow: parent, speak: [joined]}]\n"
    rules = rule_set(tmp_path, text + "rules:\n" + rule("b"), packs=True)
    decision = decided(rules, TICKET.evolve(parent=Parent("9", major=True)))
    assert (decision.silences[R].reason, decision.silences[R].by) == (Reason.FOLLOWS_PARENT, "z")
