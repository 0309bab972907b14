"""The compiled matcher always answers as the plain interpreter does, on whatever rules and tickets."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.moments import Moment, MomentKind
from core.tickets import Kind, Parent, Person, Priority, State, Ticket
from rules import columns, searches
from rules import matcher as compiled
from rules.calendars import Calendar
from rules.catalogue import Catalogue, Location, Service
from rules.clauses import MOST_CLAUSES, clauses_of
from rules.judgement import applies, fires, judge
from rules.language import All, AnyOf, Gate, Not, OnField, Op, Rule, RuleSet, Test
from rules.matcher import Matcher
from rules.subjects import View
from tests.rules.support import NOW, incident, moment

CATALOGUE = Catalogue(
    (
        Service("cards", "Card payments", aliases={"jira": ("card-gw",), "servicenow": ("CARD GW",)}),
        Service("net", "Straße"),
    ),
    (Location("a", "Berlin", "Europe/Berlin", aliases=("ber-01",)), Location("b", "Köln")),
)
CALENDARS = {
    "shop": Calendar(days=(0, 1, 2, 3, 4), open=()),
    "always": Calendar(),
    "freeze": Calendar(dates=((NOW.date(), NOW.date()),)),
}
# Letters whose case folding is longer, several letters that fold to one, half a surrogate pair, nothing at all
WORDS = st.sampled_from(
    ["a", "A ", " a", "b", "cards", "CARD GW", "card-gw", "net", "STRASSE", "straße", "ß", "ss", "ſ", "s", "İ", "i̇", "ı",
     "ŉ", "K", "k", "ber-01", "\ud800", "", "yes", "no", "1", "1.0", "01", "true", "é", "e\u0301", "ﬁ", "fi", "a b", "\n"]
)  # fmt: skip
PROSE = st.lists(WORDS | st.text(max_size=3), max_size=5).map(" ".join)
TIMES = st.none() | st.integers(-5000, 5000).map(lambda minutes: NOW + timedelta(minutes=minutes))
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | WORDS | st.text(max_size=3)
    | st.just(NOW) | st.just("2026-11-20T13:00:00+00:00") | st.just(timedelta(hours=1)) | st.builds(object),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "id"]), inner, max_size=2),
    max_leaves=3,
)  # fmt: skip
tickets = st.builds(
    Ticket,
    site=WORDS, platform=st.sampled_from(["jira", "servicenow"]), kind=st.sampled_from([*Kind, "incident"]), key=WORDS,
    id=WORDS, title=PROSE, description=PROSE, state=st.sampled_from(["", *State]),
    priority=st.sampled_from(["", *Priority, "p1"]), category=WORDS, service=WORDS, ci=WORDS,
    components=st.lists(WORDS, max_size=2).map(tuple), location=WORDS, labels=st.lists(WORDS, max_size=3).map(tuple),
    requester=st.builds(Person, kind=st.sampled_from(["", "person", "service_account"]), vip=st.none() | st.booleans(), location=WORDS),
    major=st.none() | st.booleans(), affected_users=st.none() | st.integers(-1, 5), subtasks_done=st.none() | st.floats(0, 1),
    parent=st.none() | st.builds(Parent, id=WORDS, major=st.none() | st.booleans(), state=st.sampled_from(["", *State])),
    opened_at=TIMES, planned_start=TIMES, planned_end=TIMES, fields=st.dictionaries(st.sampled_from(["x", "y"]), ODD, max_size=2),
)  # fmt: skip
VALUES = (
    WORDS
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, -0.0, 1.0, 1.5])
    | st.just(NOW)
    | st.just(timedelta(hours=1))
)


def some(values):
    return st.lists(values, max_size=3).map(tuple)


def asked(fields, ops, values):
    return st.builds(Test, st.sampled_from(fields), st.sampled_from(ops), values)


MEMBERS = [Op.IS, Op.ANY_OF, Op.ALL_OF, Op.NONE_OF, Op.TO, Op.FROM]
NUMBERS = [Op.AT_LEAST, Op.AT_MOST, Op.ABOVE, Op.BELOW]
PATTERNS = st.sampled_from(
    ["a", "^a", "a$", r"\bcards\b", "s+", "k", "(?-i)K", r"\pL", "^$", "", "é", r"\x{fffd}", "[^a]"]
)
tests = (
    asked(["category", "service", "ci", "location", "components", "labels", "title", "description", "requester.kind", "moment",
             "parent.state", "state", "priority", "kind", "fields.x", "fields.gone", "requester.location"], MEMBERS, some(WORDS))
    | asked(["fields.x", "fields.y", "affected_users", "major", "parent.major", "requester.vip", "subtasks_done"], MEMBERS, some(VALUES))
    | asked(["state", "parent.state", "moment"], [Op.IS, Op.NONE_OF, Op.TO, Op.FROM], some(st.sampled_from([*State, "opened", "raised"])))
    | asked(["text", "title", "description"], [Op.IS, Op.ANY_OF, Op.ALL_OF, Op.NONE_OF], some(WORDS))
    | asked(["text", "title", "category", "labels", "fields.x"], [Op.STARTS_WITH], some(WORDS))
    | asked(["text", "title", "labels", "fields.x", "service"], [Op.MATCHES], st.lists(PATTERNS, max_size=3).map(tuple))
    | asked(["category", "labels", "fields.x", "parent.major", "planned_start", "text", "affected_users"], [Op.PRESENT], st.tuples(st.booleans()))
    | asked(["affected_users", "fields.x", "subtasks_done"], NUMBERS, st.tuples(st.integers(-2, 5) | st.floats(allow_nan=True)))
    | asked(["fields.x", "planned_start", "opened_at"], NUMBERS, st.tuples(st.integers(-99, 99).map(lambda minutes: NOW + timedelta(minutes=minutes))))
    | asked(["age", "lead_time", "overrun"], NUMBERS, st.tuples(st.integers(-60, 60).map(lambda minutes: timedelta(minutes=minutes))))
    | asked(["moment", "planned_start"], [Op.WITHIN], st.lists(st.sampled_from(["shop", "always", "freeze", "gone"]), max_size=2).map(tuple))
)  # fmt: skip
conditions = st.recursive(
    tests,
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=4).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=4).map(tuple))
        | st.builds(OnField, st.lists(tests, min_size=1, max_size=2).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=12,
)
rule_sets = st.lists(st.builds(Rule, id=st.just("r"), when=conditions, unless=st.none() | conditions), max_size=12)
views = st.builds(
    View,
    tickets,
    st.builds(Moment, st.sampled_from([MomentKind.OPENED, MomentKind.RAISED]), st.just("1"), st.just(NOW), st.none() | tickets),
    st.just(NOW),
    st.sampled_from([CATALOGUE, Catalogue()]),
    st.just(CALENDARS),
)  # fmt: skip


def interpreted(rules, view):
    return [place for place, rule in enumerate(rules) if applies(rule.when, rule.unless, view)]


@settings(max_examples=150, deadline=None)
@given(rule_sets, st.lists(views, min_size=1, max_size=3))
def test_the_matcher_is_the_interpreter(rules, seen):
    """Every ticket twice: what is remembered of one must not change what is said of another."""
    matcher = Matcher(rules, CATALOGUE)
    for view in (*seen, *seen):
        assert matcher.matching(view) == interpreted(rules, view)


@settings(max_examples=100, deadline=None)
@given(rule_sets, st.lists(views, min_size=1, max_size=2), st.lists(st.integers(-6000, 6000), min_size=1, max_size=4))
def test_one_ticket_is_asked_again_and_again(rules, seen, minutes):
    """At other times, at other moments, with another ticket before it and between: it is never taken for the same."""
    matcher = Matcher(rules, CATALOGUE)
    for later in (0, *minutes):
        for view in seen:
            other = seen[0].moment.before
            for moved in (
                view.moment,
                replace(view.moment, before=other),
                replace(view.moment, kind=MomentKind.CLOSED),
            ):
                again = replace(view, now=view.now + timedelta(minutes=later), moment=moved)
                assert matcher.matched(again) == tuple(rules[place] for place in interpreted(rules, again))


@settings(max_examples=100, deadline=None)
@given(rule_sets, st.lists(views, min_size=1, max_size=3))
def test_the_matcher_is_the_interpreter_also_where_few_count_as_many(rules, seen):
    """With the limits at nothing: every word and pattern by a scan, every comparison outside the index, every
    membership on a shelf, and what is remembered soon forgotten.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searches, "FEW", 0)
        patch.setattr(searches, "MOST_PATTERNS", 2)
        patch.setattr(columns, "MOST_BOUNDS", 0)
        patch.setattr(columns, "MOST_REMEMBERED", 1)
        patch.setattr(compiled, "SMALL", 0)
        patch.setattr(compiled, "TELLING", 1)
        patch.setattr(compiled, "MOST_BOXES", 1)
        matcher = Matcher(rules, CATALOGUE)
        for view in (*seen, *seen):
            assert matcher.matching(view) == interpreted(rules, view)


gates = st.lists(
    st.builds(Gate, id=st.uuids().map(str), when=conditions, unless=st.none() | conditions, hold=st.booleans()), max_size=6
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(gates, views, st.booleans())
def test_gates_fire_as_the_interpreter_says(gates, view, unread):
    """Also where a field that the site declares cannot be read: then those that hold on the unknown fire."""
    if unread:
        view = replace(view, ticket=view.ticket.evolve(fields={**view.ticket.fields, "x": None, "gone": None}))
    rules = RuleSet(gates=tuple(gates), catalogue=CATALOGUE, calendars=CALENDARS)
    fired = judge(rules, view.catalogue, view.ticket, view.moment, view.now).gates
    assert {gate.id for gate in fired} == {gate.id for gate in gates if fires(gate, view)}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_the_matcher_is_the_interpreter_on_hundreds_of_rules(seed):
    """Enough of them that shelves, boxes and indexes are made as they are in earnest."""
    chance = random.Random(seed)
    rules = [Rule("r", when=made_up(chance), unless=chance.choice([None, made_up(chance)])) for _ in range(400)]
    matcher = Matcher(rules, CATALOGUE)
    for _ in range(20):
        title = " ".join(chance.sample(WANTED["text"], 2))
        texts = {name: chance.choice(WANTED[name]) for name in ("category", "service", "location", "priority", "state")}
        labels = tuple(chance.sample(WANTED["labels"], 2))
        view = View(incident(title=title, labels=labels, **texts), moment(), NOW, CATALOGUE)
        assert matcher.matching(view) == interpreted(rules, view)


WANTED = {
    "category": ["a", "b", "cards", "net", "ß"], "service": ["cards", "net", "card gw", "a", "b"], "location": ["a", "b", "köln"],
    "priority": list(Priority), "state": list(State), "text": ["a", "ss", "cards", "k", "1"], "labels": ["a", "b", "yes"],
}  # fmt: skip


def made_up(chance) -> All:
    """A condition of up to four fields, each with few values."""
    asked = chance.sample(sorted(WANTED), chance.randint(0, 4))
    ops = [Op.IS, Op.ANY_OF, Op.NONE_OF]
    return All(tuple(Test(name, chance.choice(ops), tuple(chance.sample(WANTED[name], 2))) for name in asked))


@settings(max_examples=30, deadline=None)
@given(conditions, st.integers(40, 60), views)
def test_deep_nesting_is_no_obstacle(condition, depth, view):
    """Files nest at most 40 deep."""
    for level in range(depth):
        condition = (Not(condition), All((condition, All())), AnyOf((condition, AnyOf(()))), All((condition,)))[
            level % 4
        ]
    rules = [Rule("r", when=condition), Rule("s", unless=condition)]
    assert Matcher(rules, CATALOGUE).matching(view) == interpreted(rules, view)


@pytest.mark.parametrize(
    ("test", "values", "matches"),
    [
        (Test("text", Op.ANY_OF, ("STRASSE",)), {"title": "Die straße ist zu"}, True),
        (Test("text", Op.ANY_OF, ("straße",)), {"title": "STRASSE"}, True),
        (Test("text", Op.ANY_OF, ("i\u0307stanbul",)), {"title": "İSTANBUL"}, True),
        (Test("text", Op.ALL_OF, ("card", "declined")), {"title": "Card", "description": "DECLINED"}, True),
        (Test("text", Op.ALL_OF, ("card", "lost")), {"title": "Card", "description": "declined"}, False),
        (Test("text", Op.NONE_OF, ("drill",)), {}, True),
        (Test("text", Op.ANY_OF, ("x",)), {"title": "a broken \ud800 half, and an x"}, True),
        (Test("labels", Op.MATCHES, ("^$",)), {}, False),
        (Test("fields.x", Op.IS, (True,)), {"fields": {"x": 1}}, True),
        (Test("fields.x", Op.IS, (2,)), {"fields": {"x": "2.0"}}, True),
        (Test("fields.x", Op.IS, (1,)), {"fields": {"x": ["a", {"value": "1"}]}}, True),
    ],
)
def test_what_words_and_values_mean_is_the_interpreters_business(test, values, matches):
    rules, view = [Rule("r", when=test)], View(incident(**values), moment(), NOW)
    assert interpreted(rules, view) == Matcher(rules, Catalogue()).matching(view) == ([0] if matches else [])


def test_a_rule_with_very_many_alternatives_is_asked_as_a_whole():
    pairs = [AnyOf((Test("category", Op.IS, (f"c{n}",)), Test("group", Op.IS, (f"g{n}",)))) for n in range(10)]
    rule = Rule("r", when=All(tuple(pairs)))
    assert len(clauses_of(rule.when, rule.unless)) <= MOST_CLAUSES
    view = View(incident(category="c1", group="g1"), moment(), NOW)
    assert Matcher([rule], Catalogue()).matching(view) == interpreted([rule], view)


def test_a_thousand_different_bounds_are_too_many_for_the_index():
    rules = [Rule(str(n), when=Test("affected_users", Op.AT_LEAST, (n,))) for n in range(columns.MOST_BOUNDS + 5)]
    view = View(incident(affected_users=700), moment(), NOW)
    assert Matcher(rules, Catalogue()).matching(view) == list(range(701))


@pytest.mark.parametrize("op", NUMBERS)
def test_a_comparison_is_exact_at_its_bound(op):
    rules = [Rule(str(bound), when=Test("affected_users", op, (bound,))) for bound in (3, 1, 2, 2.0, 2.5)]
    rules += [Rule(f"not {rule.id}", when=Not(rule.when)) for rule in rules]
    matcher = Matcher(rules, Catalogue())
    for users in (None, 0, 1, 2, 3, 4):
        view = View(incident(affected_users=users), moment(), NOW)
        assert matcher.matching(view) == interpreted(rules, view)


@pytest.mark.parametrize(
    "test", [Test("labels", Op.MATCHES, ("a",)), Test("labels", Op.STARTS_WITH, ("a",)), Test("labels", Op.IS, ("a",))]
)
def test_a_ticket_without_labels_surely_has_none_of_them(test):
    """So an `unless` that rests on that fires, as on no other missing field."""
    rules = [Rule("r", unless=Not(test)), Rule("s", unless=Not(replace(test, field="category")))]
    view = View(incident(), moment(), NOW)
    assert Matcher(rules, Catalogue()).matching(view) == interpreted(rules, view) == [1]


def test_another_catalogue_is_asked_afresh():
    rules = [Rule("r", when=Test("service", Op.IS, ("cards",)))]
    matcher, ticket = Matcher(rules, CATALOGUE), incident(service="CARD GW")
    for catalogue, found in [(CATALOGUE, [0]), (Catalogue(), []), (CATALOGUE, [0])]:
        assert matcher.matching(View(ticket, moment(), NOW, catalogue)) == found


def test_values_that_are_equal_and_yet_differ_are_not_taken_for_each_other():
    """True equals 1, and both are remembered."""
    rules = [Rule("r", when=Test("fields.x", Op.IS, ("1",))), Rule("s", when=Test("fields.x", Op.IS, ("true", "0.0")))]
    matcher = Matcher(rules, Catalogue())
    for value in (1, True, "1", "true", 1.0, 1, True, 0.0, -0.0, 0.0):
        view = View(incident(fields={"x": value}), moment(), NOW)
        assert matcher.matching(view) == interpreted(rules, view)


def test_a_set_of_patterns_that_runs_out_of_memory_is_not_believed(monkeypatch):
    """It finds nothing then, not even what every text holds."""
    monkeypatch.setattr(searches, "MEMORY", 20_000)
    monkeypatch.setattr(searches, "FEW", 0)
    rules = [Rule(str(n), when=Test("text", Op.MATCHES, (rf"card.{{{n},90}}declined",))) for n in range(60)]
    view = View(incident(title="card is declined"), moment(), NOW)
    assert Matcher(rules, Catalogue()).matching(view) == interpreted(rules, view) == [0, 1, 2, 3, 4]
