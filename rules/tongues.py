"""The languages Liaison speaks: which one a reader gets, and how it says dates, durations and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from rules.documents import read

ENGLISH = "en"
FILES = Path(__file__).parent / "languages"
Of = TypeVar("Of")


@dataclass(frozen=True)
class Tongue:
    """`code` as the reader has it (de-AT); `words` are those of its file, by section."""

    code: str
    words: Mapping[str, Any]

    @property
    def base(self) -> str:
        return base_of(self.code)

    def say(self, section: str, name: str) -> str:
        """`""` where the language has no words for it."""
        return str(self.words.get(section, {}).get(name, ""))

    def day(self, day: date, *, year: bool = False) -> str:
        """With the weekday: "Sunday 22 November", "Sonntag, 22. November"."""
        return _dated(day, self.say("dates", "far" if year else "near"), self._locale)

    def weekday(self, day: date) -> str:
        return _dated(day, "EEEE", self._locale)

    def duration(self, length: timedelta) -> str:
        """Exactly, to the minute: "30 minutes", "2 days", "1 hour 30 minutes"."""
        minutes = round(length.total_seconds() / 60)
        counts = ((minutes // 1440, "day"), (minutes % 1440 // 60, "hour"), (minutes % 60, "minute"))
        return " ".join(_counted(n, unit, self._locale) for n, unit in counts if n) or _counted(
            0, "minute", self._locale
        )

    def number(self, count: int) -> str:
        return format_decimal(count, locale=self._locale)

    @cached_property
    def _locale(self) -> str:
        return self.code.replace("-", "_")


@lru_cache(maxsize=4096)
def _dated(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale=locale)


@lru_cache(maxsize=4096)
def _counted(count: int, unit: str, locale: str) -> str:
    return format_unit(count, f"duration-{unit}", length="long", locale=locale)


@cache
def spoken() -> tuple[str, ...]:
    """The codes of all languages that have a file."""
    return tuple(sorted(file.stem for file in FILES.glob("*.yaml")))


@lru_cache(maxsize=256)
def tongue(code: str = ENGLISH) -> Tongue:
    """How a language speaks; English where there is no file for it."""
    written = written_as(code)
    file = base_of(written) if base_of(written) in spoken() else ENGLISH
    return Tongue(written if file == base_of(written) else ENGLISH, _words(file))


@cache
def _words(code: str) -> Mapping[str, Any]:
    file = FILES / f"{code}.yaml"
    return MappingProxyType(read(file.name, file.read_bytes()).root.plain())


def unspoken(code: str) -> str:
    """Why no text can be in this language, as a sentence; `""` where one can."""
    if base_of(written_as(code)) in spoken() and written_as(code) == code:
        return ""
    known = " or ".join(spoken())
    if not written_as(code) or written_as(code).replace("-", "").casefold() != code.replace("-", "").casefold():
        return f"{code!r} is not a language. Write {known}."
    if written_as(code) != code:
        return f"{code!r} is not how a language is written. Write {written_as(code)}."
    name = Locale.parse(code, sep="-").english_name
    return f"{code!r}: Liaison cannot say times in {name} yet. A text may be in {known}."


def base_of(code: str) -> str:
    return code.partition("-")[0]


@lru_cache(maxsize=1024)
def written_as(code: str) -> str:
    """A code as platforms and people write it (`de_DE`, `DE-at`), as `de-AT`; `""` where there is no such language.

    A country that Babel does not know with it is left away.
    """
    language, _, country = code.strip().replace("_", "-").partition("-")
    for whole in ((language, country), (language, "")) if language else ():
        try:
            found = Locale(whole[0].lower(), territory=whole[1].upper() or None)
        except (UnknownLocaleError, ValueError):
            continue
        return f"{found.language}-{found.territory}" if found.territory else found.language
    return ""


def best(wanted: str, texts: Mapping[str, Of]) -> str:
    """The language, of those there are, for a reader: theirs, then the same without its country or with another one,
    then English, then the first.
    """
    mine = written_as(wanted)
    alike = [code for code in texts if mine and base_of(code) == base_of(mine)]
    for code in (mine, base_of(mine), *alike, ENGLISH):
        if code in texts:
            return code
    return next(iter(texts))


def exactly(wanted: str, texts: Mapping[str, Of]) -> Of | None:
    """The words in that language, whatever its country; None where there are none."""
    code = best(wanted, texts) if texts else ""
    return texts[code] if code and base_of(code) == base_of(wanted) else None


def heard(wanted: str, code: str) -> str:
    """How a text in `code` is said to a reader: with their country's names and numbers, where it is their language."""
    mine = written_as(wanted)
    return mine if mine and base_of(mine) == base_of(code) else code
