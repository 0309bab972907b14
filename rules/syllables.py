"""How many syllables a word has: what a reading grade rests on.

A hyphenation dictionary alone counts *again, open, about, city* as one, since no line may break there. Here vowels
are counted, less those that are silent, and more where two in a row are spoken apart. How well that does, beside the
dictionary, stands in docs/wording.md and is held by tests over words counted by hand.
"""

import re
from functools import lru_cache

from rules.spelling import AS_COUNTED

NO_LETTER = re.compile(r"[^a-zäöüß]")
CONTRACTED = re.compile(r"n['\u2019]t$")
TWO_WITH_NOT = frozenset({"did", "does", "is", "was", "has", "had", "have", "could", "would", "should", "need"})
GROUP = re.compile(r"[aeiouy]+")
# Silent letters, taken out before the vowels are counted.
FIRST_OF_TWO = re.compile(
    r"^(some|there|where|here(?=by)|home|life|time|base|safe|fire|ware|whole|store|note|side|line|name|file|share|phone"
    r"|price|page|place|trade|code|state|stake|one|make|care|like|use|wire|type|force|house|size|false|more|else|horse)"
    r"(?=[^aeiouy]+[aeiouy])"
)
SILENT = (
    (re.compile(r"^([^aeiouy]*)y(?=[aeiou])"), r"\1j"),  # yes, yet
    (re.compile(r"(?<=[aeiou])y(?=[aeiou])"), "j"),  # beyond, layer
    (re.compile(r"(?<=[aeiouy][^aeiouyl])e(?=(ly|ments?|ful|fully|less|ness|ty|lessly)$)"), ""),  # safely, safety
    (re.compile(r"(?<=[bcdfgkpstz])(le)d$"), r"\1"),  # settled: le is spoken
    (re.compile(r"(?<=[^aeiouytd])ed$"), "d"),  # worked
    (re.compile(r"(?<=[aeiouy])ed$"), "d"),  # replied, agreed
    (re.compile(r"(?<=[bcdfgkpstz]l)es$"), "e"),  # tables
    (re.compile(r"(?<=[^aeiouyscgxz])(?<!sh)(?<!ch)es$"), "s"),  # stores
    (re.compile(r"(?<=[aeiouy])(?<![aeiou]y)es$"), "s"),  # tries
    (re.compile(r"(?<=[^aeiouyl])e$"), ""),  # store
    (re.compile(r"(?<=[aeiouyrlw]l)e$"), ""),  # file
    (re.compile(r"qu(?=[aeiouy])"), "qw"),
    (re.compile(r"gu(?=[aeiy])"), "gw"),
)
# Two vowels in a row that are spoken apart.
APART = (
    r"(?<![ctgs])ia(?!ge)|(?<=ss)ia(?=te)|(?<=[ct])ia(?=t)",
    r"(?<![ctsxg])io|^lio",
    r"iu",
    r"(?<![ct])ie(?=nt|nce)|(?<=[dw])ie(?=t)|ie(?=ty|ties)|(?<=[rslnpv])ie(?=rs?$|st$)",
    r"eo(?!us$)",
    r"^rea(?=ct|lis|liz|lit|ss|rr|pp)|crea(?=t)|(?<=[aeiouy][dr])eas?$|(?<=ine)a(?=r$)",
    r"(?<![qg])ua",
    r"(?<![qg])ue(?=nc|nt|l$|ls$)",
    r"[aeou]ing|i(?=ing)",
    r"(?<!q)uo|ao|eum$|oe(?=m|t)|^coo(?=p|rd)|uity|uitou",
    r"(?<=[^aeiou])y(?=[aeiou])",
    r"(?<=[st])hms?$|sms?$",
)
SPOKEN_APART = tuple(re.compile(pattern) for pattern in APART)
GERMAN = re.compile(r"ie|ei|ai|au|eu|äu|aa|ee|oo|oi|[aeiouyäöü]")


def syllables(word: str, language: str = "en") -> int:
    """At least 1. A word with hyphens counts its parts; digits and signs count nothing."""
    parts = re.split(r"[-/ ]", word.lower())
    count = _german if language.startswith("de") else _english
    return max(1, sum(count(part) for part in parts if NO_LETTER.sub("", part)))


@lru_cache(maxsize=16384)
def _english(word: str) -> int:
    contracted = CONTRACTED.search(word)
    whole = word[: contracted.start()] if contracted else re.sub(r"['\u2019](s|re|ve|ll|d|m)?$", "", word)
    stem = NO_LETTER.sub("", whole)
    more = int(bool(contracted) and stem in TWO_WITH_NOT)
    return more + (_known(stem) or _counted(stem))


def _known(stem: str) -> int:
    """0 where the word is not among those that go against the rules."""
    if stem in AS_COUNTED:
        return AS_COUNTED[stem]
    return AS_COUNTED.get(stem.removesuffix("s"), 0) if not stem.endswith(("ces", "ges", "ses", "zes")) else 0


def _counted(stem: str) -> int:
    first = FIRST_OF_TWO.match(stem)
    if first:
        rest = stem[first.end() :]
        return (_known(first.group()) or _counted(first.group())) + (_known(rest) or _counted(rest))
    spoken = stem
    for silent, instead in SILENT:
        spoken = silent.sub(instead, spoken)
    apart = sum(len(pattern.findall(stem)) for pattern in SPOKEN_APART)
    return max(1, len(GROUP.findall(spoken)) + apart)


@lru_cache(maxsize=16384)
def _german(word: str) -> int:
    return max(1, len(GERMAN.findall(word)))
