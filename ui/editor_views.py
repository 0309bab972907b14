"""The rule editor: what it asks for, already decided. A draft is one file as somebody types it; nothing here writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.decisions import Reason
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import TicketRef

MOST_TEXT = 200_000
"""Letters of a file that is edited here. Larger ones are edited on the machine."""


class NotNow(LiaisonError):
    """The draft was not looked at; the words say why, and what to do."""


class Busy(NotNow):
    """Others are before; asked again in a moment it is looked at."""


class Overtaken(LiaisonError):
    """The same person has typed on meanwhile: nobody waits for this answer any more."""


@dataclass(frozen=True)
class Typed:
    """A draft as it travels in forms. `base`: the hash of the bytes it began with, `""` for a new file. `by`: who.
    `clicked`: they wait for the answer, and do not type on.
    """

    file: str
    base: str
    text: str
    by: str = ""
    clicked: bool = False


@dataclass(frozen=True)
class Opened:
    """A file as it stands on the disk. `because`: why it cannot be edited here, as sentences."""

    file: str
    base: str = ""
    text: str = ""
    because: str = ""


@dataclass(frozen=True)
class Flaw:
    """A problem of the set. `file` is empty where it stands in the draft itself."""

    line: int
    column: int
    error: bool
    message: str
    file: str = ""


@dataclass(frozen=True)
class Checked:
    """What `liaison rules check` says of the set with the draft in it. `elsewhere`: warnings of other files, counted.
    `names`: what the installation has named, by sort, for completion.
    """

    flaws: tuple[Flaw, ...] = ()
    elsewhere: int = 0
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        return sum(flaw.error for flaw in self.flaws)

    @property
    def warnings(self) -> int:
        return len(self.flaws) - self.errors


@dataclass(frozen=True)
class Trial:
    """One test of the file. `failures`: what it wanted and got, empty where it passed."""

    name: str
    line: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trials:
    """`errors`: as many errors keep the tests from running. `others`: failures of tests in other files, by file."""

    trials: tuple[Trial, ...] = ()
    errors: int = 0
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return sum(bool(trial.failures) for trial in self.trials)


@dataclass(frozen=True)
class FoundTicket:
    ref: TicketRef
    key: str
    title: str = ""
    kind: str = ""
    priority: str = ""


@dataclass(frozen=True)
class Said:
    """What one audience would read. `words` empty: nothing, for the `reason`; `detail` and `by` say more.

    `grade` is the school year, None where there is too little to grade; `most` what its readers may be asked.
    `before`: the words of the rules in force, None where they are the same or cannot be had. `later`: quiet hours
    keep it back until then. `draft`: an agent approves it first.
    """

    audience: Audience
    words: str = ""
    rule: str = ""
    where: str = ""
    grade: float | None = None
    most: float = 0
    advice: tuple[str, ...] = ()
    problem: str = ""
    reason: Reason | None = None
    detail: str = ""
    by: str = ""
    before: str | None = None
    before_rule: str = ""
    later: datetime | None = None
    draft: bool = False


@dataclass(frozen=True)
class RuleLine:
    """A rule in the trace. `line`: in the draft, 0 for a rule of another file. `because`: what holds, or what fails."""

    rule: str
    matched: bool
    because: str
    line: int = 0


@dataclass(frozen=True)
class Previewed:
    """A ticket under the draft. `errors`: as many keep it from being tried. `held_by`: gates, and nothing else then.

    `around`: sentences on impact, pace, quiet hours, budget, family. `as_if`: what was taken as happening.
    """

    ref: TicketRef
    key: str = ""
    title: str = ""
    moment: MomentKind = MomentKind.OPENED
    errors: int = 0
    held_by: tuple[str, ...] = ()
    by_draft: bool = False
    as_if: str = ""
    said: tuple[Said, ...] = ()
    losers: tuple[str, ...] = ()
    here: tuple[RuleLine, ...] = ()
    near: tuple[RuleLine, ...] = ()
    around: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Example:
    """Words of one ticket before and after."""

    ticket: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeGroup:
    """Messages that change in the same way."""

    title: str
    rules: str
    messages: int
    tickets: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Backtest:
    """The draft on what has happened. `done` of `of` events; `problem`: why it came to nothing.

    `compared`: rows of what, with the rules in force, with the draft.
    """

    id: str
    file: str
    days: int
    done: int = 0
    of: int = 0
    finished: bool = False
    problem: str = ""
    since: datetime | None = None
    tickets: int = 0
    events: int = 0
    held: int = 0
    left_out: int = 0
    compared: tuple[tuple[str, str, str], ...] = ()
    changes: tuple[ChangeGroup, ...] = ()
    notable: tuple[str, ...] = ()


class EditorViews(Protocol):
    """Every method may raise StoreError; those that look at a draft also NotNow and Overtaken."""

    def open(self, file: str) -> Opened | None:
        """None where there is no such file. Raises LiaisonError where no rules file can have that name."""
        ...

    def folder(self) -> str:
        """Why no new file can be made, `""` where one can."""
        ...

    def completions(self) -> Mapping[str, Any]:
        """The JSON Schema of a file, and the names that no draft changes."""
        ...

    def check(self, draft: Typed) -> Checked: ...

    def tests(self, draft: Typed) -> Trials: ...

    def tickets(self, words: str) -> tuple[FoundTicket, ...]:
        """By key among all, by words among those heard of last; `""`: those heard of last. Held ones never."""
        ...

    def preview(self, draft: Typed, ref: TicketRef, moment: str) -> Previewed | None:
        """None where there is no such ticket."""
        ...

    def begin_backtest(self, draft: Typed, days: int) -> str:
        """Its id. Raises NotNow where it cannot begin."""
        ...

    def backtest(self, identity: str) -> Backtest | None:
        """How far it is; None where it is forgotten."""
        ...

    def stop_backtest(self, identity: str) -> None: ...
