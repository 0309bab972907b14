"""Webhooks as a platform sends them: in the background, one after the other, signed afresh, retried."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import requests

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
ATTEMPTS = 6  # Atlassian: one delivery and five retries


class Hooks:
    """`sign` makes the headers of a signature, anew for each attempt. `sent` keeps each body with its last answer."""

    def __init__(
        self,
        url: str,
        sign: Callable[[bytes], Mapping[str, str]],
        retry_seconds: float = 1.0,
        dump: Callable[[Any], bytes] = orjson.dumps,
    ) -> None:
        self.url, self._sign, self._retry_seconds, self._dump = url, sign, retry_seconds, dump
        self._queue: queue.Queue[tuple[dict[str, Any], dict[str, str]] | None] = queue.Queue()
        self._session = requests.Session()
        self._session.trust_env = False
        self._thread = threading.Thread(target=self._run, name=f"hooks to {url}", daemon=True)
        self._stopped = threading.Event()
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self.on_flush: Callable[[], None] = lambda: None
        self._thread.start()

    def send(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._queue.put((body, headers or {}))

    def flush(self) -> None:
        """Wait until everything sent so far is answered or given up. What a fault holds back is not sent yet."""
        self.on_flush()
        self._queue.join()

    def stop(self) -> None:
        self._stopped.set()
        self._queue.put(None)
        self._thread.join(10)
        self._session.close()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._deliver(*item)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _deliver(self, body: dict[str, Any], headers: dict[str, str]) -> None:
        raw = self._dump(body)
        for attempt in range(ATTEMPTS):
            sent = {"Content-Type": "application/json", **headers, **self._sign(raw)}
            try:
                status = self._session.post(self.url, data=raw, headers=sent, timeout=10).status_code
            except requests.RequestException:
                status = 503
            if status not in RETRIED or self._stopped.is_set():
                break
            self._stopped.wait(self._retry_seconds * 2**attempt)
        self.sent.append((status, body))
