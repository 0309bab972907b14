"""One entry of a section, read: a rule, a gate, a family, a service, a location, a test."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from core.decisions import Cadence, Escalation, Level, Mode, Step, WhenMissed
from core.errors import Severity
from core.moments import MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Resolution
from rules.cadence import ALWAYS, not_slower
from rules.catalogue import Crowd, Location, Service, Spots
from rules.documents import Document, Mark, Node
from rules.grammar import Reader, shown
from rules.holidays import unknown_place
from rules.language import (
    DEFAULT,
    LAYERS,
    PLAIN,
    Condition,
    Entry,
    Family,
    Gate,
    ImpactText,
    Layer,
    Place,
    QuietHours,
    Rule,
    Slot,
    Trial,
)
from rules.pacing import doubts
from rules.samples import faults_of
from rules.schema import NONE
from rules.suggestion import did_you_mean
from rules.tells import Tell
from rules.timetable import Timetable
from rules.tongues import ENGLISH, best, unspoken
from rules.words import faults

RESOLVING = frozenset({MomentKind.RESOLVED, MomentKind.CLOSED})
RESOLUTIONS = (*Resolution, DEFAULT)
IN_TURN = {MomentKind.UPDATE_DUE: 9, MomentKind.WAITING_FOR_REQUESTER: 2}
"""How many texts a slot may have: updates without news must not repeat themselves; a question is reminded of once."""
ALMOST_NONE = frozenset({NONE, "null", "nothing", "nil", "no", "off", "n/a", "false", "-", "keine", "nichts"})
"""What people write for `none`, and never to somebody."""
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]{2})?")
UNPROMISED = (
    "agents are promised nothing, so this pace does nothing: take it out. "
    "{{ next_update.text }} in their texts is when the requester hears next."
)
SAYS = ("needs", "aliases", "name", "people_can", "workaround", "id")
"""What may be wrong of a service or a location in the sight of others."""
DOES_SOMETHING = frozenset({"messages", "cadence", "impact", "milestones", "notices", "closing"})


class File(Protocol):
    """What an entry needs of the file it stands in."""

    document: Document
    pack: bool
    head: dict[str, Any]

    def report(self, mark: Mark, message: str, severity: Severity = ...) -> None: ...
    def place(self, mark: Mark) -> Place: ...


@dataclass(frozen=True)
class Writer:
    """Turns what the schema let through into the language. None where the entry has no id to speak of."""

    file: File
    conditions: Reader
    calendars: Collection[str]
    allow: frozenset[str]
    more: tuple[Tell, ...] = ()

    def rule(self, data: Mapping[str, Any], node: Node) -> Rule | None:
        """Everything is read, and so reported, even where there is no id."""
        if data.get("active", True) and not DOES_SOMETHING & node.keys.keys():
            idle = "this rule does nothing: it has no messages, no cadence, no impact and no times of its own."
            self.file.report(node.mark, idle, Severity.WARNING)
        if data.get("layer") == "pack" and not self.file.pack:
            layers = node.get("layer") or node
            self.file.report(layers.mark, "the layer pack is for what Liaison ships; default is the lowest of yours.")
        messages = dict(self._messages(data.get("messages") or {}, node))
        times, closing = self._timetable(), (data.get("closing"), node.get("closing"))
        rule = Rule(
            id=data.get("id", ""),
            place=self.file.place(node.mark),
            title=data.get("title", ""),
            layer=Layer.PACK if self.file.pack else LAYERS[data.get("layer", "normal")],
            rank=data.get("rank", 0),
            when=self.conditions.condition(node.get("when")),
            unless=self._unless(node),
            impact=self._impact(data.get("impact"), node.get("impact")),
            messages=messages | times.question(*closing, messages),
            cadences=dict(self._cadences(data.get("cadence") or {}, node, data.get("id", ""))),
            milestones=times.milestones(data.get("milestones"), node.get("milestones")),
            notices=times.notices(data.get("notices"), node.get("notices")),
            closing=times.closing(*closing),
            mode=Mode(data.get("mode", Mode.SEND)),
            active=data.get("active", True),
            team=self.file.head.get("team", ""),
        )
        return rule if rule.id else None

    def gate(self, data: Mapping[str, Any], node: Node) -> Gate | None:
        when, unless = self._which(node, "silences every ticket"), self._unless(node)
        silence = data.get("silence") or ()
        if not data.get("id"):
            return None
        return Gate(
            id=data["id"],
            when=when,
            unless=unless,
            place=self.file.place(node.mark),
            title=data.get("title", ""),
            hold=data.get("if_unknown") == "hold",
            silence=frozenset() if "all" in silence else frozenset(map(Audience, silence)),
            sticky=data.get("sticky", False),
            because=data.get("because", ""),
            pack=self.file.pack,
        )

    def family(self, data: Mapping[str, Any], node: Node) -> Family:
        place = self.file.place(node.mark)
        return Family(
            id=data.get("id") or f"family at {place}",
            when=self._which(node, "makes every ticket follow"),
            unless=self._unless(node),
            speak=frozenset(map(MomentKind, data.get("speak") or ())),
            place=place,
            pack=self.file.pack,
        )

    def quiet(self, data: Mapping[str, Any], node: Node) -> QuietHours | None:
        when, unless = self.conditions.condition(node.get("when")), self._unless(node)
        if not data.get("tell") or not data.get("outside"):
            return None
        self._calendar(data["outside"], node.get("outside") or node)
        return QuietHours(
            tell=frozenset(map(Audience, data["tell"])),
            outside=data["outside"],
            when=when,
            unless=unless,
            place=self.file.place(node.mark),
        )

    def service(self, data: Mapping[str, Any], node: Node) -> Service | None:
        for name, crowd in (data.get("audiences") or {}).items():
            if crowd and crowd.get("hours"):
                self._calendar(crowd["hours"], node.get("audiences", name, "hours") or node, Severity.WARNING)
        if not data.get("id") or not data.get("name"):
            return None
        words = _in_languages(data, "name", "people_can", "workaround")
        return Service(
            id=data["id"],
            name=_plain(data["name"]),
            people_can=_plain(data.get("people_can", "")),
            workaround=_plain(data.get("workaround", "")),
            words=words,
            aliases={str(platform): tuple(names) for platform, names in (data.get("aliases") or {}).items()},
            needs=tuple(data.get("needs") or ()),
            audiences=tuple(Crowd(name, **(crowd or {})) for name, crowd in (data.get("audiences") or {}).items()),
            liaisons=dict(data.get("liaisons") or {}),
            key_users={place: tuple(names) for place, names in (data.get("key_users") or {}).items()},
            where=(self.file.document.path, node.mark.line, node.mark.column),
            spots=_spots(node, SAYS),
        )

    def location(self, data: Mapping[str, Any], node: Node) -> Location | None:
        hours = node.get("hours")
        if hours is not None:
            self._calendar(str(data.get("hours", "")), hours, Severity.WARNING)
        strange = unknown_place(data.get("country", ""), data.get("region", ""))
        if strange:
            self.file.report((node.get("region") or node.get("country") or node).mark, strange)
        if not data.get("id") or not data.get("name"):
            return None
        keys = ("id", "name", "timezone", "country", "region", "language", "hours")
        texts = {key: _plain(data.get(key, "")) for key in keys}
        where, words = (self.file.document.path, node.mark.line, node.mark.column), _in_languages(data, "name")
        return Location(
            **texts, aliases=tuple(data.get("aliases") or ()), where=where, words=words, spots=_spots(node, SAYS)
        )

    def trial(self, data: Mapping[str, Any], node: Node) -> Trial | None:
        if not all([self._ticket(node.get("ticket")), self._ticket(node.get("before")), self._staged(node)]):
            return None
        if not {"name", "at", "moment", "ticket"} <= data.keys():
            return None
        return Trial(
            name=data["name"],
            at=data["at"],
            moment=MomentKind(data["moment"]),
            ticket=data["ticket"],
            before=data.get("before"),
            location=data.get("location") or "",
            expect=data.get("expect") or {},
            place=self.file.place(node.mark),
            pack=self.file.pack,
            spots=_spots(node, ("location", "expect")),
        )

    def _ticket(self, node: Node | None) -> bool:
        """Whether the fields can be read; what is wrong with them is told."""
        if node is None:
            return True
        if not isinstance(node.value, dict):
            self.file.report(node.mark, f"a ticket is a mapping of fields, not {shown(node)}.")
            return False
        faults = list(faults_of(node.plain()))
        for name, fault in faults:
            self.file.report(node.keys.get(name, node.mark), fault)
        return not faults

    def _staged(self, node: Node) -> bool:
        location = node.get("location")
        if location is None or isinstance(location.value, (dict, str)):
            return True
        self.file.report(location.mark, "location is the id of a location, or a mapping with its name and timezone.")
        return False

    def _which(self, node: Node, otherwise: str) -> Condition:
        """The `when` of what may not hold for all."""
        when = node.get("when")
        if when is not None and when.value == {}:
            self.file.report(when.mark, f"an empty `when` {otherwise}; write a condition.")
        return self.conditions.condition(when)

    def _unless(self, node: Node) -> Any:
        unless = node.get("unless")
        if unless is not None and unless.value == {}:
            self.file.report(unless.mark, "an empty `unless` holds always; write a condition, or take the line out.")
        return None if unless is None else self.conditions.condition(unless)

    def _timetable(self) -> Timetable:
        return Timetable(self.file.report, self.conditions, self._entry, self._calendar)

    def _impact(self, data: Mapping[str, Any] | None, node: Node | None) -> ImpactText | None:
        if node is None or not data or not {"id", "level", "statement"} <= data.keys():
            return None
        said = self._entry(Audience.AGENTS, "impact", node.get("statement") or node)
        return ImpactText(data["id"], Level(data["level"]), said) if said else None

    def _messages(self, data: Mapping[str, Any], node: Node) -> Iterator[tuple[tuple[Audience, MomentKind], Slot]]:
        for audience, moments in data.items():
            for moment in moments or ():
                child = node.get("messages", audience, moment)
                slot = self._slot(Audience(audience), MomentKind(moment), child) if child else None
                if slot and slot.entries:
                    yield (Audience(audience), MomentKind(moment)), slot

    def _slot(self, audience: Audience, moment: MomentKind, node: Node) -> Slot:
        if isinstance(node.value, list) and moment in IN_TURN:
            return self._in_turn(audience, moment, node)
        if not isinstance(node.value, dict) or by_language(node):
            entry = self._entry(audience, moment, node)
            return Slot({PLAIN: entry} if entry else {})
        if moment not in RESOLVING:
            self.file.report(
                node.mark, f"{moment} is one text, or `none`; only resolved and closed may differ by resolution."
            )
            return Slot({})
        read = ((key, self._resolution(audience, moment, key, node)) for key in node.entries)
        return Slot({key: entry for key, entry in read if entry})

    def _in_turn(self, audience: Audience, moment: MomentKind, node: Node) -> Slot:
        """Several texts for the same moment, said one after the other."""
        if len(node.items) not in range(2, IN_TURN[moment] + 1):
            many = "two texts" if IN_TURN[moment] == 2 else f"2 to {IN_TURN[moment]} texts"  # noqa: PLR2004 - as it says
            self.file.report(node.mark, f"{moment} is one text, `none`, or a list of {many}, said in turn.")
            return Slot({})
        texts = [entry for item in node.items if (entry := self._entry(audience, moment, item))]
        for entry in texts:
            if entry.template is None:
                self.file.report(
                    Mark(entry.place.line, entry.place.column), "`none` cannot stand among texts said in turn."
                )
        said = [entry for entry in texts if entry.template is not None]
        return Slot({PLAIN: said[0]}, tuple(said[1:])) if said else Slot({})

    def _resolution(self, audience: Audience, moment: MomentKind, key: str, node: Node) -> Entry | None:
        if key not in RESOLUTIONS:
            hint = did_you_mean(key, RESOLUTIONS) or f"Choose from {', '.join(RESOLUTIONS)}."
            self.file.report(node.keys[key], f"{key!r} is not a resolution. {hint}")
            return None
        return self._entry(audience, moment, node.entries[key])

    def _entry(self, audience: Audience, moment: str, node: Node) -> Entry | None:
        """A text, or the same in several languages."""
        if not isinstance(node.value, dict) or not node.entries:
            return self._text(audience, moment, node, self.file.head.get("language", ENGLISH))
        read = [self._in_language(audience, moment, code, node) for code in node.entries]
        said = {entry.language: entry for entry in read if entry}
        if not said:
            return None
        main = said.pop(best(ENGLISH, said))
        return replace(main, others=tuple(said.values()))

    def _in_language(self, audience: Audience, moment: str, code: str, node: Node) -> Entry | None:
        if why := unspoken(code):
            self.file.report(node.keys[code], why)
            return None
        entry = self._text(audience, moment, node.entries[code], code)
        if entry and entry.template is None:
            self.file.report(node.entries[code].mark, f"{moment}: `none` is for every language; write it alone.")
            return None
        return entry

    def _text(self, audience: Audience, moment: str, node: Node, language: str) -> Entry | None:
        if node.value is None or (isinstance(node.value, str) and not node.value.strip()):
            self.file.report(node.mark, f"{moment} is empty; write `none` to say nothing on purpose.")
            return None
        if not isinstance(node.value, str):
            self.file.report(node.mark, f"{moment} is a text, or `none` to say nothing on purpose; not {shown(node)}.")
            return None
        said = node.value.strip()
        if said == NONE:
            return Entry(None, self.file.place(node.mark), language)
        if said.casefold() in ALMOST_NONE:
            self.file.report(node.mark, f"{moment}: {said!r} would be sent as it stands. Did you mean none?")
            return None
        self._template(node, audience, moment)
        return Entry(node.value, self.file.place(node.mark), language)

    def _template(self, node: Node, audience: Audience, moment: str) -> None:
        if isinstance(node.value, str):
            told: set[Mark] = set()  # the first word about a place is enough
            for fault in faults(node.value, audience, moment, self.allow, self.more):
                mark = self.file.document.place(node, fault.line, fault.column)
                if mark not in told:
                    self.file.report(mark, fault.message, fault.severity)
                told.add(mark)

    def _cadences(self, data: Mapping[str, Any], node: Node, rule: str) -> Iterator[tuple[Audience, Cadence | None]]:
        for audience, entry in data.items():
            child = node.get("cadence", audience)
            if child is None or (entry is not None and "every" not in entry):
                continue
            made = None if entry is None else self._cadence(entry, child, rule)
            if made and audience not in CUSTOMER_FACING:
                self.file.report(node.get("cadence").keys[audience], UNPROMISED, Severity.WARNING)  # type: ignore[union-attr]
            elif made:
                self._paced(made, child)
            yield Audience(audience), made

    def _paced(self, cadence: Cadence, node: Node) -> None:
        for key, doubt in doubts(cadence):
            self.file.report((node.get(key) or node).mark, f"{key}: {doubt}", Severity.WARNING)

    def _cadence(self, entry: Mapping[str, Any], node: Node, rule: str) -> Cadence:
        calendar = entry.get("calendar", ALWAYS)
        self._calendar(calendar, node.get("calendar") or node)
        return Cadence(
            rule=rule,
            every=entry["every"],
            first=entry.get("first"),
            monitoring=entry.get("monitoring"),
            stretch=self._stretch(entry, node.get("stretch"), calendar),
            calendar=calendar,
            remind=entry.get("remind"),
            remind_requester=entry.get("remind_requester"),
            when_missed=WhenMissed(entry.get("when_missed") or WhenMissed.SAY),
            escalate=tuple(
                Escalation(step["after"], step["tell"])
                for step in entry.get("escalate") or ()
                if step and {"after", "tell"} <= step.keys()
            ),
        )

    def _stretch(self, entry: Mapping[str, Any], node: Node | None, calendar: str) -> tuple[Step, ...]:
        """Steps that slow down as a ticket grows old; those that do not are told."""
        steps: list[Step] = []
        before = Step(timedelta(0), entry["every"], calendar)
        for one, child in zip(entry.get("stretch") or (), (node.items or [node]) if node else (), strict=False):
            if not isinstance(one, Mapping) or not {"after", "every"} <= one.keys():
                continue
            step = Step(one["after"], one["every"], one.get("calendar", ""))
            self._calendar(step.calendar or calendar, child.get("calendar") or child)
            for fault in not_slower(before, step, calendar):
                self.file.report(child.mark, f"stretch: {fault}")
            before = step
            steps.append(step)
        return tuple(steps)

    def _calendar(self, name: str, node: Node, severity: Severity = Severity.ERROR) -> None:
        if name not in self.calendars:
            hint = did_you_mean(name, tuple(self.calendars)) or "Define it under `calendars:`."
            self.file.report(node.mark, f"there is no calendar {name!r}. {hint}", severity)


def by_language(node: Node) -> bool:
    """Whether a mapping holds texts by language, rather than by resolution."""
    return any(LANGUAGE.fullmatch(key) for key in node.keys)


def _spots(node: Node, keys: Iterable[str]) -> Spots:
    return {path: at for key in keys if (child := node.get(key)) for path, at in child.spots(key)}


def _plain(text: Any) -> Any:
    """What is said where nothing else is known: English, or the first language there is."""
    return text[best(ENGLISH, text)] if isinstance(text, Mapping) and text else text or ""


def _in_languages(data: Mapping[str, Any], *keys: str) -> dict[str, dict[str, str]]:
    return {key: dict(data[key]) for key in keys if isinstance(data.get(key), Mapping)}
