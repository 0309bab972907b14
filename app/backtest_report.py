"""The report of a backtest, for people: a page that one can forward, and the sentences that stand out."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2

from app.backtest import BESIDE, Change, Result, Sample
from app.backtest_figures import ENOUGH_FOR_WEEK, NO_PRIORITY, UNKNOWN, Coverage, Figures, Spread, figures
from app.rehearsal import Life
from core.decisions import Reason
from core.notes import CUSTOMER_FACING
from ui import charts
from ui.words import REASONS

MOST_ROWS = 25
MANY = 20
"""So many messages in one ticket that its people stop reading."""
LONG = 24
"""Hours without a word in a P1."""


@dataclass(frozen=True)
class Names:
    """What the two rule sets are called in the report."""

    rules: str
    against: str = ""


def page(result: Result, names: Names, made: Figures | None = None) -> str:
    """The report as HTML in one file, without scripts or anything from elsewhere. `made`: the figures, if known."""
    now = made or figures(result.lives, result.unreadable)
    before = figures(result.before) if names.against else None
    return _environment().get_template("backtest.html").render(
        now=now,
        before=before,
        rules=names.rules,
        against=names.against,
        spoken=_spoken(now),
        notable=list(notable(now, result.lives)),
        compared=list(compared(before, now)) if before else [],
        changes=list(changes(result)),
        volumes=[("a ticket", *_volume(now.per_ticket)), ("a person and week", *_volume(now.per_person_week))],
        busiest=_busiest(result.lives),
        pace=[_pace(one) for one in now.pace],
        coverage=[_covered(row) for row in now.coverage[:MOST_ROWS]],
        words=list(_words(result, now)),
        silences=[(REASONS[Reason(reason)], f"{count:,}") for reason, count in now.silences],
        columns=charts.columns,
    )  # fmt: skip


def notable(now: Figures, lives: Sequence[Life]) -> Iterator[str]:
    """What a person should look at first, in sentences."""
    if not now.messages:
        yield "Nothing at all would have been said."
        return
    if all(row.service == UNKNOWN for row in now.coverage):
        yield "No ticket names a service of the catalogue, so every reader would read of “the service you reported”."
    else:
        yield from _uncovered(now)
    busy = [life for life in lives if _heard(life) > MANY]
    if busy:
        told = max(busy, key=_heard)
        yield f"{_count(len(busy), 'ticket')} with more than {MANY} messages: {told.key} would have {_heard(told):,}."
    if now.busy_weeks:
        share = now.busy_weeks / now.person_weeks
        often = f"more than {ENOUGH_FOR_WEEK} times"
        yield f"In {share:.0%} of the weeks in which a person hears something, they hear {often}."
    first = next((one for one in now.pace if one.priority == "P1"), None)
    if first and first.silence.most > LONG:
        yield f"The longest silence in a P1 is {first.silence.most:,.0f} hours."
    shipped = sum(count for _, count, own in now.by_rule if own)
    if shipped:
        yield f"{shipped / max(1, now.messages):.0%} of all messages are in Liaison's own words, not in yours."
    late = now.promises["kept_late"] + now.promises["missed"]
    if late:
        yield f"{_count(late, 'promise')} would not have been kept in time."


def _uncovered(now: Figures) -> Iterator[str]:
    unknown = sum(row.tickets for row in now.coverage if row.service == UNKNOWN)
    if unknown:
        yield f"{_count(unknown, 'ticket')} name no service of the catalogue."
    for row in now.coverage:
        if row.service != UNKNOWN and row.tickets and not row.by_own_rules:
            yield f"{row.service} speaks with Liaison's own words only ({_count(row.tickets, 'ticket')})."


def _heard(life: Life) -> int:
    return sum(one.audience in CUSTOMER_FACING and not one.draft for one in life.said)


def _spoken(now: Figures) -> float:
    tickets = sum(row.tickets for row in now.coverage)
    return sum(row.spoken for row in now.coverage) / tickets if tickets else 0.0


def compared(before: Figures, now: Figures) -> Iterator[tuple[str, str, str]]:
    def row(what: str, *values: float, percent: bool = False) -> tuple[str, str, str]:
        one, other = (f"{value:.0%}" if percent else _number(value) for value in values)
        return what, one, other

    yield row("messages", before.messages, now.messages)
    yield row("tickets whose people hear something", _spoken(before), _spoken(now), percent=True)
    yield row("messages a ticket, in the middle", before.per_ticket.median, now.per_ticket.median)
    yield row("messages a ticket, the most", before.per_ticket.most, now.per_ticket.most)
    yield row("messages a person and week, 1 in 20 has at least", before.per_person_week.p95, now.per_person_week.p95)
    yield row("promised updates a day, the most", before.promises_per_day.most, now.promises_per_day.most)
    yield row("tickets held silent", before.held, now.held)


def ordered(result: Result) -> list[tuple[Change, int]]:
    """Most of all first; what only follows of another change comes last."""
    return sorted(result.changes.items(), key=lambda change: (change[0][0] == BESIDE, -change[1], change[0]))


def changes(result: Result) -> Iterator[dict[str, Any]]:
    for change, count in ordered(result)[: MOST_ROWS * 2]:
        what, audience, moment, *_ = change
        yield {
            "title": f"{what.capitalize()}: {audience}, {moment.replace('_', ' ')}",
            "rules": _rules(change),
            "count": count,
            "tickets": result.changed_tickets[change],
            "samples": result.change_samples.get(change, []),
        }


def _rules(change: Change) -> str:
    _, _, _, old, new = change
    if old and new and old != new:
        return f"rule {old} before, {new} after"
    return f"rule {old or new}"


def _words(result: Result, now: Figures) -> Iterator[dict[str, Any]]:
    slots: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (audience, moment, rule), samples in sorted(result.samples.items()):
        slots[rule].append({"audience": audience, "moment": moment.replace("_", " "), "samples": _once(samples)})
    for rule, count, shipped in now.by_rule:
        yield {"rule": rule or "(an agent's help)", "count": count, "shipped": shipped, "slots": slots[rule]}


def _once(samples: Sequence[Sample]) -> list[Sample]:
    """The same words need not be read three times."""
    return list({sample.words: sample for sample in reversed(samples)}.values())[::-1]


def _busiest(lives: Sequence[Life]) -> list[tuple[str, str, str]]:
    counts = Counter({life.ref: _heard(life) for life in lives})
    known = {life.ref: life for life in lives}
    most = [(known[ref], count) for ref, count in counts.most_common(5) if count > MANY]
    return [(life.key, f"{count:,}", life.priority or NO_PRIORITY) for life, count in most]


def _volume(spread: Spread) -> tuple[str, str, str]:
    return _number(spread.median), _number(spread.p95), _number(spread.most)


def _pace(one: Any) -> tuple[str, ...]:
    first, silence = one.first_word, one.silence
    hours = (first.median, first.p95, silence.median, silence.p95)
    return (one.priority, f"{one.tickets:,}", *(_time(value) for value in hours))


def _time(hours: float) -> str:
    if hours >= LONG * 2:
        return f"{hours / 24:,.1f} days"
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:,.0f} min"


def _covered(row: Coverage) -> tuple[str, ...]:
    own = row.by_own_rules / row.tickets if row.tickets else 0
    return f"{row.service}, {row.kind}", f"{row.tickets:,}", f"{row.share:.0%}", f"{own:.0%}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("app", "pages")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    made.filters |= {"number": _number, "percent": lambda value: f"{value:.0%}", "day": _day}
    return made


def _number(value: float) -> str:
    """As people say it: 0.4, 2.5, 39, 1,204."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.1f}"  # noqa: PLR2004 - two digits


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"
