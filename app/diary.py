"""A ticket's appointments while it is considered: what is due now, what came too late, when to look again. Pure.

An appointment is due in the first look after its time: its time lies between the last look and this one. So none is
said twice or lost, whatever the times of the looks, and rules that are loaded anew bring no old ones back.
"""

from collections.abc import Callable
from datetime import datetime

from app import difference, timers
from app.journal import Entry, silent
from app.memory import Memory
from core.appointments import Appointment, Course
from core.decisions import Reason
from core.moments import AFTERWARDS, Moment, MomentKind
from core.notes import Audience
from core.tickets import State, Ticket
from core.times import from_iso, iso

M = MomentKind
Appointments = Callable[[Ticket, Ticket | None, datetime, Course], tuple[Appointment, ...]]
MINE = tuple(f"{kind}:" for kind in (M.NOTICE, M.MILESTONE, M.CHECK_IN, M.DELAYED))
UNDONE = frozenset({M.REOPENED, M.STARTED, M.CANCELLED, M.FAILED})
"""With these an earlier end is no end any more, or none after which people are asked whether all is well."""
MOST_RUNG = 60


def nothing(ticket: Ticket, earlier: Ticket | None, now: datetime, course: Course) -> tuple[Appointment, ...]:  # noqa: ARG001 - as `Appointments`
    return ()


class Diary:
    """Of the ticket as it is `now`; `earlier` is the one last attended to. Writes into `memory` and `entries`."""

    def __init__(self, memory: Memory, entries: list[Entry], now: datetime, ask: Appointments) -> None:
        self._memory, self._entries, self._now, self._ask = memory, entries, now, ask
        self._set = frozenset(memory.timers)

    def due(self, ticket: Ticket, earlier: Ticket | None) -> list[Moment]:
        """The moments whose time has come, the nearest first."""
        found = [one for one in self._ask(ticket, earlier, self._now, self._course(ticket)) if self._is_due(one)]
        found.sort(key=lambda one: one.at, reverse=True)
        return [*self._reply(ticket, earlier), *(Moment(one.kind, one.name, self._now, earlier) for one in found)]

    def _is_due(self, one: Appointment) -> bool:
        if _named(one) in self._memory.rung or not one.stands:
            return False
        if not one.timed:
            return True
        looked = self._memory.looked_at
        if looked is None or not looked < one.at <= self._now:
            return False
        if self._now < one.good_until:
            return True
        if _named(one) in self._set:
            late = f"It was to be said at {iso(one.at)[:16]}Z and came too late to be worth saying."
            self._entries.append(silent(Reason.STALE, late, moment=one.kind, rule=one.rule))
        return False

    def _reply(self, ticket: Ticket, earlier: Ticket | None) -> list[Moment]:
        """The requester has written since the check-in."""
        asked, wrote = self._memory.asked_at, self._memory.customer_spoke_at
        if asked is None or wrote is None or wrote <= asked or not _over(ticket):
            return []
        return [Moment(M.REPLIED, iso(asked), self._now, earlier)]

    def remember(self, ticket: Ticket, moments: list[Moment], told: set[Audience]) -> None:
        """What these moments mean for the times to come. `told`: who hears of them."""
        memory, kinds = self._memory, {moment.kind for moment in moments}
        goes_on = M.REOPENED in kinds and ticket.state == State.IMPLEMENT
        if {M.ANNOUNCED, M.RESCHEDULED, M.STARTED} & kinds or goes_on:
            memory.announced = difference.window(ticket)
            if M.RESCHEDULED not in kinds or Audience.REQUESTER in told:  # else they still know the time of before
                memory.announced_at = self._now
        elif {M.CANCELLED, M.REJECTED} & kinds:  # what is planned after all is announced like the first time
            memory.announced, memory.announced_at = "", None
        if M.STARTED in kinds or (goes_on and memory.begun_at is None):
            memory.begun_at = min(ticket.actual_start or self._now, self._now)
        if {M.FINISHED, M.RESOLVED} & kinds:
            memory.ended_at, memory.asked_at = self._now, None
        elif UNDONE & kinds:
            memory.ended_at = memory.asked_at = None
        if M.REPLIED in kinds:
            memory.asked_at = None
        elif M.CHECK_IN in kinds and Audience.REQUESTER in told:
            memory.asked_at = self._now
        timers.rung(memory, *(f"{m.kind}:{m.occurrence}" for m in moments if m.occurrence and "@" in m.occurrence))
        mine = [name for name in memory.rung if name.startswith(MINE)]
        if over := mine[:-MOST_RUNG]:
            timers.drop(memory, set(over).__contains__)

    def adopt(self, ticket: Ticket) -> None:
        """What people know of a change that is taken over: its window, and that it is late already."""
        memory = self._memory
        if ticket.state in (State.SCHEDULED, State.IMPLEMENT):
            memory.announced = difference.window(ticket)
        if ticket.state == State.IMPLEMENT:
            memory.begun_at = ticket.actual_start
            if ticket.planned_end and ticket.planned_end <= self._now:
                memory.delayed_for = iso(ticket.planned_end)

    def turn(self) -> None:
        """This look is over: what came up to now is not due any more."""
        self._memory.looked_at = self._now

    def set_timers(self, ticket: Ticket) -> None:
        """When the ticket is to be looked at again for its appointments, and for its planned end."""
        for one in self._ask(ticket, None, self._now, self._course(ticket)):
            if one.timed:
                timers.rings(self._memory, _named(one), one.at, self._now)
        if ticket.state == State.IMPLEMENT and ticket.planned_end:
            timers.rings(self._memory, f"{M.DELAYED}:{iso(ticket.planned_end)}", ticket.planned_end, self._now)

    def _course(self, ticket: Ticket) -> Course:
        memory = self._memory
        known = bool(memory.announced) and memory.announced == difference.window(ticket)
        start = memory.announced.partition("/")[0]
        return Course(
            known,
            memory.announced_at,
            memory.begun_at,
            memory.ended_at,
            memory.reopened_at,
            from_iso(start) if start else None,
        )


def rings(memory: Memory, now: datetime) -> bool:
    """Whether an appointment is due: then the record is read first, so that nothing stale is said."""
    return any(name.startswith(MINE) and from_iso(at) <= now for name, at in memory.timers.items())


def coming(memory: Memory, kind: MomentKind, now: datetime) -> datetime | None:
    """When the next appointment of a kind comes."""
    mine = f"{kind}:"
    times = [at for name, text in memory.timers.items() if name.startswith(mine) and (at := from_iso(text)) > now]
    return min(times, default=None)


def overtaken(kind: MomentKind, ticket: Ticket, now: datetime) -> bool:
    """Whether words that waited have become untrue: a notice of what has begun, a question after an end undone."""
    if kind is M.NOTICE:
        return ticket.state != State.SCHEDULED or ticket.planned_start is None or ticket.planned_start <= now
    return kind in AFTERWARDS and not _over(ticket)


def _named(one: Appointment) -> str:
    return f"{one.kind}:{one.name}"


def _over(ticket: Ticket) -> bool:
    return ticket.ended or ticket.state in difference.OVER
