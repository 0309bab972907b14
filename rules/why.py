"""Why a condition holds or not, in words: "priority is P3, the rule wants P1 or P2"."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rules.cadence import text_of
from rules.conditions import MANY, holds, known_to_hold
from rules.language import All, AnyOf, Condition, Not, OnField, Op, Rule, Test
from rules.subjects import Sort, View, subject

LONGEST = 60
MOST_WORDS = 6
SAID_OF_TEXT = "title and description"
WANTS: Mapping[Op, str] = {
    Op.IS: "{}",
    Op.ANY_OF: "{}",
    Op.ALL_OF: "all of {}",
    Op.NONE_OF: "none of {}",
    Op.AT_LEAST: "at least {}",
    Op.AT_MOST: "at most {}",
    Op.ABOVE: "more than {}",
    Op.BELOW: "less than {}",
    Op.STARTS_WITH: "a start with {}",
    Op.MATCHES: "a match of {}",
    Op.TO: "a change to {}",
    Op.FROM: "a change from {}",
    Op.WITHIN: "a time within {}",
}


def why_not(rule: Rule, view: View) -> Iterator[str]:
    """Every condition of the rule that fails, nothing where it matches."""
    yield from failures(rule.when, view)
    if rule.unless is not None and known_to_hold(rule.unless, view) is True:
        yield f"its `unless` holds: {what_holds(rule.unless, view)}"


def failures(condition: Condition, view: View) -> Iterator[str]:
    """A sentence for every part that does not hold."""
    match condition:
        case Test():
            if not holds(condition, view):
                yield _short_of(condition, view)
        case All(of) | OnField(of):
            for one in of:
                yield from failures(one, view)
        case AnyOf(of):
            if not holds(condition, view):
                branches = ("; ".join(failures(one, view)) for one in of)
                yield f"none of {len(of)} alternatives holds ({' / '.join(branches)})"
        case Not(one):
            if holds(one, view):
                yield f"{what_holds(one, view)}, which the rule excludes"


def what_holds(condition: Condition, view: View) -> str:
    """The parts that hold, as facts about the ticket."""
    match condition:
        case Test():
            return _fact(condition, view)
        case All(of) | OnField(of):
            return " and ".join(what_holds(one, view) for one in of) or "everything matches"
        case AnyOf(of):
            return " and ".join(what_holds(one, view) for one in of if holds(one, view))
        case Not(one):
            return f"not so: {wanted_by(one)}"


def wanted_by(condition: Condition) -> str:
    """A condition in words, without a ticket."""
    match condition:
        case Test():
            return f"{_name(condition)} {wanted(condition)}"
        case All(of) | OnField(of):
            return " and ".join(map(wanted_by, of)) or "everything"
        case AnyOf(of):
            return " or ".join(map(wanted_by, of))
        case Not(one):
            return f"not ({wanted_by(one)})"


def wanted(test: Test) -> str:
    if test.op is Op.PRESENT:
        return "present" if test.values[0] else "missing"
    joined = " or ".join(map(shown, test.values))
    if test.op in {Op.ALL_OF, Op.NONE_OF}:
        joined = ", ".join(map(shown, test.values))
    return WANTS[test.op].format(joined)


def _name(test: Test) -> str:
    if test.op is Op.WITHIN and not _is_time(test.field):
        return "now"
    return SAID_OF_TEXT if test.field == "text" else test.field


def _is_time(field: str) -> bool:
    about = subject(field)
    return about is not None and about.sort is Sort.TIME


def _short_of(test: Test, view: View) -> str:
    if test.op in {Op.TO, Op.FROM}:
        return _unchanged(test, view)
    if test.op is Op.PRESENT:
        return f"{_fact(test, view)}, the rule wants it {wanted(test)}"
    if _name(test) == SAID_OF_TEXT:
        return f"{SAID_OF_TEXT} {TEXT_LACKS.get(test.op, _no_match)(test)}"
    return f"{_fact(test, view)}, the rule wants {wanted(test)}"


def _unchanged(test: Test, view: View) -> str:
    before = view.sight_before(test.field)
    if before is None:
        return f"{test.field} did not change: the ticket is seen for the first time; the rule wants {wanted(test)}"
    if before == view.sight(test.field):
        return f"{_fact(test, view)} as before, the rule wants {wanted(test)}"
    return f"{test.field} changed from {_all(before)} to {_all(view.sight(test.field))}, the rule wants {wanted(test)}"


def _lacks(test: Test) -> str:
    words = [shown(value) for value in test.values]
    if len(words) == 1:
        return f"do not hold {words[0]}"
    rest = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    return f"hold none of {', '.join(words[:MOST_WORDS])}{rest}"


def _no_match(test: Test) -> str:
    return f"do not fit, the rule wants {wanted(test)}"


TEXT_LACKS: Mapping[Op, Callable[[Test], str]] = {
    Op.IS: _lacks,
    Op.ANY_OF: _lacks,
    Op.ALL_OF: lambda test: f"do not hold all of {', '.join(map(shown, test.values))}",
    Op.NONE_OF: lambda test: f"hold one of {', '.join(map(shown, test.values))}, which the rule excludes",
}


def _fact(test: Test, view: View) -> str:
    if test.op is Op.WITHIN and not _is_time(test.field):
        return f"now is {shown(view.now)}"
    seen = view.sight(test.field)
    if not seen:
        return f"it has no {test.field}" if test.field in MANY else f"{_name(test)} is missing"
    return f"{_name(test)} is {_all(seen)}" if test.field != "text" else f"{SAID_OF_TEXT} hold {wanted(test)}"


def _all(values: tuple[Any, ...]) -> str:
    return ", ".join(dict.fromkeys(map(shown, values))) or "nothing"


def shown(value: Any) -> str:
    """A value as people read it, not longer than a line."""
    if isinstance(value, timedelta):
        return text_of(value) if value >= timedelta(0) else f"minus {text_of(-value)}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
