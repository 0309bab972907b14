"""The inbox in memory, for tests: the port's promises without a disk."""

import threading

from core.errors import StoreError
from core.sightings import Accepted, Delivery


class MemoryInbox:
    """`broken`: every delivery raises StoreError. Deliveries are deduplicated by site and key, as long as they last."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.broken = False
        self.lock = threading.Lock()

    def accept(self, delivery: Delivery) -> Accepted:
        if self.broken:
            raise StoreError("The disk is full.")
        with self.lock:
            if any(self.same(delivery, kept) for kept in self.deliveries):
                return Accepted.SEEN
            self.deliveries.append(delivery)
            return Accepted.STORED

    def same(self, new: Delivery, kept: Delivery) -> bool:
        lasts = kept.expires_at is None or kept.expires_at > new.received_at
        return (new.site, new.key) == (kept.site, kept.key) and lasts
