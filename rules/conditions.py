"""The plain interpreter: whether a condition holds on a view.

A field that is missing makes a positive condition false (`none_of` and `not` are negative ones). Where nothing may
rest on it (`unless`, gates with `unknown: hold`) the same evaluation says "unknown" instead: None.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import re2  # type: ignore[import-untyped]  # ships no types

from core.times import from_iso
from rules.language import All, AnyOf, Condition, Not, OnField, Op, Test, Value
from rules.subjects import CUSTOM, Sort, View, subject
from rules.whereabouts import at_place

YES = frozenset({"true", "yes", "1"})
NO = frozenset({"false", "no", "0"})
MANY = frozenset({"labels", "components"})
"""Fields that are never missing: without a label a ticket has none of them."""


def holds(condition: Condition, view: View) -> bool:
    """For `when`: a missing field makes a positive condition false."""
    match condition:
        case Test():
            verdict = tested(condition, view)
            return condition.op is Op.NONE_OF if verdict is None else verdict
        case All() | OnField():
            return all(holds(one, view) for one in condition.of)
        case AnyOf():
            return any(holds(one, view) for one in condition.of)
        case Not():
            return not holds(condition.one, view)


def known_to_hold(condition: Condition, view: View) -> bool | None:
    """For `unless`: None where the answer rests on a missing field."""
    return _three_valued(condition, lambda test: tested(test, view))


def cannot_be_ruled_out(condition: Condition, view: View) -> bool:
    """For gates with `unknown: hold`: a declared field that cannot be read counts as true, any other missing one is
    as in `when`. Declared is a custom field that the site configures: it is in `ticket.fields`, as None.
    """

    def verdict(test: Test) -> bool | None:
        return None if unread(test, view) else holds(test, view)

    return _three_valued(condition, verdict) is not False


def unread(test: Test, view: View) -> bool:
    name = test.field.removeprefix(CUSTOM)
    return test.field.startswith(CUSTOM) and name in view.ticket.fields and view.ticket.fields[name] is None


def _three_valued(condition: Condition, verdict: Callable[[Test], bool | None]) -> bool | None:
    match condition:
        case Test():
            return verdict(condition)
        case All() | OnField():
            verdicts = [_three_valued(one, verdict) for one in condition.of]
            return False if False in verdicts else None if None in verdicts else True
        case AnyOf():
            verdicts = [_three_valued(one, verdict) for one in condition.of]
            return True if True in verdicts else None if None in verdicts else False
        case Not():
            inner = _three_valued(condition.one, verdict)
            return None if inner is None else not inner


def tested(test: Test, view: View) -> bool | None:
    """One test; None where its field is missing."""
    if test.op is Op.PRESENT:
        return bool(view.sight(test.field)) is bool(test.values[0])
    if test.op in {Op.TO, Op.FROM}:
        return _changed(test, view)
    if test.op is Op.WITHIN:
        return _within(test, view)
    seen = view.sight(test.field)
    if not seen and test.field not in MANY:
        return None
    return _compared(test, seen)


def _changed(test: Test, view: View) -> bool:
    """A change of the field in this moment: at first sight nothing has changed."""
    before, after = view.sight_before(test.field), view.sight(test.field)
    if before is None or before == after:
        return False
    return _any_same(test.values, after if test.op is Op.TO else before)


def _within(test: Test, view: View) -> bool | None:
    """A time field's time, else now."""
    about = subject(test.field)
    times: tuple[Any, ...] = (view.now,)
    if about and about.sort is Sort.TIME:
        times = view.sight(test.field)
        if not times:
            return None
    calendars = (view.calendars[str(name)] for name in test.values if str(name) in view.calendars)
    here = [at_place(calendar, view.catalogue, view.ticket, view.zone) for calendar in calendars]
    return any(calendar.is_open(time, view.zone) for calendar in here for time in times)


def _compared(test: Test, seen: tuple[Any, ...]) -> bool | None:
    about = subject(test.field)
    prose = about is not None and about.sort is Sort.PROSE and (test.op is not Op.IS or test.field == "text")
    if prose and test.op in WORDS_IN:
        return WORDS_IN[test.op](test.values, "\n".join(map(str, seen)).casefold())
    if test.op in MEMBERS:
        return MEMBERS[test.op](test.values, seen)
    if test.op in ORDER:
        pairs = [pair for value in seen if (pair := comparable(value, test.values[0])) is not None]
        return any(ORDER[test.op](*pair) for pair in pairs) if pairs else None
    if test.op is Op.STARTS_WITH:
        starts = tuple(str(value).casefold() for value in test.values)
        return any(str(value).casefold().startswith(starts) for value in seen)
    return any(finds(str(wanted), value) for wanted in test.values for value in seen)


def _any_same(wanted: tuple[Value, ...], seen: tuple[Any, ...]) -> bool:
    return any(same(one, value) for one in wanted for value in seen)


def _all_same(wanted: tuple[Value, ...], seen: tuple[Any, ...]) -> bool:
    return all(_any_same((one,), seen) for one in wanted)


MEMBERS: dict[Op, Callable[[tuple[Value, ...], tuple[Any, ...]], bool]] = {
    Op.IS: _any_same,
    Op.ANY_OF: _any_same,
    Op.ALL_OF: _all_same,
    Op.NONE_OF: lambda wanted, seen: not _any_same(wanted, seen),
}
WORDS_IN: dict[Op, Callable[[tuple[Value, ...], str], bool]] = {
    Op.IS: lambda wanted, text: any(str(word).casefold() in text for word in wanted),
    Op.ANY_OF: lambda wanted, text: any(str(word).casefold() in text for word in wanted),
    Op.ALL_OF: lambda wanted, text: all(str(word).casefold() in text for word in wanted),
    Op.NONE_OF: lambda wanted, text: not any(str(word).casefold() in text for word in wanted),
}
ORDER: dict[Op, Callable[[Any, Any], bool]] = {
    Op.AT_LEAST: lambda value, bound: value >= bound,
    Op.AT_MOST: lambda value, bound: value <= bound,
    Op.ABOVE: lambda value, bound: value > bound,
    Op.BELOW: lambda value, bound: value < bound,
}


def same(wanted: Value, value: Any) -> bool:
    """Equality as people mean it: text without case, numbers and flags also where a platform sends them as text."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return flag_of(wanted) is not None and flag_of(wanted) == flag_of(value)
    pair = comparable(value, wanted) if isinstance(wanted, (int, float, datetime, timedelta)) else None
    if pair is not None:
        return bool(pair[0] == pair[1])
    return str(wanted).strip().casefold() == str(value).strip().casefold()


def flag_of(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    return True if text in YES else False if text in NO else None


def comparable(value: Any, bound: Value) -> tuple[Any, Any] | None:
    """Value and bound as one type, None where the value is not of that type."""
    if isinstance(bound, datetime):
        time = value if isinstance(value, datetime) else _time(str(value))
        return (time, bound) if time else None
    if isinstance(bound, timedelta):
        return (value, bound) if isinstance(value, timedelta) else None
    number = _number(value)
    return None if number is None or isinstance(bound, str) else (number, bound)


def _time(text: str) -> datetime | None:
    try:
        return from_iso(text)
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def finds(wanted: str, value: Any) -> bool:
    return pattern(wanted).search(encodable(str(value))) is not None


def encodable(text: str) -> str:
    """JSON can carry half of a surrogate pair, which no UTF-8 can: it is read as "?"."""
    return text.encode(errors="replace").decode()


@cache
def pattern(text: str) -> Any:
    """An RE2 pattern, without case. Raises re2.error."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(text, options)
