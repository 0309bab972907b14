"""The numbers of the overview: from counters and narrow indexes, never from the rows of notes and tickets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text

from app import tables
from app.unheld import unheld
from core.notes import Audience
from core.promises import PromiseState
from core.times import iso
from ui.overview_views import NO_SERVICE, Day, Query, Reading, Scope, Show
from ui.reports import Line

D, F, N, P, T = tables.deliveries, tables.feedback, tables.notes, tables.promises, tables.tickets
B, G, S = tables.promise_days, tables.grade_days, tables.spoken_days
SOON = timedelta(hours=1)
"""A promise that falls due within it is due soon."""
OPEN_TICKETS = text("tickets.is_open = 1")
OPEN_PROMISES = text("promises.state = 'open'")
OF_ONE_SITE = text("+promises.site = :only")
"""The plus keeps SQLite from walking through all open promises of a site: few of them are due."""
UNDONE = text("notes.state NOT IN ('written', 'superseded', 'withdrawn')")
FAILED_NOTES = (Show.REFUSED, Show.STOPPED, Show.IN_DOUBT)
ENDED = (Show.KEPT, Show.KEPT_LATE, Show.MISSED)
SAID_BACK = (Show.HELPED, Show.NOT_HELPED, Show.HURTS)


def since(scope: Scope, now: datetime) -> datetime:
    """Midnight in UTC: whole days, as the counters have them."""
    first = now.astimezone(UTC).date() - timedelta(days=scope.days - 1)
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


@dataclass(frozen=True)
class Standing:
    """How many open tickets share all of these. `rank`: app.standing.RANKS."""

    site: str
    held: bool
    rank: int
    impact: str
    service: str
    number: int


def standings(connection: Connection) -> list[Standing]:
    columns = (T.c.site, T.c.held, T.c.impact_rank, T.c.impact, T.c.service)
    rows = connection.execute(select(*columns, func.count()).where(OPEN_TICKETS).group_by(*columns))
    return [Standing(site, bool(held), rank, impact, service, n) for site, held, rank, impact, service, n in rows]


def due(connection: Connection, site: str, now: datetime) -> tuple[int, int]:
    """How many promises to readers fall due soon, and how many are overdue."""
    overdue = P.c.due <= iso(now)
    query = select(func.count().filter(~overdue), func.count().filter(overdue)).where(
        OPEN_PROMISES, P.c.due <= iso(now + SOON), P.c.audience != Audience.AGENTS, unheld(P)
    )
    if site:
        query = query.where(OF_ONE_SITE.bindparams(only=site))
    soon, late = connection.execute(query).one()
    return soon, late


def promised(connection: Connection, scope: Scope, now: datetime) -> tuple[Line, tuple[Day, ...]]:
    """How promises to readers ended, in all and by day; days without any are there, too."""
    first = since(scope, now).date()
    rows = connection.execute(
        select(B.c.day, B.c.state, func.sum(B.c.number))
        .where(B.c.day >= first.isoformat(), *of_site(B, scope.site))
        .group_by(B.c.day, B.c.state)
    )
    found: dict[str, Counter[str]] = {}
    for day, state, number in rows:
        found.setdefault(day, Counter())[state] += number
    total: Counter[str] = sum(found.values(), Counter())
    days = (first + timedelta(days=n) for n in range(scope.days))
    return _line(total), tuple(_day(day, found.get(day.isoformat(), Counter())) for day in days)


def _line(ended: Mapping[str, int]) -> Line:
    counts = {name: ended.get(state, 0) for name, state in _ENDS.items()}
    return Line("all", withdrawn=ended.get(PromiseState.WITHDRAWN, 0), **counts)


def _day(day: date, ended: Mapping[str, int]) -> Day:
    return Day(day, **{name: ended.get(state, 0) for name, state in _ENDS.items()})


_ENDS = {"kept": PromiseState.KEPT, "kept_late": PromiseState.KEPT_LATE, "missed": PromiseState.MISSED}


def spoken(connection: Connection, scope: Scope, now: datetime) -> list[tuple[str, str, int]]:
    """Service, rule, and how many updates went out to requesters."""
    columns = (S.c.service, S.c.rule)
    rows = connection.execute(select(*columns, func.sum(S.c.number)).where(*_since(S, scope, now)).group_by(*columns))
    return [(service, rule, number) for service, rule, number in rows]


def reading(connection: Connection, scope: Scope, now: datetime) -> Reading:
    """How they read."""
    columns = (G.c.grade, G.c.hard)
    query = select(*columns, func.sum(G.c.number)).where(*_since(G, scope, now)).group_by(*columns)
    grades: Counter[int] = Counter()
    too_hard = 0
    for grade, hard, number in connection.execute(query):
        grades[grade] += number
        too_hard += number * hard
    graded = sorted((grade, number) for grade, number in grades.items() if grade >= 0)
    return Reading(grades.total(), sum(number for _, number in graded), too_hard, _median(graded))


def _median(graded: Sequence[tuple[int, int]]) -> int | None:
    """Of values with how often each occurs, in order; of two in the middle the lower."""
    half, passed = (sum(number for _, number in graded) + 1) // 2, 0
    for value, number in graded:
        passed += number
        if passed >= half:
            return value
    return None


def feedback(connection: Connection, scope: Scope, now: datetime) -> dict[Show, int]:
    query = select(F.c.verdict, func.count()).where(
        F.c.at >= iso(since(scope, now)), unheld(F), *of_site(F, scope.site)
    )
    found = dict(tuple(row) for row in connection.execute(query.group_by(F.c.verdict)))
    return {show: found.get(str(show), 0) for show in SAID_BACK}


def failures(connection: Connection, site: str) -> dict[Show, int]:
    dead = select(func.count()).select_from(D).where(text("deliveries.state = 'dead'"), *of_site(D, site))
    states = select(N.c.state, func.count()).where(UNDONE, N.c.state.in_(FAILED_NOTES), *of_site(N, site))
    notes = dict(tuple(row) for row in connection.execute(states.group_by(N.c.state)))
    return {Show.DEAD: connection.execute(dead).scalar_one()} | {show: notes.get(str(show), 0) for show in FAILED_NOTES}


def counted(connection: Connection, query: Query, now: datetime) -> int:
    """How many rows the list of this query has: the very number that leads to it, but for what is held since."""
    scope, show = query.scope, query.show
    if show in ENDED:
        first = query.day or since(scope, now).date().isoformat()
        until = [B.c.day <= query.day] if query.day else []
        where = (B.c.day >= first, *until, B.c.state == show, *of_site(B, scope.site), *of_service(B, query))
        return _sum(connection, B, where)
    if show is Show.SAID:
        return _sum(connection, S, (*_since(S, scope, now), *of_service(S, query)))
    if show is Show.HARD:
        return _hard(connection, query, now)
    if show in SAID_BACK:
        return feedback(connection, scope, now)[show]
    if show in (Show.DUE, Show.OVERDUE):
        return due(connection, scope.site, now)[show is Show.OVERDUE]
    return failures(connection, scope.site)[show]


def _sum(connection: Connection, table: Any, where: Sequence[ColumnElement[bool]]) -> int:
    return int(connection.execute(select(func.sum(table.c.number)).where(*where)).scalar() or 0)


def _hard(connection: Connection, query: Query, now: datetime) -> int:
    scope = query.scope
    if not query.service:
        return _sum(connection, G, (*_since(G, scope, now), G.c.hard == 1))
    mine = (N.c.written_at >= iso(since(scope, now)), *of_site(N, scope.site), *of_service(N, query))
    return connection.execute(select(func.count()).select_from(N).where(text("notes.hard = 1"), *mine)).scalar_one()


def _since(table: Any, scope: Scope, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of the counters by day."""
    return (table.c.day >= since(scope, now).date().isoformat(), *of_site(table, scope.site))


def of_site(table: Any, site: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.site == site,) if site else ()


def of_service(table: Any, query: Query) -> tuple[ColumnElement[bool], ...]:
    if not query.service:
        return ()
    return (table.c.service == ("" if query.service == NO_SERVICE else query.service),)
