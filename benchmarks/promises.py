"""Many promises due in one minute: marking them, choosing the most urgent, telling them; and what waits costs nothing.

python -m benchmarks.promises [--full]     20,000 due among 50,000 open; with --full 100,000 among 1,000,000

Marking is held against one raw UPDATE of the same rows in a copy of the same file, choosing against a bare SELECT by
key, telling against bare writes to the same stand-in. The stand-in runs in a process of its own.
"""

import argparse
import multiprocessing
import resource
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import flask
import requests
from sqlalchemy import func, select, update

from app import garbage, snapshots, spoken, tables
from app.engine import EmbeddedEngine
from app.liaison import Liaison
from app.marking import Marker
from app.metrics import Metrics
from app.pauses import Pauses
from app.processors import OneProcessor
from app.reporting import By, report
from app.rulebook import Rulebook
from app.serving import Server
from app.settings import Listen, Settings
from app.store import Store
from benchmarks.notes import RULES, SECRET, WORKERS, bare, ours, stand_in
from core.notes import Audience, NoteState
from core.sightings import Snapshot
from core.sites import Auth, Platform, Secret, Site
from core.tickets import Person, Ticket
from core.times import SystemClock, iso

TOLD = 300
PATIENCE = 240
SLOWEST = 20
"""Tickets a second that are waited for, where there are many."""
LOOKS = 0.25
"""Seconds between two looks at how much is told."""
CHUNK = 10_000
PICKS = 200
SCRAPES = 20
PRIORITIES = ("P1", *["P2"] * 4, *["P3"] * 10, *["P4"] * 5)
URGENCY = {"P1": 0, "P2": 1, "P3": 2, "P4": 3}
LATE = timedelta(minutes=7)


def fill(path: Path, due_count: int, open_count: int) -> None:
    """`open_count` tickets with an open promise each: `due_count` of them due a minute ago, the others next year."""
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    now = SystemClock().now()
    soon, later, made = iso(now - timedelta(minutes=1)), "2099-01-01T00:00:00.000Z", iso(now - timedelta(hours=1))
    texts = {p: _snapshot(p) for p in URGENCY}
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        for start in range(0, open_count, CHUNK):
            rows = [
                (str(n), PRIORITIES[n % len(PRIORITIES)], soon if n < due_count else later)
                for n in range(start, min(start + CHUNK, open_count))
            ]
            raw.executemany(
                "INSERT INTO tickets (site, id, key, generation, fence, newest, memory, priority)"
                " VALUES ('acme',?,?,1,1,?,'{}',?)",
                ((i, f"OPS-{i}", texts[p], p) for i, p, _ in rows),
            )
            raw.executemany(
                "INSERT INTO promises (id, site, ticket_id, audience, due, made_at, made_by, rule, state, kept_by,"
                " priority) VALUES (?,'acme',?,'requester',?,?,'note','r','open','',?)",
                ((f"p{i}", i, due, made, p) for i, p, due in rows),
            )
            raw.executemany(
                "INSERT INTO wakeups (site, ticket_id, due, failures, urgency) VALUES ('acme',?,?,0,?)",
                ((i, due, URGENCY[p]) for i, p, due in rows),
            )
            raw.commit()
        raw.execute(
            "INSERT INTO tallies SELECT state, priority, service, cause, count(*) FROM promises GROUP BY 1, 2, 3, 4"
        )
        raw.commit()
    raw.close()


def _snapshot(priority: str) -> str:
    one = Ticket("acme", "jira", "incident", "KEY", "ID", state="in_progress", title="Till", revision="1",
                 priority=priority, requester=Person("7", "Eva Brandt"), opened_at=SystemClock().now())  # fmt: skip
    return snapshots.dump(Snapshot(one, sinks=frozenset({Audience.AGENTS, Audience.REQUESTER})))


def raw_update(path: Path) -> float:
    """Seconds for one UPDATE of the same rows, durably."""
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous=FULL")
        now = iso(SystemClock().now())
        began = time.perf_counter()
        raw.execute("UPDATE promises SET marked_at = ? WHERE state = 'open' AND due <= ?", (now, now))
        raw.commit()
        took = time.perf_counter() - began
    raw.close()
    return took


def megabytes() -> float:
    """What this process holds just now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def at_rest(folder: Path, due_count: int, open_count: int) -> None:
    """Marking, choosing, scraping and reporting over a large store; nothing is told."""
    path = folder / "large.db"
    began = time.perf_counter()
    fill(path, due_count, open_count)
    took = time.perf_counter() - began
    print(f"{open_count} open promises, {due_count} of them due in one minute (filled in {took:.0f} s)")
    shutil.copy(path, folder / "copy.db")
    floor = raw_update(folder / "copy.db")
    (folder / "copy.db").unlink()
    before = megabytes()
    clock, store = SystemClock(), Store(f"sqlite:///{path}")
    store.start()
    marker, waits = Marker(store, clock), []
    stop = threading.Event()
    beside = threading.Thread(target=_writes, args=(store, waits, stop))
    beside.start()
    cpu, began = time.process_time(), time.perf_counter()
    count = marker.mark()
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    stop.set()
    beside.join()
    print(
        f"marked {count} in {took:.2f} s, {spent:.2f} s of CPU (goal at 100,000: 5 s of work); one raw UPDATE of these"
        f" rows: {floor:.2f} s; other writes waited {1000 * max(waits):.0f} ms at most meanwhile"
    )
    choosing(store, path, clock)
    scraping(store, clock)
    grown = megabytes() - before
    print(f"memory grew by {grown:.0f} MB: {1e6 * grown / open_count:.0f} bytes for each open promise")
    began = time.perf_counter()
    found = report(store, clock.now() - timedelta(days=30), clock.now(), By.PRIORITY)
    print(f"a report of {found.total.open} promises: {time.perf_counter() - began:.1f} s")
    store.close()


def _writes(store: Store, waits: list[float], stop: threading.Event) -> None:
    """What a webhook would wait for the writer meanwhile."""
    while not stop.is_set():
        began = time.perf_counter()
        store.write(lambda tx: tx.exec_driver_sql("SELECT 1"))
        waits.append(time.perf_counter() - began)
        time.sleep(0.01)


def choosing(store: Store, path: Path, clock: SystemClock) -> None:
    """How long an engine looks for the next ticket; each stays taken, as if many workers were at it."""
    engine = EmbeddedEngine(store, clock, workers=PICKS, per_site=PICKS + 1)
    ours, floor, order = [], [], []
    with sqlite3.connect(path) as raw:
        for _ in range(PICKS):
            engine._running.clear()  # noqa: SLF001 - one worker's view
            began = time.perf_counter()
            ref = engine._claim()  # noqa: SLF001 - as its workers do
            ours.append(1000 * (time.perf_counter() - began))
            assert ref is not None
            began = time.perf_counter()
            (priority,) = raw.execute("SELECT priority FROM tickets WHERE site='acme' AND id=?", (ref.id,)).fetchone()
            floor.append(1000 * (time.perf_counter() - began))
            order.append(priority)
            store.write(lambda tx, ref=ref: engine.rest(tx, ref, None))
    raw.close()
    print(
        f"choosing the next ticket: median {statistics.median(ours):.2f} ms; a bare SELECT by key"
        f" {statistics.median(floor):.3f} ms; first chosen: {dict(Counter(order))}"
    )


def scraping(store: Store, clock: SystemClock) -> None:
    app = flask.Flask("benchmark")
    app.register_blueprint(Metrics(store, clock, Rulebook([]), Pauses(store), ["acme"]).blueprint(everybody=True))
    client, times = app.test_client(), []
    for _ in range(SCRAPES):
        began = time.perf_counter()
        if client.get("/metrics").status_code != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError("/metrics does not answer")
        times.append(1000 * (time.perf_counter() - began))
    print(f"a scrape of /metrics: median {statistics.median(times):.1f} ms, at most {max(times):.1f} ms")


def telling(folder: Path, count: int, workers: int = WORKERS) -> None:
    """Every promise of `count` tickets falls due at once, with the server stopped: then it is started."""
    urls: multiprocessing.Queue[str] = multiprocessing.Queue()
    hook: multiprocessing.Queue[str] = multiprocessing.Queue()
    process = multiprocessing.Process(target=stand_in, args=(urls, hook), daemon=True)
    process.start()
    url = urls.get(timeout=30)
    floor = bare(url)
    (folder / "rules.yaml").write_text(_rules())
    site = Site("snow", Platform.SERVICENOW, url, Auth("liaison", Secret("liaison")), (Secret(SECRET),),
                account="liaison", note_id_column="u_liaison_note_id", timezone="Europe/Berlin")  # fmt: skip
    settings = Settings(
        f"sqlite:///{folder}/told.db",
        folder / "rules.yaml",
        (site,),
        workers=workers,
        speak_from={"snow": site.speak_from},
    )
    with OneProcessor():  # as `liaison serve` does
        first = Liaison(settings)
        server = _served(first, hook)
        _create(url, count)
        _run(first, count, lambda: _said(first) >= count and _written(first, "opened") >= count and not _pending(first))
        server.stop()
        _fall_due(first)
        first.close()
        again = Liaison(settings)
        server = _served(again, hook)
        garbage.settle()
        before, began, cpu = _said(again), time.perf_counter(), ours()
        _run(again, count, lambda: _said(again) - before >= count and _written(again, "update_due") >= count)
        took, spent, told = time.perf_counter() - began, ours() - cpu, _written(again, "update_due")
    print(f"{workers} workers told {told} of {count} promises in {took:.1f} s: {told / took:.0f} a second (goal: 100)")
    print(
        f"  {told / took / floor:.2f} of the {floor:.0f} bare writes a second that the stand-in takes with nothing else"
    )
    print(f"  {1000 * spent / max(told, 1):.1f} ms of our own CPU for each")
    _judge(again)
    server.stop()
    again.close()
    process.kill()


def _served(liaison: Liaison, hook: "multiprocessing.Queue[str]") -> Server:
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    hook.put(f"{server.url}/hooks/snow")
    time.sleep(0.5)
    return server


def _rules() -> str:
    return RULES.replace(
        'requester: {opened: "We look into it. We will write again {{ next_update.text }}."}',
        'requester: {opened: "We look into it. We will write again {{ next_update.text }}.",'
        ' update_due: "Still on it. We will write again {{ next_update.text }}."}',
    )


def _create(url: str, count: int) -> None:
    with requests.Session() as session:
        for number in range(count):
            fields = {"caller_id": f"user{number}", "short_description": "x", "priority": str(number % 4 + 1)}
            session.post(f"{url}/sandbox/tickets", json={"as": "desk", "fields": fields}, timeout=10)
    time.sleep(2)


def _run(liaison: Liaison, count: int, done: Callable[[], bool]) -> None:
    engine = threading.Thread(target=liaison.run, daemon=True)
    began = time.perf_counter()
    engine.start()
    while not done() and time.perf_counter() - began < max(PATIENCE, count / SLOWEST):
        time.sleep(LOOKS)
    liaison.stop()
    engine.join(20)


def _written(liaison: Liaison, moment: str) -> int:
    n = tables.notes
    query = select(func.count()).where(
        n.c.state == NoteState.WRITTEN, n.c.audience == "requester", n.c.moment == moment
    )
    with liaison.store.read() as connection:
        return int(connection.execute(query).scalar_one())


def _said(liaison: Liaison) -> int:
    """All notes that were written, from the tally: counting the notes would take of the processor that is measured."""
    return sum(spoken.by_rule(liaison.store, liaison.clock.now(), 2).values())


def _pending(liaison: Liaison) -> int:
    """Our own comments come back as webhooks: those are dealt with first, as they were hours ago."""
    time.sleep(0.5)
    with liaison.store.read() as connection:
        query = select(func.count()).where(tables.deliveries.c.state == "pending")
        return int(connection.execute(query).scalar_one())


def _fall_due(liaison: Liaison) -> None:
    """As if the hours had passed."""
    due = iso(liaison.clock.now() - LATE)
    liaison.store.write(
        lambda tx: tx.execute(update(tables.promises).where(tables.promises.c.state == "open").values(due=due))
    )
    liaison.store.write(lambda tx: tx.execute(update(tables.wakeups).values(due=due)))


def _judge(liaison: Liaison) -> None:
    """Each told once, most urgent first, with the truth."""
    n, t = tables.notes, tables.tickets
    query = (
        select(n.c.ticket_id, n.c.text, t.c.priority)
        .join(t, (t.c.site == n.c.site) & (t.c.id == n.c.ticket_id))
        .where(n.c.moment == "update_due", n.c.audience == "requester", n.c.state == NoteState.WRITTEN)
        .order_by(n.c.sending_at)
    )
    with liaison.store.read() as connection:
        rows = connection.execute(query).all()
        missed = connection.execute(
            select(tables.promises.c.state, tables.promises.c.cause, func.count())
            .where(tables.promises.c.state != "open")
            .group_by(tables.promises.c.state, tables.promises.c.cause)
        ).all()
    twice = len(rows) - len({row.ticket_id for row in rows})
    late = sum("we are late" in row.text for row in rows)
    quarter = len(rows) // 4
    ranks = [
        statistics.mean(int(row.priority[1]) for row in rows[i : i + quarter]) for i in range(0, 4 * quarter, quarter)
    ]
    print(f"  {twice} told twice, {late} say that they are late, {[tuple(row) for row in missed]}")
    print(f"  mean priority of each quarter told: {', '.join(f'P{rank:.1f}' for rank in ranks)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100,000 due among 1,000,000; needs 2 GB of disk")
    parser.add_argument("--tell", type=int, default=TOLD, help="how many are told to the stand-in")
    parser.add_argument("--workers", type=int, default=WORKERS, help="as in liaison.yaml; they share commits")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as name:
        at_rest(Path(name), *((100_000, 1_000_000) if asked.full else (20_000, 50_000)))
        telling(Path(name), asked.tell, asked.workers)


if __name__ == "__main__":
    main()
