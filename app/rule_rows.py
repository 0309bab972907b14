"""The rules and gates in force, as rows that can be searched."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.drafts import Folder
from core.errors import Problem
from core.notes import Audience
from rules.language import Condition, Gate, Layer, Place, Rule, RuleSet
from rules.overlap import demand
from rules.why import wanted_by
from ui.desk_views import Asked, Does, Row, What

SECTION = re.compile(r"^[a-z_]+:")
Named = tuple[What, str]


@dataclass(frozen=True)
class Rows:
    """All of them: one's own in the order of the files, then the shipped. `texts`: what is searched, by row."""

    rows: tuple[Row, ...]
    texts: Mapping[Named, str] = field(default_factory=dict)

    def found(self, asked: Asked, spoke: Mapping[str, int], warned: Mapping[Named, int]) -> list[Row]:
        words = asked.text.casefold().split()
        counted = (_counted(row, spoke, warned) for row in self.rows)
        fit = [row for row in counted if _fits(row, asked) and self._says(row, words)]
        return sorted(fit, key=lambda row: -(row.spoke or 0)) if asked.order == "spoke" else fit

    def _says(self, row: Row, words: Iterable[str]) -> bool:
        text = self.texts[row.what, row.id]
        return all(word in text for word in words)

    def row(self, what: What, name: str) -> Row | None:
        return next((row for row in self.rows if (row.what, row.id) == (what, name)), None)


def _counted(row: Row, spoke: Mapping[str, int], warned: Mapping[Named, int]) -> Row:
    times = spoke.get(row.id, 0) if row.what is What.RULE else None
    return replace(row, spoke=times, warnings=warned.get((row.what, row.id), 0))


def _fits(row: Row, asked: Asked) -> bool:
    return (
        (not asked.file or asked.file in {row.file, row.pack})
        and (not asked.kind or not row.kinds or asked.kind in row.kinds)
        and (not asked.audience or asked.audience in row.audiences)
        and (not asked.moment or asked.moment in row.moments)
        and (not asked.does or asked.does in row.does)
        and (not asked.spoke or (row.spoke is not None and (row.spoke > 0) is (asked.spoke == "yes")))
        and (not asked.warnings or row.warnings > 0)
    )


def rows_of(rules: RuleSet, folder: Folder) -> Rows:
    made = [(_rule(rule, folder), _rule_text(rule)) for rule in (*rules.rules, *rules.resting)]
    made += [(_gate(gate, folder), _gate_text(gate)) for gate in rules.gates]
    made.sort(key=lambda one: (one[0].pack, one[0].file, one[0].line, one[0].id))
    texts = {(row.what, row.id): " ".join((row.id, row.title, *row.services, text)).casefold() for row, text in made}
    return Rows(tuple(row for row, _ in made), texts)


def _rule(rule: Rule, folder: Folder) -> Row:
    told = {audience: None for audience, _ in rule.messages} | dict.fromkeys(rule.cadences)
    told |= {audience: None for milestone in rule.milestones for audience in milestone.tell}
    file, pack = _home(rule.place, folder, shipped=rule.layer is Layer.PACK)
    does = (
        (Does.MESSAGE, rule.messages),
        (Does.IMPACT, rule.impact),
        (Does.CADENCE, rule.cadences),
        (Does.TIMES, rule.milestones or rule.notices is not None or rule.closing),
    )
    return Row(
        What.RULE,
        rule.id,
        rule.title,
        file,
        pack,
        rule.place.line,
        rule.layer.name.lower(),
        _equal(rule.when, "kind"),
        _equal(rule.when, "service"),
        tuple(told),
        tuple(dict.fromkeys(str(moment) for _, moment in rule.messages)),
        tuple(name for name, given in does if given),
        rule.active,
    )


def _gate(gate: Gate, folder: Folder) -> Row:
    file, pack = _home(gate.place, folder, shipped=gate.pack)
    return Row(
        What.GATE,
        gate.id,
        gate.title or gate.because,
        file,
        pack,
        gate.place.line,
        kinds=_equal(gate.when, "kind"),
        services=_equal(gate.when, "service"),
        audiences=tuple(sorted(gate.silence)) or tuple(Audience),
        does=(Does.GATE,),
    )


def _home(place: Place, folder: Folder, *, shipped: bool) -> tuple[str, str]:
    return ("", Path(place.path).name) if shipped else (folder.shown(place.path), "")


def _equal(condition: Condition, name: str) -> tuple[str, ...]:
    return tuple(sorted(demand(condition).equal.get(name, ())))


def _rule_text(rule: Rule) -> str:
    texts = [entry.template or "" for slot in rule.messages.values() for _, e in slot.all() for entry in e.all()]
    texts += [entry.template or "" for milestone in rule.milestones for entry in milestone.entry.all()]
    texts += [entry.template or "" for entry in (rule.impact.said.all() if rule.impact else ())]
    return " ".join((*texts, wanted_by(rule.when)))


def _gate_text(gate: Gate) -> str:
    return f"{gate.because} {wanted_by(gate.when)}"


# --- whose a problem is -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Borders:
    """Where the entries of each file begin. What is no rule or gate has no name here."""

    starts: Mapping[str, tuple[tuple[int, Named | None], ...]]

    def owner(self, problem: Problem) -> Named | None:
        starts = self.starts.get(problem.path, ())
        at = bisect_right(starts, problem.line, key=lambda start: start[0])
        return starts[at - 1][1] if at else None

    def count(self, problems: Iterable[Problem]) -> Counter[Named]:
        return Counter(owner for problem in problems if (owner := self.owner(problem)))


def borders_of(rules: RuleSet, folder: Folder) -> Borders:
    starts: dict[str, list[tuple[int, Named | None]]] = {}
    for place, name in _places(rules):
        starts.setdefault(place.path, []).append((place.line, name))
    for file, content in folder.contents().items():
        lines = content.decode("utf-8", "replace").split("\n")
        sections: list[tuple[int, Named | None]] = [(n, None) for n, line in enumerate(lines, 1) if SECTION.match(line)]
        starts.setdefault(str(folder.path(file)), []).extend(sections)
    return Borders({path: tuple(sorted(found, key=lambda one: one[0])) for path, found in starts.items()})


def _places(rules: RuleSet) -> Iterator[tuple[Place, Named | None]]:
    yield from ((rule.place, (What.RULE, rule.id)) for rule in (*rules.rules, *rules.resting))
    yield from ((gate.place, (What.GATE, gate.id)) for gate in rules.gates)
    for of in (rules.families, rules.tests, rules.quiet, rules.guard):
        yield from ((one.place, None) for one in of)
    yield from ((Place(*service.where), None) for service in rules.catalogue.services)
    yield from ((Place(*place.where), None) for place in rules.catalogue.locations)
