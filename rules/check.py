"""Doubts about a rule set that reads well: what the parts mean together."""

from collections.abc import Iterator

from core.errors import Problem, Severity
from rules import catalogue
from rules.language import Place, RuleSet


def doubts(rules: RuleSet) -> Iterator[Problem]:
    yield from catalogue.problems(rules.catalogue)


def at(place: Place, message: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(place.path, place.line, place.column, message, severity)
