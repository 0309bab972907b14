"""The stage: the platforms, the courier and Liaison, each a process (or a part) that can be disturbed by itself."""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from tests.faults.child import JumpingClock, sites
from tests.faults.courier import Courier

ROOT = Path(__file__).parents[2]
SECRET = "fault-secret"
INSIDE = "ZEBRA"
"""Stands in every text that no requester may read."""

RULES = f"""
version: 1
settle: {{opened: 0m, raised: 0m, lowered: 0m, resolved: 0m, reopened: 0m}}
rules:
  - id: any
    when: {{kind: incident}}
    impact: {{id: work, level: medium, statement: Work is slower.}}
    messages:
      requester:
        opened: "We look into {{{{ service.name }}}}. We will write again {{{{ next_update.text }}}}."
        raised: "More urgent now. We will write again {{{{ next_update.text }}}}."
        update_due: "Still on it. {{{{ progress }}}} We will write again {{{{ next_update.text }}}}."
        resolved: {{fixed: "Solved.", default: "Done.", duplicate: none}}
        reopened: "Back again. We will write again {{{{ next_update.text }}}}."
      agents:
        opened: "{INSIDE}: have a look."
        raised: "{INSIDE}: it is more urgent."
    cadence: {{requester: {{every: 15m}}}}
"""


class Stage:
    """`broken` names a promise that Liaison breaks on purpose; `disk` puts the store on a small disk of its own."""

    def __init__(
        self, seed: int, *, broken="", slow_compose=0.0, slow_consider=0.0, slow_write=0.0, chaos=True, disk=False
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-faults-"))
        self.home = self.folder / "home"
        self.home.mkdir()
        self.mounted = disk and _mount(self.home)
        self.store, self.rules = self.home / "liaison.db", self.folder / "rules"
        self.rules.mkdir()
        (self.rules / "rules.yaml").write_text(RULES)
        offset = self.folder / "offset"
        offset.write_text("0")
        self.clock = JumpingClock(offset)
        self.courier = Courier(seed, SECRET, self.clock, chaos=chaos)
        self._log = (self.folder / "liaison.log").open("ab")
        self._environment = {**os.environ, "FAULTS_BROKEN": broken, "PYTHONPATH": str(ROOT)}
        self.platforms = self._start("tests.faults.platforms", str(self.folder), self.courier.url, SECRET, stdin=True)
        self.where = json.loads(self.platforms.stdout.readline())
        self.port = _free_port()
        self.courier.target = f"http://127.0.0.1:{self.port}"
        since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
        self.config = {**self.where, "secret": SECRET, "store": str(self.store), "rules": str(self.rules)}
        self.config |= {"offset": str(offset), "port": self.port, "speak_from": since, "slow_compose": slow_compose}
        self.config |= {"slow_write": slow_write, "slow_consider": slow_consider}
        (self.folder / "config.json").write_text(json.dumps(self.config))
        self.sites = {site.name: site for site in sites(self.config)}
        self.lock = threading.RLock()
        self.kills, self.refused_starts, self.died = 0, 0, []
        self.overslept: list[str] = []
        self._seen_up: list[subprocess.Popen] = []
        self.liaison: subprocess.Popen | None = None
        self.launch()

    def _start(self, module, *given, stdin=False):
        return subprocess.Popen(
            [sys.executable, "-m", module, *given],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    # Liaison

    def launch(self):
        with self.lock:
            self.liaison = self._start("tests.faults.child", str(self.folder / "config.json"))
        return self.liaison

    def rival(self):
        """A second runner on the same store: what an orchestrator starts when the first does not answer."""
        return self._start("tests.faults.child", str(self.folder / "config.json"), "--rival")

    def up(self, process=None) -> bool:
        process = process or self.liaison
        self._seen_up.append(process)
        return bool(process.stdout.readline())

    def signal(self, which):
        with self.lock:
            if self.liaison.poll() is None:
                self.liaison.send_signal(which)

    def kill(self):
        with self.lock:
            end(self.liaison)
            self.kills += 1

    def watch(self):
        """Start Liaison again if it ended by itself: that is a finding."""
        with self.lock:
            if self.liaison.poll() is not None:
                self._blame(self.liaison)
                end(self.liaison)
                self.launch()

    def _blame(self, process):
        """On a full disk, or with broken rules, it may refuse to start, in words; whoever started it tries again."""
        was_up = process in self._seen_up or b"up" in process.stdout.read()
        if not was_up and "core.errors." in self.log_tail():
            self.refused_starts += 1
        else:
            self.died.append(process.returncode)

    def limit_files(self, most: int | None):
        """RLIMIT_FSIZE of the running Liaison; None lifts it."""
        with self.lock:
            if self.liaison.poll() is None:
                _, hard = resource.prlimit(self.liaison.pid, resource.RLIMIT_FSIZE)
                soft = resource.RLIM_INFINITY if most is None else most
                resource.prlimit(self.liaison.pid, resource.RLIMIT_FSIZE, (soft, hard))

    # The world around

    def change(self, site: str, key: str, body: dict) -> str:
        answer = requests.post(f"{self.where[site]}/sandbox/tickets{'/' + key if key else ''}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()["key" if site == "jira" else "number"]

    def ask(self, site: str, path: str):
        return requests.get(f"{self.where[site]}{path}", timeout=20).json()

    def fault(self, site: str, **fault):
        requests.post(f"{self.where[site]}/sandbox/faults", json=fault, timeout=20).raise_for_status()

    def plan(self, site: str, **plan):
        requests.put(f"{self.where[site]}/sandbox/plan", json=plan, timeout=20).raise_for_status()

    def calm(self):
        for site in self.sites:
            requests.delete(f"{self.where[site]}/sandbox/faults", timeout=20).raise_for_status()
        (self.rules / "rules.yaml").write_text(RULES)
        self.limit_files(None)

    @contextmanager
    def rows(self):
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            yield lambda sql, *given: connection.execute(sql, given).fetchall()

    def close(self):
        end(self.liaison)
        self.courier.stop()
        self.platforms.stdin.close()
        end(self.platforms)
        self._log.close()
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.home)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "liaison.log").read_text(errors="replace")

    def log_tail(self, count=30) -> str:
        return "\n".join(self.log().splitlines()[-count:])


def end(process):
    """kill -9."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stdout.close()


def _mount(folder: Path) -> bool:
    """A small disk of its own; needs root."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    given = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    return subprocess.run(given, check=False, capture_output=True).returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
