"""How a text reads: what would make it hard, hollow or unkind, each with what to write instead.

Pure and quick enough for every stroke of a key: an editor asks `remarks` about one text, `check` about all of them.
A template is read as it will be sent, through every branch of its questions; a remark points at the template.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.notes import CUSTOMER_FACING, Audience
from rules.cliches import Flaw, cliches
from rules.completeness import AFFECTED, about, missing
from rules.glossary import Glossary, Term
from rules.rarity import Everyday, Rarity
from rules.readability import Sentence, Word, grade, hardest, sentences
from rules.rehearsal import Rehearsal, rehearse
from rules.template import read

__all__ = ["MEASURES", "Flaw", "Measure", "Remark", "Style", "measure_of", "remarks"]

MANY_WORDS = {"en": 5, "de": 12}  # Below this a text has no grade worth the name.
ORDINARY_CAPITALS = frozenset(
    {"OK", "UK", "US", "EU", "TV", "PC", "PIN", "ID", "AM", "PM", "UTC", "CET", "CEST", "I", "A"}
)
CUSTOMERS_FLAWS = frozenset({Flaw.VAGUE, Flaw.EMPTY, Flaw.PASSIVE})


@dataclass(frozen=True)
class Measure:
    """What a text may be for its readers. `grade` by language; `sentence` and `longest` in words; a word less common
    than `common` (Zipf's scale) is rare; 0 asks for none.
    """

    grade: float
    german_grade: float
    sentence: int
    longest: int
    common: float
    abbreviations: int

    def most(self, language: str) -> float:
        return self.german_grade if language.startswith("de") else self.grade


FOR_CUSTOMERS = Measure(grade=8, german_grade=9, sentence=25, longest=40, common=3.0, abbreviations=2)
FOR_AGENTS = Measure(grade=12, german_grade=13, sentence=30, longest=45, common=0, abbreviations=4)
MEASURES: Mapping[Audience, Measure] = {
    audience: FOR_CUSTOMERS if audience in CUSTOMER_FACING else FOR_AGENTS for audience in Audience
}


def measure_of(audience: Audience | str) -> Measure:
    return MEASURES[Audience(audience)]


@dataclass(frozen=True)
class Style:
    """A site's own: its glossary, words that may stand, and names of the catalogue, which are never jargon."""

    glossary: Glossary = field(default_factory=lambda: Glossary({}))
    allowed: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    rarity: Rarity = field(default_factory=Everyday)

    def lets(self, words: Collection[str]) -> bool:
        """Whether a word, or a phrase of them, may stand."""
        phrase = " ".join(words).casefold()
        return phrase in self.allowed or all(self._known(word.casefold()) for word in words)

    def _known(self, word: str) -> bool:
        bare = word.removesuffix("'s").removesuffix("\u2019s")
        return not {word, bare, bare.removesuffix("s")}.isdisjoint(self.allowed | self._names)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(part.casefold() for name in self.names for part in name.replace("-", " - ").split())


@dataclass(frozen=True, order=True)
class Remark:
    """Lines and columns count from 1 in the template's text. `strong`: mend this one first."""

    line: int
    column: int
    message: str
    flaw: Flaw = Flaw.GRADE
    strong: bool = False


def remarks(
    source: str,
    audience: Audience | str,
    moment: str = "",
    *,
    style: Style,
    language: str = "en",
    paced: bool = False,
    whole: bool = True,
) -> tuple[Remark, ...]:
    """Everything to be said about the words of a template, in order, each once. Nothing for one that cannot be read.

    `paced`: the rule has a cadence for this audience, so a next word can be named. `whole`: it is a message of its
    own, and not a name or a sentence that will be put into one.
    """
    audience = Audience(audience)
    found: dict[tuple[int, int, Flaw, str], Remark] = {}
    rehearsals = rehearse(source, language)
    for rehearsal in rehearsals:
        for at, flaw, message, strong in _heard(rehearsal, audience, style, language):
            line, column = _position(source, rehearsal.place(at))
            found.setdefault((line, column, flaw, message), Remark(line, column, message, flaw, strong))
    if whole and audience in CUSTOMER_FACING:
        for remark in _missing(source, rehearsals[:1], moment, style, paced=paced):
            found.setdefault((1, 1, Flaw.MISSING, remark.message), remark)
    return tuple(sorted(_worst(found.values())))


Heard = tuple[int, Flaw, str, bool]  # place in what is heard, what it is, the sentence, whether it is bad


def _heard(rehearsal: Rehearsal, audience: Audience, style: Style, language: str) -> Iterator[Heard]:
    read_aloud = sentences(rehearsal.text)
    measure = MEASURES[audience]
    yield from _grade(read_aloud, measure, language)
    for sentence in read_aloud:
        yield from _length(sentence, measure)
        if audience in CUSTOMER_FACING:
            terms = tuple(style.glossary.terms(sentence.words, language))
            yield from _jargon(sentence, terms, rehearsal, style)
            yield from _rare(sentence, terms, rehearsal, style, measure, language)
    yield from _abbreviations(read_aloud, rehearsal, style, measure)
    yield from _phrases(rehearsal, audience, style)


def _grade(read_aloud: tuple[Sentence, ...], measure: Measure, language: str) -> Iterator[Heard]:
    if sum(len(sentence.words) for sentence in read_aloud) < MANY_WORDS.get(language[:2], MANY_WORDS["en"]):
        return
    reads = grade(read_aloud, language)
    if round(reads, 1) > measure.most(language):
        words = ", ".join(hardest(read_aloud, language))
        how = f"Shorter sentences help{f', and other words for {words}' if words else ''}."
        most = measure.most(language)
        yield 0, Flaw.GRADE, f"this reads at grade {reads:.1f}; {most:g} is the most for these readers. {how}", False


def _length(sentence: Sentence, measure: Measure) -> Iterator[Heard]:
    count = len(sentence.words)
    if count > measure.longest:
        message = f"this sentence has {count} words. Beyond {measure.longest} hardly anybody can follow; split it."
        yield sentence.start, Flaw.LONG, message, True
    elif count > measure.sentence:
        message = f"this sentence has {count} words; make two of it ({measure.sentence} are the most)."
        yield sentence.start, Flaw.LONG, message, False


def _jargon(sentence: Sentence, terms: tuple[Term, ...], rehearsal: Rehearsal, style: Style) -> Iterator[Heard]:
    for term in terms:
        said = sentence.words[term.first : term.last + 1]
        words = [word.text for word in said]
        if _own(rehearsal, said) and not style.lets(words) and term.word.casefold() not in style.allowed:
            text = " ".join(words)
            yield said[0].start, Flaw.JARGON, f"{text!r} is a word of the trade. Say {term.plain!r}.", False


def _rare(
    sentence: Sentence,
    terms: tuple[Term, ...],
    rehearsal: Rehearsal,
    style: Style,
    measure: Measure,
    language: str,
) -> Iterator[Heard]:
    known = {number for term in terms for number in range(term.first, term.last + 1)}
    for number, word in enumerate(sentence.words):
        if number in known or not _may_be_rare(word, sentence, language):
            continue
        rare = any(_uncommon(part, style, measure, language) for part in word.text.split("-"))
        if rare and _own(rehearsal, [word]) and not style.lets([word.text]):
            message = f"{word.text!r} is a rare word. Say it more simply, or list it under `allow_words:`."
            yield word.start, Flaw.RARE, message, False


def _may_be_rare(word: Word, sentence: Sentence, language: str) -> bool:
    """Numbers are not rare words, nor are names: in English what begins large inside a sentence."""
    name = word.text[:1].isupper() and word is not sentence.words[0] and not language.startswith("de")
    return not (word.is_number or name or word.text.isupper() or "." in word.text)


def _uncommon(part: str, style: Style, measure: Measure, language: str) -> bool:
    if len(part) <= 3 or not measure.common or (language.startswith("de") and part[:1].isupper()):  # noqa: PLR2004 - too short to be hard; German makes nouns as it goes
        return False
    commonness = style.rarity.commonness(part, language)
    return commonness is not None and commonness < measure.common


def _abbreviations(
    read_aloud: tuple[Sentence, ...], rehearsal: Rehearsal, style: Style, measure: Measure
) -> Iterator[Heard]:
    short = {
        word.text: word
        for sentence in reversed(read_aloud)
        for word in reversed(sentence.words)
        if word.text.rstrip("s").isupper() and len(word.text) > 1 and not word.is_number and _own(rehearsal, [word])
    }
    strange = {text: word for text, word in short.items() if text not in ORDINARY_CAPITALS and not style.lets([text])}
    if len(strange) > measure.abbreviations:
        words = ", ".join(sorted(strange))
        message = f"{len(strange)} abbreviations ({words}); {measure.abbreviations} are the most, each spelt out once."
        yield min(word.start for word in strange.values()), Flaw.ABBREVIATIONS, message, False


def _phrases(rehearsal: Rehearsal, audience: Audience, style: Style) -> Iterator[Heard]:
    for found in cliches(rehearsal.text):
        flaw = found.cliche.flaw
        if flaw in CUSTOMERS_FLAWS and audience not in CUSTOMER_FACING:
            continue
        if rehearsal.own(found.start, found.end) and found.text.casefold() not in style.allowed:
            said = " ".join(found.text.split())
            yield found.start, flaw, f"{said!r} {WHAT_IT_IS[flaw]}. {found.cliche.instead}", flaw is Flaw.BLAME


WHAT_IT_IS = {
    Flaw.VAGUE: "promises what nobody knows",
    Flaw.EMPTY: "says nothing",
    Flaw.BLAME: "puts the blame on somebody",
    Flaw.PASSIVE: "hides who does it",
    Flaw.LOUD: "shouts",
}


def _missing(source: str, first: tuple[Rehearsal, ...], moment: str, style: Style, *, paced: bool) -> Iterator[Remark]:
    """By the first way through the template: the one in which everything is there."""
    for rehearsal in first:
        used = {name.path for name in read(source).used}
        named = about(rehearsal.text, style.names)
        for part in missing(moment, rehearsal.text, used, paced=paced):
            if part is not AFFECTED or not named:
                yield Remark(1, 1, f"this does not say {part.missing}. {part.add}", Flaw.MISSING)


def _worst(found: Collection[Remark]) -> Iterator[Remark]:
    """Of several grades and lengths of one place, by different ways through the template, the highest."""
    kept: dict[tuple[int, int, Flaw], Remark] = {}
    for remark in sorted(found, key=lambda r: (r.strong, len(r.message), r.message)):
        if remark.flaw in {Flaw.GRADE, Flaw.LONG}:
            kept[remark.line, remark.column, remark.flaw] = remark
        else:
            yield remark
    yield from kept.values()


def _own(rehearsal: Rehearsal, words: Collection[Word]) -> bool:
    return any(rehearsal.own(word.start, word.start + len(word.text)) for word in words)


def _position(source: str, at: int) -> tuple[int, int]:
    before = source[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
