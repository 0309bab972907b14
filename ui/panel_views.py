"""The agent panel: what it asks for, already decided."""

import hashlib
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
class Because:
    """Behind words: the rule, its title, where it stands, and the conditions that it names, in words.

    `own_words`: an agent's; then `rule` says by which order they came.
    """

    rule: str
    title: str = ""
    where: str = ""
    wanted: str = ""
    own_words: bool = False


@dataclass(frozen=True)
class Escalation:
    """When agents are reminded (`tell` empty), or somebody is told that a promise was not kept. `done`: it was."""

    at: datetime
    tell: str
    done: bool = False


@dataclass(frozen=True)
class LinkRow:
    """A link to the requester's page that works. The address itself is kept by nobody."""

    id: int
    made_at: datetime
    until: datetime


@dataclass(frozen=True)
class Near:
    """A rule that nearly spoke, and every condition that does not hold."""

    rule: str
    title: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Why:
    """What the rules would say to the requester now, and why. `winner`: whose word counts, also where it is silence.

    `beaten`: rules that had words, too, and why they do not count. `pace`: in words, the next time, whose it is.
    `gates` that fired, and why. `limits`: quiet hours, what they heard of late, a parent that speaks.
    """

    winner: Because | None = None
    speaks: bool = False
    silence: str = ""
    beaten: tuple[tuple[str, str], ...] = ()
    pace: tuple[tuple[str, str, str], ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    near: tuple[Near, ...] = ()


@dataclass(frozen=True)
class PanelView:
    """One ticket as its agents see it. `held_by`: its gates; nothing else may be shown then.

    `impact` is one sentence, `also` are those it has on other services. `service`, `place` and `crowds` are names
    and numbers of the catalogue, where the ticket is found there. `silent_because`: why nothing at all is said in
    this ticket. `told` and `silences`: the newest first; `because`: behind the newest of `told`, by their ids.
    `phrases` by name, as the requester reads them.
    """

    ref: TicketRef
    key: str = ""
    ticket: Ticket | None = None
    impact: str = ""
    impact_level: str = ""
    also: tuple[str, ...] = ()
    service: str = ""
    place: str = ""
    crowds: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    silent_because: str = ""
    muted: str = ""
    muted_until: datetime | None = None
    promise: PromiseRow | None = None
    escalations: tuple[Escalation, ...] = ()
    coming: Coming = field(default_factory=Coming)
    waiting: tuple[Waiting, ...] = ()
    told: tuple[NoteRow, ...] = ()
    because: Mapping[str, Because] = field(default_factory=dict)
    silences: tuple[SilenceRow, ...] = ()
    ordered: tuple[Ordered, ...] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    links: tuple[LinkRow, ...] = ()
    zone: str = "UTC"

    @property
    def stands(self) -> str:
        """Short for what an open panel does not show anew by itself. Where it differs, something has happened."""
        waiting = [(note.id, note.state) for note in self.waiting]
        ended = self.ticket is not None and self.ticket.ended
        about = (self.silent_because, self.muted, ended, waiting, [note.id for note in self.told], len(self.silences))
        return hashlib.sha256(repr(about).encode()).hexdigest()[:16]

    @property
    def affected(self) -> tuple[tuple[str, str], ...]:
        """Who it concerns, as far as the ticket and the catalogue say: labels and words."""
        if self.ticket is None:
            return ()
        people, raw = self.ticket.affected_users, self.ticket.service
        alias = f" ({raw})" if self.service and raw and raw.casefold() != self.service.casefold() else ""
        said = (
            ("People", "" if people is None else "1 person" if people == 1 else f"about {people:,} people"),
            ("Service", f"{self.service}{alias}" if self.service else raw),
            ("Used by", ", ".join(self.crowds)),
            ("Where", self.place or self.ticket.location),
            (
                "Reported by",
                words.requester(self.ticket) + (" (VIP)" if self.ticket.requester.vip else ""),
            ),
        )
        return tuple((label, text) for label, text in said if text)


@dataclass(frozen=True)
class Preview:
    """What an order would do. `refusal` says why nothing would be done; `words` are all that the requester would read.
    `answer`: what agents are told of it, advice on the words, too.
    """

    words: str = ""
    answer: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class NewLink:
    """The path of a new link, told this once; or why there is none."""

    path: str = ""
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

    def why(self, ref: TicketRef) -> Why | None:
        """None for a ticket that is unknown, held or not served: the panel says which."""
        ...

    def link(self, ref: TicketRef, me: Person) -> NewLink:
        """A new link to the requester's page; older ones stay good."""
        ...

    def unlink(self, ref: TicketRef, link: int, me: Person) -> bool:
        """End one. Whether it still worked."""
        ...
