"""Random lives of tickets, from a seed: what people do to them, and when."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.simulation.places import ISLAND, PLACES, SITE

PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
PACE = {"P1": 0.6, "P2": 3, "P3": 16, "P4": 26, "P5": 40}
"""Hours between what happens to a ticket, on average."""
MOST = 14


@dataclass(frozen=True)
class Act:
    """Something that people do. `says` is who comments: `agent`, `internal`, `customer`; `again` delivers it twice."""

    at: datetime
    site: str
    identity: str
    changes: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    gone: bool = False
    again: bool = False


def lives(random: Random, count: int, start: datetime, days: int) -> list[Act]:
    """All that happens to so many tickets opened in so many days, in order of time."""
    acts = [act for number in range(count) for act in _life(random, number, start, days)]
    return sorted(acts, key=lambda act: act.at)


def _life(random: Random, number: int, start: datetime, days: int) -> Iterator[Act]:
    opened = start + timedelta(seconds=random.randrange(days * 86400))
    site = random.choice((SITE, SITE, ISLAND))
    place = random.choice((*PLACES, *PLACES, ""))
    life = Incident if random.random() < 0.85 else Change
    yield from life(random, site, f"{number:05}", place, opened).acts()


@dataclass
class Life:
    random: Random
    site: str
    identity: str
    place: str
    now: datetime
    state: str = "new"
    priority: str = "P3"

    def act(self, says: str = "", **changes: Any) -> Act:
        """Now, seldom delivered twice; a change of state is remembered."""
        self.state = changes.get("state", self.state)
        self.priority = changes.get("priority", self.priority)
        again = self.random.random() < 0.05
        return Act(self.now, self.site, self.identity, changes, says, again=again)

    def wait(self, hours: float) -> None:
        self.now += timedelta(seconds=int(self.random.expovariate(1) * hours * 3600) + 5)


class Incident(Life):
    def acts(self) -> Iterator[Act]:
        weights = (1, 2, 4, 2, 2)
        yield self.act(
            priority=self.random.choices(PRIORITIES, weights)[0],
            location=self.place,
            service=self.random.choice(("tills", "")),
            opened_at=self.now,
            state="new",
        )
        for _ in range(MOST):
            self.wait(PACE[self.priority])
            yield from self._next()
            if self.state in {"closed", "cancelled"}:
                return
        yield from self._end()

    def _next(self) -> Iterator[Act]:
        names = {
            "new": {
                "start": 5,
                "reprioritise": 1,
                "agent": 1,
                "internal": 1,
                "customer": 1,
                "cancel": 0.3,
                "gone": 0.1,
            },
            "in_progress": {
                "agent": 2,
                "internal": 1,
                "customer": 1,
                "reprioritise": 1,
                "phase": 2,
                "users": 0.5,
                "ask": 1.5,
                "vendor": 0.5,
                "resolve": 2,
            },
            "on_hold": {"answer": 4, "resume": 2, "reprioritise": 0.5, "resolve": 0.5, "internal": 0.5},
            "resolved": {"reopen": 2, "close": 5, "customer": 1},
        }[self.state]
        yield from getattr(self, f"_{self.random.choices(list(names), list(names.values()))[0]}")()

    def _start(self) -> Iterator[Act]:
        yield self.act(state="in_progress", phase=self.random.choice(("", "cause_sought")))

    def _reprioritise(self) -> Iterator[Act]:
        other = self.random.choice([p for p in PRIORITIES if p != self.priority])
        yield self.act(priority=other)

    def _agent(self) -> Iterator[Act]:
        yield self.act(says="agent")

    def _internal(self) -> Iterator[Act]:
        yield self.act(says="internal")

    def _customer(self) -> Iterator[Act]:
        yield self.act(says="customer")

    def _phase(self) -> Iterator[Act]:
        yield self.act(phase=self.random.choice(("cause_sought", "fix_running", "monitoring")))

    def _users(self) -> Iterator[Act]:
        yield self.act(affected_users=self.random.randrange(1, 500))

    def _ask(self) -> Iterator[Act]:
        if self.random.random() < 0.8:
            yield self.act(says="agent")
            self.now += timedelta(seconds=self.random.choice((1, 20, 400)))
        yield self.act(state="on_hold", hold_reason="requester")

    def _vendor(self) -> Iterator[Act]:
        yield self.act(state="on_hold", hold_reason="vendor")

    def _answer(self) -> Iterator[Act]:
        yield self.act(says="customer")
        self.wait(PACE[self.priority] / 4)
        yield self.act(state="in_progress", hold_reason="")

    def _resume(self) -> Iterator[Act]:
        yield self.act(state="in_progress", hold_reason="")

    def _resolve(self) -> Iterator[Act]:
        yield self.act(state="resolved", hold_reason="", resolution=self.random.choice(("fixed", "workaround", "")))

    def _reopen(self) -> Iterator[Act]:
        yield self.act(state="in_progress", resolution="")

    def _close(self) -> Iterator[Act]:
        yield self.act(state="closed")

    def _cancel(self) -> Iterator[Act]:
        yield self.act(state="cancelled")

    def _gone(self) -> Iterator[Act]:
        self.state = "closed"
        yield Act(self.now, self.site, self.identity, gone=True)

    def _end(self) -> Iterator[Act]:
        """Nobody leaves a quick one open for weeks; some slow ones stay."""
        if self.priority in {"P1", "P2"} or self.random.random() < 0.7:
            if self.state != "resolved":
                yield from self._resolve()
                self.wait(1)
            yield from self._close()


class Change(Life):
    def acts(self) -> Iterator[Act]:
        yield self.act(
            kind="change", state="draft", location=self.place, service="tills", opened_at=self.now, priority="P4"
        )
        self.wait(10)
        start = self.now + timedelta(hours=self.random.choice((3, 30, 200)))
        end = start + timedelta(hours=self.random.choice((1, 3)))
        yield self.act(state="scheduled", approval="approved", planned_start=start, planned_end=end)
        for _ in range(self.random.choice((0, 0, 1, 2))):  # it slips
            self.wait(1)
            start, end = start + timedelta(hours=5), end + timedelta(hours=6)
            yield self.act(planned_start=start, planned_end=end)
        if self.random.random() < 0.1:
            yield self.act(state="cancelled")
            return
        self.now = max(self.now, start + timedelta(minutes=self.random.randrange(-5, 20)))
        yield self.act(state="implement")
        self.now = max(self.now, end + timedelta(minutes=self.random.choice((-20, 10, 200, 700))))
        yield self.act(state="review", close_code=self.random.choice(("Successful", "Unsuccessful")))
        self.wait(20)
        yield self.act(state="closed")
