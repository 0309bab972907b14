"""Doubts about a rule set that reads well: what its parts mean together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from core.errors import Problem, Severity
from core.moments import TERMINAL, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Kind, Resolution
from rules import catalogue
from rules.claims import claims_it_is_over
from rules.expectations import misplaced
from rules.fences import too_wide
from rules.judgement import SINKS
from rules.kinship import doubtful_needs
from rules.language import DEFAULT, PLAIN, Entry, Gate, Place, Rule, RuleSet, Slot
from rules.overlap import Together, demand, implies, pairs, together
from rules.strength import strength
from rules.timely import never_timely
from rules.whereabouts import without_country
from rules.words import names_used

M = MomentKind
OF_CHANGES = frozenset({M.ANNOUNCED, M.REJECTED, M.NOTICE, M.RESCHEDULED, M.STARTED, M.DELAYED, M.FINISHED, M.FAILED})
OF_INCIDENTS = frozenset({M.PHASE_CHANGED})
OVER = frozenset({Resolution.FIXED, Resolution.WORKAROUND})
MOST_TIES = 100  # of one file set; the first ones tell enough
Said = tuple[Rule, Audience, MomentKind, str, Entry]


def doubts(rules: RuleSet) -> Iterator[Problem]:
    """Errors and warnings that show only when all files are seen together."""
    yield from catalogue.problems(rules.catalogue, rules.more_tells)
    yield from too_wide(rules)
    yield from never_timely(rules)
    yield from doubtful_needs(rules.catalogue)
    yield from misplaced(rules)
    yield from without_country(rules)
    for rule in rules.rules:
        yield from _contradiction(rule)
        yield from _vetoed(rule, rules.gates)
    for said in _everything_said(rules.rules):
        yield from _unsayable(*said)
        yield from _without_promise(rules, *said)
        yield from _over(*said)
    yield from _ties(rules.rules)


def _at(place: Place, message: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(place.path, place.line, place.column, message, severity)


def _doubt(place: Place, message: str) -> Problem:
    return _at(place, message, Severity.WARNING)


def _everything_said(rules: Iterable[Rule]) -> Iterator[Said]:
    for rule in rules:
        for (audience, moment), slot in rule.messages.items():
            for resolution, entry in slot.all():
                yield rule, audience, moment, resolution, entry
        for milestone in rule.milestones:
            for audience in milestone.tell:
                yield rule, audience, M.MILESTONE, PLAIN, milestone.entry


def _contradiction(rule: Rule) -> Iterator[Problem]:
    for field in demand(rule.when).impossible:
        yield _at(rule.place, f"rule {rule.id} can never match: {field} would have to equal two things at once.")


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
    rules: RuleSet, rule: Rule, audience: Audience, moment: MomentKind, resolution: str, entry: Entry
) -> Iterator[Problem]:
    del resolution
    if not entry.template or not any(used.path.startswith("next_update") for used in names_used(entry.template)):
        return
    slot = f"{audience}.{moment} of rule {rule.id}"
    if moment in TERMINAL:
        yield _at(entry.place, f"{slot} uses next_update, but after {moment} nothing more is promised; take it out.")
    elif not any(_may_pace(other, rule, audience, moment) for other in (rule, *rules.rules)):
        yield _doubt(
            entry.place,
            f"{slot} uses next_update, but no rule that can match the same ticket has a cadence for {audience}.",
        )


def _may_pace(other: Rule, rule: Rule, audience: Audience, moment: MomentKind) -> bool:
    has = other.cadences.get(audience) is not None
    return (
        has and together(rule, other) is not Together.NO and moment in demand(other.when).equal.get("moment", {moment})
    )


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


def _ties(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    """Two rules of equal strength that some ticket surely matches both, for the same slot."""
    rivals: dict[object, list[Rule]] = defaultdict(list)
    for rule in rules:
        for slot in _slots(rule):
            rivals[slot, strength(rule)].append(rule)
    told: set[tuple[str, str]] = set()
    for (slot, _), group in sorted(rivals.items(), key=str):  # type: ignore[misc]
        for one, other in pairs(sorted(group, key=lambda rule: rule.id)):
            if (one.id, other.id) not in told and len(told) < MOST_TIES and _rival(one, other, slot):
                told.add((one.id, other.id))
                yield _tie(one, other, slot)


def _slots(rule: Rule) -> Iterator[str]:
    yield from (f"{audience}.{moment}" for audience, moment in rule.messages)
    yield from (f"cadence.{audience}" for audience in rule.cadences)
    if rule.impact:
        yield f"impact {rule.impact.id}"


def _rival(one: Rule, other: Rule, slot: str) -> bool:
    audience, _, moment = slot.partition(".")
    if together(one, other) is not Together.YES:
        return False
    if audience not in set(Audience):
        return True
    key = Audience(audience), MomentKind(moment)
    return _meet(one.messages[key], other.messages[key])


def _meet(one: Slot, other: Slot) -> bool:
    """Whether a resolution exists that both cover."""
    return any(one.entry(resolution) and other.entry(resolution) for resolution in ("", *Resolution))


def _tie(one: Rule, other: Rule, slot: str) -> Problem:
    """An error where both ask for the same fields; where they ask for different ones only a ticket shows the tie."""
    same = demand(one.when).equal.keys() == demand(other.when).equal.keys()
    first = min(one.id, other.id)
    otherwise = "" if same else f" Until then {first} wins, as the smaller id."
    return _at(
        other.place,
        f"rules {one.id} ({one.place}) and {other.id} are equally strong for {slot}, and the same ticket can match "
        f"both. Give one a rank, another layer, or a condition that tells them apart.{otherwise}",
        Severity.ERROR if same else Severity.WARNING,
    )


def _or(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))
