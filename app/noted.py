"""Open notes as they are stored, and the moves between their states."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, literal, or_, select, update

from app import tables
from app.plans import NotePlan
from app.prepared import Prepared
from app.rows import bound, time
from app.store import Look, Transaction
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience, NoteState, may_move
from core.tickets import TicketRef

N = tables.notes
STATE = Prepared(select(N.c.state).where(N.c.id == bindparam("note")))
SAID = (N.c.text, N.c.rule, N.c.promise_due)
LEAVING = (NoteState.PLANNED, NoteState.SENDING, NoteState.IN_DOUBT)
COLUMNS = (
    *(N.c.id, N.c.moment, N.c.audience, N.c.occurrence, N.c.state, N.c.plan, N.c.rule_set, N.c.marker),
    *(N.c.doubt_since, N.c.sending_at, N.c.not_before, N.c.attempts, N.c.planned_at),
)
OPEN = Prepared(
    select(*COLUMNS).where(bound(N), or_(*(N.c.state == state for state in LEAVING))).order_by(N.c.planned_at)
)
ADVICE = Prepared(
    select(N.c.plan)
    .where(bound(N), N.c.audience == literal(Audience.AGENTS), N.c.state == literal(NoteState.WRITTEN))
    .where(N.c.moment != literal(MomentKind.ANSWERED))
    .order_by(N.c.written_at.desc())
    .limit(5)
)


ANY = Prepared(select(literal(1)).where(bound(N), or_(*(N.c.state == state for state in LEAVING))).limit(1))


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


@dataclass(frozen=True)
class Left:
    """What a note said when it left, and the time that its words promise."""

    text: str
    rule: str
    promise_due: datetime | None


def open_notes(look: Look, ref: TicketRef) -> list[Noted]:
    """What is planned, on its way or in doubt, in the order it was planned."""
    return [_noted(*row) for row in OPEN.run(look, of_site=ref.site, of_id=ref.id)]


def leaving(tx: Transaction, ref: TicketRef) -> bool:
    """Whether the ticket has any of them."""
    return ANY.run(tx, of_site=ref.site, of_id=ref.id).fetchone() is not None


def _noted(
    identity: str,
    moment: str,
    audience: str,
    occurrence: str,
    state: str,
    plan: str,
    rule_set: str,
    marker: str,
    doubt_since: str | None,
    sending_at: str | None,
    not_before: str | None,
    attempts: int,
    planned_at: str,
) -> Noted:
    return Noted(
        id=identity,
        moment=MomentKind(moment),
        audience=Audience(audience),
        occurrence=occurrence,
        state=NoteState(state),
        plan=NotePlan.loads(plan),
        rule_set=rule_set,
        marker=marker,
        doubt_since=time(doubt_since),
        sending_at=time(sending_at),
        not_before=time(not_before),
        attempts=attempts,
        planned_at=datetime.fromisoformat(planned_at),
    )


def advice(look: Look, ref: TicketRef) -> NotePlan | None:
    """What the agents were advised last, in a note that stands: later ones may only have reminded them."""
    plans = (NotePlan.loads(plan) for (plan,) in ADVICE.run(look, of_site=ref.site, of_id=ref.id))
    return next((plan for plan in plans if plan.message.template), None)


def move_to(tx: Transaction, note: Noted, state: NoteState, **values: object) -> Left:
    """Move a note to a state its present one allows. Returns what it says by then."""
    moved = _change(state, frozenset(values)).run(tx, note=note.id, **values).fetchall()
    if not moved:
        before = STATE.run(tx, note=note.id).fetchone()
        raise LiaisonError(
            f"a note cannot go from {before[0] if before else 'nowhere'} to {state}.", where=f"note {note.id}"
        )
    text, rule, promise_due = moved[0]
    return Left(text, rule, time(promise_due))


@cache
def _change(state: NoteState, names: frozenset[str]) -> Prepared:
    """The update of these columns beside the state: a handful of shapes."""
    columns: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
    allowed = [before for before in NoteState if before is state or may_move(before, state)]
    mine = update(N).where(N.c.id == bindparam("note"), or_(*(N.c.state == literal(before) for before in allowed)))
    return Prepared(mine.values(state=literal(state), **columns).returning(*SAID))
