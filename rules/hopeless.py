"""Rules that no ticket can match, and rules that never have the word because stronger ones always have it."""

from collections.abc import Iterator, Sequence

from core.errors import Problem, Severity
from core.tickets import Resolution
from rules.language import All, Condition, Layer, OnField, Op, Rule, Slot, Test
from rules.overlap import Among, Demand, demand, single
from rules.strength import precedence, strength

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
    ranked = sorted(rules, key=precedence)
    among = Among(ranked)
    for number, rule in enumerate(ranked):
        if rule.layer is Layer.PACK or not rule.messages or rule.impact or _speaks_otherwise(rule):
            continue
        stronger = [ranked[other] for other in among.covering(rule) if other < number and _covers(ranked[other], rule)]
        beaten = _beaten(rule, stronger) if stronger else None
        if beaten:
            by = " and ".join(f"{one.id} ({one.place})" for one in beaten)
            yield _problem(
                rule,
                f"rule {rule.id} can never win: every ticket it matches is also matched by {by}, stronger and with "
                f"{'a text' if len(rule.messages) == 1 else 'texts'} for all that it says.",
                Severity.WARNING,
            )


def _speaks_otherwise(rule: Rule) -> bool:
    """By what several rules may do at once, or what only time brings about."""
    return bool(rule.milestones or rule.notices or rule.closing)


def _covers(stronger: Rule, rule: Rule) -> bool:
    """What lies beyond the equalities."""
    if strength(stronger) == strength(rule):  # a tie, which is told as one
        return False
    same_unless = stronger.unless is None or stronger.unless == rule.unless
    return same_unless and demand(stronger.when).rest <= demand(rule.when).rest


def _beaten(rule: Rule, stronger: Sequence[Rule]) -> list[Rule] | None:
    """Who beats the rule in all that it says and promises; None where it has the word somewhere."""
    beaten_by: dict[str, Rule] = {}
    for key, slot in rule.messages.items():
        by = next((one for one in stronger if key in one.messages and _says_all(one.messages[key], slot)), None)
        if by is None:
            return None
        beaten_by[by.id] = by
    for audience in rule.cadences:
        by = next((one for one in stronger if audience in one.cadences), None)
        if by is None:
            return None
        beaten_by[by.id] = by
    return list(beaten_by.values())


def _says_all(stronger: Slot, slot: Slot) -> bool:
    return all(stronger.entry(resolution) for resolution in ("", *Resolution) if slot.entry(resolution))


def _problem(rule: Rule, message: str, severity: Severity) -> Problem:
    return Problem(rule.place.path, rule.place.line, rule.place.column, message, severity)
