"""The leak guard: what must never reach a customer, whoever wrote it and however it is spelt."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import re2  # type: ignore[import-untyped]  # ships no types

from rules.tells import TELLS, Tell

MEMORY = 256 << 20  # Bytes; an RE2 set that runs out of memory finds nothing and says nothing.
# Letters of other alphabets that look like Latin ones, and other people's full stops. NFKC leaves them alone.
LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0410\u0412\u0415\u041a\u041c"
    "\u041d\u041e\u0420\u0421\u0422\u0425\u03bf\u03b1\u03bd\u03c1\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a7\u3002\u00b7\u2044\u2215\u2236\ua789\u2010\u2011\u2012\u2212"
    "\u2022\u2027\u2219\u22c5\u30fb\u02d9\u02d0\u0589\u05c3\u2216\u29f5\u2571\u29f8"
    "\u0261\u0251\u0131\u0578\u057d\u0585\u0142\u00f8\u0111",
    "aeopcyxijshdqwABEKMHOPCTXoavpABEZHIKMNOPTX..//::----......:::\\\\//gainuolod",
)


@dataclass(frozen=True)
class Leak:
    """`kind` reads after "holds" ("a host name"); `text` is the offending piece, `start` and `end` its place in the
    normalised text (within its two lines, where a line break had cut it).
    """

    kind: str
    text: str
    start: int = 0
    end: int = 0


def leaks(text: str, allow: Collection[str] = (), more: tuple[Tell, ...] = ()) -> tuple[Leak, ...]:
    """Everything in `text` that looks like the inside of IT, in order. `allow`: exact strings an admin has approved;
    a find is let pass only where it lies wholly inside one. `more`: what an admin forbids besides.
    """
    flat = normal(text)
    allowed = [normal(entry).casefold() for entry in allow if entry.strip()]
    found: set[Leak] = set()
    for view in dict.fromkeys((flat, bare(flat))):
        found |= _in_view(view, TELLS, allowed)
    for view in dict.fromkeys((flat, bare(flat), unicodedata.normalize("NFC", text)) if more else ()):
        found |= _in_view(view, more, allowed)
    return tuple(sorted(found, key=lambda leak: (leak.start, -leak.end, leak.kind)))


def stops(text: str, tell: Tell) -> bool:
    """Whether this tell alone finds something."""
    return any(leak.kind == tell.kind for leak in leaks(text, more=(tell,)))


def _in_view(view: str, tells: tuple[Tell, ...], allowed: Collection[str]) -> set[Leak]:
    found = {leak for leak in _found(view, tells) if not _within(view, leak, allowed)}
    for joined in _joined(view):
        found |= {leak for leak in _found(joined, tells, joined=True) if not _within(joined, leak, allowed)}
    return found


def normal(text: str) -> str:
    """What the eye sees: compatibility forms folded, invisible characters gone, look-alike letters and the digits of
    other scripts Latin.
    """
    seen = text if text.isascii() else _unmasked(text)
    if "[" not in seen and "(" not in seen:
        return seen
    return DISGUISED.sub(lambda match: DISGUISES[match.group().strip(" []()").lower()], seen)


def _unmasked(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(LOOKALIKES)
    return "".join(_digit(c) for c in folded if unicodedata.category(c) not in UNSEEN and c not in FILLERS)


def bare(flat: str) -> str:
    """Without the marks on letters: wéb01 is web01, and every word of ours is read once more as plain letters."""
    if flat.isascii():
        return flat
    return "".join(c for c in unicodedata.normalize("NFKD", flat) if unicodedata.category(c) not in UNSEEN)


def _digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))


DISGUISES = {".": ".", "dot": ".", "punkt": ".", "@": "@", "at": "@", ":": ":"}
DISGUISED = re.compile(r" ?\[ ?(?:\.|dot|punkt|@|at|:) ?\] ?| ?\( ?(?:\.|dot|punkt|@|at) ?\) ?", re.IGNORECASE)
UNSEEN = frozenset({"Cf", "Mn", "Me", "Cs", "Co"})
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5")


def _joined(flat: str) -> Iterator[str]:
    """The text with its line breaks taken out: all of them, and each alone, since the next line may be innocent."""
    lines = flat.splitlines()
    if len(lines) > 1:
        yield "".join(lines)
        yield from (one + two for one, two in pairwise(lines))


def _found(text: str, tells: tuple[Tell, ...], *, joined: bool = False) -> Iterator[Leak]:
    together, patterns = _own() if tells is TELLS else _compiled(tells)
    for number in together.Match(text) or ():
        tell, pattern = tells[number], patterns[number]
        if joined and not tell.joined:
            continue
        group = 1 if pattern.groups and tells is TELLS else 0
        for match in pattern.finditer(text):
            if match.group(group) and (tell.sure is None or tell.sure(match.group(group))):
                yield Leak(tell.kind, match.group(group), *match.span(group))


def _within(text: str, leak: Leak, allowed: Collection[str]) -> bool:
    """Whether the find lies inside an allowed string that stands there."""
    folded = text.casefold()
    if len(folded) != len(text):  # Casefolding ß makes two letters of one, and places shift: compare by the find alone.
        return leak.text.casefold() in allowed
    for entry in allowed:
        at = folded.find(entry)
        while at >= 0:
            if at <= leak.start and leak.end <= at + len(entry):
                return True
            at = folded.find(entry, at + 1)
    return False


@cache
def _own() -> tuple[Any, tuple[Any, ...]]:
    return _compiled(TELLS)


@lru_cache(maxsize=64)
def _compiled(tells: tuple[Tell, ...]) -> tuple[Any, tuple[Any, ...]]:
    """All patterns as one set, which says which of them are worth a look, and each alone."""
    options = re2.Options()
    options.max_mem = MEMORY
    together = re2.Set.SearchSet(options)
    for tell in tells:
        together.Add(tell.pattern)
    together.Compile()
    return together, tuple(re2.compile(tell.pattern) for tell in tells)
