"""Stopping the server: nothing half done is forgotten, and it ends, whatever a platform does."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
import requests

from connector.sandbox import Fault
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.times import SystemClock
from tests.support.scripted import RULES

INSTALLATION = """
listen: 127.0.0.1:0
rules: ./rules.yaml
poll: never
sites:
  - name: servicenow
    platform: servicenow
    url: {url}
    auth: {{user: liaison, token: env:TOKEN}}
    webhook: {{secrets: [env:HOOK]}}
    note_id_column: u_liaison_note_id
    speak_from: "2020-01-01T00:00:00Z"
    settle_seconds: 1
"""
SERVE = "from app.cli import main; main(['serve'])"
NOW = RULES + "settle: {opened: 0m}\n"


@pytest.fixture
def snow():
    stand_in = ServiceNowStandIn()
    stand_in.start()
    yield stand_in
    stand_in.stop()


class Process:
    """`liaison serve` in a folder of its own."""

    def __init__(self, folder, root, snow):
        self.store = folder / "liaison.db"
        (folder / "rules.yaml").write_text(NOW)
        (folder / "liaison.yaml").write_text(INSTALLATION.format(url=snow.url))
        environment = {**os.environ, "TOKEN": "liaison", "HOOK": "s", "PYTHONPATH": str(root), "COLUMNS": "200"}
        self.child = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.child.stdout.readline()
        assert line, self.child.stderr.read()
        self.url = line.split(" at ")[1].split("/ and ")[0]
        snow.hooks = business_rule(f"{self.url}/hooks/servicenow", "s", SystemClock(), 0.05)

    def notes(self):
        with closing(sqlite3.connect(self.store)) as connection:
            return [state for (state,) in connection.execute("SELECT state FROM notes ORDER BY audience")]

    def until(self, true, seconds=15):
        end = time.monotonic() + seconds
        while not true():
            assert self.child.poll() is None, self.child.stderr.read()
            assert time.monotonic() < end, (self.notes(), "it did not happen in time")
            time.sleep(0.02)

    def stop(self, one=signal.SIGTERM):
        """Seconds until it ended, and its exit code."""
        began = time.monotonic()
        self.child.send_signal(one)
        code = self.child.wait(15)
        return time.monotonic() - began, code


@pytest.fixture
def served(tmp_path, request, snow):
    started = []

    def serve():
        started.append(Process(tmp_path, request.config.rootpath, snow))
        return started[-1]

    yield serve
    for process in started:
        if process.child.poll() is None:
            process.child.kill()
        process.child.wait(10)
        process.child.stdout.close()
        process.child.stderr.close()


def open_one(snow):
    return snow.change("", {"as": "agent.smith", "fields": {"short_description": "Till 3", "caller_id": "marta"}})[
        "number"
    ]


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_at_once_and_well(served, one):
    process = served()
    assert requests.get(f"{process.url}/readyz", timeout=5).status_code == 200
    seconds, code = process.stop(one)
    assert (code, seconds < 4) == (0, True)
    assert "Traceback" not in process.child.stderr.read()


def test_a_note_that_is_being_written_is_finished_first(served, snow):
    snow.faults.append(Fault("delay", method="PATCH", seconds=1.5))
    process = served()
    open_one(snow)
    process.until(lambda: "sending" in process.notes())
    seconds, code = process.stop()
    assert (code, seconds < 10) == (0, True)
    assert process.notes() == ["written", "written"]


def test_where_a_platform_hangs_the_note_is_recorded_in_doubt_and_found_by_the_next_server(served, snow):
    snow.faults.append(Fault("slow_bytes", method="PATCH", seconds=5))
    process = served()
    key = open_one(snow)
    process.until(lambda: "sending" in process.notes())
    seconds, code = process.stop()
    assert (code, seconds < 10) == (0, True), process.child.stderr.read()
    assert set(process.notes()) == {"in_doubt"}
    after = served()
    after.until(lambda: set(after.notes()) == {"written"}, 25)
    said = [e.text for c in snow.conversations() if c.key == key for e in c.entries if e.author == "Liaison"]
    assert len(said) == len(set(said))
    assert after.stop()[1] == 0


def test_a_killed_server_leaves_sending_and_the_next_looks_it_up(served, snow):
    """Nobody could record the doubt: a note still `sending` at the start is one."""
    snow.faults.append(Fault("slow_bytes", method="PATCH", seconds=5))
    process = served()
    key = open_one(snow)
    process.until(lambda: "sending" in process.notes())
    process.child.kill()
    process.child.wait(5)
    assert "sending" in process.notes()
    after = served()
    after.until(lambda: set(after.notes()) == {"written"}, 60)
    said = [e.text for c in snow.conversations() if c.key == key for e in c.entries if e.author == "Liaison"]
    assert len(said) == len(set(said))


def test_a_second_signal_ends_it_at_once(served, snow):
    snow.faults.append(Fault("delay", method="PATCH", seconds=8))
    process = served()
    open_one(snow)
    process.until(lambda: "sending" in process.notes())
    process.child.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert process.child.poll() is None
    seconds, code = process.stop()
    assert (code, seconds < 1) == (-signal.SIGTERM, True)
