"""Waiting out a doubt by seconds that nobody sets: when the time jumps ahead, a late commit is still to come."""

from datetime import timedelta

from core.times import Clock, Steady


class Patience:
    """Since when each marker is in doubt, as far as this process has seen it: after a restart a doubt is waited out
    anew. A clock that is driven alone counts by its own time, which nobody else sets.
    """

    def __init__(self, clock: Clock) -> None:
        self._steady = clock.steady if isinstance(clock, Steady) else None
        self._since: dict[str, float] = {}

    def begin(self, marker: str) -> None:
        if self._steady:
            self._since[marker] = self._steady()

    def left(self, marker: str, settle_seconds: float) -> timedelta:
        """How much longer to wait; zero or less once it has settled."""
        if not self._steady:
            return timedelta(0)
        waited = self._steady() - self._since.setdefault(marker, self._steady())
        return timedelta(seconds=settle_seconds - waited)

    def end(self, marker: str) -> None:
        self._since.pop(marker, None)
