"""Notes written against the stand-in: how many a second, and our own CPU for each.

The floor is what the same stand-in takes from bare PATCH requests by as many threads, in the same run.
"""

import multiprocessing
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import requests
from sqlalchemy import func, select

from app import garbage, tables
from app.liaison import Liaison
from app.processors import OneProcessor
from app.serving import Server
from app.settings import Listen, Settings
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.notes import NoteState
from core.sites import Auth, Platform, Secret, Site
from core.times import SystemClock

SECRET = "benchmark"  # noqa: S105 - both ends run here
TICKETS = 300
WORKERS = 16  # as Liaison has by default
PATIENCE = 180
RULES = """
version: 1
settle: {opened: 0m}
rules:
  - id: all
    when: {kind: incident}
    messages:
      requester: {opened: "We look into it. We will write again {{ next_update.text }}."}
      agents: {opened: "Have a look."}
    cadence: {requester: {every: 4h}}
"""


def stand_in(urls: "multiprocessing.Queue[str]", hook: "multiprocessing.Queue[str]") -> None:
    """The platform, in a process of its own: it is not our CPU."""
    clock = SystemClock()
    snow = ServiceNowStandIn(clock=clock)
    snow.keeps_connections = True
    snow.start()
    urls.put(snow.url)
    while url := hook.get():
        snow.hooks = business_rule(url, SECRET, clock)
    threading.Event().wait()


def bare(url: str) -> float:
    """PATCH requests a second that the stand-in takes, nothing else going on."""
    made = requests.post(f"{url}/sandbox/tickets", json={"as": "x", "fields": {"caller_id": "x"}}, timeout=10).json()
    path = f"{url}/api/now/table/incident/{made['sys_id']}"

    def write() -> None:
        with requests.Session() as session:
            for number in range(TICKETS // WORKERS):
                session.patch(path, json={"comments": f"note {number}"}, auth=("liaison", "liaison"), timeout=10)

    threads = [threading.Thread(target=write) for _ in range(WORKERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return WORKERS * (TICKETS // WORKERS) / (time.perf_counter() - began)


def create(url: str, count: int) -> None:
    with requests.Session() as session:
        for number in range(count):
            fields = {"caller_id": f"user{number}", "short_description": "x", "priority": "3", "business_service": "S"}
            session.post(f"{url}/sandbox/tickets", json={"as": "desk", "fields": fields}, timeout=10)


def written(liaison: Liaison) -> int:
    with liaison.store.read() as connection:
        query = select(func.count()).where(
            tables.notes.c.state == NoteState.WRITTEN, tables.notes.c.audience == "requester"
        )
        return connection.execute(query).scalar_one()


def unattended(liaison: Liaison) -> int:
    """Deliveries that nobody has looked at yet."""
    with liaison.store.read() as connection:
        query = select(func.count()).where(tables.deliveries.c.state == "pending")
        return connection.execute(query).scalar_one()


def ours() -> float:
    """CPU seconds of Liaison's own threads: without this one, which only looks how far they are."""
    return time.process_time() - time.thread_time()


def main() -> None:
    urls: multiprocessing.Queue[str] = multiprocessing.Queue()
    hook: multiprocessing.Queue[str] = multiprocessing.Queue()
    process = multiprocessing.Process(target=stand_in, args=(urls, hook), daemon=True)
    process.start()
    url = urls.get(timeout=30)
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as folder, ExitStack() as together:
        rules = Path(folder) / "rules.yaml"
        rules.write_text(RULES)
        auth = Auth("liaison", Secret("liaison"))
        site = Site("snow", Platform.SERVICENOW, url, auth, (Secret(SECRET),), account="liaison",
                    note_id_column="u_liaison_note_id", timezone="Europe/Berlin")  # fmt: skip
        settings = Settings(
            f"sqlite:///{folder}/store.db", rules, (site,), workers=WORKERS, speak_from={"snow": site.speak_from}
        )
        floor = bare(url)
        together.enter_context(OneProcessor())  # as `liaison serve` does
        liaison = Liaison(settings)
        server = Server(liaison.web(), Listen(port=0))
        server.start()
        hook.put(f"{server.url}/hooks/snow")
        time.sleep(0.5)
        create(url, TICKETS)  # every webhook is stored before the first note is written: the engine is not running yet
        time.sleep(2)
        garbage.settle()  # as `liaison serve` does
        engine = threading.Thread(target=liaison.run, daemon=True)
        began, cpu = time.perf_counter(), ours()
        engine.start()
        while written(liaison) < TICKETS and time.perf_counter() - began < PATIENCE:
            time.sleep(0.2)
        took, notes = time.perf_counter() - began, written(liaison)
        time.sleep(1)  # the last echoes are on their way
        while unattended(liaison) and time.perf_counter() - began < PATIENCE:
            time.sleep(0.2)
        spent = ours() - cpu
        liaison.stop()
        engine.join(20)
        server.stop()
        liaison.close()
    process.kill()
    print(f"{notes} of {TICKETS} tickets told (comment and work note in one PATCH each), {WORKERS} workers")
    rate = notes / took
    print(f"{rate:.0f} tickets, {2 * rate:.0f} notes a second (goal: 100 notes)")
    print(f"{rate / floor:.2f} of the {floor:.0f} bare requests a second")
    each = 1000 * spent / max(notes, 1)
    print(f"{each:.1f} ms of our own CPU for each ticket: its webhook, two notes in one request, their echo")
    print(f"{each / 2:.1f} ms for each note (goal: 5)")


if __name__ == "__main__":
    main()
