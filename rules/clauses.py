"""A rule's conditions as alternatives of plain literals, which an index can hold.

Every test has one of three outcomes: true, false, or unknown because its field is missing. What `when` and `unless`
make of them (`rules.conditions` is the reference) becomes here a literal that says which outcomes it accepts. So
negations disappear, and what is left are alternatives ("clauses") of literals that must all be accepted.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from rules.language import All, AnyOf, Condition, Not, OnField, Op, Test, Value
from rules.subjects import Sort, subject

TRUE, FALSE, UNKNOWN = 1, 2, 4
ANYTHING = TRUE | FALSE | UNKNOWN
MOST_CLAUSES = 16
"""Of one rule. What would make more of them is asked as a whole, on the few rules that are left then."""
MEMBERSHIP = frozenset({Op.IS, Op.ANY_OF})
WORD_OPS = frozenset({Op.IS, Op.ANY_OF, Op.ALL_OF, Op.NONE_OF})


@dataclass(frozen=True)
class Literal:
    """A test and the outcomes that satisfy it, as a sum of TRUE, FALSE and UNKNOWN."""

    test: Test
    accepts: int


@dataclass(frozen=True)
class Every:
    of: "tuple[Formula, ...]"


@dataclass(frozen=True)
class Either:
    of: "tuple[Formula, ...]"


Formula = Literal | Every | Either
Clause = tuple[Formula, ...]
"""All must be satisfied. What is no literal was too large to be taken apart."""


def clauses_of(when: Condition, unless: Condition | None) -> list[Clause]:
    """The alternatives of which a ticket must satisfy one for both to let it match; none where it never can."""
    return clauses(formula_of(when, unless))


def formula_of(when: Condition, unless: Condition | None) -> Formula:
    holds = _formula(when, _as_held, so=True)
    return holds if unless is None else every((holds, _formula(unless, _as_not_known, so=False)))


def _as_held(test: Test, *, so: bool) -> Formula:
    """As in `when`: what is unknown does not hold, but `none_of` does."""
    accepted = TRUE | UNKNOWN if test.op is Op.NONE_OF else TRUE
    return literal(test, accepted if so else ANYTHING ^ accepted)


def _as_not_known(test: Test, *, so: bool) -> Formula:
    """As in `unless`, which takes the rule out only where it is known to hold."""
    return literal(test, TRUE | UNKNOWN if so else FALSE | UNKNOWN)


def _formula(condition: Condition, read: Callable[..., Formula], *, so: bool) -> Formula:
    """The condition, or its opposite, with every negation pushed down to the tests."""
    match condition:
        case Test():
            return read(condition, so=so)
        case All(of) | OnField(of):
            inner = (_formula(one, read, so=so) for one in of)
            return every(inner) if so else either(inner)
        case AnyOf(of):
            inner = (_formula(one, read, so=so) for one in of)
            return either(inner) if so else every(inner)
        case Not(one):
            return _formula(one, read, so=not so)


def literal(test: Test, accepts: int) -> Formula:
    """`none_of` is `any_of` with its outcomes swapped; `all_of` on members is one `any_of` for each."""
    if test.op is Op.NONE_OF:
        swapped = accepts & UNKNOWN | (TRUE if accepts & FALSE else 0) | (FALSE if accepts & TRUE else 0)
        return Literal(Test(test.field, Op.ANY_OF, test.values), swapped)
    if test.op is Op.ALL_OF and test.values and not in_prose(test):
        each = (Literal(Test(test.field, Op.ANY_OF, (value,)), accepts) for value in test.values)
        return every(each) if accepts & TRUE else either(each)
    return Literal(test, accepts)


def in_prose(test: Test) -> bool:
    """Whether a test looks for words in a text, rather than for a value."""
    return test.op in WORD_OPS and _is_prose(test.field) and (test.op is not Op.IS or test.field == "text")


@cache
def _is_prose(field: str) -> bool:
    about = subject(field)
    return about is not None and about.sort is Sort.PROSE


def every(parts: Iterable[Formula]) -> Formula:
    flat = tuple(_merged(_flat(parts, Every), TRUE))
    return flat[0] if len(flat) == 1 else Every(flat)


def either(parts: Iterable[Formula]) -> Formula:
    flat = tuple(_merged(_flat(parts, Either), FALSE))
    return flat[0] if len(flat) == 1 else Either(flat)


def _flat(parts: Iterable[Formula], kind: type[Every] | type[Either]) -> Iterator[Formula]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.of
        else:
            yield part


def _merged(parts: Iterable[Formula], unless_accepts: int) -> Iterator[Formula]:
    """Memberships of one field as one: "a or b" is one of [a, b], and so is "neither a nor b"."""
    values: dict[tuple[str, bool, int], dict[tuple[type, Value], Value]] = {}
    for part in parts:
        if isinstance(part, Literal) and part.test.op in MEMBERSHIP and not part.accepts & unless_accepts:
            group = values.setdefault((part.test.field, in_prose(part.test), part.accepts), {})
            group.update({(type(value), value): value for value in part.test.values})
        else:
            yield part
    for (field, words, accepts), group in values.items():
        yield Literal(Test(field, Op.ANY_OF if words else Op.IS, tuple(group.values())), accepts)


def clauses(formula: Formula) -> list[Clause]:
    match formula:
        case Literal():
            return [(formula,)]
        case Either(of):
            found = [clause for one in of for clause in clauses(one)]
            return found if len(found) <= MOST_CLAUSES else [(formula,)]
        case Every(of):
            return _multiplied(of)


def _multiplied(of: tuple[Formula, ...]) -> list[Clause]:
    """The smallest alternatives first; those that would make too many stay whole."""
    taken: list[list[Clause]] = []
    count = 1
    for part, found in sorted(((part, clauses(part)) for part in of), key=lambda pair: len(pair[1])):
        if count * len(found) > MOST_CLAUSES:
            taken.append([(part,)])
        else:
            count *= len(found)
            taken.append(found)
    return [tuple(leaf for clause in combined for leaf in clause) for combined in product(*taken)]
