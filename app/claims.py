"""Claiming a ticket: a fence that every later commit of this runner is conditional on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import bindparam, exists, select, update

from app import snapshots, tables
from app.memory import Memory
from app.prepared import Prepared
from app.promising import open_promises
from app.rows import of, ticket_row, time
from app.store import Transaction
from core.errors import Fenced
from core.moments import MomentKind
from core.notes import OPEN_STATES, Audience, NoteState
from core.promises import Promise
from core.sightings import POLLED, Snapshot
from core.sites import Site
from core.tickets import State, TicketRef

T, D, N = tables.tickets, tables.deliveries, tables.notes
MINE = (T.c.site == bindparam("of_site"), T.c.id == bindparam("of_id"))
CLAIM = Prepared(update(T).where(*MINE).values(fence=T.c.fence + 1))
HOLD = Prepared(update(T).where(*MINE, T.c.fence == bindparam("mine")).values(fence=T.c.fence))
REMEMBER = Prepared(update(T).where(*MINE).values(memory=bindparam("now")))


@dataclass(frozen=True)
class Stored:
    """A delivery waiting to be attended to."""

    id: int
    body: bytes
    received_at: datetime
    polled: bool = False


@dataclass(frozen=True)
class Claim:
    ref: TicketRef
    fence: int
    generation: int
    memory: Memory
    attended: Snapshot | None
    newest: Snapshot | None
    deliveries: tuple[Stored, ...]
    promises: tuple[Promise, ...]
    oldest_planned: datetime | None
    speaking: frozenset[Audience]
    """Who has a note on its way: it keeps their promise when it arrives."""


def take(tx: Transaction, ref: TicketRef) -> Claim:
    """Claim the ticket and read all that is pending, under one lock: the generation first, then the deliveries."""
    if not CLAIM.run(tx, of_site=ref.site, of_id=ref.id).rowcount:
        ticket_row(tx, ref)
        CLAIM.run(tx, of_site=ref.site, of_id=ref.id)
    row = tx.execute(select(T).where(of(T, ref))).one()
    pending = tx.execute(
        select(D.c.id, D.c.body, D.c.received_at, D.c.key).where(of(D, ref), D.c.state == "pending").order_by(D.c.id)
    )
    planned = select(N.c.planned_at).where(of(N, ref), N.c.state == NoteState.PLANNED).order_by(N.c.planned_at).limit(1)
    return Claim(
        ref=ref,
        fence=row.fence,
        generation=row.generation,
        memory=Memory.from_dict(orjson.loads(row.memory)),
        attended=snapshots.load(row.attended),
        newest=snapshots.load(row.newest),
        deliveries=tuple(
            Stored(d.id, d.body, datetime.fromisoformat(d.received_at), d.key.startswith(POLLED)) for d in pending
        ),
        promises=open_promises(tx, ref),
        oldest_planned=time(tx.execute(planned).scalar()),
        speaking=_speaking(tx, ref),
    )


def _speaking(tx: Transaction, ref: TicketRef) -> frozenset[Audience]:
    on_its_way = select(N.c.audience).where(of(N, ref), N.c.state.in_(OPEN_STATES)).distinct()
    return frozenset(Audience(audience) for audience in tx.execute(on_its_way).scalars())


def hold(tx: Transaction, ref: TicketRef, fence: int) -> None:
    """Make this transaction conditional on the claim. Raises Fenced where another runner has claimed the ticket."""
    if HOLD.run(tx, of_site=ref.site, of_id=ref.id, mine=fence).rowcount != 1:
        raise Fenced("another runner has claimed the ticket since.", where=str(ref))


def save_memory(tx: Transaction, ref: TicketRef, memory: Memory) -> None:
    REMEMBER.run(tx, of_site=ref.site, of_id=ref.id, now=orjson.dumps(memory.to_dict()).decode())


def next_wake(tx: Transaction, claim: Claim, site: Site, now: datetime) -> datetime | None:
    """When the ticket next has something to do: the earliest of its rows."""
    ref = claim.ref
    row = tx.execute(select(T.c.generation, T.c.memory, T.c.newest).where(of(T, ref))).one()
    if row.generation != claim.generation:
        return now
    times = [*_of_notes(tx, ref, site, now), *_of_promises(tx, ref)]
    memory = Memory.from_dict(orjson.loads(row.memory))
    if memory.settle_until:
        times.append(memory.settle_until)
    newest = snapshots.load(row.newest)
    if newest and newest.served and not memory.gone:
        change = newest.ticket
        if change.state == State.IMPLEMENT and change.planned_end and change.planned_end > now:
            times.append(change.planned_end)
    return min(times, default=None)


def _of_notes(tx: Transaction, ref: TicketRef, site: Site, now: datetime) -> list[datetime]:
    rows = tx.execute(
        select(N.c.state, N.c.not_before, N.c.doubt_since).where(
            of(N, ref), N.c.state.in_((NoteState.PLANNED, NoteState.SENDING, NoteState.IN_DOUBT))
        )
    ).all()
    settle = timedelta(seconds=site.settle_seconds)
    doubts = [max(time(r.doubt_since) or now, now - settle) + settle for r in rows if r.state != NoteState.PLANNED]
    retries = [t for r in rows if r.state != NoteState.PLANNED and (t := time(r.not_before))]
    if doubts:  # nothing else leaves while one is in doubt
        return [max([*doubts, *retries])]
    return [time(r.not_before) or now for r in rows]


def _of_promises(tx: Transaction, ref: TicketRef) -> list[datetime]:
    """Open promises whose update has not been asked for yet: one that waits for a person wakes nobody."""
    times = []
    speaking = _speaking(tx, ref)
    for promise in open_promises(tx, ref):
        if promise.audience in speaking:
            continue
        asked = select(exists().where(of(N, ref), N.c.moment == MomentKind.UPDATE_DUE, N.c.occurrence == promise.id))
        if not tx.execute(asked).scalar():
            times.append(promise.due)
    return times
