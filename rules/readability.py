"""Sentences, words and the school year a reader needs for them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.syllables import syllables

WORD = re.compile(r"[^\W_]+(?:['\u2019.,:-][^\W_]+)*")
# A sentence ends at its full stop where a large letter, a digit or nothing follows; at an empty line; before a list.
END = re.compile(r"[.!?…]+[\"'\u201d\u2019)]*(?=\s+[^\sa-zäöüß]|\s*$)|:?\n(?=\s*\n|\s*(?:[-*•]|\d+[.)])\s)")
DIGIT = re.compile(r"\d")
LONG_SYLLABLES = 3
LONG_LETTERS = 6


@dataclass(frozen=True)
class Word:
    """`start` is its place in the text."""

    text: str
    start: int
    is_number: bool = False


@dataclass(frozen=True)
class Sentence:
    text: str
    start: int
    words: tuple[Word, ...]


def sentences(text: str) -> tuple[Sentence, ...]:
    """Those with at least one word in them."""
    ends = [match.end() for match in END.finditer(text)]
    found = [_sentence(text, start, end) for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return tuple(sentence for sentence in found if sentence.words)


def _sentence(text: str, start: int, end: int) -> Sentence:
    words = tuple(
        Word(match.group(), match.start(), DIGIT.search(match.group()) is not None)
        for match in WORD.finditer(text, start, end)
    )
    return Sentence(text[start:end].strip(), words[0].start if words else start, words)


def grade(read: Sequence[Sentence], language: str = "en") -> float:
    """The school year by Flesch and Kincaid, for German by the first Wiener Sachtextformel; 0 for no words.

    Numbers and times count as words of one syllable.
    """
    words = [word for sentence in read for word in sentence.words]
    if not words:
        return 0.0
    return (_wiener if language.startswith("de") else _flesch_kincaid)(words, len(read))


def _flesch_kincaid(words: Sequence[Word], count: int) -> float:
    return max(0.0, 0.39 * len(words) / count + 11.8 * sum(_spoken(words, "en")) / len(words) - 15.59)


def _wiener(words: Sequence[Word], count: int) -> float:
    """R. Bamberger and E. Vanecek, 1984: long words, sentence length, letters, words of one syllable."""
    spoken = _spoken(words, "de")
    share = 100 / len(words)
    long_words = share * sum(n >= LONG_SYLLABLES for n in spoken)
    long_letters = share * sum(len(word.text) > LONG_LETTERS for word in words)
    short_words = share * sum(n == 1 for n in spoken)
    return max(
        0.0,
        0.1935 * long_words + 0.1672 * len(words) / count + 0.1297 * long_letters - 0.0327 * short_words - 0.875,
    )


def _spoken(words: Iterable[Word], language: str) -> list[int]:
    return [1 if word.is_number else syllables(word.text, language) for word in words]


def hardest(read: Iterable[Sentence], language: str = "en", most: int = 3) -> tuple[str, ...]:
    """The words with the most syllables, three at least, each once."""
    words = {w.text.lower(): w for sentence in read for w in sentence.words if not w.is_number}
    counted = sorted(((syllables(w, language), w) for w in words), key=lambda pair: (-pair[0], pair[1]))
    return tuple(word for count, word in counted if count >= LONG_SYLLABLES)[:most]
