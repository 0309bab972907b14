"""Budgets: how many messages a person hears in a span of time, over all their tickets. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.moments import Moment
from core.notes import Audience
from core.tickets import Ticket
from rules.cadence import text_of
from rules.documents import Mark, Node
from rules.grammar import Reader, Report
from rules.judgement import excluded
from rules.language import Budget, Place, RuleSet
from rules.schema import BudgetShape, loaded
from rules.subjects import ANYWHERE, View
from rules.why import what_holds

REQUESTER = str(Audience.REQUESTER)


def budget_from(node: Node, conditions: Reader, place: Place, report: Report) -> Budget | None:
    """The section `budget` of a file; None where it says nothing, or what it says cannot be read."""
    data: Mapping[str, Any] = loaded(BudgetShape, node, report)
    unless = node.get("unless")
    if unless is not None and unless.value == {}:
        report(unless.mark, "an empty `unless` holds always; write a condition, or take the line out.")
    exempt = None if unless is None else conditions.condition(unless)
    if REQUESTER not in data:
        return None
    most, within = data[REQUESTER]
    return Budget(most, within, exempt, place)


def mark_of(node: Node) -> Mark:
    """Where the file speaks of the requester."""
    found = node.get(REQUESTER)
    return found.mark if found else node.mark


def budget_on(rules: RuleSet, ticket: Ticket, moment: Moment, now: datetime, zone: str = ANYWHERE) -> Budget | None:
    """What limits the words to the requester of this ticket at this moment; None where nothing does."""
    budget = rules.budget
    if budget is None or not ticket.requester.id:
        return None
    return None if exempted(rules, ticket, moment, now, zone) else budget


def exempted(rules: RuleSet, ticket: Ticket, moment: Moment, now: datetime, zone: str = ANYWHERE) -> str:
    """Why the budget does not count here, in words; `""` where it does."""
    budget = rules.budget
    if budget is None or budget.unless is None:
        return ""
    view = View(ticket, moment, now, rules.catalogue, rules.calendars, zone)
    return what_holds(budget.unless, view) if excluded(budget.unless, view) else ""


def in_words(budget: Budget) -> str:
    """As "3 messages in 24 hours"."""
    hours = round(budget.within.total_seconds() / 3600)
    span = f"{hours} hours" if budget.within.days == 1 and hours * 3600 == budget.within.total_seconds() else ""
    return f"{budget.most} message{'' if budget.most == 1 else 's'} in {span or text_of(budget.within)}"
