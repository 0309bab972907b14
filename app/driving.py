"""Driving Liaison through time: a story's or a replay's clock moves from one thing that is due to the next."""

from collections.abc import Callable, Iterable
from datetime import datetime

from app.clocks import DrivenClock
from app.liaison import Liaison
from connector.sandbox import Hooks
from core.errors import LiaisonError

LIMIT = 100_000


class Driver:
    """Whatever falls due on the way is attended to at its own time, in this thread."""

    def __init__(self, liaison: Liaison, clock: DrivenClock, hooks: Iterable[Hooks]) -> None:
        self._liaison, self._clock, self._hooks = liaison, clock, tuple(hooks)
        self.on_move: Callable[[datetime], None] = lambda _: None

    def settle(self) -> datetime | None:
        """Attend until nothing is due: our own comments come back as webhooks, too. Returns when something is again."""
        engine, attend = self._liaison.engine, self._liaison.attend
        for _ in range(LIMIT):
            for hooks in self._hooks:
                hooks.flush()
            due = engine.next_due()
            if due is None or due > self._clock.now() or not engine.attend_next(attend):
                return due
        raise LiaisonError(f"{LIMIT} wake-ups at one point in time: the engine is going in circles.")

    def advance(self, to: datetime) -> None:
        """Move the clock to `to`, stopping at everything that falls due before."""
        while (due := self.settle()) is not None and due <= to:
            self._clock.move(due)
            self.on_move(due)
        self._clock.move(to)
        self.on_move(to)
