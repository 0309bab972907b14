"""Clocks that are driven: by a story, or by the times of replayed events."""

import threading
import time
from datetime import UTC, datetime, timedelta


class DrivenClock:
    """Stands still until it is moved; `let_run` makes it go on by itself, second by second. Never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now, self._since = start.astimezone(UTC), 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            run = time.monotonic() - self._since if self._since else 0.0
            return self._now + timedelta(seconds=run)

    def move(self, to: datetime) -> None:
        with self._lock:
            self._now = max(to.astimezone(UTC), self._now)

    def let_run(self) -> None:
        with self._lock:
            self._since = time.monotonic()
