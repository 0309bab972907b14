"""Times in rules at which nothing can be said, and words whose time never comes."""

from collections.abc import Iterator

from core.errors import Problem, Severity
from core.moments import MomentKind
from core.tickets import Kind
from rules.language import Place, Rule, RuleSet
from rules.overlap import demand


def never_timely(rules: RuleSet) -> Iterator[Problem]:
    for rule in rules.rules:
        yield from _loose_words(rule)
        if demand(rule.when).equal.get("kind") == frozenset({str(Kind.INCIDENT)}):
            yield from _unplanned(rule)


def _loose_words(rule: Rule) -> Iterator[Problem]:
    """A milestone says its own words; a text for the moment alone has no time."""
    for (audience, moment), slot in rule.messages.items():
        for entry in slot.entries.values() if moment is MomentKind.MILESTONE else ():
            yield _doubt(
                entry.place,
                f"{audience}.milestone is never said: a milestone brings its own words. Write "
                f"`milestones: [{{after: 2h, tell: {audience}, say: …}}]`.",
            )


def _unplanned(rule: Rule) -> Iterator[Problem]:
    if rule.notices:
        yield _doubt(rule.place, f"rule {rule.id} has notices, but an incident has no planned start.")
    for milestone in rule.milestones:
        if milestone.before is not None:
            yield _doubt(milestone.entry.place, f"rule {rule.id}: an incident has no {milestone.of} to come before.")


def _doubt(place: Place, message: str) -> Problem:
    return Problem(place.path, place.line, place.column, message, Severity.WARNING)
