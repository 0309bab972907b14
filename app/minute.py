"""What may be a minute old is not counted anew for everybody who looks."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
FRESH = 60.0


class Minute:
    """Keeps answers by key, for a minute. Who asks while one is being made waits for it, and it is made once.

    `passed`: seconds on a clock that never goes back.
    """

    def __init__(self, passed: Callable[[], float] = time.monotonic) -> None:
        self._passed = passed
        self._lock = threading.RLock()  # what is made may be made of other answers
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def ask(self, key: Hashable, make: Callable[[], T], *, fresh: float = FRESH) -> T:
        """`fresh`: for how many seconds this one is good enough."""
        with self._lock:
            now = self._passed()
            found = self._kept.get(key)
            if found is None or found[0] <= now:
                self._kept = {k: kept for k, kept in self._kept.items() if kept[0] > now}
                found = self._kept[key] = (now + fresh, make())
            answer: T = found[1]
            return answer

    def forget(self) -> None:
        """Somebody changed something: the next who looks sees it."""
        with self._lock:
            self._kept.clear()
