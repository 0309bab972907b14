"""Back-pressure: a webhook is refused, with 503 and Retry-After, before memory or disk runs out."""

import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import orjson
import pytest
import requests

from app import inbox, room, tables
from app import store as stores
from app.clocks import DrivenClock
from app.liaison import Liaison
from app.room import Room
from app.serving import Server
from app.settings import Listen, Settings
from connector.jira.sandbox import hub_signature
from core.errors import StoreError
from core.sites import Platform, Secret, Site
from tests.support.scripted import START

SITE = Site("acme", Platform.JIRA, "https://x.example", webhook_secrets=(Secret("s"),), speak_from=START)
MEGABYTE = 1024 * 1024


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def liaison(folder):
    found = Liaison(Settings(f"sqlite:///{folder}/liaison.db", sites=(SITE,)), DrivenClock(START))
    yield found
    found.close()


@pytest.fixture
def url(liaison):
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    yield server.url
    server.stop()


def send(url, number, padding=0):
    body = orjson.dumps(
        {"webhookEvent": "jira:issue_updated", "issue": {"id": str(number)}, "timestamp": number, "x": "x" * padding}
    )
    headers = {"Content-Type": "application/json", **hub_signature("s")(body)}
    return requests.post(f"{url}/hooks/acme", body, headers=headers, timeout=20)


@pytest.fixture
def blocked(liaison):
    """A writer that hangs, as on a disk that does not answer, until it is released."""
    entered, go = threading.Event(), threading.Event()

    def hang(_tx):
        entered.set()
        go.wait(20)

    liaison.store.submit(hang)
    assert entered.wait(5)
    yield go
    go.set()


def test_a_writer_that_hangs_is_a_503_in_time_and_nothing_is_lost_or_doubled(liaison, url, blocked, monkeypatch):
    monkeypatch.setattr(inbox, "PATIENCE", 0.3)
    began = time.monotonic()
    answer = send(url, 1)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert time.monotonic() - began < 3
    blocked.set()
    assert send(url, 1).status_code == 200  # it was stored after all: known
    with liaison.store.read() as connection:
        assert len(connection.execute(tables.deliveries.select()).all()) == 1


def test_a_full_queue_refuses_at_once(liaison, url, blocked, monkeypatch):
    monkeypatch.setattr(stores, "MOST_WAITING", 5)
    waiting = [liaison.store.submit(lambda _tx: None) for _ in range(5)]
    began = time.monotonic()
    answer = send(url, 1)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert time.monotonic() - began < 2
    with pytest.raises(StoreError, match="too much waits"):
        liaison.store.submit(lambda _tx: None)
    blocked.set()
    assert [job.result(5) for job in waiting] == [None] * 5
    assert send(url, 1).status_code == 202


def test_bodies_that_wait_for_a_hanging_disk_do_not_fill_the_memory(liaison, url, blocked, monkeypatch):
    """Each sender gives up after a while, and its body waits on."""
    monkeypatch.setattr(inbox, "PATIENCE", 0.05)
    monkeypatch.setattr(inbox, "MOST_BYTES", 2 * MEGABYTE)
    codes = [send(url, n, MEGABYTE // 2).status_code for n in range(10)]
    assert set(codes) == {503}
    assert liaison.store._jobs.qsize() == 3
    blocked.set()
    liaison.store.write(lambda _tx: None)
    monkeypatch.setattr(inbox, "PATIENCE", 8)
    assert [send(url, n, MEGABYTE // 2).status_code for n in range(10)] == [200] * 3 + [202] * 7
    assert liaison.inbox._waiting == 0


def test_more_senders_than_threads_are_all_answered_while_the_writer_hangs(url, blocked, monkeypatch):
    monkeypatch.setattr(inbox, "PATIENCE", 0.2)
    with ThreadPoolExecutor(24) as pool:
        codes = {answer.status_code for answer in pool.map(lambda n: send(url, n), range(24))}
    assert codes == {503}
    assert not blocked.is_set()


# --- disk ----------------------------------------------------------------------------------------------------------------


def disk(free, size=100_000 * MEGABYTE):
    return lambda _path: SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_blocks=size // 4096)


@pytest.mark.parametrize(
    ("free", "size", "fits"),
    [
        (64 * MEGABYTE, 100_000 * MEGABYTE, True),
        (64 * MEGABYTE - 4096, 100_000 * MEGABYTE, False),
        (5 * MEGABYTE, 40 * MEGABYTE, True),
        (3 * MEGABYTE, 40 * MEGABYTE, False),
        (0, 40 * MEGABYTE, False),
    ],
)
def test_a_disk_is_nearly_full_below_64_mb_or_a_tenth(monkeypatch, free, size, fits):
    monkeypatch.setattr(os, "statvfs", disk(free, size))
    if fits:
        Room("sqlite:////x/liaison.db").check()
    else:
        with pytest.raises(StoreError, match="nearly full"):
            Room("sqlite:////x/liaison.db").check()


def test_it_is_not_ready_while_it_stores_nothing(url, liaison, monkeypatch):
    """Whoever watches it must hear what the platforms hear."""
    assert requests.get(f"{url}/readyz", timeout=20).status_code == 200
    liaison.store.trouble = "database or disk is full"
    answer = requests.get(f"{url}/readyz", timeout=20)
    reasons = ["The store cannot be written: database or disk is full."]
    assert (answer.status_code, answer.json()["reasons"]) == (503, reasons)
    monkeypatch.setattr(os, "statvfs", disk(0, 40 * MEGABYTE))
    monkeypatch.setattr(room, "LOOK_SECONDS", 0)
    assert "the disk is nearly full" in requests.get(f"{url}/readyz", timeout=20).json()["reasons"][0]


def test_the_disk_is_asked_once_a_second(monkeypatch):
    asked = []
    monkeypatch.setattr(os, "statvfs", lambda path: asked.append(path) or disk(MEGABYTE * 1000)(path))
    found = Room("sqlite:////x/liaison.db")
    for _ in range(50):
        found.check()
    assert len(asked) == 1
    monkeypatch.setattr(room, "LOOK_SECONDS", 0)
    found.check()
    assert len(asked) == 2


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    given = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(path)]
    able = os.geteuid() == 0 and shutil.which("mount")
    if not able or subprocess.run(given, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=False)


class TestOnASmallDisk:
    @pytest.fixture
    def folder(self, small_disk):
        return small_disk

    def test_what_got_a_202_is_there_and_the_store_stays_writable(self, liaison, url, monkeypatch):
        monkeypatch.setattr(room, "LOOK_SECONDS", 0)
        answers = [send(url, n, 700_000) for n in range(30)]
        taken = [n for n, answer in enumerate(answers) if answer.status_code == 202]
        refused = [answer for answer in answers if answer.status_code != 202]
        assert {(r.status_code, r.headers["Retry-After"]) for r in refused} == {(503, "30")}
        assert taken
        with liaison.store.read() as connection:
            assert [int(d.ticket_id) for d in connection.execute(tables.deliveries.select())] == taken
        liaison.store.write(lambda tx: tx.execute(tables.meta.insert().values(name="room", value="left")))
