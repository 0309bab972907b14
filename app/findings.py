"""What the store holds about tickets, notes and promises, as rows for pages and commands."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, func, not_, or_, select, text

from app import dead, snapshots, tables
from app.journal import What
from app.memory import Memory
from app.minute import FRESH, Minute
from app.rows import of, time
from app.store import Store
from core.decisions import Reason
from core.notes import Audience, NoteState
from core.promises import PromiseState
from core.tickets import TicketRef
from core.times import from_iso
from ui import words
from ui.views import (
    NEEDS_A_PERSON,
    DeadRow,
    NoteRow,
    Overview,
    PromiseRow,
    SilenceCount,
    SilenceRow,
    StoryView,
)

N, T, P, J = tables.notes, tables.tickets, tables.promises, tables.journal
MOST = 100
NEWEST = 30
MANY = 100_000
"""Lines of the journal from which on counts of it may be a minute old."""
# spelled as the index spells it, or a few notes that wait would be looked for among all that were ever written
UNENDED = text("notes.state NOT IN ('written', 'superseded', 'withdrawn')")
TOGETHER = "Said with "
"""How the journal begins where one moment was told with another; behind it stands the other's name."""
FIRST = select(func.min(J.c.id)).scalar_subquery()
REACHED = ("written_at", "doubt_since", "sending_at", "planned_at")


class Findings:
    def __init__(self, store: Store) -> None:
        self._store, self._minute = store, Minute()

    def overview(self) -> Overview:
        with self._store.read() as connection:
            promises = _with_ticket(connection, P, P.c.state == PromiseState.OPEN, P.c.due.asc(), MOST)
            written = _with_ticket(connection, N, N.c.state == NoteState.WRITTEN, N.c.written_at.desc(), NEWEST)
            wanted = and_(N.c.state.in_(NEEDS_A_PERSON), UNENDED)
            attention = _with_ticket(connection, N, wanted, N.c.planned_at.desc(), MOST)
            silences = self._silences(connection)
            since = connection.execute(select(J.c.at).where(J.c.id == FIRST)).scalar()
            return Overview(
                promises=tuple(_promise(row, row.ticket_key, _held(row.memory)) for row in promises),
                notes=tuple(_note(row, row.ticket_key, _held(row.memory)) for row in written),
                attention=tuple(_note(row, row.ticket_key, _held(row.memory)) for row in attention),
                dead=tuple(_dead(letter) for letter in dead.letters(connection, most=MOST)),
                silences=silences,
                since=time(since),
            )

    def _silences(self, connection: Connection) -> tuple[SilenceCount, ...]:
        """Counted anew for everybody who looks, unless there are so many that it takes its time."""
        newest = connection.execute(select(func.max(J.c.id))).scalar() or 0
        query = select(J.c.reason, func.count()).where(J.c.what == What.SILENT).group_by(J.c.reason)

        def count() -> tuple[SilenceCount, ...]:
            return tuple(SilenceCount(Reason(reason), number) for reason, number in connection.execute(query))

        return self._minute.ask("silences", count, fresh=FRESH if newest > MANY else 0)

    def story(self, ref: TicketRef) -> StoryView | None:
        with self._store.read() as connection:
            # one after the other: an OR of both would walk through all tickets of the site
            row = connection.execute(select(T).where(of(T, ref))).first()
            if row is None and ref.id:
                row = connection.execute(select(T).where(T.c.key == ref.id, T.c.site == ref.site)).first()
            return _story(connection, row) if row else None

    def find(self, key: str) -> list[TicketRef]:
        """Tickets of any site with this key or id."""
        with self._store.read() as connection:
            rows = connection.execute(select(T.c.site, T.c.id).where(T.c.key == key)).all() if key else []
            if not rows:
                rows = connection.execute(select(T.c.site, T.c.id).where(T.c.id == key)).all()
            return [TicketRef(*row) for row in rows]


def _with_ticket(connection: Connection, table: Any, where: Any, order: Any, most: int) -> list[Row[Any]]:
    joined = table.join(T, and_(table.c.site == T.c.site, table.c.ticket_id == T.c.id))
    query = select(table, T.c.key.label("ticket_key"), T.c.memory).select_from(joined)
    return list(connection.execute(query.where(where).order_by(order).limit(most)))


def _story(connection: Connection, row: Row[Any]) -> StoryView:
    ref = TicketRef(row.site, row.id)
    newest = snapshots.load(row.newest)
    memory = Memory.from_dict(orjson.loads(row.memory))
    held, most = ", ".join(memory.gates), MOST * 10
    notes = connection.execute(select(N).where(_shown(ref)).order_by(N.c.planned_at).limit(most))
    promises = connection.execute(select(P).where(of(P, ref)).order_by(P.c.made_at).limit(most))
    silences = connection.execute(
        select(J).where(of(J, ref), J.c.what == What.SILENT).order_by(J.c.id.desc()).limit(MOST)
    )
    return StoryView(
        ref=ref,
        ticket=newest.ticket if newest else None,
        served=newest.served if newest else True,
        not_served_because=newest.not_served_because if newest else "",
        notes=tuple(_note(r, row.key, held) for r in notes),
        promises=tuple(_promise(r, row.key, held) for r in promises),
        silences=tuple(_silence(r) for r in silences),
        unmapped=newest.unmapped if newest else (),
        settling=tuple(memory.pending) if memory.settle_until else (),
        settling_until=memory.settle_until,
        muted=f"Muted by {memory.muted_by}." if memory.muted_at else "",
        muted_until=memory.muted_until,
        held_by=tuple(memory.gates),
    )


def _shown(ref: TicketRef) -> Any:
    """Notes that came to nothing before they had words stand in the journal alone."""
    ended = N.c.state.in_((NoteState.SUPERSEDED, NoteState.WITHDRAWN))
    return and_(of(N, ref), or_(N.c.text != "", not_(ended)))


def _held(memory: str) -> str:
    return ", ".join(orjson.loads(memory).get("gates", ()))


def _promise(row: Row[Any], key: str, held: str) -> PromiseRow:
    return PromiseRow(
        ref=TicketRef(row.site, row.ticket_id),
        audience=Audience(row.audience),
        due=from_iso(row.due),
        made_at=from_iso(row.made_at),
        key=key,
        rule=row.rule,
        state=PromiseState(row.state),
        ended_at=time(row.ended_at),
        kept_by=row.kept_by,
        held_by=held,
    )


def _note(row: Row[Any], key: str, held: str) -> NoteRow:
    reached = next(getattr(row, name) for name in REACHED if getattr(row, name))
    state = NoteState(row.state)
    return NoteRow(
        id=row.id,
        ref=TicketRef(row.site, row.ticket_id),
        audience=Audience(row.audience),
        moment=row.moment,
        state=state,
        at=datetime.fromisoformat(reached),
        text=row.text,
        key=key,
        rule=row.rule,
        problem=row.problem,
        public=Audience(row.audience) is not Audience.AGENTS if state is NoteState.WRITTEN else None,
        held_by=held,
    )


def _dead(letter: dead.DeadLetter) -> DeadRow:
    return DeadRow(letter.id, letter.ref, letter.received_at, letter.problem, letter.key, letter.held_by)


def _detail(reason: Reason, detail: str) -> str:
    """As the journal has it, but a moment by what people call it."""
    name = detail.removeprefix(TOGETHER).rstrip(".")
    if reason is Reason.SUPERSEDED and detail.startswith(TOGETHER):
        return f"It was told together with this: {words.moment(name)}."
    return detail


def _silence(row: Row[Any]) -> SilenceRow:
    return SilenceRow(
        at=from_iso(row.at),
        moment=row.moment,
        reason=Reason(row.reason),
        audience=Audience(row.audience) if row.audience else None,
        detail=_detail(Reason(row.reason), row.detail),
        by=row.rule,
    )
