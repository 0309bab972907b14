"""Promise: "the next update comes by T". One open promise per ticket and audience, and how each one ends."""

from datetime import datetime, timedelta
from enum import StrEnum

from core.decisions import Reason
from core.notes import Audience
from core.tickets import TicketRef
from core.values import value

GRACE = timedelta(minutes=1)
"""A word that stands by the due time plus this much is on time: people read clocks by the minute."""
ASLEEP = timedelta(minutes=2)
"""A promise that was marked due this much after its time fell due while nobody was there to see it."""


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    WITHDRAWN = "withdrawn"
    MISSED = "missed"


class Cause(StrEnum):
    """Why a promise was missed, or kept late."""

    PLATFORM_DOWN = "platform_down"
    PAUSED = "paused"
    REFUSED = "refused"
    GUARD = "guard"
    IN_DOUBT = "in_doubt"
    ALARM = "alarm"
    DRAFT_WAITING = "draft_waiting"
    MUTED = "muted"
    QUIET_HOURS = "quiet_hours"
    GATED = "gated"
    NO_SINK = "no_sink"
    NO_WORDS = "no_words"
    LIAISON_DOWN = "liaison_down"
    FAILED = "failed"
    BACKLOG = "backlog"


SILENT_BECAUSE = {
    Reason.NO_RULE: Cause.NO_WORDS,
    Reason.SILENCED: Cause.NO_WORDS,
    Reason.NO_SINK: Cause.NO_SINK,
    Reason.MUTED: Cause.MUTED,
    Reason.QUIET_HOURS: Cause.QUIET_HOURS,
    Reason.DRAFT: Cause.DRAFT_WAITING,
    Reason.GATED: Cause.GATED,
}
"""What a silence at the due time means for the promise."""


@value
class Promise:
    """`due` in UTC, on the minute. `kept_by` is the note or the human comment that kept it.

    `cause` is what hindered it first once it was due. `marked_at`: when it was seen to be due.
    """

    id: str
    ref: TicketRef
    audience: Audience
    due: datetime
    made_at: datetime
    made_by: str
    rule: str
    state: PromiseState = PromiseState.OPEN
    ended_at: datetime | None = None
    kept_by: str = ""
    cause: str = ""
    marked_at: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether its readers were told the time, in our words: what follows an agent's own is known to us alone."""
        return self.made_by.startswith("note ")

    def on_time(self, at: datetime) -> bool:
        """Whether what stands, or is owed no more, since `at` came in time."""
        return at <= self.due + GRACE
