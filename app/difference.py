"""Which moments lie between the snapshot last attended to and the newest one. Pure.

To add a moment: its kind in core/moments.py, its line here, its words in rules/packs/, its row in docs/moments.md.
"""

from collections.abc import Iterator
from datetime import datetime

from app.memory import Memory
from core.moments import Moment, rank
from core.moments import MomentKind as M
from core.tickets import Approval, HoldReason, Kind, Priority, State, Ticket
from core.times import iso

WORKED = frozenset({State.IMPLEMENT})
BEFORE_WORK = frozenset({State.DRAFT, State.ASSESS, State.AUTHORIZE, State.SCHEDULED, State.NEW})
OVER = frozenset({State.REVIEW, State.CLOSED, State.RESOLVED})
FAILURES = ("unsuccessful", "failed", "fail", "backed out", "backed_out", "rolled back", "rejected")


def moments(before: Ticket | None, now: Ticket, memory: Memory, at: datetime) -> list[M]:
    """Kinds of moments, the leading one first. `before` None: first sight of a ticket that is to be spoken about."""
    if before is now and now.kind == Kind.INCIDENT:  # of itself time brings no moment of an incident
        return []
    found = _of_incident(before, now, memory) if now.kind == Kind.INCIDENT else _of_change(before, now, memory, at)
    kinds = set(found) | set(_of_family(before, now))
    if before and before.ended and now.ended:
        kinds &= {M.CLOSED, M.CANCELLED, M.FAILED, M.FINISHED}
    return sorted(kinds, key=LEADS.__getitem__)


def led(moments: list[Moment]) -> list[Moment]:
    """In order, the leading one first; of one kind as they are."""
    return sorted(moments, key=lambda moment: LEADS[moment.kind])


ORDER: dict[M, float] = {kind: place for place, kind in enumerate(M)}
ORDER[M.FINISHED] = ORDER[M.FAILED] = ORDER[M.CLOSED] - 0.5
ORDER |= {M.ANNOUNCED: 0.2, M.RESCHEDULED: 0.4, M.DELAYED: 0.6, M.MILESTONE: 0.8}
"""A change that is closed out of the work has ended, and how it ended is what people wait for. One that starts after
its planned end is late: "planned to end at 13:00" must not be said at two. A milestone is what somebody wanted said of
just this, so it goes before the words for any acknowledgement or start.
"""
LEADS = {kind: (rank(kind), place) for kind, place in ORDER.items()}
"""What is sorted by this has the leading moment first."""


def _of_incident(before: Ticket | None, now: Ticket, memory: Memory) -> Iterator[M]:
    if before is None:
        if now.state == State.CANCELLED:
            yield M.CANCELLED
        elif now.ended:
            yield M.RESOLVED
        else:
            yield M.OPENED
        return
    yield from _of_incident_state(before, now, memory)
    if now.ended:
        return
    yield from _of_priority(before, now)
    if now.phase and now.phase != before.phase:
        yield M.PHASE_CHANGED
    if any(
        getattr(now, f) and getattr(now, f) != getattr(before, f) for f in ("service", "location", "affected_users")
    ):
        yield M.SCOPE_CHANGED


def _of_incident_state(before: Ticket, now: Ticket, memory: Memory) -> Iterator[M]:
    if before.ended and now.ended:
        if now.state == State.CLOSED and before.state != State.CLOSED:
            yield M.CLOSED
        return
    if before.ended:
        yield M.REOPENED
        return
    if now.state == State.CANCELLED:
        yield M.CANCELLED
        return
    if now.ended:
        yield M.RESOLVED
        return
    if before.state == State.NEW and now.state == State.IN_PROGRESS and not memory.acknowledged:
        yield M.ACKNOWLEDGED
    held = (before.state == State.ON_HOLD, now.state == State.ON_HOLD)
    if held == (True, False):
        yield M.RESUMED
    elif held[1] and (not held[0] or before.hold_reason != now.hold_reason):
        waiting = {HoldReason.REQUESTER: M.WAITING_FOR_REQUESTER, HoldReason.VENDOR: M.WAITING_FOR_VENDOR}
        if now.hold_reason in waiting:
            yield waiting[HoldReason(now.hold_reason)]


def _of_priority(before: Ticket, now: Ticket) -> Iterator[M]:
    if not now.priority or now.priority == before.priority:
        return
    if now.priority < (before.priority or Priority.P3):
        yield M.RAISED
    elif before.priority:  # from none to a low one: nobody was told of anything higher
        yield M.LOWERED


def _of_family(before: Ticket | None, now: Ticket) -> Iterator[M]:
    old = before.parent.id if before and before.parent else ""
    new = now.parent.id if now.parent else ""
    if new and new != old and not now.ended:
        yield M.JOINED
    elif old and not new and not now.ended:
        yield M.LEFT_FAMILY


def _of_change(before: Ticket | None, now: Ticket, memory: Memory, at: datetime) -> Iterator[M]:
    old = before.state if before else ""
    if before is None and now.state in BEFORE_WORK:
        yield M.OPENED
    if now.state == State.CANCELLED and old != State.CANCELLED:
        yield M.CANCELLED
        return
    if now.approval == Approval.REJECTED and (before is None or before.approval != Approval.REJECTED):
        yield M.REJECTED
        return
    yield from _of_plan(now, memory, at)
    begins = now.state == State.IMPLEMENT and old != State.IMPLEMENT
    again = before is not None and old in (State.CLOSED, State.CANCELLED) and not now.ended
    if again or (begins and memory.outcome):  # people were told that it is over: a mere start would be odd to read
        yield M.REOPENED
    elif begins:
        yield M.STARTED
    if is_delayed(now, memory, at):
        yield M.DELAYED
    yield from _of_outcome(old, now, memory)
    if before and not now.ended:
        yield from _of_priority(before, now)


def _of_plan(now: Ticket, memory: Memory, at: datetime) -> Iterator[M]:
    if now.planned_end and now.planned_end <= at:  # nobody can plan for a time that is over
        return
    if now.state == State.SCHEDULED and now.approval in ("", Approval.APPROVED):
        if not memory.announced and now.planned_start:
            yield M.ANNOUNCED
        elif memory.announced not in ("", window(now)):
            yield M.RESCHEDULED
    elif memory.announced and memory.announced != window(now) and now.state == State.IMPLEMENT:
        yield M.RESCHEDULED


def _of_outcome(old: str, now: Ticket, memory: Memory) -> Iterator[M]:
    if now.state in OVER:
        outcome = M.FAILED if has_failed(now) else M.FINISHED
        if old not in OVER or (outcome is M.FAILED and memory.outcome == M.FINISHED):
            yield outcome
        if now.state == State.CLOSED and old != State.CLOSED:
            yield M.CLOSED


def has_failed(change: Ticket) -> bool:
    """ServiceNow's close codes are Successful, Successful with issues, Unsuccessful; a missing one is no failure."""
    code = change.close_code.casefold()
    return any(word in code for word in FAILURES)


def window(change: Ticket) -> str:
    """The planned window as text: what was announced."""
    return "/".join(iso(t) if t else "" for t in (change.planned_start, change.planned_end))


def is_delayed(change: Ticket, memory: Memory, at: datetime) -> bool:
    """The planned end has passed while the work goes on; once per planned end."""
    end = change.planned_end
    return bool(change.state == State.IMPLEMENT and end and at >= end and memory.delayed_for != iso(end))
