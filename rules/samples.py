"""Tickets that people write: in `tests:` entries and for `explain`, with canonical names."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from core.errors import PayloadError
from core.sites import Platform
from core.tickets import TIMES, Kind, Parent, Person, Ticket
from core.times import from_iso
from rules.subjects import CHOICES, SORTS, Sort
from rules.suggestion import did_you_mean

SERVICENOW_KEY = re.compile(r"[A-Z]{3,6}\d+")  # INC0012345; Jira's keys have a dash
PARTS: Mapping[str, type[Person] | type[Parent]] = {"requester": Person, "parent": Parent}
TICKET_NAMES = tuple(field.name for field in fields(Ticket))
ANY: Mapping[str, Any] = MappingProxyType({})


class Wrong(ValueError):
    """A value that its field cannot have."""


def ticket_from(plain: Mapping[str, Any], *, where: str = "ticket", opened_at: datetime | None = None) -> Ticket:
    """A ticket from canonical names; also what `Ticket.to_dict` gives. `opened_at` stands in where none is given.

    Raises PayloadError that names everything wrong at once.
    """
    faults = [fault for _, fault in faults_of(plain)]
    if faults:
        raise PayloadError(" ".join(faults), where=where)
    values = {name: _read(name, value) for name, value in plain.items() if value is not None}
    key = str(values.get("key") or "EXAMPLE-1")
    platform = Platform.SERVICENOW if SERVICENOW_KEY.fullmatch(key) else Platform.JIRA
    stock = {"site": "example", "platform": platform.value, "kind": Kind.INCIDENT.value, "id": key}
    return Ticket(**{**stock, **({"opened_at": opened_at} if opened_at else {}), **values, "key": key})


def faults_of(plain: Any) -> Iterator[tuple[str, str]]:
    """The field and a sentence for everything that makes this no ticket."""
    if not isinstance(plain, Mapping):
        yield "", "A ticket is a mapping of fields such as {key: INC1, kind: incident, priority: P1}."
        return
    for name, value in plain.items():
        if name not in TICKET_NAMES:
            yield str(name), f"{name!r} is no field of a ticket. {_nearest(str(name))}"
        elif value is not None:
            yield from _faults(str(name), value)


def _faults(name: str, value: Any) -> Iterator[tuple[str, str]]:
    try:
        _read(name, value)
    except Wrong as wrong:
        yield name, f"{name}: {wrong}"


def _nearest(name: str) -> str:
    head, _, rest = name.partition(".")
    if rest and head in {*PARTS, "fields"}:
        return f"Write {head}: {{{rest}: …}}."
    return did_you_mean(name, TICKET_NAMES) or "A custom field stands under fields: {name: value}."


def _read(name: str, value: Any) -> Any:
    if name in PARTS:
        return _part(name, value)
    if name == "fields":
        return _mapping(value)
    reader: Callable[[Any], Any] = READERS.get(SORTS.get(name, Sort.WORD), _word)
    return _chosen(name, reader(value))


def _part(name: str, value: Any) -> Any:
    made = PARTS[name]
    known = tuple(field.name for field in fields(made))
    given = {"id": value} if isinstance(value, str) else _mapping(value)
    for key in given:
        if key not in known:
            hint = did_you_mean(str(key), known) or f"Choose one of {', '.join(known)}."
            raise Wrong(f"{key!r} is no part of it. {hint}")
    parts = {key: _read(f"{name}.{key}", item) for key, item in given.items() if item is not None}
    return made(**{"id": "", **parts})


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Wrong(f"takes a mapping, not {value!r}.")
    return value


def _chosen(name: str, value: Any) -> Any:
    choices = CHOICES.get(name)
    if not choices or value == "":
        return value
    for choice in choices:
        if choice.casefold() == str(value).casefold():
            return str(choice)
    hint = did_you_mean(str(value), choices) or f"Choose one of {', '.join(choices)}."
    raise Wrong(f"{value!r} is not one of its values. {hint}")


def _word(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple, bool)):
        raise Wrong(f"takes a text, not {value!r}.")
    return str(value)


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return from_iso(value)
    except (TypeError, ValueError):
        raise Wrong(f"{value!r} is not a time with an offset, such as 2026-11-20T19:50:00+01:00.") from None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong(f"takes a number, not {value!r}.")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"takes true or false, not {value!r}.")
    return value


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(_word, value)) if isinstance(value, (list, tuple)) else (_word(value),)


READERS: Mapping[Sort, Callable[[Any], Any]] = {
    Sort.WORDS: _words,
    Sort.TIME: _time,
    Sort.NUMBER: _number,
    Sort.FLAG: _flag,
}
assert frozenset(name for name, sort in SORTS.items() if sort is Sort.TIME) == TIMES
