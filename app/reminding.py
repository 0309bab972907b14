"""Helping agents to keep a promise: the reminder before it is due, and who is told when nobody has written. Pure."""

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime

from app import timers
from app.memory import Memory
from app.prompts import Prompt, Why
from core.decisions import Cadence, Message, WhenMissed
from core.moments import Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience, note_id
from core.promises import Promise
from core.tickets import TicketRef
from core.times import iso

LEAD = "the team lead"
"""Whom is told where the rules name nobody."""
FIRST = "first"
IN_A_ROW = 3
"""Updates without news after which the lead is told."""
ANSWER = ":answer"
"""How the occurrence of the one reminder of our question ends; before it stands the promise."""
REMIND, DUE, ESCALATE, NEXT = "remind:", "due:", "escalate:", "next:"
MINE = (REMIND, DUE, ESCALATE)
OF_THE_NEXT = frozenset({Why.REMIND, Why.DUE, Why.DRAFT})
"""They name the time of the next word themselves."""
LASTING = frozenset({Why.FIRST, Why.QUIET, Why.ANSWERED})
"""What stays worth telling when the promise has been kept meanwhile."""


def promise_of(occurrence: str) -> str:
    """The promise that an occurrence of `update_due` stands or falls with, `""` where there is none."""
    head = occurrence.partition(":")[0]
    return "" if head in LASTING else head


def is_promised(moment: Moment) -> bool:
    """Whether its words keep a promise: an update that is due, or the one reminder of our question."""
    return moment.kind is MomentKind.UPDATE_DUE or moment.occurrence.endswith(ANSWER)


def attended_to(memory: Memory, promise: Promise) -> bool:
    """Whether its due time has come and was attended to: nothing more is said by itself."""
    return named(DUE, promise) in memory.rung


def named(what: str, promise: Promise) -> str:
    """A promise that is moved to another time rings again."""
    return f"{what}{promise.id}:{promise.due.timestamp():.0f}"


def expect(memory: Memory, cadence: Cadence, made_at: datetime, due: datetime) -> None:
    """A promise is made: look at the ticket again in time for what belongs to it."""
    times = [due + step.after for step in cadence.escalate]
    if cadence.remind and due - cadence.remind > made_at:
        times.append(due - cadence.remind)
    if times:
        memory.timers[NEXT + "promise"] = iso(min(times))


def done_with(memory: Memory, promises: Iterable[Promise]) -> None:
    """They are kept: nobody needs to look again whether they were."""
    kept = {promise.id for promise in promises}
    memory.timers = {name: at for name, at in memory.timers.items() if not _is_of(name, kept)}


def _is_of(name: str, promises: Container[str]) -> bool:
    return name.startswith(MINE) and name.split(":")[1] in promises


class Reminding:
    """What the agents are told in this look. Marks what it told, so that nothing is told twice."""

    def __init__(self, ref: TicketRef, memory: Memory, now: datetime) -> None:
        self._ref, self._memory, self._now = ref, memory, now

    def prompts(
        self,
        promises: Iterable[Promise],
        cadences: Mapping[Audience, Cadence],
        holding: Mapping[Audience, Message],
        writing: Container[Audience],
        said: Container[str],
    ) -> list[Prompt]:
        """`promises`: the open ones that nobody has kept. `cadences`: of those who are promised something now.

        `holding`: the words that are due. `writing`: who is written to in this look, which keeps their promise.
        `said`: promises whose update is said in it; it is never asked for again.
        """
        opened = list(promises)
        known = {promise.id for promise in opened}
        timers.drop(self._memory, lambda name: name.startswith(MINE) and not _is_of(name, known))
        timers.rung(self._memory, *(named(DUE, promise) for promise in opened if promise.id in said))
        found: list[Prompt] = []
        for promise in opened:
            audience, cadence = promise.audience, cadences.get(promise.audience)
            if cadence and audience in CUSTOMER_FACING:
                found += self._of(promise, cadence, holding.get(audience), writing=audience in writing)
        return found

    def _of(self, promise: Promise, cadence: Cadence, holding: Message | None, *, writing: bool) -> Iterator[Prompt]:
        if cadence.when_missed is WhenMissed.ESCALATE:
            holding = None
        remind_at = promise.due - cadence.remind if cadence.remind else None
        if remind_at and promise.made_at < remind_at:
            name = named(REMIND, promise)
            if timers.rings(self._memory, name, remind_at, self._now) and not writing:
                timers.rung(self._memory, name)
                if self._now < promise.due:
                    yield Prompt(Why.REMIND, promise.id, promise.due, holding=holding)
        if promise.due <= self._now and cadence.when_missed is not WhenMissed.SAY and not writing:
            yield from self._due(promise, cadence, holding)
        yield from self._late(promise, cadence, writing=writing)

    def _due(self, promise: Promise, cadence: Cadence, holding: Message | None) -> Iterator[Prompt]:
        name = named(DUE, promise)
        if name in self._memory.rung:
            return
        timers.rung(self._memory, name)
        after = next(iter(cadence.escalate), None)
        told = {"next_tell": after.tell, "next_at": promise.due + after.after} if after else {"tell": LEAD}
        if holding and cadence.when_missed is WhenMissed.DRAFT:
            draft = note_id(self._ref, MomentKind.UPDATE_DUE, promise.audience, promise.id)
            yield Prompt(Why.DRAFT, promise.id, promise.due, holding=holding, note=draft, **told)
        else:
            yield Prompt(Why.DUE, promise.id, promise.due, **told)

    def _late(self, promise: Promise, cadence: Cadence, *, writing: bool) -> Iterator[Prompt]:
        """The highest level whose time has come; those below it are told with it."""
        level = named(ESCALATE, promise)
        due = {
            name: step
            for place, step in enumerate(cadence.escalate)
            if timers.rings(self._memory, name := f"{level}:{place}", promise.due + step.after, self._now)
        }
        if due and not writing:
            timers.rung(self._memory, *due)
            tell = ", ".join(step.tell for step in due.values())
            yield Prompt(Why.LATE, promise.id, promise.due, tell=tell)

    def first(self, *, ended: bool) -> list[Prompt]:
        """The first word is late, and still waits for approval."""
        memory, due = self._memory, self._memory.first_due
        if due is None:
            return []
        if ended or memory.told_at or memory.agent_spoke_at:
            memory.first_due = None
            return []
        if not timers.rings(memory, FIRST, due, self._now):
            return []
        memory.first_due = None
        return [Prompt(Why.FIRST, due=due, tell=LEAD)]

    def quiet(self, cadence: Cadence | None, promise: Promise) -> list[Prompt]:
        """An update without news is about to be said; the lead is told once, with the third in a row."""
        if self._memory.holding != IN_A_ROW - 1:
            return []
        tell = next((step.tell for step in cadence.escalate), LEAD) if cadence else LEAD
        return [Prompt(Why.QUIET, promise.id, tell=tell)]


def occurrence(prompts: Iterable[Prompt]) -> str:
    """Of a note of its own, made of what it tells: the same is never told twice."""
    return "+".join(
        f"{p.why}:{p.promise}:{p.tell}" if p.why in LASTING else f"{p.promise}:{p.why}:{p.tell}:{p.due}"
        for p in prompts
    )


def still_true(prompt: Prompt, promises: Iterable[Promise]) -> bool:
    return prompt.why in LASTING or any(promise.id == prompt.promise for promise in promises)
