"""Open notes as they are stored, and the moves between their states."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from app import tables
from app.plans import NotePlan
from app.prepared import Prepared
from app.rows import time
from app.store import Transaction
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience, NoteState, may_move

N = tables.notes
STATE = Prepared(select(N.c.state).where(N.c.id == bindparam("note")))
NOTE = select(N).where(N.c.id == bindparam("note"))


@dataclass(frozen=True)
class Noted:
    """An open note as stored."""

    id: str
    moment: MomentKind
    audience: Audience
    occurrence: str
    state: NoteState
    plan: NotePlan
    rule_set: str
    marker: str
    doubt_since: datetime | None
    sending_at: datetime | None
    not_before: datetime | None
    attempts: int
    planned_at: datetime


def noted(row: Row[tuple[object, ...]]) -> Noted:
    return Noted(
        id=row.id,
        moment=MomentKind(row.moment),
        audience=Audience(row.audience),
        occurrence=row.occurrence,
        state=NoteState(row.state),
        plan=NotePlan.loads(row.plan),
        rule_set=row.rule_set,
        marker=row.marker,
        doubt_since=time(row.doubt_since),
        sending_at=time(row.sending_at),
        not_before=time(row.not_before),
        attempts=row.attempts,
        planned_at=datetime.fromisoformat(row.planned_at),
    )


def move_to(tx: Transaction, note: Noted, state: NoteState, **values: object) -> Row[tuple[object, ...]]:
    """Move a note to a state its present one allows; returns the row as it is then."""
    before = NoteState(STATE.run(tx, note=note.id).fetchone()[0])
    if before is not state and not may_move(before, state):
        raise LiaisonError(f"a note cannot go from {before} to {state}.", where=f"note {note.id}")
    _change(frozenset(values)).run(tx, note=note.id, now_in=state, **values)
    return tx.execute(NOTE, {"note": note.id}).one()


@cache
def _change(names: frozenset[str]) -> Prepared:
    """The update of these columns beside the state: a handful of shapes."""
    columns: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
    return Prepared(update(N).where(N.c.id == bindparam("note")).values(state=bindparam("now_in"), **columns))
