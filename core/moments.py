"""What just happened that may deserve words."""

from datetime import datetime
from enum import StrEnum

from core.tickets import Ticket
from core.values import value


class MomentKind(StrEnum):
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    RAISED = "raised"
    LOWERED = "lowered"
    PHASE_CHANGED = "phase_changed"
    SCOPE_CHANGED = "scope_changed"
    WAITING_FOR_REQUESTER = "waiting_for_requester"
    WAITING_FOR_VENDOR = "waiting_for_vendor"
    RESUMED = "resumed"
    JOINED = "joined"
    LEFT_FAMILY = "left_family"
    UPDATE_DUE = "update_due"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ANNOUNCED = "announced"
    REJECTED = "rejected"
    NOTICE = "notice"
    RESCHEDULED = "rescheduled"
    STARTED = "started"
    MILESTONE = "milestone"
    DELAYED = "delayed"
    FINISHED = "finished"
    FAILED = "failed"
    CHECK_IN = "check_in"
    REPLIED = "replied"
    PROGRESSED = "progressed"
    AGENT_SAYS = "agent_says"
    ANSWERED = "answered"


M = MomentKind
BY_AGENTS = frozenset({M.AGENT_SAYS, M.ANSWERED})
"""An agent's own words to the requester, and what Liaison answers an agent: no rule has words for them, and nothing
that happens to the ticket makes them stale.
"""
TERMINAL = frozenset({M.RESOLVED, M.CLOSED, M.CANCELLED, M.REJECTED, M.FINISHED, M.FAILED})
AFTERWARDS = frozenset({M.CHECK_IN, M.REPLIED})
"""What may still be said when the end was told. Nothing more is promised with it."""


def rank(kind: MomentKind) -> int:
    """Which of several moments at once leads: terminal, then reopened, then raised, then the rest."""
    if kind in TERMINAL:
        return 0
    return {M.REOPENED: 1, M.RAISED: 2}.get(kind, 3)


@value
class Moment:
    """`occurrence` tells one from the next of the same kind on the same ticket; it is part of the note id.

    `before` is the ticket as last attended to (None at first sight): conditions on a change read it. `row`: how many
    of the same were said just before it without any news; a slot with several texts says them in turn.
    """

    kind: MomentKind
    occurrence: str
    at: datetime
    before: Ticket | None = None
    row: int = 0
