"""How promises ended, as a page that stands alone: one file without a script, readable in light and dark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import jinja2
from markupsafe import Markup

from ui import charts, words

UNKNOWN = "-"
MINUTE = 60
ENDS = {"kept": "kept", "late": "kept late", "missed": "missed"}
"""What the parts of a chart mean, by their class."""


@dataclass(frozen=True)
class Line:
    """The promises of one service, priority or group, or of all. Durations in seconds.

    `withdrawn` owed nothing when their time came, so they are no part of `share`. `overdue` are among `open`.
    """

    name: str
    kept: int = 0
    kept_late: int = 0
    missed: int = 0
    withdrawn: int = 0
    open: int = 0
    overdue: int = 0
    late_median: float | None = None
    late_p95: float | None = None

    @property
    def owed(self) -> int:
        return self.kept + self.kept_late + self.missed

    @property
    def share(self) -> float | None:
        """Of the promises that owed a word, how many had it in time; None where none did."""
        return self.kept / self.owed if self.owed else None


@dataclass(frozen=True)
class Silence:
    """Between one word to the requester and the next, in seconds; of a running one, so far."""

    priority: str
    median: float
    p95: float
    longest: float


@dataclass(frozen=True)
class Comments:
    """Words to requesters. A person-week is a week in which a person read at least one of them."""

    comments: int = 0
    tickets: int = 0
    most_for_a_ticket: int = 0
    people: int = 0
    person_weeks: int = 0
    most_for_a_person: int = 0
    of_nobody: int = 0

    @property
    def per_ticket(self) -> float | None:
        return self.comments / self.tickets if self.tickets else None

    @property
    def per_person_week(self) -> float | None:
        return (self.comments - self.of_nobody) / self.person_weeks if self.person_weeks else None


@dataclass(frozen=True)
class Report:
    """`causes` counts by cause, then by `kept_late` or `missed`. Nothing in it is of a confidential ticket."""

    since: datetime
    until: datetime
    by: str
    total: Line
    lines: tuple[Line, ...] = ()
    causes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    comments: Comments = Comments()


def page(report: Report) -> str:
    return PAGE.render(report=report, chart=chart(report))


def chart(report: Report) -> Markup:
    """How the promises of each line, and of all, were kept."""
    title = f"Share of promises kept, kept late and missed, by {report.by}. The table below tells the same."
    owing = [line for line in (*report.lines, report.total) if line.owed]
    return charts.shares(title, [(line.name, parts(line), percent(line.share)) for line in owing], ENDS)


def parts(line: Line) -> list[charts.Part]:
    return [("kept", line.kept), ("late", line.kept_late), ("missed", line.missed)]


def duration(seconds: float | None) -> str:
    """As people say it, in two parts at most: "45 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    if seconds is None:
        return UNKNOWN
    if seconds < MINUTE:
        return f"{round(seconds)} s"
    minutes = round(seconds / MINUTE)
    parts = ((minutes // 1440, "d"), (minutes % 1440 // 60, "h"), (minutes % 60, "min"))
    return " ".join([f"{count} {unit}" for count, unit in parts if count][:2])


def percent(share: float | None) -> str:
    """Cut, never rounded up: 100 % is said only where it is true."""
    return UNKNOWN if share is None else f"{int(round(share * 1000, 6)) / 10:.1f} %"


def average(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"


_pages = jinja2.Environment(
    loader=jinja2.PackageLoader("ui", "templates"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
)
_pages.globals.update(duration=duration, percent=percent, average=average, words=words)
PAGE = _pages.get_template("liaison/promises.html")
