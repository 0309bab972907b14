"""The inbox: a delivery and the wake-up of its ticket, committed together before anybody answers 202."""

import threading
from concurrent.futures import Future

import orjson
from sqlalchemy import bindparam, insert, select, update

from app import tables
from app.engine import Engine
from app.prepared import Prepared
from app.room import Room
from app.store import Store, Transaction
from core.errors import StoreError
from core.sightings import Accepted, Delivery
from core.tickets import TicketRef
from core.times import iso

D = tables.deliveries
PATIENCE = 8.0
"""Seconds that a sender waits for the commit. If it happens later, the delivery is known when it is sent again."""
MOST_BYTES = 64 * 1024 * 1024
"""Of bodies that wait for a commit: a sender that gave up leaves its own waiting, and a disk may hang for minutes."""
SEEN = Prepared(select(D.c.id, D.c.expires_at).where(D.c.site == bindparam("site"), D.c.key == bindparam("key")))
FREE = Prepared(update(D).where(D.c.id == bindparam("found")).values(key=bindparam("freed")))
KEEP = Prepared(insert(D).values({name: bindparam(name) for name in D.c.keys() if name != "id"}))  # noqa: SIM118


class StoredInbox:
    """`core.ports.Inbox` over the store. `accept` raises StoreError where the store is full, broken or too slow."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine, self._room = store, engine, Room(store.url)
        self._waiting, self._counting = 0, threading.Lock()

    def accept(self, delivery: Delivery) -> Accepted:
        self._room.check()
        waiting = self._submit(delivery)
        try:
            accepted = waiting.result(PATIENCE)
        except TimeoutError as error:
            raise StoreError("the store does not answer in time.", where=self._store.url) from error
        if accepted is Accepted.STORED and delivery.ticket_id:
            self._engine.nudge(delivery.site)
        return accepted

    def _submit(self, delivery: Delivery) -> "Future[Accepted]":
        size = len(delivery.body)
        with self._counting:
            if self._waiting + size > MOST_BYTES:
                raise StoreError("too much waits to be stored.", where=self._store.url, hint="Is the disk slow?")
            self._waiting += size
        try:
            submitted = self._store.submit(lambda tx: self._accept(tx, delivery))
        except StoreError:
            self._stored(size)
            raise
        submitted.add_done_callback(lambda _: self._stored(size))
        return submitted

    def _stored(self, size: int) -> None:
        with self._counting:
            self._waiting -= size

    def _accept(self, tx: Transaction, delivery: Delivery) -> Accepted:
        if self._seen(tx, delivery):
            return Accepted.SEEN
        KEEP.run(
            tx,
            site=delivery.site,
            key=delivery.key,
            ticket_id=delivery.ticket_id,
            body=delivery.body,
            headers=orjson.dumps(dict(delivery.headers)).decode(),
            received_at=iso(delivery.received_at),
            expires_at=iso(delivery.expires_at) if delivery.expires_at else None,
            state="pending" if delivery.ticket_id else "ignored",
            problem="",
            tries=0,
            not_before=None,
        )
        if delivery.ticket_id:
            self._engine.wake(tx, TicketRef(delivery.site, delivery.ticket_id))
        return Accepted.STORED

    def _seen(self, tx: Transaction, delivery: Delivery) -> bool:
        """Whether the key is known; a key that has expired (a body's digest) is freed for use again."""
        found = SEEN.run(tx, site=delivery.site, key=delivery.key).fetchone()
        if found is None:
            return False
        identity, expires_at = found
        if expires_at is None or expires_at > iso(delivery.received_at):
            return True
        FREE.run(tx, found=identity, freed=f"{delivery.key}#{identity}")
        return False
