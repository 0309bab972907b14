"""Dead letters: deliveries that cannot be handled, set aside after a few tries so that everything else flows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, insert, select, update

from app import journal, tables
from app.engine import Engine
from app.journal import Entry, What
from app.memory import Memory
from app.store import Store, Transaction
from core.errors import LiaisonError
from core.tickets import TicketRef
from core.times import Clock, from_iso, iso

D, T = tables.deliveries, tables.tickets
TRIES = 3
AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class DeadLetter:
    """`held_by`: the gates that hold its ticket; then neither problem nor body is given."""

    id: int
    ref: TicketRef
    received_at: datetime
    tries: int
    problem: str
    key: str = ""
    held_by: str = ""
    body: bytes = b""


def fail(tx: Transaction, problems: Mapping[int, str], now: datetime) -> set[int]:
    """Count one more try of each delivery, by id; the last one sets it aside. Returns those."""
    ended = set()
    for identity, problem in problems.items():
        tries = tx.execute(select(D.c.tries).where(D.c.id == identity)).scalar_one() + 1
        state = "dead" if tries >= TRIES else "pending"
        tx.execute(
            update(D)
            .where(D.c.id == identity)
            .values(state=state, tries=tries, problem=problem, not_before=iso(now + AGAIN))
        )
        if state == "dead":
            ended.add(identity)
    return ended


def letters(connection: Connection, *, most: int | None = None) -> list[DeadLetter]:
    """The newest first, without their bodies."""
    return [_letter(row, b"") for row in connection.execute(_dead().order_by(D.c.id.desc()).limit(most))]


class DeadLetters:
    """What a person may do with them. `replay` and `drop` are audited."""

    def __init__(self, store: Store, engine: Engine, clock: Clock) -> None:
        self._store, self._engine, self._clock = store, engine, clock

    def all(self) -> list[DeadLetter]:
        with self._store.read() as connection:
            return letters(connection)

    def one(self, identity: int) -> DeadLetter:
        """With its body. Raises LiaisonError where no dead delivery has this id."""
        with self._store.read() as connection:
            row = _found(connection, identity)
        return _letter(row, row.body)

    def replay(self, identity: int, who: str) -> TicketRef:
        """Handle it again, as if it had just arrived. Raises LiaisonError."""
        return self._store.write(lambda tx: self._replay(tx, identity, who))

    def _replay(self, tx: Transaction, identity: int, who: str) -> TicketRef:
        row = _found(tx, identity)
        if not row.body:
            raise LiaisonError(
                "its body is no longer kept.", where=f"delivery {identity}", hint="Drop it; `liaison poll` asks anew."
            )
        ref = TicketRef(row.site, row.ticket_id)
        fresh = {"state": "pending", "tries": 0, "not_before": None, "problem": ""}
        tx.execute(update(D).where(D.c.id == identity).values(**fresh))
        self._engine.wake(tx, ref)
        self._decided(tx, ref, identity, "replay", who)
        return ref

    def drop(self, identity: int, who: str) -> TicketRef:
        """Give it up; its key stays known. Raises LiaisonError."""
        return self._store.write(lambda tx: self._drop(tx, identity, who))

    def _drop(self, tx: Transaction, identity: int, who: str) -> TicketRef:
        row = _found(tx, identity)
        ref = TicketRef(row.site, row.ticket_id)
        tx.execute(update(D).where(D.c.id == identity).values(state="dropped"))
        self._decided(tx, ref, identity, "drop", who)
        return ref

    def _decided(self, tx: Transaction, ref: TicketRef, identity: int, verb: str, who: str) -> None:
        now, what = self._clock.now(), f"{verb.capitalize()} of delivery {identity} by {who}."
        journal.write(tx, ref, now, [Entry(What.DECIDED, detail=what)])
        tx.execute(insert(tables.audit).values(at=iso(now), who=who, what=f"dead {verb}", detail=f"{identity}, {ref}"))


def _dead() -> Select[Any]:
    joined = D.outerjoin(T, (D.c.site == T.c.site) & (D.c.ticket_id == T.c.id))
    names = (D.c.id, D.c.site, D.c.ticket_id, D.c.received_at, D.c.tries, D.c.problem, T.c.memory)
    return select(*names, T.c.key.label("ticket_key")).select_from(joined).where(D.c.state == "dead")


def _found(connection: Connection, identity: int) -> Row[Any]:
    row = connection.execute(_dead().add_columns(D.c.body).where(D.c.id == identity)).first()
    if row is None:
        raise LiaisonError(f"no dead delivery has the id {identity}.", hint="`liaison dead list` shows them.")
    return row


def _letter(row: Row[Any], body: bytes) -> DeadLetter:
    held = ", ".join(Memory.from_dict(orjson.loads(row.memory)).gates) if row.memory else ""
    return DeadLetter(
        id=row.id,
        ref=TicketRef(row.site, row.ticket_id),
        received_at=from_iso(row.received_at),
        tries=row.tries,
        problem="" if held else row.problem,
        key=row.ticket_key or "",
        held_by=held,
        body=b"" if held else body,
    )
