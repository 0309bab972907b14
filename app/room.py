"""Room on the disk: refusing a webhook before the disk is full keeps what is stored and what is promised writable."""

import os
import threading
import time
from pathlib import Path

from core.errors import StoreError

LEAST = 64 * 1024 * 1024
"""Bytes that stay free for the store's own work; of a small disk a tenth."""
LOOK_SECONDS = 1.0


class Room:
    """Asks the disk at most once a second. `store` is a SQLite URL."""

    def __init__(self, store: str) -> None:
        self._store, self._folder = store, Path(store.removeprefix("sqlite:///")).parent
        self._looking = threading.Lock()
        self._looked_at = float("-inf")
        self._short = False

    def check(self) -> None:
        """Raises StoreError where too little is free."""
        with self._looking:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._short, self._looked_at = self._is_short(), time.monotonic()
        if self._short:
            raise StoreError(
                "the disk is nearly full.", where=self._store, hint="Make room; `liaison db prune` removes old rows."
            )

    def _is_short(self) -> bool:
        try:
            disk = os.statvfs(self._folder)
        except OSError:  # what is wrong shows where it is used
            return False
        return disk.f_bavail * disk.f_frsize < min(LEAST, disk.f_blocks * disk.f_frsize // 10)
