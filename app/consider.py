"""Considering a ticket: from what was seen to what is said, kept, promised, and why the rest stays silent. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from app import difference, families, reminding, timers, truth
from app.diary import Appointments, Diary, nothing
from app.hush import OUTLASTS_A_MUTE, Hush
from app.journal import silent
from app.plans import NewNote, NotePlan, Plan, Pledge
from app.prompts import Prompt, Why
from app.reminding import Reminding
from app.rhythm import HUMAN_SPOKE, Case, NextDue, Rhythm
from app.steered import Steered
from app.truth import waits_for_requester
from core.decisions import Cadence, Decision, Message, Mode, Reason, WhenMissed
from core.moments import TERMINAL, Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience, NoteState, note_id
from core.promises import Promise
from core.sightings import Author, Comment, Snapshot
from core.tickets import State, Ticket
from core.times import AHEAD, from_iso, iso
from rules.budgets import in_words

ORDER = (Audience.REQUESTER, Audience.BUSINESS, Audience.CUSTOMERS, Audience.AGENTS)
REACHED = frozenset({Audience.REQUESTER, Audience.AGENTS})
M = MomentKind
TOLD_WITH_IT = frozenset(
    {M.ACKNOWLEDGED, M.RAISED, M.LOWERED, M.PHASE_CHANGED, M.SCOPE_CHANGED, M.WAITING_FOR_VENDOR, M.RESUMED}
)
"""News that words an agent asked for in the same look tell, or make small: two messages in one minute, each with
another time, would be worse.
"""

Decide = Callable[[Ticket, Moment, datetime, tuple[str, ...]], Decision]


def consider(case: Case, decide: Decide, next_due: NextDue, appointments: Appointments = nothing) -> Plan:
    return _Consideration(case, decide, next_due, appointments).plan_it()


class _Consideration:
    def __init__(self, case: Case, decide: Decide, next_due: NextDue, appointments: Appointments) -> None:
        self.case, self.decide = case, decide
        self.memory = case.memory.copy()
        self._before = case.attended.ticket if case.attended else None
        self.plan = Plan(self.memory, newest=case.newest)
        self.diary = Diary(self.memory, self.plan.entries, case.now, appointments)
        timers.forget(self.memory)
        self.reminding = Reminding(case.ref, self.memory, case.now)
        self.rhythm = Rhythm(case, self.plan, next_due)
        self.hush = Hush(self.memory, case.now, case.desk)
        self.steered = Steered(case, self.rhythm, self.hush)
        self.owed: dict[Audience, list[tuple[Moment, Decision]]] = {}

    def plan_it(self) -> Plan:
        case = self.case
        self._listen()
        if case.gone:
            return self._gone()
        if case.newest is None:
            return self.plan
        if not case.newest.served:
            return self._not_served(case.newest)
        self._report_unmapped(case.newest)
        if case.attended is None and self._adopts(case.newest.ticket):
            return self._adopt(case.newest)
        self._take(case.newest.ticket)
        return self._attend_to(case.newest, self._kinds())

    def _attend_to(self, newest: Snapshot, kinds: list[M]) -> Plan:
        case, plan = self.case, self.plan
        now_due = self.decide(self.ticket, self._moment(M.UPDATE_DUE), case.now, self._held())
        if now_due.sealed:
            return self._seal(now_due, kinds)
        self.memory.gates = []
        self._steer(now_due)
        if kinds and (chosen := self.steered.chosen):  # one time in both: what is said of the same save names it, too
            self.memory.next_at = chosen
        woken = self.rhythm.wake()
        unkept = [p for p in case.promises if not self.rhythm.kept(p.audience) and p.audience not in plan.withdrawn]
        open_ones = [p for p in unkept if p.audience not in case.speaking]
        due = [p for p in open_ones if p.due <= case.now and not reminding.attended_to(self.memory, p)]
        if due and self.ticket.ended:
            if not (TERMINAL & set(kinds) and self._owed_at_the_end(due)):
                self.rhythm.withdraw_all("the ticket has ended")
            due = unkept = []
        due = self._audible(due)
        appointed = self.diary.due(self.ticket, self._before)
        if kinds or due or appointed or self.owed:
            self._speak([*map(self._moment, kinds), *appointed], due, now_due)
        else:
            plan.attended = newest
            self._forget_pending(kinds)
            self.rhythm.roll(now_due)
        answered = self._go_on(now_due) if woken else []
        self._prompt([*answered, *self._prompts(unkept, due, now_due)], now_due)
        if plan.attended:
            self.diary.turn()
        self.diary.set_timers(self.ticket)
        self.hush.set_timers(self.ticket)
        return plan

    def _owed_at_the_end(self, due: list[Promise]) -> bool:
        """Whether a word was overdue when it ended: then the last word keeps that promise, late as it is."""
        ended = self.ticket.resolved_at or self.ticket.closed_at or self.memory.state_since or self.case.now
        return not all(promise.on_time(ended) for promise in due)

    # --- listening -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for comment in sorted(self.case.comments, key=lambda c: c.at):
            # believed, a time to come would be "just now" until then, and keep us silent
            odd = comment.public and comment.at - self.case.now > AHEAD
            self._hear(replace(comment, at=self.case.now) if odd else comment)

    def _hear(self, comment: Comment) -> None:
        memory = self.memory
        if comment.author is Author.LIAISON or comment.marker:
            self.plan.entries.append(silent(Reason.OWN_ECHO))
        elif comment.author is Author.CUSTOMER:
            memory.customer_spoke_at = max(comment.at, memory.customer_spoke_at or comment.at)
        elif comment.author is Author.AGENT and comment.public and not comment.edited:
            memory.agent_spoke_at = max(comment.at, memory.agent_spoke_at or comment.at)
            memory.holding = 0
            if self.case.now - comment.at < HUMAN_SPOKE:  # what still waits to be sent would talk over them
                self.plan.drop_notes.add(Audience.REQUESTER)
            memory.moved = ""
            self.rhythm.human_keeps(comment)
        else:
            self.steered.hear(comment)

    # --- the ends of the road --------------------------------------------------------------------------------------

    def _gone(self) -> Plan:
        if not self.memory.gone:
            self.memory.gone = True
            self.plan.entries.append(silent(Reason.GONE, "The ticket was deleted."))
        self._stop_settling()
        self.rhythm.withdraw_all("the ticket was deleted")
        self._drop_notes()
        return self.plan

    def _not_served(self, newest: Snapshot) -> Plan:
        why = newest.not_served_because or "This site does not serve it."
        if self.memory.not_served != why:
            self.memory.not_served = why
            self.plan.entries.append(silent(Reason.NOT_CONFIGURED, why))
        self._stop_settling()
        self.rhythm.withdraw_all("the ticket is not served any more")
        self._drop_notes()
        self.plan.attended = newest
        return self.plan

    def _adopts(self, ticket: Ticket) -> bool:
        if self.memory.pending:  # seen open before, and still settling
            return False
        old = ticket.opened_at is None or ticket.opened_at < self.case.site.speak_from
        return ticket.ended or old or ticket.state == ""

    def _adopt(self, newest: Snapshot) -> Plan:
        ticket = newest.ticket
        self.memory.adopted = True
        self.memory.acknowledged = ticket.state != State.NEW
        self.diary.adopt(ticket)
        if ticket.ended:
            why = "It had ended before Liaison first saw it."
        elif ticket.opened_at is None or not ticket.state:
            why = "The platform does not say since when it is open, or in which state."
        else:
            why = f"It was opened before Liaison began to speak here ({iso(self.case.site.speak_from)[:16]}Z)."
        self.plan.entries.append(silent(Reason.ADOPTED, why))
        self.plan.attended = newest
        self.diary.turn()
        self.diary.set_timers(ticket)
        return self._steer_alone(ticket) if self.steered.heard else self.plan

    def _report_unmapped(self, newest: Snapshot) -> None:
        for unmapped in newest.unmapped:
            name = f"{unmapped.field}={unmapped.value}"
            if name not in self.memory.unmapped:
                self.memory.unmapped = [*self.memory.unmapped, name][-20:]
                detail = f"The {unmapped.field} {unmapped.value[:80]!r} is not mapped: add it to the site's map."
                self.plan.entries.append(silent(Reason.UNMAPPED, detail))

    def _seal(self, decision: Decision, kinds: list[M]) -> Plan:
        """A gate silences everything: nothing is said, promised or kept waiting."""
        silence = decision.silences[Audience.AGENTS]
        self.steered.ignore(silence)
        newly = any(gate not in self.memory.gates for gate in decision.gates)
        moments = [str(kind) for kind in kinds] or ([""] if newly else [])
        for kind in moments:
            self.plan.entries.append(
                silent(Reason.GATED, silence.detail, moment=kind, rule=silence.by, rule_set=decision.rule_set)
            )
        self._count(kinds)
        self._stop_settling()
        self.memory.gates = list(decision.gates)
        self.memory.held = sorted({*self.memory.held, *decision.sticky})
        self.rhythm.withdraw_all(f"gate {silence.by}")
        self._drop_notes()
        self.diary.turn()
        self.plan.attended = self.case.newest
        return self.plan

    def _drop_notes(self) -> None:
        self.plan.drop_notes = set(Audience)
        self.plan.drop_words = True
        self.hush.forget()

    def _take(self, ticket: Ticket) -> None:
        truth.note_phase(self._before, ticket, self.memory)
        self.ticket = truth.of_this_life(ticket, self.memory)
        self._note_state()

    def _note_state(self) -> None:
        state = f"{self.ticket.state}/{self.ticket.phase}/{self.ticket.hold_reason}"
        if state != self.memory.state:
            self.memory.state = state
            self.memory.fact = ""
            self.memory.state_since = min(self.ticket.updated_at or self.case.now, self.case.now)
        self.memory.with_parent = families.ends_with_parent(self._before, self.ticket, self.memory, self.case.now)

    # --- moments ---------------------------------------------------------------------------------------------------

    def _kinds(self) -> list[M]:
        before = self._before
        kinds = self._of_family(difference.moments(before, self.ticket, self.memory, self.case.now))
        self._see_through(kinds)
        if M.WAITING_FOR_REQUESTER in kinds and not self.rhythm.asked():
            self.memory.moved = before.state if before else State.IN_PROGRESS
            kinds.remove(M.WAITING_FOR_REQUESTER)
            self.plan.entries.append(
                silent(
                    Reason.SILENCED,
                    "Nobody asked the requester a public question, so there is nothing to answer.",
                    moment=M.WAITING_FOR_REQUESTER,
                )
            )
        return kinds

    def _of_family(self, kinds: list[M]) -> list[M]:
        """With what the parent's change means for this ticket, and without an end that was told with the parent's."""
        found = [*families.moments(self._before, self.ticket, self._follows, self.memory)]
        kinds = sorted({*kinds, *found}, key=difference.LEADS.__getitem__) if found else kinds
        if M.RESOLVED in kinds and self.ticket.ended and families.is_told_already(self.memory):
            kinds.remove(M.RESOLVED)
            why = "The requester heard of the end when the parent ended."
            self.plan.entries.append(silent(Reason.SUPERSEDED, why, moment=M.RESOLVED))
        return kinds

    def _follows(self, ticket: Ticket) -> bool:
        """Whether a parent speaks for it."""
        silences = self.decide(ticket, self._moment(M.UPDATE_DUE), self.case.now, self._held()).silences
        return any(silence.reason is Reason.FOLLOWS_PARENT for silence in silences.values())

    def _see_through(self, kinds: list[M]) -> None:
        """Leaving a wait that nobody was asked to end: the work had never rested."""
        if not self.memory.moved or self.ticket.state == State.ON_HOLD:
            return
        self.memory.moved = ""
        if M.RESUMED in kinds:
            kinds.remove(M.RESUMED)
            self.plan.entries.append(
                silent(Reason.SILENCED, "Nobody had been asked anything: the work never rested.", moment=M.RESUMED)
            )

    def _moment(self, kind: M, occurrence: str = "") -> Moment:
        occurrence = occurrence or families.occurrence(kind, self.ticket, self.memory)
        row = self.memory.holding if kind is M.UPDATE_DUE else int(occurrence.endswith(reminding.ANSWER))
        return Moment(kind, occurrence or self.memory.occurrence(kind), self.case.now, self._before, row)

    def _held(self) -> tuple[str, ...]:
        return tuple(gate for gate in self.memory.held if gate not in self.memory.lifted)

    def _speak(self, happened: list[Moment], due: list[Promise], now_due: Decision) -> Plan:
        happened = difference.led(happened)
        kinds = [moment.kind for moment in happened]
        moments = [(m, self._decided(m)) for m in happened]
        if kinds and not due and not self.owed and not self._settled(kinds, moments[0][1]):
            self.rhythm.roll(now_due)
            return self.plan
        self._forget_pending(kinds)
        for audience in ORDER:
            news = self._with_owed(audience, moments)
            self._say(audience, news + self._late(audience, due, now_due, moments) if due else news)
        self._remember(kinds)
        spoken_of = [*happened, *(moment for owed in self.owed.values() for moment, _ in owed)]
        self.diary.remember(self.ticket, spoken_of, {n.plan.message.audience for n in self.plan.notes})
        self.rhythm.settle(due, now_due)
        if M.RAISED in kinds:
            self.rhythm.hasten(now_due)
        self.plan.attended = self.case.newest
        return self.plan

    # --- what agents order, and quiet hours ------------------------------------------------------------------------

    def _asked(self, kind: M) -> Decision:
        return self.decide(self.ticket, self._moment(kind), self.case.now, self._held())

    def _steer(self, now_due: Decision) -> None:
        """Orders first: they decide who hears what follows."""
        memory, now = self.memory, self.case.now
        if memory.next_at and (memory.next_at <= now or self.ticket.ended):
            memory.next_at = None
        self.steered.lapse(now_due)
        self.steered.obey(now_due, self._asked)
        if self.hush.muted(Audience.REQUESTER):
            for promise in [p for p in self.case.promises if p.audience is Audience.REQUESTER]:
                if not self.rhythm.kept(promise.audience):
                    self.plan.withdrawn.setdefault(promise.audience, "the ticket is muted")
        waiting = [a for a in map(Audience, memory.owed) if not self.hush.quiet(a, self.ticket)]
        for audience in [a for a in waiting if not self.hush.muted(a)]:
            kept_back = [self._moment(kind, name) for kind, name in self.hush.owed(audience, self.ticket)]
            if kept_back:
                self.owed[audience] = [(m, self._decided(m)) for m in kept_back]
            if audience is Audience.REQUESTER and memory.owed_due:
                promised, memory.owed_due = memory.owed_due, None
                self.steered.stand_by(promised, now_due)

    def _steer_alone(self, ticket: Ticket) -> Plan:
        """Orders in a ticket that is taken over just now."""
        self._take(ticket)
        now_due = self._asked(M.UPDATE_DUE)
        if now_due.sealed:
            return self._seal(now_due, [])
        self.steered.obey(now_due, self._asked)
        self.hush.set_timers(self.ticket)
        return self.plan

    def _audible(self, due: list[Promise]) -> list[Promise]:
        """Due promises of those who may be spoken to now; the others' are kept when their quiet hours end."""
        told = {Audience.REQUESTER} if self.steered.speaks else set()
        found = []
        for promise in [p for p in due if p.audience not in told]:
            hushed = self._hushed(promise.audience)
            if hushed is None:
                found.append(promise)
            elif self.hush.keep_back(promise.audience, self._moment(M.UPDATE_DUE, promise.id)):
                line = silent(*hushed, moment=M.UPDATE_DUE, audience=promise.audience)
                self.plan.entries.append(line)
        return found

    def _hushed(self, audience: Audience) -> tuple[Reason, str] | None:
        desk = self.case.desk
        if desk is None or (quiet := self.hush.quiet(audience, self.ticket)) is None:
            return None
        return Reason.QUIET_HOURS, f"Quiet hours until {desk.at(quiet.until, self.case.now, self.ticket)} ({quiet.by})."

    def _with_owed(self, audience: Audience, moments: list[tuple[Moment, Decision]]) -> list[tuple[Moment, Decision]]:
        """With what was kept back in quiet hours: one message, the leading moment of all."""
        owed = self.owed.get(audience, [])
        return sorted([*owed, *moments], key=lambda pair: difference.LEADS[pair[0].kind]) if owed else moments

    def _late(
        self, audience: Audience, due: list[Promise], now_due: Decision, moments: list[tuple[Moment, Decision]]
    ) -> list[tuple[Moment, Decision]]:
        """What is said because a promise is due; nothing where the rules want a person's words."""
        if self.memory.resting:
            return self._reminders(audience, due)
        spoken = [p for p in due if self._when_missed(p, now_due) is not WhenMissed.ESCALATE]
        if audience is Audience.AGENTS:
            told = [p for p in spoken if self._when_missed(p, now_due) is WhenMissed.SAY]
            return [(self._moment(M.UPDATE_DUE, p.id), now_due) for p in told[:1] if not moments]
        for promise in due:
            if promise.audience is audience and promise not in spoken:
                why = "The rules want a person's words here: nothing goes out by itself."
                self.plan.entries.append(silent(Reason.SILENCED, why, moment=M.UPDATE_DUE, audience=audience))
        return [(self._moment(M.UPDATE_DUE, p.id), now_due) for p in spoken if p.audience is audience]

    def _reminders(self, audience: Audience, due: list[Promise]) -> list[tuple[Moment, Decision]]:
        """The one reminder of our question, and a word to the agents beside it."""
        found = [p for p in due if audience in (p.audience, Audience.AGENTS)]
        moments = [self._moment(M.WAITING_FOR_REQUESTER, p.id + reminding.ANSWER) for p in found]
        return [(moment, self.decide(self.ticket, moment, self.case.now, self._held())) for moment in moments]

    def _go_on(self, now_due: Decision) -> list[Prompt]:
        """The requester has answered: the updates go on, and agents see it where the ticket still waits."""
        promise = self.rhythm.go_on(now_due)
        if promise is None or not waits_for_requester(self.ticket):
            return []
        replied = self.memory.customer_spoke_at or self.case.now
        return [Prompt(Why.ANSWERED, iso(replied), promise.due)]

    @staticmethod
    def _when_missed(promise: Promise, now_due: Decision) -> WhenMissed:
        cadence = now_due.cadences.get(promise.audience)
        return cadence.when_missed if cadence else WhenMissed.SAY

    def _settled(self, kinds: list[M], lead: Decision) -> bool:
        """Whether the leading moment has stood long enough; if not, when to look again."""
        self._drop_vanished(kinds)
        now = iso(self.case.now)
        for kind in kinds:
            # not a time to come: the clock may have been put back since
            self.memory.pending[str(kind)] = min(self.memory.pending.get(str(kind), now), now)
        until = from_iso(self.memory.pending[kinds[0]]) + lead.settle
        cadence = lead.cadences.get(Audience.REQUESTER)
        if kinds[0] is M.OPENED and cadence and cadence.first and self.ticket.opened_at:
            until = min(until, self.ticket.opened_at + cadence.first)
        if until <= self.case.now:
            return True
        self.memory.settle_until = until
        return False

    def _drop_vanished(self, kinds: list[M]) -> None:
        over = bool(kinds) and kinds[0] in TERMINAL
        for kind in [k for k in self.memory.pending if k not in kinds]:
            reason = Reason.SUPERSEDED if over else Reason.SETTLING
            detail = (
                "Something newer replaced it before it was said." if over else "It was undone before it had settled."
            )
            self.plan.entries.append(silent(reason, detail, moment=kind))
            del self.memory.pending[kind]

    def _forget_pending(self, kinds: list[M]) -> None:
        self._drop_vanished(kinds)
        self._stop_settling()

    def _stop_settling(self) -> None:
        self.memory.pending = {}
        self.memory.settle_until = None

    def _decided(self, moment: Moment) -> Decision:
        ticket = families.as_ended(self.ticket) if families.is_end(moment.occurrence) else self.ticket
        return self.decide(ticket, moment, self.case.now, self._held())

    def _remember(self, kinds: list[M]) -> None:
        self._count(kinds)
        memory, ticket = self.memory, self.ticket
        memory.acknowledged = memory.acknowledged or ticket.state not in ("", State.NEW)
        if M.DELAYED in kinds and ticket.planned_end:
            memory.delayed_for = iso(ticket.planned_end)
        for outcome in (M.FINISHED, M.FAILED):
            if outcome in kinds:
                memory.outcome = str(outcome)
        if {M.REOPENED, M.JOINED, M.LEFT_FAMILY} & set(kinds):
            memory.family_end = None
        if any(families.is_end(n.occurrence) and n.plan.message.audience in CUSTOMER_FACING for n in self.plan.notes):
            memory.family_end = self.case.now
        if M.REOPENED in kinds:
            memory.outcome, memory.reopened_at = "", self.case.now
        if M.RAISED in kinds:
            memory.raised_at = self.case.now

    def _count(self, kinds: list[M]) -> None:
        for kind in kinds:
            self.memory.count(kind)

    # --- saying ----------------------------------------------------------------------------------------------------

    def _say(self, audience: Audience, moments: list[tuple[Moment, Decision]]) -> None:
        """One note at most: the first moment whose rules have words for this audience."""
        for place, (moment, decision) in enumerate(moments):
            message = decision.messages.get(audience)
            if message and (
                self._told_with_it(audience, moment, message) or self._swallowed(audience, moment, message)
            ):
                continue  # what may go out later says the newest truth anyway
            if message:
                self._write(audience, moment, decision, message)
            else:
                self._stay_silent(audience, moment, decision)
                if moment.kind in TERMINAL:
                    self.plan.drop_notes.add(audience)
            if message or (moment.kind in TERMINAL and _chosen_silence(decision, audience)):
                for later, _ in moments[place + 1 :]:
                    self.plan.entries.append(
                        silent(Reason.SUPERSEDED, f"Said with {moment.kind}.", moment=later.kind, audience=audience)
                    )
                return

    def _told_with_it(self, audience: Audience, moment: Moment, message: Message) -> bool:
        """Whether an agent has the requester told in this very look, in words or with a time of their own."""
        if audience is not Audience.REQUESTER or moment.kind not in TOLD_WITH_IT or not self.steered.speaks:
            return False
        why = "An agent has the requester told at the same time."
        line = silent(Reason.SAID_BY_HUMAN, why, moment=moment.kind, audience=audience, rule=message.rule)
        self.plan.entries.append(line)
        return True

    def _swallowed(self, audience: Audience, moment: Moment, message: Message) -> bool:
        """Whether the requester has heard enough for now, and nothing else keeps this from being said.

        Never the end, nor what was promised.
        """
        assert self.case.newest is not None
        if audience is not Audience.REQUESTER or moment.kind in TERMINAL or reminding.is_promised(moment):
            return False
        budget = self.case.budget(self.ticket, moment)
        if budget is None or self._obstacle(audience, self.case.newest):
            return False
        heard = sum(at > self.case.now - budget.within for at in self.case.heard)
        if heard < budget.most:
            return False
        why = f"They may read {in_words(budget)}, and have read {heard} ({budget.place})."
        self.plan.entries.append(silent(Reason.BUDGET, why, moment=moment.kind, audience=audience, rule=message.rule))
        return True

    def _stay_silent(self, audience: Audience, moment: Moment, decision: Decision) -> None:
        silence = decision.silences.get(audience)
        # who has no sink yet misses nothing: only words that were written for them are worth a line
        if silence and (audience in REACHED or silence.reason is Reason.NO_SINK):
            self.plan.entries.append(
                silent(
                    silence.reason,
                    silence.detail,
                    moment=moment.kind,
                    audience=audience,
                    rule=silence.by,
                    rule_set=decision.rule_set,
                )
            )

    def _write(self, audience: Audience, moment: Moment, decision: Decision, message: Message) -> None:
        assert self.case.newest is not None
        obstacle = self._obstacle(audience, self.case.newest)
        if obstacle:
            reason, detail = obstacle
            self.plan.entries.append(silent(reason, detail, moment=moment.kind, audience=audience, rule=message.rule))
            self.plan.drop_notes.add(audience)
            muted = obstacle == self.hush.muted(audience)
            if reason is Reason.QUIET_HOURS or (muted and moment.kind in OUTLASTS_A_MUTE):
                self.hush.keep_back(audience, moment)
                self._keep_in_mind(audience, moment)
            return
        cadence = decision.cadences.get(audience)
        if moment.kind is M.UPDATE_DUE and cadence and cadence.when_missed is WhenMissed.DRAFT:
            message = replace(message, mode=Mode.DRAFT)
        draft = message.mode is Mode.DRAFT
        if draft:
            self.plan.entries.append(silent(Reason.DRAFT, moment=moment.kind, audience=audience))
        if draft and moment.kind is M.OPENED and cadence and cadence.first and self.ticket.opened_at:
            self.memory.first_due = self.ticket.opened_at + cadence.first
        plan = NotePlan(
            message=message,
            pledge=self._pledge(audience, moment, cadence),
            at=moment.at,
            impacts=decision.impacts,
            cadence=cadence,
            requester_silence=self._why_requester_silent(moment.kind) if audience is Audience.AGENTS else "",
        )
        identity = note_id(self.case.ref, moment.kind, audience, moment.occurrence)
        state = NoteState.DRAFT if draft else NoteState.PLANNED
        self.plan.notes.append(NewNote(identity, moment.kind, moment.occurrence, state, plan, decision.rule_set))
        self.plan.drop_notes.add(audience)

    def _keep_in_mind(self, audience: Audience, moment: Moment) -> None:
        """What they were promised, where they do not hear of its end: the end may be taken back before they do."""
        standing = next((p.due for p in self.case.promises if p.audience is audience), None)
        if audience is Audience.REQUESTER and moment.kind in TERMINAL:
            self.memory.owed_due = self.memory.owed_due or standing

    def _pledge(self, audience: Audience, moment: Moment, cadence: Cadence | None) -> Pledge:
        pledge = self.rhythm.pledge(
            audience, moment.kind, cadence, reminder=moment.occurrence.endswith(reminding.ANSWER)
        )
        if pledge is Pledge.NEW and audience in self.plan.moved:
            pledge = Pledge.SOONER  # an agent wants them to hear earlier than the rules do
        self.memory.resting = self.memory.resting or pledge is Pledge.REMIND
        return pledge

    def _obstacle(self, audience: Audience, newest: Snapshot) -> tuple[Reason, str] | None:
        if audience not in self.case.site.speaks:
            return Reason.MUTED, f"This site does not speak to {audience}."
        if audience not in newest.sinks:
            return Reason.NO_SINK, f"This ticket has no place that only {audience} would read."
        if muted := self.hush.muted(audience):
            return muted
        spoke = self.memory.agent_spoke_at
        if audience in CUSTOMER_FACING and spoke and self.case.now - spoke < HUMAN_SPOKE:
            return Reason.SAID_BY_HUMAN, "An agent has just written to the requester."
        return self._hushed(audience)

    def _why_requester_silent(self, moment: str) -> str:
        if moment == M.REPLIED or any(n.plan.message.audience is Audience.REQUESTER for n in self.plan.notes):
            return ""
        mine = [e for e in self.plan.entries if e.audience == Audience.REQUESTER and e.moment == moment]
        return mine[-1].reason if mine else ""

    # --- helping the agents ----------------------------------------------------------------------------------------

    def _prompts(self, unkept: list[Promise], due: list[Promise], now_due: Decision) -> list[Prompt]:
        writing = {n.plan.message.audience for n in self.plan.notes if n.state is NoteState.PLANNED}
        still = [p for p in unkept if p.audience not in self.plan.withdrawn]
        paced = {a: c for a, c in now_due.cadences.items() if not self.rhythm.rests(c)}
        said = [reminding.promise_of(n.occurrence) for n in self.plan.notes if self._is_holding(n)]
        hushed = {p.audience for p in still if self._quiet_at(p)}
        holding = {a: message for a, message in now_due.messages.items() if a not in hushed}
        found = self.reminding.prompts(still, paced, holding, writing, said)
        found += self.reminding.first(ended=self.ticket.ended)
        quiet = next((p for p in due if p.id in said and not self.memory.resting), None)
        if quiet:  # another update without news
            found += self.reminding.quiet(now_due.cadences.get(quiet.audience), quiet)
        return found

    def _quiet_at(self, promise: Promise) -> bool:
        """Whether it falls due in quiet hours that did not count when it was made: then nothing goes out by itself."""
        desk = self.case.desk
        return desk is not None and desk.quiet(promise.audience, self.ticket, promise.due) is not None

    @staticmethod
    def _is_holding(note: NewNote) -> bool:
        due = note.moment is M.UPDATE_DUE or note.occurrence.endswith(reminding.ANSWER)
        return due and note.state is NoteState.PLANNED and note.plan.message.audience in CUSTOMER_FACING

    def _prompt(self, prompts: list[Prompt], now_due: Decision) -> None:
        """In the agents' note of this look, or in one of its own."""
        if not prompts:
            return
        cadence = now_due.cadences.get(Audience.REQUESTER)
        agents = [n for n in self.plan.notes if n.plan.message.audience is Audience.AGENTS]
        mine = [n for n in agents if n.state is NoteState.PLANNED]
        for note in mine:
            extended = replace(note.plan, prompts=tuple(prompts), cadence=cadence)
            self.plan.notes[self.plan.notes.index(note)] = replace(note, plan=extended)
        if not mine:
            self._prompt_alone(prompts, now_due, cadence)

    def _prompt_alone(self, prompts: list[Prompt], now_due: Decision, cadence: Cadence | None) -> None:
        assert self.case.newest is not None
        occurrence = reminding.occurrence(prompts)
        obstacle = self._obstacle(Audience.AGENTS, self.case.newest)
        silence = now_due.silences.get(Audience.AGENTS)
        if silence and silence.reason is Reason.GATED:
            obstacle = Reason.GATED, silence.detail
        if obstacle:
            reason, detail = obstacle
            self.plan.entries.append(silent(reason, detail, moment=M.UPDATE_DUE, audience=Audience.AGENTS))
            return
        said = now_due.messages.get(Audience.REQUESTER)
        rule = said.rule if said else cadence.rule if cadence else ""
        message = Message(Audience.AGENTS, M.UPDATE_DUE, rule, "", said.where if said else "")
        plan = NotePlan(message, Pledge.NONE, self.case.now, now_due.impacts, cadence, prompts=tuple(prompts))
        identity = note_id(self.case.ref, M.UPDATE_DUE, Audience.AGENTS, occurrence)
        self.plan.notes.append(NewNote(identity, M.UPDATE_DUE, occurrence, NoteState.PLANNED, plan, now_due.rule_set))


def _chosen_silence(decision: Decision, audience: Audience) -> bool:
    silence = decision.silences.get(audience)
    return silence is not None and silence.reason is Reason.SILENCED
