"""What conditions say about each other without a ticket: whether two rules can both match, or one implies another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

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


@lru_cache(maxsize=4096)
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


def pairs(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Every pair that may surely match together, without asking each of a thousand rules about every other: the field
    that tells most of them apart sorts them first.
    """
    fields = {field for rule in rules for field in demand(rule.when).equal}
    sorted_by = [_buckets(rules, field) for field in sorted(fields)]
    best = min(sorted_by, key=lambda buckets: sum(len(bucket) ** 2 for bucket in buckets), default=[list(rules)])
    seen: set[tuple[str, str]] = set()
    for bucket in best:
        for one, other in combinations(bucket, 2):
            if (one.id, other.id) not in seen:
                seen.add((one.id, other.id))
                yield one, other


def _buckets(rules: Sequence[Rule], field: str) -> list[list[Rule]]:
    """The rules by each value they want there; those that want none are in every bucket."""
    wanted = [(rule, demand(rule.when).equal.get(field)) for rule in rules]
    values = {value for _, values in wanted for value in values or ()}
    if not values:
        return [list(rules)]
    free = [rule for rule, values in wanted if values is None]
    by_value: dict[str, list[Rule]] = {value: [] for value in sorted(values)}
    for rule, wants in wanted:
        for value in wants or ():
            by_value[value].append(rule)
    return [free, *(sorted([*bucket, *free], key=lambda rule: rule.id) for bucket in by_value.values())]


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
