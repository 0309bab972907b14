"""How the texts of the rules in force read: looked at beside the service, once for each set."""

import logging
import threading
from dataclasses import dataclass

from app.drafts import Folder
from core.errors import Problem
from rules.language import RuleSet
from rules.load import examine

MOST_RULES = 1_000
"""More would take half a minute of the service's time; the editor and the command line say it all the same."""
PATIENCE = 30.0
log = logging.getLogger("liaison.rules")


@dataclass(frozen=True)
class Read:
    """`whole`: how the texts read is among the problems."""

    problems: tuple[Problem, ...]
    whole: bool


class Proofreader:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._found: dict[str, tuple[Problem, ...]] = {}

    def of(self, rules: RuleSet, *, wait: bool = False) -> Read:
        """What is known by now; with `wait` all of it."""
        if len(rules.rules) > MOST_RULES:
            return Read(rules.warnings, whole=True)
        thread = self._begin(rules)
        if thread and wait:
            thread.join(PATIENCE)
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
        seen, problems = examine(self._folder.paths, wording=True)
        self._found = {rules.hash: problems if seen.hash == rules.hash else rules.warnings}
