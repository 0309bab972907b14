"""Webhooks as a platform sends them: in the background, one after the other, signed afresh, retried."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import urllib3

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
ATTEMPTS = 6  # Atlassian: one delivery and five retries


class Poster:
    """Posts JSON to one address. urllib3 without requests: what a sender costs is not to be measured as Liaison's."""

    def __init__(self, url: str, seconds: float = 10.0) -> None:
        self._address = urllib3.util.parse_url(url).request_uri
        self._pool = urllib3.connection_from_url(url, maxsize=1, retries=False, timeout=seconds)

    def post(self, raw: bytes, headers: Mapping[str, str]) -> int:
        """The answer's status. Raises urllib3's HTTPError where there is none."""
        return self._pool.urlopen(
            "POST", self._address, body=raw, headers={"Content-Type": "application/json", **headers}
        ).status

    def close(self) -> None:
        self._pool.close()


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
        self._poster = Poster(url)
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
        self._poster.close()

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
            try:
                status = self._poster.post(raw, {**headers, **self._sign(raw)})
            except urllib3.exceptions.HTTPError:
                status = 503
            if status not in RETRIED or self._stopped.is_set():
                break
            self._stopped.wait(self._retry_seconds * 2**attempt)
        self.sent.append((status, body))
