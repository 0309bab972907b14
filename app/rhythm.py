"""The rhythm of a ticket: which promises are made, kept, moved and withdrawn while it is considered. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from app.desk import Desk
from app.memory import Memory
from app.plans import Kept, NewPromise, Plan, Pledge
from app.reminding import expect
from app.truth import of_this_life, waits_for_requester
from core.decisions import Cadence, Decision, Reason, WhenMissed
from core.moments import Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.promises import Promise
from core.sightings import Comment, Snapshot
from core.sites import Site
from core.tickets import Ticket, TicketRef
from core.times import iso
from core.values import value
from rules.language import Budget

HUMAN_SPOKE = timedelta(minutes=10)
SPEED = {MomentKind.RAISED: Pledge.SOONER, MomentKind.LOWERED: Pledge.STANDING}

NextDue = Callable[[Cadence, Ticket, datetime], datetime]


@value
class Case:
    """All that is known when a ticket is considered. `comments` are re-read where their visibility was unknown.

    `speaking`: who has a note on its way; a promise to them that falls due meanwhile is that note's to keep. `desk`
    answers what agents and quiet hours ask; without one there are neither. `budget`: what limits the words to the
    requester at a moment; `heard`: when they were told something, in any of their tickets, as far back as it counts.
    """

    ref: TicketRef
    site: Site
    now: datetime
    memory: Memory
    attended: Snapshot | None
    newest: Snapshot | None
    comments: tuple[Comment, ...] = ()
    promises: tuple[Promise, ...] = ()
    gone: bool = False
    speaking: frozenset[Audience] = frozenset()
    desk: Desk | None = None
    budget: Callable[[Ticket, Moment], Budget | None] = lambda _ticket, _moment: None
    heard: tuple[datetime, ...] = ()


class Rhythm:
    """Writes into the plan it is given."""

    def __init__(self, case: Case, plan: Plan, next_due: NextDue) -> None:
        self._case, self._plan, self._next_due = case, plan, next_due
        self._human_kept = False

    @property
    def plan(self) -> Plan:
        return self._plan

    def human_keeps(self, comment: Comment) -> None:
        """An agent's public words keep what was promised to their readers."""
        if self._plan.memory.resting and self.waiting():
            return  # they were told of one reminder, and it comes unless they answer
        for promise in self._case.promises:
            # later, not equal: a comment that is delivered again must not keep the promise that it led to
            if promise.audience in CUSTOMER_FACING and iso(comment.at) > iso(promise.made_at):
                self._plan.kept.append(Kept(promise.audience, comment.at, f"comment {comment.id}"))
                self._human_kept = True

    def kept(self, audience: Audience) -> bool:
        return any(k.audience == audience for k in self._plan.kept)

    def withdraw_all(self, why: str) -> None:
        for promise in self._case.promises:
            if not self.kept(promise.audience):
                self._plan.withdrawn[promise.audience] = why

    def asked(self) -> bool:
        """Whether a public question of ours waits for the requester's answer."""
        asked, answered = self._plan.memory.agent_spoke_at, self._plan.memory.customer_spoke_at
        return asked is not None and (answered is None or asked > answered)

    def pledge(
        self, audience: Audience, kind: MomentKind, cadence: Cadence | None, *, reminder: bool = False
    ) -> Pledge:
        """`reminder`: these words remind them of our question; then nothing more is promised until they answer."""
        if audience not in CUSTOMER_FACING:
            return Pledge.NONE
        if self.waiting() and cadence and cadence.remind_requester and not reminder:
            return Pledge.NONE if self._plan.memory.resting else Pledge.REMIND
        return Pledge.END if self.rests(cadence) else SPEED.get(kind, Pledge.NEW)

    def settle(self, due: list[Promise], now_due: Decision) -> None:
        """Promises that no note will keep: withdrawn where they rest, moved where a human spoke."""
        writing = {n.plan.message.audience for n in self._plan.notes}
        for promise in self._case.promises:
            if promise.audience in writing or self.kept(promise.audience):
                continue
            cadence = now_due.cadences.get(promise.audience)
            if self._plan.memory.resting and self.waiting() and promise not in due:
                continue
            if self.rests(cadence):
                self._plan.withdrawn[promise.audience] = "nothing more is promised in this state"
            elif promise in due and not (cadence and cadence.when_missed is WhenMissed.ESCALATE):
                self._plan.withdrawn[promise.audience] = "the rules have no words for an update here"
        self.roll(now_due)

    def hasten(self, now_due: Decision) -> None:
        """More urgent, and no words say so: the next word comes by the new cadence, where that is earlier."""
        audience = Audience.REQUESTER
        cadence = now_due.cadences.get(audience)
        if cadence is None or self.rests(cadence) or self._is_written(audience) or self.kept(audience):
            return
        due = self._next_due(cadence, paced(self._ticket, self._plan.memory), self._case.now)
        for promise in self._case.promises:
            if promise.audience is audience and audience not in self._plan.withdrawn and due < promise.due:
                self._plan.moved[audience] = due, "the raised priority"

    def wake(self) -> bool:
        """Whether the wait for the requester is over: the promise to remind them is taken back."""
        memory, audience = self._plan.memory, Audience.REQUESTER
        if not memory.resting or self.waiting():
            return False
        memory.resting = False
        if any(p.audience is audience for p in self._case.promises) and not self.kept(audience):
            self._plan.withdrawn[audience] = "the requester has answered, or is not waited for any more"
        return True

    def go_on(self, now_due: Decision) -> NewPromise | None:
        """After a wait that ended without words of ours: the updates go on."""
        audience = Audience.REQUESTER
        cadence, planned = now_due.cadences.get(audience), self._plan.promises
        taken = self._is_written(audience) or any(p.audience is audience for p in planned)
        if cadence is None or self.rests(cadence) or taken:
            return None
        due = self._next_due(cadence, paced(self._ticket, self._plan.memory), self._case.now)
        expect(self._plan.memory, cadence, self._case.now, due)
        planned.append(NewPromise(audience, due, self._case.now, "the end of a wait", cadence.rule))
        return planned[-1]

    def _is_written(self, audience: Audience) -> bool:
        return any(n.plan.message.audience is audience for n in self._plan.notes)

    def roll(self, now_due: Decision) -> None:
        """After a human's words the rhythm goes on from them; where they ask the requester, it rests."""
        cadence = now_due.cadences.get(Audience.REQUESTER)
        self._roll(cadence)
        # without a reminder, too: their answer must find it resting, to wake it
        if cadence and not cadence.remind_requester and self.waiting():
            self._plan.memory.resting = True

    def _roll(self, cadence: Cadence | None) -> None:
        audience = Audience.REQUESTER
        spoke = self._plan.memory.agent_spoke_at
        if not spoke or cadence is None or not self._human_leads() or self._is_written(audience):
            return
        if self.waiting() and cadence.remind_requester and not self._plan.memory.resting:
            self._remind(cadence, spoke)
        if self.rests(cadence):
            return
        if not self._human_kept and any(p.audience == audience for p in self._case.promises):
            return
        if any(p.audience is audience for p in self._plan.promises):
            return
        since = max(spoke, self._case.now - cadence.every + HUMAN_SPOKE)
        due = self._next_due(cadence, paced(self._ticket, self._plan.memory), since)
        expect(self._plan.memory, cadence, self._case.now, due)
        self._plan.promises.append(NewPromise(audience, due, spoke, "an agent's comment", cadence.rule))

    def _remind(self, cadence: Cadence, spoke: datetime) -> None:
        """An agent's own question stands: it is reminded of once, though no words of ours have said so."""
        self._plan.memory.resting = True
        due = self._next_due(reminding(cadence), self._ticket, spoke)
        if any(p.audience is Audience.REQUESTER for p in self._case.promises) and not self.kept(Audience.REQUESTER):
            self._plan.withdrawn[Audience.REQUESTER] = "updates rest until the requester answers"
        self._plan.promises.append(
            NewPromise(Audience.REQUESTER, max(due, self._case.now), spoke, "an agent's question", cadence.rule)
        )

    def _human_leads(self) -> bool:
        return self._human_kept or any(e.reason == Reason.SAID_BY_HUMAN for e in self._plan.entries)

    def rests(self, cadence: Cadence | None) -> bool:
        """Nothing more is promised: no cadence, an ended or muted ticket, or we wait for the reader's own answer."""
        return cadence is None or self._ticket.ended or self.waiting() or self._plan.memory.muted_at is not None

    def waiting(self) -> bool:
        """Whether the work waits for the requester's answer to a question of ours."""
        ticket = self._case.newest.ticket if self._case.newest else None
        return ticket is not None and waits_for_requester(ticket) and self.asked()

    @property
    def _ticket(self) -> Ticket:
        assert self._case.newest is not None
        return self._case.newest.ticket


def reminding(cadence: Cadence) -> Cadence:
    """The pace of the one reminder of our question."""
    every = cadence.remind_requester or cadence.every
    return replace(cadence, every=every, monitoring=None, stretch=())


def paced(ticket: Ticket, memory: Memory) -> Ticket:
    """The ticket as its cadence sees it: reopened or raised, it is as urgent as on its first day."""
    ticket = of_this_life(ticket, memory)
    afresh = [at for at in (memory.reopened_at, memory.raised_at) if at]
    return ticket.evolve(opened_at=max(afresh)) if afresh else ticket
