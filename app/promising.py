"""Promises in the store: made, kept, withdrawn. One open promise per ticket and audience."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import bindparam, func, insert, literal, select, update

from app import tables
from app.journal import Entry, What
from app.prepared import Prepared
from app.rows import bound
from app.store import Look, Transaction
from core.notes import Audience
from core.promises import Promise, PromiseState
from core.tickets import TicketRef
from core.times import from_iso, iso

P = tables.promises
OPEN = Prepared(
    select(P.c.id, P.c.audience, P.c.due, P.c.made_at, P.c.made_by, P.c.rule)
    .where(P.c.site == bindparam("of_site"), P.c.ticket_id == bindparam("of_id"), P.c.state == PromiseState.OPEN)
    .order_by(P.c.due)
)
COUNTED = Prepared(select(func.count()).where(bound(P), P.c.audience == bindparam("whom")))
_MADE = ("id", "site", "ticket_id", "audience", "due", "made_at", "made_by", "rule")
MAKE = Prepared(
    insert(P).values({**{n: bindparam(n) for n in _MADE}, "state": literal(PromiseState.OPEN), "kept_by": literal("")})
)
END = Prepared(
    update(P)
    .where(P.c.id == bindparam("promise"))
    .values(state=bindparam("ending"), ended_at=bindparam("at"), kept_by=bindparam("by"))
)


def open_promises(tx: Transaction | Look, ref: TicketRef) -> tuple[Promise, ...]:
    return tuple(
        Promise(identity, ref, Audience(audience), from_iso(due), from_iso(made_at), made_by, rule)
        for identity, audience, due, made_at, made_by, rule in OPEN.run(tx, of_site=ref.site, of_id=ref.id)
    )


def make(
    tx: Transaction, ref: TicketRef, audience: Audience, due: datetime, *, at: datetime, by: str, rule: str
) -> Entry:
    """Open a promise; the one open before must have ended. Returns its line for the journal."""
    # counted: the same words may lead to a promise, see it withdrawn, and lead to another
    earlier = COUNTED.run(tx, of_site=ref.site, of_id=ref.id, whom=audience).fetchone()[0]
    identity = str(uuid5(NAMESPACE_URL, f"{ref}\x1f{audience}\x1f{by}\x1f{iso(at)}\x1f{earlier}"))
    MAKE.run(
        tx,
        id=identity,
        site=ref.site,
        ticket_id=ref.id,
        audience=audience,
        due=iso(due),
        made_at=iso(at),
        made_by=by,
        rule=rule,
    )
    return Entry(What.PROMISED, audience=audience, detail=f"The next word comes by {iso(due)[:16]}Z.", rule=rule)


def keep(tx: Transaction, ref: TicketRef, audience: Audience, *, at: datetime, by: str) -> list[Entry]:
    """End the open promise as kept, or kept late by the minute. Nothing open: nothing done."""
    entries = []
    for promise in open_promises(tx, ref):
        if promise.audience == audience:
            on_time = at <= promise.due
            _end(tx, promise.id, PromiseState.KEPT if on_time else PromiseState.KEPT_LATE, at, by)
            minutes = int((at - promise.due).total_seconds() // 60)
            detail = "On time." if on_time or minutes < 1 else f"{minutes} minutes late."
            entries.append(Entry(What.KEPT, audience=audience, detail=f"{detail} By {by}.", rule=promise.rule))
    return entries


def withdraw(tx: Transaction, ref: TicketRef, audience: Audience, *, at: datetime, why: str) -> list[Entry]:
    entries = []
    for promise in open_promises(tx, ref):
        if promise.audience == audience:
            _end(tx, promise.id, PromiseState.WITHDRAWN, at, "")
            entries.append(Entry(What.WITHDRAWN, audience=audience, detail=f"Because {why}.", rule=promise.rule))
    return entries


def _end(tx: Transaction, identity: str, state: PromiseState, at: datetime, by: str) -> None:
    END.run(tx, promise=identity, ending=state, at=iso(at), by=by)
