"""Which of the machine's processors the service works on: one, the one that others need least.

Python lets one thread of a process run at a time. Spread over several processors, its threads pass their turn from one
processor's cache to another's, and wait for each other longer than they work: webhooks are then acknowledged at two
thirds of the rate, and a note costs a quarter more (`benchmarks/`). So the threads stay together, and move when others
need the place. Processes beside the service (drafts, backtests) go where they like.
"""

import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Self

STAT = Path("/proc/stat")
TASKS = Path("/proc/self/task")
LOOK_SECONDS = 10.0
HASTY = 3
"""So many looks come sooner, the first after an eighth of the time."""
CROWDED = 0.2
"""Of the time between two looks: with so much more of it free elsewhere, moving is worth the cold cache."""
IDLE, IOWAIT = 3, 4
log = logging.getLogger("liaison.processors")


def allowed() -> frozenset[int]:
    """Where this thread may run; none where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


@cache
def started_on() -> frozenset[int]:
    """Where the process was allowed to run when this was first asked: before it keeps to one processor."""
    return allowed()


def spread(over: frozenset[int]) -> None:
    """This thread, and what it starts from now on, may run on any of them, where the system lets itself be told."""
    if over:
        with suppress(OSError):  # a sandbox forbids it, or these processors were taken away
            os.sched_setaffinity(0, over)


def keep_to(number: int) -> None:
    """This thread stays on one processor: processes with other numbers, on others, as far as there are some."""
    if among := sorted(allowed()):
        spread(frozenset({among[number % len(among)]}))


@dataclass(frozen=True)
class Busy:
    """What was worked so far, in seconds: on each processor, and by this process alone."""

    at: float
    on: Mapping[int, float]
    ours: float


def busy(stat: Path = STAT) -> Busy:
    """From the kernel's own count (https://docs.kernel.org/filesystems/proc.html, 1.7). Raises OSError without one."""
    tick = os.sysconf("SC_CLK_TCK")
    worked = {}
    for line in stat.read_text().splitlines():
        name, *counted = line.split()
        if name.startswith("cpu") and name != "cpu":
            times = [int(one) for one in counted[:8]]  # after these come guests, who are counted already
            worked[int(name[3:])] = (sum(times) - times[IDLE] - times[IOWAIT]) / tick
    return Busy(time.monotonic(), worked, time.process_time())


def better(here: int, before: Busy, now: Busy, among: frozenset[int]) -> int:
    """The processor to work on: another one where others left so much more of it free, else the same."""
    took = max(now.at - before.at, 1e-3)
    others = {cpu: (now.on[cpu] - before.on.get(cpu, 0.0)) / took for cpu in among if cpu in now.on}
    if here in others:
        others[here] -= (now.ours - before.ours) / took
    best = min(others, key=lambda cpu: (others[cpu], cpu), default=here)
    return best if others.get(here, 1.0) - others.get(best, 1.0) > CROWDED else here


def pause(looks: int) -> float:
    """Until the next look, after so many: soon at first, for what was free before the start need not be free now.

    Two services that started together must not look together: each would make way for the other, and both would go to
    and fro on the same processor for ever.
    """
    return LOOK_SECONDS * 0.5 ** max(0, HASTY - looks) * random.uniform(0.7, 1.3)  # noqa: S311 - no secret


class OneProcessor:
    """Enter before the first thread starts: threads inherit their place. Left again, they may run anywhere.

    Where the system has no places, or only one, or does not let itself be told, nothing is done.
    """

    def __init__(self, read: Callable[[], Busy] = busy) -> None:
        self._read, self._among = read, started_on()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self.here: int | None = None
        """Where it works; None: anywhere."""

    def __enter__(self) -> Self:
        if len(self._among) > 1:
            try:
                before = self._read()
                self._settle(min(self._among, key=lambda cpu: (before.on.get(cpu, math.inf), cpu)))
            except (OSError, ValueError) as error:
                log.info("The system does not tell how busy its processors are, or where to work: %s.", error)
                self._anywhere()
                return self
            self._watcher = threading.Thread(target=self._watch, args=(before,), name="processors", daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
            self._anywhere()

    def _watch(self, before: Busy) -> None:
        looks = count()
        while self.here is not None and not self._stopping.wait(pause(next(looks))):
            try:
                now = self._read()
                there = better(self.here, before, now, self._among)
                if there != self.here:
                    log.info("Others need processor %s: Liaison goes on on %s.", self.here, there)
                    self._settle(there)
                before = now
            except (OSError, ValueError) as error:  # a processor that was taken away
                log.warning("Liaison goes on on all processors: %s", error)
                self.here = None
                self._anywhere()

    def _settle(self, cpu: int) -> None:
        _place(frozenset({cpu}))
        self.here = cpu

    def _anywhere(self) -> None:
        with suppress(OSError):  # none of them is ours any more: then the system has found others
            _place(self._among)


def _place(cpus: frozenset[int]) -> None:
    """All threads of this process; one that was just started by one that had not moved yet is found the second time."""
    moved: set[int] = set()
    while tasks := {int(task.name) for task in TASKS.iterdir()} - moved:
        for task in tasks:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setaffinity(task, cpus)
        moved |= tasks
