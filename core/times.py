"""Time: always UTC, always aware, always from an injected clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""So much may a platform's clock be ahead of ours; what it says is later still has not happened yet."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


@runtime_checkable
class Steady(Protocol):
    """A clock that also counts seconds by something nobody sets: they never jump. Only differences mean anything."""

    def steady(self) -> float: ...


def steadily(clock: Clock) -> Callable[[], float]:
    """Seconds that nobody sets, where the clock has them."""
    return clock.steady if isinstance(clock, Steady) else lambda: clock.now().timestamp()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> float:
        return time.monotonic()


def iso(moment: datetime) -> str:
    """Sortable text: UTC, milliseconds, a trailing Z."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


def from_iso(text: str) -> datetime:
    """The inverse of `iso`; any ISO 8601 time with an offset. Raises ValueError without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)
