"""Documents to one rule set: lists and calendars of all files first, then everything that refers to them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from core.errors import Problem, Severity
from core.moments import MomentKind
from rules import entries
from rules.budgets import budget_from, mark_of
from rules.cadence import ALWAYS
from rules.calendars import Calendar, calendar_from
from rules.catalogue import Catalogue, Location, Service
from rules.documents import Document, Mark, Node, Scalar
from rules.fences import fence
from rules.glossary import plain_words
from rules.grammar import Reader
from rules.language import Budget, Family, Fence, Gate, Place, QuietHours, Rule, RuleSet, Trial
from rules.mistakes import Problems
from rules.phrases import Phrase, phrase_from
from rules.schema import (
    CalendarShape,
    FamilyShape,
    FenceShape,
    FileShape,
    GateShape,
    LocationShape,
    QuietShape,
    RuleShape,
    ServiceShape,
    Shape,
    TrialShape,
)
from rules.schema import loaded as shaped
from rules.strength import precedence
from rules.tongues import ENGLISH

Made = TypeVar("Made")


@dataclass
class File:
    """One document while it is read."""

    document: Document
    pack: bool
    problems: Problems
    head: dict[str, Any] = field(default_factory=dict)

    def report(self, mark: Mark, message: str, severity: Severity = Severity.ERROR) -> None:
        self.problems.add(Problem(self.document.path, mark.line, mark.column, message, severity))

    def place(self, mark: Mark) -> Place:
        return Place(self.document.path, mark.line, mark.column)

    def section(self, name: str) -> Iterator[Node]:
        """The entries of a section that is a list."""
        node = self.document.root.get(name)
        if node is None or node.value is None:
            return
        if not isinstance(node.value, list):
            self.report(node.mark, f"{name} is a list: each entry starts with '- '.")
        yield from node.items

    def table(self, name: str) -> Iterator[tuple[str, Node]]:
        """The entries of a section that is a mapping, those with good names."""
        node = self.document.root.get(name)
        if node is not None:
            yield from ((key, node.entries[key]) for key in self.head.get(name) or {} if key in node.entries)

    def made(
        self, name: str, shape: type[Shape], make: Callable[[dict[str, Any], Node], Made | None]
    ) -> Iterator[tuple[Made, Place]]:
        """Every entry of a section that could be read, with its place; no more after too many errors."""
        for node in self.section(name):
            if self.problems.too_many(self.place(node.mark)):
                return
            made = make(shaped(shape, node, self.report), node)
            if made is not None:
                yield made, self.place(node.mark)


class Assembly:
    """Reads in two passes over the files, whose order never matters."""

    def __init__(self, documents: Iterable[tuple[Document, bool]], problems: Problems) -> None:
        self.files = [File(document, pack, problems) for document, pack in documents]
        self.lists: dict[str, tuple[Scalar, ...]] = {}
        self.calendars: dict[str, Calendar] = {}
        self.settle: dict[MomentKind, timedelta] = {}
        self.phrases: dict[str, Phrase] = {}
        self.glossary: dict[str, dict[str, str]] = {}
        self.guard: tuple[Fence, ...] = ()
        self.catalogue = Catalogue()
        self.seen: dict[tuple[str, str], tuple[Place, bool]] = {}

    def rule_set(self, content_hash: str) -> RuleSet:
        self.files.sort(key=lambda file: (file.pack, file.document.path))  # so that an admin's entry comes first
        for file in self.files:
            self._head(file)
        for file in self.files:
            self._shared(file)
            self._glossary(file)
        self.guard = tuple(sorted(self._all("guard", self._fences), key=lambda one: one.id))
        self.catalogue = Catalogue(
            tuple(self._all("services", self._services)), tuple(self._all("locations", self._places))
        )
        rules = sorted(self._all("rules", self._rules), key=precedence)
        return RuleSet(
            hash=content_hash,
            rules=tuple(rule for rule in rules if rule.active),
            resting=tuple(rule for rule in rules if not rule.active),
            gates=tuple(sorted(self._all("gates", self._gates), key=lambda gate: gate.id)),
            families=tuple(sorted(self._all("families", self._families), key=lambda family: (family.pack, family.id))),
            settle=self.settle,
            quiet=tuple(self._all("quiet", self._quiet)),
            budget=next(iter([*self._all("budget", self._budget)]), None),
            phrases=self.phrases,
            catalogue=self.catalogue,
            calendars=self.calendars,
            allow=frozenset(entry for file in self.files for entry in file.head.get("allow") or ()),
            allow_words=frozenset(w.casefold() for file in self.files for w in file.head.get("allow_words") or ()),
            glossary=self.glossary,
            guard=self.guard,
            tests=tuple(self._all("tests", self._tests)),
        )

    def _all(self, what: str, read: "Callable[[File], Iterator[tuple[Made, Place]]]") -> Iterator[Made]:
        """Every entry of all files, each id once."""
        for file in self.files:
            for made, place in read(file):
                if self._first(what, str(getattr(made, "id", f"{place}:{place.column}")), file, place):
                    yield made

    def _first(self, what: str, name: str, file: File, place: Place) -> bool:
        """Whether this is the first of its name. An admin may replace what a pack ships; all else is an error."""
        before = self.seen.setdefault((what, name), (place, file.pack))
        if before[0] == place:
            return True
        if before[1] == file.pack:
            message = f"{what}: {name!r} is already defined at {before[0]}; give one of them another name."
            file.report(Mark(place.line, place.column), message)
        return False

    def _head(self, file: File) -> None:
        root = file.document.root
        if root.value is None:
            file.report(Mark(1, 1), "the file is empty.", Severity.WARNING)
            return
        file.head = shaped(FileShape, root, file.report)

    def _shared(self, file: File) -> None:
        for name, node in file.table("lists"):
            if self._first("lists", name, file, file.place(node.mark)):
                self.lists[name] = self._list(file, name, node)
        for name, node in file.table("calendars"):
            if self._first("calendars", name, file, file.place(node.mark)):
                self._calendar(file, name, node)
        for name, node in file.table("settle"):
            if self._first("settle", name, file, file.place(node.mark)):
                self.settle[MomentKind(name)] = file.head["settle"][name]
        for name, node in file.table("phrases"):
            phrase = phrase_from(name, node, file.report, file.head.get("language", ENGLISH))
            if phrase and self._first("phrases", name, file, file.place(node.mark)):
                self.phrases[name] = phrase

    def _glossary(self, file: File) -> None:
        for word, plain, place in plain_words(file.document.root.get("glossary"), file.report):
            if self._first("glossary", word.casefold(), file, file.place(place)):
                self.glossary[word] = plain

    @staticmethod
    def _list(file: File, name: str, node: Node) -> tuple[Scalar, ...]:
        good = [item for item in node.items if not isinstance(item.value, (dict, list)) and item.value is not None]
        if not good or len(good) != len(node.items):
            file.report(
                node.mark, f"the list {name!r} holds plain values, at least one: [card-gateway, pos-terminals]."
            )
        for item in good:
            if item.raw.startswith("@"):
                file.report(item.mark, f"{item.raw!r} is a list, and a list holds no other; write its values out.")
        return tuple(item.value for item in good if not isinstance(item.value, (dict, list)))

    def _calendar(self, file: File, name: str, node: Node) -> None:
        self.calendars[name] = Calendar()
        entry = shaped(CalendarShape, node, file.report)
        if name == ALWAYS:
            file.report(node.mark, "'always' is built in and cannot be defined.")
        read = {}
        for key, value in entry.items():
            try:
                calendar_from({key: value})
                read[key] = value
            except ValueError as error:
                file.report((node.get(key) or node).mark, f"calendar {name!r}: {error}")
        self.calendars[name] = calendar_from(read)
        if not self.calendars[name].ever_opens:
            closed = f"calendar {name!r} never opens: none of its dates is one of its days, or all are holidays."
            file.report((node.get("dates") or node).mark, closed, Severity.WARNING)

    def _writer(self, file: File) -> entries.Writer:
        reader = Reader(file.report, self.lists, self.calendars, self.catalogue)
        allow = frozenset(entry for other in self.files for entry in other.head.get("allow") or ())
        more = () if file.pack else tuple(one.tell for one in self.guard)
        return entries.Writer(file, reader, {*self.calendars, ALWAYS}, allow, more)

    def _rules(self, file: File) -> Iterator[tuple[Rule, Place]]:
        return file.made("rules", RuleShape, self._writer(file).rule)

    def _gates(self, file: File) -> Iterator[tuple[Gate, Place]]:
        return file.made("gates", GateShape, self._writer(file).gate)

    def _fences(self, file: File) -> Iterator[tuple[Fence, Place]]:
        def made(data: dict[str, Any], node: Node) -> Fence | None:
            return fence(data, node, file.place(node.mark), file.report)

        return file.made("guard", FenceShape, made)

    def _families(self, file: File) -> Iterator[tuple[Family, Place]]:
        return file.made("families", FamilyShape, self._writer(file).family)

    def _quiet(self, file: File) -> Iterator[tuple[QuietHours, Place]]:
        return file.made("quiet", QuietShape, self._writer(file).quiet)

    def _budget(self, file: File) -> Iterator[tuple[Budget, Place]]:
        node = file.document.root.get("budget")
        if node is None or node.value is None:
            return
        place = file.place(mark_of(node))
        made = budget_from(node, Reader(file.report, self.lists, self.calendars, self.catalogue), place, file.report)
        if made:
            yield made, place

    def _services(self, file: File) -> Iterator[tuple[Service, Place]]:
        return file.made("services", ServiceShape, self._writer(file).service)

    def _places(self, file: File) -> Iterator[tuple[Location, Place]]:
        return file.made("locations", LocationShape, self._writer(file).location)

    def _tests(self, file: File) -> Iterator[tuple[Trial, Place]]:
        writer, names = self._writer(file), dict[str, Place]()

        def made(data: dict[str, Any], node: Node) -> Trial | None:
            name, mark = data.get("name"), (node.get("name") or node).mark
            before = names.setdefault(name, file.place(mark)) if name else None
            if before and before != file.place(mark):
                file.report(
                    mark, f"the test at {before} has the same name; give one of them another.", Severity.WARNING
                )
            return writer.trial(data, node)

        return file.made("tests", TrialShape, made)
