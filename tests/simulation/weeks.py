"""Weeks of simulated tickets through the real engine, its clock driven from one thing that is due to the next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from app.clocks import DrivenClock
from core.sightings import Author, Comment
from core.tickets import Ticket, TicketRef
from tests.simulation.lives import Act, lives
from tests.simulation.places import RULES, SITE_ZONES
from tests.support.scripted import Bench, ScriptedPlatform, incident

AUTHORS = {"agent": (Author.AGENT, True), "internal": (Author.AGENT, False), "customer": (Author.CUSTOMER, True)}
Break = Callable[[Bench], None]


@dataclass(frozen=True)
class Period:
    """`days` in which tickets are opened; what happens to them may take longer."""

    name: str
    start: datetime
    days: int


# The clocks of Berlin, New York, São Paulo and Lord Howe change within each; those of Kathmandu never do.
PERIODS = (
    Period("2018: northern autumn, southern spring", datetime(2018, 9, 29, tzinfo=UTC), 37),
    Period("2019: northern spring, southern autumn", datetime(2019, 2, 10, tzinfo=UTC), 52),
)


@dataclass
class Seen:
    """What the simulation itself knows of a ticket."""

    ticket: Ticket
    touched: datetime
    gone: bool = False
    asked: bool = False
    spoken: list[datetime] = field(default_factory=list)


@dataclass
class Weeks:
    """One run. `stops`: from when to when nothing runs. `watch` looks at a ticket before anything new happens to it."""

    bench: Bench
    acts: list[Act]
    stops: tuple[tuple[datetime, datetime], ...] = ()
    seen: dict[TicketRef, Seen] = field(default_factory=dict)
    watch: Callable[["Weeks", TicketRef], None] | None = None
    comments: int = 0

    def play(self) -> None:
        for act in self.acts:
            self.advance(act.at)
            self._look(TicketRef(act.site, act.identity))
            self._do(act)
            if not self._stopped():
                self.bench.drain()
        self.advance(self.acts[-1].at + timedelta(days=3))
        for ref in self.seen:
            self._look(ref)

    def _look(self, ref: TicketRef) -> None:
        if self.watch:
            self.watch(self, ref)

    def advance(self, to: datetime) -> None:
        """To a time, stopping at whatever falls due, but for the hours in which nothing runs."""
        bench = self.bench
        while (due := bench.next_due()) is not None:
            due = max(due, bench.clock.now())
            due = next((end for start, end in self.stops if start <= due < end), due)
            if due > to:
                break
            bench.clock.move(due)
            bench.drain()
        bench.clock.move(to)

    def _stopped(self) -> bool:
        return any(start <= self.bench.clock.now() < end for start, end in self.stops)

    def _do(self, act: Act) -> None:
        bench, ref, now = self.bench, TicketRef(act.site, act.identity), self.bench.clock.now()
        known = self.seen.get(ref)
        ticket = known.ticket if known else incident(act.identity, site=act.site, key=f"OPS-{act.identity}")
        if act.gone:
            bench.platform.tickets.pop(ref, None)
            bench.receive(ref=ref, gone=True)
        elif act.says:
            self._say(act, ticket)
        if act.changes:
            ticket = ticket.evolve(**act.changes, updated_at=now, revision=f"{now:%Y%m%d%H%M%S}{len(self.seen):06}")
            bench.receive(ticket)
            if act.again:
                bench.receive(ticket)
        self._note(ref, act, ticket, now)

    def _say(self, act: Act, ticket: Ticket) -> None:
        self.comments += 1
        author, public = AUTHORS[act.says]
        comment = Comment(
            f"h{self.comments}", self.bench.clock.now(), author, "anna", public=public, text="Some words."
        )
        for _ in range(1 + act.again):
            self.bench.receive(ref=ticket.ref, ticket=ticket, comment=comment)

    def _note(self, ref: TicketRef, act: Act, ticket: Ticket, now: datetime) -> None:
        seen = self.seen.setdefault(ref, Seen(ticket, now))
        seen.ticket, seen.touched, seen.gone = ticket, now, seen.gone or act.gone
        if act.says == "agent":
            seen.spoken.append(now)
        if act.says in {"agent", "customer"}:
            seen.asked = act.says == "agent"


def weeks(folder: Path, period: Period, *, seed: int, tickets: int, broken: Iterable[Break] = ()) -> Weeks:
    """A run that has not been played yet. `broken` spoil the bench on purpose."""
    random = Random(f"{period.name}/{seed}")
    acts = lives(random, tickets, period.start, period.days)
    clock = DrivenClock(period.start)
    changes = {name: {"timezone": zone, "speak_from": period.start} for name, zone in SITE_ZONES.items()}
    service_now = random.random() < 0.5
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        folder,
        ScriptedPlatform(clock),
        clock,
        RULES,
        joins=service_now,
        edits=not service_now,
        sites=tuple(SITE_ZONES),
        packs=True,
        changes=changes,
    )
    for spoil in broken:
        spoil(bench)
    stop = period.start + timedelta(seconds=random.randrange(period.days * 86400))
    return Weeks(bench, acts, stops=((stop, stop + timedelta(hours=1)),))
