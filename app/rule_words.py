"""One rule or gate as people read it: when, what it says to whom, how often."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from core.decisions import Mode
from core.notes import Audience
from rules.cadence import text_of
from rules.explain import pace
from rules.language import (
    DEFAULT,
    PLAIN,
    All,
    AnyOf,
    Condition,
    Entry,
    Gate,
    Not,
    OnField,
    Op,
    Rule,
    RuleSet,
    Slot,
    Test,
)
from rules.trial import run_test
from rules.why import shown, wanted
from ui.desk_views import Piece, Said, TestSeen

HOLE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}|\{%-?\s*(.*?)\s*-?%\}|\{#.*?#\}", re.DOTALL)
MOST_TESTS = 20


def pieces(template: str) -> tuple[Piece, ...]:
    """A template as text and what is filled in."""
    found: list[Piece] = []
    at = 0
    for hole in HOLE.finditer(template):
        found.append(Piece(template[at : hole.start()]))
        filled = hole[1] or (f"% {hole[2]}" if hole[2] else "")
        found.append(Piece(name=filled))
        at = hole.end()
    found.append(Piece(template[at:]))
    return tuple(piece for piece in found if piece.text or piece.name)


def says(rule: Rule) -> Mapping[Audience, tuple[Said, ...]]:
    found: dict[Audience, list[Said]] = {}
    for (audience, moment), slot in rule.messages.items():
        found.setdefault(audience, []).extend(_slot(str(moment), slot))
    for milestone in rule.milestones:
        for audience in milestone.tell:
            found.setdefault(audience, []).extend(_entry("milestone", milestone.entry, milestone.name))
    return {audience: tuple(said) for audience, said in sorted(found.items(), key=lambda one: ORDER.index(one[0]))}


ORDER = (Audience.REQUESTER, Audience.AGENTS, Audience.BUSINESS, Audience.CUSTOMERS)


def _slot(moment: str, slot: Slot) -> Iterator[Said]:
    for resolution, entry in slot.entries.items():
        when = {PLAIN: "", DEFAULT: "otherwise"}.get(resolution, resolution)
        yield from _entry(moment, entry, when)
    for number, entry in enumerate(slot.later, 2):
        yield from _entry(moment, entry, f"time {number}")


def _entry(moment: str, entry: Entry, when: str) -> Iterator[Said]:
    first, *others = (
        Said(moment, pieces(one.template.strip()) if one.template else (), when, one.language) for one in entry.all()
    )
    yield replace(first, others=tuple(others))


def sentences(rule: Rule) -> Iterator[tuple[Piece, ...]]:
    """All that it does beside its messages."""
    yield from map(pieces, _sentences(rule))


def _sentences(rule: Rule) -> Iterator[str]:
    if rule.impact:
        yield f"For the business this means ({rule.impact.level}): {(rule.impact.said.template or '').strip()}"
    for audience, cadence in rule.cadences.items():
        if cadence is None:
            yield f"It promises nothing to {audience}, on purpose."
            continue
        yield f"The {audience} hears {pace(cadence)}."
        if cadence.remind:
            yield f"Agents are reminded {text_of(cadence.remind)} before."
        for step in cadence.escalate:
            yield f"{text_of(step.after).capitalize()} after a missed promise it tells {step.tell}."
    for notice in rule.notices or ():
        yield f"It gives notice {text_of(notice.before)} before the planned start."
    if rule.closing and rule.closing.after:
        yield f"It asks whether all is well, {text_of(rule.closing.after)} after the end."
    if rule.mode is Mode.DRAFT:
        yield "An agent approves its messages before they go out."


def gate_sentences(gate: Gate) -> Iterator[tuple[Piece, ...]]:
    yield from ((Piece(text),) for text in _gate_sentences(gate))


def _gate_sentences(gate: Gate) -> Iterator[str]:
    silent = "Nobody" if gate.silences_all else "No " + " and no ".join(sorted(gate.silence))
    yield f"{silent} hears anything about such a ticket."
    if gate.hold:
        yield "A field that cannot be read counts as if it held: closed when in doubt."
    if gate.sticky:
        yield "Once closed it stays closed, until a named person lifts it."
    if gate.because:
        yield f"Because: {gate.because}"


def conditions(condition: Condition | None) -> tuple[str, ...]:
    """Each in words; all must hold."""
    match condition:
        case None:
            return ()
        case All(of):
            return tuple(text for one in of for text in conditions(one))
        case _:
            return (in_words(condition),)


def in_words(condition: Condition) -> str:
    match condition:
        case Test():
            return _test(condition)
        case All(of) | OnField(of):
            return " and ".join(map(in_words, of)) or "always"
        case AnyOf(of):
            return "either " + ", or ".join(map(in_words, of))
        case Not(one):
            return f"not: {in_words(one)}"


def _test(test: Test) -> str:
    name = "title or description" if test.field == "text" else test.field.replace("_", " ")
    values = " or ".join(map(shown, test.values))
    match test.op:
        case Op.IS if test.field != "text":
            return f"{name} is {values}"
        case Op.IS | Op.ANY_OF:
            return f"{name} holds {values}"
        case Op.PRESENT:
            return f"{name} is {wanted(test)}"
        case Op.WITHIN:
            return f"the time is within {values}"
        case _:
            return f"{name}: {wanted(test)}"


def tried(name: str, rules: RuleSet, *, packs: bool) -> Iterator[TestSeen]:
    """The tests that speak of a rule, run now. Those of a shipped one hold for the packs alone: `rules` are these."""
    about = [trial for trial in rules.tests if trial.pack is packs and name in _named(trial.expect)]
    for trial in about[:MOST_TESTS]:
        yield TestSeen(trial.name, trial.place.path, trial.place.line, run_test(rules, trial).failures)


def _named(expect: Mapping[str, object]) -> set[str]:
    wanted_rules, winners = expect.get("rules") or (), expect.get("winner") or {}
    assert isinstance(wanted_rules, (list, tuple))
    assert isinstance(winners, Mapping)
    return {*map(str, wanted_rules), *map(str, winners.values())}
