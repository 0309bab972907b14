"""How many promises there are and ever were, by state, priority, service and cause: known without counting them.

Retention takes old promises away and leaves the tallies: they only grow, but for the open ones. A promise that a
confidential gate ended is told nowhere, so it is counted nowhere. By day they are counted for readers outside IT alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.prepared import Prepared
from app.rows import bound
from app.store import Look, Transaction
from core.notes import Audience
from core.promises import PromiseState
from core.tickets import TicketRef

B, K, P, T = tables.promise_days, tables.tallies, tables.promises, tables.tickets
OPEN, NOTHING = literal(str(PromiseState.OPEN)), literal("")


def _add(row: Select[Any]) -> Prepared:
    statement = upsert(K).from_select([column.name for column in K.c], row)
    more = K.c.number + statement.excluded.number
    return Prepared(statement.on_conflict_do_update(index_elements=list(K.primary_key), set_={"number": more}))


def _of_promise(state: ColumnElement[Any], cause: ColumnElement[Any], number: int) -> Select[Any]:
    return select(state, P.c.priority, P.c.service, cause, literal(number)).where(P.c.id == bindparam("promise"))


MADE = _add(select(OPEN, T.c.priority, T.c.service, NOTHING, literal(1)).where(bound(T)))
CLOSED = _add(_of_promise(OPEN, NOTHING, -1))
ENDED = _add(_of_promise(P.c.state, P.c.cause, 1))
_BY_DAY = upsert(B).from_select(
    [column.name for column in B.c],
    select(func.substr(P.c.ended_at, 1, 10), P.c.site, P.c.service, P.c.state, literal(1)).where(
        P.c.id == bindparam("promise"), P.c.audience != literal(str(Audience.AGENTS))
    ),
)
BY_DAY = Prepared(
    _BY_DAY.on_conflict_do_update(
        index_elements=list(B.primary_key), set_={"number": B.c.number + _BY_DAY.excluded.number}
    )
)
ALL = Prepared(select(K.c.state, K.c.priority, K.c.service, K.c.cause, K.c.number))


@dataclass(frozen=True)
class Tally:
    state: str
    priority: str
    service: str
    cause: str
    number: int


def made(tx: Transaction, ref: TicketRef) -> None:
    """A promise was made in this ticket."""
    MADE.run(tx, of_site=ref.site, of_id=ref.id)


def ended(tx: Transaction, promise: str, *, told: bool) -> None:
    """This promise is not open any more; `told` False where nobody may hear how it ended."""
    CLOSED.run(tx, promise=promise)
    if told:
        ENDED.run(tx, promise=promise)
        BY_DAY.run(tx, promise=promise)


def read(look: Look) -> Sequence[Tally]:
    return [Tally(*row) for row in ALL.run(look).fetchall()]
