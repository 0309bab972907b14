"""The pace of each site: requests leave within what the platform allows, and slow down before it runs out.

Nobody waits here. The engine takes up no ticket of a site whose pace leaves none, the most urgent first when it does;
a request that would certainly be refused is not sent.
"""

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.ration import Ration
from core.errors import Paused, Scope
from core.quotas import Quota
from core.sites import Platform, Site
from core.times import Clock, steadily

AT_ONCE = 0.25
"""Seconds of the ceiling that may leave in one go."""
QUOTAS = 32
"""So many limits of one site are remembered; a platform names a handful."""
CLOSE = 1e-3
WRITES = ((10, 2.0), (50, 30.0))
"""Writes to one Jira issue in so many seconds: half of what Jira allows, people write there, too."""
LATEST = 24 * 60 * 60


@dataclass(frozen=True)
class Gate:
    """When the next ticket of a site may be taken up, and when one that is not among the most urgent."""

    opens: datetime
    others: datetime


class Pace:
    """One site's. Seconds are those that nobody sets, where the clock has them."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site, self._clock = site.name, clock
        self._steady = steadily(clock)
        self._gap = 1 / site.pace if site.pace else 0.0
        self._per_issue = site.platform is Platform.JIRA
        self._lock = threading.Lock()
        self._free = -math.inf
        self._stopped = -math.inf
        self._under_way = 0
        self._held: datetime | None = None
        self._rations: OrderedDict[str, Ration] = OrderedDict()
        self._writes: OrderedDict[str, deque[float]] = OrderedDict()

    # --- for the connectors ---

    def leave(self, issue: str = "") -> None:
        with self._lock:
            now = self._steady()
            if self._ends(now) > now:
                raise self._paused(self._ends(now), now, "the site's quota is used up", Scope.SITE)
            if issue and self._per_issue:
                self._write_to(issue, now)
            self._under_way += 1
            self._free = max(self._free, now - AT_ONCE) + self._gap
            for ration in self._rations.values():
                ration.spend(now)

    def back(self, quotas: Iterable[Quota] = ()) -> None:
        with self._lock:
            now = self._steady()
            self._under_way -= 1
            for quota in quotas:
                self._hear(quota, now)

    def stop(self, error: Paused) -> None:
        if error.scope is Scope.ISSUE:
            return
        with self._lock:
            seconds = (error.until - self._clock.now()).total_seconds()
            self._stopped = max(self._stopped, self._steady() + min(seconds, LATEST))

    # --- for the engine ---

    def gate(self, busy: int) -> Gate | None:
        """None where the site is open. `busy`: its tickets that are attended to now; each will send a request yet."""
        with self._lock:
            now = self._steady()
            if self._unlimited(now):
                return None
            self._renew(now)
            rations = self._rations.values()
            opens = max(self._free + busy * self._gap, *(min(r.urgent, r.until) for r in rations), now)
            free = (r.until if r.low(self._under_way) else min(r.free + busy * r.gap(now), r.until) for r in rations)
            others = max(opens, self._ends(now), *free, now)
            if others <= now + CLOSE:
                return None
            if self._rations or self._stopped > now:
                self._held = self._clock.now()
            return Gate(self._at(opens, now), self._at(others, now))

    def out_until(self) -> datetime | None:
        """Until when nothing at all may leave."""
        with self._lock:
            now = self._steady()
            if self._unlimited(now):
                return None
            ends = self._ends(now)
            return self._at(ends, now) if ends > now else None

    def held(self) -> datetime | None:
        """When a ticket last had to wait for its turn because of what the platform allows."""
        return self._held

    def left(self) -> Mapping[str, int]:
        """What is left of each quota, by its name, as far as known."""
        with self._lock:
            self._renew(self._steady())
            return {name: ration.left for name, ration in self._rations.items()}

    # --- under the lock ---

    def _unlimited(self, now: float) -> bool:
        """Neither we nor the platform have set a limit, as for most sites. Each look at a ticket asks several times."""
        return not self._gap and not self._rations and self._stopped <= now

    def _ends(self, now: float) -> float:
        """When what stops everything ends."""
        self._renew(now)
        spent = (r.until for r in self._rations.values() if r.left <= self._under_way)
        return max(self._stopped, *spent, -math.inf)

    def _renew(self, now: float) -> None:
        for ration in self._rations.values():
            ration.renew(now)

    def _hear(self, quota: Quota, now: float) -> None:
        if quota.limit <= 0 or quota.window <= 0:
            return
        ration = self._rations.setdefault(quota.name, Ration(quota.limit, quota.limit, now, quota.window))
        ration.hear(quota, now)
        self._rations.move_to_end(quota.name)
        if len(self._rations) > QUOTAS:
            self._rations.popitem(last=False)

    def _write_to(self, issue: str, now: float) -> None:
        longest = WRITES[-1][1]
        while self._writes and next(iter(self._writes.values()))[-1] < now - longest:
            self._writes.popitem(last=False)
        at = self._writes.setdefault(issue, deque(maxlen=WRITES[-1][0]))
        for most, seconds in WRITES:
            if len(at) >= most and at[-most] + seconds > now:
                raise self._paused(at[-most] + seconds, now, "so much was written to this issue", Scope.ISSUE)
        at.append(now)
        self._writes.move_to_end(issue)

    def _paused(self, ends: float, now: float, why: str, scope: Scope) -> Paused:
        until = self._at(ends, now)
        return Paused(
            f"it waits until {until:%H:%M:%S} UTC: {why}", until=until, scope=scope, where=self._site, status=0
        )

    def _at(self, seconds: float, now: float) -> datetime:
        """Rounded up to what the store can tell apart: who comes then finds it open."""
        later = math.ceil(max(0.0, seconds - now) * 1000) + (seconds > now)
        return self._clock.now() + timedelta(milliseconds=later)


class Paces:
    """By site."""

    def __init__(self, sites: Mapping[str, Site], clock: Clock) -> None:
        self._paces = {name: Pace(site, clock) for name, site in sites.items()}

    def of(self, site: str) -> Pace | None:
        return self._paces.get(site)

    def gates(self, busy: Mapping[str, int]) -> dict[str, Gate]:
        """Of the sites that are not open."""
        found = ((name, pace.gate(busy.get(name, 0))) for name, pace in self._paces.items())
        return {name: gate for name, gate in found if gate}

    def out_until(self, site: str) -> datetime | None:
        pace = self._paces.get(site)
        return pace.out_until() if pace else None

    def held(self, site: str) -> datetime | None:
        pace = self._paces.get(site)
        return pace.held() if pace else None

    def left(self) -> Iterable[tuple[str, str, int]]:
        """Site, quota, what is left of it."""
        return [(site, name, left) for site, pace in self._paces.items() for name, left in pace.left().items()]
