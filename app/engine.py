"""The engine answers one question: which ticket is attended to, when, and by whom.

Everything that must be exact lives in the store's transactions; an engine needs only "at least once, one at a time
per ticket".
"""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
from sqlalchemy import bindparam, case, delete, func, literal_column, select, union_all, update
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.claims import stir
from app.pace import Gate, Paces
from app.prepared import Prepared
from app.rows import of, urgency_of
from app.store import Store, Transaction
from core.errors import Fenced, LiaisonError, StoreError
from core.notes import OPEN_STATES
from core.tickets import TicketRef
from core.times import Clock, from_iso, iso

T, W = tables.tickets, tables.wakeups
POLL_SECONDS = 0.25
REST_SECONDS = 1
SWEEP_SECONDS = 60
TELL_SECONDS = 60
"""So long a store that fails is not told again: every worker finds it, each second, and the log is on the same disk."""
FIRST_SECONDS = 30
"""So long a store that cannot be written when the engine starts is tried again."""
LONGEST_PAUSE = timedelta(minutes=5)
SETTLING = timedelta(hours=1)
"""So much later than now is what settles, or is tried again; later are promises, which keep the time they name."""
OPEN = sorted(OPEN_STATES)
RANKS = range(5)
STEP = timedelta(minutes=30)
"""The most urgent go first; who is less urgent by one rank waits so much longer at most, or nobody would ever come."""
log = logging.getLogger("liaison.engine")

Attend = Callable[[TicketRef], None]


def _wake(urgency: Any, *, instead: bool = False) -> Prepared:
    """Of two times the earlier; `instead`: this one, whatever stood there."""
    wake = upsert(W).values(
        site=bindparam("site"), ticket_id=bindparam("ticket"), due=bindparam("due"), failures=0, urgency=urgency
    )
    new = wake.excluded
    values: dict[str, Any] = {
        "due": case((W.c.due < new.due, W.c.due), else_=new.due),
        "urgency": case((W.c.urgency < new.urgency, W.c.urgency), else_=new.urgency),
    }
    if instead:
        values = {"due": new.due, "failures": new.failures, "urgency": new.urgency}
    return Prepared(wake.on_conflict_do_update(index_elements=[W.c.site, W.c.ticket_id], set_=values))


NEWS = _wake(literal_column("0"))
"""Nobody knows yet what it is about."""
_OF_TICKET = select(urgency_of(T.c.priority)).where(T.c.site == bindparam("site"), T.c.id == bindparam("ticket"))
AGAIN = _wake(literal_column("0"), instead=True)
LATER = _wake(func.coalesce(_OF_TICKET.scalar_subquery(), literal_column("0")), instead=True)
FULL = func.json_each(bindparam("full")).table_valued("value")
SLOW = func.json_each(bindparam("slow")).table_valued("value")
_HEADS = [
    # one rank after the other: an index over both then finds what is due without walking through what is not
    select(W.c.site, W.c.ticket_id, W.c.due, W.c.urgency)
    .where(W.c.urgency == literal_column(str(rank)), W.c.due <= bindparam("now"))
    .where(W.c.site.not_in(select((SLOW if rank else FULL).c.value)))
    .order_by(W.c.due)
    .limit(bindparam("most"))
    .subquery()
    for rank in RANKS
]
_DUE = union_all(*(select(head) for head in _HEADS)).subquery()
DUE = Prepared(
    select(_DUE.c.site, _DUE.c.ticket_id)
    .order_by(func.julianday(_DUE.c.due) + _DUE.c.urgency * (STEP / timedelta(days=1)), _DUE.c.urgency)
    .limit(bindparam("most"))
)
NEXT = Prepared(
    union_all(*(select(func.min(W.c.due)).where(W.c.urgency == literal_column(str(rank))) for rank in RANKS))
)
OF_SITES = select(W.c.site, W.c.urgency, func.min(W.c.due)).group_by(W.c.site, W.c.urgency)
REST = Prepared(delete(W).where(W.c.site == bindparam("site"), W.c.ticket_id == bindparam("ticket")))


class Engine(Protocol):
    def wake(self, tx: Transaction, ticket: TicketRef, at: datetime | None = None) -> None:
        """Within the caller's transaction: attend to the ticket at `at` (now if None); of two times the earlier. Who
        attends to it just now looks again when done.
        """
        ...

    def run(self, attend: Attend) -> None:
        """Attend to tickets as they fall due; returns after `stop`, soon even where a platform hangs."""
        ...

    def nudge(self, site: str = "") -> None:
        """Something has just been committed that may be due, of this site alone or of any: do not wait for the next
        poll.
        """
        ...


class EmbeddedEngine:
    """Wake-ups in the store itself, worker threads in this process.

    `workers` threads in all, at most `per_site` of them on one site, so that one hung site never stops the others.
    A site that is paced is left alone until its turn. `patience`: seconds that `run`, once stopped, waits for what is
    being attended to.
    """

    patience = 4.0

    def __init__(
        self, store: Store, clock: Clock, *, workers: int = 4, per_site: int = 3, paces: Paces | None = None
    ) -> None:
        self._store, self._clock = store, clock
        self._paces = paces or Paces({}, clock)
        self._workers, self._per_site = workers, per_site
        self._running: set[TicketRef] = set()
        self._state = threading.Condition()
        self._calls = 0
        self._told_at = -math.inf
        self._stopping = threading.Event()
        self._latest: datetime | None = None

    def wake(self, tx: Transaction, ticket: TicketRef, at: datetime | None = None) -> None:
        stir(tx, ticket)
        NEWS.run(tx, site=ticket.site, ticket=ticket.id, due=iso(at or self._clock.now()))

    def rest(self, tx: Transaction, ticket: TicketRef, until: datetime | None) -> None:
        """After attending: the next time the ticket has something to do, or never."""
        if until is None:
            REST.run(tx, site=ticket.site, ticket=ticket.id)
        else:
            again = LATER if until > self._clock.now() else AGAIN
            again.run(tx, site=ticket.site, ticket=ticket.id, due=iso(until))

    def nudge(self, site: str = "") -> None:
        with self._state:
            if not site or self._busy()[site] < self._per_site:  # else whoever ends there looks for the next anyway
                self._call()

    def _call(self) -> None:
        """Somebody to look for work: who waits, or who has just looked and is about to wait."""
        self._calls += 1
        self._state.notify()

    def run(self, attend: Attend) -> None:
        self._heal_first()
        threads = [
            threading.Thread(target=self._work, args=(attend,), name=f"attend {n}", daemon=True)
            for n in range(self._workers)
        ]
        for thread in threads:
            thread.start()
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self.heal()
            except LiaisonError as error:
                log.error("The sweep is tried again: %s", error)  # noqa: TRY400 - it says all
        self.nudge()
        deadline = time.monotonic() + self.patience
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _heal_first(self) -> None:
        """A disk that is full for a moment ends no service that answers already. Raises StoreError if it stays so."""
        deadline = time.monotonic() + FIRST_SECONDS
        while not self._stopping.is_set():
            try:
                self.heal()
            except StoreError as error:
                if time.monotonic() > deadline:
                    raise
                log.error("Nothing is attended to yet, the store is tried again: %s", error)  # noqa: TRY400 - it says all
                self._stopping.wait(REST_SECONDS)
            else:
                return

    def stop(self) -> None:
        self._stopping.set()
        self.nudge()

    def drain(
        self, attend: Attend, *, limit: int = 100_000, before_each: Callable[[], None] = lambda: None
    ) -> datetime | None:
        """Attend, in this thread, to all that is due now; returns when something is again. For replays and tests."""
        for _ in range(limit):
            before_each()
            due = self.next_due()  # looking costs half of what a claim does that finds nothing
            if due is None or due > self._clock.now() or not self._attend_next(attend):
                return due
        raise LiaisonError(f"{limit} wake-ups at one point in time: the engine is going in circles.")

    def _attend_next(self, attend: Attend) -> bool:
        """Attend to the most urgent ticket that is due; whether there was one."""
        ref = self._claim()
        if ref:
            self._attend(attend, ref)
        return ref is not None

    def next_due(self) -> datetime | None:
        """When the earliest wake-up is due, and its site open."""
        gates = self._paces.gates({})
        if gates:
            return self._next_through(gates)
        with self._store.look() as look:
            found = [due for (due,) in NEXT.run(look).fetchall() if due]
        return datetime.fromisoformat(min(found)) if found else None

    def _next_through(self, gates: Mapping[str, Gate]) -> datetime | None:
        with self._store.read() as connection:
            found = [(site, urgency, from_iso(due)) for site, urgency, due in connection.execute(OF_SITES)]
        return min((_passing(gates.get(site), urgency, due) for site, urgency, due in found), default=None)

    def heal(self) -> None:
        """Wake whatever has work and no wake-up: none should, but a promise must not hang on that."""
        self._store.write(self._heal)

    def _put_back(self, tx: Transaction, now: datetime) -> None:
        """Where the clock was put back, what is due at a time that has been once already is looked at now."""
        before, self._latest = self._latest or self._last_word(tx), now
        if before and now < before:
            log.warning("The clock was put back by %s: what is due is looked at again.", before - now)
            d, n = tables.deliveries, tables.notes
            working = {W.c.due: (), d.c.not_before: (d.c.state == "pending",), n.c.not_before: (n.c.state.in_(OPEN),)}
            for later, still in working.items():
                again = update(later.table).where(*still, later > iso(now), later <= iso(before + SETTLING))
                tx.execute(again.values({later: iso(now)}))

    def _last_word(self, tx: Transaction) -> datetime | None:
        d = tables.deliveries
        found = tx.execute(select(d.c.received_at).order_by(d.c.id.desc()).limit(1)).scalar()
        return from_iso(found) if found else None

    def _heal(self, tx: Transaction) -> None:
        self._put_back(tx, self._clock.now())
        d, n, p = tables.deliveries, tables.notes, tables.promises
        waits_for_somebody = select(p.c.site, p.c.ticket_id).where(
            p.c.state == "open", p.c.due <= iso(self._clock.now())
        )
        working = (
            select(d.c.site, d.c.ticket_id).where(d.c.state == "pending"),
            select(n.c.site, n.c.ticket_id).where(n.c.state.in_(OPEN)),
            waits_for_somebody,
        )
        for work in working:
            asleep = work.distinct().outerjoin_from(
                work.selected_columns[0].table,
                W,
                (W.c.site == work.selected_columns[0]) & (W.c.ticket_id == work.selected_columns[1]),
            )
            for site, ticket_id in tx.execute(asleep.where(W.c.due.is_(None))):
                ref = TicketRef(site, ticket_id)
                if work is not waits_for_somebody:
                    log.error("%s had work and nothing to wake it: that should not be.", ref)
                self.wake(tx, ref)

    def _work(self, attend: Attend) -> None:
        while not self._stopping.is_set():
            try:
                self._work_once(attend)
            except StoreError as error:
                self._tell_once("A worker rests", error)
                self._stopping.wait(REST_SECONDS)
            except Exception:
                # The store failed under us, for a moment or for longer: a worker that ends would never come back.
                log.exception("A worker rests: the store cannot be used.")
                self._stopping.wait(REST_SECONDS)

    def _tell_once(self, what: str, error: StoreError) -> None:
        with self._state:
            now = time.monotonic()
            if now < self._told_at + TELL_SECONDS:
                return
            self._told_at = now
        log.error("%s: %s", what, error)

    def _work_once(self, attend: Attend) -> None:
        heard = self._calls
        if not self._attend_next(attend):
            with self._state:
                if heard == self._calls:
                    self._state.wait(self._pause())

    def _pause(self) -> float:
        """Seconds until somebody looks again: where a site is paced, no longer than to its next turn."""
        now = self._clock.now()
        opens = ((gate.opens - now).total_seconds() for gate in self._paces.gates({}).values())
        return min([POLL_SECONDS, *(seconds for seconds in opens if seconds > 0)])

    def _claim(self) -> TicketRef | None:
        """The most urgent ticket that is due, that nobody attends to and whose site has a worker to spare."""
        with self._state:
            busy = self._busy()
            now, gates = self._clock.now(), self._paces.gates(busy)
            full = {site for site, count in busy.items() if count >= self._per_site}
            full |= {site for site, gate in gates.items() if gate.opens > now}
            listed, slow = orjson.dumps([*full]).decode(), orjson.dumps([*(full | gates.keys())]).decode()
            with self._store.look() as look:
                rows = DUE.run(look, now=iso(now), full=listed, slow=slow, most=len(self._running) + 2).fetchall()
            waiting = [ref for ref in (TicketRef(*row) for row in rows) if ref not in self._running]
            if not waiting:
                return None
            first, *others = waiting
            self._running.add(first)
            busy[first.site] += 1
            if any(busy[ref.site] < self._per_site for ref in others):
                self._call()  # there is work for one more, and room
            return first

    def _busy(self) -> Counter[str]:
        """How many workers each site has now."""
        return Counter(ref.site for ref in self._running)

    def _attend(self, attend: Attend, ref: TicketRef) -> None:
        try:
            attend(ref)
        except Fenced:
            log.warning("%s: another runner took over; nothing was done twice.", ref)
        except LiaisonError as error:
            if isinstance(error, StoreError) and not error.permanent:
                self._tell_once(f"{ref}: attending failed and is tried again", error)
            else:
                log.error("%s: attending failed and is tried again: %s", ref, error)  # noqa: TRY400 - it says all
            self._store.write(lambda tx: self._fail(tx, ref))
        except Exception as error:
            # The boundary of a worker: one broken ticket must not stop the others. It is tried again, later and later.
            log.exception("%s: attending failed: %s", ref, error)  # noqa: TRY401 - the first line alone is read
            self._store.write(lambda tx: self._fail(tx, ref))
        finally:
            with self._state:
                self._running.discard(ref)

    def _fail(self, tx: Transaction, ref: TicketRef) -> None:
        failures = tx.execute(select(W.c.failures).where(of(W, ref))).scalar() or 0
        pause = min(timedelta(seconds=2**failures), LONGEST_PAUSE)
        tx.execute(
            update(W).where(of(W, ref)).values(due=iso(self._clock.now() + pause), failures=min(failures + 1, 20))
        )


def _passing(gate: Gate | None, urgency: int, due: datetime) -> datetime:
    return max(due, gate.others if urgency else gate.opens) if gate else due
