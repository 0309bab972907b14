"""Power loss: under strace, every 202 leaves only after an fdatasync that follows the write of its delivery.

What a disk has not synced is gone when the power goes, whatever a process wrote. Deliveries are told apart by a token in
the body: it goes to the write-ahead log in a `pwrite64`, and the answer leaves in a `sendto` on the connection that
brought it.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.faults.stage import Stage

CALLS = "trace=pwrite64,fdatasync,fsync,sendto,recvfrom,accept,accept4"
LINE = re.compile(r"^(?P<pid>\d+) +(?P<at>[\d.]+) (?P<call>\w+)\((?P<given>.*)$")
RESUMED = re.compile(r"^(?P<pid>\d+) +(?P<at>[\d.]+) <\.\.\. (?P<call>\w+) resumed>(?P<given>.*)$")
TOKEN = re.compile(r"tok-\d{4}-end")
LONGEST_STRING = 20_000
DELIVERIES = 40


def check(broken: str = "") -> str:
    """What is wrong, "" where nothing is."""
    if not shutil.which("strace"):
        return "skipped: strace is not installed (Debian: apt-get install strace)"
    stage = Stage(3, chaos=False, broken=broken)
    try:
        stage.up()
        trace = stage.folder / "trace"
        given = ["strace", "-f", "-ttt", "-y", "-s", str(LONGEST_STRING), "-e", CALLS, "-o", str(trace)]
        tracer = subprocess.Popen([*given, "-p", str(stage.liaison.pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        if tracer.poll() is not None:
            return "skipped: strace may not attach to a process here (ptrace is not allowed)"
        for number in range(DELIVERIES):
            stage.courier.take("jira", _body(number))
        until = time.monotonic() + 20
        while time.monotonic() < until and stage.courier.busy():
            time.sleep(0.1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        return judged(trace, acknowledged=len(stage.courier.acknowledged), refused=len(stage.courier.refused))
    finally:
        stage.close()


def _body(number: int) -> bytes:
    issue = f'{{"id": "{70000 + number}", "key": "OPS-{number}", "fields": {{"summary": "tok-{number:04}-end"}}}}'
    return f'{{"webhookEvent": "jira:issue_updated", "timestamp": {number + 1}, "issue": {issue}}}'.encode()


def judged(trace: Path, *, acknowledged: int, refused: int = 0) -> str:
    """What a trace shows."""
    witness = Witness()
    for number, text in enumerate(trace.read_text(errors="replace").splitlines()):
        witness.hear(number, text)
    wrong = witness.wrong
    if refused or acknowledged < DELIVERIES or witness.answers < DELIVERIES:
        wrong.append(f"{acknowledged} acknowledged, {refused} refused, {witness.answers} answers of {DELIVERIES} seen")
    return "; ".join(wrong[:5])


class Witness:
    """Reads a trace line by line. A sync covers what was written before it began; an answer leaves when it begins."""

    def __init__(self):
        self.wrong: list[str] = []
        self.answers = 0
        self._brought: dict[str, list[str]] = {}
        self._written: dict[str, int] = {}
        self._synced = -1
        self._begun: dict[str, tuple[int, str]] = {}

    def hear(self, number: int, text: str):
        if begun := LINE.match(text):
            pid, call, given = begun["pid"], begun["call"], begun["given"]
            if call == "sendto" and "HTTP/1.1 202" in given:
                self._answered(number, given)
            if given.endswith("<unfinished ...>"):
                self._begun[pid] = number, given
            else:
                self._ended(call, given, number, number)
        elif (resumed := RESUMED.match(text)) and resumed["pid"] in self._begun:
            since, given = self._begun.pop(resumed["pid"])
            self._ended(resumed["call"], given + resumed["given"], since, number)

    def _ended(self, call: str, given: str, since: int, number: int):
        if call == "pwrite64" and "-wal" in given:
            # the first time: later commits write the page again, with the rows that already stand in it
            self._written = dict.fromkeys(TOKEN.findall(given), number) | self._written
        elif call in ("fdatasync", "fsync") and "-wal" in given and given.rstrip().endswith("= 0"):
            self._synced = max(self._synced, since)
        elif call == "recvfrom":
            self._brought.setdefault(given.split(",", 1)[0], []).extend(TOKEN.findall(given))

    def _answered(self, number: int, given: str):
        self.answers += 1
        waiting = self._brought.get(given.split(",", 1)[0], [])
        token = waiting.pop(0) if waiting else ""
        if token not in self._written:
            self.wrong.append(f"line {number}: a 202 for {token or 'nobody'}, which was not written")
        elif self._synced < self._written[token]:
            self.wrong.append(f"line {number}: a 202 for {token} before its fdatasync")
