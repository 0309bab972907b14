"""Who hears nothing for now: in a ticket that an agent muted, in quiet hours; and what comes afterwards. Pure."""

from collections.abc import Callable, Iterator
from datetime import datetime

from app import difference, families, timers
from app.desk import Desk
from app.diary import overtaken
from app.memory import Memory
from core.decisions import Reason
from core.moments import AFTERWARDS, TERMINAL, Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.promises import Promise
from core.tickets import Ticket
from core.times import from_iso, iso
from rules.quiet import Quiet
from ui import words

M = MomentKind
MOST = 20
"""Moments of one audience that are kept for after its quiet hours."""
UNDO = (
    frozenset({M.RAISED, M.LOWERED}),
    frozenset({M.WAITING_FOR_REQUESTER, M.WAITING_FOR_VENDOR, M.RESUMED}),
    frozenset({M.JOINED, M.LEFT_FAMILY}),
    frozenset({M.RESOLVED, M.CANCELLED, M.REOPENED}),
    frozenset({M.ANNOUNCED, M.RESCHEDULED, M.REJECTED, M.STARTED, M.DELAYED, M.FINISHED, M.FAILED, M.REOPENED}),
)
"""Of each group the last one is the truth of the morning. A closed ticket is still a solved one."""
OUTLASTS_A_MUTE = TERMINAL - {M.CLOSED} | {M.REOPENED, M.ANNOUNCED, M.RESCHEDULED}
"""What is said when a muted ticket speaks again, if it is still so: nobody waits for work that has ended, or is planned
for another time.
"""
ENDS = TERMINAL - {M.CLOSED, M.REJECTED}
WINDOW, UNPLANS = frozenset({M.ANNOUNCED, M.RESCHEDULED}), frozenset({M.RESCHEDULED, M.CANCELLED, M.REJECTED})
Kept = tuple[M, str]
"""A moment that was kept back: its kind and occurrence."""
MUTE, QUIET = "mute:end", "quiet:"


class Hush:
    """Reads and writes the memory it is given. `desk` None: there are no quiet hours."""

    def __init__(self, memory: Memory, now: datetime, desk: Desk | None) -> None:
        self._memory, self._now, self._desk = memory, now, desk

    # --- muted -----------------------------------------------------------------------------------------------------

    def muted(self, audience: Audience) -> tuple[Reason, str] | None:
        memory = self._memory
        return (Reason.MUTED, muted_by(memory)) if audience in CUSTOMER_FACING and memory.muted_at else None

    def mute(self, who: str, until: datetime | None, promised: datetime | None) -> None:
        memory = self._memory
        memory.muted_by, memory.muted_at, memory.muted_until = who, self._now, until
        memory.muted_due = promised or memory.muted_due

    def unmute(self) -> datetime | None:
        """The time that had been promised before, None where nothing had."""
        memory = self._memory
        promised = memory.muted_due
        memory.muted_by, memory.muted_at, memory.muted_until, memory.muted_due = "", None, None, None
        return promised

    @property
    def over(self) -> bool:
        """Whether it was muted for a time, and that has passed."""
        return self._memory.muted_until is not None and self._memory.muted_until <= self._now

    # --- quiet hours -----------------------------------------------------------------------------------------------

    def quiet(self, audience: Audience, ticket: Ticket) -> Quiet | None:
        return self._desk.quiet(audience, ticket, self._now) if self._desk else None

    def keep_back(self, audience: Audience, moment: Moment) -> bool:
        """Remember what was not said, for when the quiet hours end; whether it is news."""
        name = f"{moment.kind}:{moment.occurrence}"
        owed = self._memory.owed.setdefault(str(audience), [])
        if name in owed:
            return False
        if moment.kind in UNPLANS and not any(one.startswith(f"{M.ANNOUNCED}:") for one in owed):
            self._memory.owed_window.setdefault(str(audience), self._memory.announced)
        self._memory.owed[str(audience)] = [*owed, name][-MOST:]
        return True

    def owed(self, audience: Audience, ticket: Ticket) -> Iterator[tuple[M, str]]:
        """What is still true of what was kept back, and is news: kinds with their occurrences. Forgets all of it."""
        kept = self._memory.owed.pop(str(audience), [])
        known = self._memory.owed_window.pop(str(audience), "")
        read = [(M(kind), occurrence) for kind, _, occurrence in (name.partition(":") for name in kept)]
        found = _without_unread_ends(read)
        first = next((one for one in found if one[0] is M.ANNOUNCED), None)
        for place, (kind, occurrence) in enumerate(found):
            later = {after for after, _ in found[place + 1 :]}
            undone = any(kind in group and later & group for group in UNDO)
            moved_back = kind in WINDOW and known == difference.window(ticket)
            if kind is M.UPDATE_DUE or undone or moved_back or not _fits(kind, occurrence, ticket, self._now):
                continue
            # who was never told the first time has nothing to be told about its moving
            yield first if kind is M.RESCHEDULED and first else (kind, occurrence)

    def forget(self) -> None:
        self._memory.owed, self._memory.owed_window, self._memory.owed_due = {}, {}, None

    def set_timers(self, ticket: Ticket) -> None:
        """When the ticket is looked at again, because somebody may be spoken to then."""
        if self._memory.muted_until:
            timers.rings(self._memory, MUTE, self._memory.muted_until, self._now)
        for audience in map(Audience, self._memory.owed):
            if quiet := self.quiet(audience, ticket):
                self._memory.timers[f"{QUIET}{audience}"] = iso(quiet.until)


def muted_by(memory: Memory, at: Callable[[datetime], str] = words.when) -> str:
    """Who muted the ticket, and until when, as `at` says it; `""` where nobody did."""
    if memory.muted_at is None:
        return ""
    until = at(memory.muted_until) if memory.muted_until else "somebody unmutes it"
    return f"Muted by {memory.muted_by} until {until}."


def _without_unread_ends(kept: list[Kept]) -> list[Kept]:
    """Who did not read that it is over has nothing to be told about its being open again."""
    found: list[Kept] = []
    for one in kept:
        ends = [place for place, (kind, _) in enumerate(found) if kind in ENDS]
        if one[0] is M.REOPENED and ends:
            del found[ends[-1]]
        else:
            found.append(one)
    return found


def _fits(kind: M, occurrence: str, ticket: Ticket, now: datetime) -> bool:
    """Whether a moment still fits the state: nobody hears of work on what has ended, or of an end that was none, while
    they are asked whether all is well only after an end.
    """
    if (told := families.is_true(occurrence, ticket)) is not None:
        return told
    if kind is M.NOTICE or kind in AFTERWARDS:
        return not overtaken(kind, ticket, now)
    ending = kind in TERMINAL - {M.REJECTED, M.FINISHED, M.FAILED}
    return ending == ticket.ended if ending or kind not in TERMINAL else True


def earliest(memory: Memory, promise: Promise) -> datetime:
    """When a promise wakes its ticket: one seen to be due in quiet hours, not before these end."""
    seen = f"{M.UPDATE_DUE}:{promise.id}" in memory.owed.get(str(promise.audience), ())
    opens = memory.timers.get(f"{QUIET}{promise.audience}") if seen else None
    return max(promise.due, from_iso(opens)) if opens else promise.due
