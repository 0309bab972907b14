"""How common a word is, behind an interface: the wording check asks, whoever knows answers."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol

UNKNOWN = 0.0
ENDINGS = ("'s", "\u2019s", "s", "es", "ed", "d", "ing", "ly", "er", "n", "en", "e")
SHORTEST = 4


class Rarity(Protocol):
    def commonness(self, word: str, language: str) -> float | None:
        """Zipf's scale: 3 is once in a million words, 7 is "the"; 0 is never met. None: nothing is known of the
        language.
        """
        ...


class Everyday:
    """By wordfreq's small lists: words met at least once in a million, some 30,000 a language, 3 MB of memory."""

    def commonness(self, word: str, language: str) -> float | None:
        known = _words(language[:2])
        if known is None:
            return None
        small = word.casefold().replace("\u2019", "'")
        if small in known:
            return known[small]
        stems = (small.removesuffix(end) for end in ENDINGS if small.endswith(end))
        return max((known.get(stem, UNKNOWN) for stem in stems if len(stem) >= SHORTEST), default=UNKNOWN)


@cache
def _words(language: str) -> Mapping[str, float] | None:
    """None for languages of which there is no list."""
    wordfreq: Any = import_module("wordfreq")  # a third of the start, and only who checks words needs it
    if language not in wordfreq.available_languages("small"):
        return None
    found = wordfreq.get_frequency_dict(language, "small")
    return {word: wordfreq.freq_to_zipf(frequency) for word, frequency in found.items()}
