"""Words and patterns: looked for in what the index leaves, one by one while few are asked, else all in one scan."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

import re2  # type: ignore[import-untyped]  # ships no types
from ahocorasick_rs import AhoCorasick

from rules.bits import mask_of, numbers_in
from rules.clauses import FALSE, TRUE, UNKNOWN, Literal
from rules.conditions import MANY, encodable, finds
from rules.language import Op
from rules.subjects import View

FEW = 4
"""Clauses asked one by one. A scan of a text of 500 characters takes as long as some 15 searches for a word."""
LONG = 8  # Words in one clause from which on it counts as many.
MEMORY = 64 << 20  # Bytes, of one set of patterns.
MOST_PATTERNS = 2_000  # In one set.


class Words:
    """The words that any clause looks for in one field, and one automaton over all of them."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(wanted))

    @staticmethod
    def key(value: Any) -> str:
        return str(value).casefold()

    @staticmethod
    def text(view: View, field: str) -> str:
        return view.prose(field)

    @staticmethod
    def holds(text: str) -> Callable[[str], bool]:
        return text.__contains__

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick([word for word in self.words if word and word == encodable(word)])

    @cached_property
    def _beyond(self) -> tuple[str, ...]:
        """Words that the automaton cannot hold, and the empty one, which is in every text."""
        return tuple(word for word in self.words if not word or word != encodable(word))

    def found(self, text: str) -> set[str]:
        try:
            found = set(self._automaton.find_matches_as_strings(text, overlapping=True))
        except UnicodeEncodeError:
            return set(filter(text.__contains__, self.words))
        found.update(filter(text.__contains__, self._beyond))
        return found


class Patterns:
    """The same for patterns, in sets of RE2. Each set holds one that always matches: a set that runs out of memory
    finds nothing, and is not believed.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self.patterns = tuple(dict.fromkeys(wanted))

    @staticmethod
    def key(value: Any) -> str:
        return str(value)

    @staticmethod
    def text(view: View, field: str) -> tuple[str, ...]:
        return tuple(encodable(str(value)) for value in view.sight(field))

    @staticmethod
    def holds(text: tuple[str, ...]) -> Callable[[str], bool]:
        return lambda wanted: any(finds(wanted, value) for value in text)

    @cached_property
    def _sets(self) -> list[tuple[Any, tuple[str, ...]]]:
        parts = range(0, len(self.patterns), MOST_PATTERNS)
        return [_compiled(self.patterns[start : start + MOST_PATTERNS]) for start in parts]

    def found(self, text: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        for patterns, wanted in self._sets:
            for value in text:
                numbers = (patterns.Match(value) or ()) if patterns else ()
                if len(wanted) in numbers:
                    found |= {wanted[number] for number in numbers if number < len(wanted)}
                else:
                    found |= {one for one in wanted if finds(one, value)}
        return found


def _compiled(wanted: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """A set of patterns, None where they are too much for one."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MEMORY
    patterns = re2.Set.SearchSet(options)
    try:
        for one in (*wanted, ""):
            patterns.Add(one)
        patterns.Compile()
    except re2.error:
        return None, wanted
    return patterns, wanted


class Search:
    """A lazy column: at most one literal of each clause, all on one field and all accepting the same outcomes."""

    def __init__(
        self, field: str, accepts: int, asked: Collection[tuple[int, Literal]], scanner: Words | Patterns
    ) -> None:
        self.field, self.scanner = field, scanner
        self.true, self.false, self.unknown = (bool(accepts & outcome) for outcome in (TRUE, FALSE, UNKNOWN))
        self.asked = mask_of(number for number, _ in asked)
        self.wanted = {number: tuple(map(scanner.key, literal.test.values)) for number, literal in asked}
        self.for_all = mask_of(number for number, literal in asked if literal.test.op is Op.ALL_OF)
        self.long = mask_of(number for number, wanted in self.wanted.items() if len(wanted) >= LONG)

    @cached_property
    def _by_word(self) -> Mapping[str, int]:
        """Of clauses that any one word satisfies."""
        numbers = defaultdict(list)
        for number, wanted in self.wanted.items():
            if not self.for_all >> number & 1:
                for word in wanted:
                    numbers[word].append(number)
        return {word: mask_of(found) for word, found in numbers.items()}

    def narrowed(self, mask: int, view: View) -> int:
        """What is left of these clauses when the search is made."""
        pending = mask & self.asked
        if not pending:
            return mask
        seen = view.sight(self.field)
        if not seen and self.field not in MANY:
            return mask if self.unknown else mask ^ pending
        text: Any = self.scanner.text(view, self.field)
        if pending & self.long or pending.bit_count() > FEW:
            return mask ^ self._failing_at_once(pending, view.kept(self.scanner, lambda _: self.scanner.found(text)))
        return mask ^ self._failing(pending, text)

    def _failing(self, pending: int, text: Any) -> int:
        failing, has = 0, self.scanner.holds(text)
        for number in numbers_in(pending):
            quantor = all if self.for_all >> number & 1 else any
            if not (self.true if quantor(map(has, self.wanted[number])) else self.false):
                failing |= 1 << number
        return failing

    def _failing_at_once(self, pending: int, found: set[str]) -> int:
        by_word = self._by_word
        hit = 0
        for word in found:
            hit |= by_word.get(word, 0)
        for number in numbers_in(pending & self.for_all):
            if found.issuperset(self.wanted[number]):
                hit |= 1 << number
        return (0 if self.true else pending & hit) | (0 if self.false else pending & ~hit)
