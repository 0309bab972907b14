"""What a rule set is, once read: frozen values without a trace of YAML."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.decisions import Cadence, Level, Message, Mode, Silence
from core.errors import Problem
from core.moments import MomentKind
from core.notes import Audience
from rules.calendars import Calendar
from rules.catalogue import Catalogue, Spots
from rules.phrases import Phrase
from rules.tells import Tell
from rules.tongues import ENGLISH, best

if TYPE_CHECKING:
    from rules.matcher import C, Matcher


@dataclass(frozen=True, order=True)
class Place:
    """Where in the files something stands. As text `file:line`."""

    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Layer(IntEnum):
    """Higher wins. `pack` is what Liaison ships."""

    PACK = 0
    DEFAULT = 1
    NORMAL = 2
    OVERRIDE = 3


LAYERS = {layer.name.lower(): layer for layer in Layer}


class Op(StrEnum):
    """`IS` is what a plain value or a list means: equal to one of them."""

    IS = "is"
    ANY_OF = "any_of"
    ALL_OF = "all_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"
    PRESENT = "present"
    TO = "to"
    FROM = "from"
    WITHIN = "within"


Value = str | int | float | bool | datetime | timedelta


@dataclass(frozen=True)
class Test:
    """One operator on one field; it holds for any one of `values`, but `all_of` and `none_of`."""

    __test__ = False  # pytest collects classes by this name

    field: str
    op: Op
    values: tuple[Value, ...]


@dataclass(frozen=True)
class All:
    of: "tuple[Condition, ...]" = ()


@dataclass(frozen=True)
class AnyOf:
    of: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    one: "Condition"


@dataclass(frozen=True)
class OnField:
    """Every operator written under one key: all must hold, and they count as one condition."""

    of: tuple[Test, ...]


Condition = Test | OnField | All | AnyOf | Not
EVERYTHING = All()


@dataclass(frozen=True)
class Entry:
    """What a rule says in a slot. `template` None is `none`: nothing, on purpose."""

    template: str | None
    place: Place = field(default_factory=Place)
    language: str = ENGLISH
    others: "tuple[Entry, ...]" = ()
    """The same in other languages."""

    def all(self) -> "tuple[Entry, ...]":
        """In every language, its own first."""
        return (self, *self.others)

    def spoken_to(self, wanted: str) -> "Entry":
        """In the language of the reader, or the nearest to it that there is."""
        texts = {entry.language: entry for entry in self.all()}
        return texts[best(wanted, texts)]


PLAIN, DEFAULT = "", "default"


@dataclass(frozen=True)
class Slot:
    """The entries of one (audience, moment): a plain one (`""`), or one by resolution (with `default` for the rest).

    `later` follow the plain one when the same is said again and again, with no news in between.
    """

    entries: Mapping[str, Entry]
    later: tuple[Entry, ...] = ()

    def entry(self, resolution: str, row: int = 0) -> Entry | None:
        """The entry that covers a resolution; without one on the ticket only `default` does.

        Of several texts the one whose turn it is: after the last, the last two take turns, so that none is said twice
        in a row.
        """
        if self.later and row:
            texts, last = (self.entries[PLAIN], *self.later), len(self.later)
            return texts[min(row, last) - max(row - last, 0) % 2]
        if PLAIN in self.entries:
            return self.entries[PLAIN]
        return self.entries.get(resolution or DEFAULT) or self.entries.get(DEFAULT)

    def all(self) -> tuple[tuple[str, Entry], ...]:
        """Every entry, with the resolution it is for."""
        return (*self.entries.items(), *((PLAIN, entry) for entry in self.later))


@dataclass(frozen=True)
class ImpactText:
    """An impact as the rule states it; what it says is a template in the agents' vocabulary."""

    id: str
    level: Level
    said: Entry


@dataclass(frozen=True)
class Milestone:
    """A word on the way. It comes when `on` becomes true, or so long `after` the opening of an incident, the start of a
    change, or the planned time `of`, or so long `before` that; then `when` and `unless` are asked.

    `name` tells it from the rule's others, and stays when its words, conditions or place in the list change.
    """

    name: str
    tell: tuple[Audience, ...]
    entry: Entry
    on: Condition | None = None
    after: timedelta | None = None
    before: timedelta | None = None
    of: str = ""
    when: Condition = EVERYTHING
    unless: Condition | None = None
    calendar: str = "always"


@dataclass(frozen=True)
class Notice:
    """A reminder so long before the planned start."""

    before: timedelta
    calendar: str = "always"


@dataclass(frozen=True)
class Closing:
    """The check-in: so long after the end was told. `after` None is `none`, on purpose. `tell`: which readers outside
    IT are asked; agents are told beside.
    """

    after: timedelta | None = None
    calendar: str = "always"
    tell: frozenset[Audience] = frozenset({Audience.REQUESTER})


@dataclass(frozen=True)
class Rule:
    """`cadences` None for an audience is `none`: no promise, on purpose; so is an empty `notices`, while None leaves
    them to weaker rules. `rank` decides last.
    """

    id: str
    place: Place = field(default_factory=Place)
    title: str = ""
    layer: Layer = Layer.NORMAL
    rank: int = 0
    when: Condition = EVERYTHING
    unless: Condition | None = None
    impact: ImpactText | None = None
    messages: Mapping[tuple[Audience, MomentKind], Slot] = field(default_factory=dict)
    cadences: Mapping[Audience, Cadence | None] = field(default_factory=dict)
    milestones: tuple[Milestone, ...] = ()
    notices: tuple[Notice, ...] | None = None
    closing: Closing | None = None
    mode: Mode = Mode.SEND
    team: str = ""
    active: bool = True


@dataclass(frozen=True)
class Gate:
    """A veto. `hold`: a condition on a missing field counts as fired. `silence` empty means everything."""

    id: str
    when: Condition
    unless: Condition | None = None
    place: Place = field(default_factory=Place)
    title: str = ""
    hold: bool = False
    silence: frozenset[Audience] = frozenset()
    sticky: bool = False
    because: str = ""
    pack: bool = False

    @property
    def silences_all(self) -> bool:
        return not self.silence


@dataclass(frozen=True)
class Family:
    """Tickets that follow their parent: silent but for the moments in `speak`, and without a promise of their own."""

    id: str
    when: Condition
    unless: Condition | None = None
    speak: frozenset[MomentKind] = frozenset()
    place: Place = field(default_factory=Place)
    pack: bool = False


@dataclass(frozen=True)
class Fence:
    """What an admin adds to the leak guard. There is no way to take anything from it."""

    id: str
    tell: Tell
    because: str = ""
    place: Place = field(default_factory=Place)


@dataclass(frozen=True)
class QuietHours:
    """`tell` hears nothing while the calendar `outside` is closed."""

    tell: frozenset[Audience]
    outside: str
    when: Condition = EVERYTHING
    unless: Condition | None = None
    place: Place = field(default_factory=Place)


@dataclass(frozen=True)
class Budget:
    """At most so many messages to a requester within any such span of time, over all their tickets. A `within` of whole
    days is elapsed time. It does not count on tickets on which `unless` holds.
    """

    most: int
    within: timedelta
    unless: Condition | None = None
    place: Place = field(default_factory=Place)

    @property
    def id(self) -> str:
        """Whose it is: an installation has one for each audience."""
        return str(Audience.REQUESTER)


@dataclass(frozen=True)
class Trial:
    """One `tests:` entry, its ticket and expectations still as written."""

    name: str
    at: datetime
    moment: MomentKind
    ticket: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    location: Mapping[str, Any] | str = ""
    expect: Mapping[str, Any] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    pack: bool = False
    spots: Spots = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Verdict:
    """The part of a decision that the rules which match settle, whatever else the ticket says."""

    messages: Mapping[Audience, Message]
    silences: Mapping[Audience, Silence]
    cadences: Mapping[Audience, Cadence]
    settle: timedelta
    gates: tuple[str, ...]
    sticky: tuple[str, ...]


@dataclass(frozen=True)
class RuleSet:
    """Everything the files say. `hash` is of their content; `rules` stand in order of precedence, those that are
    switched off apart from them, in `resting`: nothing asks them.
    """

    hash: str = ""
    rules: tuple[Rule, ...] = ()
    gates: tuple[Gate, ...] = ()
    families: tuple[Family, ...] = ()
    settle: Mapping[MomentKind, timedelta] = field(default_factory=dict)
    quiet: tuple[QuietHours, ...] = ()
    budget: Budget | None = None
    phrases: Mapping[str, Phrase] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    allow_words: frozenset[str] = frozenset()  # casefolded
    glossary: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    guard: tuple[Fence, ...] = ()
    tests: tuple[Trial, ...] = ()
    warnings: tuple[Problem, ...] = ()
    resting: tuple[Rule, ...] = ()

    @cached_property
    def matcher(self) -> "Matcher[Rule]":
        """What finds the rules that match a ticket; compiled when first asked for."""
        return self._matcher(self.rules)

    @cached_property
    def gate_matcher(self) -> "Matcher[Gate]":
        """The same for gates, as far as all that they ask for can be read: see `wary`."""
        return self._matcher(self.gates)

    @cached_property
    def wary(self) -> tuple[Gate, ...]:
        """The gates that fire, too, where a field cannot be read."""
        return tuple(gate for gate in self.gates if gate.hold)

    @cached_property
    def family_matcher(self) -> "Matcher[Family]":
        return self._matcher(self.families)

    @cached_property
    def notice_matcher(self) -> "Matcher[Rule]":
        """Of the rules with notices alone; most sets have few with any appointments."""
        return self._matcher([rule for rule in self.rules if rule.notices is not None])

    @cached_property
    def milestone_matcher(self) -> "Matcher[Rule]":
        return self._matcher([rule for rule in self.rules if rule.milestones])

    @cached_property
    def closing_matcher(self) -> "Matcher[Rule]":
        return self._matcher([rule for rule in self.rules if rule.closing])

    @cached_property
    def shipped(self) -> frozenset[str]:
        """The rules that Liaison brings along, by id."""
        return frozenset(rule.id for rule in self.rules if rule.layer is Layer.PACK)

    @cached_property
    def timeless(self) -> bool:
        """Whether a ticket that stays as it is stays so for all that is asked here, however late it is."""
        return self.matcher.timeless and self.gate_matcher.timeless and self.family_matcher.timeless

    @cached_property
    def verdicts(self) -> dict[Hashable, Verdict]:
        """Those that were given before, by all that they rest on."""
        return {}

    def _matcher(self, conditional: Sequence["C"]) -> "Matcher[C]":
        from rules.matcher import Matcher  # noqa: PLC0415 - it is made of this module's values

        return Matcher(conditional, self.catalogue)

    @cached_property
    def more_tells(self) -> tuple[Tell, ...]:
        """What the leak guard stops besides its own."""
        return tuple(fence.tell for fence in self.guard)
