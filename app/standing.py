"""How each ticket stands, as columns of its row: counted and listed by the overview without reading a snapshot.

Kept in the commit of every look at a ticket.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam

from app.memory import Memory
from app.plans import NewNote
from core.decisions import Impact, Level
from core.sightings import Snapshot
from core.times import iso

RANKS = {Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 2}
NO_IMPACT = 3
"""The rank of a ticket that no rule states an impact for."""
STANDS: dict[str, Any] = {"is_open": bindparam("opened"), "held": bindparam("sealed"), "opened_at": bindparam("since")}
MEANS: dict[str, Any] = {"impact": bindparam("what"), "impact_rank": bindparam("rank")}


def stands(memory: Memory, newest: Snapshot) -> dict[str, Any]:
    """The values of STANDS."""
    ticket = newest.ticket
    return {
        "opened": int(newest.served and not ticket.ended and not memory.gone),
        "sealed": int(bool(memory.gates)),
        "since": iso(ticket.opened_at) if ticket.opened_at else "",
    }


def means(notes: Sequence[NewNote]) -> dict[str, Any]:
    """The values of MEANS: the impacts that are said now are the ticket's from here on. Empty where none are."""
    impacts = next((note.plan.impacts for note in notes if note.plan.impacts), None)
    if not impacts:
        return {}
    worst = min(impacts, key=rank)
    return {"what": worst.id, "rank": rank(worst)}


def rank(impact: Impact) -> int:
    return RANKS[impact.level]
