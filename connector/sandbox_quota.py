"""A stand-in's rate limit: so many requests in each window of time, refused beyond."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MOST, LONGEST = 10**9, 86_400


@dataclass
class Allowance:
    """`requests` in every `seconds`; windows begin at whole multiples of them. `taken` counts by the window's begin."""

    requests: int
    seconds: float
    taken: Counter[datetime] = field(default_factory=Counter)
    refused: int = 0

    def take(self, now: datetime) -> bool:
        """Whether one more request is let in."""
        begin = self.begin(now)
        if self.taken[begin] >= self.requests:
            self.refused += 1
            return False
        self.taken[begin] += 1
        return True

    def left(self, now: datetime) -> int:
        return self.requests - self.taken[self.begin(now)]

    def begin(self, now: datetime) -> datetime:
        return datetime.fromtimestamp(now.timestamp() // self.seconds * self.seconds, UTC)

    def reset(self, now: datetime) -> datetime:
        return self.begin(now) + timedelta(seconds=self.seconds)

    def wait(self, now: datetime) -> int:
        """Whole seconds to the next window, as `Retry-After` says it."""
        return max(1, -int(-(self.reset(now) - now).total_seconds() // 1))


def allowance_from(given: Any) -> Allowance | None:
    """`{"requests": 100, "seconds": 60}`; 0 requests: no limit. Raises ValueError in words."""
    wrong = 'a limit is a JSON object, for example {"requests": 100, "seconds": 60}; 0 requests end it'
    if not isinstance(given, Mapping) or not {"requests"} <= given.keys() <= {"requests", "seconds"}:
        raise ValueError(wrong)
    requests, seconds = given["requests"], given.get("seconds", 3600)
    whole = isinstance(requests, int) and not isinstance(requests, bool) and 0 <= requests <= MOST
    if not whole or isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 1 <= seconds <= LONGEST:
        raise ValueError(wrong)
    return Allowance(requests, seconds) if requests else None
