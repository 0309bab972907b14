"""From decided messages to the words that leave now: rendered, guarded, with the time they promise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from app import diary, lateness, letters
from app.memory import Memory
from app.plans import NotePlan, Pledge
from app.rhythm import paced
from app.rulebook import Rulebook
from core.decisions import Facts, Words
from core.errors import WordsError
from core.moments import AFTERWARDS, TERMINAL, Moment, MomentKind
from core.notes import Audience, Paragraph, Style, plain
from core.ports import Connector
from core.promises import Promise
from core.sites import Site
from core.tickets import HoldReason, State, Ticket
from core.times import Clock

A = Audience
CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:.][0-5]\d(?!\d)")
SAID_AGAIN = TERMINAL | {MomentKind.UPDATE_DUE, MomentKind.NOTICE, MomentKind.PROGRESSED, MomentKind.AGENT_SAYS}
"""Where the same words twice are meant."""


@dataclass
class Composed:
    """Parts that may leave, the time each promises, and what was stopped (by the guard), is nothing new, or waits until
    `later`.
    """

    parts: dict[Audience, tuple[Paragraph, ...]] = field(default_factory=dict)
    promises: dict[Audience, datetime] = field(default_factory=dict)
    stopped: dict[Audience, str] = field(default_factory=dict)
    held_back: dict[Audience, str] = field(default_factory=dict)
    same: set[Audience] = field(default_factory=set)
    later: dict[Audience, datetime] = field(default_factory=dict)
    edits: str = ""
    meaning: str = ""


class Composer:
    def __init__(self, rulebook: Rulebook, clock: Clock) -> None:
        self._rulebook, self._clock = rulebook, clock

    def compose(
        self,
        ticket: Ticket,
        plans: Sequence[tuple[NotePlan, str]],
        memory: Memory,
        promises: Sequence[Promise],
        connector: Connector,
        held_back: str = "",
    ) -> Composed:
        """`plans` in the order of sending, each with its occurrence: customer-facing before agents.

        `held_back`: what was kept from the requester in another letter of the same moment.
        """
        composed = Composed(held_back={A.REQUESTER: held_back} if held_back else {})
        told = ""
        if memory.moved and ticket.state == State.ON_HOLD and ticket.hold_reason == HoldReason.REQUESTER:
            ticket = ticket.evolve(state=memory.moved, hold_reason="")
        for plan, occurrence in plans:
            audience = plan.message.audience
            if plan.message.moment != MomentKind.ANSWERED and self._hushed(composed, audience, ticket, connector.site):
                continue
            if audience is A.AGENTS and plan.literal:
                self._answer(composed, plan)
            elif audience is A.AGENTS:
                self._for_agents(composed, ticket, plan, occurrence, memory, promises, connector, told)
            else:
                self._for_reader(composed, ticket, plan, occurrence, memory, promises, connector.site)
                told = "\n\n".join(p.text for p in composed.parts.get(A.REQUESTER, ()))
        return composed

    def _hushed(self, composed: Composed, audience: Audience, ticket: Ticket, site: Site) -> bool:
        """Quiet hours have begun since it was decided: it leaves when they end."""
        quiet = self._rulebook.quiet(audience, ticket, self._clock.now(), site)
        if quiet:
            composed.later[audience] = quiet.until
        return quiet is not None

    @staticmethod
    def _answer(composed: Composed, plan: NotePlan) -> None:
        """To an agent's command: a note of its own."""
        said = (*letters.paragraphs(plan.literal), Paragraph("Liaison, answering a command", Style.SMALL))
        composed.parts[A.AGENTS] = said

    def _for_reader(
        self,
        composed: Composed,
        ticket: Ticket,
        plan: NotePlan,
        occurrence: str,
        memory: Memory,
        promises: Sequence[Promise],
        site: Site,
    ) -> None:
        audience, now = plan.message.audience, self._clock.now()
        standing = next((p for p in promises if p.audience is audience), None)
        due = self._due(plan, paced(ticket, memory), standing, now, site, memory.next_at)
        facts = Facts(now, due, memory.state_since, standing.due if standing else None, progress=self._picked(memory))
        words, problem = self._guarded(plan, ticket, occurrence, facts, site)
        if words and due and plan.message.moment in (MomentKind.PROGRESSED, MomentKind.AGENT_SAYS):
            words = self._with_time(words, plan, self._rulebook.due_text(due, now, ticket, site))
        if problem:
            composed.held_back[audience] = problem
        if words is None:
            composed.stopped[audience] = problem
            return
        late = lateness.owned_up(plan, standing, ticket, site, self._rulebook, self._clock)
        told = (*late, *letters.paragraphs(words.text))
        # words that promise anew are said even so: the promise in the earlier ones was withdrawn meanwhile
        renewed = due is not None and standing is None
        if plain(told) == memory.told and not renewed and plan.message.moment not in SAID_AGAIN:
            composed.same.add(audience)  # word for word what they read last, its time included
            return
        composed.parts[audience] = told
        if due:
            composed.promises[audience] = due

    def _picked(self, memory: Memory) -> str:
        """The phrase that stands for the progress, while the rules still know it."""
        return self._rulebook.phrases().get(memory.fact, "") if memory.fact else ""

    @staticmethod
    def _with_time(words: Words, plan: NotePlan, due: str) -> Words:
        """When the next word comes, always: also where an agent's words or the rule's do not say it."""
        clock = due.removeprefix("by ").partition(" ")[0]
        named = CLOCK.search(words.text) if plan.literal else clock in words.text
        return words if named else replace(words, text=f"{words.text}\n\nWe will write again {due}.")

    def _guarded(
        self, plan: NotePlan, ticket: Ticket, occurrence: str, facts: Facts, site: Site
    ) -> tuple[Words | None, str]:
        """The rule's words; where they fail the guard or cannot be made, the pack's words for the same slot."""
        if plan.literal:
            leak = self._rulebook.leak(plan.literal, ticket)
            return (None, f"it would show a customer {leak}.") if leak else (Words(plan.literal), "")
        message, problem = plan.message, ""
        shipped = replace(message, template=message.pack_template, rule=message.pack_rule)
        for candidate in (message, shipped) if message.pack_template else (message,):
            moment = Moment(MomentKind(message.moment), occurrence, plan.at)
            try:
                words = self._rulebook.render(candidate, ticket, moment, facts, site, plan.impacts)
            except WordsError as error:
                problem = problem or f"the words of rule {candidate.rule} cannot be made: {error.what}"
                continue
            if not words.leak and words.text.strip():
                return words, problem
            found = f"would show a customer {words.leak}" if words.leak else "are empty"
            problem = problem or f"the words of rule {candidate.rule} {found}. Standard words were sent instead."
        return None, problem.replace(" Standard words were sent instead.", "")

    def _for_agents(
        self,
        composed: Composed,
        ticket: Ticket,
        plan: NotePlan,
        occurrence: str,
        memory: Memory,
        promises: Sequence[Promise],
        connector: Connector,
        told: str,
    ) -> None:
        site, now = connector.site, self._clock.now()
        standing = next((p.due for p in promises if p.audience is A.REQUESTER), None)
        due = composed.promises.get(A.REQUESTER) or (None if told else standing)
        reads = told or memory.told
        facts = Facts(now, due, memory.state_since, standing, reads, *_to_come(memory, now))
        moment = Moment(MomentKind(plan.message.moment), occurrence, plan.at)
        held_back = composed.held_back.get(A.REQUESTER, "")
        try:
            advice = self._rulebook.render(plan.message, ticket, moment, facts, site, plan.impacts).text
        except WordsError as error:
            advice, held_back = "", held_back or error.what
        # once it is over, what it meant for the business is no longer true
        impacts = () if moment.kind in TERMINAL | AFTERWARDS else plan.impacts
        composed.meaning = letters.meaning(plan.message.template, impacts, plan.requester_silence, held_back)
        if not connector.edits_notes and composed.meaning == memory.agents_meaning:
            composed.same.add(A.AGENTS)
            return
        composed.edits = memory.living_comment if connector.edits_notes else ""
        composed.parts[A.AGENTS] = letters.for_agents(
            advice=advice,
            impacts=impacts,
            requester_reads=reads,
            read_at=self._rulebook.clock_text(memory.told_at, now, ticket, site) if not told and memory.told_at else "",
            together=bool(told) and connector.joins_audiences,
            why_silent="" if told else plan.requester_silence,
            promise=self._rulebook.due_text(due, now, ticket, site) if due else "",
            held_back=held_back,
            rule=f"{plan.message.rule} ({Path(plan.message.where).name})",
        )

    def _due(
        self,
        plan: NotePlan,
        ticket: Ticket,
        standing: Promise | None,
        now: datetime,
        site: Site,
        chosen: datetime | None,
    ) -> datetime | None:
        """The time these words promise; one that an agent chose goes before the cadence's."""
        if chosen and chosen > now and plan.pledge not in (Pledge.END, Pledge.NONE):
            return chosen
        if plan.pledge in (Pledge.END, Pledge.NONE) or plan.cadence is None:
            return None
        fresh = self._rulebook.next_due(plan.cadence, ticket, now, site)
        if standing is None or standing.due <= now:
            return fresh
        if plan.pledge is Pledge.STANDING:
            return standing.due
        return min(fresh, standing.due) if plan.pledge is Pledge.SOONER else fresh


def _to_come(memory: Memory, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The next notice, and the check-in."""
    return diary.coming(memory, MomentKind.NOTICE, now), diary.coming(memory, MomentKind.CHECK_IN, now)
