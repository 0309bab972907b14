"""Driving Liaison through time: a story's or a replay's clock moves from one thing that is due to the next."""

from collections.abc import Callable, Iterable
from datetime import datetime

from app.clocks import DrivenClock
from app.liaison import Liaison
from connector.sandbox import Hooks


class Driver:
    """Whatever falls due on the way is attended to at its own time, in this thread."""

    def __init__(self, liaison: Liaison, clock: DrivenClock, hooks: Iterable[Hooks]) -> None:
        self._liaison, self._clock, self._hooks = liaison, clock, tuple(hooks)
        self.on_move: Callable[[datetime], None] = lambda _: None

    def settle(self) -> datetime | None:
        """Attend until nothing is due: our own comments come back as webhooks, too. Returns when something is again."""
        return self._liaison.engine.drain(self._liaison.attend, before_each=self._flush)

    def advance(self, to: datetime) -> None:
        """Move the clock to `to`, stopping at everything that falls due before."""
        while (due := self.settle()) is not None and due <= to:
            self._clock.move(due)
            self.on_move(due)
        self._clock.move(to)
        self.on_move(to)

    def _flush(self) -> None:
        for hooks in self._hooks:
            hooks.flush()
