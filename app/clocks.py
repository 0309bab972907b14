"""Clocks that are driven: by a story, or by the times of replayed events."""

import threading
import time
from datetime import UTC, datetime, timedelta


class DrivenClock:
    """Stands still until it is moved; `let_run` makes it go on by itself, second by second. Never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now, self._since = start.astimezone(UTC), 0.0
        self._lock = threading.Lock()  # of those who move it: while it stands still, who reads it need not wait

    def now(self) -> datetime:
        now, since = self._now, self._since
        return now + timedelta(seconds=time.monotonic() - since) if since else now

    def move(self, to: datetime) -> None:
        with self._lock:
            self._now = max(to.astimezone(UTC), self._now)

    def let_run(self) -> None:
        with self._lock:
            self._since = time.monotonic()
