"""Explanations as values for pages and scripts: near misses, pace with the next word, quiet hours, the budget."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from core.moments import Moment, MomentKind
from core.tickets import Person
from rules import explain
from rules.told import Explanation
from tests.rules.support import incident, rule_set

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
RULES = """
calendars:
  office: {timezone: UTC, days: mon-fri, open: "08:00-18:00"}
rules:
  - id: any
    when: {kind: incident}
    messages: {requester: {opened: We are on it.}, agents: {opened: Look.}}
    cadence: {requester: {every: 4h, first: 10m, monitoring: 6h, calendar: office}}
  - {id: one off, when: {kind: incident, priority: P1}, messages: {agents: {opened: Hurry.}}}
  - {id: two off, when: {kind: incident, priority: P1, category: payments}, messages: {agents: {opened: Hurry.}}}
  - {id: alone, when: {category: payments}, messages: {agents: {opened: Hurry.}}}
  - {id: excluded, when: {kind: incident}, unless: {priority: P3}, messages: {agents: {opened: Hurry.}}}
quiet: [{tell: requester, outside: office}]
budget: {requester: 2 per 1d, unless: {priority: P1}}
""".replace("one off", "one-off").replace("two off", "two-off")


def told(folder, at=NOW, kind=MomentKind.OPENED, heard=None, **ticket):
    rules = rule_set(folder, RULES)
    about = incident(**{"priority": "P3", "requester": Person(id="mara"), **ticket})
    return explain(rules, rules.catalogue, about, Moment(kind, "1", at), at, heard=heard)


def test_a_rule_is_near_while_as_many_conditions_hold_as_fail(tmp_path):
    near = {rule.rule: rule.failed for rule in told(tmp_path).near_misses}
    assert near == {
        "one-off": ("priority is P3, the rule wants P1",),
        "excluded": ("its `unless` holds: priority is P3",),
    }


def test_every_rule_is_told_whoever_the_compiled_matcher_looked_at(tmp_path):
    assert {rule.rule for rule in told(tmp_path).rules} == {"any", "one-off", "two-off", "alone", "excluded"}
    assert all(rule.matched or rule.failed for rule in told(tmp_path).rules)


def test_the_pace_is_told_in_words_with_the_next_word_after_quiet_hours(tmp_path):
    (cadence,) = told(tmp_path, at=NOW.replace(hour=16)).cadences
    assert (
        cadence.pace == "first after 10 minutes, every 4 hours, every 6 hours while a fix is watched; counted in office"
    )
    assert (cadence.next_due, cadence.next_update) == ("2026-11-23T10:00:00.000Z", "by 10:00 on Monday")


def test_quiet_hours_are_told_for_whom_they_keep_quiet(tmp_path):
    (quiet,) = told(tmp_path, at=NOW.replace(hour=20)).quiet
    assert (quiet.audience, quiet.until) == ("requester", "2026-11-23T08:00:00.000Z")
    assert quiet.says.startswith("Quiet hours until 08:00 on Monday 23 November (")


def test_the_budget_says_what_was_heard_and_when_it_does_not_count(tmp_path):
    heard = [NOW - timedelta(hours=1), NOW - timedelta(hours=23), NOW - timedelta(hours=25)]
    spent = told(tmp_path, heard=heard).budget
    assert (spent.counts, spent.heard) == (True, 2)
    assert spent.says.endswith("in 24 hours, and has read 2: this is over the budget, and not said.")
    assert told(tmp_path, heard=heard, priority="P1").budget.says.endswith("does not count here: priority is P1.")
    assert not told(tmp_path, heard=heard, kind=MomentKind.RESOLVED).budget.counts
    assert told(tmp_path).budget.heard is None


def test_the_keys_of_the_json_are_stable(tmp_path):
    plain = told(tmp_path).to_dict()
    assert [*plain] == [field.name for field in fields(Explanation)] == [
        *("ticket", "moment", "now", "rule_set", "service", "location"),
        *("slots", "rules", "gates", "families", "cadences", "impacts", "quiet", "budget"),
    ]  # fmt: skip
