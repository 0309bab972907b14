"""Why a moment was spoken of as it was: every rule considered, every slot's winner and losers."""

from collections.abc import Collection, Iterator
from datetime import datetime

from core.decisions import Cadence, Decision
from core.moments import TERMINAL, Moment, MomentKind
from core.notes import Audience
from core.tickets import Ticket
from core.times import iso
from rules.budgets import exempted, in_words
from rules.cadence import ALWAYS, next_due, text_of
from rules.catalogue import Catalogue
from rules.decide import decision_of
from rules.judgement import Contest, Judgement, applies, fires, judge
from rules.language import Gate, Rule, RuleSet
from rules.quiet import quiet_at
from rules.spoken import Reader
from rules.strength import first_difference, size
from rules.subjects import ANYWHERE, View
from rules.told import (
    BudgetTold,
    CadenceTold,
    Explanation,
    FamilyTold,
    GateTold,
    ImpactTold,
    Loser,
    QuietTold,
    RuleTold,
    SlotTold,
)
from rules.tongues import ENGLISH
from rules.why import failures, what_holds, why_not

NEARLY = 2
"""As many conditions may fail for a rule to have nearly matched."""


def explain(
    rules: RuleSet,
    catalogue: Catalogue,
    ticket: Ticket,
    moment: Moment,
    now: datetime,
    *,
    held: Collection[str] = (),
    zone: str = ANYWHERE,
    language: str = ENGLISH,
    heard: Collection[datetime] | None = None,
) -> Explanation:
    """The same as `decide`, told in full, in English. `heard`: when the requester was told something of late, in any of
    their tickets; None where nobody knows.
    """
    judgement = judge(rules, catalogue, ticket, moment, now, held=held, zone=zone)
    decision, view = decision_of(rules, judgement, language), judgement.view
    service, location = catalogue.service_of(ticket), catalogue.location_of(ticket)
    return Explanation(
        ticket=ticket.key,
        moment=str(moment.kind),
        now=now.isoformat(),
        rule_set=rules.hash,
        service=service.id if service else "",
        location=location.id if location else "",
        slots=tuple(_slot(audience, judgement, decision) for audience in Audience if _told(audience, decision)),
        rules=tuple(_rule(rule, view) for rule in rules.rules),
        gates=_gates(rules, judgement),
        families=tuple(_family(rules, place, view) for place in range(len(rules.families))),
        cadences=tuple(_cadence(rules, audience, judgement, decision) for audience in decision.cadences),
        impacts=tuple(ImpactTold(i.id, str(i.level), i.statement, i.rule, i.path) for i in decision.impacts),
        quiet=tuple(_quiet(rules, judgement, decision)),
        budget=_budget(rules, view, heard),
    )


def _told(audience: Audience, decision: Decision) -> bool:
    return audience in decision.messages or audience in decision.silences


def _slot(audience: Audience, judgement: Judgement, decision: Decision) -> SlotTold:
    contest, slot = judgement.contests.get(audience), f"{audience}.{judgement.view.moment.kind}"
    losers = _losers(contest) if contest else ()
    message = decision.messages.get(audience)
    if message:
        return SlotTold(slot, "message", message.rule, message.where, message.template, losers=losers)
    silence = decision.silences[audience]
    winner = contest.ranked[0] if contest else None
    return SlotTold(
        slot,
        str(silence.reason),
        winner=winner[0].id if winner else "",
        where=str(winner[1].place) if winner else "",
        detail=silence.detail,
        by=silence.by,
        losers=losers,
    )


def _losers(contest: Contest) -> tuple[Loser, ...]:
    winner = contest.ranked[0][0]
    return tuple(Loser(rule.id, str(entry.place), first_difference(winner, rule)) for rule, entry in contest.ranked[1:])


def _rule(rule: Rule, view: View) -> RuleTold:
    failed = tuple(why_not(rule, view))
    matches = "" if failed else what_holds(rule.when, view)
    held = size(rule.when) + (rule.unless is not None) - len(failed)
    near = 0 < len(failed) <= NEARLY and held >= len(failed)
    return RuleTold(rule.id, str(rule.place), rule.layer.name.lower(), not failed, matches, failed, near)


def _gates(rules: RuleSet, judgement: Judgement) -> tuple[GateTold, ...]:
    known = {gate.id for gate in rules.gates}
    lost = (fired for fired in judgement.gates if fired.id not in known)
    return (
        *(_gate(gate, judgement) for gate in rules.gates),
        *(GateTold(fired.id, "", fired=True, because=fired.because, silences=("all",)) for fired in lost),
    )


def _gate(gate: Gate, judgement: Judgement) -> GateTold:
    view, fired = judgement.view, gate.id in {fired.id for fired in judgement.gates}
    silences = tuple(sorted(gate.silence)) or ("all",)
    if not fired:
        because = "; ".join(failures(gate.when, view)) or "its `unless` holds"
    elif not fires(gate, view):
        because = "it fired earlier; only a named person lifts it"
    elif gate.hold and not applies(gate.when, gate.unless, view):
        because = f"it cannot be ruled out: {'; '.join(failures(gate.when, view))}"
    else:
        because = what_holds(gate.when, view)
    return GateTold(gate.id, str(gate.place), fired, because, silences)


def _family(rules: RuleSet, place: int, view: View) -> FamilyTold:
    family = rules.families[place]
    follows = applies(family.when, family.unless, view)
    because = what_holds(family.when, view) if follows else "; ".join(failures(family.when, view))
    return FamilyTold(family.id, follows, because or "its `unless` holds")


def _cadence(rules: RuleSet, audience: Audience, judgement: Judgement, decision: Decision) -> CadenceTold:
    cadence, view = decision.cadences[audience], judgement.view
    due = next_due(rules, cadence, view.ticket, made_at=view.now, first=False, zone=view.zone)
    quiet = quiet_at(rules, view.ticket, audience, due, view.zone)
    due = quiet.until if quiet else due
    return CadenceTold(
        str(audience),
        cadence.rule,
        text_of(cadence.every),
        pace(cadence),
        iso(due),
        _reader(view).by(due),
        tuple(rule.id for rule in judgement.matched if audience in rule.cadences and rule.id != cadence.rule),
    )


def pace(cadence: Cadence) -> str:
    """As "every 30 minutes, every hour while the fix is watched; counted in shop_hours"."""
    parts = [f"every {text_of(cadence.every)}"]
    if cadence.first is not None:
        parts.insert(0, f"first after {text_of(cadence.first)}")
    if cadence.monitoring is not None:
        parts.append(f"every {text_of(cadence.monitoring)} while a fix is watched")
    parts += [f"every {text_of(step.every)} after {text_of(step.after)}" for step in cadence.stretch]
    counted = "" if cadence.calendar == ALWAYS else f"; counted in {cadence.calendar}"
    return ", ".join(parts) + counted


def _quiet(rules: RuleSet, judgement: Judgement, decision: Decision) -> Iterator[QuietTold]:
    view = judgement.view
    for audience in decision.messages:
        quiet = quiet_at(rules, view.ticket, audience, view.now, view.zone)
        if quiet:
            said = (
                f"Quiet hours until {_reader(view).at(quiet.until)} ({quiet.by}): it is said then, if it still holds."
            )
            yield QuietTold(str(audience), iso(quiet.until), said)


def _budget(rules: RuleSet, view: View, heard: Collection[datetime] | None) -> BudgetTold | None:
    budget = rules.budget
    if budget is None:
        return None
    exempt = exempted(rules, view.ticket, view.moment, view.now, view.zone)
    if not exempt and view.moment.kind in TERMINAL | {MomentKind.UPDATE_DUE}:
        exempt = "the end of a ticket and what was promised are always said"
    if not exempt and not view.ticket.requester.id:
        exempt = "nobody knows who asked"
    count = None if heard is None else sum(at > view.now - budget.within for at in heard)
    said = f"The requester may read {in_words(budget)}"
    if exempt:
        said += f"; it does not count here: {exempt}."
    elif count is None:
        said += "."
    else:
        said += f", and has read {count}{': this is over the budget, and not said' if count >= budget.most else ''}."
    return BudgetTold(budget.most, str(budget.place), not exempt, said, count)


def _reader(view: View) -> Reader:
    place = view.catalogue.location_of(view.ticket)
    return Reader(view.now, (place.timezone if place else "") or view.zone)
