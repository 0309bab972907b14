"""Times at which a ticket wants to be looked at for its own sake, each with a name; none rings twice. Pure.

A look forgets them all and sets those anew that are still to come: what made them may be over.
"""

from collections.abc import Callable
from datetime import datetime

from app.memory import Memory
from core.times import iso


def forget(memory: Memory) -> None:
    memory.timers = {}


def rings(memory: Memory, name: str, at: datetime, now: datetime) -> bool:
    """Whether it rings now, for the first time; one that is still to come is set."""
    if name in memory.rung:
        return False
    if at > now:
        memory.timers[name] = iso(at)
    return at <= now


def rung(memory: Memory, *names: str) -> None:
    """They were attended to."""
    if names:
        memory.rung = [*memory.rung, *(name for name in names if name not in memory.rung)]


def drop(memory: Memory, over: Callable[[str], bool]) -> None:
    """Names whose subject is over need not be remembered."""
    if not memory.rung:
        return
    memory.rung = [name for name in memory.rung if not over(name)]
