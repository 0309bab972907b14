"""Words of the trade and what to say instead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rules.documents import Mark, Node
from rules.readability import Word
from rules.tongues import written_as

ENGLISH = "en"
APOSTROPHES = frozenset("'\u2019")
VOWELS = frozenset("aeiou")
HISSING = ("s", "x", "z", "ch", "sh")
Plain = Mapping[str, str]  # by language; "" where the word is the same in all


@dataclass(frozen=True)
class Term:
    """`word` as the glossary has it, `plain` what to say instead, `first` and `last` the numbers of its words."""

    word: str
    plain: str
    first: int
    last: int


@dataclass(frozen=True)
class Glossary:
    """`entries`: word or phrase to its plain words by language. One in capitals is found in capitals alone."""

    entries: Mapping[str, Plain]

    def terms(self, words: Sequence[Word], language: str = ENGLISH) -> Iterator[Term]:
        """What stands in a sentence, the longest first where two begin together."""
        said = tuple(_bare(word.text) for word in words)
        at = 0
        while at < len(words):
            found = self._longest(words, said, at, language) if said[at] in self._by_first else None
            if found:
                yield found
            at = found.last + 1 if found else at + 1

    def _longest(self, words: Sequence[Word], said: tuple[str, ...], at: int, language: str) -> Term | None:
        for form, entry in self._by_first[said[at]]:
            end = at + len(form)
            if said[at:end] == form and not _other_word(entry, [word.text for word in words[at:end]]):
                plain = _in(self.entries[entry], language)
                if plain:
                    return Term(entry, plain, at, at + len(form) - 1)
        return None

    @cached_property
    def _by_first(self) -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
        index: dict[str, set[tuple[tuple[str, ...], str]]] = {}
        for entry in self.entries:
            for form in forms(entry):
                index.setdefault(form[0], set()).add((form, entry))
        return {first: tuple(sorted(found, key=_nearest)) for first, found in index.items()}


def _nearest(found: tuple[tuple[str, ...], str]) -> tuple[int, bool, str]:
    """Longer phrases first, and what the glossary has to the letter before what it has in another form."""
    form, entry = found
    return -len(form), " ".join(form) != entry.casefold(), entry


def plain_words(node: Node | None, report: Callable[[Mark, str], None]) -> Iterator[tuple[str, dict[str, str], Mark]]:
    """The entries of a `glossary:` section that can be read, each with its place; the others are told."""
    if node is None or node.value is None:
        return
    if not isinstance(node.value, dict):
        report(node.mark, "glossary is a mapping from a word to the plain words to use instead.")
    for word, entry in node.entries.items():
        by_language = {key: inner.value for key, inner in entry.entries.items()} or {"": entry.value}
        if not word.strip() or any(not isinstance(text, str) or not text.strip() for text in by_language.values()):
            report(entry.mark, f"{word!r} needs plain words in their place: {word or 'latency'}: delay.")
        elif strange := [key for key in by_language if key and not written_as(key)]:
            report(entry.keys[strange[0]], f"{strange[0]!r} is no language; write en or de.")
        else:
            yield word, {key[:2]: str(text) for key, text in by_language.items()}, entry.mark


def _in(plain: Plain, language: str) -> str:
    return plain.get(language[:2]) or plain.get("", "")


def _bare(word: str) -> str:
    folded = word.casefold()
    return folded.replace("\u2019", "'").removesuffix("s").removesuffix("'") if folded[-2:-1] in APOSTROPHES else folded


def _other_word(entry: str, said: Sequence[str]) -> bool:
    """Whether the entry is in capitals and this is not: CI is no "ci", and US is not "us"."""
    return entry.isupper() and not "".join(said).rstrip("s").isupper()


def forms(entry: str) -> Iterator[tuple[str, ...]]:
    """The entry as sentences have it: its first or its last word in the plural, or as a verb has it."""
    words = entry.casefold().split()
    if not words:
        return
    yield tuple(words)
    if len(words) > 1:
        yield ("-".join(words),)
    if entry.isupper():
        yield (*words[:-1], words[-1] + "s")
        return
    for form in _inflected(words[-1]):
        yield (*words[:-1], form)
    if len(words) > 1:
        for form in _inflected(words[0]):
            yield (form, *words[1:])


def _inflected(word: str) -> Iterator[str]:
    yield word + ("es" if word.endswith(HISSING) else "s")
    if not word.isalpha():
        return
    stem = word.removesuffix("e")
    doubled = word + word[-1] if len(word) > 2 and word[-2] in VOWELS and word[-1] not in VOWELS | set("wxy") else word  # noqa: PLR2004 - a vowel between two consonants
    for end in ("ed", "ing"):
        yield stem + end
        yield doubled + end
    if word.endswith("y") and word[-2:-1] not in VOWELS:
        yield word[:-1] + "ies"
        yield word[:-1] + "ied"
