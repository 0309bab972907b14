"""Which of two rules is stronger: layer, ladder, number of conditions, rank, and last the smaller id."""

from dataclasses import dataclass

from rules.language import All, AnyOf, Condition, Layer, Not, OnField, Op, Rule, Test
from rules.subjects import LADDER

NAMED = {step: "the configuration item" if name == "ci" else f"the {name}" for name, step in LADDER.items()}


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
    """Why one beats the other, as a person reads it; "it" is the winner."""
    one, other = strength(winner), strength(loser)
    if one.layer != other.layer:
        return f"it is on the layer {winner.layer.name.lower()}, {loser.id} {_on_layer(loser)}"
    if one.step != other.step:
        return f"it names {NAMED[one.step]}, {loser.id} {_names(other.step)}"
    if one.size != other.size:
        return f"it has {_conditions(one.size)}, {loser.id} {other.size or 'none'}"
    if one.rank != other.rank:
        return f"its rank is {one.rank}, that of {loser.id} {other.rank}"
    return f"both are as specific, so the smaller id decides; give {winner.id} or {loser.id} a rank"


def _on_layer(rule: Rule) -> str:
    return "is shipped with Liaison (pack)" if rule.layer is Layer.PACK else f"on {rule.layer.name.lower()}"


def _names(number: int) -> str:
    return f"only {NAMED[number]}" if number else "nothing of the kind"


def _conditions(count: int) -> str:
    return f"{count} condition{'' if count == 1 else 's'}"
