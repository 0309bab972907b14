"""Which of two rules is stronger: layer, ladder, number of conditions, rank, and last the smaller id."""

from dataclasses import dataclass

from rules.language import All, AnyOf, Condition, Not, OnField, Op, Rule, Test
from rules.subjects import LADDER

STEPS = {step: name for name, step in LADDER.items()}


@dataclass(frozen=True, order=True)
class Strength:
    """Greater wins. `step` is the most specific ladder step used, `size` the number of conditions."""

    layer: int
    step: int
    size: int
    rank: int


def strength(rule: Rule) -> Strength:
    return Strength(rule.layer, step(rule.when), size(rule.when) + (rule.unless is not None), rule.rank)


def precedence(rule: Rule) -> tuple[int, int, int, int, str]:
    """A sort key: the winner of any contest comes first."""
    own = strength(rule)
    return -own.layer, -own.step, -own.size, -own.rank, rule.id


def step(condition: Condition) -> int:
    """The most specific ladder step that is sure to be used: in `any`, that of the least specific branch. What a
    rule excludes makes it no more specific.
    """
    match condition:
        case Test(field, op, values):
            excludes = op is Op.NONE_OF or (op is Op.PRESENT and values == (False,))
            return 0 if excludes else LADDER.get(field, 0)
        case All(of) | OnField(of):
            return max(map(step, of), default=0)
        case AnyOf(of):
            return min(map(step, of), default=0)
        case Not():
            return 0


def size(condition: Condition) -> int:
    """How many conditions: a field counts once, `any` its smallest branch, `not` as what it negates."""
    match condition:
        case Test() | OnField():
            return 1
        case All(of):
            return sum(map(size, of))
        case AnyOf(of):
            return min(map(size, of), default=0)
        case Not(one):
            return size(one)


def first_difference(winner: Rule, loser: Rule) -> str:
    """Why one beats the other, as a person reads it."""
    one, other = strength(winner), strength(loser)
    if one.layer != other.layer:
        return f"layer {winner.layer.name.lower()} beats {loser.layer.name.lower()}"
    if one.step != other.step:
        return f"a condition on {_step(one.step)} beats {_step(other.step)}"
    if one.size != other.size:
        return f"{_conditions(one.size)} beat{'s' if one.size == 1 else ''} {other.size}"
    if one.rank != other.rank:
        return f"rank {one.rank} beats {other.rank}"
    return f"a tie: the smaller id ({winner.id}) wins; give one of them a rank"


def _step(number: int) -> str:
    return STEPS.get(number, "none on the ladder")


def _conditions(count: int) -> str:
    return f"{count} condition{'' if count == 1 else 's'}"
