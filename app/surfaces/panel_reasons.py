"""Why the panel shows what it shows: behind each word, behind the next one, and who is told when nobody writes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import rules
from app import reminding
from app.foresight import Known
from app.plans import NotePlan
from app.rulebook import Rulebook
from app.truth import of_this_life
from core.decisions import Cadence, Reason
from core.moments import BY_AGENTS, Moment, MomentKind
from core.notes import Audience
from core.promises import Promise
from rules.told import Explanation, SlotTold
from rules.why import wanted_by
from ui import words
from ui.panel_views import Because, Escalation, Near, Why

R = Audience.REQUESTER
MOST_NEAR = 5
OF_ANOTHER = "service "
"""How a failed condition begins that asks for another service: such a rule is about something else."""


def because(rulebook: Rulebook, plan: NotePlan) -> Because:
    """Behind words that were said. The rule is told as it stands now: what it was then, nobody keeps."""
    message = plan.message
    if plan.literal or message.moment in set(BY_AGENTS):
        return Because(message.rule, own_words=bool(plan.literal))
    rule = next((rule for rule in rulebook.current.rules if rule.id == message.rule), None)
    wanted = wanted_by(rule.when) if rule else ""
    return Because(message.rule, rule.title if rule else "", _short(message.where), wanted)


def escalations(known: Known, cadence: Cadence | None, promise: Promise | None) -> Iterator[Escalation]:
    """What happens for the agents around a promise, in order of time."""
    memory = known.case.memory
    if memory.first_due and not memory.told_at:
        yield Escalation(memory.first_due, reminding.LEAD)
    if promise is None or cadence is None:
        return
    if cadence.remind and (at := promise.due - cadence.remind) > promise.made_at:
        yield Escalation(at, "", reminding.named(reminding.REMIND, promise) in memory.rung)
    name = reminding.named(reminding.ESCALATE, promise)
    for place, step in enumerate(cadence.escalate):
        yield Escalation(promise.due + step.after, step.tell, f"{name}:{place}" in memory.rung)


def why(rulebook: Rulebook, known: Known) -> Why:
    """What the rules would say now, and why, as `liaison rules explain` has it."""
    case, book = known.case, rulebook.current
    assert case.newest is not None
    ticket, site = of_this_life(case.newest.ticket, case.memory), case.site
    held = tuple(gate for gate in case.memory.held if gate not in case.memory.lifted)
    told = rules.explain(
        book,
        book.catalogue,
        ticket,
        Moment(MomentKind.UPDATE_DUE, "", case.now),
        case.now,
        held=held,
        zone=site.timezone,
        language=rulebook.language(ticket, site),
        heard=case.heard,
    )
    titles = {rule.id: rule.title for rule in book.rules}
    slot = next((slot for slot in told.slots if slot.slot.startswith(R)), SlotTold("", str(Reason.NO_RULE)))
    return _limits(_speaking(slot, told, titles), told, titles)


def _speaking(slot: SlotTold, told: Explanation, titles: dict[str, str]) -> Why:
    speaks = slot.says == "message"
    holds = next((rule.matches for rule in told.rules if rule.rule == slot.winner), "")
    silence = "" if speaks else " ".join(filter(None, (words.REASONS[Reason(slot.says)], slot.detail)))
    beaten = tuple((loser.rule, loser.because) for loser in slot.losers)
    winner = Because(slot.winner, titles.get(slot.winner, ""), _short(slot.where), holds) if slot.winner else None
    return Why(winner=winner, speaks=speaks, silence=silence, beaten=beaten)


def _limits(found: Why, told: Explanation, titles: dict[str, str]) -> Why:
    audience = str(R)
    return replace(
        found,
        pace=tuple((one.pace, one.next_update, one.rule) for one in told.cadences if one.audience == audience),
        gates=tuple((gate.gate, gate.because) for gate in told.gates if gate.fired),
        limits=(
            *(quiet.says for quiet in told.quiet if quiet.audience == audience),
            *((told.budget.says,) if told.budget else ()),
            *(f"The parent ticket speaks for this one: {one.because}." for one in told.families if one.follows),
        ),
        near=tuple(
            Near(rule.rule, titles.get(rule.rule, ""), rule.failed) for rule in told.near_misses if rule.layer != "pack"
        )[:MOST_NEAR],
    )


def _short(where: str) -> str:
    """`rules.yaml:12` of a whole path: whose machine it is concerns nobody."""
    return Path(where).name
