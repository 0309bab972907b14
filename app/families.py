"""Tickets that follow a parent: what its end, its return and its standing mean for them. A family has one promise.

A child speaks when it joins, when it ends and when it comes back. Where it stays open itself although its parent has
ended, it says the end once: its own end has no news then. Where it was resolved with its parent and the parent comes
back, it says so, too, and says the end again: what its requester was told is no longer true (decision 0010).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import bindparam, select

from app import snapshots, tables
from app.memory import Memory
from app.prepared import Prepared
from app.promising import open_promises
from app.rows import bound
from app.store import Look, Transaction
from app.truth import of_this_life
from core.moments import MomentKind
from core.notes import Audience
from core.sightings import Snapshot
from core.tickets import ENDED, Parent, State, Ticket, TicketRef

T = tables.tickets
END = "family:"
"""How the occurrence begins of the end that a child tells because its parent has ended."""
BACK = "family-back:"
"""How the occurrence begins of the return that a child tells although it is resolved itself."""
APART = timedelta(milliseconds=200)
"""So far apart the children of one parent are woken: three hundred within a minute."""
# in no order: asked for one, SQLite walks through all tickets of the site in theirs
CHILDREN = Prepared(
    select(T.c.id).where(T.c.site == bindparam("site"), T.c.parent == bindparam("of"), T.c.parent != "")
)
PARENT = Prepared(select(T.c.newest, T.c.memory).where(bound(T)))
TOGETHER = timedelta(minutes=15)
"""A child that was resolved at most so long before its parent's end was seen has ended with it."""
M = MomentKind


@dataclass(frozen=True)
class Kin:
    """A parent as its children may speak of it: since when it is in its state, when its own requester hears next."""

    ticket: Ticket
    since: datetime | None = None
    next_update: datetime | None = None


def moments(before: Ticket | None, now: Ticket, follows: Callable[[Ticket], bool], memory: Memory) -> Iterator[M]:
    """What a change of the parent means for a child that is open. `follows`: whether the parent speaks for a ticket."""
    was, parent = before and before.parent, now.parent
    if before is None or not was or not parent or was.id != parent.id or was == parent:
        return
    if has_ended(was) and has_ended(parent):
        return
    if before.ended or now.ended:
        yield from _again(was, now, follows, memory) if before.ended and memory.with_parent else ()
        return
    if has_ended(was):
        if memory.family_end and parent.state:
            yield M.REOPENED
        elif follows(now):  # it came when all seemed over: it belongs to it from now on
            yield M.JOINED
    elif has_ended(parent):
        if follows(before):
            yield M.LEFT_FAMILY if parent.state == State.CANCELLED else M.RESOLVED
    elif follows(before) != follows(now):
        yield M.JOINED if follows(now) else M.LEFT_FAMILY


def _again(was: Parent, now: Ticket, follows: Callable[[Ticket], bool], memory: Memory) -> Iterator[M]:
    """Of a child that was resolved with its parent. Nobody is told the same twice in a row."""
    told = memory.ended_at is not None
    parent = now.parent
    if told and has_ended(was) and follows(now):
        yield M.REOPENED
    elif parent and not told and parent.state in (State.RESOLVED, State.CLOSED):
        yield M.RESOLVED


def ends_with_parent(before: Ticket | None, now: Ticket, memory: Memory, at: datetime) -> bool:
    """Whether a child is resolved because its parent's work is done: both ended in one look, the child just before, or
    after its requester had heard of the parent's end. It stays so until its own state changes.
    """
    was, parent = before and before.parent, now.parent
    if before is None or not was or not parent or was.id != parent.id or now.state != State.RESOLVED:
        return False
    if before.ended:
        just = now.resolved_at is not None and at - now.resolved_at <= TOGETHER
        return memory.with_parent or (just and has_ended(parent) and not has_ended(was))
    return has_ended(parent) and (not has_ended(was) or memory.family_end is not None)


def has_ended(parent: Parent) -> bool:
    return parent.state in ENDED


def is_told_already(memory: Memory) -> bool:
    """Whether the requester has heard of the end with the parent's, and nobody has said anything since."""
    told = memory.family_end
    spoke = [memory.agent_spoke_at, memory.customer_spoke_at]
    return told is not None and not any(at and at > told for at in spoke)


def is_end(occurrence: str) -> bool:
    return occurrence.startswith(END)


def occurrence(kind: M, child: Ticket, memory: Memory) -> str:
    """`""` where the child speaks of itself."""
    if kind is M.RESOLVED and not child.ended:
        return END + memory.occurrence(kind)
    if kind is M.REOPENED and child.ended:
        return BACK + memory.occurrence(kind)
    return ""


def is_true(occurrence: str, child: Ticket) -> bool | None:
    """Whether what a child says of its parent still holds; None where it speaks of itself."""
    over = child.parent is not None and has_ended(child.parent)
    if is_end(occurrence):
        return child.ended or over
    if occurrence.startswith(BACK):
        return not child.ended or (child.state == State.RESOLVED and child.parent is not None and not over)
    return None


def as_ended(child: Ticket) -> Ticket:
    """The child as it is spoken of when its parent has ended: what was solved there is solved for it, too."""
    resolution = child.parent.resolution if child.parent else ""
    return child.evolve(state=State.RESOLVED, resolution=child.resolution or resolution)


def turned(before: Snapshot | None, now: Snapshot | None) -> bool:
    """Whether a ticket has changed in a way that its children may have to tell."""
    if before is None or now is None:
        return False
    one, other = before.ticket, now.ticket
    return (one.ended, one.major, one.priority) != (other.ended, other.major, other.priority)


def vanished(before: Memory, now: Memory) -> bool:
    """Whether its children may no longer speak of a ticket, or may again: deleted, or held silent by a gate."""
    return (before.gone, bool(before.gates)) != (now.gone, bool(now.gates))


def children(tx: Transaction, parent: TicketRef) -> Iterator[tuple[TicketRef, timedelta]]:
    """Each with how much later than the first it is to be woken."""
    rows = CHILDREN.run(tx, site=parent.site, of=parent.id).fetchall()
    for place, (identity,) in enumerate(sorted(rows)):
        yield TicketRef(parent.site, identity), APART * place


def kin(look: Look, child: Ticket) -> Kin | None:
    """What is stored of the parent now: latecomers hear how it stands today. None where a gate holds it silent."""
    if child.parent is None:
        return None
    ref = TicketRef(child.site, child.parent.id)
    row = PARENT.run(look, of_site=ref.site, of_id=ref.id).fetchone()
    snapshot = snapshots.load(row[0]) if row else None
    if snapshot is None:
        return None
    memory = Memory.from_dict(orjson.loads(row[1]))
    if memory.gates:
        return None
    due = next((p.due for p in open_promises(look, ref) if p.audience is Audience.REQUESTER), None)
    return Kin(of_this_life(snapshot.ticket, memory), memory.state_since, None if memory.resting else due)
