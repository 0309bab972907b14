"""The kinds of values in a rules file, as marshmallow fields whose errors are sentences."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields

from core.times import from_iso
from rules.cadence import parse_duration
from rules.suggestion import did_you_mean

ALLOWANCE = re.compile(r"(?P<most>\d{1,4}) +per +(?P<within>\S+)", re.ASCII)
SIGNS = "the letters a to z, digits, '.', '_' and '-', at most 100"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Unfit(ValueError):
    """A value that cannot be what its key wants; the text says why."""


class AtKey(str):
    """A message about a key rather than its value. `known` are the keys that are allowed there."""

    __slots__ = ("known",)

    def __new__(cls, text: str, known: Iterable[str] = ()) -> Self:
        made = super().__new__(cls, text)
        made.known = tuple(known)
        return made

    known: tuple[str, ...]


MISSING: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "is missing.",
    "null": "has no value; write one, or take the line out.",
}


class Anything(fields.Raw):
    """Read elsewhere, from the tree."""

    default_error_messages = MISSING


class Value(fields.Field[Any]):
    """A single value, read by a function that raises ValueError with a sentence."""

    default_error_messages = MISSING

    def __init__(self, read: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        del attr, data
        try:
            return self.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Many(fields.Field[Any]):
    """A list; one value stands for a list of one. Where it is required it names something."""

    default_error_messages = MISSING

    def __init__(self, inner: fields.Field[Any], **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, list):
            if isinstance(value, Mapping):
                raise ValidationError("is a list, not a mapping.")
            return [self.inner.deserialize(value, attr, data, **options)]
        if self.required and not value:
            raise ValidationError("is an empty list; name at least one.")
        return _gathered(((i, i, self.inner, item) for i, item in enumerate(value)), list)


class Table(fields.Field[Any]):
    """A mapping with named keys: `keys` are all that are allowed (empty: any name), each value is an `inner`."""

    default_error_messages = MISSING

    def __init__(self, inner: fields.Field[Any], keys: Iterable[str] = (), what: str = "name", **options: Any) -> None:
        super().__init__(**options)
        self.inner, self.keys, self.what = inner, tuple(keys), what

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        del attr, data
        if not isinstance(value, Mapping):
            raise ValidationError(f"is a mapping from {self.what} to its entry, not {_kind(value)}.")
        strange = {key: [AtKey(self._stranger(key), self.keys)] for key in value if not self._allows(key)}
        pairs = ((key, key, self.inner, item) for key, item in value.items() if key not in strange)
        return _gathered(pairs, dict, strange)

    def _stranger(self, key: str) -> str:
        return f"{key!r} is not {_a(self.what)}{'' if self.keys else f'; use {SIGNS}'}."

    def _allows(self, key: str) -> bool:
        return key in self.keys if self.keys else bool(NAME.fullmatch(key))


def _gathered(
    parts: Iterable[tuple[Any, Any, fields.Field[Any], Any]], into: type, errors: Mapping[Any, Any] | None = None
) -> Any:
    """Every part read, every error kept under its key; what could be read goes along as `valid_data`."""
    found: dict[Any, Any] = dict(errors or {})
    read: dict[Any, Any] = {}
    for key, place, inner, item in parts:
        try:
            read[key] = inner.deserialize(item)
        except ValidationError as error:
            found[place] = error.messages
            if error.valid_data:
                read[key] = error.valid_data
    result = list(read.values()) if into is list else read
    if found:
        raise ValidationError(found, valid_data=result)
    return result


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"is a text, not {_kind(value)}; put it in quotes.")
    if not value.strip():
        raise Unfit("is empty.")
    return value


def word(value: Any) -> str:
    """A short text that people may write as a number."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else text(value)


def name(value: Any) -> str:
    if not NAME.fullmatch(word(value)):
        raise Unfit(f"{value!r} is no id; use {SIGNS}.")
    return word(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit(f"is true or false, not {_kind(value)}.")
    return value


def whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"is a whole number, not {_kind(value)}.")
    return value


def headcount(value: Any) -> int:
    if whole(value) < 0:
        raise Unfit(f"is how many people, not {value}.")
    return int(value)


def duration(value: Any) -> timedelta:
    return parse_duration(word(value))


def wait(value: Any) -> timedelta:
    """A duration that may be nothing at all: `0m` speaks at once."""
    return timedelta(0) if word(value) == "0m" else duration(value)


def time(value: Any) -> Any:
    try:
        return from_iso(text(value))
    except ValueError:
        raise Unfit(f"{value!r} is not a time with an offset, such as 2026-11-20T19:50:00+01:00.") from None


def zone(value: Any) -> str:
    zones = _zones()
    if text(value) not in zones:
        city = value.strip().replace(" ", "_").casefold()
        cities = [one for one in sorted(zones) if one.casefold().endswith(f"/{city}") and not one.startswith("Etc/")]
        places = tuple(one for one in zones if "/" in one)  # EST is near to CEST, and five hours off
        near = f"Did you mean {cities[0]}?" if cities else did_you_mean(value, places)
        raise Unfit(f"{value!r} is not a time zone. {near or 'Use an IANA name such as Europe/Berlin.'}")
    return str(value)


def allowance(value: Any) -> tuple[int, timedelta]:
    """So many in so long: `3 per 1d`."""
    found = ALLOWANCE.fullmatch(text(value).strip())
    if not found or not int(found["most"]):
        raise Unfit(f"{value!r} is no budget. Write how many messages in how long, such as 3 per 1d.")
    return int(found["most"]), parse_duration(found["within"])


@cache
def _zones() -> frozenset[str]:
    """Asked for once: each time they are looked up on the disk."""
    return frozenset(available_timezones())


class one_of:  # noqa: N801 - read like the functions around it
    """A reader of one of `choices`, which stay visible to who describes the language."""

    def __init__(self, choices: Iterable[str], what: str) -> None:
        self.choices, self.what = tuple(map(str, choices)), what

    def __call__(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            hint = did_you_mean(value, self.choices) if isinstance(value, str) else ""
            choose = hint or f"Choose one of {', '.join(self.choices)}."
            raise Unfit(f"{_quoted(value)} is not {_a(self.what)}. {choose}")
        return value


def version(value: Any) -> int:
    if value != 1 or isinstance(value, bool):
        raise Unfit(f"{_quoted(value)} is a version this Liaison does not read; write `version: 1`.")
    return 1


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {dict: "a mapping", list: "a list", type(None): "nothing", bool: str(value).lower()}
    return kinds.get(type(value), repr(value)[:60])


def _quoted(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, str) else _kind(value)


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
