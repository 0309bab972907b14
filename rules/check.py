"""Doubts about a rule set that reads well: what its parts mean together."""

from collections.abc import Iterable, Iterator, Mapping

from core.errors import Problem, Severity
from core.moments import TERMINAL, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Kind, Resolution
from rules import catalogue
from rules.bits import rising
from rules.claims import claims_it_is_over
from rules.expectations import misplaced
from rules.fences import too_wide
from rules.halves import half_spoken
from rules.hopeless import hopeless
from rules.judgement import SINKS
from rules.kinship import doubtful_needs
from rules.language import DEFAULT, PLAIN, Entry, Gate, Place, Rule, RuleSet
from rules.overlap import Among, demand, implies
from rules.pacing import promised
from rules.ties import ties
from rules.timely import never_timely
from rules.whereabouts import without_country
from rules.words import names_used

M = MomentKind
OF_CHANGES = frozenset({M.ANNOUNCED, M.REJECTED, M.NOTICE, M.RESCHEDULED, M.STARTED, M.DELAYED, M.FINISHED, M.FAILED})
OF_INCIDENTS = frozenset({M.PHASE_CHANGED})
OVER = frozenset({Resolution.FIXED, Resolution.WORKAROUND})
Said = tuple[Rule, Audience, MomentKind, str, Entry]


def doubts(rules: RuleSet) -> Iterator[Problem]:
    """Errors and warnings that show only when all files are seen together."""
    yield from catalogue.problems(rules.catalogue, rules.more_tells)
    yield from too_wide(rules)
    yield from doubtful_needs(rules.catalogue)
    yield from misplaced(rules)
    yield from never_timely(rules)
    yield from without_country(rules)
    yield from hopeless(rules.rules)
    for rule in rules.rules:
        yield from _vetoed(rule, rules.gates)
        yield from half_spoken(rule)
    pacing = {audience: Among([r for r in rules.rules if r.cadences.get(audience)]) for audience in Audience}
    for said in _everything_said(rules.rules):
        yield from _unsayable(*said)
        yield from _without_promise(pacing, *said)
        yield from _over(*said)
    yield from ties(rules.rules)


def _at(place: Place, message: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(place.path, place.line, place.column, message, severity)


def _doubt(place: Place, message: str) -> Problem:
    return _at(place, message, Severity.WARNING)


def _everything_said(rules: Iterable[Rule]) -> Iterator[Said]:
    for rule in rules:
        for (audience, moment), slot in rule.messages.items():
            for resolution, entry in slot.all():
                yield from ((rule, audience, moment, resolution, one) for one in entry.all())
        for milestone in rule.milestones:
            for audience in milestone.tell:
                yield from ((rule, audience, M.MILESTONE, PLAIN, one) for one in milestone.entry.all())


def _vetoed(rule: Rule, gates: Iterable[Gate]) -> Iterator[Problem]:
    for gate in gates:
        if gate.unless is None and gate.silences_all and rule.messages and implies(rule.when, gate.when):
            yield _doubt(
                rule.place,
                f"rule {rule.id} can never speak: gate {gate.id} ({gate.place}) silences every ticket it matches.",
            )


def _unsayable(rule: Rule, audience: Audience, moment: MomentKind, resolution: str, entry: Entry) -> Iterator[Problem]:
    """Messages that can never be sent."""
    slot = f"{audience}.{moment}"
    why = _never(rule, moment, resolution)
    if why:
        yield _at(entry.place, f"{slot} of rule {rule.id} can never be sent: {why}.")
    elif entry.template is not None and audience not in SINKS:
        yield _doubt(entry.place, f"{slot}: nothing carries words to {audience} yet; the journal will say no_sink.")


def _never(rule: Rule, moment: MomentKind, resolution: str) -> str:
    equal = demand(rule.when).equal
    if moment not in equal.get("moment", {moment}):
        return f"the rule asks for the moment {_or(equal['moment'])}"
    if resolution not in {PLAIN, DEFAULT} and resolution not in equal.get("resolution", {resolution}):
        return f"the rule asks for the resolution {_or(equal['resolution'])}"
    kinds = equal.get("kind", frozenset())
    if kinds == {Kind.INCIDENT} and moment in OF_CHANGES:
        return "an incident has no such moment"
    if kinds == {Kind.CHANGE} and moment in OF_INCIDENTS:
        return "a change has no such moment"
    return ""


def _without_promise(
    pacing: Mapping[Audience, Among], rule: Rule, audience: Audience, moment: MomentKind, resolution: str, entry: Entry
) -> Iterator[Problem]:
    del resolution
    if not entry.template or not any(used.path.startswith("next_update") for used in names_used(entry.template)):
        return
    slot, reader = f"{audience}.{moment} of rule {rule.id}", promised(audience)
    if moment in TERMINAL:
        yield _at(entry.place, f"{slot} uses next_update, but after {moment} nothing more is promised; take it out.")
    elif not rule.cadences.get(reader) and not _paced(pacing[reader], rule, moment):
        yield _doubt(
            entry.place,
            f"{slot} uses next_update, but no rule that can match the same ticket has a cadence for {reader}.",
        )


def _paced(pacing: Among, rule: Rule, moment: MomentKind) -> bool:
    """Whether one of these rules can match the same ticket at that moment."""
    others = (pacing.rules[number] for number in rising(pacing.overlapping(rule, surely=False)))
    return any(moment in demand(other.when).equal.get("moment", {moment}) for other in others)


def _over(rule: Rule, audience: Audience, moment: MomentKind, resolution: str, entry: Entry) -> Iterator[Problem]:
    """A customer may be told that it works again only where it does."""
    if not entry.template or audience not in CUSTOMER_FACING or moment not in {M.RESOLVED, M.CLOSED}:
        return
    required = demand(rule.when).equal.get("resolution", frozenset())
    if resolution in OVER or (required and required <= OVER):
        return
    claim = claims_it_is_over(entry.template)
    if claim:
        yield _at(
            entry.place,
            f"{audience}.{moment} of rule {rule.id} says {claim!r} also when the ticket was declined, withdrawn or a "
            f"duplicate. Put it under `{moment}: {{fixed: …}}`, or let the rule require "
            "`resolution: [fixed, workaround]`.",
        )


def _or(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))
