"""The inbox: a delivery and the wake-up of its ticket, committed together before anybody answers 202."""

import orjson
from sqlalchemy import insert, select, update

from app import tables
from app.engine import Engine
from app.rows import ticket_row
from app.store import Store, Transaction
from core.sightings import Accepted, Delivery
from core.tickets import TicketRef
from core.times import iso

D = tables.deliveries


class StoredInbox:
    """`core.ports.Inbox` over the store."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine = store, engine

    def accept(self, delivery: Delivery) -> Accepted:
        accepted = self._store.write(lambda tx: self._accept(tx, delivery))
        if accepted is Accepted.STORED and delivery.ticket_id:
            self._engine.nudge()
        return accepted

    def _accept(self, tx: Transaction, delivery: Delivery) -> Accepted:
        if self._seen(tx, delivery):
            return Accepted.SEEN
        tx.execute(
            insert(D).values(
                site=delivery.site,
                key=delivery.key,
                ticket_id=delivery.ticket_id,
                body=delivery.body,
                headers=orjson.dumps(dict(delivery.headers)).decode(),
                received_at=iso(delivery.received_at),
                expires_at=iso(delivery.expires_at) if delivery.expires_at else None,
                state="pending" if delivery.ticket_id else "ignored",
            )
        )
        if delivery.ticket_id:
            ref = TicketRef(delivery.site, delivery.ticket_id)
            ticket_row(tx, ref)
            # the row lock that makes "accept, then wake" and "read generation, then deliveries" safe together
            tickets = tables.tickets
            tx.execute(
                update(tickets)
                .where(tickets.c.site == ref.site, tickets.c.id == ref.id)
                .values(generation=tickets.c.generation + 1)
            )
            self._engine.wake(tx, ref)
        return Accepted.STORED

    def _seen(self, tx: Transaction, delivery: Delivery) -> bool:
        """Whether the key is known; a key that has expired (a body's digest) is freed for use again."""
        found = tx.execute(
            select(D.c.id, D.c.expires_at).where(D.c.site == delivery.site, D.c.key == delivery.key)
        ).one_or_none()
        if found is None:
            return False
        if found.expires_at is None or found.expires_at > iso(delivery.received_at):
            return True
        tx.execute(update(D).where(D.c.id == found.id).values(key=f"{delivery.key}#{found.id}"))
        return False
