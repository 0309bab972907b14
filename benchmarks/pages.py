"""How fast the pages answer on a large store: each asked again and again, and once cold.

python -m benchmarks.pages [TICKETS]     100,000 unless told; goal: 100 ms. To add a page: a line in PAGES.

A tenth of the tickets is open. Each had three updates, and each update a promise, over the last 90 days.
"""

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import flask

from app import snapshots
from app.liaison import Liaison
from app.links import Links
from app.minute import Minute
from app.plans import NotePlan, Pledge
from app.settings import Settings
from app.store import Store
from core.decisions import Message
from core.notes import Audience
from core.sightings import Snapshot
from core.sites import Auth, Platform, Secret, Site
from core.tickets import Person, Ticket, TicketRef
from core.times import SystemClock, iso
from ui.access import LOCAL_ADMIN
from ui.sessions import begin

AGAIN = 100
OPENED = "100010"
"""An open ticket, however small the store."""
CHUNK = 5_000
DAYS = 90
SERVICES = 60
OPEN_SHARE = 10
ANSWERS = (200, 303)
"""303: a small store has no such page."""
WORDS = (
    "Card payments are not working in our Berlin stores. Cash and vouchers still work. We will write again by 14:30.",
    "The terminals' configuration synchronisation remains unavailable pending supplier remediation activities today.",
)
PAGES: Mapping[str, str] = {
    "front": "/",
    "story": "/tickets/jira/100010",
    "story, by key": "/tickets/jira/OPS-100010",
    "panel": "/panel/jira/100010",
    "panel, every 15 seconds": "/panel-now/jira/100010",
    "panel, why": "/panel-why/jira/100010",
    "panel of a closed ticket": "/panel/jira/100007",
    "requester's page": "{link}",
    "requester's calendar": "{link}/calendar.ics",
    "requester's feed": "{link}/feed.xml",
    "overview": "/overview",
    "overview, 90 days": "/overview?days=90",
    "overview, one site": "/overview?days=90&site=jira",
    "open tickets": "/overview/tickets?show=open",
    "open, last page": "/overview/tickets?show=open&page=200",
    "open, by ticket": "/overview/tickets?show=open&sort=ticket",
    "open, of a service": "/overview/tickets?show=open&service=s7&sort=priority",
    "overdue": "/overview/tickets?show=overdue",
    "kept, 90 days": "/overview/tickets?show=kept&days=90",
    "kept, last page": "/overview/tickets?show=kept&days=90&page=200",
    "kept, of a service": "/overview/tickets?show=kept&days=90&service=s7",
    "missed, 90 days": "/overview/tickets?show=missed&days=90",
    "said, of a service": "/overview/tickets?show=said&days=90&service=s7",
    "hard to read": "/overview/tickets?show=hard&days=90",
    "hard, of a service": "/overview/tickets?show=hard&days=90&service=s7",
    "did not help": "/overview/tickets?show=not_helped&days=90",
    "webhooks set aside": "/overview/tickets?show=dead",
    "rules": "/rules",
    "rules, a search": "/rules?text=write&spoke=yes&order=spoke",
    "a shipped rule": "/rules/rule/incident",
    "changes of rules": "/rules/history",
}
"""Addresses by name. `{link}`: a requester's, of an open ticket."""
COUNTED_ANEW = {
    "overview anew": "/overview",
    "overview anew, 90 days": "/overview?days=90",
    "overview anew, one site": "/overview?days=90&site=jira",
}
"""As once a minute: nothing is taken from what was counted before."""
COLUMNS = {
    "tickets": "site id key attended newest memory priority service is_open held opened_at impact impact_rank",
    "notes": "id ticket_id text rule marker planned_at written_at service grade hard",
    "promises": "id ticket_id due made_at state ended_at service priority",
    "feedback": "id ticket_id note_id verdict at",
    "journal": "ticket_id at reason",
    "deliveries": "key ticket_id received_at",
}
WRITTEN = Message(Audience.REQUESTER, "opened", "rule-1", "We look.", "rules.yaml:1")
PLAN = NotePlan(WRITTEN, Pledge.NEW, SystemClock().now()).dumps()
SAME: Mapping[str, Mapping[str, object]] = {
    "tickets": {"generation": 1, "fence": 1},
    "notes": {"site": "jira", "moment": "opened", "occurrence": "1", "audience": "requester", "state": "written",
              "plan": PLAN, "rule_set": "x", "comment_id": "1", "attempts": 1, "problem": ""},
    "promises": {"site": "jira", "audience": "requester", "made_by": "n", "rule": "r", "kept_by": ""},
    "feedback": {"site": "jira", "link": 1},
    "journal": {"site": "jira", "what": "silent", "audience": "requester", "moment": "opened", "detail": "",
                "rule": "r", "note_id": "", "rule_set": "x"},
    "deliveries": {"site": "jira", "body": b"{}", "headers": "{}", "state": "dead", "problem": "ValueError: odd"},
}  # fmt: skip
CATALOGUE = "version: 1\nservices:\n" + "".join(
    f"  - {{id: s{n}, name: service {n}, people_can: work, aliases: {{jira: [svc-{n}]}}}}\n" for n in range(SERVICES)
)


def fill(path: Path, count: int) -> None:
    """A store as months of work leave it, without the work: rows as Liaison writes them, counters with them."""
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    chance, now = random.Random(7), SystemClock().now()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA cache_size=-200000")
        for first in range(0, count, CHUNK):
            _some(raw, range(100_000 + first, 100_000 + min(first + CHUNK, count)), chance, now)
        raw.execute(
            "INSERT INTO promise_days SELECT substr(ended_at, 1, 10), site, service, state, count(*) FROM promises"
            " WHERE state != 'open' GROUP BY 1, 2, 3, 4"
        )
        raw.execute(
            "INSERT INTO spoken_days SELECT substr(written_at, 1, 10), site, service, rule, count(*) FROM notes"
            " WHERE grade IS NOT NULL GROUP BY 1, 2, 3, 4"
        )
        raw.execute(
            "INSERT INTO grade_days SELECT substr(written_at, 1, 10), site, CAST(grade AS INTEGER), hard, count(*)"
            " FROM notes WHERE grade IS NOT NULL GROUP BY 1, 2, 3, 4"
        )
        raw.commit()


def _some(raw: sqlite3.Connection, numbers: range, chance: random.Random, now: datetime) -> None:
    tickets, notes, promises, answers, dead, silences = [], [], [], [], [], []
    for number in numbers:
        i, opened, service = str(number), number % OPEN_SHARE == 0, f"s{number % SERVICES}"
        began = now - timedelta(minutes=chance.randrange(60, DAYS * 24 * 60))
        one = Ticket("jira", "jira", "incident", f"OPS-{i}", i, state="in_progress" if opened else "closed",
                     title="Till 3 declines cards", description="As since Monday. " * 40, revision="1",
                     requester=Person("7", "Eva Brandt"), priority=f"P{1 + number % 5}", opened_at=began,
                     service=f"svc-{number % SERVICES}")  # fmt: skip
        text = snapshots.dump(Snapshot(one, sinks=frozenset({Audience.AGENTS, Audience.REQUESTER})))
        memory = '{"gates":["secret"],"held":["secret"]}' if number % 500 == 3 else "{}"  # noqa: PLR2004 - a few are held
        rank = number // OPEN_SHARE % 4
        tickets.append(("jira", i, f"OPS-{i}", text, text, memory, one.priority, service, int(opened),
                        int(memory != "{}"), iso(began), ("payments", "network", "work", "")[rank], rank))  # fmt: skip
        for n in range(3):
            at, hard = iso(began + timedelta(minutes=15 * n)), int(chance.random() < 0.2)  # noqa: PLR2004 - a fifth
            notes.append((f"n{i}-{n}", i, WORDS[hard], f"rule-{number % 7}", f"m{i}-{n}", at, at, service,
                          (5.0, 14.0)[hard], hard))  # fmt: skip
            state = "open" if opened and n == 2 else "missed" if chance.random() < 0.001 else "kept"  # noqa: PLR2004 - the last
            due = iso(now + timedelta(minutes=chance.randrange(-60, 24 * 60))) if state == "open" else at
            promises.append((f"p{i}-{n}", i, due, at, state, None if state == "open" else at, service, one.priority))
        silences += [(i, iso(began), reason) for reason in ("settling", "superseded", "own_echo", "no_rule")]
        if number % 50 == 0:
            answers.append((f"f{i}", i, f"n{i}-0", chance.choice(("helped", "not_helped", "hurts")), iso(began)))
        if number % 2_000 == 0:
            dead.append((f"d{i}", i, iso(began)))
    for table, rows in (("tickets", tickets), ("notes", notes), ("promises", promises), ("feedback", answers)):
        _insert(raw, table, rows)
    _insert(raw, "deliveries", dead)
    _insert(raw, "journal", silences)
    # as many rules as a large company has, each speaking daily
    raw.executemany("INSERT INTO spoken VALUES (date('now', ?), ?, 5) ON CONFLICT DO NOTHING",
                    ((f"-{day} days", f"rule-{n}") for day in range(DAYS) for n in range(500)))  # fmt: skip
    raw.commit()


def _insert(raw: sqlite3.Connection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """The columns of COLUMNS from the rows, those of SAME the same for all."""
    names = [*COLUMNS[table].split(), *SAME[table]]
    places = ",".join("?" * len(names))
    more = tuple(SAME[table].values())
    raw.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({places})", ((*row, *more) for row in rows))  # noqa: S608 - names of our own


def installation(folder: Path) -> Settings:
    (folder / "rules").mkdir()
    (folder / "rules" / "catalogue.yaml").write_text(CATALOGUE)
    site = Site("jira", Platform.JIRA, "http://127.0.0.1:9", Auth("bot", Secret("x")), ())
    return Settings(store=f"sqlite:///{folder}/store.db", rules=folder / "rules", sites=(site,))


@dataclass(frozen=True)
class Time:
    """Milliseconds: by the clock on the wall, and of the processor, which others on the machine do not lengthen."""

    wall: float
    worked: float


def times(ask: Callable[[], int], again: int) -> Iterator[Time]:
    """The first time first."""
    for _ in range(again):
        began, worked = time.perf_counter(), time.thread_time()
        code = ask()
        yield Time(1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - worked))
        if code not in ANSWERS:
            raise RuntimeError(f"answered {code}")


def measure(liaison: Liaison, pages: Mapping[str, str], again: int = AGAIN) -> dict[str, list[Time]]:
    """As the local admin, through Flask itself, without a network between."""
    app = liaison.web()
    client = app.test_client()
    with app.test_request_context(headers={"Host": "localhost"}):
        begin(LOCAL_ADMIN, datetime.now(UTC))
        kept = dict(flask.session)
    with client.session_transaction() as session:
        session.update(kept)
    ask = {"headers": {"Host": "localhost", "Accept-Encoding": "gzip"}, "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
    client.get("/sign-in", **ask)  # templates are compiled once

    def asked(path: str) -> list[Time]:
        return list(times(lambda: client.get(path, **ask).status_code, again))

    link = Links(liaison.store, SystemClock()).new(TicketRef("jira", OPENED), "benchmark")
    return {name: asked(path.format(link=link)) for name, path in pages.items()}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as name:
        folder = Path(name)
        began = time.perf_counter()
        fill(folder / "store.db", count)
        print(f"{count} tickets, {3 * count} updates and promises, made in {time.perf_counter() - began:.0f} s")
        liaison = Liaison(installation(folder))
        found = measure(liaison, PAGES)
        with patch.object(Minute, "ask", lambda _self, _key, make, **_: make()):
            found |= measure(liaison, COUNTED_ANEW)
        liaison.close()
    print(f"{'page':28}{'first':>8}{'median':>8}{'p99':>8}{'slowest':>9}{'median of the processor':>25}  ms; goal: 100")
    for page, (first, *rest) in found.items():
        wall, worked = [one.wall for one in rest], [one.worked for one in rest]
        usual = f"{first.wall:8.1f}{statistics.median(wall):8.1f}{statistics.quantiles(wall, n=100)[98]:8.1f}"
        figures = f"{usual}{max(wall):9.1f}{statistics.median(worked):25.1f}"
        print(f"{page:28}{figures}")


if __name__ == "__main__":
    main()
