"""`/metrics` for Prometheus. Nothing here walks through tickets: what is many is counted as it happens.

No label ever holds a ticket's words: sites are those of liaison.yaml, services those of the catalogue. A promise of a
ticket that a confidential gate holds ends uncounted.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import flask
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as Counting
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import bindparam, func, select, text

from app import tables, tallies
from app.pauses import Pauses
from app.prepared import Prepared
from app.rulebook import Rulebook
from app.store import Look, Store
from app.tallies import Tally
from core.errors import StoreError
from core.promises import PromiseState
from core.times import Clock, from_iso, iso
from ui import guards

D, F, N, P = tables.deliveries, tables.feedback, tables.notes, tables.promises
UNSETTLED = timedelta(seconds=5)
"""What was written so recently may not be committed yet: it is counted by the next scrape."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
OTHER = "other"
# states are spelled as the indexes spell them, or these would walk through everything
OPEN_NOTES = Prepared(
    select(N.c.state, N.c.audience, func.count())
    .where(text("state NOT IN ('written', 'superseded', 'withdrawn')"))
    .group_by(N.c.state, N.c.audience)
)
WRITTEN = Prepared(
    select(N.c.audience, func.count())
    .where(N.c.written_at > bindparam("after"), N.c.written_at <= bindparam("until"))
    .group_by(N.c.audience)
)
PENDING = Prepared(select(func.count()).select_from(D).where(text("state = 'pending'")))
DEAD = Prepared(select(func.count()).select_from(D).where(text("state = 'dead'")))
ANSWERED = Prepared(select(F.c.verdict, func.count()).where(F.c.at >= bindparam("since")).group_by(F.c.verdict))
RECENT = timedelta(days=30)
OVERDUE = Prepared(select(func.count(), func.min(P.c.due)).where(text("state = 'open'"), P.c.due <= bindparam("now")))


class Metrics:
    """Everything one installation tells about itself. `scrape` may raise StoreError."""

    def __init__(self, store: Store, clock: Clock, rulebook: Rulebook, pauses: Pauses, sites: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        self._sites = frozenset(sites)
        self._answers = Counting(
            "liaison_webhooks", "Webhooks answered, by site and status.", ["site", "status"], registry=self.registry
        )
        self.attended = Histogram(
            "liaison_attend_seconds", "One look at one ticket.", buckets=SECONDS, registry=self.registry
        )
        self.registry.register(_Stored(store, clock, rulebook))
        self.registry.register(_Running(rulebook, pauses, clock))

    def answered(self, site: str, status: int) -> None:
        """Count an answer to a webhook; a site that nobody configured is counted as `other`."""
        self._answers.labels(site if site in self._sites else OTHER, status).inc()

    def blueprint(self, *, everybody: bool) -> flask.Blueprint:
        """`everybody`: answer beyond this machine, because something before it asks who they are."""
        page = flask.Blueprint("metrics", __name__)

        @page.get("/metrics")
        def metrics() -> flask.Response:
            because = "" if everybody else guards.refusal(flask.request)
            if because:
                return flask.Response(f"{because} See `metrics` in Liaison's settings.\n", 403, mimetype="text/plain")
            encode, kind = choose_encoder(flask.request.headers.get("Accept", ""))
            try:
                return flask.Response(encode(self.registry), headers={"Content-Type": kind})
            except StoreError as error:
                return flask.Response(f"{error}\n", 503, mimetype="text/plain")

        return page


class _Stored(Collector):
    """What the store holds. Notes are counted from the start of this process on, a piece with each scrape."""

    def __init__(self, store: Store, clock: Clock, rulebook: Rulebook) -> None:
        self._store, self._clock, self._rulebook = store, clock, rulebook
        self._written: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._after = clock.now() - UNSETTLED

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._lock, self._store.look() as look:
            held = {"pending": PENDING.run(look).fetchone()[0], "dead": DEAD.run(look).fetchone()[0]}
            waiting = _gauge("liaison_deliveries", "Webhooks that wait, or were set aside.", ("state",), held)
            said = dict(ANSWERED.run(look, since=iso(self._clock.now() - RECENT)).fetchall())
            answers = _gauge("liaison_feedback", "What requesters said in the last 30 days.", ("verdict",), said)
            return [*self._promises(look), *self._notes(look), waiting, answers]

    def _promises(self, look: Look) -> Iterator[Metric]:
        now = self._clock.now()
        known = tallies.read(look)
        ended = [tally for tally in known if tally.state != PromiseState.OPEN]
        late, oldest = OVERDUE.run(look, now=iso(now)).fetchone()
        services = {service.id for service in self._rulebook.current.catalogue.services}
        yield _counter(
            "liaison_promises",
            "Promises that ended, by how.",
            ("outcome", "priority"),
            _summed(ended, lambda t: (t.state, t.priority or "none")),
        )
        yield _counter(
            "liaison_promises_by_service",
            "Promises that ended, by the catalogue's services.",
            ("outcome", "service"),
            _summed(ended, lambda t: (t.state, t.service if t.service in services else OTHER)),
        )
        yield _counter(
            "liaison_promises_broken",
            "Promises kept late or missed, by cause.",
            ("outcome", "cause"),
            _summed((t for t in ended if t.cause), lambda t: (t.state, t.cause)),
        )
        still = (t for t in known if t.state == PromiseState.OPEN)
        yield _gauge("liaison_promises_open", "Promises still to be kept.", ("priority",),
                     _summed(still, lambda t: (t.priority or "none",)))  # fmt: skip
        yield _gauge("liaison_promises_overdue", "Open promises whose time has passed.", (), {(): late})
        seconds = (now - from_iso(oldest)).total_seconds() if oldest else 0
        yield _gauge("liaison_promises_oldest_overdue_seconds", "How late the latest of them is.", (), {(): seconds})

    def _notes(self, look: Look) -> Iterator[Metric]:
        until = self._clock.now() - UNSETTLED
        for audience, count in WRITTEN.run(look, after=iso(self._after), until=iso(until)).fetchall():
            self._written[audience] += count
        self._after = max(self._after, until)
        yield _counter("liaison_notes_written", "Notes written since the start.", ("audience",), self._written)
        found = {(state, audience): count for state, audience, count in OPEN_NOTES.run(look).fetchall()}
        yield _gauge("liaison_notes", "Notes that are not written yet, or need a person.", ("state", "audience"), found)


class _Running(Collector):
    """What this process knows by itself."""

    def __init__(self, rulebook: Rulebook, pauses: Pauses, clock: Clock) -> None:
        self._rulebook, self._pauses, self._clock = rulebook, pauses, clock

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._clock.now()
        counted = {(site, str(scope)): count for (site, scope), count in self._pauses.counted.items()}
        yield _counter("liaison_pauses", "How often a platform asked us to wait.", ("site", "scope"), counted)
        yield _gauge("liaison_paused", "What waits just now.", (), {(): self._pauses.running(now)})
        alarms = dict.fromkeys(self._pauses.alarms(), 1)
        yield _gauge("liaison_alarm", "Sites that writing was stopped to.", ("site",), alarms)
        broken = {(): int(bool(self._rulebook.problem))}
        yield _gauge("liaison_rules_problem", "1 while changed rules are not used because they are broken.", (), broken)


Labels = tuple[str, ...]
Values = Mapping[Any, float]
"""By label, or by labels."""


def _summed(found: Iterable[Tally], labels: Callable[[Tally], Labels]) -> dict[Labels, int]:
    sums: dict[Labels, int] = {}
    for tally in found:
        sums[labels(tally)] = sums.get(labels(tally), 0) + tally.number
    return sums


def _gauge(name: str, told: str, labels: Labels, values: Values) -> Metric:
    return _filled(GaugeMetricFamily(name, told, labels=labels), values)


def _counter(name: str, told: str, labels: Labels, values: Values) -> Metric:
    return _filled(CounterMetricFamily(name, told, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for labels, value in sorted(values.items()):
        family.add_metric((labels,) if isinstance(labels, str) else labels, value)
    return family
