"""Rules that no ticket can match, and rules that never have the word because stronger ones always have it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial, reduce
from itertools import islice
from operator import or_
from typing import Any

from core.errors import Problem, Severity
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import Resolution
from rules.bits import mask_of, rising
from rules.language import All, Condition, Layer, Not, OnField, Op, Rule, Slot, Test
from rules.overlap import Among, Demand, demand, single
from rules.strength import precedence, strength

MOST_ASKED = 50  # of the rivals of one rule in one slot, the strongest first
LOWER = {Op.AT_LEAST: False, Op.ABOVE: True}
UPPER = {Op.AT_MOST: False, Op.BELOW: True}


def hopeless(rules: Sequence[Rule]) -> Iterator[Problem]:
    """An error for a rule that contradicts itself, a warning for one that is always beaten."""
    can_match = []
    for rule in rules:
        why = _never_matches(rule)
        if why:
            yield _problem(rule, f"rule {rule.id} can never match: {why}.", Severity.ERROR)
        else:
            can_match.append(rule)
    yield from _always_beaten(can_match)


def _never_matches(rule: Rule) -> str:
    wanted = demand(rule.when)
    for field in wanted.impossible:
        return f"{field} would have to equal two things at once"
    for field, bounds in _bounds(rule.when).items():
        if _empty(bounds) and single(field):
            return f"no {field} is both {_side(bounds, LOWER)} and {_side(bounds, UPPER)}"
    for part in wanted.rest:
        if isinstance(part, Not) and _always(wanted, demand(part.one)):
            return "its `not` takes out every ticket that the rest of its `when` lets in"
        if isinstance(part, Test) and part.op is Op.PRESENT and part.values == (False,) and part.field in wanted.equal:
            return f"{part.field} would have to be missing and to have a value"
    if rule.unless is not None and _always(wanted, demand(rule.unless)):
        return "its `unless` takes out every ticket that its `when` lets in"
    return ""


def _always(wanted: Demand, unless: Demand) -> bool:
    """Whether equalities alone make an `unless` hold: then the fields are there, and nothing about it is unknown."""
    if unless.rest or not unless.equal:
        return False
    return all(field in wanted.equal and wanted.equal[field] <= values for field, values in unless.equal.items())


def _bounds(condition: Condition) -> dict[str, list[Test]]:
    """The comparisons that must all hold, by field."""
    found: dict[str, list[Test]] = {}
    parts = [condition]
    while parts:
        part = parts.pop()
        if isinstance(part, (All, OnField)):
            parts += part.of
        elif isinstance(part, Test) and part.op in LOWER.keys() | UPPER.keys():
            found.setdefault(part.field, []).append(part)
    return found


def _empty(bounds: Sequence[Test]) -> bool:
    """Whether nothing lies above every lower bound and below every upper one."""
    return any(
        low.values[0] > high.values[0] or (low.values[0] == high.values[0] and (LOWER[low.op] or UPPER[high.op]))  # type: ignore[operator]
        for low in bounds
        if low.op in LOWER
        for high in bounds
        if high.op in UPPER and type(low.values[0]) is type(high.values[0])
    )


def _side(bounds: Sequence[Test], ops: dict[Op, bool]) -> str:
    return " and ".join(f"{test.op.replace('_', ' ')} {test.values[0]}" for test in bounds if test.op in ops)


def _always_beaten(rules: Sequence[Rule]) -> Iterator[Problem]:
    ranking = Ranking(sorted(rules, key=precedence))
    for number, rule in enumerate(ranking.rules):
        if rule.layer is not Layer.PACK and rule.messages and not _speaks_otherwise(rule):
            beaten_by = ranking.who_beats(number)
            if beaten_by:
                by = " and ".join(f"{one.id} ({one.place})" for one in beaten_by)
                yield _problem(
                    rule,
                    f"rule {rule.id} can never win: every ticket it matches is also matched by {by}, stronger and with "
                    f"{'a text' if len(rule.messages) == 1 else 'texts'} for all that it says.",
                    Severity.WARNING,
                )


def _speaks_otherwise(rule: Rule) -> bool:
    """By what several rules may do at once, or what only time brings about."""
    return bool(rule.impact or rule.milestones or rule.notices or rule.closing)


class Ranking:
    """Rules in order of precedence, with sets of numbers of those that have the same in common."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.among = Among(rules)
        self.stronger: list[int] = []
        start, before = 0, None
        for number, rule in enumerate(rules):
            start, before = (start if strength(rule) == before else number), strength(rule)
            self.stronger.append((1 << start) - 1)
        self.speaking = _by(rules, lambda rule: rule.messages)
        self.pacing = _by(rules, lambda rule: rule.cadences)
        self.asking = _by(rules, lambda rule: demand(rule.when).rest)
        self.plain = mask_of(number for number, rule in enumerate(rules) if not demand(rule.when).rest)

    def who_beats(self, number: int) -> list[Rule]:
        """Stronger rules that always match where this one does and speak wherever it would; [] where it may speak."""
        rule = self.rules[number]
        beyond = reduce(or_, (self.asking[part] for part in demand(rule.when).rest), self.plain)
        rivals = self.among.covering(rule) & self.stronger[number] & beyond
        found: dict[str, Rule] = {}
        for key, slot in rule.messages.items():
            by = self._first(rule, rivals & self.speaking[key], partial(_says_all, key, slot))
            if by is None:
                return []
            found[by.id] = by
        for audience in rule.cadences:
            by = self._first(rule, rivals & self.pacing[audience], bool)
            if by is None:
                return []
            found[by.id] = by
        return list(found.values())

    def _first(self, rule: Rule, rivals: int, beats: Callable[[Rule], bool]) -> Rule | None:
        asked = (self.rules[number] for number in islice(rising(rivals), MOST_ASKED))
        return next((one for one in asked if _covers(one, rule) and beats(one)), None)


def _by(rules: Sequence[Rule], keys: Callable[[Rule], Iterable[Any]]) -> dict[Any, int]:
    numbers: dict[Any, list[int]] = defaultdict(list)
    for number, rule in enumerate(rules):
        for key in keys(rule):
            numbers[key].append(number)
    return {key: mask_of(found) for key, found in numbers.items()}


def _covers(stronger: Rule, rule: Rule) -> bool:
    """What lies beyond the equalities."""
    same_unless = stronger.unless is None or stronger.unless == rule.unless
    return same_unless and demand(stronger.when).rest <= demand(rule.when).rest


def _says_all(key: tuple[Audience, MomentKind], slot: Slot, stronger: Rule) -> bool:
    own = stronger.messages[key]
    return all(own.entry(resolution) for resolution in ("", *Resolution) if slot.entry(resolution))


def _problem(rule: Rule, message: str, severity: Severity) -> Problem:
    return Problem(rule.place.path, rule.place.line, rule.place.column, message, severity)
