"""How promises ended, and how much requesters had to read: from the store, read row by row."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, text

from app import tables
from app.store import Store
from core.notes import Audience
from core.promises import PromiseState
from core.times import from_iso, iso
from ui.reports import Comments, Line, Report, Silence

N, P, T = tables.notes, tables.promises, tables.tickets
TOTAL = "all"
S = PromiseState
NOBODY_ELSE = and_(T.c.memory.not_like('%"gates":["%'))
"""Tickets that no confidential gate holds: quotes inside JSON's own texts are escaped, so this finds nothing else."""
_ENDED = text("promises.state != 'open'")
_OPEN = text("promises.state = 'open'")


class By(StrEnum):
    SERVICE = "service"
    PRIORITY = "priority"
    GROUP = "group"


NAMES: Mapping[By, Callable[[Row[Any]], str]] = {
    By.SERVICE: lambda row: row.service or "not in the catalogue",
    By.PRIORITY: lambda row: row.priority or "none",
    By.GROUP: lambda row: row.team or "none",
}


@dataclass
class _Counted:
    """What is known of one line so far."""

    states: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    overdue: int = 0

    def add(self, row: Row[Any], now: str) -> None:
        self.states[row.state] += 1
        if row.state == S.KEPT_LATE:
            self.late.append(_seconds(row.due, row.ended_at))
        self.overdue += row.state == S.OPEN and row.due <= now

    def line(self, name: str) -> Line:
        late = sorted(self.late)
        counts = {str(state): self.states[state] for state in S}
        return Line(name, **counts, overdue=self.overdue, late_median=_part(late, 0.5), late_p95=_part(late, 0.95))


def report(store: Store, since: datetime, now: datetime, by: By) -> Report:
    """Promises that ended since then, those still open, and what was written since. Raises StoreError."""
    groups: dict[str, _Counted] = {}
    total = _Counted()
    causes: dict[str, Counter[str]] = {}
    silences: dict[str, list[float]] = {}
    name, present = NAMES[by], iso(now)
    with store.read() as connection:
        for row in _promises(connection, since):
            groups.setdefault(name(row), _Counted()).add(row, present)
            total.add(row, present)
            if row.cause and row.state != S.OPEN:
                causes.setdefault(row.cause, Counter())[row.state] += 1
            if row.state != S.WITHDRAWN:
                waited = _seconds(row.made_at, row.ended_at or present)
                silences.setdefault(row.priority or "none", []).append(waited)
        comments = _comments(connection, since)
    return Report(
        since=since,
        until=now,
        by=str(by),
        total=total.line(TOTAL),
        lines=tuple(groups[group].line(group) for group in sorted(groups)),
        causes=_by_weight(causes),
        silences=tuple(_silence(priority, silences[priority]) for priority in sorted(silences)),
        comments=comments,
    )


def _promises(connection: Connection, since: datetime) -> Iterable[Row[Any]]:
    yield from connection.execute(_of_promises(_ENDED, P.c.ended_at >= iso(since)))
    yield from connection.execute(_of_promises(_OPEN))


def _of_promises(*where: Any) -> Select[Any]:
    shown = (P.c.state, P.c.cause, P.c.due, P.c.made_at, P.c.ended_at, P.c.service, P.c.priority, P.c.team)
    joined = P.join(T, and_(P.c.site == T.c.site, P.c.ticket_id == T.c.id))
    to_readers = P.c.audience != Audience.AGENTS
    return select(*shown).select_from(joined).where(*where, to_readers, NOBODY_ELSE)


def _comments(connection: Connection, since: datetime) -> Comments:
    """People are counted, and named nowhere."""
    requester = func.json_extract(T.c.newest, "$.ticket.requester.id").label("requester")
    joined = N.join(T, and_(N.c.site == T.c.site, N.c.ticket_id == T.c.id))
    query = select(N.c.site, N.c.ticket_id, N.c.written_at, requester).select_from(joined)
    tickets: Counter[tuple[str, str]] = Counter()
    weeks: Counter[tuple[str, str, tuple[int, int]]] = Counter()
    nobody = 0
    for row in connection.execute(
        query.where(N.c.written_at >= iso(since), N.c.audience != Audience.AGENTS, NOBODY_ELSE)
    ):
        tickets[row.site, row.ticket_id] += 1
        if row.requester:
            weeks[row.site, row.requester, from_iso(row.written_at).isocalendar()[:2]] += 1
        else:
            nobody += 1
    return Comments(
        comments=tickets.total(),
        tickets=len(tickets),
        most_for_a_ticket=max(tickets.values(), default=0),
        people=len({(site, person) for site, person, _ in weeks}),
        person_weeks=len(weeks),
        most_for_a_person=max(weeks.values(), default=0),
        of_nobody=nobody,
    )


def _by_weight(causes: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    heaviest = sorted(causes, key=lambda cause: (-causes[cause].total(), cause))
    return {c: {str(S.KEPT_LATE): causes[c][S.KEPT_LATE], str(S.MISSED): causes[c][S.MISSED]} for c in heaviest}


def _silence(priority: str, waited: list[float]) -> Silence:
    waited.sort()
    return Silence(priority, _part(waited, 0.5) or 0.0, _part(waited, 0.95) or 0.0, waited[-1])


def _part(ordered: list[float], share: float) -> float | None:
    """The value that this share of all does not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def _seconds(start: str, end: str) -> float:
    return max(0.0, (from_iso(end) - from_iso(start)).total_seconds())
