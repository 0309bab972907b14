"""What a platform allows: how many more requests, and until when. Connectors read it off answers, `app` paces by it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from core.errors import Paused


@dataclass(frozen=True)
class Quota:
    """One limit, as an answer tells it. `seconds`: until it is whole again; `window`: how long a whole one lasts.

    `left` None: the answer does not say how much is left, so requests are counted; it is no less than `least`.
    """

    name: str
    limit: int
    seconds: float
    window: float
    left: int | None = None
    least: int = 0


class Meter(Protocol):
    """Counts the requests to one site, from all threads, and hears what its answers say of limits."""

    def leave(self, issue: str = "") -> None:
        """Right before a request; `issue`: what it writes to. Raises Paused where it would be refused: not sent."""
        ...

    def back(self, quotas: Iterable[Quota] = ()) -> None:
        """After each request that left, whatever became of it."""
        ...

    def stop(self, error: Paused) -> None:
        """The platform refused a request for its limits."""
        ...


class Unmetered:
    """Nobody counts."""

    def leave(self, issue: str = "") -> None:
        del issue

    def back(self, quotas: Iterable[Quota] = ()) -> None:
        del quotas

    def stop(self, error: Paused) -> None:
        del error
