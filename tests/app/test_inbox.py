"""A delivery that was accepted is on disk, with the wake-up of its ticket."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app import tables
from core.errors import StoreError
from core.sightings import Accepted, Delivery
from core.tickets import TicketRef
from tests.support.scripted import START, bench

HOUR = timedelta(hours=1)
DELIVERY = Delivery("acme", "k1", "1", b'{"id": "1"}', START, headers={"X-Flow": "a"})
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from datetime import UTC, datetime
from app.clocks import DrivenClock
from app.engine import EmbeddedEngine
from app.inbox import StoredInbox
from app.store import Store
from core.errors import StoreError
from core.sightings import Delivery

store = Store(f"sqlite:///{sys.argv[1]}")
store.upgrade()
store.start()
now = datetime(2026, 11, 20, tzinfo=UTC)
inbox = StoredInbox(store, EmbeddedEngine(store, DrivenClock(now)))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails, as on a full disk
largest = max(file.stat().st_size for file in Path(sys.argv[1]).parent.glob("liaison.db*"))
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 200_000, resource.RLIM_INFINITY))
for n in range(40):
    try:
        inbox.accept(Delivery("acme", f"k{n}", str(n), b"x" * 30_000, now))
        print("stored", n)
    except StoreError as error:
        print("refused", n, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
inbox.accept(Delivery("acme", "k100", "100", b"x", now))
print("stored", 100)
store.close()
"""


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def generation(desk):
    return [t.generation for t in desk.rows(tables.tickets)]


def test_a_delivery_is_stored_with_the_wake_up_of_its_ticket(desk):
    assert desk.inbox.accept(DELIVERY) is Accepted.STORED
    (row,) = desk.rows(tables.deliveries)
    assert (row.body, row.headers, row.state) == (b'{"id": "1"}', '{"X-Flow":"a"}', "pending")
    assert [(w.site, w.ticket_id) for w in desk.rows(tables.wakeups)] == [("acme", "1")]
    assert generation(desk) == [1]


def test_the_same_key_is_seen_and_wakes_nobody(desk):
    desk.inbox.accept(DELIVERY)
    assert desk.inbox.accept(replace(DELIVERY, body=b"other")) is Accepted.SEEN
    assert (len(desk.rows(tables.deliveries)), generation(desk)) == (1, [1])


def test_the_same_key_on_another_site_is_another_delivery(desk):
    desk.inbox.accept(DELIVERY)
    assert desk.inbox.accept(replace(DELIVERY, site="other")) is Accepted.STORED


def test_one_of_many_at_once_is_stored(desk):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.inbox.accept(DELIVERY), range(40)))
    assert answers.count(Accepted.STORED) == 1
    assert generation(desk) == [1]


def test_each_delivery_of_a_ticket_counts_its_generation(desk):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: desk.inbox.accept(replace(DELIVERY, key=f"k{n}")), range(40)))
    assert generation(desk) == [40]


def test_a_digest_is_remembered_for_its_hour_and_may_then_come_again(desk):
    digest = replace(DELIVERY, expires_at=START + HOUR)
    desk.inbox.accept(digest)
    almost = replace(digest, received_at=START + HOUR - timedelta(seconds=1), expires_at=START + 2 * HOUR)
    assert desk.inbox.accept(almost) is Accepted.SEEN
    for turn in (1, 2, 3):
        later = START + turn * HOUR
        again = replace(digest, received_at=later, expires_at=later + HOUR)
        assert desk.inbox.accept(again) is Accepted.STORED
        assert desk.inbox.accept(again) is Accepted.SEEN
    assert len(desk.rows(tables.deliveries)) == 4


def test_a_delivery_of_no_ticket_is_remembered_and_wakes_nobody(desk):
    nothing = replace(DELIVERY, ticket_id="")
    assert [desk.inbox.accept(nothing), desk.inbox.accept(nothing)] == [Accepted.STORED, Accepted.SEEN]
    assert [d.state for d in desk.rows(tables.deliveries)] == ["ignored"]
    assert (desk.rows(tables.wakeups), desk.rows(tables.tickets)) == ([], [])


def test_a_worker_need_not_wait_for_its_next_look(desk, monkeypatch):
    nudged = []
    monkeypatch.setattr(desk.engine, "nudge", nudged.append)
    for delivery in (DELIVERY, DELIVERY, replace(DELIVERY, key="k2", ticket_id="")):  # seen again, and nobody's
        desk.inbox.accept(delivery)
    assert nudged == ["acme"]
    desk.store.close()
    with pytest.raises(StoreError):
        desk.inbox.accept(replace(DELIVERY, key="k3"))
    assert nudged == ["acme"]


def test_without_its_wake_up_a_delivery_is_not_stored_either(desk, monkeypatch):
    def fails(*_about):
        raise StoreError("no room")

    monkeypatch.setattr(desk.engine, "wake", fails)
    with pytest.raises(StoreError, match="no room"):
        desk.inbox.accept(DELIVERY)
    assert [desk.rows(t) for t in (tables.deliveries, tables.tickets, tables.wakeups)] == [[], [], []]


def test_a_wake_up_that_stands_later_is_brought_forward(desk):
    ref = TicketRef("acme", "1")
    desk.inbox.accept(DELIVERY)
    desk.store.write(lambda tx: desk.engine.rest(tx, ref, START + HOUR))
    desk.inbox.accept(replace(DELIVERY, key="k2"))
    assert desk.engine.next_due() == START


def test_on_a_full_disk_nothing_is_half_stored_and_nothing_stored_is_lost(tmp_path, request):
    """The child's files may not grow; every delivery was either refused in words or stands there completely."""
    path = tmp_path / "liaison.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        cwd=request.config.rootpath,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    stored = {n for what, n, *_ in lines if what == "stored"}
    refused = [rest[0] for what, _, *rest in lines if what == "refused"]
    assert refused
    assert all("nothing was stored" in text for text in refused)
    with bench(tmp_path) as desk:  # the same file, opened anew
        assert {d.ticket_id for d in desk.rows(tables.deliveries)} == stored
        assert {w.ticket_id for w in desk.rows(tables.wakeups)} == stored
        assert {len(d.body) for d in desk.rows(tables.deliveries)} == {30_000, 1}
        assert desk.store.write(lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar()) == "ok"
