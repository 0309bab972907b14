"""Some clauses, and what finds those that a ticket satisfies: columns first, then searches, then the rest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rules.bits import mask_of, numbers_in
from rules.catalogue import Catalogue
from rules.clauses import FALSE, TRUE, UNKNOWN, Clause, Either, Every, Formula, Literal, in_prose
from rules.columns import Column, bounds_fit, family, made
from rules.conditions import ORDER, tested
from rules.keys import key_of
from rules.language import Op
from rules.searches import Patterns, Search, Words
from rules.subjects import View

WORDS, PATTERNS = "words", "patterns"
Group = tuple[str, str, int, int]
"""What one column holds: a kind of test, a field, the accepted outcomes, and the how manieth of these in its clause."""
Numbered = list[tuple[int, Literal]]


@dataclass(frozen=True)
class Setting:
    """What all indexes of a rule set share: the catalogue that tickets are seen with, and one scanner for each text."""

    catalogue: Catalogue
    scanners: "Scanners"


class Index:
    """`rules` are the places of the rules that the clauses belong to."""

    def __init__(self, clauses: Sequence[tuple[int, Clause]], setting: "Setting") -> None:
        self.rules = [rule for rule, _ in clauses]
        self.full = (1 << len(clauses)) - 1
        groups, rest = grouped(clause for _, clause in clauses)
        self.columns = sorted(
            _columns(groups, self.full, setting.catalogue), key=lambda column: -column.asked.bit_count()
        )
        self.searches = _searches(groups, setting.scanners)
        self.rest = rest.masks()

    def matching(self, view: View) -> list[int]:
        """The rules whose clauses the ticket satisfies."""
        mask = self._indexed(view)
        for search in self.searches if mask else ():
            mask = search.narrowed(mask, view)
        for leaf, asking in self.rest if mask else ():
            if mask & asking and not satisfied(leaf, view):
                mask &= ~asking
        rules = self.rules
        return [rules[number] for number in numbers_in(mask)] if mask else []

    def _indexed(self, view: View) -> int:
        mask = self.full
        try:
            for column in self.columns:
                raw = column.raw(view)
                passing = column.remembered.get(raw)
                mask &= column.remember(raw, view) if passing is None else passing
                if not mask:
                    return 0
        except TypeError:  # a raw value that cannot be looked up, such as a list
            mask = self.full
            for column in self.columns:
                mask &= column.passing(view)
        return mask


def satisfied(formula: Formula, view: View) -> bool:
    match formula:
        case Literal(test, accepts):
            outcome = tested(test, view)
            return bool(accepts & (UNKNOWN if outcome is None else TRUE if outcome else FALSE))
        case Every(of):
            return all(satisfied(one, view) for one in of)
        case Either(of):
            return any(satisfied(one, view) for one in of)


@dataclass
class Rest:
    """What no column holds: each once, with the clauses that ask for it. Known by its text, for 1 equals True."""

    leaves: dict[str, Formula] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    def add(self, leaf: Formula, number: int) -> None:
        name = repr(leaf)
        self.leaves[name] = leaf
        self.numbers.setdefault(name, []).append(number)

    def masks(self) -> list[tuple[Formula, int]]:
        return [(leaf, mask_of(self.numbers[name])) for name, leaf in self.leaves.items()]


def grouped(clauses: Iterable[Clause]) -> tuple[dict[Group, Numbered], Rest]:
    """Every literal in the column that holds it, and the rest."""
    groups: dict[Group, Numbered] = defaultdict(list)
    rest = Rest()
    for number, clause in enumerate(clauses):
        taken: dict[tuple[str, str, int], int] = defaultdict(int)
        for leaf in clause:
            kind = _kind(leaf)
            if not kind or not isinstance(leaf, Literal):
                rest.add(leaf, number)
                continue
            key = (kind, leaf.test.field, leaf.accepts)
            groups[*key, taken[key]].append((number, leaf))
            taken[key] += 1
    orders = [key for key in groups if key[0] in ORDER]
    for group in (key for key in orders if not bounds_fit(one for _, one in groups[key])):
        for number, leaf in groups.pop(group):
            rest.add(leaf, number)
    return groups, rest


def _kind(leaf: Formula) -> str:
    if not isinstance(leaf, Literal):
        return ""
    if in_prose(leaf.test):
        return WORDS
    return PATTERNS if leaf.test.op is Op.MATCHES else family(leaf)


def _columns(groups: dict[Group, Numbered], full: int, catalogue: Catalogue) -> Iterable[Column]:
    for (kind, about, accepts, _), asked in groups.items():
        if kind not in {WORDS, PATTERNS}:
            column = made(kind, about, accepts, [(number, one.test) for number, one in asked], full)
            if type(column).seen is Column.seen:
                column.raw = key_of(about, catalogue)
            yield column


Scanners = Mapping[tuple[str, str], Words | Patterns]


def scanners_of(clauses: Iterable[Clause]) -> Scanners:
    """One for each field and kind of search, over all that these clauses look for."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, leaf in ((_kind(leaf), leaf) for clause in clauses for leaf in clause):
        if isinstance(leaf, Literal) and kind in {WORDS, PATTERNS}:
            key = Words.key if kind == WORDS else Patterns.key
            wanted[kind, leaf.test.field] += map(key, leaf.test.values)
    return {
        (kind, about): Words(values) if kind == WORDS else Patterns(values) for (kind, about), values in wanted.items()
    }


def _searches(groups: dict[Group, Numbered], scanners: Scanners) -> list[Search]:
    """Words first: they are found sooner."""
    return [
        Search(about, accepts, asked, scanners[kind, about])
        for (kind, about, accepts, _), asked in sorted(groups.items(), key=lambda pair: pair[0][0] != WORDS)
        if kind in {WORDS, PATTERNS}
    ]
