"""Milestones, notices and the closing of a rule, read."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from core.moments import MomentKind
from core.notes import CUSTOMER_FACING, Audience
from rules.cadence import ALWAYS
from rules.documents import Mark, Node
from rules.grammar import Reader
from rules.language import EVERYTHING, PLAIN, Closing, Entry, Milestone, Notice, Slot

TRIGGERS = ("on", "after", "before")
Slots = dict[tuple[Audience, MomentKind], Slot]
ASKED = (Audience.REQUESTER,)
"""Whom a closing asks where it does not say."""


@dataclass(frozen=True)
class Timetable:
    """`entry` reads a text of a slot, `calendar` tells of a calendar that nobody defined."""

    report: Callable[[Mark, str], None]
    conditions: Reader
    entry: Callable[[Audience, MomentKind, Node], Entry | None]
    calendar: Callable[[str, Node], None]

    def milestones(self, data: Any, node: Node | None) -> tuple[Milestone, ...]:
        """Those that could be read; everything wrong with the others is told."""
        found = [self._milestone(one, child) for one, child in _zipped(data, node)]
        return tuple(_distinct([milestone for milestone in found if milestone]))

    def _milestone(self, data: Mapping[str, Any], node: Node) -> Milestone | None:
        triggers = [key for key in TRIGGERS if key in node.keys]
        if len(triggers) != 1:
            self.report(node.mark, "a milestone has one of `on`, `after` and `before`, which says when it comes.")
        read = {key: self.conditions.condition(node.get(key)) for key in ("on", "when", "unless") if key in node.keys}
        if (reached := node.get("on")) and reached.value == {}:
            self.report(reached.mark, "an empty `on` is never reached; write a condition.")
        calendar = self._calendar(data, node)
        tell = tuple(map(Audience, data.get("tell") or ()))
        entry = self._said(tell, node.get("say"))
        if len(triggers) != 1 or entry is None or triggers[0] not in {*data, *read}:
            return None
        of, lead = data.get("before") or ("", None)
        since, length = data.get("after") or ("", None)
        return Milestone(
            name=_name(triggers[0], data, node),
            tell=tell,
            entry=entry,
            on=read.get("on"),
            after=length,
            before=lead,
            of=of or since,
            when=read.get("when", EVERYTHING),
            unless=read.get("unless"),
            calendar=calendar,
        )

    def _said(self, tell: tuple[Audience, ...], node: Node | None) -> Entry | None:
        """One text, held to the measure of everybody who reads it."""
        read = [self.entry(audience, MomentKind.MILESTONE, node) for audience in tell] if node else []
        return read[0] if read and all(read) else None

    def _calendar(self, data: Mapping[str, Any], node: Node) -> str:
        name: str = data.get("calendar", ALWAYS)
        self.calendar(name, node.get("calendar") or node)
        return name

    def notices(self, data: Any, node: Node | None) -> tuple[Notice, ...] | None:
        """None where the rule says nothing about them."""
        if node is None or data is None:
            return None
        found: dict[tuple[timedelta, str], Notice] = {}
        for one, child in _zipped(data, node):
            calendar = self._calendar(one, child)
            found |= {(lead, calendar): Notice(lead, calendar) for lead in one.get("before") or ()}
        return tuple(found.values())

    def closing(self, data: Mapping[str, Any] | None, node: Node | None) -> Closing | None:
        """None where the rule says nothing about it."""
        if node is None:
            return None
        if data is None:
            return Closing()
        tell = frozenset(map(Audience, data.get("tell") or ASKED))
        calendar = self._calendar(data, node)
        return Closing(data["after"], calendar, tell & CUSTOMER_FACING) if "after" in data else None

    def question(self, data: Mapping[str, Any] | None, node: Node | None, messages: Slots) -> Slots:
        """What a closing says is the rule's text for the slot `check_in` of those it tells."""
        say = node.get("say") if node else None
        slots: Slots = {}
        for audience in map(Audience, (data or {}).get("tell") or ASKED):
            slot = (audience, MomentKind.CHECK_IN)
            entry = self.entry(*slot, say) if say else None
            if say and slot in messages:
                self.report(say.mark, f"{audience}.check_in stands under `messages` already; keep one of the two.")
            elif entry:
                slots[slot] = Slot({PLAIN: entry})
        return slots


def _zipped(data: Any, node: Node | None) -> Iterator[tuple[Mapping[str, Any], Node]]:
    """Entries with their places; one alone may stand without a list."""
    nodes = (node.items or [node]) if node else []
    for one, child in zip(data if isinstance(data, list) else [], nodes, strict=False):
        if isinstance(one, Mapping):
            yield one, child


def _name(trigger: str, data: Mapping[str, Any], node: Node) -> str:
    """After what makes it come, so that the same one keeps its name when others join it."""
    asked = node.get(trigger)
    if trigger == "on" and asked:
        return f"on-{sha256(json.dumps(asked.plain(), sort_keys=True, default=str).encode()).hexdigest()[:8]}"
    of, length = data[trigger]
    return f"{trigger}-{int(length.total_seconds() // 60)}m{f'-{of}' if of else ''}"


def _distinct(milestones: list[Milestone]) -> Iterator[Milestone]:
    seen: Counter[str] = Counter()
    for milestone in milestones:
        seen[milestone.name] += 1
        number = seen[milestone.name]
        yield milestone if number == 1 else replace(milestone, name=f"{milestone.name}-{number}")
