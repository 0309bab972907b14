"""The rule desk: what it asks for, already decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.notes import Audience
from ui.access import Person

SPOKEN_DAYS = 30
PAGE = 50


class What(StrEnum):
    """What stands in the list."""

    RULE = "rule"
    GATE = "gate"


class Does(StrEnum):
    """What an entry is for."""

    MESSAGE = "message"
    IMPACT = "impact"
    CADENCE = "cadence"
    TIMES = "times"  # milestones, notices, the question afterwards
    GATE = "gate"


class Change(StrEnum):
    """How a rules file came to be as it is."""

    PUBLISHED = "published"
    TAKEN_BACK = "taken_back"
    ON_DISK = "on_disk"
    FIRST_SEEN = "first_seen"


class Edit(StrEnum):
    """Small changes that need no editor."""

    OFF = "off"
    ON = "on"
    COPY = "copy"


@dataclass(frozen=True)
class Asked:
    """A search in the list; what is empty asks nothing. `spoke`: `yes` or `never`. `warnings`: only what has some.
    `order`: `spoke` for what speaks most first, else as the files have it.
    """

    text: str = ""
    file: str = ""
    kind: str = ""
    audience: str = ""
    moment: str = ""
    does: str = ""
    spoke: str = ""
    warnings: bool = False
    order: str = ""
    page: int = 1

    @property
    def anything(self) -> bool:
        rest = (self.text, self.file, self.kind, self.audience, self.moment, self.does, self.spoke)
        return self.warnings or any(rest)


@dataclass(frozen=True)
class Row:
    """One rule or gate. `file` is `""` for what Liaison ships, then `pack` names its pack. `spoke`: notes of the last
    30 days; None for gates. `services` and `kinds` are what it asks for, empty where it asks for none.
    """

    what: What
    id: str
    title: str = ""
    file: str = ""
    pack: str = ""
    line: int = 0
    layer: str = ""
    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    moments: tuple[str, ...] = ()
    does: tuple[Does, ...] = ()
    active: bool = True
    spoke: int | None = None
    warnings: int = 0


@dataclass(frozen=True)
class Listing:
    """`found`: how many there are of `total`; `rows` only those of one page. `problem`: why the files on the disk are
    not in force. `folder`: there is one to write to. The rest is what one can choose from.
    """

    rows: tuple[Row, ...] = ()
    found: int = 0
    total: int = 0
    own: int = 0
    pages: int = 1
    problem: str = ""
    folder: bool = True
    reading: bool = False  # how the texts read is being looked at: there may be more warnings in a moment
    files: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Of a text as rules write it: `name` is what is filled in there, else `text` stands as it is."""

    text: str = ""
    name: str = ""


@dataclass(frozen=True)
class Said:
    """What an entry says at a moment. No `pieces`: nothing, on purpose. `when`: for which end, or which time it comes.
    `others`: the same in other languages.
    """

    moment: str
    pieces: tuple[Piece, ...] = ()
    when: str = ""
    language: str = ""
    others: "tuple[Said, ...]" = ()


@dataclass(frozen=True)
class TestSeen:
    """A test of a rules file. `failures` is empty where it passed."""

    __test__ = False  # pytest collects classes by this name

    name: str
    file: str
    line: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """A problem of a rules file; `file` from the folder."""

    file: str
    line: int
    message: str
    error: bool = False


@dataclass(frozen=True)
class RuleView:
    """One rule or gate, as people read it. `when` and `unless` are conditions in words that must all hold. `sentences`:
    its impact, its paces and all else. `replaces`: Liaison ships one of the same name, which has no say. `targets`:
    files of one's own that it can be copied to, or where it can be switched off.
    """

    row: Row
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    sentences: tuple[tuple[Piece, ...], ...] = ()
    says: Mapping[Audience, tuple[Said, ...]] = field(default_factory=dict)
    tests: tuple[TestSeen, ...] = ()
    remarks: tuple[Remark, ...] = ()
    replaces: bool = False
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drafted:
    """One file as somebody would have it. `base`: the hash of the bytes it began with, `""` for a new file."""

    file: str
    base: str
    text: str


@dataclass(frozen=True)
class Review:
    """A draft beside what stands on the disk. `stale`: the file is another by now; then `common` is what the draft
    began with, None where nobody knows. `refusal`: why it cannot be published. `remarks`: errors first; `fresh` are
    those that the draft brings along. `failing` tests, of `tests`; None where they did not run. `checked`: whether
    anything of all this was found out.
    """

    draft: Drafted
    disk: str = ""
    disk_base: str = ""
    there: bool = True
    stale: bool = False
    common: str | None = None
    refusal: str = ""
    remarks: tuple[Remark, ...] = ()
    fresh: frozenset[Remark] = frozenset()
    tests: int | None = None
    failing: tuple[TestSeen, ...] = ()
    checked: bool = True

    @property
    def changed(self) -> bool:
        return self.disk != self.draft.text or not self.there

    @property
    def publishable(self) -> bool:
        return self.changed and not self.stale and not self.refusal


@dataclass(frozen=True)
class Published:
    """What came of it. `problem`: it is written, and yet not in force."""

    id: int = 0
    problem: str = ""


@dataclass(frozen=True)
class ChangeRow:
    """A change of a file. `name`: who; `""` where nobody knows."""

    id: int
    at: datetime
    what: Change
    file: str
    name: str = ""
    why: str = ""


@dataclass(frozen=True)
class History:
    """The newest first. `older`: the id to go on from, 0 at the end."""

    rows: tuple[ChangeRow, ...] = ()
    files: tuple[str, ...] = ()
    older: int = 0


@dataclass(frozen=True)
class ChangeView:
    """`old` and `new` are None where there was no file, or is none since. `current`: the file as it is now, `base` its
    hash; `later`: how many changes came after.
    """

    row: ChangeRow
    old: str | None = None
    new: str | None = None
    current: str | None = None
    base: str = ""
    later: int = 0

    @property
    def can_go_back(self) -> bool:
        return self.old != self.current and self.row.what is not Change.FIRST_SEEN


class Refused(Exception):
    """It was not done. `review`: the draft with everything that speaks against it."""

    def __init__(self, review: Review) -> None:
        super().__init__(review.refusal)
        self.review = review


class DeskViews(Protocol):
    """Every method may raise StoreError; those that take a file another LiaisonError, too, whose words say why not."""

    def rules(self, asked: Asked) -> Listing: ...

    def rule(self, what: What, name: str) -> RuleView | None: ...

    def review(self, draft: Drafted) -> Review: ...

    def publish(self, draft: Drafted, why: str, me: Person) -> Published:
        """Raises Refused where it is not done."""
        ...

    def edit(self, edit: Edit, what: What, name: str, file: str) -> Drafted:
        """The file with that one thing changed; `file`: where a copy goes. Raises LiaisonError where it cannot be."""
        ...

    def history(self, file: str = "", before: int = 0) -> History: ...

    def change(self, number: int) -> ChangeView | None: ...

    def take_back(self, number: int, base: str, why: str, me: Person) -> Published:
        """Bring back the file from before this change. Raises Refused where it is not done."""
        ...
