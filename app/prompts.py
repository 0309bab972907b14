"""What agents are told about a promise in their note: before it is due, when it is due, and when it is late."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from core.decisions import Message, Mode
from core.notes import Audience
from core.values import value


class Why(StrEnum):
    REMIND = "remind"  # it is soon due: what goes out unless somebody writes
    DUE = "due"  # it is due, and nothing goes out by itself
    DRAFT = "draft"  # it is due, and its words wait for approval
    LATE = "late"  # so long past its time, and still nobody has written
    FIRST = "first"  # the first word is late: it still waits for approval
    QUIET = "quiet"  # several updates in a row without news
    ANSWERED = "answered"  # the requester has replied; the ticket still waits for them


@value
class Prompt:
    """`promise` is its id, `""` where it is about none. `tell` names whom it is for, `""` for the agents themselves.

    `holding` is the message that goes out at the due time, or waits as the draft `note`; None: nothing goes out.
    """

    why: Why
    promise: str = ""
    due: datetime | None = None
    tell: str = ""
    next_tell: str = ""
    next_at: datetime | None = None
    holding: Message | None = None
    note: str = ""

    @property
    def calls(self) -> bool:
        """Whether somebody must act, for nothing goes out by itself, or nobody else would look: who is told by an edit
        that mails nobody has not been told.
        """
        return self.why not in (Why.REMIND, Why.ANSWERED) or (self.why is Why.REMIND and self.holding is None)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`, after a journey through JSON."""
        values = plain | {"why": Why(plain["why"])}
        for name in ("due", "next_at"):
            values[name] = datetime.fromisoformat(plain[name]) if plain[name] else None
        if holding := plain["holding"]:
            values["holding"] = message_from(holding)
        return cls(**values)


def message_from(plain: dict[str, Any]) -> Message:
    return Message(**(plain | {"audience": Audience(plain["audience"]), "mode": Mode(plain["mode"])}))
