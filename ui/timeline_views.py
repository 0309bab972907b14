"""The requester's page: what it asks for, already decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

LONGEST = 1000
"""Letters that one may write at once."""


class Verdict(StrEnum):
    HELPED = "helped"
    NOT_HELPED = "not_helped"
    HURTS = "hurts"  # more than we think; about the whole ticket


class Taken(StrEnum):
    YES = "yes"
    TOO_MANY = "too_many"  # within an hour; later there is room again


@dataclass(frozen=True)
class Update:
    """What was said, word for word. `when` says the time in the reader's words; `verdict`: what they answered."""

    id: str
    at: datetime
    when: str
    text: str
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Planned:
    """A time of ours that is to come, and the sentence that says it. `end`: for a window."""

    at: datetime
    text: str
    end: datetime | None = None


@dataclass(frozen=True)
class Timeline:
    """One ticket as its requester may see it, in their `language`; nothing in it is a person's own text but ours.

    `name` is a stable name without any meaning. `key`: `""` where it has none that can be said. `asked`: the work
    waits for their answer.
    """

    name: str
    language: str
    change: bool
    affected: str
    progress: str
    key: str = ""
    place: str = ""
    workaround: str = ""
    asked: bool = False
    ended: bool = False
    next_update: Planned | None = None
    window: Planned | None = None
    updates: tuple[Update, ...] = ()


class TimelineViews(Protocol):
    """Every method may raise StoreError. `token` is what a link ends with.

    None says no more than that there is nothing to show: the link is unknown, ended or too old, or a gate holds the
    ticket, or it is not served any more.
    """

    def timeline(self, token: str) -> Timeline | None: ...

    def say(self, token: str, verdict: Verdict, words: str, about: str) -> Taken | None:
        """`about`: an update's id. None also where there is no such update."""
        ...
