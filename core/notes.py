"""One message to write, and the states it passes through until it stands in the ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from math import inf
from uuid import UUID

from core.tickets import TicketRef
from core.values import value

NAMESPACE = UUID("b7a9f6c2-6f0e-5d2c-9d63-3f0f9f1c7a51")
SEED = NAMESPACE.bytes


class Audience(StrEnum):
    """Who reads. Visibility follows from this alone: agents internal, all others public."""

    AGENTS = "agents"
    REQUESTER = "requester"
    BUSINESS = "business"
    CUSTOMERS = "customers"


CUSTOMER_FACING = frozenset({Audience.REQUESTER, Audience.BUSINESS, Audience.CUSTOMERS})


def note_id(ref: TicketRef, moment: str, audience: str, occurrence: str) -> str:
    """The same moment can never make two notes: its id is a function of what it is about.

    A UUID of version 5, spelt out: by way of `uuid.uuid5` it takes five times as long, and every look makes some.
    """
    about = f"{ref.site}\x1f{ref.id}\x1f{moment}\x1f{audience}\x1f{occurrence}"
    digest = sha1(SEED + about.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


class NoteState(StrEnum):
    DRAFT = "draft"
    PLANNED = "planned"
    SENDING = "sending"
    WRITTEN = "written"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


S = NoteState
MOVES: dict[NoteState, frozenset[NoteState]] = {
    S.DRAFT: frozenset({S.PLANNED, S.SUPERSEDED, S.WITHDRAWN}),
    S.PLANNED: frozenset({S.SENDING, S.STOPPED, S.SUPERSEDED, S.WITHDRAWN}),
    # Back to planned only where it is certain that nothing was done (refused connection, 429).
    S.SENDING: frozenset({S.WRITTEN, S.IN_DOUBT, S.REFUSED, S.PLANNED}),
    # Absent after the settle time: planned again. Found by its marker: written; found where all can read it: refused.
    S.IN_DOUBT: frozenset({S.WRITTEN, S.PLANNED, S.REFUSED}),
    # By hand.
    S.REFUSED: frozenset({S.PLANNED, S.WITHDRAWN}),
    S.STOPPED: frozenset({S.PLANNED, S.WITHDRAWN}),
    S.WRITTEN: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
OPEN_STATES = frozenset({S.PLANNED, S.SENDING, S.IN_DOUBT})


def may_move(before: NoteState, after: NoteState) -> bool:
    return after in MOVES[before]


class Style(StrEnum):
    """How a paragraph is meant; connectors turn it into their markup."""

    TEXT = "text"
    TITLE = "title"
    QUOTE = "quote"
    SMALL = "small"


@value
class Paragraph:
    """Plain text, line breaks allowed, never markup: connectors neutralise whatever looks like it."""

    text: str
    style: Style = Style.TEXT


@dataclass(frozen=True)
class Part:
    """What one audience reads in a letter."""

    audience: Audience
    paragraphs: tuple[Paragraph, ...]

    @property
    def internal(self) -> bool:
        return self.audience is Audience.AGENTS


@dataclass(frozen=True)
class Letter:
    """One request to a platform: the marker travels in the same request as the words.

    One part, or two (requester and agents) where the platform writes both in one request. `edits` is the platform's
    id of the comment to replace (the living internal note), else `""`. `calls`: somebody must act on it, so the
    platform is to mail about it although it is an edit. `leave_by`, in seconds of `time.monotonic`: a
    request that has not left by then must not leave any more, because somebody else may be looking for it. `after`:
    the revision that our last letter left the ticket with, `""` where it is not known.
    """

    ref: TicketRef
    marker: str
    parts: tuple[Part, ...]
    edits: str = ""
    calls: bool = False
    leave_by: float = inf
    after: str = ""


@dataclass(frozen=True)
class Written:
    """A letter that stands in the ticket. `comment_id` is `""` where the platform gives none.

    `public` is the visibility read back: True, False, or None where the platform cannot be asked. `revision` is the
    ticket's own right afterwards, `""` where the platform does not tell; `alone`: nobody saved it between the revision
    that the letter came after and the letter.
    """

    marker: str
    comment_id: str = ""
    public: bool | None = None
    at: datetime | None = None
    revision: str = ""
    alone: bool = False


def plain(paragraphs: Iterable[Paragraph]) -> str:
    return "\n".join(p.text for p in paragraphs)
