"""From decided messages to the words that leave now: rendered, guarded, with the time they promise."""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from app import diary, families, feedback, lateness, letters, prompting, reminding
from app.families import Kin
from app.memory import Memory
from app.plans import NotePlan, Pledge
from app.prompts import Prompt, Why
from app.reminding import still_true
from app.rhythm import paced
from app.rhythm import reminding as pace_of_reminder
from app.rulebook import Rulebook
from app.truth import as_told
from core.decisions import Facts, Reason, Words
from core.errors import WordsError
from core.moments import AFTERWARDS, TERMINAL, Moment, MomentKind
from core.notes import Audience, Paragraph, Style, plain
from core.ports import Connector
from core.promises import Promise
from core.sites import Site
from core.tickets import Ticket
from core.times import Clock
from rules.decide import Later
from rules.tongues import tongue

A = Audience
CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:.][0-5]\d(?!\d)")
SAID_AGAIN = TERMINAL | {
    MomentKind.UPDATE_DUE,
    MomentKind.NOTICE,
    MomentKind.PROGRESSED,
    MomentKind.AGENT_SAYS,
    MomentKind.WAITING_FOR_REQUESTER,
}
"""Where the same words twice are meant."""
ON_TIME = timedelta(minutes=1)
UNREACHED = frozenset({Reason.GATED, Reason.NO_SINK, Reason.MUTED})
"""Where the requester hears nothing now, nor later: agents do not read that they will be asked or reminded."""
LATER = timedelta(minutes=30)
"""As much later is the time that a reminder offers as an example."""


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
    calls: bool = False
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
        earlier: NotePlan | None = None,
        kin: Kin | None = None,
        unread: Container[Audience] = (),
    ) -> Composed:
        """`plans` in the order of sending, each with its occurrence: customer-facing before agents.

        `held_back`: what was kept from the requester in another letter of the same moment. `earlier`: what stands in
        the agents' note, whose advice stays there when they are reminded of something. `kin`: the parent as it stands.
        `unread`: with agents in it, all is said of their note but its words.
        """
        composed = Composed(held_back={A.REQUESTER: held_back} if held_back else {})
        told = ""
        ticket = as_told(ticket, memory)
        for plan, occurrence in plans:
            audience = plan.message.audience
            subject = families.as_ended(ticket) if families.is_end(occurrence) else ticket
            if plan.message.moment != MomentKind.ANSWERED and self._hushed(composed, audience, ticket, connector.site):
                continue
            if audience is A.AGENTS and plan.literal:
                self._answer(composed, plan, connector.site.language)
            elif audience is A.AGENTS:
                letter = self._for_agents(
                    composed, subject, plan, occurrence, memory, promises, connector, told, earlier, kin
                )
                if letter:
                    composed.parts[A.AGENTS] = () if A.AGENTS in unread else letter()
            else:
                self._for_reader(composed, subject, plan, occurrence, memory, promises, connector.site, kin)
                told = "\n\n".join(p.text for p in composed.parts.get(A.REQUESTER, ()))
        return composed

    def _hushed(self, composed: Composed, audience: Audience, ticket: Ticket, site: Site) -> bool:
        """Quiet hours have begun since it was decided: it leaves when they end."""
        quiet = self._rulebook.quiet(audience, ticket, self._clock.now(), site)
        if quiet:
            composed.later[audience] = quiet.until
        return quiet is not None

    @staticmethod
    def _answer(composed: Composed, plan: NotePlan, language: str) -> None:
        """To an agent's command, or what the requester said on their page: a note of its own."""
        if plan.message.rule == feedback.RULE:
            composed.parts[A.AGENTS] = feedback.paragraphs(plan.literal, language)
            return
        said = (*letters.paragraphs(plan.literal), Paragraph(tongue(language).say("agents", "answering"), Style.SMALL))
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
        kin: Kin | None,
    ) -> None:
        audience, now = plan.message.audience, self._clock.now()
        standing = next((p for p in promises if p.audience is audience), None)
        due = self._due(plan, paced(ticket, memory), standing, now, site, memory.next_at)
        reminder = plan.pledge is Pledge.REMIND
        facts = Facts(
            now,
            None if reminder else due,
            memory.state_since,
            standing.due if standing and standing.told else None,
            reminder=due if reminder else None,
            late=_late(plan, standing, now),
            progress=self._rulebook.phrase(memory.fact, plan.message.language),
            **_of(kin),
        )
        words, problem = self._guarded(plan, ticket, occurrence, facts, site)
        if words and due and (plan.literal or plan.message.moment == MomentKind.PROGRESSED):
            words = self._with_time(words, plan, due, ticket, site)
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

    def _with_time(self, words: Words, plan: NotePlan, due: datetime, ticket: Ticket, site: Site) -> Words:
        """When the next word comes, always: also where an agent's words or the rule's do not say it."""
        now, language = self._clock.now(), plan.message.language
        if plan.literal:
            language = self._rulebook.language(ticket, site)
        said = self._rulebook.sentence("next", due, now, ticket, site, language)
        clock = CLOCK.search(said)
        named = CLOCK.search(words.text) if plan.literal else clock and clock.group() in words.text
        return words if named else replace(words, text=f"{words.text}\n\n{said}")

    def _guarded(
        self, plan: NotePlan, ticket: Ticket, occurrence: str, facts: Facts, site: Site
    ) -> tuple[Words | None, str]:
        """The rule's words; where they fail the guard or cannot be made, the pack's words for the same slot."""
        if plan.literal:
            leak = self._rulebook.leak(plan.literal, ticket)
            return (None, f"it would show a customer {leak}.") if leak else (Words(plan.literal), "")
        message, problem = plan.message, ""
        for candidate in (message, message.shipped) if message.pack_template else (message,):
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
        earlier: NotePlan | None,
        kin: Kin | None,
    ) -> Callable[[], tuple[Paragraph, ...]] | None:
        """What makes the words of their note; None where there is none."""
        site, now = connector.site, self._clock.now()
        prompts = tuple(prompt for prompt in plan.prompts if still_true(prompt, promises))
        if plan.prompts and not prompts and not plan.message.template:
            composed.same.add(A.AGENTS)  # somebody has written meanwhile
            return None
        standing = next((p.due for p in promises if p.audience is A.REQUESTER), None)
        due = composed.promises.get(A.REQUESTER) or (None if told else standing)
        reads = told or memory.told
        silence = Reason.QUIET_HOURS if A.REQUESTER in composed.later else "" if told else plan.requester_silence
        why_silent = letters.in_a_sentence(silence, site.language)
        unheard = why_silent or composed.stopped.get(A.REQUESTER, "")
        moment = Moment(MomentKind(plan.message.moment), occurrence, plan.at)

        def facts() -> Facts:
            to_come = (None, None) if silence in UNREACHED else _to_come(memory, now)
            return Facts(now, due, memory.state_since, standing, reads, *to_come, why_silent=unheard, **_of(kin))

        held_back = composed.held_back.get(A.REQUESTER, "")
        advising = earlier if earlier and not plan.message.template else plan
        advice = Later(lambda: self._advice(advising, ticket, moment, facts(), site))
        # once it is over, what it meant for the business is no longer true
        impacts = () if moment.kind in TERMINAL | AFTERWARDS else plan.impacts
        composed.meaning = memory.agents_meaning  # of reminders alone: what was said before it still stands
        if plan.message.template:
            problem = held_back or advice[1]
            composed.meaning = letters.meaning(plan.message.template, impacts, plan.requester_silence, problem)
        known = composed.meaning == memory.agents_meaning or _foretold(plan, occurrence, memory)
        if not connector.edits_notes and known and not prompts:
            composed.same.add(A.AGENTS)
            return None
        named = any(prompt.why in reminding.OF_THE_NEXT for prompt in prompts)
        coming = due if due and due > now and not named else None
        composed.edits = memory.living_comment if connector.edits_notes else ""
        composed.calls = any(prompt.calls for prompt in prompts)
        if prompts and not plan.message.template and not connector.edits_notes:
            impacts, reads = (), ""  # a journal's earlier notes stand above this one, which only reminds
        book = self._rulebook
        return lambda: letters.for_agents(
            advice=advice[0],
            impacts=impacts,
            requester_reads=reads,
            read_at=book.clock_text(memory.told_at, now, ticket, site) if not told and memory.told_at else "",
            together=bool(told) and connector.joins_audiences,
            why_silent=why_silent,
            promise=book.due_text(coming, now, ticket, site) if coming and not memory.resting else "",
            reminder=book.appointment_text(coming, now, ticket, site) if coming and memory.resting else "",
            held_back=held_back or advice[1],
            rule=f"{advising.message.rule} ({Path(advising.message.where).name})",
            prompts=[line for p in prompts for line in self._prompted(p, plan, ticket, memory, promises, site)],
            language=site.language,
        )

    def _advice(self, plan: NotePlan, ticket: Ticket, moment: Moment, facts: Facts, site: Site) -> tuple[str, str]:
        """The rule's words to agents, and why there are none where they cannot be made."""
        if not plan.message.template:
            return "", ""
        try:
            return self._rulebook.render(plan.message, ticket, moment, facts, site, plan.impacts).text, ""
        except WordsError as error:
            return "", error.what

    def _prompted(
        self,
        prompt: Prompt,
        plan: NotePlan,
        ticket: Ticket,
        memory: Memory,
        promises: Sequence[Promise],
        site: Site,
    ) -> Iterator[Paragraph]:
        """A reminder shows the very words that go out if nobody writes: made the same way, as if it were that time."""
        now = self._clock.now()
        words, problem = None, ""
        if prompt.holding and prompt.due and plan.cadence:
            at = prompt.due if prompt.why is Why.REMIND else now
            due = self._rulebook.next_due(plan.cadence, paced(ticket, memory), at, site)
            facts = Facts(
                at,
                due,
                memory.state_since,
                prompt.due if any(p.id == prompt.promise and p.told for p in promises) else None,
                progress=self._rulebook.phrase(memory.fact, prompt.holding.language),
            )
            holding = NotePlan(prompt.holding, Pledge.NEW, at, plan.impacts)
            words, problem = self._guarded(holding, ticket, prompt.promise, facts, site)
        said = partial(self._rulebook.clock_text, now=now, ticket=ticket, site=site)
        other = self._rulebook.time_text(prompt.due + LATER, now, ticket, site) if prompt.due else ""
        clock = self._rulebook.time_text(now, now, ticket, site)
        speaking = prompting.Prompting(said, site.language)
        yield from speaking.in_words(prompt, words.text if words else "", problem, other, clock)

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
        if plan.pledge is Pledge.REMIND:
            return self._rulebook.next_due(pace_of_reminder(plan.cadence), ticket, now, site)
        fresh = self._rulebook.next_due(plan.cadence, ticket, _from(plan, standing, now), site)
        if standing is None or standing.due <= now:
            return fresh
        if plan.pledge is Pledge.STANDING:
            return standing.due
        return min(fresh, standing.due) if plan.pledge is Pledge.SOONER else fresh


def _to_come(memory: Memory, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The next notice, and the check-in."""
    return diary.coming(memory, MomentKind.NOTICE, now), diary.coming(memory, MomentKind.CHECK_IN, now)


def _from(plan: NotePlan, standing: Promise | None, now: datetime) -> datetime:
    """An update that goes out on time goes on from the time that was promised, or the hours would drift."""
    punctual = (
        standing and plan.message.moment == MomentKind.UPDATE_DUE and standing.due <= now < standing.due + ON_TIME
    )
    return standing.due if standing and punctual else now


def _of(kin: Kin | None) -> dict[str, Any]:
    """What may be said of the parent."""
    if kin is None:
        return {}
    return {"parent": kin.ticket, "parent_since": kin.since, "parent_update": kin.next_update}


def _late(plan: NotePlan, standing: Promise | None, now: datetime) -> timedelta | None:
    """By how much an update comes after its time, where readers notice."""
    if standing is None or plan.message.moment not in lateness.OF_LATE or now - standing.due < lateness.NOTICED:
        return None
    return timedelta(minutes=(now - standing.due) // timedelta(minutes=1))


def _foretold(plan: NotePlan, occurrence: str, memory: Memory) -> bool:
    """Whether agents were shown beforehand what has gone out now."""
    reminder = reminding.REMIND + reminding.promise_of(occurrence)
    told = any(name.startswith(reminder) for name in memory.rung)
    return plan.message.moment == MomentKind.UPDATE_DUE and not plan.prompts and told
