"""Why a promise is late or missed, from what stands in the store."""

from datetime import datetime

from sqlalchemy import bindparam, literal, select

from app import tables
from app.prepared import Prepared
from app.rows import bound, time
from app.store import Transaction
from core.notes import NoteState
from core.promises import ASLEEP, Cause, Promise
from core.times import iso

N, W = tables.notes, tables.wakeups
UNSAID = Prepared(
    select(N.c.state, N.c.not_before)
    .where(bound(N), N.c.audience == bindparam("whom"), N.c.planned_at >= bindparam("since"))
    .where(*(N.c.state != literal(state) for state in (NoteState.WRITTEN, NoteState.SUPERSEDED, NoteState.WITHDRAWN)))
    .order_by(N.c.planned_at.desc())
    .limit(1)
)
FAILURES = Prepared(select(W.c.failures).where(bound(W)))
BECAUSE = {
    NoteState.DRAFT: Cause.DRAFT_WAITING,
    NoteState.REFUSED: Cause.REFUSED,
    NoteState.STOPPED: Cause.GUARD,
    NoteState.SENDING: Cause.IN_DOUBT,
    NoteState.IN_DOUBT: Cause.IN_DOUBT,
}


def of_late(tx: Transaction, promise: Promise, now: datetime) -> Cause:
    """Why the word came late: what hindered it first."""
    if promise.cause:
        return Cause(promise.cause)
    if asleep(promise, now):
        return Cause.LIAISON_DOWN
    return unsaid(tx, promise, now) or _failed(tx, promise) or Cause.BACKLOG


def of_missed(tx: Transaction, promise: Promise, now: datetime) -> Cause:
    """Why no word came at all: what hinders it to the end, else what did at first."""
    return unsaid(tx, promise, now) or of_late(tx, promise, now)


def unsaid(tx: Transaction, promise: Promise, now: datetime) -> Cause | None:
    """What became of the note that should have kept it."""
    mine = {"of_site": promise.ref.site, "of_id": promise.ref.id}
    found = UNSAID.run(tx, **mine, whom=promise.audience, since=iso(promise.made_at)).fetchone()
    if found is None:
        return None
    state, not_before = found
    later = time(not_before)
    waits = later is not None and later > now
    return BECAUSE.get(NoteState(state), Cause.PLATFORM_DOWN if waits else None)


def asleep(promise: Promise, now: datetime) -> bool:
    """Whether nobody was there to see it fall due."""
    return (promise.marked_at or now) - promise.due > ASLEEP


def _failed(tx: Transaction, promise: Promise) -> Cause | None:
    row = FAILURES.run(tx, of_site=promise.ref.site, of_id=promise.ref.id).fetchone()
    return Cause.FAILED if row and row[0] else None
