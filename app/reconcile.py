"""Reconciliation: every few minutes each site is asked what changed, for whatever webhooks missed.

A finding enters the inbox like any delivery. Whatever is no newer than what is stored is left alone, so asking twice
changes nothing; what our own writes moved is found once, read, and known from then on.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import orjson
from sqlalchemy import or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.connectors import Connectors
from app.store import Store, Transaction, recalled
from core.errors import LiaisonError, Paused
from core.ports import Inbox
from core.sightings import POLLED, Accepted, Delivery, Found
from core.sites import Site
from core.times import Clock, from_iso, iso
from rules.cadence import text_of

M, T = tables.meta, tables.tickets
OVERLAP = timedelta(minutes=10)
"""How far each look reaches behind the last one: clocks differ, search indexes lag, saves take time to show."""
FAR = timedelta(days=1)
"""How far a look reaches where the last one was made by a clock that was ahead: nobody knows what it missed."""
BATCH = 100
WATERMARK = "polled:"
PATIENCE = 5.0
"""Seconds that stopping waits for a look under way; a look that is cut off is made again."""
log = logging.getLogger("liaison.reconcile")


@dataclass(frozen=True)
class Look:
    """`found` changes since `since`, `new` of them unknown until now."""

    site: str
    since: datetime
    found: int
    new: int


class Reconciler:
    """`once` asks one site now; `start` asks every site again and again, each in a thread of its own, until `stop`."""

    def __init__(self, store: Store, clock: Clock, connectors: Connectors, inbox: Inbox) -> None:
        self._store, self._clock, self._connectors, self._inbox = store, clock, connectors, inbox
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def once(self, site: str) -> Look:
        """The next look begins where this one began, and only if it came to its end. Raises LiaisonError."""
        connector = self._connectors.of(site)
        started, since = self._clock.now(), self._since(connector.site)
        found = new = 0
        for batch in _batches(connector.changes(since)):
            found += len(batch)
            new += sum(self._accept(site, one) for one in self._newer(site, batch))
            if self._stopping.is_set():
                raise LiaisonError("stopped while asking what changed.", where=site)
        self._store.write(lambda tx: _remember(tx, site, started, self._clock.now()))
        return Look(site, since, found, new)

    def start(self, every: timedelta) -> None:
        """The first look is made at once: it catches up with what happened while Liaison was down."""
        self._threads = [
            threading.Thread(target=self._again_and_again, args=(site, every), name=f"reconcile {site}", daemon=True)
            for site in self._connectors.sites
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self, patience: float = PATIENCE) -> None:
        for thread in self._threads:
            thread.join(patience / len(self._threads))

    def _since(self, site: Site) -> datetime:
        with self._store.read() as connection:
            text = recalled(connection, WATERMARK + site.name)
        if not text:
            return site.speak_from
        last, now = from_iso(text), self._clock.now()
        return last - OVERLAP if last <= now else now - FAR

    def _newer(self, site: str, batch: list[Found]) -> Iterator[Found]:
        ids = {found.ticket_id for found in batch}
        with self._store.read() as connection:
            rows = connection.execute(select(T.c.id, T.c.newest).where(T.c.site == site, T.c.id.in_(ids)))
            known = {row.id: orjson.loads(row.newest)["ticket"].get("revision", "") for row in rows if row.newest}
        return (found for found in batch if found.revision > known.get(found.ticket_id, ""))

    def _accept(self, site: str, found: Found) -> bool:
        delivery = Delivery(
            site=site,
            key=f"{POLLED}{found.ticket_id}:{found.revision}",
            ticket_id=found.ticket_id,
            body=found.body,
            received_at=self._clock.now(),
        )
        return self._inbox.accept(delivery) is Accepted.STORED

    def _again_and_again(self, site: str, every: timedelta) -> None:
        while not self._stopping.wait(self._look(site, every).total_seconds()):
            pass

    def _look(self, site: str, every: timedelta) -> timedelta:
        """One look that stops nothing if it fails; returns how long to wait for the next."""
        try:
            look = self.once(site)
        except LiaisonError as error:
            if self._stopping.is_set():
                return every
            pause = max(every, error.until - self._clock.now()) if isinstance(error, Paused) else every
            log.warning("%s: what changed is asked again in %s: %s", site, text_of(pause), error)
            return pause
        except Exception as error:
            # The boundary of a thread: a look that fails in a way nobody thought of must not end all later ones.
            log.exception("%s: asking what changed failed, and is tried again: %s", site, error)  # noqa: TRY401 - the first line alone is read
            return every
        if look.new:
            log.info("%s: asked what changed: %s, of these %s unknown until now.", site, look.found, look.new)
        return every


def _batches(found: Iterable[Found]) -> Iterator[list[Found]]:
    waiting = iter(found)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _remember(tx: Transaction, site: str, started: datetime, now: datetime) -> None:
    """Never back: two looks may run at the same time, from the server and from the command line. A time that is yet to
    come was written by a clock that has been put right since.
    """
    statement = upsert(M).values(name=WATERMARK + site, value=iso(started))
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[M.c.name],
            set_={"value": statement.excluded.value},
            where=or_(M.c.value < statement.excluded.value, M.c.value > iso(now)),
        )
    )
