"""What Liaison remembers about one ticket beside its snapshots."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

import orjson

from core.times import from_iso, iso


@dataclass
class Memory:
    """`occurrences` counts moments by kind.

    `pending` holds moments that wait to settle, with the time each was first seen, until `settle_until`. `gates` are
    the ids that hold the ticket silent now, `held` the sticky ones among all that ever fired, `lifted` those a named
    person lifted. `moved` is the state before one that waits for the requester although nobody asked them anything (a
    transition that our own comment set off, or a slip): words then speak of the state before. `old_phase` is the phase
    that a reopened ticket still shows from before its end. `state_since` is when the present state was first seen.
    `living_comment` is the agents' one internal note; `agents_meaning` a digest of it without its times. `told` is what
    the requester last read from Liaison. `timers` are the times at which the ticket is looked at again for its own
    sake, by what is due then; every look sets them anew. `rung` are those that were attended to: none rings twice.
    `holding` counts the updates in a row that had no news for the requester.
    `announced_at`: when people were told the window in `announced`; `begun_at`: when work on a change began;
    `ended_at`: when they were told that it is over; `asked_at`: since when a check-in waits for the requester's reply.
    `looked_at`: appointments up to this time were attended to.
    `resting`: updates rest until the requester answers, and what is promised is one reminder.
    `first_due` is when the first word is due that still waits for approval.
    `family_end` is the moment in which they were told that their ticket's parent has ended, while it was open itself.
    `with_parent`: it was resolved because its parent's work was done.
    `commands` are the agents' comments that were obeyed (app/obeyed.py). `fact` is the phrase an agent picked for where
    the work stands; the state's change ends it. `next_at` is the time an agent chose for the next word, until words
    promise it. `muted_by` muted the ticket at `muted_at`, for good or until `muted_until`; `muted_due` is what had been
    promised. `owed` are moments by audience, as `kind:occurrence`, that wait for the end of quiet hours or of a mute;
    `owed_window` is the planned window that each audience still knows while it has been moved or called off, `owed_due`
    what had been promised to the requester before an end that they have not heard of.
    `left_as` is the revision that our last note left the ticket with; nobody else had saved it since `left_at`.
    """

    adopted: bool = False
    gone: bool = False
    acknowledged: bool = False
    announced: str = ""
    delayed_for: str = ""
    outcome: str = ""
    reopened_at: datetime | None = None
    raised_at: datetime | None = None
    moved: str = ""
    old_phase: str = ""
    state: str = ""
    state_since: datetime | None = None
    not_served: str = ""
    agent_spoke_at: datetime | None = None
    customer_spoke_at: datetime | None = None
    occurrences: dict[str, int] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    settle_until: datetime | None = None
    gates: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    living_comment: str = ""
    agents_meaning: str = ""
    told: str = ""
    told_at: datetime | None = None
    timers: dict[str, str] = field(default_factory=dict)
    rung: list[str] = field(default_factory=list)
    holding: int = 0
    announced_at: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    asked_at: datetime | None = None
    looked_at: datetime | None = None
    first_due: datetime | None = None
    resting: bool = False
    family_end: datetime | None = None
    with_parent: bool = False
    commands: list[str] = field(default_factory=list)
    fact: str = ""
    next_at: datetime | None = None
    muted_by: str = ""
    muted_at: datetime | None = None
    muted_until: datetime | None = None
    muted_due: datetime | None = None
    owed: dict[str, list[str]] = field(default_factory=dict)
    owed_window: dict[str, str] = field(default_factory=dict)
    owed_due: datetime | None = None
    left_as: str = ""
    left_at: datetime | None = None

    @property
    def answered(self) -> bool:
        """Whether the requester has spoken since an agent last did."""
        asked, answered = self.agent_spoke_at, self.customer_spoke_at
        return answered is not None and (asked is None or answered >= asked)

    def occurrence(self, kind: str) -> str:
        """The next occurrence of a moment of this kind; count it with `count` when it is decided."""
        return str(self.occurrences.get(kind, 0) + 1)

    def count(self, kind: str) -> None:
        self.occurrences[str(kind)] = self.occurrences.get(kind, 0) + 1

    def copy(self) -> Self:
        """One of its own: nothing that is changed in it shows here."""
        new = type(self).__new__(type(self))
        values = vars(new)
        values.update(vars(self))
        for name in COLLECTIONS:
            values[name] = values[name].copy()
        return new

    def to_dict(self) -> dict[str, Any]:
        """What there is to remember: what is empty, 0 or False is so from the start."""
        return {k: iso(v) if isinstance(v, datetime) else v for k, v in vars(self).items() if v}

    def dumps(self) -> str:
        return orjson.dumps(self.to_dict()).decode()

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        values = dict(plain)
        for name in TIMES & values.keys():
            values[name] = from_iso(values[name]) if values[name] else None
        return cls(**values)


COLLECTIONS = tuple(f.name for f in fields(Memory) if f.default_factory in (dict, list))
TIMES = frozenset(f.name for f in fields(Memory) if f.type == datetime | None)
