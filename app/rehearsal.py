"""The life of one recorded ticket under a rule set: what would have been said, with no platform, store or network.

It is considered and put into words by the very code that does so in earnest; only what surrounds it (claims, commits,
requests) is left out: a note that may leave is written at once. Where rules have a budget, the tickets of one person
are played together, in the order of their times, and share what that person has heard.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app import remembering, snapshots
from app.composing import Composer
from app.consider import consider
from app.journal import What
from app.memory import Memory
from app.plans import NewNote, NotePlan, Plan, Pledge
from app.reminding import done_with, expect
from app.rhythm import Case
from app.rulebook import Rulebook
from core.moments import TERMINAL
from core.notes import CUSTOMER_FACING, Audience, NoteState, plain
from core.ports import Connector
from core.promises import Promise
from core.sightings import Comment, Sighting, Snapshot
from core.tickets import Kind, TicketRef
from core.times import from_iso

MOST_LOOKS = 2000
"""Of one ticket between two events: rules that wake it more often would go on for ever."""
SOON = timedelta(minutes=1)
AGENTS = frozenset({Audience.AGENTS})
TOO_MANY = "Liaison would look at it without end: a timer of it never moves on."


class Said(NamedTuple):
    """One message that would have been written. `due` is the time its words promise; a `draft` waits for approval.

    `shipped`: in Liaison's own words, not the admin's. `template`: the rule's text that the words were made of.
    A tuple: they travel between processes by the ten thousand.
    """

    at: datetime
    audience: Audience
    moment: str
    rule: str
    words: str
    due: datetime | None = None
    shipped: bool = False
    draft: bool = False
    template: str = ""


class Outcome(NamedTuple):
    """How a promise ended: `kept`, `kept_late`, `withdrawn`, `missed`, or `open` when the record ends."""

    made: datetime
    due: datetime
    ended: datetime | None
    how: str


@dataclass
class Life:
    """What would have come of one ticket. `person` is the requester's id. A held ticket has nothing but `held`."""

    ref: TicketRef
    key: str = ""
    kind: str = ""
    service: str = ""
    priority: str = ""
    person: str = ""
    opened_at: datetime | None = None
    events: int = 0
    held: bool = False
    adopted: bool = False
    said: list[Said] = field(default_factory=list)
    silent: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    promises: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def sealed(self) -> "Life":
        """Nothing of a ticket that a gate holds stands in any report, also where it spoke before."""
        return Life(self.ref, held=True)


class StageClock:
    """The time of the event that is being considered."""

    def __init__(self) -> None:
        self.at = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Ears:
    """What people were told, by person, as far as budgets count it."""

    def __init__(self) -> None:
        self._times: dict[str, list[datetime]] = {}

    def told(self, person: str, at: datetime) -> None:
        if person:
            self._times.setdefault(person, []).append(at)

    def heard(self, person: str, since: datetime) -> tuple[datetime, ...]:
        return tuple(at for at in self._times.get(person, ()) if at > since)


Slot = tuple[str, str, str]
"""Audience, moment, rule."""


class Rehearsal:
    """One ticket. `until`: when the record ends, for tickets that are still open then.

    `reads`: whether somebody will read the words that an audience is told by a rule at a moment. The agents' notes are
    left empty where nobody will: nothing that comes later hangs on their words, and they take the longest to make.
    `ears`: what people hear, shared by all tickets that are played together.
    """

    def __init__(
        self,
        connector: Connector,
        book: Rulebook,
        ref: TicketRef,
        clock: StageClock,
        reads: Callable[[Slot], bool] = lambda _: True,
        ears: Ears | None = None,
    ) -> None:
        self._reads, self._ears = reads, Ears() if ears is None else ears
        self._connector, self._book, self._ref, self._clock = connector, book, ref, clock
        self._composer = Composer(book, clock)
        self._memory = Memory()
        self._attended: Snapshot | None = None
        self._newest: Snapshot | None = None
        self._promises: dict[Audience, Promise] = {}
        self._advised: NotePlan | None = None
        self._shipped = book.shipped()
        self.life = Life(ref)

    def play(self, sightings: Sequence[Sighting], until: datetime) -> Life:
        """`sightings` in the order of their times."""
        for _ in self.steps(sightings, until):
            pass
        return self.end()

    def steps(self, sightings: Sequence[Sighting], until: datetime) -> Iterator[datetime]:
        """The time of each look at the ticket, before it is looked at."""
        for sighting in sightings:
            yield from self._let_pass(sighting.at)
            yield sighting.at
            self._clock.at = sighting.at
            self._see(sighting)
        yield from self._let_pass(until)

    def _let_pass(self, until: datetime) -> Iterator[datetime]:
        """Whatever falls due before the next event."""
        for _ in range(MOST_LOOKS):
            wake = self._next_wake()
            if wake is None or wake >= until:
                return
            yield wake
            self._clock.at = wake
            self._look(())
        self.life.problems.append(TOO_MANY)

    def _see(self, sighting: Sighting) -> None:
        self.life.events += 1
        before = self._newest
        if sighting.snapshot:
            self._newest = snapshots.settled_on(sighting.snapshot, before)
        comments = tuple(c for c in (sighting.comment, sighting.aside) if c and c.public is not None)
        if not comments and not sighting.gone and self._book.current.timeless and self._says_nothing_new(before):
            self._attended = self._newest
            return
        self._look(comments, gone=sighting.gone)

    def _says_nothing_new(self, before: Snapshot | None) -> bool:
        """Whether the record was saved with nothing changed that Liaison knows of, as half of all saves are. What time
        alone brings has its own look.
        """
        if before is None or self._newest is None or self._attended is not before:
            return False
        one, other = before.ticket, self._newest.ticket
        same = one.evolve(revision=other.revision, updated_at=other.updated_at)
        return replace(before, ticket=same) == self._newest

    def _next_wake(self) -> datetime | None:
        times = [from_iso(text) for text in self._memory.timers.values()]
        times += [promise.due for promise in self._promises.values() if promise.due > self._clock.at]
        if self._memory.settle_until:
            times.append(self._memory.settle_until)
        later = [time for time in times if time > self._clock.at]
        return min(later, default=None)

    def _look(self, comments: tuple[Comment, ...], *, gone: bool = False) -> None:
        site = self._connector.site
        case = Case(
            ref=self._ref,
            site=site,
            now=self._clock.at,
            memory=self._memory,
            attended=self._attended,
            newest=self._newest,
            comments=comments,
            promises=tuple(self._promises.values()),
            gone=gone,
            budget=lambda ticket, moment: self._book.budget(ticket, moment, self._clock.at, site),
            heard=self._heard(),
        )
        plan = consider(
            case,
            self._book.decide,
            lambda cadence, ticket, made_at: self._book.next_due(cadence, ticket, made_at, site),
            self._book.appointments,
        )
        self._take(plan)

    def _heard(self) -> tuple[datetime, ...]:
        within = self._book.budgeted
        return self._ears.heard(self._person, self._clock.at - within) if within else ()

    @property
    def _person(self) -> str:
        return self._newest.ticket.requester.id if self._newest else ""

    def _take(self, plan: Plan) -> None:
        self._memory = plan.memory
        self._newest = plan.newest or self._newest
        self._attended = plan.attended or self._attended
        for entry in plan.entries:
            if entry.what is What.SILENT:
                self.life.silent[entry.moment, entry.audience, entry.reason] += 1
        if self._memory.gates:
            self.life.held = True
        for kept in plan.kept:
            self._keep(kept.audience, kept.at)
        for audience in plan.withdrawn:
            self._withdraw(audience)
        for made in plan.promises:
            self._promise(made.audience, made.due, made.made_at, made.made_by, made.rule)
        self._write([note for note in plan.notes if note.state is NoteState.PLANNED])
        self._draft([note for note in plan.notes if note.state is NoteState.DRAFT])

    # --- notes -----------------------------------------------------------------------------------------------------

    def _write(self, notes: list[NewNote]) -> None:
        if not notes or self._newest is None:
            return
        ordered = sorted(notes, key=lambda note: note.plan.message.audience is Audience.AGENTS)
        ticket = self._newest.ticket
        composed = self._composer.compose(
            ticket,
            [(note.plan, note.occurrence) for note in ordered],
            self._memory,
            tuple(self._promises.values()),
            self._connector,
            earlier=self._advised if self._connector.edits_notes and _only_reminds(ordered) else None,
            unread=() if any(map(self._is_read, ordered)) else AGENTS,
        )
        for audience, problem in composed.stopped.items():
            self.life.problems.append(f"{audience}: {problem}")
        for note in ordered:
            audience = note.plan.message.audience
            if audience in composed.parts:
                due = composed.promises.get(audience)
                self._stand(note, plain(composed.parts[audience]), due, composed.meaning)

    def _is_read(self, note: NewNote) -> bool:
        message = note.plan.message
        return message.audience is Audience.AGENTS and self._reads((message.audience, note.moment, message.rule))

    def _stand(self, note: NewNote, words: str, due: datetime | None, meaning: str) -> None:
        """As the outbox records a written note."""
        now, audience = self._clock.at, note.plan.message.audience
        rule, template = note.plan.message.rule, note.plan.message.template
        shown = words if self._reads((audience, note.moment, rule)) else ""
        self.life.said.append(
            Said(now, audience, note.moment, rule, shown, due, rule in self._shipped, template=template)
        )
        if audience is Audience.AGENTS:
            if note.plan.message.template:
                self._advised = note.plan
            remembering.agents_told(self._memory, note.moment, note.id, meaning)
            return
        self._ears.told(self._person, now)
        remembering.reader_told(self._memory, note.moment, words, due, now)
        self._pledge(note, due)

    def _draft(self, notes: list[NewNote]) -> None:
        now = self._clock.at
        for note in notes:
            rule = note.plan.message.rule
            self.life.said.append(Said(now, note.plan.message.audience, note.moment, rule, "", draft=True))

    # --- promises --------------------------------------------------------------------------------------------------

    def _pledge(self, note: NewNote, due: datetime | None) -> None:
        plan, audience = note.plan, note.plan.message.audience
        standing = self._promises.get(audience)
        if plan.pledge.idle(due, standing.due if standing else None):
            return
        now = self._clock.at
        if standing:
            done_with(self._memory, [standing])
        self._keep(audience, now)
        if plan.pledge is not Pledge.END and due and note.moment not in TERMINAL:
            self._promise(audience, due, now, f"note {note.id}", plan.paced_by)
            if plan.cadence:
                expect(self._memory, plan.cadence, now, due)

    def _promise(self, audience: Audience, due: datetime, made_at: datetime, made_by: str, rule: str) -> None:
        if audience not in CUSTOMER_FACING:
            return
        identity = f"{len(self.life.promises)}-{made_by}"
        self._promises[audience] = Promise(identity, self._ref, audience, due, made_at, made_by, rule)

    def _keep(self, audience: Audience, at: datetime) -> None:
        promise = self._promises.pop(audience, None)
        if promise:
            self._ended(promise, at, "kept" if at <= promise.due + SOON else "kept_late")

    def _withdraw(self, audience: Audience) -> None:
        promise = self._promises.pop(audience, None)
        if promise:
            self._ended(promise, self._clock.at, "withdrawn" if self._clock.at <= promise.due + SOON else "missed")

    def _ended(self, promise: Promise, at: datetime | None, how: str) -> None:
        self.life.promises.append(Outcome(promise.made_at, promise.due, at, how))

    # --- the end ---------------------------------------------------------------------------------------------------

    def end(self) -> Life:
        for promise in self._promises.values():
            self._ended(promise, None, "open")
        if self.life.held:
            return self.life.sealed()
        life, newest = self.life, self._newest
        if newest:
            ticket = newest.ticket
            service = self._book.current.catalogue.service_of(ticket)
            life.key, life.kind, life.priority = ticket.key, str(ticket.kind or Kind.INCIDENT), str(ticket.priority)
            life.service = service.id if service else ""
            life.person = ticket.requester.id if ticket.requester else ""
            life.opened_at = ticket.opened_at
        life.adopted = self._memory.adopted
        return life


def _only_reminds(notes: Sequence[NewNote]) -> bool:
    return any(note.plan.prompts and not note.plan.message.template for note in notes)


def first_word(life: Life) -> timedelta | None:
    """From opening to the first word to a customer; None where there was none."""
    said = [one.at for one in life.said if one.audience in CUSTOMER_FACING and not one.draft]
    return max(said[0] - life.opened_at, timedelta(0)) if said and life.opened_at else None


def without_words(life: Life) -> Life:
    """Small enough to travel between processes by the ten thousand."""
    return replace(life, said=[one._replace(words="", template="") for one in life.said])
