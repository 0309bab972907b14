"""Durable acknowledgements with 5 KB bodies, attending off, beside a bare group-commit server under the same load.

The bare one is the floor: the same waitress, one table, one INSERT a request, the same WAL and synchronous=FULL, one
writer thread that commits whatever waits. A second one keeps to one processor, as Liaison does. All are asked in turn,
A B C A B C, by the same clients.
"""

import hashlib
import hmac
import http.client
import logging
import multiprocessing
import queue
import sqlite3
import statistics
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import orjson
import waitress

from app.liaison import Liaison
from app.processors import OneProcessor
from app.serving import THREADS, Server
from app.settings import Listen, Settings
from core.sites import Platform, Secret, Site

SECRET = "benchmark"  # noqa: S105 - both ends run here
REQUESTS = 2_000
CLIENTS = 16
ROUNDS = 3
NAMES = ("liaison", "bare", "bare, one processor")


def bodies(run: int) -> list[tuple[bytes, str]]:
    """Jira events of 5 KB with their signatures: a tenth of them for the same tickets."""
    found = []
    for number in range(REQUESTS):
        issue = {
            "id": str(10_000 + number % (REQUESTS // 10)),
            "key": f"OPS-{number}",
            "fields": {"summary": "x" * 4_600},
        }
        raw = orjson.dumps({"timestamp": run * REQUESTS + number, "webhookEvent": "jira:issue_updated", "issue": issue})
        found.append((raw, "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()))
    return found


logging.getLogger("waitress").setLevel(logging.ERROR)  # its queue grows by design here


def serve_liaison(folder: str, ready: "multiprocessing.Queue[int]") -> None:
    site = Site("jira", Platform.JIRA, "http://127.0.0.1:9", webhook_secrets=(Secret(SECRET),))
    with OneProcessor():  # as `liaison serve` does
        liaison = Liaison(Settings(f"sqlite:///{folder}/liaison.db", None, (site,)))
        server = Server(liaison.web(), Listen(port=0))
        server.start()
        ready.put(int(server.url.rsplit(":", 1)[1]))
        threading.Event().wait()


def serve_bare(folder: str, ready: "multiprocessing.Queue[int]") -> None:
    jobs: queue.Queue[tuple[bytes, Future[None]]] = queue.Queue()

    def write() -> None:
        store = sqlite3.connect(f"{folder}/bare.db", isolation_level=None)
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("PRAGMA synchronous=FULL")
        store.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, body BLOB)")
        while True:
            batch = [jobs.get()]
            while not jobs.empty():
                batch.append(jobs.get_nowait())
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT INTO inbox (body) VALUES (?)", [(body,) for body, _ in batch])
            store.execute("COMMIT")
            for _, done in batch:
                done.set_result(None)

    def app(environ, start_response):  # noqa: ANN001, ANN202 - WSGI
        done: Future[None] = Future()
        jobs.put((environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])), done))
        done.result()
        start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    threading.Thread(target=write, daemon=True).start()
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    ready.put(server.effective_port)
    server.run()


def serve_bare_together(folder: str, ready: "multiprocessing.Queue[int]") -> None:
    with OneProcessor():
        serve_bare(folder, ready)


def load(port: int, path: str, work: list[tuple[bytes, str]]) -> tuple[float, float, float]:
    """Requests a second, and the median and 99th percentile of a request in milliseconds."""
    todo: queue.SimpleQueue[tuple[bytes, str]] = queue.SimpleQueue()
    for item in work:
        todo.put(item)
    times: list[float] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            try:
                raw, signature = todo.get_nowait()
            except queue.Empty:
                return
            headers = {"Content-Type": "application/json", "X-Hub-Signature": signature}
            began = time.perf_counter()
            connection.request("POST", path, raw, headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != http.client.ACCEPTED:
                raise RuntimeError(f"{path} answered {answer.status}")

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=100)
    return len(times) / took, 1000 * statistics.median(times), 1000 * cuts[98]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as folder:
        servers = []
        for serve in (serve_liaison, serve_bare, serve_bare_together):
            place = Path(folder) / serve.__name__
            place.mkdir()
            ready: multiprocessing.Queue[int] = multiprocessing.Queue()
            process = multiprocessing.Process(target=serve, args=(str(place), ready), daemon=True)
            process.start()
            servers.append((process, ready.get(timeout=30)))
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
        for run in range(ROUNDS + 1):
            for name, (_, port), path in zip(figures, servers, ("/hooks/jira", "/", "/"), strict=True):
                result = load(port, path, bodies(run))
                if run:  # the first round warms both up
                    figures[name].append(result)
        for process, _ in servers:
            process.kill()
            process.join()
    rate, middle, late = (
        {name: statistics.median(r[i] for r in results) for name, results in figures.items()} for i in range(3)
    )
    print(f"{'':20}{'a second':>10}{'median ms':>11}{'p99 ms':>9}")
    for name in figures:
        print(f"{name:20}{rate[name]:10.0f}{middle[name]:11.1f}{late[name]:9.1f}")
    for name in NAMES[1:]:
        print(f"beside {name}: rate {rate[NAMES[0]] / rate[name]:.2f}, p99 {late[NAMES[0]] / late[name]:.2f} times")
    print("goals: a rate of at least 0.50, a p99 of at most 2.0 times")


if __name__ == "__main__":
    main()
