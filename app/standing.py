"""How each ticket stands, as columns of its row: counted and listed by the overview without reading a snapshot.

Kept in the commit of every look at a ticket; nothing is written where nothing changed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, or_, update

from app import tables
from app.memory import Memory
from app.plans import NewNote
from app.prepared import Prepared
from app.rows import bound
from app.store import Transaction
from core.decisions import Impact, Level
from core.sightings import Snapshot
from core.tickets import TicketRef
from core.times import iso

T = tables.tickets
RANKS = {Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 2}
NO_IMPACT = 3
"""The rank of a ticket that no rule states an impact for."""
_STANDS: dict[str, Any] = {"is_open": bindparam("opened"), "held": bindparam("sealed"), "opened_at": bindparam("since")}
_MEANS: dict[str, Any] = {"impact": bindparam("what"), "impact_rank": bindparam("rank")}
STANDS = Prepared(update(T).where(bound(T), or_(*(T.c[n] != v for n, v in _STANDS.items()))).values(**_STANDS))
MEANS = Prepared(update(T).where(bound(T), or_(*(T.c[n] != v for n, v in _MEANS.items()))).values(**_MEANS))


def keep(
    tx: Transaction, ref: TicketRef, memory: Memory, newest: Snapshot | None, notes: Sequence[NewNote] = ()
) -> None:
    """`notes`: what is said now; the impacts they carry are the ticket's from here on."""
    if newest is None:
        return
    ticket = newest.ticket
    STANDS.run(
        tx,
        of_site=ref.site,
        of_id=ref.id,
        opened=int(newest.served and not ticket.ended and not memory.gone),
        sealed=int(bool(memory.gates)),
        since=iso(ticket.opened_at) if ticket.opened_at else "",
    )
    impacts = next((note.plan.impacts for note in notes if note.plan.impacts), None)
    if impacts:
        worst = min(impacts, key=rank)
        MEANS.run(tx, of_site=ref.site, of_id=ref.id, what=worst.id, rank=rank(worst))


def rank(impact: Impact) -> int:
    return RANKS[impact.level]
