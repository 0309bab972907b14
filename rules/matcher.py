"""The compiled matcher: which rules match a ticket, without asking each of them. Gates and families, too.

Rules become clauses (`rules.clauses`). Those that want one of a few values of a telling field stand on a shelf, in a
box for each of its values; a box with many is divided by another field, a small one is an index (`rules.index`). So a
ticket meets only the rules that have most in common with it. The answer is always that of the plain interpreter in
`rules.conditions`: a property test over random rules and tickets says so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Generic, Protocol, TypeVar

from core.moments import MomentKind
from rules.bits import numbers_in
from rules.catalogue import Catalogue
from rules.clauses import TRUE, Clause, Literal, clauses_of
from rules.columns import Is, family
from rules.conditions import MANY
from rules.index import Index, Setting, scanners_of
from rules.keys import NO_KEY, is_key, key_of, nothing_to_remember
from rules.language import All, AnyOf, Condition, Not, OnField, Op, Test
from rules.subjects import View

SMALL = 96
"""Clauses that are not divided further."""
TELLING = 4  # A field is worth a shelf when a box holds at most one in so many of its clauses.
MOST_BOXES = 4096
OF_NOW = frozenset({"age", "lead_time", "overrun"})
"""What a ticket is at one time and not at another."""
Owned = tuple[int, Clause]
"""A clause with the place of its rule."""


class Conditional(Protocol):
    """What matches where `when` holds and `unless` is not known to."""

    @property
    def when(self) -> Condition: ...

    @property
    def unless(self) -> Condition | None: ...


C = TypeVar("C", bound=Conditional)


class Matcher(Generic[C]):
    """Of one sequence of rules. `catalogue` is the one that tickets are seen with; another one is only slower."""

    def __init__(self, rules: Sequence[C], catalogue: Catalogue) -> None:
        self.rules = rules
        self.timeless = not self._ask(asks_the_time)
        self._looks_back, self._asks_what = self._ask(asks_for_change), self._ask(asks_the_moment)
        self._last: dict[MomentKind | None, tuple[View, tuple[C, ...]]] = {}
        owned = [(place, clause) for place, rule in enumerate(rules) for clause in clauses_of(rule.when, rule.unless)]
        self._boxes = divided(owned, Setting(catalogue, scanners_of(clause for _, clause in owned)))

    def matching(self, view: View) -> list[int]:
        """The places of the rules that match, in rising order."""
        return sorted(set(self._boxes.matching(view))) if self.rules else []

    def matched(self, view: View) -> tuple[C, ...]:
        """The rules themselves. One look at a ticket asks the same more than once, and so does the next one where
        nothing has changed.
        """
        if not self.rules:
            return ()
        if not self.timeless:
            return self._matched(view)
        moment = view.moment
        kind = moment.kind if self._asks_what else None
        last = self._last.get(kind)
        if last is not None:
            one, found = last
            same = one.ticket is view.ticket and one.catalogue is view.catalogue
            if same and (one.moment.before is moment.before or not self._looks_back):
                return found
        found = self._matched(view)
        self._last[kind] = view, found
        return found

    def _matched(self, view: View) -> tuple[C, ...]:
        return tuple([self.rules[place] for place in self.matching(view)])

    def _ask(self, what: Callable[[Condition | None], bool]) -> bool:
        return any(what(rule.when) or what(rule.unless) for rule in self.rules)


def asks_the_time(condition: Condition | None) -> bool:
    """Whether its answer may be another one at another time, about the same ticket at the same moment."""
    return _has(condition, lambda test: test.op is Op.WITHIN or test.field in OF_NOW)


def asks_the_moment(condition: Condition | None) -> bool:
    """Whether its answer may be another one at a moment of another kind."""
    return _has(condition, lambda test: test.field == "moment")


def asks_for_change(condition: Condition | None) -> bool:
    """Whether `to` or `from` stands somewhere in it."""
    return _has(condition, lambda test: test.op in {Op.TO, Op.FROM})


def _has(condition: Condition | None, such: Callable[[Test], bool]) -> bool:
    match condition:
        case Test():
            return such(condition)
        case All() | OnField() | AnyOf():
            return any(_has(one, such) for one in condition.of)
        case Not():
            return _has(condition.one, such)
        case None:
            return False


class Shelf:
    """Clauses that want some value of one field, in boxes: one for each set of them that a ticket's value leaves.

    Boxes are made when a ticket first needs them.
    """

    def __init__(self, field: str, owned: Sequence[Owned], wanted: Sequence[Literal], setting: Setting) -> None:
        self.setting = setting
        asked = [(number, literal.test) for number, literal in enumerate(wanted)]
        self.column = Is(field, TRUE, asked, (1 << len(owned)) - 1)
        self.without = [
            (place, tuple(leaf for leaf in clause if leaf is not literal))
            for (place, clause), literal in zip(owned, wanted, strict=True)
        ]
        self.key = key_of(field, setting.catalogue)
        self.by_key: dict[object, Boxes | Index] = {}
        self.by_passing: dict[int, Boxes | Index] = {}

    def box(self, view: View) -> "Boxes | Index":
        try:
            key = self.key(view)
            found = self.by_key.get(key)
        except TypeError:  # a raw value that cannot be looked up, such as a list
            key, found = NO_KEY, None
        return found or self._found(key, view)

    def _found(self, key: object, view: View) -> "Boxes | Index":
        passing = self.column.passing(view)
        box = self.by_passing.get(passing)
        if box is None:
            if len(self.by_passing) >= MOST_BOXES:
                self.by_passing, self.by_key = {}, {}
            box = divided([self.without[number] for number in numbers_in(passing)], self.setting)
            self.by_passing[passing] = box
        if is_key(key):
            if len(self.by_key) >= MOST_BOXES:
                self.by_key = {}
            self.by_key[key] = box
        return box


class Boxes:
    """Shelves, and an index of what stands on none of them."""

    def __init__(self, shelves: Sequence[Shelf], others: Index | None) -> None:
        self.shelves, self.others = shelves, others

    def matching(self, view: View) -> list[int]:
        found = self.others.matching(view) if self.others else []
        for shelf in self.shelves:
            found += shelf.box(view).matching(view)
        return found


def divided(owned: Sequence[Owned], setting: Setting) -> Boxes | Index:
    if len(owned) <= SMALL:
        return Index(owned, setting)
    shelves = []
    left = [(one, _memberships(one[1])) for one in owned]
    while len(left) > SMALL and (field := _most_telling([wanted for _, wanted in left])):
        here = [(one, wanted[field]) for one, wanted in left if field in wanted]
        shelves.append(Shelf(field, [one for one, _ in here], [literal for _, literal in here], setting))
        left = [(one, wanted) for one, wanted in left if field not in wanted]
    others = Index([one for one, _ in left], setting) if left else None
    return Boxes(shelves, others) if shelves or others is None else others


def _most_telling(clauses: Iterable[Mapping[str, Literal]]) -> str:
    """The field whose values leave most clauses out, "" where none is worth a shelf."""
    values: dict[str, Counter[str]] = defaultdict(Counter)
    count: Counter[str] = Counter()
    for wanted in clauses:
        for field, literal in wanted.items():
            count[field] += 1
            values[field].update(str(value).casefold() for value in literal.test.values)
    left_out = {field: count[field] - _mean_box(found) for field, found in values.items()}
    worth = {field: out for field, out in left_out.items() if out > max(SMALL, count[field] * (1 - 1 / TELLING))}
    return max(worth, key=lambda field: (worth[field], field), default="")


def _mean_box(values: Counter[str]) -> float:
    """How many clauses a ticket finds in its box, if tickets are like the rules about them."""
    return sum(count * count for count in values.values()) / max(sum(values.values()), 1)


def _memberships(clause: Clause) -> dict[str, Literal]:
    """By field, the literals that a shelf can go by: membership of a field that has one value and can be looked up. A
    ticket with three labels would need a box of its own for the three.
    """
    found: dict[str, Literal] = {}
    for leaf in clause:
        if isinstance(leaf, Literal) and leaf.accepts == TRUE and family(leaf) == "is" and _has_key(leaf.test.field):
            found.setdefault(leaf.test.field, leaf)
    return found


@cache
def _has_key(field: str) -> bool:
    return field not in MANY and key_of(field, Catalogue()) is not nothing_to_remember
