"""Gates that came or went with changed rules: tickets that they hold, or hold no more, are looked at again.

A gate counts from the next look on, and a quiet ticket may have none for days, an ended one none for ever: what a new
gate holds is found at once, or lists and reports would go on telling of it.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import literal, select, tuple_

from app import snapshots, tables
from app.engine import Engine
from app.memory import Memory
from app.rulebook import Rulebook
from app.store import Store, Transaction, recall, recalled
from core.tickets import TicketRef
from core.times import Clock
from rules.language import Gate, RuleSet

T = tables.tickets
CHUNK = 500
HEEDED = "gates_heeded"
log = logging.getLogger("liaison.heeding")


class Heeding:
    def __init__(self, store: Store, clock: Clock, engine: Engine, rulebook: Rulebook) -> None:
        self._store, self._clock, self._engine, self._rulebook = store, clock, engine, rulebook
        self._known: RuleSet | None = None

    def heed(self, going: Callable[[], bool]) -> int:
        """Where the gates are others than when this was last done. Returns how many tickets are looked at again.

        `going` says whether to go on; what was cut off begins anew the next time. Raises StoreError.
        """
        if self._rulebook.current is self._known:
            return 0
        known = self._rulebook.current
        digest = _digest(known.gates)
        if self._heeded() != digest:
            return self._walk(known, digest, going)
        self._known = known
        return 0

    def _walk(self, known: RuleSet, digest: str, going: Callable[[], bool]) -> int:
        woken = 0
        for rows in self._chunks():
            if not going():
                return woken
            turned = [TicketRef(row.site, row.id) for row in rows if self._turned(row)]
            if turned:
                self._store.write(lambda tx, turned=turned: self._wake(tx, turned))  # type: ignore[misc]
                self._engine.nudge()
            woken += len(turned)
        self._store.write(lambda tx: recall(tx, HEEDED, digest))
        self._known = known
        if woken:
            log.info("Gates have changed: %s tickets are looked at again.", woken)
        return woken

    def _heeded(self) -> str:
        with self._store.read() as connection:
            return recalled(connection, HEEDED) or ""

    def _chunks(self) -> Iterator[Sequence[Any]]:
        """All tickets, each chunk in a transaction of its own: nobody waits for the whole walk."""
        site, identity = "", ""
        while True:
            after = tuple_(T.c.site, T.c.id) > tuple_(literal(site), literal(identity))
            query = select(T.c.site, T.c.id, T.c.newest, T.c.memory).where(after, T.c.newest.is_not(None))
            with self._store.read() as connection:
                rows = connection.execute(query.order_by(T.c.site, T.c.id).limit(CHUNK)).all()
            if not rows:
                return
            yield rows
            site, identity = rows[-1].site, rows[-1].id

    def _turned(self, row: Any) -> bool:
        """Whether the gates now say something else of it than they did at its last look."""
        newest, memory = snapshots.load(row.newest), Memory.from_dict(orjson.loads(row.memory))
        if newest is None:
            return False
        held = tuple(gate for gate in memory.held if gate not in memory.lifted)
        return self._rulebook.seals(newest.ticket, self._clock.now(), held) is not bool(memory.gates)

    def _wake(self, tx: Transaction, turned: Sequence[TicketRef]) -> None:
        for ref in turned:
            self._engine.wake(tx, ref)


def _digest(gates: Iterable[Gate]) -> str:
    """Of the gates as they are written; where they stand in the files changes nothing."""
    told = sorted(repr((g.id, g.when, g.unless, g.hold, sorted(g.silence), g.sticky)) for g in gates)
    return hashlib.sha256("\n".join(told).encode(errors="replace")).hexdigest()
