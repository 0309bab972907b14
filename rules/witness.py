"""A ticket that matches given rules, made up from their conditions and tried out on them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import PayloadError
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import Kind, Ticket
from rules.catalogue import Catalogue
from rules.judgement import applies
from rules.language import Op, Rule, Test
from rules.overlap import demand
from rules.samples import ticket_from
from rules.subjects import NESTED, Sort, View, subject

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONGEST = 160


def shown_by(rules: Sequence[Rule], slot: str) -> str:
    """The ticket as a person writes it, "" where none was found: then only a search could tell."""
    plain = dict(_wanted(rules))
    kind = MomentKind(plain.pop("moment", _moment(slot)))
    try:
        ticket = ticket_from(_nested(plain))
    except (PayloadError, ValueError):
        return ""
    text = ", ".join(f"{field}: {_written(value)}" for field, value in plain.items())
    fits = all(_matches(rule, ticket, kind) for rule in rules)
    return f"{{{text}}}" if fits and plain and len(text) <= LONGEST else ""


def _matches(rule: Rule, ticket: Ticket, kind: MomentKind) -> bool:
    return applies(rule.when, rule.unless, View(ticket, Moment(kind, "1", NOW), NOW, Catalogue()))


def _moment(slot: str) -> str:
    audience, _, moment = slot.partition(".")
    return moment if audience in set(Audience) else MomentKind.OPENED


def _wanted(rules: Sequence[Rule]) -> Iterator[tuple[str, Any]]:
    """Field by field what all of them ask for; of several values the first."""
    equal: dict[str, frozenset[str]] = {}
    for rule in rules:
        for field, values in demand(rule.when).equal.items():
            equal[field] = equal.get(field, values) & values
    if not {"kind"} & equal.keys():
        equal["kind"] = frozenset({_kind(rules)})
    for field in sorted(equal):
        yield from ((field, _value(field, value)) for value in sorted(equal[field])[:1])
    for part in sorted({part for rule in rules for part in demand(rule.when).rest if isinstance(part, Test)}, key=str):
        if part.field not in equal:
            yield from _satisfying(part)


def _kind(rules: Sequence[Rule]) -> Kind:
    changes = {"approval", "planned_start", "planned_end", "risk"}
    asked = {field for rule in rules for field in demand(rule.when).equal}
    return Kind.CHANGE if asked & changes else Kind.INCIDENT


def _value(field: str, value: str) -> Any:
    about = subject(field)
    if about and about.choices:
        return next((str(choice) for choice in about.choices if choice.casefold() == value), value)
    if about and about.sort is Sort.FLAG:
        return value == "true"
    if about and about.sort is Sort.NUMBER:
        return float(value) if "." in value else int(value)
    return [value] if about and about.sort is Sort.WORDS else value


def _satisfying(test: Test) -> Iterator[tuple[str, Any]]:
    """A value for a test that is no equality, where one is easily found."""
    about, first = subject(test.field), next(iter(test.values), "")
    if about and about.sort is Sort.PROSE and test.op in {Op.IS, Op.ANY_OF, Op.STARTS_WITH, Op.ALL_OF}:
        words = test.values if test.op is Op.ALL_OF else (first,)
        yield "title" if test.field == "text" else test.field, " ".join(map(str, words))
    elif about and about.sort is Sort.NUMBER and isinstance(first, (int, float)):
        step = {Op.ABOVE: 1, Op.BELOW: -1}.get(test.op, 0)
        if test.op in {Op.AT_LEAST, Op.AT_MOST, Op.ABOVE, Op.BELOW}:
            yield test.field, first + step
    elif about and about.sort is Sort.TIME and isinstance(first, datetime):
        yield test.field, first + timedelta(hours={Op.ABOVE: 1, Op.BELOW: -1}.get(test.op, 0))


def _nested(plain: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field, value in plain.items():
        owner, _, part = field.partition(".")
        if owner in NESTED:
            made.setdefault(owner, {})[part] = value
        else:
            made[field] = value
    return made


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
