"""What a person has heard of late, over all their tickets: counted from the notes themselves, by index."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, text

from app import tables
from app.prepared import Prepared
from app.store import Look, Transaction
from core.notes import NoteState
from core.tickets import TicketRef
from core.times import from_iso, iso

N = tables.notes
OF_PERSON = (N.c.site == bindparam("site"), N.c.person == bindparam("person"))
# states are spelled as the indexes spell them, or these would walk through everything
WRITTEN = Prepared(
    select(N.c.written_at).where(
        *OF_PERSON, text("person != '' AND written_at IS NOT NULL"), N.c.written_at > bindparam("since")
    )
)
SOON = Prepared(
    select(N.c.planned_at, N.c.ticket_id, N.c.state).where(
        *OF_PERSON, text("person != '' AND state IN ('planned', 'sending', 'in_doubt')")
    )
)


class Crowded(Exception):
    """While a ticket was considered, its requester was told something in another one."""


@dataclass(frozen=True)
class Ear:
    """Whose messages are counted, and since when. `ticket`: what is planned in it gives way to what it says now."""

    person: str
    since: datetime
    ticket: TicketRef


def ear(ticket: TicketRef, person: str, now: datetime, within: timedelta | None) -> Ear | None:
    """None where there is no budget, or nobody to count for."""
    return Ear(person, now - within, ticket) if within and person else None


def heard(look: Look | Transaction, one: Ear) -> tuple[datetime, ...]:
    """When they were told something since then, or will be in a moment."""
    mine = {"site": one.ticket.site, "person": one.person}
    times = [at for (at,) in WRITTEN.run(look, **mine, since=iso(one.since)).fetchall()]
    for at, ticket, state in SOON.run(look, **mine).fetchall():
        if ticket != one.ticket.id or state != NoteState.PLANNED:
            times.append(at)
    return tuple(sorted(map(from_iso, times)))
