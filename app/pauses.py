"""What must not be written to just now: paused by the platform's own word, or stopped by an alarm."""

import logging
import math
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.pace import Paces
from app.store import Store
from core.errors import Paused, Scope
from core.tickets import TicketRef
from core.times import Clock, SystemClock, steadily

log = logging.getLogger("liaison.pauses")
ALARM = "alarm:"
ALARMS_FRESH = 1.0
ALARM_PAUSE = timedelta(hours=1)


class Pauses:
    """Pauses live in memory: a restart asks the platform again. Alarms live in the store until a person ends them.

    A pause lasts as many seconds as the platform asked for, whoever sets the clock meanwhile.
    """

    def __init__(self, store: Store, paces: Paces | None = None, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._steady = steadily(self._clock)
        self.paces = paces or Paces({}, self._clock)
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}
        self._alarms: dict[str, str] = {}
        self.counted: Counter[tuple[str, Scope]] = Counter()
        """How often each site asked us to wait, by what that named."""
        self._fresh_until = 0.0

    def pause(self, ref: TicketRef, error: Paused) -> None:
        """Pause exactly what the reason names. An endpoint is paused for the whole site: Liaison writes through one."""
        name = str(ref) if error.scope is Scope.ISSUE else ref.site
        log.warning("%s is paused until %s: %s", name, error.until, error.what)
        with self._lock:
            self.counted[ref.site, error.scope] += 1
            ends = self._steady() + (error.until - self._clock.now()).total_seconds()
            self._ends[name] = max(ends, self._ends.get(name, ends))

    def until(self, ref: TicketRef, now: datetime) -> datetime | None:
        """When the ticket may be written to again; None means now."""
        if ref.site in self.alarms():
            return now + ALARM_PAUSE
        paused = self.paused(now)
        times = (paused.get(str(ref)), paused.get(ref.site), self.paces.out_until(ref.site))
        return max((t for t in times if t), default=None)

    def running(self, now: datetime) -> int:
        """How many tickets and sites must not be written to just now."""
        return len(self.paused(now))

    def paused(self, now: datetime) -> dict[str, datetime]:
        """Until when, by site or ticket as text."""
        if not self._ends:
            return {}
        with self._lock:
            steady = self._steady()
            self._ends = {name: ends for name, ends in self._ends.items() if ends > steady}
            return {name: now + _milliseconds(ends - steady) for name, ends in self._ends.items()}

    def alarm(self, site: str, what: str) -> None:
        """Stop writing to a site until a person has looked."""
        log.critical("%s: %s", site, what)
        statement = upsert(tables.meta).values(name=ALARM + site, value=what).on_conflict_do_nothing()
        self._store.write(lambda tx: tx.execute(statement))
        self._fresh_until = 0.0

    def alarms(self) -> dict[str, str]:
        """As they stand in the store. Another process may end one; that there is none is believed for a second."""
        now = time.monotonic()
        if self._alarms or now >= self._fresh_until:
            self._alarms, self._fresh_until = self._read(), now + ALARMS_FRESH
        return self._alarms

    def _read(self) -> dict[str, str]:
        query = select(tables.meta.c.name, tables.meta.c.value).where(tables.meta.c.name.startswith(ALARM))
        with self._store.read() as connection:
            return {row.name.removeprefix(ALARM): row.value for row in connection.execute(query)}


def _milliseconds(seconds: float) -> timedelta:
    """Rounded up to what the store can tell apart, but for what floating point adds."""
    return timedelta(milliseconds=math.ceil(round(seconds * 1000, 2)))
