"""What holds for all rules and all tickets."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions import Cadence, Level, Reason
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import Kind, Parent, Person, Phase, Priority, Resolution, State, Ticket
from rules import decide, explain
from rules.catalogue import Catalogue, Location, Service
from rules.conditions import cannot_be_ruled_out, holds, known_to_hold
from rules.language import (
    All,
    AnyOf,
    Entry,
    Family,
    Gate,
    ImpactText,
    Layer,
    Not,
    OnField,
    Op,
    Rule,
    RuleSet,
    Slot,
    Test,
)  # fmt: skip
from rules.overlap import Together, together
from rules.strength import precedence
from rules.subjects import View
from tests.rules.support import NOW, incident

WORDS = st.sampled_from(["a", "b", "cards", "net"])
MOMENTS = st.sampled_from([MomentKind.OPENED, MomentKind.RESOLVED, MomentKind.JOINED, MomentKind.RAISED])
OPTIONAL_TIME = st.none() | st.integers(-5000, 5000).map(lambda minutes: NOW + timedelta(minutes=minutes))
ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(WORDS, max_size=2)

tickets = st.builds(
    Ticket,
    site=WORDS, platform=st.sampled_from(["jira", "servicenow"]), kind=st.sampled_from(list(Kind)), key=WORDS,
    id=st.text(max_size=3), title=st.text(max_size=20), state=st.sampled_from(["", *State]),
    phase=st.sampled_from(["", *Phase]), resolution=st.sampled_from(["", *Resolution]),
    priority=st.sampled_from(["", *Priority]), category=WORDS, service=WORDS | st.just(""), ci=WORDS,
    components=st.tuples(WORDS), location=WORDS, labels=st.tuples(WORDS) | st.just(()),
    requester=st.builds(Person, kind=st.sampled_from(["", "person", "service_account"]), vip=st.none() | st.booleans()),
    major=st.none() | st.booleans(), affected_users=st.none() | st.integers(0, 500),
    parent=st.none() | st.builds(Parent, id=WORDS, major=st.none() | st.booleans()),
    opened_at=OPTIONAL_TIME, planned_start=OPTIONAL_TIME, planned_end=OPTIONAL_TIME,
    fields=st.dictionaries(st.sampled_from(["x", "y"]), ODD, max_size=2),
)  # fmt: skip

EQUAL = {
    "kind": list(Kind), "category": ["a", "b", "Cards"], "service": ["a", "cards"], "priority": list(Priority),
    "location": ["a", "b"], "state": list(State), "group": ["a"], "labels": ["a", "b"], "fields.x": ["a", True, 1],
    "moment": ["opened", "raised"], "resolution": ["fixed"], "parent.major": [True], "requester.kind": ["person"],
}  # fmt: skip
equalities = st.sampled_from(sorted(EQUAL)).flatmap(
    lambda field: st.builds(
        Test,
        st.just(field),
        st.sampled_from([Op.IS, Op.ANY_OF, Op.NONE_OF, Op.ALL_OF, Op.TO, Op.FROM]),
        st.lists(st.sampled_from(EQUAL[field]), min_size=1, max_size=3).map(tuple),
    )
)
tests = (
    equalities
    | st.builds(Test, st.sampled_from(["phase", "fields.y", "affected_users"]), st.just(Op.PRESENT), st.tuples(st.booleans()))
    | st.builds(Test, st.sampled_from(["affected_users", "fields.x"]), st.sampled_from([Op.AT_LEAST, Op.BELOW]), st.tuples(st.integers(0, 500)))
    | st.builds(Test, st.sampled_from(["age", "lead_time"]), st.sampled_from([Op.ABOVE, Op.AT_MOST]), st.just((timedelta(hours=1),)))
    | st.builds(Test, st.just("text"), st.sampled_from([Op.IS, Op.ANY_OF, Op.NONE_OF, Op.MATCHES, Op.STARTS_WITH]), st.tuples(WORDS))
    | st.builds(Test, st.just("planned_start"), st.just(Op.ABOVE), st.just((NOW,)))
)  # fmt: skip
conditions = st.recursive(
    tests,
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(OnField, st.lists(tests, min_size=1, max_size=2).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=6,
)
TEXTS = [None, "Hello.", "It is {{ progress }}", "We write {{ next_update.text }}", "{{ broken", "{{ ticket.title }}"]
entries = st.builds(Entry, st.sampled_from(TEXTS))
slots = st.dictionaries(st.sampled_from(["", "fixed", "duplicate", "default"]), entries, min_size=1, max_size=2).map(
    Slot
)
IDS = [f"r{number}" for number in range(8)]


def rules_named(name: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        id=st.just(name),
        layer=st.sampled_from(list(Layer)),
        rank=st.integers(0, 1),
        when=conditions,
        unless=st.none() | conditions,
        impact=st.none() | st.builds(ImpactText, st.sampled_from(["i", "j"]), st.sampled_from(list(Level)), st.builds(Entry, st.sampled_from(["Slow.", "{{ affected_users }} wait"]))),
        messages=st.dictionaries(st.tuples(st.sampled_from(list(Audience)), MOMENTS), slots, max_size=3),
        cadences=st.dictionaries(st.sampled_from(list(Audience)), st.none() | st.just(Cadence(name, timedelta(minutes=30), first=timedelta(minutes=1))), max_size=2),
    )  # fmt: skip


many_rules = st.sets(st.sampled_from(IDS), max_size=5).flatmap(lambda ids: st.tuples(*map(rules_named, sorted(ids))))
many_gates = st.lists(
    st.builds(Gate, st.sampled_from(["g", "h"]), conditions, hold=st.booleans(), sticky=st.booleans(),
              silence=st.sets(st.sampled_from(list(Audience)), max_size=2).map(frozenset)),
    max_size=2, unique_by=lambda gate: gate.id,
).map(tuple)  # fmt: skip
many_families = st.lists(st.builds(Family, st.just("f"), conditions, speak=st.frozensets(MOMENTS)), max_size=1).map(
    tuple
)
CATALOGUE = Catalogue((Service("cards", "card payments"),), (Location("a", "Berlin", "Europe/Berlin"),))


def as_set(rules, gates=(), families=()) -> RuleSet:
    settle = {MomentKind.OPENED: timedelta(minutes=3)}
    return RuleSet("hash", tuple(sorted(rules, key=precedence)), gates, families, settle, catalogue=CATALOGUE)


moments = st.builds(Moment, MOMENTS, st.just("1"), st.just(NOW), st.none() | tickets)


@settings(max_examples=200, deadline=None)
@given(many_rules, many_gates, many_families, tickets, moments, st.sets(st.sampled_from(["g", "gone"])))
def test_every_ticket_gets_a_decision(rules, gates, families, ticket, moment, held):
    """Never an exception, and every audience is answered for exactly once."""
    made = as_set(rules, gates, families)
    decision = decide(made, CATALOGUE, ticket, moment, NOW, held=held)
    assert not decision.messages.keys() & decision.silences.keys()
    assert {Audience.AGENTS, Audience.REQUESTER} <= decision.messages.keys() | decision.silences.keys()
    assert decision.cadences.keys() <= decision.messages.keys()
    assert held <= set(decision.sticky)
    assert all(considered.matched or considered.because for considered in decision.trace)
    told = explain(made, CATALOGUE, ticket, moment, NOW, held=held).to_dict()
    assert {rule["rule"] for rule in told["rules"] if rule["matched"]} == {c.rule for c in decision.trace if c.matched}


@settings(max_examples=100, deadline=None)
@given(many_rules, tickets, moments, st.randoms(use_true_random=False))
def test_the_order_of_rules_changes_nothing(rules, ticket, moment, chance: random.Random):
    mixed = list(rules)
    chance.shuffle(mixed)
    assert decide(as_set(mixed), CATALOGUE, ticket, moment, NOW) == decide(
        as_set(rules), CATALOGUE, ticket, moment, NOW
    )


@settings(max_examples=100, deadline=None)
@given(
    many_rules,
    tickets,
    moments,
    st.sampled_from([Audience.AGENTS, Audience.REQUESTER]),
    st.sampled_from(list(Layer)[1:]),
)
def test_a_rule_of_a_higher_layer_always_wins_its_slot(rules, ticket, moment, audience, layer):
    lower = [replace(rule, layer=Layer(min(rule.layer, layer - 1))) for rule in rules]
    top = Rule("top", layer=layer, messages={(audience, moment.kind): Slot({"": Entry("From the top.")})})
    assert decide(as_set([*lower, top]), CATALOGUE, ticket, moment, NOW).messages[audience].rule == "top"


@settings(max_examples=100, deadline=None)
@given(many_rules, tickets, moments)
def test_a_gate_that_fires_leaves_no_word(rules, ticket, moment):
    decision = decide(as_set(rules, (Gate("all", All()),)), CATALOGUE, ticket, moment, NOW)
    assert (decision.messages, decision.impacts, decision.cadences) == ({}, (), {})
    assert {silence.reason for silence in decision.silences.values()} == {Reason.GATED}


@settings(max_examples=300, deadline=None)
@given(conditions, tickets, moments)
def test_what_is_known_to_hold_holds_and_what_is_known_to_fail_fails(condition, ticket, moment):
    """The three-valued reading is the two-valued one, less what rests on a missing field."""
    view = View(ticket, moment, NOW, CATALOGUE)
    known = known_to_hold(condition, view)
    assert known is None or known is holds(condition, view)
    if holds(condition, view) and not any(value is None or value in ("", []) for value in ticket.fields.values()):
        assert cannot_be_ruled_out(condition, view)


@settings(max_examples=300, deadline=None)
@given(rules_named("one"), rules_named("two"), tickets, moments)
def test_rules_that_exclude_each_other_never_match_together(one, other, ticket, moment):
    view = View(ticket.evolve(ci="", components=()), moment, NOW, Catalogue())
    if together(one, other) is Together.NO:
        assert not (holds(one.when, view) and holds(other.when, view))


@pytest.mark.parametrize(
    "field", ["category", "priority", "service", "affected_users", "parent.major", "fields.x", "age"]
)
def test_a_missing_field_makes_positive_conditions_false_and_negative_ones_true(field):
    view = View(incident(opened_at=None), Moment(MomentKind.OPENED, "1", NOW), NOW)
    for op in (Op.IS, Op.ANY_OF, Op.ALL_OF, Op.AT_LEAST, Op.BELOW, Op.STARTS_WITH, Op.MATCHES):
        assert not holds(Test(field, op, ("x",)), view)
        assert holds(Not(Test(field, op, ("x",))), view)
        assert known_to_hold(Not(Test(field, op, ("x",))), view) is None
    assert holds(Test(field, Op.NONE_OF, ("x",)), view)
    assert known_to_hold(Test(field, Op.NONE_OF, ("x",)), view) is None


@settings(max_examples=150, deadline=None)
@given(many_rules, many_gates, many_families, st.lists(st.tuples(tickets, moments), min_size=1, max_size=3), st.data())
def test_what_was_decided_for_one_ticket_is_not_taken_for_another(rules, gates, families, asked, data):
    """A rule set that has decided before decides as one that is asked for the first time."""
    book, readers = as_set(rules, gates, families), st.sampled_from(["", "de", "en-GB"])
    for ticket, moment in (*asked, *asked):
        reader = Person(kind=ticket.requester.kind, vip=ticket.requester.vip, language=data.draw(readers))
        held, row = data.draw(st.sampled_from([(), ("g",), ("gone",)])), data.draw(st.integers(0, 1))
        one, language = ticket.evolve(requester=reader), data.draw(st.sampled_from(["en", "de"]))
        when = replace(moment, row=row)
        again = decide(book, CATALOGUE, one, when, NOW, held=held, language=language)
        anew = decide(as_set(rules, gates, families), CATALOGUE, one, when, NOW, held=held, language=language)
        assert again == anew
