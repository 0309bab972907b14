"""The shape of rules and catalogue files, in marshmallow; its errors mapped to lines and columns."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from core.decisions import Level, Mode, Reason, WhenMissed
from core.moments import BY_AGENTS, MomentKind
from core.notes import Audience
from core.sites import Platform
from rules.documents import MAX_LISTED, Mark, Node
from rules.holidays import LOCATION
from rules.language import LAYERS
from rules.suggestion import did_you_mean
from rules.tongues import spoken, unspoken, written_as
from rules.values import (
    Anything,
    AtKey,
    Many,
    Table,
    Unfit,
    Value,
    allowance,
    duration,
    flag,
    headcount,
    name,
    one_of,
    text,
    time,
    version,
    wait,
    whole,
    word,
    zone,
)

NONE = "none"
NO_MAPPING = "is a mapping: one `name: value` per line."


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


def _text(**options: Any) -> Value:
    return Value(text, **options)


def _choice(choices: Iterable[str], what: str, **options: Any) -> Value:
    return Value(one_of(choices, what), **options)


MOMENTS = tuple(kind for kind in MomentKind if kind not in BY_AGENTS)
AUDIENCES = tuple(Audience)


class Words(Table):
    """A text, or the same in several languages."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Value(text), spoken(), "language", **options)

    def _allows(self, key: str) -> bool:
        return not unspoken(key)

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if isinstance(value, Mapping):
            return super()._deserialize(value, *rest, **options)
        return self.inner.deserialize(value)


def zone_of_calendar(value: Any) -> str:
    if isinstance(value, str) and value.strip().casefold() == LOCATION != value:
        raise Unfit(f"{value!r} is not a time zone. Did you mean {LOCATION}?")
    return LOCATION if value == LOCATION else zone(value)


def known_language(value: Any) -> str:
    """Any language that people may read."""
    if not written_as(word(value)):
        raise Unfit(f"{value!r} is not a language. Write it like en, de or de-AT.")
    return written_as(word(value))


def spoken_language(value: Any) -> str:
    """One in which texts can be."""
    if why := unspoken(word(value)):
        raise Unfit(why)
    return word(value)


def _by_audience(inner: fields.Field[Any]) -> Table:
    return Table(inner, AUDIENCES, "audience")


def _by_moment(inner: fields.Field[Any]) -> Table:
    return Table(inner, MOMENTS, "moment")


class ImpactShape(Shape):
    id = Value(name, required=True)
    level = _choice(Level, "level", required=True)
    statement = Anything(required=True)


class StretchShape(Shape):
    after = Value(duration, required=True)
    every = Value(duration, required=True)
    calendar = _text()


class EscalationShape(Shape):
    after = Value(duration, required=True)
    tell = _text(required=True)


class Several(fields.List[Any]):
    """A list of mappings."""

    default_error_messages = {"invalid": "is a list: each entry starts with '- '."}  # noqa: RUF012 - marshmallow's own way


class OneOrMany(fields.List[Any]):
    """A list of mappings; one of them may stand alone."""

    default_error_messages = {"invalid": "is a mapping, or a list of mappings."}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if isinstance(value, Mapping):
            return [self.inner.deserialize(value)]
        return super()._deserialize(value, *rest, **options)


class CadenceShape(Shape):
    every = Value(duration, required=True)
    first = Value(duration)
    monitoring = Value(duration)
    stretch = OneOrMany(fields.Nested(StretchShape))
    calendar = _text()
    remind = Value(duration)
    remind_requester = Value(duration)
    when_missed = _choice(WhenMissed, "way to treat a missed promise")
    escalate = Several(fields.Nested(EscalationShape))


class CadenceOrNone(fields.Nested):
    """`none` promises nothing, on purpose."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        return None if value == NONE else super()._deserialize(value, *rest, **options)


PLANNED = ("planned_start", "planned_end")


def lead(value: Any) -> tuple[str, timedelta]:
    """So long before which planned time: `1d` is before the start, `{planned_end: 30m}` says which."""
    if not isinstance(value, Mapping):
        return PLANNED[0], duration(value)
    if len(value) != 1 or not set(value) <= set(PLANNED):
        raise Unfit("is a duration before the planned start, such as 1d, or `{planned_end: 30m}`.")
    ((of, length),) = value.items()
    return of, duration(length)


def since(value: Any) -> tuple[str, timedelta]:
    """So long after what: `2h` counts from when it began, `{planned_start: 15m}` from the planned start."""
    if not isinstance(value, Mapping):
        return "", duration(value)
    if set(value) != {PLANNED[0]}:
        raise Unfit("is a duration, such as 2h, or `{planned_start: 15m}`.")
    return PLANNED[0], duration(value[PLANNED[0]])


class MilestoneShape(Shape):
    on = Anything()
    after = Value(since)
    before = Value(lead)
    when = Anything()
    unless = Anything()
    calendar = _text()
    tell = Many(_choice(AUDIENCES, "audience"), required=True)
    say = Anything(required=True)


class NoticeShape(Shape):
    before = Many(Value(duration), required=True)
    calendar = _text()


class ManyOrNone(OneOrMany):
    """As one or many; `none` is none at all, on purpose."""

    default_error_messages = {"invalid": "is a list of mappings, or `none`."}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        return [] if value == NONE else super()._deserialize(value, *rest, **options)


class ClosingShape(Shape):
    after = Value(duration, required=True)
    calendar = _text()
    tell = Many(_choice(AUDIENCES, "audience"))
    say = Anything()


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
    milestones = Several(fields.Nested(MilestoneShape))
    notices = ManyOrNone(fields.Nested(NoticeShape))
    closing = CadenceOrNone(ClosingShape)
    mode = _choice(Mode, "mode")
    active = Value(flag)


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


class FenceShape(Shape):
    id = Value(name, required=True)
    matches = _text(required=True)
    because = _text(required=True)


class QuietShape(Shape):
    tell = Many(_choice(AUDIENCES, "audience"), required=True)
    outside = _text(required=True)
    when = Anything()
    unless = Anything()


class BudgetShape(Shape):
    requester = Value(allowance, required=True)
    unless = Anything()


class CrowdShape(Shape):
    people = Value(headcount)
    hours = Value(word)


class ServiceShape(Shape):
    id = Value(name, required=True)
    name = Words(required=True)
    people_can = Words()
    workaround = Words()
    aliases = Table(Many(Value(word)), Platform, "platform")
    needs = Many(Value(word))
    audiences = Table(fields.Nested(CrowdShape), what="group of people")
    liaisons = Table(Value(word), what="department")
    key_users = Table(Many(Value(word)), what="place")


class LocationShape(Shape):
    id = Value(name, required=True)
    name = Words(required=True)
    timezone = Value(zone)
    country = Value(word)
    region = Value(word)
    language = Value(known_language)
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

    timezone = Value(zone_of_calendar)
    days = Anything()
    open = Anything()
    dates = Anything()
    holidays = Anything()


class FileShape(Shape):
    """A rules file, a catalogue, or both; sections are read one entry at a time."""

    version = Value(version, required=True)
    team = _text()
    language = Value(spoken_language)
    lists = Table(Anything(), what="name", allow_none=True)
    calendars = Table(Anything(), what="name", allow_none=True)
    rules = Anything(allow_none=True)
    gates = Anything(allow_none=True)
    families = Anything(allow_none=True)
    tests = Anything(allow_none=True)
    services = Anything(allow_none=True)
    locations = Anything(allow_none=True)
    settle = Table(Value(wait), MOMENTS, "moment", allow_none=True)
    allow = Many(Value(text), allow_none=True)
    allow_words = Many(Value(text), allow_none=True)
    glossary = Anything(allow_none=True)
    guard = Anything(allow_none=True)
    budget = Anything(allow_none=True)
    phrases = Table(Anything(), what="name", allow_none=True)
    quiet = Anything(allow_none=True)


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
    subject = f"{last} " if isinstance(last, str) and last else "this " if message.startswith("is ") else ""
    return own.mark if own else parent.mark, message if message[:1] in "'\"" else f"{subject}{message}"


def _choices(known: tuple[str, ...]) -> str:
    return f"Possible are: {', '.join(known)}." if known else ""
