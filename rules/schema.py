"""The shape of rules and catalogue files, in marshmallow; its errors mapped to lines and columns."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Self
from zoneinfo import available_timezones

from marshmallow import RAISE, Schema, ValidationError, fields

from core.decisions import Level, Mode, Reason
from core.moments import MomentKind
from core.notes import Audience
from core.sites import Platform
from core.times import from_iso
from rules.cadence import parse_duration
from rules.documents import MAX_LISTED, Mark, Node
from rules.language import LAYERS
from rules.suggestion import did_you_mean

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NONE = "none"
NO_MAPPING = "this is a mapping: one `name: value` per line."


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


class Shape(Schema):
    """Unknown keys are errors, everywhere."""

    error_messages = {"type": NO_MAPPING}  # noqa: RUF012 - marshmallow's own way

    class Meta:
        """Read by marshmallow."""

        unknown = RAISE

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Name unknown keys with what is allowed, so that a near one can be offered."""
        del many
        if isinstance(error.messages, dict) and isinstance(data, Mapping):
            allowed = [field.data_key or name for name, field in self.fields.items()]
            for key in error.messages.keys() & data.keys():
                if key not in allowed:
                    error.messages[key] = [AtKey(f"{key!r} means nothing here.", allowed)]


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
    """A list; one value stands for a list of one unless `strict`."""

    default_error_messages = MISSING

    def __init__(self, inner: fields.Field[Any], **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, list):
            if isinstance(value, Mapping):
                raise ValidationError("is a list, not a mapping.")
            return [self.inner.deserialize(value, attr, data, **options)]
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
        strange = {
            key: [AtKey(f"{key!r} is not {_a(self.what)}.", self.keys)] for key in value if not self._allows(key)
        }
        pairs = ((key, key, self.inner, item) for key, item in value.items() if key not in strange)
        return _gathered(pairs, dict, strange)

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
        raise Unfit(f"{value!r} is no id; use letters, digits, '.', '_' and '-', at most 100.")
    return word(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit(f"is true or false, not {_kind(value)}.")
    return value


def whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"is a whole number, not {_kind(value)}.")
    return value


def duration(value: Any) -> timedelta:
    return parse_duration(word(value))


def time(value: Any) -> Any:
    try:
        return from_iso(text(value))
    except ValueError:
        raise Unfit(f"{value!r} is not a time with an offset, such as 2026-11-20T19:50:00+01:00.") from None


def zone(value: Any) -> str:
    zones = available_timezones()
    if text(value) not in zones:
        near = did_you_mean(value, tuple(zones))
        raise Unfit(f"{value!r} is not a time zone. {near or 'Use an IANA name such as Europe/Berlin.'}")
    return str(value)


def one_of(choices: Iterable[str], what: str) -> Callable[[Any], str]:
    allowed = tuple(choices)

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
            raise Unfit(f"{_quoted(value)} is not {_a(what)}. {hint or 'Choose one of ' + ', '.join(allowed) + '.'}")
        return value

    return read


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


def _text(**options: Any) -> Value:
    return Value(text, **options)


def _choice(choices: Iterable[str], what: str, **options: Any) -> Value:
    return Value(one_of(choices, what), **options)


MOMENTS = tuple(MomentKind)
AUDIENCES = tuple(Audience)


def _by_audience(inner: fields.Field[Any]) -> Table:
    return Table(inner, AUDIENCES, "audience")


def _by_moment(inner: fields.Field[Any]) -> Table:
    return Table(inner, MOMENTS, "moment")


class ImpactShape(Shape):
    id = Value(name, required=True)
    level = _choice(Level, "level", required=True)
    statement = _text(required=True)


class StretchShape(Shape):
    after = Value(duration, required=True)
    every = Value(duration, required=True)


class EscalationShape(Shape):
    after = Value(duration, required=True)
    tell = _text(required=True)


class CadenceShape(Shape):
    every = Value(duration, required=True)
    first = Value(duration)
    monitoring = Value(duration)
    stretch = fields.Nested(StretchShape)
    calendar = _text()
    remind = Value(duration)
    when_missed = _text()
    escalate = fields.List(fields.Nested(EscalationShape))


class CadenceOrNone(fields.Nested):
    """`none` promises nothing, on purpose."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        return None if value == NONE else super()._deserialize(value, *rest, **options)


class MilestoneShape(Shape):
    on = Anything()
    after = Value(duration)
    before = Value(duration)
    when = Anything()
    unless = Anything()
    calendar = _text()
    tell = Many(_choice(AUDIENCES, "audience"), required=True)
    say = Anything(required=True)


class ClosingShape(Shape):
    after = Value(duration, required=True)
    calendar = _text()
    tell = Many(_choice(AUDIENCES, "audience"), required=True)
    say = Anything(required=True)


class RuleShape(Shape):
    id = Value(name, required=True)
    title = _text()
    layer = _choice(LAYERS, "layer")
    rank = Value(whole)
    when = Anything()
    unless = Anything()
    impact = fields.Nested(ImpactShape)
    messages = _by_audience(_by_moment(Anything(allow_none=True)))
    cadence = _by_audience(CadenceOrNone(CadenceShape))
    milestones = fields.List(fields.Nested(MilestoneShape))
    closing = fields.Nested(ClosingShape)
    mode = _choice(Mode, "mode")


class GateShape(Shape):
    id = Value(name, required=True)
    title = _text()
    when = Anything(required=True)
    unless = Anything()
    if_unknown = _choice(("hold", "pass"), "way to treat the unknown", data_key="unknown")
    silence = Many(_choice(("all", *AUDIENCES), "audience"), required=True)
    sticky = Value(flag)
    because = _text()


class FamilyShape(Shape):
    id = Value(name)
    when = Anything(required=True)
    unless = Anything()
    follow = _choice(("parent",), "relative", required=True)
    speak = Many(_choice(MOMENTS, "moment"))


class ServiceShape(Shape):
    id = Value(name, required=True)
    name = _text(required=True)
    people_can = _text()
    workaround = _text()
    aliases = Table(Many(Value(word)), Platform, "platform")
    needs = Many(Value(word))
    audiences = Anything()
    liaisons = Anything()
    key_users = Anything()


class LocationShape(Shape):
    id = Value(name, required=True)
    name = _text(required=True)
    timezone = Value(zone)
    country = Value(word)
    language = Value(word)
    hours = Value(word)
    aliases = Many(Value(word))


class ExpectShape(Shape):
    rules = Many(Value(word))
    winner = Table(Value(word), what="slot")
    says = Table(Many(Value(word)), what="slot")
    not_says = Table(Many(Value(word)), what="slot")
    silent = Table(_choice(Reason, "reason"), what="slot")
    next_update = _by_audience(Value(time))
    impacts = Many(Value(word))


class TrialShape(Shape):
    name = _text(required=True)
    at = Value(time, required=True)
    location = Anything()
    ticket = Anything(required=True)
    before = Anything()
    moment = _choice(MOMENTS, "moment", required=True)
    expect = fields.Nested(ExpectShape, required=True)


class CalendarShape(Shape):
    """Its values are read by the calendar itself."""

    timezone = Value(word)
    days = Anything()
    open = Anything()
    dates = Anything()
    holidays = Anything()


class FileShape(Shape):
    """A rules file, a catalogue, or both; sections are read one entry at a time."""

    version = Value(version, required=True)
    team = _text()
    lists = Table(Anything(), what="name", allow_none=True)
    calendars = Table(Anything(), what="name", allow_none=True)
    rules = Anything(allow_none=True)
    gates = Anything(allow_none=True)
    families = Anything(allow_none=True)
    tests = Anything(allow_none=True)
    services = Anything(allow_none=True)
    locations = Anything(allow_none=True)
    settle = Table(Value(duration), MOMENTS, "moment", allow_none=True)
    allow = Many(Value(text), allow_none=True)
    budget = Anything(allow_none=True)
    phrases = Anything(allow_none=True)


SHAPES: Mapping[type[Shape], Shape] = {shape: shape() for shape in Shape.__subclasses__()}


def loaded(shape: type[Shape], node: Node, report: Callable[[Mark, str], None]) -> dict[str, Any]:
    """What could be read of a mapping; everything wrong with it is reported at its place."""
    try:
        result: dict[str, Any] = SHAPES[shape].load(node.plain())
    except ValidationError as error:
        for mark, message in placed(error.messages, node):
            report(mark, message)
        return dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
    return result


def placed(messages: Any, node: Node) -> list[tuple[Mark, str]]:
    """Every message with its line and column, at most MAX_LISTED."""
    found: list[tuple[Mark, str]] = []
    for path, message in _walk(messages, ()):
        if len(found) == MAX_LISTED:
            found.append((node.mark, "there are more errors than are listed here; mend these first."))
            break
        found.append(_place(path, message, node))
    return found


def _walk(messages: Any, path: tuple[str | int, ...]) -> Iterable[tuple[tuple[str | int, ...], str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _walk(inner, path if key == "_schema" else (*path, key))
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _walk(message, path)
    else:
        yield path, messages


def _place(path: tuple[str | int, ...], message: str, node: Node) -> tuple[Mark, str]:
    *above, last = path or ("",)
    parent = node.get(*above) or node
    own = node.get(*path) if path else node
    if isinstance(message, AtKey):
        hint = did_you_mean(str(last), message.known) or _choices(message.known)
        return parent.keys.get(str(last), parent.mark), f"{message} {hint}".strip()
    subject = f"{last} " if isinstance(last, str) and last else ""
    return own.mark if own else parent.mark, message if message[:1] in "'\"" else f"{subject}{message}"


def _choices(known: tuple[str, ...]) -> str:
    return f"Possible are: {', '.join(known)}." if known else ""
