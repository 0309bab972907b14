"""The rule editor's port in memory, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import LiaisonError
from core.tickets import TicketRef
from ui.editor_views import Backtest, Checked, FoundTicket, Opened, Previewed, Trials, Typed


@dataclass
class MemoryEditor:
    """`files` by name. `fails`: what every question about a draft ends in. `asked`: what it was asked."""

    files: dict[str, Opened] = field(default_factory=dict)
    checked: Checked = field(default_factory=Checked)
    trials: Trials = field(default_factory=Trials)
    found: tuple[FoundTicket, ...] = ()
    previewed: Previewed | None = None
    tried: Backtest | None = None
    no_folder: str = ""
    fails: LiaisonError | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def open(self, file: str) -> Opened | None:
        return self.files.get(file)

    def folder(self) -> str:
        return self.no_folder

    def completions(self) -> Mapping[str, Any]:
        return {"schema": {"type": "object"}, "names": {}, "words": []}

    def check(self, draft: Typed) -> Checked:
        self._hear("check", draft)
        return self.checked

    def tests(self, draft: Typed) -> Trials:
        self._hear("tests", draft)
        return self.trials

    def tickets(self, words: str) -> tuple[FoundTicket, ...]:
        self.asked.append(("tickets", words))
        return self.found

    def preview(self, draft: Typed, ref: TicketRef, moment: str) -> Previewed | None:
        self._hear("preview", draft, ref, moment)
        return self.previewed

    def begin_backtest(self, draft: Typed, days: int) -> str:
        self._hear("backtest", draft, days)
        return self.tried.id if self.tried else ""

    def backtest(self, identity: str) -> Backtest | None:
        return self.tried if self.tried and self.tried.id == identity else None

    def stop_backtest(self, identity: str) -> None:
        self.asked.append(("stop", identity))

    def _hear(self, *what: Any) -> None:
        self.asked.append(what)
        if self.fails:
            raise self.fails
