"""What the pages ask for, already decided: `app` answers from the store, the pages only choose words and layout."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.decisions import Reason
from core.notes import Audience, NoteState
from core.promises import PromiseState
from core.sightings import Unmapped
from core.tickets import Ticket, TicketRef

NEEDS_A_PERSON = frozenset({NoteState.DRAFT, NoteState.IN_DOUBT, NoteState.REFUSED, NoteState.STOPPED})
"""Note states that do not end well by themselves."""


@dataclass(frozen=True)
class PromiseRow:
    """One promise. `key` is the ticket's key as people say it, `""` where only the id is known."""

    ref: TicketRef
    audience: Audience
    due: datetime
    made_at: datetime
    key: str = ""
    rule: str = ""
    state: PromiseState = PromiseState.OPEN
    ended_at: datetime | None = None
    kept_by: str = ""
    held_by: str = ""


@dataclass(frozen=True)
class NoteRow:
    """One note. `text` is what was (or will be) said, word for word; `at` when it reached `state`.

    `problem` says in words why it needs a person: what the platform answered, what the guard found. `public` is the
    visibility read back. `held_by` is the gate that holds its ticket: then no page shows any of the words.
    """

    id: str
    ref: TicketRef
    audience: Audience
    moment: str
    state: NoteState
    at: datetime
    text: str = ""
    key: str = ""
    rule: str = ""
    problem: str = ""
    public: bool | None = None
    held_by: str = ""


@dataclass(frozen=True)
class DeadRow:
    """One delivery that could not be handled. `id` is what `liaison dead` takes; `problem` says why."""

    id: int
    ref: TicketRef
    at: datetime
    problem: str
    key: str = ""
    held_by: str = ""


@dataclass(frozen=True)
class SilenceRow:
    """One moment that stayed silent. `audience` None: it concerned everybody (an adopted ticket, our own echo)."""

    at: datetime
    moment: str
    reason: Reason
    audience: Audience | None = None
    detail: str = ""
    by: str = ""


@dataclass(frozen=True)
class SilenceCount:
    reason: Reason
    count: int


@dataclass(frozen=True)
class Overview:
    """The front page. Open promises of all tickets, the newest notes first, silences counted since `since`."""

    promises: tuple[PromiseRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    attention: tuple[NoteRow, ...] = ()
    dead: tuple[DeadRow, ...] = ()
    silences: tuple[SilenceCount, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class StoryView:
    """All that Liaison knows, said, promised and kept silent about in one ticket.

    `held_by` names the confidential gates that hold it; the page then shows their names and nothing else, whatever
    the other fields carry. `settling` are moments that wait until `settling_until` for the ticket to stay as it is.
    `muted`: who muted the ticket, as a sentence; `muted_until` None: until somebody unmutes it.
    `ticket` is the snapshot last attended to, None where deliveries came but no snapshot yet.
    """

    ref: TicketRef
    ticket: Ticket | None = None
    served: bool = True
    not_served_because: str = ""
    notes: tuple[NoteRow, ...] = ()
    promises: tuple[PromiseRow, ...] = ()
    silences: tuple[SilenceRow, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    settling: tuple[str, ...] = ()
    settling_until: datetime | None = None
    muted: str = ""
    muted_until: datetime | None = None
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """Whether work can be done. `reasons` are sentences for a person; ready means there are none."""

    reasons: tuple[str, ...] = ()
    rule_set: str = ""

    @property
    def ready(self) -> bool:
        return not self.reasons


class Views(Protocol):
    """Called from the web server's threads. Every method may raise StoreError; the pages then say so with a 503."""

    def overview(self) -> Overview: ...

    def story(self, ref: TicketRef) -> StoryView | None:
        """None where Liaison never heard of the ticket. `ref.id` is `TicketRef.id`, or the ticket's key."""
        ...

    def health(self) -> Health:
        """Asks the store something cheap, and whether rules are loaded."""
        ...
