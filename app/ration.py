"""One quota of a platform, rationed: its first half may go as fast as it is needed, the rest lasts until it is renewed.

The most urgent, P1 and news that nobody has looked at yet, need not wait before the last tenth, which is kept for them.
"""

from dataclasses import dataclass
from math import inf

from core.quotas import Quota

SPREAD, RESERVE = 0.5, 0.1
SAME = 0.1
"""Share of a window by which two answers may differ about when it ends."""
BRISK = 2.0
"""Seconds: what is renewed so soon is waited for, nothing of it is kept for anybody."""


@dataclass
class Ration:
    """Times are seconds of the site's pace. When the next request may leave: `free` for most, `urgent` for others."""

    limit: int
    left: int
    until: float
    window: float
    free: float = -inf
    urgent: float = -inf

    @property
    def reserve(self) -> int:
        return int(self.limit * RESERVE) if self.window > BRISK else 0

    def hear(self, quota: Quota, now: float) -> None:
        """An answer is newer than what was counted; where it does not say what is left, one more is gone."""
        until = now + quota.seconds
        renewed = until - self.until > SAME * max(quota.window, quota.seconds)
        left = (quota.limit if renewed or quota.limit != self.limit else self.left) - 1
        self.limit, self.window, self.until = quota.limit, quota.window, until
        self.left = max(left, quota.least) if quota.left is None else quota.left

    def renew(self, now: float) -> None:
        """Whole again, as far as anybody can tell: the next answer says more."""
        if now >= self.until:
            self.left, self.free, self.urgent = self.limit, -inf, -inf
            self.until = now + self.window - (now - self.until) % self.window

    def spend(self, now: float) -> None:
        if self.low(0):
            self.urgent = max(self.urgent, now) + self._over(self.left, now)
        else:
            self.free = max(self.free, now) + self.gap(now)

    def gap(self, now: float) -> float:
        """Seconds between two requests, so that what is left and not kept lasts."""
        plenty = self.left > self.limit * SPREAD
        return 0.0 if plenty else self._over(self.left - self.reserve, now)

    def _over(self, left: int, now: float) -> float:
        return max(0.0, self.until - now) / left if left > 0 else 0.0  # with nothing left it stops altogether

    def low(self, under_way: int) -> bool:
        """Whether only the most urgent may still go."""
        return self.left - under_way <= self.reserve
