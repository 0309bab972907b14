"""The sender: takes the platforms' webhooks and brings them to Liaison, late, twice, in any order, until each has a 2xx.

What was acknowledged is written down with its time.
"""

import hashlib
import heapq
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from connector.jira.sandbox import hub_signature
from connector.servicenow.sandbox import timestamped_signature

CARRIED = ("Content-Type", "X-Atlassian-Webhook-Identifier")
SENDERS = 6
AGAIN = 0.3


@dataclass(frozen=True, order=True)
class Parcel:
    due: float
    number: int
    site: str
    raw: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Acknowledged:
    at: float
    site: str
    digest: str
    status: int
    raw: bytes


class Courier:
    def __init__(self, seed: int, secret: str, clock, *, chaos: bool = True):
        self.target, self.chaos = "", chaos
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[tuple[int, str, bytes]] = []
        self.retried, self.injected = 0, Counter()
        self._sign = {"jira": hub_signature(secret), "servicenow": timestamped_signature(secret, clock)}
        self._random = random.Random(seed)
        self._heap: list[Parcel] = []
        self._count = self._flying = 0
        self._state = threading.Condition()
        self._stopped = False
        courier = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = tuple((name, self.headers[name]) for name in CARRIED if name in self.headers)
                courier.take(self.path.rsplit("/", 1)[1], raw, headers)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._door.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._door.server_port}"
        threading.Thread(target=self._door.serve_forever, args=(0.05,), daemon=True).start()
        self._threads = [threading.Thread(target=self._carry, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def take(self, site: str, raw: bytes, headers=(("Content-Type", "application/json"),)):
        with self._state:
            chance = self._random
            self._put(site, raw, headers, chance.uniform(0, 1.5) if self._strikes("late", 0.3) else 0)
            if self._strikes("twice", 0.15):
                self._put(site, raw, headers, chance.uniform(0, 3))
            self._state.notify_all()

    def _strikes(self, kind: str, share: float) -> bool:
        if not self.chaos or self._random.random() >= share:
            return False
        self.injected[f"hook {kind}"] += 1
        return True

    def _put(self, site, raw, headers, wait):
        self._count += 1
        heapq.heappush(self._heap, Parcel(time.monotonic() + wait, self._count, site, raw, headers))

    def busy(self) -> int:
        with self._state:
            return len(self._heap) + self._flying

    def stop(self):
        with self._state:
            self._stopped = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join(15)
        self._door.shutdown()
        self._door.server_close()

    def _carry(self):
        with requests.Session() as session:
            session.trust_env = False
            while parcel := self._next():
                done = self._deliver(session, parcel)
                with self._state:
                    self._flying -= 1
                    if not done:
                        self.retried += 1
                        self._put(parcel.site, parcel.raw, parcel.headers, AGAIN * (1 + self._random.random()))

    def _next(self):
        with self._state:
            while not self._stopped:
                now = time.monotonic()
                if self._heap and self._heap[0].due <= now:
                    self._flying += 1
                    return heapq.heappop(self._heap)
                self._state.wait(min(0.2, self._heap[0].due - now) if self._heap else 0.2)
        return None

    def _deliver(self, session, parcel: Parcel) -> bool:
        headers = {**dict(parcel.headers), **self._sign[parcel.site](parcel.raw)}
        try:
            url = f"{self.target}/hooks/{parcel.site}"
            status = session.post(url, data=parcel.raw, headers=headers, timeout=12).status_code
        except requests.RequestException:
            return False
        if status >= 500 or status in (401, 408, 429):  # 401: the clock jumped between signing and verifying
            return False
        if status >= 400:
            self.refused.append((status, parcel.site, parcel.raw))
            return True
        digest = hashlib.sha256(parcel.raw).hexdigest()
        self.acknowledged.append(Acknowledged(time.time(), parcel.site, digest, status, parcel.raw))
        return True
