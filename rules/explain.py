"""Why a moment was spoken of as it was: every rule considered, every slot's winner and losers."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.decisions import Decision
from core.moments import Moment
from core.notes import Audience
from core.tickets import Ticket
from rules.catalogue import Catalogue
from rules.decide import decision_of
from rules.judgement import Contest, Judgement, applies, fires, judge
from rules.language import Gate, Rule, RuleSet
from rules.strength import first_difference
from rules.subjects import ANYWHERE, View
from rules.why import failures, what_holds, why_not


@dataclass(frozen=True)
class RuleTold:
    """`failed`: every condition that does not hold, with the ticket's value; empty where the rule matched."""

    rule: str
    where: str
    layer: str
    matched: bool
    matches: str = ""
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loser:
    rule: str
    where: str
    because: str


@dataclass(frozen=True)
class SlotTold:
    """One audience of the moment. `text` is the winner's template, `says` is `message` or the reason of silence."""

    slot: str
    says: str
    winner: str = ""
    where: str = ""
    text: str = ""
    detail: str = ""
    by: str = ""
    losers: tuple[Loser, ...] = ()


@dataclass(frozen=True)
class CadenceTold:
    audience: str
    rule: str
    every: str
    losers: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateTold:
    gate: str
    where: str
    fired: bool
    because: str
    silences: tuple[str, ...]


@dataclass(frozen=True)
class FamilyTold:
    family: str
    follows: bool
    because: str


@dataclass(frozen=True)
class ImpactTold:
    """`path`: by which needs it reaches another service than the ticket's own."""

    id: str
    level: str
    statement: str
    rule: str
    path: str = ""


@dataclass(frozen=True)
class Explanation:
    """Everything `decide` weighed, in order of precedence."""

    ticket: str
    moment: str
    now: str
    rule_set: str
    service: str
    location: str
    slots: tuple[SlotTold, ...]
    rules: tuple[RuleTold, ...]
    gates: tuple[GateTold, ...]
    families: tuple[FamilyTold, ...]
    cadences: tuple[CadenceTold, ...]
    impacts: tuple[ImpactTold, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(
    rules: RuleSet,
    catalogue: Catalogue,
    ticket: Ticket,
    moment: Moment,
    now: datetime,
    *,
    held: Collection[str] = (),
    zone: str = ANYWHERE,
) -> Explanation:
    """The same as `decide`, told in full."""
    judgement = judge(rules, catalogue, ticket, moment, now, held=held, zone=zone)
    decision, view = decision_of(rules, judgement), judgement.view
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
        cadences=tuple(_cadence(audience, judgement, decision) for audience in decision.cadences),
        impacts=tuple(ImpactTold(i.id, str(i.level), i.statement, i.rule, i.path) for i in decision.impacts),
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
    return RuleTold(rule.id, str(rule.place), rule.layer.name.lower(), not failed, matches, failed)


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


def _cadence(audience: Audience, judgement: Judgement, decision: Decision) -> CadenceTold:
    cadence = decision.cadences[audience]
    others = (rule.id for rule in judgement.matched if audience in rule.cadences and rule.id != cadence.rule)
    return CadenceTold(str(audience), cadence.rule, str(cadence.every), tuple(others))
