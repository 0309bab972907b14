"""What one delivery, or one read of a record, shows about a ticket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.notes import Audience
from core.tickets import Ticket, TicketRef
from core.values import value


@dataclass(frozen=True)
class Unmapped:
    """A value of the platform that neither the site's map nor the stock names know (`state`, `Waiting on store`)."""

    field: str
    value: str


@value
class Snapshot:
    """A ticket and what the site says about speaking in it.

    `served` False: nothing is ever said; `not_served_because` tells a person why. `sinks` are the audiences that the
    platform can tell apart in this ticket.
    """

    ticket: Ticket
    served: bool = True
    not_served_because: str = ""
    sinks: frozenset[Audience] = frozenset()
    unmapped: tuple[Unmapped, ...] = ()


class Author(StrEnum):
    """Who wrote a comment, as far as the platform tells. `CUSTOMER`: requester, participant or customer account."""

    AGENT = "agent"
    CUSTOMER = "customer"
    BOT = "bot"
    LIAISON = "liaison"
    UNKNOWN = "unknown"


@value
class Comment:
    """A comment seen on a ticket. `public` None: visibility unknown, to be re-read. `marker`: our note id, if any."""

    id: str
    at: datetime
    author: Author = Author.UNKNOWN
    author_id: str = ""
    public: bool | None = None
    marker: str = ""
    text: str = ""
    edited: bool = False
    author_name: str = ""
    """As people call the author, `""` where the platform gives an account alone."""


@value
class Sighting:
    """One delivery, understood. `snapshot` None or `complete` False: read the record before deciding anything.

    `actor` is the account that saved; `changed` the fields the platform says it changed (a hint, never trusted
    alone). `aside` is the internal comment of a save that brought a public one, too.
    """

    ref: TicketRef
    at: datetime
    snapshot: Snapshot | None = None
    complete: bool = True
    comment: Comment | None = None
    gone: bool = False
    actor: str = ""
    changed: tuple[str, ...] = ()
    aside: Comment | None = None


POLLED = "poll:"
"""How the key of a polled finding begins."""
ORDERED = "order:"
"""How the key begins of what an agent ordered in the panel; no webhook can have one."""


@dataclass(frozen=True)
class Delivery:
    """One webhook body as received, or one polled finding (key `poll:<id>:<revision>`). The inbox holds them."""

    site: str
    key: str
    ticket_id: str
    body: bytes
    received_at: datetime
    expires_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A change that polling found. `revision` is the ticket's own, comparable with `Ticket.revision`; `body` is what
    `Connector.sight` takes, and may be too thin to decide on.
    """

    ticket_id: str
    revision: str
    body: bytes


class Accepted(StrEnum):
    """What the inbox did with a delivery."""

    STORED = "stored"
    SEEN = "seen"


Body = Mapping[str, Any]
