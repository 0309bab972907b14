"""What the rules say for a ticket at a moment, and the trace of why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.notes import Audience
from core.tickets import Ticket
from core.values import value


class Reason(StrEnum):
    """Why a moment stayed silent. Silence is a decision: one of these stands in the journal."""

    NO_RULE = "no_rule"
    SILENCED = "silenced"
    GATED = "gated"
    NO_SINK = "no_sink"
    NOT_CONFIGURED = "not_configured"
    UNMAPPED = "unmapped"
    SAME_WORDS = "same_words"
    SAID_BY_HUMAN = "said_by_human"
    SETTLING = "settling"
    SUPERSEDED = "superseded"
    BUDGET = "budget"
    FOLLOWS_PARENT = "follows_parent"
    ADOPTED = "adopted"
    DRAFT = "draft"
    STALE = "stale"
    OWN_ECHO = "own_echo"
    QUIET_HOURS = "quiet_hours"
    MUTED = "muted"
    GONE = "gone"


class Level(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Mode(StrEnum):
    SEND = "send"
    DRAFT = "draft"


@value
class Impact:
    """One business-impact statement, already in words for agents. `path`: by which needs it reaches another service."""

    id: str
    level: Level
    statement: str
    rule: str
    path: str = ""


class WhenMissed(StrEnum):
    """What happens at the due time of a promise when nobody has written."""

    SAY = "say"  # the rule's honest holding update goes out
    ESCALATE = "escalate"  # nothing goes out; the next level is told
    DRAFT = "draft"  # the holding update waits for an agent's approval


@dataclass(frozen=True)
class Escalation:
    """Who is told so long after the due time of a promise that nobody has kept."""

    after: timedelta
    tell: str


@dataclass(frozen=True)
class Step:
    """A slower pace from this age of the ticket on. `calendar` empty: the cadence's."""

    after: timedelta
    every: timedelta
    calendar: str = ""


@dataclass(frozen=True)
class Cadence:
    """How often an audience hears, from one rule. Durations are elapsed time; calendars are applied by `rules`.

    `remind`: so long before the due time the agents are reminded. `remind_requester`: so long after the updates began
    to rest, because the requester's answer is missing, they are reminded, once.
    """

    rule: str
    every: timedelta
    first: timedelta | None = None
    monitoring: timedelta | None = None
    stretch: tuple[Step, ...] = ()
    calendar: str = "always"
    remind: timedelta | None = None
    remind_requester: timedelta | None = None
    when_missed: WhenMissed = WhenMissed.SAY
    escalate: tuple[Escalation, ...] = ()


@value
class Message:
    """The winner of a slot. `template` is the admin's text; `where` its file:line; `language` the one it is in, as its
    reader has it; `pack_template` the shipped text for the same slot, sent instead when the guard stops this one.
    """

    audience: Audience
    moment: str
    rule: str
    template: str
    where: str
    mode: Mode = Mode.SEND
    pack_template: str = ""
    pack_rule: str = ""
    language: str = "en"
    pack_language: str = "en"

    @property
    def shipped(self) -> "Message":
        """The words of the pack in their place."""
        return replace(
            self, template=self.pack_template, rule=self.pack_rule, language=self.pack_language, pack_template=""
        )


@dataclass(frozen=True)
class Silence:
    """An audience hears nothing, on purpose. `detail` is a sentence for a person; `by` a rule, gate or family."""

    reason: Reason
    detail: str = ""
    by: str = ""


@dataclass(frozen=True)
class Considered:
    """One rule in the trace: matched or not, and the first condition that failed, in words."""

    rule: str
    where: str
    matched: bool
    because: str = ""


@value
class Decision:
    """For every audience of the moment either a message or a silence; the cadence of each audience that has one.

    `settle`: how long to wait on the newest state before speaking. `gates`: ids that fired; `sticky` those among
    them that only a named person may lift. `rule_set` is the content hash of the rules that decided.
    """

    messages: Mapping[Audience, Message] = field(default_factory=dict)
    silences: Mapping[Audience, Silence] = field(default_factory=dict)
    impacts: Sequence[Impact] = ()
    cadences: Mapping[Audience, Cadence] = field(default_factory=dict)
    settle: timedelta = timedelta(0)
    gates: tuple[str, ...] = ()
    sticky: tuple[str, ...] = ()
    trace: Sequence[Considered] = ()
    rule_set: str = ""

    @property
    def sealed(self) -> bool:
        """Whether a gate silences everybody: then nothing is said, promised or shown."""
        agents, requester = self.silences.get(Audience.AGENTS), self.silences.get(Audience.REQUESTER)
        if agents is None or requester is None:
            return False
        return agents.reason is Reason.GATED and requester.reason is Reason.GATED


@value
class Facts:
    """What a message may mention beside the ticket itself, known only when it is rendered. `reminder`: when the
    requester is reminded of our question. `late`: by how much a promised update is late. `parent`: the ticket that
    speaks for this one, since when it is in its state, and when its own requester hears next. `next_notice` and
    `check_in`: when the next notice of a change, and the check-in after the end, are to come.
    """

    now: datetime
    next_update: datetime | None = None
    since: datetime | None = None
    promised: datetime | None = None
    requester_reads: str = ""
    next_notice: datetime | None = None
    check_in: datetime | None = None
    reminder: datetime | None = None
    late: timedelta | None = None
    parent: Ticket | None = None
    parent_since: datetime | None = None
    parent_update: datetime | None = None
    why_silent: str = ""
    """Why the requester is told nothing at this moment, as a sentence; `""` where they are told."""
    progress: str = ""
    """The phrase that an agent picked for where the work stands; `""`: the ticket's own state says it."""


@value
class Words:
    """A rendered message. `leak` names what the guard found, `""` when clean."""

    text: str
    leak: str = ""
