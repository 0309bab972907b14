"""The agent panel: what it asks for, already decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.notes import NoteState
from core.tickets import Ticket, TicketRef
from ui import words
from ui.access import Person
from ui.views import NoteRow, PromiseRow, SilenceRow


@dataclass(frozen=True)
class Waiting:
    """A note to the requester that an agent decides on. `words` as they would leave now, `problem` why they do not."""

    id: str
    state: NoteState
    moment: str
    words: str = ""
    problem: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Coming:
    """What goes out next by itself. `words` empty: nothing, and `because` says why. `draft`: it will wait first."""

    at: datetime | None = None
    words: str = ""
    rule: str = ""
    because: str = ""
    draft: bool = False


@dataclass(frozen=True)
class Ordered:
    """What was ordered in the panel of late. `answer` is empty as long as it is under way."""

    at: datetime
    answer: str = ""
    words: str = ""


@dataclass(frozen=True)
class PanelView:
    """One ticket as its agents see it. `held_by`: its gates; nothing else may be shown then.

    `impact` is one sentence. `silent_because`: why nothing at all is said in this ticket. `told` and `silences`: the
    newest first. `phrases` by name.
    """

    ref: TicketRef
    key: str = ""
    ticket: Ticket | None = None
    impact: str = ""
    impact_level: str = ""
    held_by: tuple[str, ...] = ()
    silent_because: str = ""
    muted: str = ""
    promise: PromiseRow | None = None
    coming: Coming = field(default_factory=Coming)
    waiting: tuple[Waiting, ...] = ()
    told: tuple[NoteRow, ...] = ()
    silences: tuple[SilenceRow, ...] = ()
    ordered: tuple[Ordered, ...] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    @property
    def affected(self) -> tuple[str, ...]:
        """Who it concerns, as far as the ticket says."""
        if self.ticket is None:
            return ()
        people = self.ticket.affected_users
        crowd = "" if people is None else "1 person" if people == 1 else f"{people} people"
        parts = (crowd, words.requester(self.ticket), self.ticket.service, self.ticket.location)
        return tuple(part for part in parts if part)


@dataclass(frozen=True)
class Preview:
    """What an order would do. `refusal` says why nothing would be done; `words` are all that the requester would read.
    `answer`: what agents are told of it, advice on the words, too.
    """

    words: str = ""
    answer: str = ""
    refusal: str = ""


class PanelViews(Protocol):
    """Every method may raise StoreError. Nothing here asks or tells a platform."""

    def panel(self, ref: TicketRef) -> PanelView | None:
        """None where Liaison never heard of the ticket. `ref.id` is `TicketRef.id`, or the ticket's key."""
        ...

    def preview(self, ref: TicketRef, verb: str, text: str, me: Person) -> Preview:
        """`verb` as behind `/liaison`, or a note's id: then `text` would be said in its place."""
        ...

    def order(self, ref: TicketRef, verb: str, text: str, once: str, me: Person) -> Preview:
        """Have it done, once for every `once`. With a `refusal` nothing is."""
        ...

    def decide(self, ref: TicketRef, verb: str, note: str, text: str, me: Person) -> str:
        """`approve`, `drop` or `reword` what waits. Why it could not be done, else `""`."""
        ...
