"""How long things are kept, and what is taken away when a person wants to be forgotten.

Everything is deleted in small pieces, so that a webhook never waits long for its acknowledgement.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from app import feedback, spoken, tables
from app.memory import Memory
from app.rows import of
from app.settings import Keep
from app.snapshots import dump
from app.snapshots import load as load_snapshot
from app.store import Store, Transaction
from core.errors import StoreError
from core.notes import NoteState
from core.promises import PromiseState
from core.tickets import Person, TicketRef
from core.times import Clock, iso

D, J, N, P, T = tables.deliveries, tables.journal, tables.notes, tables.promises, tables.tickets
F, L = tables.feedback, tables.links
KNOWN = timedelta(days=30)
"""How long the key of a delivery is known at least, whatever became of its body: platforms send again for days."""
PIECE = 500
ENDED = (NoteState.WRITTEN, NoteState.SUPERSEDED, NoteState.WITHDRAWN)
NO_WORDS: Mapping[str, Any] = {"body": b"", "headers": "{}", "problem": ""}
HANDLED = D.c.state != "pending"
log = logging.getLogger("liaison.retention")


@dataclass(frozen=True)
class Pruned:
    bodies: int
    deliveries: int
    journal: int
    notes: int
    promises: int
    links: int
    feedback: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def prune(store: Store, keep: Keep, now: datetime, *, go_on: Callable[[], bool] = lambda: True) -> Pruned:
    """Take away what is older. Pending deliveries, open notes and open promises stay, however old.

    `go_on` is asked between pieces; what is left then goes the next time. Raises StoreError.
    """
    bodies, old = iso(now - keep.bodies), iso(now - keep.journal)
    unknown = iso(now - max(keep.bodies, KNOWN))
    busy = exists().where(P.c.site == N.c.site, P.c.ticket_id == N.c.ticket_id, P.c.state == PromiseState.OPEN)
    gone = _Pieces(store, go_on)
    store.write(lambda tx: spoken.forget(tx, now))
    return Pruned(
        deliveries=gone.delete(D, and_(HANDLED, D.c.received_at < unknown)),
        bodies=gone.change(D, and_(HANDLED, D.c.received_at < bodies, D.c.body != b""), body=b"", headers="{}"),
        journal=gone.delete(J, J.c.at < old),
        # a promise that is due looks for the notes that were made of it
        notes=gone.delete(N, and_(N.c.state.in_(ENDED), N.c.planned_at < old, ~busy)),
        promises=gone.delete(P, and_(P.c.state != PromiseState.OPEN, P.c.ended_at < old)),
        links=gone.delete(L, L.c.expires_at < old),
        feedback=gone.delete(F, F.c.at < old),
    )


class _Pieces:
    """Rows are found while reading and asked again when they are written: the writer never searches."""

    def __init__(self, store: Store, go_on: Callable[[], bool]) -> None:
        self._store, self._go_on = store, go_on

    def delete(self, table: Any, where: Any) -> int:
        return self._each(select(table.c.id).where(where), lambda ids: delete(table).where(table.c.id.in_(ids), where))

    def change(self, table: Any, where: Any, **values: Any) -> int:
        found = select(table.c.id).where(where)
        return self._each(found, lambda ids: update(table).where(table.c.id.in_(ids), where).values(**values))

    def _each(self, found: Select[Any], statement: Callable[[list[Any]], Any]) -> int:
        key, count = found.selected_columns[0], 0
        more = found.order_by(key).limit(PIECE)
        while self._go_on():
            with self._store.read() as connection:
                ids = list(connection.execute(more).scalars())
            if not ids:
                break
            piece = statement(ids)
            count += self._store.write(lambda tx, piece=piece: _count(tx.execute(piece)))  # type: ignore[misc]
            more = found.where(key > ids[-1]).order_by(key).limit(PIECE)
        return count


def _count(result: CursorResult[Any]) -> int:
    return result.rowcount


@dataclass(frozen=True)
class Erased:
    tickets: int = 0
    deliveries: int = 0
    notes: int = 0
    lines: int = 0
    waiting: int = 0
    """Deliveries that name the person and are not handled yet: nothing acknowledged is thrown away unread."""

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def erase(store: Store, clock: Clock, requester: str, who: str) -> Erased:
    """Take away what is kept of one requester: bodies, snapshots' words, notes' words, the journal's sentences.

    Beside their own tickets: every body that names them, and what was said to them where a ticket is another's by now.
    `requester` is the platform's id of the person. States and times stay, so that nothing is said twice. The audit
    tells that it was done, by whom, and to how many tickets; not about whom. Raises StoreError.
    """
    done = [store.write(lambda tx, ref=ref: _erase(tx, ref)) for ref in _tickets_of(store, requester)]  # type: ignore[misc]
    deliveries, notes, lines = (sum(counts) for counts in zip(*done, (0, 0, 0), strict=True))
    named, told = _naming(requester), N.c.person == requester
    each = _Pieces(store, lambda: True)
    deliveries += each.change(
        D, and_(HANDLED, named), **NO_WORDS, state=case((D.c.state == "dead", "dropped"), else_=D.c.state)
    )
    notes += each.change(N, told, text="", problem="", person="")
    total = Erased(len(done), deliveries, notes, lines, _waiting(store, named))
    detail = f"{total.tickets} tickets, {total.deliveries} deliveries, {total.notes} notes of one requester"
    row = {"at": iso(clock.now()), "who": who, "what": "erase", "detail": detail}
    store.write(lambda tx: tx.execute(insert(tables.audit).values(row)))
    store.checkpoint()
    return total


def _naming(requester: str) -> ColumnElement[bool]:
    """Bodies in which the id stands as a text of its own, whether or not its JSON is ASCII alone."""
    written = {orjson.dumps(requester), json.dumps(requester).encode()}
    return or_(*(func.instr(D.c.body, text) > 0 for text in sorted(written)))


def _waiting(store: Store, named: ColumnElement[bool]) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(D).where(~HANDLED, named)).scalar_one()


def _tickets_of(store: Store, requester: str) -> list[TicketRef]:
    holds = orjson.dumps(requester).decode()
    likely = or_(T.c.newest.contains(holds, autoescape=True), T.c.attended.contains(holds, autoescape=True))
    with store.read() as connection:
        rows = connection.execute(select(T.c.site, T.c.id, T.c.newest, T.c.attended).where(likely)).all()
    return [TicketRef(r.site, r.id) for r in rows if requester in {_requester(r.newest), _requester(r.attended)}]


def _requester(snapshot: str | None) -> str | None:
    found = load_snapshot(snapshot)
    return found.ticket.requester.id if found else None


def _erase(tx: Transaction, ref: TicketRef) -> tuple[int, int, int]:
    row = tx.execute(select(T.c.newest, T.c.attended, T.c.memory).where(of(T, ref))).one()
    memory = Memory.from_dict(orjson.loads(row.memory))
    memory.told = ""
    tx.execute(
        update(T)
        .where(of(T, ref))
        # whoever attends to it just now would write the old words back
        .values(
            newest=_forgotten(row.newest),
            attended=_forgotten(row.attended),
            memory=memory.dumps(),
            fence=T.c.fence + 1,
        )
    )
    tx.execute(update(D).where(of(D, ref), D.c.state.in_(("pending", "dead"))).values(state="dropped"))
    _forget_page(tx, ref)
    return (
        _count(tx.execute(update(D).where(of(D, ref)).values(**NO_WORDS))),
        _count(tx.execute(update(N).where(of(N, ref)).values(text="", problem="", person=""))),
        _count(tx.execute(update(J).where(of(J, ref)).values(detail=""))),
    )


def _forget_page(tx: Transaction, ref: TicketRef) -> None:
    """The requester's links, and what they wrote on their page: it must not be sent any more, either."""
    tx.execute(delete(L).where(of(L, ref)))
    theirs = (of(N, ref), N.c.rule == feedback.RULE)
    tx.execute(update(N).where(*theirs, N.c.state == NoteState.PLANNED).values(state=NoteState.WITHDRAWN))
    tx.execute(update(N).where(*theirs).values(plan=func.json_set(N.c.plan, "$.literal", feedback.ERASED)))


def _forgotten(snapshot: str | None) -> str | None:
    """The snapshot without a word of people's: what is left says how things stand, so that nothing is said again."""
    found = load_snapshot(snapshot)
    if found is None:
        return None
    nobody = {"title": "", "description": "", "requester": Person(), "organisation": "", "labels": (), "fields": {}}
    return dump(replace(found, ticket=found.ticket.evolve(**nobody)))


def prune_quietly(store: Store, keep: Keep, now: datetime, go_on: Callable[[], bool]) -> None:
    """The server's daily turn: it stops nothing if it fails."""
    try:
        done = prune(store, keep, now, go_on=go_on)
    except StoreError as error:
        log.error("Old rows are taken away later: %s", error)  # noqa: TRY400 - it says all
        return
    if any(done.to_dict().values()):
        log.info("Taken away because of their age: %s", ", ".join(f"{n} {w}" for w, n in done.to_dict().items() if n))
