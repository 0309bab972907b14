"""Open promises whose time an agent moved: the same promise, due at another time."""

from datetime import datetime

from sqlalchemy import bindparam, update

from app import tables
from app.journal import Entry, What
from app.prepared import Prepared
from app.rows import bound
from app.store import Transaction
from core.notes import Audience
from core.promises import PromiseState
from core.tickets import TicketRef
from core.times import iso

P = tables.promises
MOVE = Prepared(
    update(P)
    .where(bound(P), P.c.audience == bindparam("whom"), P.c.state == PromiseState.OPEN)
    .values(due=bindparam("to"))
)


def move(tx: Transaction, ref: TicketRef, audience: Audience, due: datetime, by: str) -> list[Entry]:
    """Nothing open: nothing done."""
    if not MOVE.run(tx, of_site=ref.site, of_id=ref.id, whom=audience, to=iso(due)).rowcount:
        return []
    return [Entry(What.PROMISED, audience=audience, detail=f"Moved to {iso(due)[:16]}Z. By {by}.")]
