"""What is wrong with the rules, as it is found: all of it at once, as long as a person can use that."""

from core.errors import Problem, Severity
from rules.language import Place

MOST = 500
"""Errors after which no further entry is read: who made so many has made one mistake many times."""


class Problems(list[Problem]):
    def __init__(self) -> None:
        super().__init__()
        self._errors, self.cut_off = 0, False

    def add(self, problem: Problem) -> None:
        self._errors += problem.severity is Severity.ERROR
        self.append(problem)

    def too_many(self, place: Place) -> bool:
        """Whether to stop reading here, which is told once."""
        if self._errors >= MOST and not self.cut_off:
            self.cut_off = True
            self.append(Problem(place.path, place.line, place.column, f"{TOLD} Mend these first."))
        return self.cut_off


TOLD = f"there are more than {MOST} errors, so nothing is read from here on."
