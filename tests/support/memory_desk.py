"""The rule desk's port in memory: one file, one rule."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.errors import LiaisonError
from core.notes import Audience
from ui.access import Person
from ui.desk_views import (
    Asked,
    Change,
    ChangeRow,
    ChangeView,
    Does,
    Drafted,
    Edit,
    History,
    Listing,
    Published,
    Refused,
    Remark,
    Review,
    Row,
    RuleView,
    What,
)

ROW = Row(
    What.RULE,
    "cards",
    "Cards fail",
    "rules.yaml",
    line=3,
    audiences=(Audience.REQUESTER,),
    moments=("opened",),
    does=(Does.MESSAGE,),
    spoke=4,
)
CHANGE = ChangeRow(1, datetime(2026, 11, 20, 13, 0, tzinfo=UTC), Change.PUBLISHED, "rules.yaml", "Eva", "New words")
DISK = "version: 1\n"


@dataclass
class MemoryDesk:
    """`errors`: what speaks against every draft."""

    disk: str = DISK
    base: str = "aa"
    common: str = "version: 1\n# base\n"
    errors: tuple[str, ...] = ()
    asked: list[Asked] = field(default_factory=list)
    published: list[tuple[Drafted, str, str]] = field(default_factory=list)
    taken_back: list[tuple[int, str, str]] = field(default_factory=list)
    listing: Listing = field(default_factory=lambda: Listing((ROW,), 1, 1, 1, files=("rules.yaml",)))

    def rules(self, asked: Asked) -> Listing:
        self.asked.append(asked)
        return self.listing

    def rule(self, what: What, name: str) -> RuleView | None:
        return RuleView(ROW, targets=("rules.yaml",)) if (what, name) == (ROW.what, ROW.id) else None

    def review(self, draft: Drafted) -> Review:
        if draft.base != self.base:
            return Review(draft, self.disk, self.base, stale=True, common=self.common)
        remarks = tuple(Remark(draft.file, 1, text, error=True) for text in self.errors)
        refusal = "The rules would have an error." if remarks else ""
        return Review(draft, self.disk, self.base, refusal=refusal, remarks=remarks, fresh=frozenset(remarks), tests=1)

    def publish(self, draft: Drafted, why: str, me: Person) -> Published:
        seen = self.review(draft)
        if not seen.publishable:
            raise Refused(seen)
        self.published.append((draft, why, me.id))
        return Published(CHANGE.id)

    def edit(self, edit: Edit, what: What, name: str, file: str) -> Drafted:
        if name != ROW.id:
            raise LiaisonError("there is no such rule.", hint="Look at the list.")
        return Drafted(file or ROW.file, self.base, f"{self.disk}# {edit} {what}\n")

    def history(self, file: str = "", before: int = 0) -> History:
        return History((CHANGE,), (file or "rules.yaml",), older=before and 1)

    def change(self, number: int) -> ChangeView | None:
        return ChangeView(CHANGE, "old\n", self.disk, self.disk, self.base) if number == CHANGE.id else None

    def take_back(self, number: int, base: str, why: str, me: Person) -> Published:
        if number != CHANGE.id:
            raise LiaisonError("there is no such change.")
        if base != self.base:
            raise Refused(self.review(Drafted(ROW.file, base, "old\n")))
        self.taken_back.append((number, why, me.id))
        return Published(2)
