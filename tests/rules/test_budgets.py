"""Budgets: whom they limit, where they do not count, and that an installation has one."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import RulesError
from core.moments import Moment, MomentKind
from core.tickets import Person
from rules.budgets import budget_on, exempted, in_words
from rules.language import Budget
from tests.rules.support import incident, rule_set

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RAISED = Moment(MomentKind.RAISED, "1", NOW)
MARA = Person(id="mara")


def book(folder, budget="{requester: 3 per 1d, unless: {priority: [P1, P2]}}"):
    return rule_set(folder, f"budget: {budget}\n")


def test_a_budget_counts_where_nothing_exempts_the_ticket(tmp_path):
    rules = book(tmp_path)
    found = budget_on(rules, incident(priority="P3", requester=MARA), RAISED, NOW)
    assert (found.most, found.within) == (3, timedelta(days=1))
    assert str(found.place).endswith("0.yaml:2")


def test_an_urgent_ticket_is_exempt_and_says_why(tmp_path):
    rules = book(tmp_path)
    urgent = incident(priority="P1", requester=MARA)
    assert budget_on(rules, urgent, RAISED, NOW) is None
    assert exempted(rules, urgent, RAISED, NOW) == "priority is P1"


def test_a_ticket_without_a_priority_is_not_exempt(tmp_path):
    """An `unless` that rests on a missing field does not fire."""
    assert budget_on(book(tmp_path), incident(requester=MARA, priority=""), RAISED, NOW) is not None


def test_nobody_is_counted_for_where_the_requester_is_unknown(tmp_path):
    assert budget_on(book(tmp_path), incident(priority="P3", requester=Person()), RAISED, NOW) is None


def test_two_files_with_a_budget_are_an_error(tmp_path):
    with pytest.raises(RulesError, match="budget: 'requester' is already defined"):
        rule_set(tmp_path, "version: 1\nbudget: {requester: 3 per 1d}\n", "version: 1\nbudget: {requester: 9 per 1d}\n")


@pytest.mark.parametrize(
    ("most", "within", "said"),
    [
        (3, timedelta(days=1), "3 messages in 24 hours"),
        (1, timedelta(hours=4), "1 message in 4 hours"),
        (9, timedelta(days=7), "9 messages in 7 days"),
    ],
)
def test_a_budget_reads_as_people_say_it(most, within, said):
    assert in_words(Budget(most, within)) == said
