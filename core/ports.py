"""Ports: what the rooms ask of each other. `app` plugs them together."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from core.notes import Letter, Written
from core.sightings import Accepted, Comment, Delivery, Found, Sighting, Snapshot
from core.sites import Site
from core.tickets import TicketRef


class Inbox(Protocol):
    def accept(self, delivery: Delivery) -> Accepted:
        """Commit the delivery and the wake-up of its ticket in one transaction; return only once it is on disk.

        A delivery without `ticket_id` is kept for deduplication and concerns no ticket. Raises StoreError.
        """
        ...


class Connector(Protocol):
    """One site. Instances are used by one thread at a time; each worker thread has its own."""

    site: Site
    joins_audiences: bool
    """Whether requester and agents are written in one request under one marker (ServiceNow)."""
    edits_notes: bool
    """Whether an internal note can be edited in place (Jira's living note)."""

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        """Understand one delivery; asks nobody. Raises PayloadError where there is no ticket in it."""
        ...

    def read(self, ref: TicketRef) -> Snapshot:
        """The record as it is now. Raises NotThere, Refused, Unavailable or Paused."""
        ...

    def comment(self, ref: TicketRef, comment: Comment) -> Comment | None:
        """The same comment re-read: author, visibility, marker. None if it is gone. Raises as `read`."""
        ...

    def comments(self, ref: TicketRef, since: datetime) -> tuple[Comment, ...]:
        """What was written into the ticket since a time, oldest first; nothing where it may not be read.

        Ids may differ from those that webhooks give the same words. Raises NotThere, Unavailable or Paused.
        """
        ...

    def changes(self, since: datetime) -> Iterator[Found]:
        """The served tickets that were created or changed since a time, asked for page by page as they are taken.

        More may come than is new, and one may come twice; none is left out, also where tickets change meanwhile: what
        moves out of sight is found by the next call. Raises as `read`.
        """
        ...

    def write(self, letter: Letter) -> Written:
        """Write once, never retried here. Raises InDoubt, Refused, NotThere, Paused, or Unavailable when it is
        certain that nothing was done. An edit (`letter.edits`) whose comment is gone raises NotThere.
        """
        ...

    def hide(self, ref: TicketRef, written: Written) -> bool:
        """Take away a note that came out public and must not be; whether that was possible. Never raises."""
        ...

    def find(self, ref: TicketRef, marker: str, since: datetime) -> Written | None:
        """Look a note up by its marker. None means certainly absent; raises Unavailable when it cannot be told."""
        ...
