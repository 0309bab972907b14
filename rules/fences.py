"""An admin's own patterns for the leak guard, read and doubted."""

from collections.abc import Callable, Iterator
from typing import Any

import re2  # type: ignore[import-untyped]  # ships no types

from core.errors import Problem, Severity
from core.notes import CUSTOMER_FACING
from rules.documents import Mark, Node
from rules.grammar import pattern_fault
from rules.guard import leaks, stops
from rules.language import Fence, Layer, Place, RuleSet
from rules.tells import Tell
from rules.template import read

LONGEST = 1_000
ORDINARY = "We will write again by 14:30 today. Please reply here."


def fence(data: dict[str, Any], node: Node, place: Place, report: Callable[[Mark, str], None]) -> Fence | None:
    """One entry of `guard:`. A pattern that RE2 cannot read, or that stops every message, is told at its place."""
    matches, because = data.get("matches", ""), data.get("because", "")
    if not data.get("id") or not matches:
        return None
    wrong = _wrong(matches)
    if wrong:
        report((node.get("matches") or node).mark, f"`matches`: {wrong}")
        return None
    reason = because.rstrip(".")
    if reason[1:2].islower():
        reason = reason[:1].lower() + reason[1:]
    kind = f"what {data['id']} forbids ({reason})" if reason else f"what {data['id']} forbids"
    return Fence(data["id"], Tell(kind, f"(?i){matches}"), because, place)


def _wrong(matches: str) -> str:
    """What makes it unfit, as a sentence; `""` for nothing."""
    if len(matches) > LONGEST:
        return f"this pattern has {len(matches)} characters; {LONGEST} are the most."
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(matches, options)
        pattern = re2.compile(f"(?i){matches}", options)
    except re2.error as error:
        return pattern_fault(matches, error)
    if pattern.search(""):
        why = "so it would stop every message. Take out what makes all of it optional."
        return f"{matches!r} matches the empty text, {why}"
    ordinary = pattern.search(ORDINARY)
    if ordinary:
        return f"{matches!r} matches ordinary words ({ordinary.group()!r}), so it would stop nearly every message."
    return ""


def too_wide(rules: RuleSet) -> Iterator[Problem]:
    """Patterns that stop what Liaison ships: then nothing is left to say in its place."""
    shipped = [
        (f"{audience}.{moment}", literal.text)
        for rule in rules.rules
        if rule.layer is Layer.PACK
        for (audience, moment), slot in rule.messages.items()
        if audience in CUSTOMER_FACING
        for _, entry in slot.all()
        for said in entry.all()
        for literal in read(said.template or "").literals
    ]
    for one in rules.guard:
        hit = next(((slot, text) for slot, text in shipped if stops(text, one.tell)), None)
        if hit:
            (leak, *_) = leaks(hit[1], more=(one.tell,))
            message = (
                f"guard {one.id} also stops the shipped words of {hit[0]} ({leak.text!r}): "
                "then nothing is said there. Make it narrower."
            )
            yield Problem(one.place.path, one.place.line, one.place.column, message, Severity.WARNING)
