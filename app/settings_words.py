"""Mistakes in liaison.yaml, said to the person who made them: where, which value, what to do next."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from app.document import NAME, Document, Steps
from core.errors import Problem
from core.tickets import Ticket

UNKNOWN = "Unknown field."
VALUE = "{value}"
SENTENCES = {
    "Missing data for required field.": "is missing; add it.",
    "Field may not be null.": "is empty; give it a value or remove the line.",
    "Not a valid string.": "must be one text, not a list or a mapping.",
    "Not a valid list.": "must be a list: one '- item' in a line, or [a, b].",
    "Not a valid mapping type.": "must be a mapping: one 'name: value' in a line.",
    "Invalid input type.": "must be a mapping: one 'name: value' in a line.",
    "Invalid type.": "must be a list: one '- item' in a line, or [a, b].",
    "Not a valid integer.": f"must be a whole number, not {VALUE}.",
    "Not a valid number.": f"must be a number, not {VALUE}.",
}
"""marshmallow's messages, as the rest of a sentence that begins with the setting's name."""

CANONICAL = frozenset(field.name for field in fields_of(Ticket))
LONGEST_SHOWN = 80


def problems(read: Document, schema: Schema, messages: Mapping[Any, Any]) -> Iterator[Problem]:
    for steps, message in flat(messages, ()):
        if message == UNKNOWN:
            place = (*steps, NAME)
            text = f"{dotted(steps)} is not a setting{did_you_mean(str(steps[-1]), names_at(schema, steps[:-1]))}"
        else:
            place = steps
            text = f"{dotted(place)} {SENTENCES.get(message, message)}".replace(VALUE, repr(shown(read.at(place))))
        yield read.problem(place, text)


def flat(messages: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(messages, Mapping):
        for step, inner in messages.items():
            yield from flat(inner, steps if step == "_schema" else (*steps, step))
    elif isinstance(messages, list):
        for message in messages:
            yield from flat(message, steps)
    else:
        yield steps, str(messages)


def dotted(steps: Steps) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in steps)
    return text.removeprefix(".") or "the file"


def names_at(schema: Schema, steps: Steps) -> list[str]:
    """The settings that may stand at that place."""
    for step in steps:
        if isinstance(step, int):
            continue
        field = schema.fields.get(step)
        field = field.inner if isinstance(field, ma.List) else field
        if not isinstance(field, ma.Nested):
            return []
        schema = field.schema
    return [field.data_key or name for name, field in schema.fields.items()]


def did_you_mean(given: str, choices: Iterable[str]) -> str:
    """The end of a sentence: the nearest choice, else all of them if they are few."""
    names = list(choices)
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(given.casefold(), by_folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {by_folded[near[0]]!r}?"
    return f"; it can be: {', '.join(names)}." if 0 < len(", ".join(names)) <= LONGEST_SHOWN * 3 else "."


def meant_field(name: str) -> str:
    """The canonical field that a custom field's name nearly is, `""` if it is one or resembles none."""
    if name in CANONICAL:
        return ""
    return next(iter(difflib.get_close_matches(name, CANONICAL, n=1, cutoff=0.85)), "")


def shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
