"""Claiming a ticket: a fence that every later commit of this runner is conditional on.

A claim is only read, as a rule: what the look decides raises the fence with its own commit, and of two that read the
same fence the second commits nothing (decision 0015). It is written beforehand where the look may end the process.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, or_, select, update

from app import snapshots, tables
from app.hush import earliest
from app.memory import Memory
from app.prepared import Prepared
from app.promising import open_promises
from app.reminding import attended_to
from app.rows import bound, ticket_row, time
from app.store import Look, Transaction
from core.errors import Fenced
from core.moments import MomentKind
from core.notes import OPEN_STATES, Audience, NoteState
from core.promises import Promise
from core.sightings import ORDERED, POLLED, Snapshot
from core.sites import Site
from core.tickets import Priority, State, TicketRef
from core.times import from_iso

T, D, N = tables.tickets, tables.deliveries, tables.notes
MINE = (bound(T),)
CLAIM = Prepared(update(T).where(*MINE).values(fence=T.c.fence + 1, unfinished=T.c.unfinished + 1))
FINISH = Prepared(update(T).where(*MINE).values(unfinished=0))
FENCE = Prepared(select(T.c.fence).where(*MINE))
STIR = Prepared(update(T).where(*MINE).values(generation=T.c.generation + 1))
GENERATION = Prepared(select(T.c.generation).where(*MINE))
ROW = Prepared(select(T.c.fence, T.c.generation, T.c.memory, T.c.attended, T.c.newest, T.c.unfinished).where(*MINE))
PENDING = Prepared(
    select(D.c.id, D.c.body, D.c.received_at, D.c.key, D.c.problem, D.c.not_before)
    .where(bound(D), D.c.state == "pending")
    .order_by(D.c.id)
)
OPEN_NOTES = Prepared(
    select(N.c.state, N.c.not_before, N.c.doubt_since, N.c.planned_at, N.c.audience).where(
        bound(N), or_(*(N.c.state == state for state in sorted(OPEN_STATES)))
    )
)
ASKED = Prepared(
    select(N.c.id).where(bound(N), N.c.moment == MomentKind.UPDATE_DUE, N.c.occurrence == bindparam("promise")).limit(1)
)
ENDED_US = "Liaison ended while it handled this."
REMEMBER = Prepared(update(T).where(*MINE).values(memory=bindparam("now")))


@dataclass(frozen=True)
class Stored:
    """A delivery waiting to be attended to."""

    id: int
    body: bytes
    received_at: datetime
    polled: bool = False
    ordered: bool = False
    """From the panel, not from a platform."""
    not_before: datetime | None = None
    """Where handling it failed: when it is tried again."""
    suspect: bool = False
    """Liaison ended while it handled it."""


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
    speaking: frozenset[Audience] = frozenset()
    """Who has a note on its way: it keeps their promise when it arrives."""
    rested: bool = False
    """Whether it is settled when the ticket is looked at next."""
    unfinished: int = 0
    """How many written claims in a row, this one included, came to no end so far: each may have ended the process."""


@dataclass(frozen=True)
class Known:
    """What is remembered and was last seen of a ticket."""

    memory: Memory
    newest: Snapshot | None


def take(tx: Transaction, ref: TicketRef) -> Claim:
    """Claim the ticket, and count that, before anything is done with it: nobody else's look commits from now on."""
    if not CLAIM.run(tx, of_site=ref.site, of_id=ref.id).rowcount:
        ticket_row(tx, ref)
        CLAIM.run(tx, of_site=ref.site, of_id=ref.id)
    return _claim(tx, ref, ROW.run(tx, of_site=ref.site, of_id=ref.id).fetchone())


def glance(look: Look, ref: TicketRef) -> Claim | None:
    """The ticket as it stands, nothing written: whoever commits first has claimed it. None where it has no row yet."""
    row = ROW.run(look, of_site=ref.site, of_id=ref.id).fetchone()
    return _claim(look, ref, row) if row else None


def _claim(look: Look | Transaction, ref: TicketRef, row: tuple[Any, ...]) -> Claim:
    """With all that is pending: the generation is read first, then the deliveries."""
    mine = {"of_site": ref.site, "of_id": ref.id}
    fence, generation, remembered, attended, newest, unfinished = row
    notes = OPEN_NOTES.run(look, **mine).fetchall()
    return Claim(
        ref=ref,
        fence=fence,
        generation=generation,
        memory=Memory.from_dict(orjson.loads(remembered)),
        attended=snapshots.load(attended),
        newest=snapshots.load(newest),
        deliveries=tuple(_delivered(*row) for row in PENDING.run(look, **mine)),
        promises=open_promises(look, ref),
        oldest_planned=min((from_iso(n[3]) for n in notes if n[0] == NoteState.PLANNED), default=None),
        speaking=_speaking(notes),
        unfinished=unfinished,
    )


def stir(tx: Transaction, ref: TicketRef) -> None:
    """Something has come up that a look under way does not know: whoever attends to the ticket looks again when done.

    The row lock that makes "accept, then wake" and "read the generation, then the deliveries" safe together.
    """
    if not STIR.run(tx, of_site=ref.site, of_id=ref.id).rowcount:
        ticket_row(tx, ref)
        STIR.run(tx, of_site=ref.site, of_id=ref.id)


def finish(tx: Transaction, ref: TicketRef) -> None:
    """The look has come to an end, whatever came of it; where a ticket's row is written anyway, that says so, too."""
    FINISH.run(tx, of_site=ref.site, of_id=ref.id)


def _delivered(identity: int, body: bytes, received_at: str, key: str, problem: str, later: str | None) -> Stored:
    at, suspect = datetime.fromisoformat(received_at), problem == ENDED_US
    return Stored(identity, body, at, key.startswith(POLLED), key.startswith(ORDERED), time(later), suspect)


def speaking(look: Look, ref: TicketRef) -> frozenset[Audience]:
    """Who has a note on its way."""
    return _speaking(OPEN_NOTES.run(look, of_site=ref.site, of_id=ref.id).fetchall())


def _speaking(notes: Sequence[tuple[str, ...]]) -> frozenset[Audience]:
    return frozenset(Audience(audience) for _, _, _, _, audience in notes)


def hold(tx: Transaction, ref: TicketRef, fence: int) -> None:
    """Make this transaction conditional on the claim. Raises Fenced where another runner has claimed the ticket.

    Reading is enough: the store has one writer at a time, and no other can come between this and the commit.
    """
    if FENCE.run(tx, of_site=ref.site, of_id=ref.id).fetchone() != (fence,):
        raise Fenced("another runner has claimed the ticket since.", where=str(ref))


def known(look: Look | Transaction, ref: TicketRef) -> Known:
    _, _, remembered, attended, last, _ = ROW.run(look, of_site=ref.site, of_id=ref.id).fetchone()
    return Known(Memory.from_dict(orjson.loads(remembered)), snapshots.load(last) or snapshots.load(attended))


def memory(tx: Transaction, ref: TicketRef) -> Memory:
    remembered = ROW.run(tx, of_site=ref.site, of_id=ref.id).fetchone()[2]
    return Memory.from_dict(orjson.loads(remembered))


def urgency(tx: Transaction, ref: TicketRef) -> int:
    """0 for P1 to 4 for P5; a ticket without a priority counts as P3."""
    last = ROW.run(tx, of_site=ref.site, of_id=ref.id).fetchone()[4]
    newest = snapshots.load(last)
    order = [str(priority) for priority in Priority]
    return order.index(newest.ticket.priority if newest and newest.ticket.priority else Priority.P3)


def save_memory(tx: Transaction, ref: TicketRef, remembered: Memory) -> None:
    REMEMBER.run(tx, of_site=ref.site, of_id=ref.id, now=remembered.dumps())


def next_wake(
    tx: Transaction, claim: Claim, opened: Sequence[Promise], site: Site, now: datetime, its: Known
) -> datetime | None:
    """When the ticket next has something to do: the earliest of its rows. `opened`: its open promises."""
    ref = claim.ref
    if GENERATION.run(tx, of_site=ref.site, of_id=ref.id).fetchone() != (claim.generation,):
        return now
    notes = OPEN_NOTES.run(tx, of_site=ref.site, of_id=ref.id).fetchall()
    again = [later for *_, text in PENDING.run(tx, of_site=ref.site, of_id=ref.id) if (later := time(text))]
    memory, newest = its.memory, its.newest
    promised = _of_promises(tx, ref, opened, _speaking(notes), memory)
    if memory.settle_until:  # what is overdue waits for the last word, which is settling
        promised = [max(due, memory.settle_until) if due <= now else due for due in promised]
        times = [memory.settle_until]
    else:
        times = []
    times += [*again, *_of_notes(notes, site, now), *promised]
    times += map(from_iso, memory.timers.values())
    if newest and newest.served and not memory.gone:
        change = newest.ticket
        if change.state == State.IMPLEMENT and change.planned_end and change.planned_end > now:
            times.append(change.planned_end)
    return min(times, default=None)


def _of_notes(notes: Sequence[tuple[str, ...]], site: Site, now: datetime) -> list[datetime]:
    settle = timedelta(seconds=site.settle_seconds)
    left = [note for note in notes if note[0] != NoteState.PLANNED]
    if left:  # nothing else leaves while one is in doubt
        doubts = [min(max(time(since) or now, now - settle), now) + settle for _, _, since, _, _ in left]
        return [max([*doubts, *(t for _, later, _, _, _ in left if (t := time(later)))])]
    return [time(later) or now for _, later, _, _, _ in notes]


def _of_promises(
    tx: Transaction, ref: TicketRef, opened: Sequence[Promise], speaking: AbstractSet[Audience], known: Memory
) -> list[datetime]:
    """Open promises whose update has not been asked for yet: one that waits for a person wakes nobody."""
    unspoken = [promise for promise in opened if promise.audience not in speaking]
    quiet = [promise for promise in unspoken if not attended_to(known, promise)]
    mine = {"of_site": ref.site, "of_id": ref.id}
    return [earliest(known, p) for p in quiet if not ASKED.run(tx, **mine, promise=p.id).fetchone()]
