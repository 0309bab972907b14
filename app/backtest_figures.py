"""The figures of a backtest: what a service manager asks before new rules go live. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from app.rehearsal import Life, Said, first_word
from core.moments import AFTERWARDS
from core.notes import CUSTOMER_FACING, Audience

UNKNOWN = "not in the catalogue"
NO_PRIORITY = "none"
ENOUGH_FOR_WEEK = 3
"""So many messages in one week and a person begins to skip them."""


@dataclass(frozen=True)
class Spread:
    """How a number lies: of `count` values."""

    count: int = 0
    median: float = 0
    most: float = 0
    p95: float = 0
    mean: float = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if not values:
            return cls()
        ordered = sorted(values)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        return cls(len(ordered), median(ordered), ordered[-1], p95, sum(ordered) / len(ordered))


@dataclass(frozen=True)
class Coverage:
    """Of the tickets of one service and kind: who hears something, and in whose words."""

    service: str
    kind: str
    tickets: int
    spoken: int
    by_own_rules: int

    @property
    def share(self) -> float:
        return self.spoken / self.tickets if self.tickets else 0.0


@dataclass(frozen=True)
class Pace:
    """Of one priority, in hours."""

    priority: str
    tickets: int
    first_word: Spread
    silence: Spread


@dataclass
class Figures:
    """Of one rule set over one record."""

    tickets: int = 0
    held: int = 0
    adopted: int = 0
    events: int = 0
    since: datetime | None = None
    until: datetime | None = None
    messages: int = 0
    drafts: int = 0
    by_moment: list[tuple[str, str, int]] = field(default_factory=list)
    by_rule: list[tuple[str, int, bool]] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    per_ticket: Spread = field(default_factory=Spread)
    per_person_week: Spread = field(default_factory=Spread)
    busy_weeks: int = 0
    person_weeks: int = 0
    weekly: list[tuple[str, int]] = field(default_factory=list)
    pace: list[Pace] = field(default_factory=list)
    promises: Counter[str] = field(default_factory=Counter)
    promises_per_day: Spread = field(default_factory=Spread)
    silences: list[tuple[str, int]] = field(default_factory=list)
    problems: list[tuple[str, int]] = field(default_factory=list)
    unreadable: int = 0

    def to_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        plain["promises"] = dict(self.promises)
        return plain


def figures(lives: Iterable[Life], unreadable: int = 0) -> Figures:
    known = list(lives)
    shown = [life for life in known if not life.held]
    spoken = [life for life in shown if not life.adopted]
    heard = {life.ref: _heard(life) for life in shown}
    made = Figures(
        tickets=len(known),
        held=len(known) - len(shown),
        adopted=sum(life.adopted for life in shown),
        events=sum(life.events for life in shown),
        unreadable=unreadable,
    )
    times = [one.at for life in shown for one in life.said]
    made.since, made.until = min(times, default=None), max(times, default=None)
    made.messages = sum(not one.draft for life in shown for one in life.said)
    made.drafts = sum(one.draft for life in shown for one in life.said)
    made.by_moment = _counted((str(one.audience), str(one.moment)) for life in shown for one in life.said)
    rules = Counter((one.rule, one.shipped) for life in shown for one in life.said)
    made.by_rule = [(rule, count, shipped) for (rule, shipped), count in rules.most_common()]
    made.coverage = _coverage(spoken, heard)
    made.per_ticket = Spread.of([len(heard[life.ref]) for life in spoken])
    _per_person(made, shown, heard)
    made.pace = _pace(spoken, heard)
    _promised(made, shown)
    reasons = Counter[str]()
    for life in shown:
        for (_, _, reason), count in life.silent.items():
            reasons[str(reason)] += count
    made.silences = reasons.most_common()
    made.problems = Counter(problem for life in shown for problem in life.problems).most_common(20)
    return made


def _heard(life: Life) -> list[Said]:
    """What people outside the team would have read."""
    return [one for one in life.said if one.audience in CUSTOMER_FACING and not one.draft]


def _counted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(audience, moment, count) for (audience, moment), count in Counter(pairs).most_common()]


def _coverage(lives: Iterable[Life], heard: Mapping[Any, list[Said]]) -> list[Coverage]:
    groups: dict[tuple[str, str], list[Life]] = defaultdict(list)
    for life in lives:
        groups[life.service or UNKNOWN, life.kind].append(life)
    rows = [
        Coverage(
            service,
            kind,
            len(group),
            sum(bool(heard[life.ref]) for life in group),
            sum(any(not one.shipped for one in heard[life.ref]) for life in group),
        )
        for (service, kind), group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.tickets, row.service, row.kind))


def _per_person(made: Figures, lives: Iterable[Life], heard: Mapping[Any, list[Said]]) -> None:
    weeks: Counter[tuple[str, str]] = Counter()
    for life in lives:
        for one in heard[life.ref]:
            if life.person and one.audience is Audience.REQUESTER:
                weeks[life.person, _week(one.at)] += 1
    made.per_person_week = Spread.of(list(weeks.values()))
    made.person_weeks = len(weeks)
    made.busy_weeks = sum(count > ENOUGH_FOR_WEEK for count in weeks.values())
    total: Counter[str] = Counter()
    for (_, week), count in weeks.items():
        total[week] += count
    made.weekly = sorted(total.items())


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def _pace(lives: Iterable[Life], heard: Mapping[Any, list[Said]]) -> list[Pace]:
    groups: dict[str, list[Life]] = defaultdict(list)
    for life in lives:
        groups[life.priority or NO_PRIORITY].append(life)
    return [
        Pace(
            priority,
            len(group),
            Spread.of([_hours(wait) for life in group if (wait := first_word(life)) is not None]),
            Spread.of([gap for life in group if (gap := _longest_silence(heard[life.ref])) is not None]),
        )
        for priority, group in sorted(groups.items())
    ]


def _longest_silence(heard: Sequence[Said]) -> float | None:
    """Between two words to the same ticket's people; the wait for the first is counted by itself.

    After the end nobody waits: the question whether all is well ends no silence.
    """
    waited = [one for one in heard if one.moment not in AFTERWARDS]
    gaps = [_hours(later.at - one.at) for one, later in pairwise(waited)]
    return max(gaps, default=None)


def _promised(made: Figures, lives: Iterable[Life]) -> None:
    days: Counter[str] = Counter()
    for life in lives:
        for promise in life.promises:
            made.promises[promise.how] += 1
            days[promise.due.date().isoformat()] += 1
    made.promises_per_day = Spread.of(list(days.values()))


def _hours(length: timedelta) -> float:
    return length.total_seconds() / 3600
