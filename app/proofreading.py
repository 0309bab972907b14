"""How the texts of the rules in force read: looked at beside the service, once for each set."""

import logging
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from app.drafts import Folder
from core.errors import LiaisonError, Problem
from rules.language import RuleSet

MOST_RULES = 2_000
"""More would keep others waiting who try their drafts; the editor and the command line say it all the same."""
SECONDS = 60.0
log = logging.getLogger("liaison.rules")


class Bench(Protocol):
    """`app.workbench.Workbench`."""

    def ask(self, what: str, *arguments: object, within: float, clicked: bool = False) -> Any: ...


@dataclass(frozen=True)
class Read:
    """`whole`: how the texts read is among the problems."""

    problems: tuple[Problem, ...]
    whole: bool


class Proofreader:
    def __init__(self, folder: Folder, bench: Bench) -> None:
        self._folder, self._bench = folder, bench
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._found: dict[str, tuple[Problem, ...]] = {}

    def of(self, rules: RuleSet, *, wait: bool = False) -> Read:
        """What is known by now; with `wait` all of it."""
        if len(rules.rules) > MOST_RULES:
            return Read(rules.warnings, whole=True)
        thread = self._begin(rules)
        if thread and wait:
            thread.join(SECONDS)
        found = self._found.get(rules.hash)
        return Read(rules.warnings if found is None else found, found is not None)

    def _begin(self, rules: RuleSet) -> threading.Thread | None:
        with self._lock:
            if rules.hash in self._found:
                return None
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._read, args=(rules,), name="proofreader", daemon=True)
                self._thread.start()
            return self._thread

    def _read(self, rules: RuleSet) -> None:
        """Files that are others by now are looked at when they are in force."""
        try:
            seen, problems = self._bench.ask("proofread", self._folder, within=SECONDS)
        except LiaisonError as error:
            log.warning("How the rules' texts read is not known: %s", error)
            seen, problems = "", ()
        self._found = {rules.hash: problems if seen == rules.hash else rules.warnings}
