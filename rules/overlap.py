"""What conditions say about each other without a ticket: whether two rules can both match, or one implies another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, reduce
from operator import and_, or_

from rules.bits import mask_of
from rules.language import All, AnyOf, Condition, Not, OnField, Op, Rule, Test
from rules.subjects import Sort, subject


class Together(StrEnum):
    """Whether two rules match the same ticket: some ticket surely, none surely, or that only tickets can show."""

    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"


@dataclass(frozen=True)
class Demand:
    """A conjunction: the values that fields must equal, and everything else as it stands."""

    equal: Mapping[str, frozenset[str]]
    rest: frozenset[Condition]

    @property
    def impossible(self) -> tuple[str, ...]:
        """Fields that would have to equal two things at once."""
        return tuple(field for field, values in self.equal.items() if not values and single(field))


@lru_cache(maxsize=32_768)
def demand(condition: Condition) -> Demand:
    """What a condition asks, as far as it is a conjunction of equalities."""
    equal: dict[str, frozenset[str]] = {}
    rest: set[Condition] = set()
    for part in _parts(condition):
        if isinstance(part, Test) and part.op in {Op.IS, Op.ANY_OF} and not _prose(part.field):
            values = frozenset(str(value).casefold() for value in part.values)
            equal[part.field] = equal[part.field] & values if part.field in equal else values
        else:
            rest.add(part)
    return Demand(equal, frozenset(rest))


def _parts(condition: Condition) -> Iterator[Condition]:
    """The conjunction, flat."""
    if isinstance(condition, (All, OnField)):
        for part in condition.of:
            yield from _parts(part)
    else:
        yield condition


def _prose(field: str) -> bool:
    about = subject(field)
    return about is None or about.sort is Sort.PROSE


def single(field: str) -> bool:
    """Whether a ticket has one value there: two different ones then exclude each other. Services and locations go by
    several names.
    """
    about = subject(field)
    return (
        field not in {"service", "location"}
        and about is not None
        and about.sort not in {Sort.WORDS, Sort.CUSTOM, Sort.PROSE}
    )


def together(one: Rule, other: Rule) -> Together:
    """Whether some ticket matches both, as far as equality conditions tell."""
    left, right = demand(one.when), demand(other.when)
    if left.impossible or right.impossible:
        return Together.NO
    shared = left.equal.keys() & right.equal.keys()
    apart = {field for field in shared if not left.equal[field] & right.equal[field]}
    if any(single(field) for field in apart):
        return Together.NO
    unsure = apart or left.rest ^ right.rest or one.unless != other.unless
    return Together.PERHAPS if unsure else Together.YES


class Among:
    """Many rules, and which of them go with one: by a set of numbers for each value of each field, not by asking each
    of ten thousand rules about every other.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        numbers: dict[str, dict[str, list[int]]] = {}
        for number, rule in enumerate(rules):
            for field, values in demand(rule.when).equal.items():
                for value in values:
                    numbers.setdefault(field, {}).setdefault(value, []).append(number)
        self.possible = mask_of(n for n, rule in enumerate(rules) if not demand(rule.when).impossible)
        self.asking = {
            field: {value: mask_of(found) for value, found in values.items()} for field, values in numbers.items()
        }
        full = (1 << len(rules)) - 1
        self.free = {field: full ^ reduce(or_, values.values(), 0) for field, values in self.asking.items()}

    def overlapping(self, rule: Rule, *, surely: bool) -> int:
        """A set (`rules.bits`) of those whose equality conditions the same ticket can fulfil. `surely`: nothing about
        services, labels and the like, of which a ticket has several, is left open.
        """
        wanted = demand(rule.when)
        mask = 0 if wanted.impossible else self.possible
        for field, values in wanted.equal.items():
            if field in self.asking and (surely or single(field)):
                asking = self.asking[field]
                mask &= self.free[field] | reduce(or_, (asking.get(value, 0) for value in values), 0)
        return mask

    def covering(self, rule: Rule) -> int:
        """A set of those that match every ticket that this rule matches, as far as equality conditions tell."""
        wanted = demand(rule.when)
        mask = self.possible
        for field, asking in self.asking.items():
            alike = [asking.get(value, 0) for value in wanted.equal.get(field, ())]
            mask &= self.free[field] | (reduce(and_, alike) if alike else 0)
        return mask


def implies(rule: Condition, gate: Condition) -> bool:
    """Whether every ticket of `rule` surely also fulfils `gate`."""
    wanted = demand(rule)
    return any(_covers(wanted, demand(branch)) for branch in branches(gate))


def _covers(wanted: Demand, asked: Demand) -> bool:
    """Nothing the gate asks for is left open by the rule. A gate that asks nothing is no veto but a mistake."""
    if not asked.equal and not asked.rest:
        return False
    equal = all(field in wanted.equal and wanted.equal[field] <= values for field, values in asked.equal.items())
    return equal and asked.rest <= wanted.rest


def branches(condition: Condition) -> Iterable[Condition]:
    """The alternatives of a condition that is one `any`, else itself."""
    parts = list(_parts(condition))
    if len(parts) == 1 and isinstance(parts[0], AnyOf):
        return parts[0].of
    return [condition]


def asks_about(condition: Condition) -> Iterator[str]:
    """Every field that a condition mentions."""
    match condition:
        case Test(field):
            yield field
        case All(of) | OnField(of) | AnyOf(of):
            for one in of:
                yield from asks_about(one)
        case Not(one):
            yield from asks_about(one)
