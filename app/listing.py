"""The lists behind the numbers of the overview. Each walks along one index, and stops where its page ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, text

from app import tables
from app.figures import ENDED, OPEN_PROMISES, OPEN_TICKETS, SAID_BACK, SOON, UNDONE, of_service, of_site, since
from app.prepared import Prepared
from app.rows import bound, time
from app.standing import NO_IMPACT, RANKS
from app.unheld import unheld
from core.notes import Audience
from core.tickets import TicketRef
from core.times import from_iso, iso
from ui.overview_views import FAILURES, Item, Query, Show, Sort
from ui.words import CAUSES, NOTES

D, F, N, P, T = tables.deliveries, tables.feedback, tables.notes, tables.promises, tables.tickets
LEVELS = {str(level): rank for level, rank in RANKS.items()} | {"none": NO_IMPACT}
NAMES = {rank: str(level) for level, rank in RANKS.items()}
ABOUT = Prepared(
    select(T.c.key, func.json_extract(T.c.newest, "$.ticket.title"), T.c.service, T.c.priority, T.c.held).where(
        bound(T)
    )
)
ORDERS: Mapping[Sort, tuple[Any, ...]] = {
    Sort.WORST: (T.c.impact_rank, T.c.opened_at),
    Sort.OLDEST: (T.c.opened_at, T.c.key),
    Sort.NEWEST: (T.c.opened_at.desc(), T.c.key),
    Sort.TICKET: (T.c.key, T.c.site),
    Sort.SERVICE: (T.c.service, T.c.impact_rank, T.c.opened_at),
    Sort.PRIORITY: (T.c.priority == "", T.c.priority, T.c.impact_rank, T.c.opened_at),
}


@dataclass(frozen=True)
class Spot:
    """Where a page begins, and how many rows it may have."""

    most: int
    after: int = 0


def page(connection: Connection, query: Query, now: datetime, spot: Spot) -> list[Item]:
    """The rows of one page. What a gate holds is in none, but that failures say that something failed."""
    rows = connection.execute(selected(query, now).limit(spot.most).offset(spot.after)).all()
    return [_item(connection, query, row) for row in rows]


def selected(query: Query, now: datetime) -> Select[Any]:
    show = query.show
    if show is Show.OPEN:
        return _open(query)
    if show in (Show.DUE, Show.OVERDUE):
        return _due(query, now)
    if show in ENDED:
        return _ended(query, now)
    if show in (Show.SAID, Show.HARD):
        return _said(query, now)
    if show in SAID_BACK:
        return _answered(query, now)
    return _dead(query) if show is Show.DEAD else _undone(query)


def _open(query: Query) -> Select[Any]:
    more = [T.c.impact_rank == LEVELS[query.level]] if query.level in LEVELS else []
    more += [T.c.impact == query.impact] if query.impact else []
    return (
        select(T.c.site, T.c.id.label("ticket_id"), T.c.opened_at.label("at"), T.c.impact, T.c.impact_rank)
        .where(OPEN_TICKETS, T.c.held == 0, *more, *of_site(T, query.scope.site), *of_service(T, query))
        .order_by(*ORDERS.get(query.sort, ORDERS[Sort.WORST]))
    )


def _due(query: Query, now: datetime) -> Select[Any]:
    until = [P.c.due <= iso(now)] if query.show is Show.OVERDUE else [P.c.due > iso(now), P.c.due <= iso(now + SOON)]
    return (
        select(P.c.site, P.c.ticket_id, P.c.due.label("at"), P.c.cause)
        .where(OPEN_PROMISES, *until, P.c.audience != Audience.AGENTS, unheld(P), *of_site(P, query.scope.site))
        .order_by(_by(P.c.due, query))
    )


def _ended(query: Query, now: datetime) -> Select[Any]:
    return (
        select(P.c.site, P.c.ticket_id, P.c.ended_at.label("at"), P.c.cause)
        .where(
            text("promises.state != 'open' AND promises.audience != 'agents'"),  # as the index says it
            *(P.c.state == query.show, *_within(P.c.ended_at, query, now)),
            *(unheld(P), *of_site(P, query.scope.site), *of_service(P, query)),
        )
        .order_by(_by(P.c.ended_at, query))
    )


def _said(query: Query, now: datetime) -> Select[Any]:
    which = "notes.hard = 1" if query.show is Show.HARD else "notes.grade IS NOT NULL"
    return (
        select(N.c.site, N.c.ticket_id, N.c.written_at.label("at"), N.c.text, N.c.grade)
        .where(
            *(text(which), N.c.written_at >= iso(since(query.scope, now)), unheld(N)),
            *(*of_site(N, query.scope.site), *of_service(N, query)),
        )
        .order_by(_by(N.c.written_at, query))
    )


def _answered(query: Query, now: datetime) -> Select[Any]:
    about = select(N.c.text).where(N.c.id == F.c.note_id).scalar_subquery()
    return (
        select(F.c.site, F.c.ticket_id, F.c.at, about.label("text"))
        .where(F.c.at >= iso(since(query.scope, now)), F.c.verdict == query.show)
        .where(unheld(F), *of_site(F, query.scope.site))
        .order_by(_by(F.c.at, query))
    )


def _dead(query: Query) -> Select[Any]:
    return (
        select(D.c.site, D.c.ticket_id, D.c.received_at.label("at"), D.c.problem, D.c.id)
        .where(text("deliveries.state = 'dead'"), *of_site(D, query.scope.site))
        .order_by(_by(D.c.id, query))
    )


def _undone(query: Query) -> Select[Any]:
    return (
        select(N.c.site, N.c.ticket_id, N.c.planned_at.label("at"), N.c.problem, N.c.id, N.c.state)
        .where(UNDONE, N.c.state == query.show, *of_site(N, query.scope.site))
        .order_by(_by(N.c.planned_at, query))
    )


def _within(column: ColumnElement[str], query: Query, now: datetime) -> Sequence[ColumnElement[bool]]:
    if not query.day:
        return (column >= iso(since(query.scope, now)),)
    first = datetime.fromisoformat(f"{query.day}T00:00:00+00:00")
    return (column >= iso(first), column < iso(first + timedelta(days=1)))


def _by(column: Any, query: Query) -> Any:
    return column.asc() if query.sort is Sort.OLDEST else column.desc()


def _item(connection: Connection, query: Query, row: Row[Any]) -> Item:
    ref, failed = TicketRef(row.site, row.ticket_id), query.show in FAILURES
    key, title, service, priority, held = _about(connection, ref)
    identity = str(row.id) if failed and query.show is not Show.IN_DOUBT else ""
    if held:
        return Item(TicketRef(row.site, ""), time(row.at), id=identity, held=True)
    given = row._mapping  # noqa: SLF001 - SQLAlchemy's public way to a row's names
    return Item(
        ref,
        from_iso(row.at) if row.at else None,
        key or ref.id,
        title or "",
        service,
        priority,
        NAMES.get(given.get("impact_rank", NO_IMPACT), ""),
        given.get("impact", ""),
        _words(given),
        identity,
        grade=given.get("grade"),
    )


def _about(connection: Connection, ref: TicketRef) -> tuple[str, str, str, str, bool]:
    found = ABOUT.run(connection, of_site=ref.site, of_id=ref.id).fetchone()
    return found or (ref.id, "", "", "", False)


def _words(given: Mapping[Any, Any]) -> str:
    if given.get("cause"):
        return CAUSES[given["cause"]]
    return given.get("text") or given.get("problem") or (NOTES[given["state"]] if "state" in given else "")
