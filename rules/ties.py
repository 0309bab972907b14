"""Two rules that are equally strong in a slot and match the same ticket: somebody must say which of them speaks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.errors import Problem, Severity
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import Resolution
from rules.bits import rising
from rules.language import Layer, Rule, Slot
from rules.overlap import Among, asks_about, demand
from rules.strength import strength
from rules.witness import shown_by

MOST_TIES = 100  # of one file set; the first ones tell enough
MOST_TRIED = 2_000  # pairs of rules for which a ticket is looked for


def ties(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    """Two rules of equal strength that some ticket matches both, for the same slot."""
    told: set[tuple[str, str]] = set()
    for found in (_sure(rules, told), _shown(rules, told)):
        yield from islice(found, MOST_TIES - len(told))


def _sure(rules: tuple[Rule, ...], told: set[tuple[str, str]]) -> Iterator[Problem]:
    """Those whose conditions say it: beyond equalities they ask the same."""
    rivals: dict[tuple[str, Any], list[Rule]] = defaultdict(list)
    for rule in rules:
        alike = strength(rule), demand(rule.when).rest, rule.unless
        for slot in _slots(rule):
            rivals[slot, alike].append(rule)
    for slot, one, other in _met(rivals):
        if (one.id, other.id) not in told and _rival(one, other, slot):
            told.add((one.id, other.id))
            same = demand(one.when).equal.keys() == demand(other.when).equal.keys()
            yield _tie(one, other, slot, shown_by((one, other), slot), Severity.ERROR if same else Severity.WARNING)


def _shown(rules: tuple[Rule, ...], told: set[tuple[str, str]]) -> Iterator[Problem]:
    """Those that only a ticket shows: one asks for words, another for a place. Two that ask the same fields for other
    words are alternatives in a person's eyes, and shipped rules are nobody's to mend.
    """
    rivals: dict[tuple[str, Any], list[Rule]] = defaultdict(list)
    for rule in rules:
        for slot in _slots(rule) if rule.layer is not Layer.PACK else ():
            rivals[slot, strength(rule)].append(rule)
    for slot, one, other in islice(_met(rivals), MOST_TRIED):
        apart = set(asks_about(one.when)) != set(asks_about(other.when)) or one.when == other.when
        if (one.id, other.id) not in told and apart and _rival(one, other, slot):
            ticket = shown_by((one, other), slot)
            if ticket:
                told.add((one.id, other.id))
                yield _tie(one, other, slot, ticket, Severity.WARNING)


def _met(rivals: Mapping[tuple[str, Any], Sequence[Rule]]) -> Iterator[tuple[str, Rule, Rule]]:
    """Every pair of one group whose equality conditions the same ticket can fulfil, in an order of its own."""
    groups = [(slot, sorted(group, key=_id)) for (slot, _), group in rivals.items() if len(group) > 1]
    for slot, group in sorted(groups, key=lambda pair: (pair[0], pair[1][0].id)):
        yield from ((slot, one, other) for one, other in _pairs(group))


def _id(rule: Rule) -> str:
    return rule.id


def _pairs(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Every pair whose equality conditions some ticket surely fulfils together."""
    among = Among(rules)
    for number, one in enumerate(rules):
        later = among.overlapping(one, surely=True) >> number + 1
        yield from ((one, rules[number + 1 + other]) for other in rising(later))


def _slots(rule: Rule) -> Iterator[str]:
    yield from (f"{audience}.{moment}" for audience, moment in rule.messages)
    yield from (f"cadence.{audience}" for audience in rule.cadences)
    if rule.impact:
        yield f"impact {rule.impact.id}"


def _rival(one: Rule, other: Rule, slot: str) -> bool:
    audience, _, moment = slot.partition(".")
    if audience not in set(Audience):
        return True
    key = Audience(audience), MomentKind(moment)
    return _meet(one.messages[key], other.messages[key])


def _meet(one: Slot, other: Slot) -> bool:
    """Whether a resolution exists that both cover."""
    return any(one.entry(resolution) and other.entry(resolution) for resolution in ("", *Resolution))


def _tie(one: Rule, other: Rule, slot: str, ticket: str, severity: Severity) -> Problem:
    """An error where both ask for the same fields; where they ask for different ones only a ticket shows the tie."""
    first = min(one.id, other.id)
    otherwise = "" if severity is Severity.ERROR else f" Until then {first} wins, as the smaller id."
    such = f", such as {ticket}" if ticket else ""
    return Problem(
        other.place.path,
        other.place.line,
        other.place.column,
        f"rules {one.id} ({one.place}) and {other.id} are equally strong for {slot}, and the same ticket can match "
        f"both{such}. Give one a rank, another layer, or a condition that tells them apart.{otherwise}",
        severity,
    )
