"""Promises are marked as soon as they are due, long before the last of many can be told: who was there, and when."""

import logging
import threading

import orjson
from sqlalchemy import bindparam, func, select, text, update

from app import tables
from app.prepared import Prepared
from app.store import Store, Transaction
from core.errors import StoreError
from core.times import Clock, iso

P = tables.promises
PIECE = 2_000
"""Marked in one go: a webhook that wants to be stored waits for no more."""
EVERY = 1.0
FALLEN = Prepared(
    select(P.c.id)
    .where(text("state = 'open'"), P.c.due > bindparam("after"), P.c.due <= bindparam("now"))  # as the index says it
    .where(P.c.marked_at.is_(None))
)
_IDS = func.json_each(bindparam("ids")).table_valued("value")
MARK = Prepared(
    update(P).where(P.c.id.in_(select(_IDS.c.value)), P.c.marked_at.is_(None)).values(marked_at=bindparam("now"))
)
log = logging.getLogger("liaison.marking")


class Marker:
    """Looks at what has fallen due since its last look; the first look is at all that is overdue."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._after = ""

    def mark(self) -> int:
        """Mark what is due now; returns how many. Raises StoreError."""
        now = iso(self._clock.now())
        count = 0
        with self._store.look() as look:
            fallen = FALLEN.run(look, after=self._after, now=now)
            while piece := fallen.fetchmany(PIECE):
                ids = orjson.dumps([identity for (identity,) in piece]).decode()
                self._store.write(lambda tx, ids=ids: _mark(tx, ids, now))  # type: ignore[misc]
                count += len(piece)
        self._after = now
        return count

    def run(self, stopping: threading.Event) -> None:
        """Mark every second until `stopping`."""
        while not stopping.wait(EVERY):
            try:
                count = self.mark()
            except StoreError as error:
                log.error("Promises that are due are marked later: %s", error)  # noqa: TRY400 - it says all
                continue
            if count > PIECE:
                log.warning("%s promises fell due at once: the most urgent are told first.", count)


def _mark(tx: Transaction, ids: str, now: str) -> None:
    MARK.run(tx, ids=ids, now=now)
