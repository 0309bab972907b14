"""A large store: the first 202 after a kill -9, reading a ticket's story, and the server's memory.

python -m benchmarks.store [TICKETS]     100,000 unless told; the floor of a story is one bare SELECT by key
"""

import http.client
import os
import random
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app import snapshots
from app.findings import Findings
from app.store import Store
from benchmarks.acknowledge import SECRET, bodies
from core.notes import Audience
from core.sightings import Snapshot
from core.tickets import Person, Ticket, TicketRef
from core.times import SystemClock, iso

READS = 2_000
CHUNK = 10_000
CONFIG = """
store: sqlite:///store.db
listen: 127.0.0.1:{port}
sites:
  - name: jira
    platform: jira
    url: http://127.0.0.1:9
    flavour: cloud
    auth: {{user: bot, token: env:BENCHMARK_SECRET}}
    webhook: {{secrets: [env:BENCHMARK_SECRET]}}
poll: never
"""


def fill(path: Path, count: int) -> None:
    """Tickets with a note and an open promise each, due in a year."""
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    now, later = iso(SystemClock().now()), "2099-01-01T00:00:00.000Z"
    one = Ticket("jira", "jira", "incident", "KEY", "ID", state="in_progress", title="Till", revision="1",
                 requester=Person("7", "Eva Brandt"), opened_at=SystemClock().now())  # fmt: skip
    text = snapshots.dump(Snapshot(one, sinks=frozenset({Audience.AGENTS, Audience.REQUESTER})))
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        for start in range(0, count, CHUNK):
            ids = [str(100_000 + n) for n in range(start, min(start + CHUNK, count))]
            raw.executemany(
                "INSERT INTO tickets (site, id, key, generation, fence, attended, newest, memory)"
                " VALUES (?,?,?,1,1,?,?,'{}')",
                (("jira", i, f"OPS-{i}", text, text) for i in ids),
            )
            raw.executemany(
                "INSERT INTO notes (id, site, ticket_id, moment, occurrence, audience, state, plan, text, rule,"
                " rule_set, marker, comment_id, planned_at, written_at, attempts, problem)"
                " VALUES (?,'jira',?,'opened','1','requester','written','{}','We look.','r','x',?,'1',?,?,1,'')",
                ((f"n{i}", i, f"n{i}", now, now) for i in ids),
            )
            raw.executemany(
                "INSERT INTO promises (id, site, ticket_id, audience, due, made_at, made_by, rule, state, kept_by)"
                " VALUES (?,'jira',?,'requester',?,?,'note','r','open','')",
                ((f"p{i}", i, later, now) for i in ids),
            )
            raw.executemany(
                "INSERT INTO wakeups (site, ticket_id, due, failures) VALUES ('jira',?,?,0)", ((i, later) for i in ids)
            )
            raw.executemany(
                "INSERT INTO journal (at, site, ticket_id, what, moment, audience, reason, detail, rule, note_id,"
                " rule_set) VALUES (?,'jira',?,'said','opened','requester','','','r',?,'x')",
                ((now, i, f"n{i}") for i in ids),
            )
            raw.commit()
    store.close()


def first_answer(folder: Path, port: int) -> tuple[float, float]:
    """Seconds from starting the server (its predecessor was killed) to the first 202, and its memory in MB then."""
    seconds, process = [], None
    for run in range(3):
        if process:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own server
            [sys.executable, "-m", "app.cli", "serve", "--config", str(folder / "liaison.yaml")],
            env={**os.environ, "BENCHMARK_SECRET": SECRET, "PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        raw, signature = bodies(run)[0]
        while not _accepted(port, raw, signature):
            time.sleep(0.02)
        seconds.append(time.perf_counter() - began)
    assert process is not None
    memory = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return statistics.median(seconds), memory


def _accepted(port: int, raw: bytes, signature: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(
            "POST", "/hooks/jira", raw, {"Content-Type": "application/json", "X-Hub-Signature": signature}
        )
        return connection.getresponse().status == http.client.ACCEPTED
    except OSError:
        return False
    finally:
        connection.close()


def stories(path: Path, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds for a story by key, and for one bare SELECT of the same ticket."""
    findings, raw = Findings(Store(f"sqlite:///{path}")), sqlite3.connect(path)
    ours, floor = [], []
    chooser = random.Random(7)
    for _ in range(READS):
        identity = str(100_000 + chooser.randrange(count))
        began = time.perf_counter()
        if findings.story(TicketRef("jira", identity)) is None:
            raise RuntimeError(f"ticket {identity} is missing")
        ours.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        raw.execute("SELECT newest FROM tickets WHERE site = 'jira' AND id = ?", (identity,)).fetchone()
        floor.append(1000 * (time.perf_counter() - began))
    raw.close()
    return ours, floor


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as name:
        folder = Path(name)
        fill(folder / "store.db", count)
        (folder / "liaison.yaml").write_text(CONFIG.format(port=18_099))
        seconds, memory = first_answer(folder, 18_099)
        ours, floor = stories(folder / "store.db", count)
    print(f"{count} tickets stored, each with a note and an open promise")
    print(
        f"first 202 after a kill -9: {seconds:.1f} s (goal at 100,000: 3 s); memory then: {memory:.0f} MB (goal: 250)"
    )
    late, least = statistics.quantiles(ours, n=100)[98], statistics.quantiles(floor, n=100)[98]
    print(f"a story: median {statistics.median(ours):.2f} ms, p99 {late:.2f} ms (goal at a million: 5 ms)")
    print(f"a bare SELECT: median {statistics.median(floor):.3f} ms, p99 {least:.3f} ms")


if __name__ == "__main__":
    main()
