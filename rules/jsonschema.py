"""JSON Schema of rules files, made from their shapes: editors complete, describe and check while people type.

Draft 7, which yaml-language-server reads. It is wider than `check` where JSON Schema cannot say it.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import available_timezones

from marshmallow import fields

from core.notes import Audience
from core.tickets import Resolution
from rules import schema, values
from rules.described import DESCRIBED
from rules.grammar import OPERATORS
from rules.language import DEFAULT, Op
from rules.samples import PARTS, TICKET_NAMES
from rules.schema import MOMENTS, NONE, Shape
from rules.staging import LOCATION_KEYS
from rules.subjects import CHOICES, SUBJECTS, Sort, Subject
from rules.tongues import spoken

Json = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
SCALAR: Json = {"type": ["string", "number", "boolean"]}
DURATION: Json = {
    "type": "string",
    "pattern": r"^(\d{1,4}d|(\d{1,5}h)?(\d{1,6}m)?)$",
    "examples": ["30m", "4h", "1d", "1h30m"],
}
READ: Mapping[Callable[[Any], Any], Json] = {
    values.text: {"type": "string", "minLength": 1},
    values.word: {"type": ["string", "number"]},
    values.name: {"type": ["string", "number"], "pattern": f"^{values.NAME.pattern}$"},
    values.flag: {"type": "boolean"},
    values.whole: {"type": "integer"},
    values.headcount: {"type": "integer", "minimum": 0},
    values.duration: DURATION,
    values.wait: DURATION,
    values.allowance: {"type": "string", "pattern": r"^\d{1,4} +per +\S+$", "examples": ["3 per 1d"]},
    values.time: {"type": "string", "examples": ["2026-11-20T19:50:00+01:00"]},
    values.version: {"const": 1},
    schema.known_language: {"type": "string", "pattern": "^[a-z]{2}(-[A-Za-z]{2})?$", "examples": ["en", "de-AT"]},
    schema.zone_of_calendar: {"type": "string", "examples": ["location", "Europe/Berlin"]},
    schema.spoken_language: {"enum": [*spoken()]},
    schema.since: {"anyOf": [DURATION, {"type": "object", "properties": {schema.PLANNED[0]: DURATION}}]},
    schema.lead: {"anyOf": [DURATION, {"type": "object", "properties": dict.fromkeys(schema.PLANNED, DURATION)}]},
}
SORTS: Mapping[Sort, Json] = {
    Sort.NUMBER: {"type": ["number", "string"]},  # a string is a list's @name
    Sort.FLAG: {"type": ["boolean", "string"]},
    Sort.LENGTH: DURATION,
}


CUSTOM = Subject("fields.", Sort.CUSTOM)
SLOTS = tuple(f"{audience}.{kind}" for audience in Audience for kind in MOMENTS)
OF_CALENDARS: Mapping[str, tuple[str, ...]] = {
    "days": ("mon-fri", "mon-sat"),
    "open": ("08:00-20:00",),
    "dates": ("2026-12-24..2026-12-31",),
    "holidays": ("location", "DE"),
}


def json_schema() -> Json:
    """The schema of one rules or catalogue file."""
    return {
        "$schema": DRAFT,
        "title": "Liaison rules",
        "description": "Rules, catalogue and tests of Liaison.",
        **_shape(schema.FileShape),
        "definitions": {
            "condition": _condition(),
            **{_asking(about): _asked(about) for about in (CUSTOM, *SUBJECTS.values())},
            "says": _says(),
            "sample": _sample(),
            **{_title(shape): _shape(shape) for shape in LISTS.values()},
        },
    }


LISTS: Mapping[str, type[Shape]] = {
    "rules": schema.RuleShape,
    "gates": schema.GateShape,
    "families": schema.FamilyShape,
    "tests": schema.TrialShape,
    "services": schema.ServiceShape,
    "locations": schema.LocationShape,
    "guard": schema.FenceShape,
    "quiet": schema.QuietShape,
}
"""Sections that are lists of one shape."""
CONDITIONS = frozenset({"when", "unless", "on"})


def _shape(shape: type[Shape]) -> Json:
    known = {field.data_key or name: (name, field) for name, field in schema.SHAPES[shape].fields.items()}
    required = [key for key, (_, field) in known.items() if field.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _described(key, _field(shape, name, field)) for key, (name, field) in known.items()},
        **({"required": required} if required else {}),
    }


def _described(key: str, made: Json) -> Json:
    if key not in DESCRIBED:
        return made
    # beside a `$ref` draft 7 reads nothing
    return {**({"allOf": [made]} if "$ref" in made else made), "description": DESCRIBED[key]}


def _field(shape: type[Shape], name: str, field: fields.Field[Any]) -> Json:
    made = _kind(shape, name, field)
    if not field.allow_none or not made:
        return made
    # a type of its own rather than two schemas: an editor then says what is wrong inside
    return {**made, "type": [made["type"], "null"]} if "type" in made else {"anyOf": [made, {"type": "null"}]}


def _kind(shape: type[Shape], name: str, field: fields.Field[Any]) -> Json:
    made: Json = {}
    match field:
        case values.Anything():
            made = _anything(shape, name)
        case values.Value():
            made = _value(field.read)
        case values.Many():
            made = _one_or_many(_field(shape, name, field.inner))
        case schema.Words():
            made = _in_languages()
        case values.Table():
            made = _table(_field(shape, name, field.inner), field.keys)
            if shape is schema.ExpectShape and not field.keys:
                made["properties"] = dict.fromkeys(SLOTS, made["additionalProperties"])
        case schema.ManyOrNone():
            one = _field(shape, name, field.inner)
            made = {"anyOf": [{"const": NONE}, one, {"type": "array", "items": one}]}
        case fields.Nested():
            made = _nested(field)
        case fields.List():
            made = _list(field, _field(shape, name, field.inner))
    return made


def _list(field: fields.List[Any], inner: Json) -> Json:
    if not isinstance(field, schema.OneOrMany):
        return {"type": "array", "items": inner}
    none = [{"const": NONE}] if isinstance(field, schema.ManyOrNone) else []
    return {"anyOf": [*_one_or_many(inner)["anyOf"], *none]}


def _nested(field: fields.Nested) -> Json:
    inner = type(field.schema)
    assert issubclass(inner, Shape)
    # the only ones with a way of their own are those that may be `none`
    return _shape(inner) if type(field) is fields.Nested else {"anyOf": [{"const": NONE}, _shape(inner)]}


def _value(read: Callable[[Any], Any]) -> Json:
    if read is values.zone:
        return {"enum": sorted(available_timezones())}
    choices = getattr(read, "choices", None)
    return {"enum": list(choices)} if choices else READ[read]


def _table(inner: Json, keys: Iterable[str]) -> Json:
    named = dict.fromkeys(keys, inner)
    entries: Json = {"additionalProperties": False, "properties": named} if named else {"additionalProperties": inner}
    return {"type": "object"} | entries


def _anything(shape: type[Shape], name: str) -> Json:
    """What is read from the tree rather than by a shape."""
    if shape is schema.FileShape:
        return _section(name)
    if shape is schema.CalendarShape:
        return {"examples": [*OF_CALENDARS[name]]}
    if shape is schema.TrialShape:
        return _place() if name == "location" else _reference("sample")
    if name in CONDITIONS:
        return _reference("condition")
    return _reference("says") if name in {"say", "messages", "statement"} else {}


def _section(name: str) -> Json:
    if name in LISTS:
        return {"type": "array", "items": _reference(_title(LISTS[name]))}
    made = {"calendars": schema.CalendarShape, "budget": schema.BudgetShape}.get(name)
    return _shape(made) if made else {}


def _in_languages() -> Json:
    one: Json = {"type": "string", "minLength": 1}
    return {"anyOf": [one, {"type": "object", "properties": dict.fromkeys(spoken(), one), "additionalProperties": one}]}


def _says() -> Json:
    """A text, `none`, or texts by language or resolution, one inside the other."""
    some = {"type": "object", "additionalProperties": _reference("says")}
    keyed = {str(key): _reference("says") for key in (*Resolution, DEFAULT, *spoken())}
    return {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": _reference("says")},
                      {**some, "properties": keyed}]}  # fmt: skip


def _sample() -> Json:
    """A test's ticket. Its values are offered; what is wrong with one, `check` says."""
    offered: Json = {name: {"examples": [*CHOICES[name]]} if name in CHOICES else {} for name in TICKET_NAMES}
    for name, part in PARTS.items():
        inner: Json = {key.name: {} for key in dataclasses.fields(part)}
        offered[name] = {"type": ["string", "object", "null"], "properties": inner}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": offered}


def _place() -> Json:
    return {"type": ["string", "object", "null"], "properties": {key: {} for key in LOCATION_KEYS}}


def _condition() -> Json:
    each = _reference("condition")
    groups: Json = {
        "all": {"type": "array", "items": each, "description": "All of these hold."},
        "any": {"type": "array", "items": each, "description": "At least one of these holds."},
        "not": {**each},
        "within": {**_one_or_many({"type": "string"}), "description": "Now lies in one of these calendars."},
    }
    asked = {name: _reference(_asking(subject)) for name, subject in SUBJECTS.items()}
    custom = {"^fields\\..+": _reference(_asking(CUSTOM))}
    return {"type": "object", "additionalProperties": False, "properties": groups | asked, "patternProperties": custom}


def _asking(about: Subject) -> str:
    """The definition that a field shares with all fields of its sort."""
    return f"asked-{about.name if about.choices else about.sort.name.lower()}"


def _asked(about: Subject) -> Json:
    value: Json = {"enum": [*about.choices]} if about.choices else SORTS.get(about.sort, SCALAR)
    if about.choices:  # any case is read, and @names of lists
        value = {"anyOf": [value, {"type": "string"}]}
    operators: Json = {str(op): _one_or_many(value) for op in sorted(OPERATORS[about.sort] - {Op.IS})}
    operators |= {str(Op.WITHIN): _one_or_many({"type": "string"})}
    if Op.PRESENT in operators:
        operators[Op.PRESENT] = {"type": "boolean"}
    plain = _one_or_many(value)["anyOf"]
    return {"anyOf": [*plain, {"type": "object", "additionalProperties": False, "properties": operators}]}


def _one_or_many(one: Json) -> Json:
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _reference(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _title(shape: type[Shape]) -> str:
    return shape.__name__.removesuffix("Shape").lower()
