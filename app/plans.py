"""What considering a ticket asks for, and what is kept of a note until it is rendered."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

import orjson

from app.journal import Entry
from app.memory import Memory
from app.prompts import Prompt, message_from
from core.decisions import Cadence, Escalation, Impact, Level, Message, Step, WhenMissed
from core.moments import MomentKind
from core.notes import Audience, NoteState
from core.sightings import Snapshot
from core.values import value


class Pledge(StrEnum):
    """What writing a note does to the promise of its audience."""

    NEW = "new"  # keeps the open one, promises the next by the cadence
    SOONER = "sooner"  # as NEW, but never later than what was promised already
    STANDING = "standing"  # the promise already given still stands
    REMIND = "remind"  # keeps the open one, promises to remind the reader of our question, once
    END = "end"  # keeps the open one, promises nothing more
    NONE = "none"  # this audience is promised nothing

    def idle(self, due: datetime | None, standing: datetime | None) -> bool:
        """Whether the promise stays as it is. `due` is the time in the words, `standing` the one promised before."""
        return self is Pledge.NONE or (self is Pledge.STANDING and (due is None or due == standing))


@value
class NotePlan:
    """One message as decided: rendered only right before it is sent. Kept as JSON in `notes.plan`."""

    message: Message
    pledge: Pledge
    at: datetime
    impacts: Sequence[Impact] = ()
    cadence: Cadence | None = None
    requester_silence: str = ""  # agents' notes only: why the requester heard nothing
    prompts: tuple[Prompt, ...] = ()  # agents' notes only; `cadence` is then the requester's
    literal: str = ""  # these words as they stand, instead of the message's template

    @property
    def paced_by(self) -> str:
        """The rule that promises."""
        return self.cadence.rule if self.cadence else self.message.rule

    def dumps(self) -> str:
        return orjson.dumps(self, default=_in_json).decode()

    def reworded(self, text: str) -> Self:
        """With an agent's own words in the place of the rule's."""
        return replace(self, literal=text)

    @classmethod
    def loads(cls, text: str) -> Self:
        plain: dict[str, Any] = orjson.loads(text)
        plain["message"] = message_from(plain["message"])
        plain["pledge"] = Pledge(plain["pledge"])
        plain["at"] = datetime.fromisoformat(plain["at"])
        plain["impacts"] = tuple(Impact(**(i | {"level": Level(i["level"])})) for i in plain["impacts"])
        plain["prompts"] = tuple(map(Prompt.from_dict, plain.get("prompts") or ()))
        if plain["cadence"]:
            plain["cadence"] = Cadence(**{k: _duration(k, v) for k, v in plain["cadence"].items()})
        return cls(**plain)


def _in_json(value: Any) -> Any:
    """What JSON has no word for: durations in seconds, and impacts that are worded when somebody asks."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Sequence):
        return tuple(value)
    raise TypeError


def _duration(name: str, value: Any) -> Any:
    match name:
        case "rule" | "calendar":
            return value
        case "when_missed":
            return WhenMissed(value)
        case "stretch":
            steps = ((timedelta(seconds=s["after"]), timedelta(seconds=s["every"]), s["calendar"]) for s in value)
            return tuple(Step(*step) for step in steps)
        case "escalate":
            return tuple(Escalation(timedelta(seconds=step["after"]), step["tell"]) for step in value)
        case _:
            return None if value is None else timedelta(seconds=value)


@value
class NewNote:
    id: str
    moment: MomentKind
    occurrence: str
    state: NoteState
    plan: NotePlan
    rule_set: str


@value
class Kept:
    """A promise kept by somebody else's words. `by` names the comment."""

    audience: Audience
    at: datetime
    by: str


@value
class NewPromise:
    audience: Audience
    due: datetime
    made_at: datetime
    made_by: str
    rule: str


@dataclass
class Plan:
    """Everything that one look at a ticket changes; committed in one transaction.

    `attended` None leaves the basis of the next difference as it was (moments are still settling). `drop_notes`:
    audiences whose waiting notes are stale now; with `drop_words` what agents asked for goes, too. `moved`: new due
    times of open promises, and by whom. `audited`: who did what, in detail.
    """

    memory: Memory
    newest: Snapshot | None = None
    attended: Snapshot | None = None
    entries: list[Entry] = field(default_factory=list)
    notes: list[NewNote] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    promises: list[NewPromise] = field(default_factory=list)
    withdrawn: dict[Audience, str] = field(default_factory=dict)
    drop_notes: set[Audience] = field(default_factory=set)
    drop_words: bool = False
    moved: dict[Audience, tuple[datetime, str]] = field(default_factory=dict)
    audited: list[tuple[str, str, str]] = field(default_factory=list)
