"""Conditions as people write them, read into tests; everything wrong with them, with its place."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import re2  # type: ignore[import-untyped]  # ships no types

from core.errors import Severity
from core.times import from_iso
from rules.cadence import parse_duration
from rules.catalogue import Catalogue, folded
from rules.conditions import ORDER, pattern
from rules.documents import Mark, Node, Scalar
from rules.language import EVERYTHING, All, AnyOf, Condition, Not, OnField, Op, Test, Value
from rules.subjects import CUSTOM, NESTED, SUBJECTS, Sort, Subject, subject
from rules.suggestion import did_you_mean

MEASURED = frozenset({Sort.TIME, Sort.LENGTH})
"""What is never met to the second: these are compared."""
GROUPS = ("all", "any", "not", "within")
PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s?%")
SHARE = "subtasks_done"
NAMED_FIELD = "Write fields.<name>."
OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
OF_LETTERS = "have the letters a to z, small, digits and '_'."
NOTHING = re.compile(r"0+[mhd]")
IDENTITY = frozenset({Op.ANY_OF, Op.NONE_OF, Op.PRESENT})
LEXICAL = frozenset({Op.ALL_OF, Op.STARTS_WITH, Op.MATCHES})
CHANGE = frozenset({Op.TO, Op.FROM})
OPERATORS: Mapping[Sort, frozenset[Op]] = {
    Sort.WORD: IDENTITY | LEXICAL | CHANGE,
    Sort.WORDS: IDENTITY | LEXICAL | CHANGE,
    Sort.PROSE: IDENTITY | LEXICAL | CHANGE,
    Sort.NUMBER: IDENTITY | CHANGE | ORDER.keys(),
    Sort.TIME: frozenset({Op.PRESENT, Op.WITHIN}) | ORDER.keys(),
    Sort.LENGTH: frozenset({Op.PRESENT}) | ORDER.keys(),
    Sort.FLAG: IDENTITY | CHANGE,
    Sort.CUSTOM: IDENTITY | LEXICAL | CHANGE | ORDER.keys(),
}


class Report(Protocol):
    def __call__(self, mark: Mark, message: str, severity: Severity = ..., /) -> None: ...


class Unreadable(ValueError):
    """A value that cannot be what its field wants; the text says why."""


@dataclass(frozen=True)
class Reader:
    """Reads the conditions of one file. `lists` are those of all files, `@name` in a condition."""

    report: Report
    lists: Mapping[str, tuple[Scalar, ...]]
    calendars: Collection[str]
    catalogue: Catalogue = field(default_factory=Catalogue)

    def condition(self, node: Node | None) -> Condition:
        """A `when` or `unless`: a mapping whose entries all hold."""
        if node is None:
            return EVERYTHING
        if not isinstance(node.value, dict):
            self.report(node.mark, "conditions are a mapping, one field per line, such as `priority: [P1, P2]`.")
            return EVERYTHING
        read = (self._entry(key, node.keys[key], child) for key, child in node.entries.items())
        return All(tuple(one for one in read if one is not None))

    def _entry(self, key: str, mark: Mark, node: Node) -> Condition | None:
        if key in {"all", "any"}:
            return self._group(key, node)
        if key == "not":
            if node.value == {}:
                self.report(node.mark, "`not` is empty, and so never holds; write a condition.")
            return Not(self.condition(node))
        if key == "within":
            return self._within("moment", node)
        about = subject(key)
        if about is None:
            self.report(mark, f"{key!r} is not a field that conditions can ask about. {_nearest_field(key)}")
            return None
        if about.sort is Sort.CUSTOM and not OWN_NAME.fullmatch(key.removeprefix(CUSTOM)):
            self.report(mark, f"{key!r} can be no field: names under `fields:` in liaison.yaml {OF_LETTERS}")
            return None
        return self._field(about, node)

    def _group(self, key: str, node: Node) -> Condition | None:
        if not node.items:
            self.report(node.mark, f"`{key}:` is a list of conditions, such as `{key}: [{{category: security}}, …]`.")
            return None
        branches = tuple(self.condition(child) for child in node.items)
        return All(branches) if key == "all" else AnyOf(branches)

    def _within(self, field: str, node: Node) -> Condition | None:
        names = node.items or [node]
        for name in names:
            if name.raw not in self.calendars:
                hint = did_you_mean(name.raw, tuple(self.calendars)) or "Define it under `calendars:`."
                self.report(name.mark, f"there is no calendar {name.raw!r}. {hint}")
        return Test(field, Op.WITHIN, tuple(name.raw for name in names))

    def _field(self, about: Subject, node: Node) -> Condition | None:
        if not isinstance(node.value, dict):
            if about.sort in MEASURED:
                self.report(node.mark, f"{about.name}: {_to_the_second(about, node)}")
                return None
            values = self._values(about, node)
            return Test(about.name, Op.IS, values) if values else None
        if not node.value:
            self.report(node.mark, "nothing to compare with; write a value, a list or an operator.")
        read = (self._operator(about, key, node.keys[key], child) for key, child in node.entries.items())
        tests = tuple(test for test in read if isinstance(test, Test))
        return tests[0] if len(tests) == 1 else OnField(tests) if tests else None

    def _operator(self, about: Subject, key: str, mark: Mark, node: Node) -> Condition | None:
        allowed = OPERATORS[about.sort]
        if key not in set(Op) - {Op.IS}:
            known = tuple(op for op in Op if op is not Op.IS)
            self.report(mark, f"{key!r} is not an operator. {did_you_mean(key, known) or _choose(known)}")
            return None
        op = Op(key)
        if op not in allowed and op is not Op.WITHIN:
            self.report(mark, _unfit(about, op))
            return None
        if op is Op.WITHIN:
            return self._within(about.name, node)
        return self._test(about, op, node)

    def _test(self, about: Subject, op: Op, node: Node) -> Condition | None:
        if op is Op.PRESENT:
            if isinstance(node.value, bool):
                return Test(about.name, op, (node.value,))
            self.report(node.mark, f"`present` is true or false, not {shown(node)}.")
            return None
        if op in ORDER and node.items:
            self.report(node.mark, f"`{op}` takes one value, not a list.")
            return None
        values = self._values(Subject(about.name) if op in LEXICAL else about, node)
        for value in values if op is Op.MATCHES else ():
            self._pattern(str(value), node)
        return Test(about.name, op, values) if values else None

    def _values(self, about: Subject, node: Node) -> tuple[Value, ...]:
        """One value, a list of them, or `@name`; () when something was wrong."""
        if isinstance(node.value, list) and not node.value:
            self.report(node.mark, "an empty list matches nothing; write at least one value.")
        values: list[Value] = []
        for item in node.items if isinstance(node.value, list) else [node]:
            try:
                read = self._value(about, item)
                self._catalogued(about, item, read)
                values += read
            except Unreadable as why:
                self.report(item.mark, f"{about.name}: {why}")
        return tuple(values)

    def _catalogued(self, about: Subject, node: Node, values: list[Value]) -> None:
        """A doubt about a service or place that the catalogue lacks: tickets may still bring it as a raw name."""
        known = self.catalogue.named.get(about.name, {})
        for value in values if known else ():
            if folded(str(value)) not in known:
                hint = did_you_mean(str(value), known.values()) or "Only tickets that name it so themselves match."
                message = f"no {about.name} of the catalogue is called {value!r}. {hint}"
                self.report(node.mark, message, Severity.WARNING)

    def _value(self, about: Subject, node: Node) -> list[Value]:
        if isinstance(node.value, (dict, list)):
            raise Unreadable(f"takes {about.sort}, not {shown(node)}.")
        if node.raw.startswith("@") and len(node.raw) > 1:
            return [convert(about, item, str(item)) for item in self._list(node.raw[1:])]
        return [convert(about, node.value, node.raw)]

    def _list(self, name: str) -> tuple[Scalar, ...]:
        if name not in self.lists:
            hint = did_you_mean(name, tuple(self.lists)) or "Define it under `lists:`."
            raise Unreadable(f"there is no list {name!r}. {hint}")
        return self.lists[name]

    def _pattern(self, text: str, node: Node) -> None:
        try:
            pattern(text)
        except re2.error as error:
            self.report(node.mark, f"`matches`: {pattern_fault(text, error)}")


def convert(about: Subject, value: Scalar, raw: str) -> Value:
    """A scalar as its field's type. Raises Unreadable."""
    if value is None:
        raise Unreadable("has no value; write `{present: false}` for a field that is missing.")
    if not raw.strip():
        raise Unreadable("is empty; write a word, or `{present: false}` for a field that is missing.")
    if about.sort is Sort.CUSTOM:
        return _custom(value)
    if about.sort is Sort.NUMBER:
        return _share(value, raw) if about.name == SHARE else _number(value, raw)
    if about.sort is Sort.FLAG:
        if not isinstance(value, bool):
            raise Unreadable(f"takes true or false, not {raw!r}.")
        return value
    if about.sort is Sort.TIME:
        return _time(raw)
    if about.sort is Sort.LENGTH:
        return _length(raw)
    return _word(about, raw)


def _number(value: Scalar, raw: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unreadable(f"takes a number, not {raw!r}.")
    return value


def _share(value: Scalar, raw: str) -> float:
    """A part of the whole: 0.5, or 50%."""
    found = PERCENT.fullmatch(raw)
    share = float(found[1]) / 100 if found else value
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise Unreadable(f"takes a share from 0 to 1, or a percentage such as 50%, not {raw!r}.")
    return float(share)


def _word(about: Subject, raw: str) -> str:
    if not about.choices:
        return raw
    for choice in about.choices:
        if choice.casefold() == raw.strip().casefold():
            return choice
    raise Unreadable(f"{raw!r} is not one of its values. {did_you_mean(raw, about.choices) or _choose(about.choices)}")


def _custom(value: Value) -> Value:
    """A custom field is compared with what the text looks like: a time where it is one."""
    if isinstance(value, str):
        try:
            return from_iso(value)
        except ValueError:
            return value
    return value


def _time(raw: str) -> datetime:
    try:
        return from_iso(raw)
    except ValueError:
        raise Unreadable(f"{raw!r} is not a time with an offset, such as 2026-11-20T19:50:00+01:00.") from None


def _length(raw: str) -> timedelta:
    if NOTHING.fullmatch(raw):
        return timedelta(0)
    try:
        return parse_duration(raw)
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _unfit(about: Subject, op: Op) -> str:
    if about.name == "priority" and op in ORDER:
        return f"`{op}` does not work on priority, where 1 is the highest; list what you mean: `priority: [P1, P2]`."
    fitting = ", ".join(sorted(OPERATORS[about.sort]))
    return f"`{op}` does not work on {about.name}, which is {about.sort}. Possible are: {fitting}."


def _to_the_second(about: Subject, node: Node) -> str:
    bound = node.raw or ("2h" if about.sort is Sort.LENGTH else "2026-11-20T19:50:00+01:00")
    return f"{about.sort} is never met to the second; write `{{at_least: {bound}}}`, or another of {', '.join(ORDER)}."


def _nearest_field(key: str) -> str:
    if key in NESTED:
        parts = [name for name in SUBJECTS if name.startswith(f"{key}.")]
        return f"Write one of {', '.join(parts)}." if parts else NAMED_FIELD
    near = did_you_mean(key, (*SUBJECTS, *GROUPS))
    return NAMED_FIELD if key == CUSTOM else near or f"A custom field is written fields.{key}."


def _choose(choices: Collection[str]) -> str:
    return f"Choose one of {', '.join(choices)}."


def pattern_fault(text: str, error: Exception) -> str:
    """What RE2 does not like about a pattern, as a sentence."""
    said = error.args[0] if error.args else ""
    message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    what, _, fragment = message.partition(": ")
    sign = {"missing )": "(", "missing ]": "[", "unexpected )": ")"}.get(what, fragment)
    at = max(text.find(sign), 0)
    return f"{text!r} is not a pattern: {what} at character {at + 1}. (RE2: no look-around, no back-references.)"


def shown(node: Node) -> str:
    """A value as an error names it."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return "nothing" if node.value is None else repr(node.raw[:60])
