"""Promise: "the next update comes by T". One open promise per ticket and audience."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.notes import Audience
from core.tickets import TicketRef


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Promise:
    """`due` in UTC, on the minute. `kept_by` is the note or the human comment that kept it."""

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
