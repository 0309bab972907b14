"""What a named person may decide: approve, retry or drop a note; lift a gate; end an alarm. All of it is audited."""

from datetime import datetime

import orjson
from sqlalchemy import Row, delete, insert, select, update

from app import claims, journal, tables
from app.engine import Engine
from app.journal import Entry, What
from app.memory import Memory
from app.pauses import ALARM
from app.plans import NotePlan
from app.rows import of
from app.store import Store, Transaction
from core.errors import LiaisonError
from core.notes import OPEN_STATES, Audience, NoteState, may_move
from core.tickets import TicketRef
from core.times import Clock, iso

N, T = tables.notes, tables.tickets
WANTED = {
    "approve": (NoteState.PLANNED, {NoteState.DRAFT}),
    "retry": (NoteState.PLANNED, {NoteState.REFUSED, NoteState.STOPPED}),
    "reword": (NoteState.PLANNED, {NoteState.DRAFT, NoteState.STOPPED}),
    "drop": (NoteState.WITHDRAWN, {NoteState.DRAFT, NoteState.PLANNED, NoteState.REFUSED, NoteState.STOPPED}),
}


class Steering:
    def __init__(self, store: Store, engine: Engine, clock: Clock) -> None:
        self._store, self._engine, self._clock = store, engine, clock

    def note(self, verb: str, identity: str, who: str) -> TicketRef:
        """`approve` a draft, `retry` a refused or stopped note, `drop` one that has not left. Returns its ticket."""
        return self._store.write(lambda tx: self._note(tx, verb, identity, who))

    def _note(self, tx: Transaction, verb: str, identity: str, who: str) -> TicketRef:
        row = _found(tx, identity)
        state, allowed = WANTED[verb]
        before = NoteState(row.state)
        if before not in allowed or not may_move(before, state):
            raise LiaisonError(
                f"this note is {before}, so there is nothing to {verb}.",
                where=f"note {row.id}",
                hint=f"{verb.capitalize()} takes notes that are {' or '.join(sorted(allowed))}.",
            )
        ref, now = TicketRef(row.site, row.ticket_id), self._clock.now()
        # planned_at is kept: it is old by now, so the facts are read again before the words leave
        tx.execute(update(N).where(N.c.id == row.id).values(state=state, not_before=None))
        done = Entry(What.DECIDED, row.moment, row.audience, detail=f"{verb.capitalize()} by {who}.", note_id=row.id)
        journal.write(tx, ref, now, [done])
        self._audit(tx, now, who, f"note {verb}", row.id)
        self._engine.wake(tx, ref)
        return ref

    def reword(self, identity: str, text: str, who: str) -> TicketRef:
        """Send a draft, or a note that the guard stopped, in an agent's own words. The guard reads these, too."""
        return self._store.write(lambda tx: self._reword(tx, identity, text, who))

    def _reword(self, tx: Transaction, identity: str, text: str, who: str) -> TicketRef:
        row = _found(tx, identity)
        if row.audience == Audience.AGENTS:
            raise LiaisonError("this note is for agents; its words are the rules' own.", where=f"note {row.id}")
        ref = self._note(tx, "reword", row.id, who)
        plan = NotePlan.loads(row.plan).reworded(text)
        tx.execute(update(N).where(N.c.id == row.id).values(plan=plan.dumps()))
        return ref

    def lift(self, ref: TicketRef, gate: str, who: str, because: str) -> None:
        """Lift a sticky gate from a ticket. Raises LiaisonError where it does not hold the ticket."""
        self._store.write(lambda tx: self._lift(tx, ref, gate, who, because))

    def _lift(self, tx: Transaction, ref: TicketRef, gate: str, who: str, because: str) -> None:
        found = tx.execute(select(T.c.memory).where(of(T, ref))).scalar()
        memory = Memory.from_dict(orjson.loads(found)) if found else Memory()
        if gate not in memory.held:
            held = ", ".join(memory.held) or "none"
            raise LiaisonError(f"gate {gate!r} does not hold this ticket.", where=str(ref), hint=f"Held by: {held}.")
        memory.held.remove(gate)
        memory.lifted = sorted({*memory.lifted, gate})
        claims.save_memory(tx, ref, memory)
        # whoever attends to it just now would write the old memory back
        tx.execute(update(T).where(of(T, ref)).values(fence=T.c.fence + 1))
        now = self._clock.now()
        journal.write(tx, ref, now, [Entry(What.DECIDED, detail=f"Gate {gate} lifted by {who}: {because}", rule=gate)])
        self._audit(tx, now, who, "gate lift", f"{ref} {gate}: {because}")
        self._engine.wake(tx, ref)

    def end_alarm(self, site: str, who: str) -> None:
        """Let Liaison write to the site again."""
        meta = tables.meta

        def end(tx: Transaction) -> None:
            if not tx.execute(delete(meta).where(meta.c.name == ALARM + site)).rowcount:
                raise LiaisonError("there is no alarm for this site.", where=site)
            self._audit(tx, self._clock.now(), who, "alarm end", site)
            for row in tx.execute(select(N.c.ticket_id).where(N.c.site == site, N.c.state.in_(OPEN_STATES)).distinct()):
                self._engine.wake(tx, TicketRef(site, row.ticket_id))

        self._store.write(end)

    def _audit(self, tx: Transaction, at: datetime, who: str, what: str, detail: str) -> None:
        tx.execute(insert(tables.audit).values(at=iso(at), who=who, what=what, detail=detail))


def _found(tx: Transaction, identity: str) -> Row[tuple[object, ...]]:
    """The note with this id, or the only one whose id begins so."""
    rows = tx.execute(select(N).where(N.c.id.startswith(identity, autoescape=True)).limit(2)).all()
    if len(rows) != 1:
        raise LiaisonError(
            f"{'no' if not rows else 'more than one'} note has an id that begins with {identity!r}.",
            hint="`liaison ticket KEY` shows the ids.",
        )
    return rows[0]
