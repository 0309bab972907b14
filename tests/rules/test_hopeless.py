"""What `check` says of rules that cannot match or win, and of ties, is true of every ticket."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.moments import Moment
from core.notes import Audience
from rules.bits import numbers_in
from rules.catalogue import Catalogue
from rules.hopeless import hopeless
from rules.judgement import applies, judge
from rules.language import AnyOf, Op, Rule, Test
from rules.overlap import Among, Together, demand, together
from rules.subjects import View
from rules.ties import ties
from tests.rules.support import NOW, problems
from tests.rules.test_properties import as_set, conditions, many_rules, moments, rules_named, tickets


@settings(max_examples=150, deadline=None)
@given(many_rules, tickets, moments)
def test_a_rule_that_is_told_hopeless_never_has_a_word(rules, ticket, moment):
    told = " ".join(problem.message for problem in hopeless(rules))
    judgement = judge(as_set(rules), Catalogue(), ticket.evolve(ci="", components=()), moment, NOW)
    winners = {contest.ranked[0][0].id for contest in judgement.contests.values()}
    for rule in rules:
        if f"rule {rule.id} can never match" in told:
            assert rule not in judgement.matched
        if f"rule {rule.id} can never win" in told:
            assert rule.id not in winners


@settings(max_examples=100, deadline=None)
@given(st.lists(rules_named("r"), max_size=6), rules_named("one"))
def test_among_many_the_same_are_found_as_one_by_one(rules, one):
    among = Among(rules)
    maybe = {n for n, rule in enumerate(rules) if together(rule, one) is not Together.NO}
    surely = {n for n, rule in enumerate(rules) if together(rule, one) is Together.YES}
    assert set(numbers_in(among.overlapping(one, surely=False))) == maybe
    alike = {n for n, r in enumerate(rules) if demand(r.when).rest == demand(one.when).rest and r.unless == one.unless}
    assert set(numbers_in(among.overlapping(one, surely=True))) & alike == surely


@settings(max_examples=150, deadline=None)
@given(conditions, conditions, tickets, moments)
def test_who_covers_a_rule_matches_whatever_it_matches(one, other, ticket, moment):
    """Where equalities are all that it asks."""
    covering = Rule("c", when=other)
    view = View(ticket, Moment(moment.kind, "1", NOW), NOW, Catalogue())
    if not demand(other).rest and Among([covering]).covering(Rule("r", when=one)) and applies(one, None, view):
        assert applies(other, None, view)


@settings(max_examples=100, deadline=None)
@given(conditions)
def test_two_rules_that_ask_the_same_are_a_tie_whatever_they_ask(condition):
    rules = as_set(
        [
            Rule("a", when=condition, cadences={Audience.AGENTS: None}),
            Rule("b", when=condition, cadences={Audience.AGENTS: None}),
        ]
    )
    told = list(ties(rules.rules))
    assert bool(told) is not bool(demand(condition).impossible)


def test_ten_thousand_equal_rules_are_told_of_in_time():
    rules = [
        Rule(f"r{n}", when=Test("category", Op.IS, ("a",)), cadences={Audience.AGENTS: None}) for n in range(10_000)
    ]
    assert len(list(ties(tuple(rules)))) == 100


def test_a_tie_on_alternatives_is_told_without_a_ticket():
    """None is shown that was not tried out."""
    when = AnyOf((Test("category", Op.IS, ("a",)), Test("group", Op.IS, ("b",))))
    rules = tuple(Rule(name, when=when, cadences={Audience.AGENTS: None}) for name in "ab")
    assert "such as" not in next(ties(rules)).message


def test_the_ticket_of_a_tie_has_what_both_ask_for(tmp_path):
    text = """
        rules:
          - {id: a, when: {text: {all_of: [card, down]}, affected_users: {above: 3}, labels: till, parent.major: true}, messages: {agents: {raised: A.}}}
          - {id: b, when: {text: {all_of: [card, down]}, affected_users: {above: 3}, labels: till, parent.major: true}, messages: {agents: {raised: B.}}}
    """
    such = "{kind: incident, labels: [till], parent.major: true, affected_users: 4, title: card down}"
    assert such in problems(tmp_path, text)[0]
