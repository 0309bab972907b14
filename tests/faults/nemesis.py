"""What goes wrong: one disturbance after the other, drawn from a seed."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

from connector.jira.sandbox import JiraStandIn
from connector.sandbox_faults import HOOK_KINDS
from connector.servicenow.sandbox import ServiceNowStandIn
from tests.faults.child import SETTLE
from tests.faults.stage import RULES, Stage, end

KINDS = {"jira": JiraStandIn.kinds - HOOK_KINDS, "servicenow": ServiceNowStandIn.kinds - HOOK_KINDS}
LATEST = 1.2
"""Seconds that a stand-in is late at most: well below the settle time."""

HOLD_LOCK = """
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""
ACTS = {
    "kill": 6,
    "freeze": 3,
    "usurp": 2,
    "forward": 2,
    "back": 1,
    "file limit": 2,
    "full disk": 2,
    "lock": 2,
    "lock and kill": 2,
    "poison": 2,
    "broken rules": 2,
    "stop": 1,
}


class Nemesis:
    def __init__(self, stage: Stage, seed: int):
        self.stage, self.chance = stage, random.Random(seed)
        self.injected, self.skipped = Counter(), Counter()
        self.diary: list[tuple[datetime, str]] = []

    def faults_on(self, rate: float, kinds=None):
        """Every kind of awkward answer that the stand-ins know, at random."""
        for site, known in KINDS.items():
            wanted = sorted(known if kinds is None else known & set(kinds))
            plan = {"seed": self.chance.randrange(10**6), "rate": rate, "kinds": wanted, "seconds": [0, LATEST]}
            self.stage.plan(site, **plan)

    def act(self):
        kind = self.chance.choices(list(ACTS), ACTS.values())[0]
        self.do(kind)

    def do(self, kind: str):
        self.diary.append((datetime.now(UTC), kind))
        done = getattr(self, "_" + kind.replace(" ", "_"))()
        self.diary.append((datetime.now(UTC), f"end of {kind}"))
        (self.skipped if done is False else self.injected)[kind] += 1

    def _again(self, pause=0.0):
        time.sleep(pause)
        self.stage.launch()

    def _kill(self):
        self.stage.kill()
        self._again(self.chance.uniform(0, 0.5))

    def _stop(self):
        """An orderly stop in the middle of work."""
        self.stage.signal(signal.SIGTERM)
        try:
            self.stage.liaison.wait(15)
        except subprocess.TimeoutExpired:
            self.stage.died.append("SIGTERM did not end it in 15 s")
        end(self.stage.liaison)
        self._again()

    def _freeze(self):
        self.stage.signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.3, 2.5))
        self.stage.signal(signal.SIGCONT)

    def _usurp(self):
        """Frozen past its claim: another runner takes over, then the first one thaws and both run for a moment."""
        self.stage.signal(signal.SIGSTOP)
        rival = self.stage.rival()
        try:
            if self.stage.up(rival):
                time.sleep(self.chance.uniform(0.5, SETTLE + 1))
            self.stage.signal(signal.SIGCONT)
            time.sleep(self.chance.uniform(0.2, 1))
        finally:
            end(rival)

    def _forward(self):
        self.stage.clock.jump(self.chance.choice((5, 60, 600)) * self.chance.random())

    def _back(self):
        self.stage.clock.jump(-self.chance.uniform(1, 20))

    def _file_limit(self):
        """RLIMIT_FSIZE: no file may grow any more."""
        sizes = [path.stat().st_size for path in self.stage.home.iterdir()]
        self.stage.limit_files(max(4096, int(max(sizes, default=0) * self.chance.random())))
        time.sleep(self.chance.uniform(0.3, 2))
        self.stage.limit_files(None)

    def _full_disk(self):
        if not self.stage.mounted:
            return False
        filler = self.stage.home / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)) == 65536:
                    pass
            except OSError:
                pass
        time.sleep(self.chance.uniform(0.3, 2))
        filler.unlink()
        return True

    def _locked(self, seconds):
        given = [sys.executable, "-c", HOLD_LOCK, str(self.stage.store), str(seconds)]
        holder = subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        holder.stdout.readline()
        return holder

    def _lock(self):
        holder = self._locked(self.chance.choice((1, 3, 11)))
        holder.wait()
        holder.stdout.close()

    def _lock_and_kill(self):
        holder = self._locked(20)
        time.sleep(self.chance.uniform(0.5, 1))
        self.stage.kill()
        end(holder)
        self._again()

    def _poison(self):
        """A signed delivery that nobody can make sense of, about a ticket that others work on."""
        found = self.stage.ask("jira", "/sandbox/conversations")
        if not found:
            return False
        one = self.chance.choice(found)
        fields = self.chance.choice(("[7]", '{"status": 5, "updated": []}', "{}", '{"comment": {"comments": "x"}}'))
        raw = f'{{"webhookEvent": "jira:issue_updated", "timestamp": {self.chance.randrange(10**12)}, '
        raw += f'"issue": {{"id": "{one["id"]}", "key": "{one["key"]}", "fields": {fields}}}}}'
        self.stage.courier.take("jira", raw.encode())
        return True

    def _broken_rules(self):
        path = self.stage.rules / "rules.yaml"
        path.write_text("rules: [{id: any, when: {kind: incident, messages: 7\n")
        time.sleep(self.chance.uniform(1, 6))
        fresh = path.with_suffix(".tmp")
        fresh.write_text(RULES)
        fresh.replace(path)
