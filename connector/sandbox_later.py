"""What a stand-in does later, by its own clock: commits after a reset, webhooks that others overtake."""

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from core.times import Clock

LOOK = 0.01
"""Seconds between two looks at the clock, which may be driven by a test."""


class Later:
    """`settle` does what is due, in order, and returns when it is done. A thread calls it while anything waits.

    Never call `settle` while holding the stand-in's lock: what is done needs it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._heap, self._turn = threading.Lock(), threading.RLock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        with self._heap:
            return len(self._waiting)

    def put(self, seconds: float, do: Callable[[], None]) -> None:
        with self._heap:
            self._count += 1
            due = self._clock.now() + timedelta(seconds=seconds)
            heapq.heappush(self._waiting, (due, self._count, do))
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="later", daemon=True)
                self._thread.start()

    def settle(self, *, everything: bool = False) -> None:
        """`everything`: whatever is still to come, too."""
        with self._turn:
            while do := self._next(everything=everything):
                do()

    def stop(self) -> None:
        """What has not come due never happens."""
        self._stopped.set()
        with self._heap:
            self._waiting.clear()
            thread = self._thread
        if thread:
            thread.join(5)

    def _next(self, *, everything: bool) -> Callable[[], None] | None:
        with self._heap:
            if self._waiting and (everything or self._waiting[0][0] <= self._clock.now()):
                return heapq.heappop(self._waiting)[2]
        return None

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK):
            self.settle()
            with self._heap:
                if not self._waiting:
                    self._thread = None
                    return
