"""What the contract suite needs of a platform: its client wired to its own stand-in.

When you add a platform, write one class of this shape and add it to HARNESSES in `test_connectors.py`.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.sandbox import Entry, StandIn
from core.notes import Audience, Letter, Paragraph, Part
from core.ports import Connector
from core.tickets import TicketRef

MARKER = "7d1f6a52-5c3e-5b52-9d53-0c1a6a4f0b11"


class Harness(Protocol):
    """`write_path` and `write_method` select, for faults, the one request that writes a note; `read_path` the one
    that reads a ticket. `close` stops everything.
    """

    standin: StandIn
    connector: Connector
    write_method: str
    write_path: str
    read_path: str

    def create(self, **canonical: str) -> TicketRef:
        """A ticket in the stand-in, from canonical names: `title`, `description`, `kind`, `priority` (P1..P5)."""
        ...

    def change(self, ref: TicketRef, **canonical: str) -> None:
        """The ticket is saved by an agent, with another `title` or `priority`."""
        ...

    def say(self, ref: TicketRef, text: str, *, who: str = "anna", public: bool = True) -> None:
        """Somebody comments; `carla` asked for the ticket."""
        ...

    def stay_apart(self) -> None:
        """Let the account live in another time zone than the server and we."""
        ...

    def entries(self, ref: TicketRef) -> list[Entry]:
        """What the stand-in keeps of the conversation."""
        ...

    def active_markup(self, ref: TicketRef) -> list[str]:
        """What the platform would render as more than text in the notes as they were sent: empty when neutralised."""
        ...

    def close(self) -> None: ...


class SettableClock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **duration: float) -> None:
        self.at += timedelta(**duration)


def clock() -> SettableClock:
    return SettableClock(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))


def letter(ref: TicketRef, *texts: str, audience: Audience = Audience.AGENTS, marker: str = MARKER) -> Letter:
    return Letter(ref, marker, (Part(audience, tuple(Paragraph(text) for text in texts)),))
