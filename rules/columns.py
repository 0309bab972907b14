"""The index of the matcher: for each field, which clauses its values leave in the running.

A column holds at most one literal of every clause; clauses without one pass it. Which clauses pass is a set of numbers
(`rules.bits`), remembered by the field's raw value, since most tickets say what others said before.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import or_
from typing import Any

from rules.bits import mask_of
from rules.clauses import MEMBERSHIP, TRUE, UNKNOWN, Literal, in_prose
from rules.conditions import MANY, ORDER, comparable, flag_of, same
from rules.keys import is_key, nothing_to_remember
from rules.language import Op, Test, Value
from rules.subjects import View

MOST_BOUNDS = 1024  # Of one comparison on one field; each holds a set of clauses.
MOST_REMEMBERED = 1024
ANY_TIME = datetime.min.replace(tzinfo=UTC)
Asked = tuple[int, Test]
"""A clause's number and its test."""


def family(literal: Literal) -> str:
    """What kind of column can hold a literal; "" where none can."""
    op, accepts = literal.test.op, literal.accepts
    if in_prose(literal.test) or op in {Op.WITHIN, Op.MATCHES, Op.ALL_OF, Op.NONE_OF}:
        return ""
    if op in MEMBERSHIP:
        return "is"
    if op in ORDER:
        decidable = bool(accepts & TRUE) is not bool(accepts & UNKNOWN)
        return str(op) if decidable and sort_of_bound(literal.test.values[0]) else ""
    return str(op)


class Column:
    """`hits` tells which of its clauses find their test true; the rest follows from what they accept."""

    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int) -> None:
        self.field, self.full = field, full
        self.raw: Callable[[View], Any] = nothing_to_remember
        self.asked = mask_of(number for number, _ in asked)
        self.positive = bool(accepts & TRUE)
        self.free = full ^ self.asked
        self.missing = full if accepts & UNKNOWN else self.free
        self.can_miss = field not in MANY
        self.remembered: dict[Any, int] = {}

    def hits(self, seen: tuple[Any, ...]) -> int:
        raise NotImplementedError

    def seen(self, view: View) -> tuple[Any, ...]:
        return view.sight(self.field)

    def passing(self, view: View) -> int:
        """The clauses that this ticket leaves in the running."""
        seen = self.seen(view)
        if not seen and self.can_miss:
            return self.missing
        hit = self.hits(seen)
        return (self.free | hit if hit else self.free) if self.positive else self.full ^ hit

    def remember(self, raw: Any, view: View) -> int:
        """The same, kept for the next ticket with the same raw value."""
        passing = self.passing(view)
        if is_key(raw):
            if len(self.remembered) >= MOST_REMEMBERED:
                self.remembered = {}
            self.remembered[raw] = passing
        return passing


class Is(Column):
    """Membership. Candidates come from a dictionary; the plain interpreter's `same` has the last word on each."""

    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int) -> None:
        super().__init__(field, accepts, asked, full)
        wanted: dict[tuple[type, Value], list[int]] = defaultdict(list)
        for number, test in asked:
            for value in test.values:
                wanted[type(value), value].append(number)
        self.by_key: dict[Any, list[tuple[Value, int]]] = defaultdict(list)
        for (_, value), numbers in wanted.items():
            mask = mask_of(numbers)
            for key in set(_keys_of_wanted(value)):
                self.by_key[key].append((value, mask))
        self.by_key = dict(self.by_key)
        self.only_texts = not any(isinstance(key, tuple) for key in self.by_key)

    def hits(self, seen: tuple[Any, ...]) -> int:
        hit = 0
        for value in seen:
            for key in (_folded(value),) if self.only_texts else (_folded(value), *_other_keys(value)):
                for wanted, mask in self.by_key.get(key, ()):
                    if same(wanted, value):
                        hit |= mask
        return hit


def _folded(value: Any) -> str:
    return str(value).strip().casefold()


def _keys_of_wanted(value: Value) -> Iterator[Any]:
    """Every key under which something equal to this could look for it."""
    yield _folded(value)
    flag = flag_of(value)
    if flag is not None:
        yield "flag", flag
    if isinstance(value, (int, float, datetime, timedelta)) and not isinstance(value, bool):
        yield "equal", value


def _other_keys(value: Any) -> Iterator[Any]:
    flag = flag_of(value)
    if flag is not None:
        yield "flag", flag
    for like in (0, ANY_TIME, timedelta(0)):
        pair = comparable(value, like)
        if pair is not None:
            yield "equal", pair[0]


class Changed(Is):
    """`to` and `from`: membership of what a field is or was, where it changed in this moment. Never unknown."""

    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int, *, to: bool) -> None:
        super().__init__(field, accepts, asked, full)
        self.can_miss, self.to = False, to

    def seen(self, view: View) -> tuple[Any, ...]:
        if view.moment.before is None:
            return ()
        before, after = view.sight_before(self.field), view.sight(self.field)
        return () if before is None or before == after else after if self.to else before


class Present(Column):
    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int) -> None:
        super().__init__(field, accepts, asked, full)
        self.can_miss = False
        self.if_seen = mask_of(number for number, test in asked if test.values[0])
        self.if_missing = self.asked ^ self.if_seen

    def hits(self, seen: tuple[Any, ...]) -> int:
        return self.if_seen if seen else self.if_missing


class Starts(Column):
    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int) -> None:
        super().__init__(field, accepts, asked, full)
        starts: dict[str, list[int]] = defaultdict(list)
        for number, test in asked:
            for value in test.values:
                starts[str(value).casefold()].append(number)
        self.starts = {start: mask_of(numbers) for start, numbers in starts.items()}
        self.lengths = sorted({len(start) for start in starts})

    def hits(self, seen: tuple[Any, ...]) -> int:
        hit = 0
        for text in (str(value).casefold() for value in seen):
            for length in self.lengths:
                hit |= self.starts.get(text[:length], 0)
        return hit


class Ordered(Column):
    """One comparison: sorted bounds, and for each place among them the clauses that everything up to it satisfies."""

    def __init__(self, field: str, accepts: int, asked: Collection[Asked], full: int, *, op: Op) -> None:
        super().__init__(field, accepts, asked, full)
        self.op = op
        by_sort: dict[type, list[tuple[Any, int]]] = defaultdict(list)
        for number, test in asked:
            by_sort[sort_of_bound(test.values[0])].append((test.values[0], number))  # type: ignore[index]
        self.sorts = [_steps(pairs, op) for pairs in by_sort.values()]

    def hits(self, seen: tuple[Any, ...]) -> int:
        hit = 0
        for bounds, satisfied in self.sorts:
            for value in seen:
                pair = comparable(value, bounds[0])
                if pair is not None:
                    hit |= satisfied[BISECT[self.op](bounds, pair[0])]
        return hit


BISECT: Mapping[Op, Callable[[list[Any], Any], int]] = {
    Op.AT_LEAST: bisect_right,
    Op.ABOVE: bisect_left,
    Op.AT_MOST: bisect_left,
    Op.BELOW: bisect_right,
}


def sort_of_bound(bound: Value) -> type | None:
    """Bounds of one sort can be put in order. None: those of no order."""
    if isinstance(bound, (datetime, timedelta)):
        return type(bound)
    return float if isinstance(bound, (int, float)) and bound == bound else None  # noqa: PLR0124 - not a number


def _steps(pairs: list[tuple[Any, int]], op: Op) -> tuple[list[Any], list[int]]:
    grouped: dict[Any, list[int]] = defaultdict(list)
    for bound, number in pairs:
        grouped[bound].append(number)
    bounds = sorted(grouped)
    each = [mask_of(grouped[bound]) for bound in bounds]
    if op in {Op.AT_LEAST, Op.ABOVE}:
        return bounds, list(accumulate(each, or_, initial=0))
    return bounds, list(accumulate(reversed(each), or_, initial=0))[::-1]


def made(kind: str, field: str, accepts: int, asked: Collection[Asked], full: int) -> Column:
    if kind == "is":
        return Is(field, accepts, asked, full)
    op = Op(kind)
    if op in ORDER:
        return Ordered(field, accepts, asked, full, op=op)
    if op in {Op.TO, Op.FROM}:
        return Changed(field, accepts, asked, full, to=op is Op.TO)
    return Present(field, accepts, asked, full) if op is Op.PRESENT else Starts(field, accepts, asked, full)


def bounds_fit(literals: Iterable[Literal]) -> bool:
    """Whether a comparison has few enough bounds to keep a set of clauses for each."""
    return len({literal.test.values[0] for literal in literals}) <= MOST_BOUNDS
