"""Two rules that are equally strong in a slot and match the same ticket: somebody must say which of them speaks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import Problem, Severity
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import Resolution
from rules.bits import rising
from rules.language import Rule, Slot
from rules.overlap import Among, demand
from rules.strength import strength
from rules.witness import shown_by

MOST_TIES = 100  # of one file set; the first ones tell enough


def ties(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    """Two rules of equal strength that some ticket surely matches both, for the same slot."""
    rivals: dict[tuple[str, Any], list[Rule]] = defaultdict(list)
    for rule in rules:
        alike = strength(rule), demand(rule.when).rest, rule.unless
        for slot in _slots(rule):
            rivals[slot, alike].append(rule)
    told: set[tuple[str, str]] = set()
    groups = [(slot, sorted(group, key=_id)) for (slot, _), group in rivals.items() if len(group) > 1]
    for slot, group in sorted(groups, key=lambda pair: (pair[0], pair[1][0].id)):
        for one, other in _pairs(group):
            if (one.id, other.id) not in told and _rival(one, other, slot):
                told.add((one.id, other.id))
                yield _tie(one, other, slot)
            if len(told) >= MOST_TIES:
                return


def _id(rule: Rule) -> str:
    return rule.id


def _pairs(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Every pair that some ticket surely matches together. Beyond the equalities these rules all ask the same."""
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


def _tie(one: Rule, other: Rule, slot: str) -> Problem:
    """An error where both ask for the same fields; where they ask for different ones only a ticket shows the tie."""
    same = demand(one.when).equal.keys() == demand(other.when).equal.keys()
    first = min(one.id, other.id)
    otherwise = "" if same else f" Until then {first} wins, as the smaller id."
    ticket = shown_by((one, other), slot)
    such = f", such as {ticket}" if ticket else ""
    return Problem(
        other.place.path,
        other.place.line,
        other.place.column,
        f"rules {one.id} ({one.place}) and {other.id} are equally strong for {slot}, and the same ticket can match "
        f"both{such}. Give one a rank, another layer, or a condition that tells them apart.{otherwise}",
        Severity.ERROR if same else Severity.WARNING,
    )
