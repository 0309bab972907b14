"""The leak guard: what must never reach a customer."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """`kind` reads after "holds" ("a host name"); `text` is the offending piece; `start`, `end` count in the
    normalised text.
    """

    kind: str
    text: str
    start: int = 0
    end: int = 0


def leaks(text: str, allow: Collection[str] = ()) -> tuple[Leak, ...]:
    """Everything in `text` that looks like the inside of IT. `allow`: exact strings an admin has approved."""
    del text, allow
    return ()
