"""A real ticket under rules that are not in force: who would speak, why, and in which words.

Decided, composed and guarded by the very code that does so in earnest; nothing is kept, and no platform is asked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import rules
from app.composing import Composed, Composer
from app.connectors import MAKERS
from app.families import Kin
from app.foresight import At
from app.memory import Memory
from app.plans import NotePlan, Plan
from app.rhythm import Case, Rhythm
from app.rulebook import Rulebook
from core.decisions import Decision, Message, Mode, Reason, Silence
from core.moments import Moment, MomentKind
from core.notes import Audience, plain
from core.promises import Promise
from core.sightings import Snapshot
from core.sites import Site
from core.tickets import HoldReason, Kind, Priority, Resolution, State, Ticket, TicketRef
from rules.dictation import advice_on
from rules.language import RuleSet
from rules.readability import grade, sentences
from rules.told import Explanation, RuleTold
from rules.wording import MANY_WORDS, measure_of
from ui.editor_views import Previewed, RuleLine, Said

A, M = Audience, MomentKind
ORDER = (A.REQUESTER, A.BUSINESS, A.CUSTOMERS, A.AGENTS)
SHOWN = frozenset({A.REQUESTER, A.AGENTS})
"""Audiences that stand there also where nothing is said to them."""
MOST_HERE, MOST_NEAR = 40, 5
Changes = dict[str, Any]
AS_IF: dict[MomentKind, Changes] = {
    M.ACKNOWLEDGED: {"state": State.IN_PROGRESS},
    M.REOPENED: {"state": State.IN_PROGRESS, "resolution": ""},
    M.RESUMED: {"state": State.IN_PROGRESS, "hold_reason": ""},
    M.WAITING_FOR_REQUESTER: {"state": State.ON_HOLD, "hold_reason": HoldReason.REQUESTER},
    M.WAITING_FOR_VENDOR: {"state": State.ON_HOLD, "hold_reason": HoldReason.VENDOR},
    M.RESOLVED: {"state": State.RESOLVED, "resolution": Resolution.FIXED},
    M.CLOSED: {"state": State.CLOSED, "resolution": Resolution.FIXED},
    M.CANCELLED: {"state": State.CANCELLED},
    M.ANNOUNCED: {"state": State.SCHEDULED},
    M.NOTICE: {"state": State.SCHEDULED},
    M.RESCHEDULED: {"state": State.SCHEDULED},
    M.STARTED: {"state": State.IMPLEMENT},
    M.DELAYED: {"state": State.IMPLEMENT},
    M.FINISHED: {"state": State.REVIEW},
    M.FAILED: {"state": State.REVIEW},
}
"""What a moment means for a ticket that has not reached it."""
ENDS = frozenset({M.RESOLVED, M.CLOSED})
OPEN = frozenset({M.OPENED, M.RAISED, M.LOWERED, M.PHASE_CHANGED, M.SCOPE_CHANGED, M.UPDATE_DUE})


@dataclass(frozen=True)
class Scene:
    """A ticket as it stands in the store, and what is to happen to it. `sinks`: whom its platform can tell apart.
    `held`: sticky gates that still hold. `heard`: when its requester heard something of late, None: nobody counts.
    """

    ref: TicketRef
    site: Site
    ticket: Ticket
    moment: MomentKind
    now: datetime
    memory: Memory
    promises: tuple[Promise, ...] = ()
    kin: Kin | None = None
    sinks: frozenset[Audience] = frozenset(Audience)
    held: tuple[str, ...] = ()
    heard: tuple[datetime, ...] | None = None


class Trying(Rulebook):
    """A rule set that nobody uses, asked as though it were in force."""

    def __init__(self, current: RuleSet, site: Site) -> None:
        self._cache, self._paths, self._stamp = None, (), ()
        self._zones, self._languages = {site.name: site.timezone}, {site.name: site.language}
        self.current, self.problem = current, ""


def waiting(head: Previewed, errors: int) -> Previewed:
    return replace(head, errors=errors)


def played(head: Previewed, scene: Scene, draft: RuleSet, active: RuleSet | None, file: str) -> Previewed:
    """`active`: the rules in force, to compare with. `file`: the draft's, as its rules name it."""
    scene = staged(scene)
    book = Trying(draft, scene.site)
    decision = _decided(book, scene)
    if decision.sealed:
        return Previewed(scene.ref, scene.ticket.key, moment=scene.moment, held_by=decision.gates, by_draft=True)
    told = _explained(draft, scene)
    before = _before(active, scene)
    said = tuple(_compared(one, before.get(one.audience)) for one in _said(book, scene, decision))
    here = [_line(rule, file) for rule in told.rules if rule.where.startswith(f"{file}:")]
    return replace(
        head,
        as_if=_as_if(scene),
        said=said,
        losers=tuple(_losers(told)),
        here=tuple(sorted(here, key=lambda line: not line.matched)[:MOST_HERE]),
        near=tuple(_line(rule, "") for rule in told.near_misses if not rule.where.startswith(f"{file}:"))[:MOST_NEAR],
        around=tuple(_around(told)),
        more=sum(not rule.matched for rule in told.rules),
    )


# --- as though it happened now ----------------------------------------------------------------------------------------


def staged(scene: Scene) -> Scene:
    """The ticket as it would stand at the moment, and the promise that would be due."""
    changes = dict(AS_IF.get(scene.moment, {}))
    if scene.moment in OPEN and scene.ticket.ended:
        changes["state"] = State.IN_PROGRESS if scene.ticket.kind == Kind.INCIDENT else State.SCHEDULED
    if scene.moment in ENDS:
        changes["resolution"] = scene.ticket.resolution or changes["resolution"]
        changes["resolved_at"] = scene.ticket.resolved_at or scene.now
    promises = tuple(replace(one, due=scene.now) for one in scene.promises if one.audience is A.REQUESTER)
    if scene.moment is not M.UPDATE_DUE:
        promises = ()
    elif not promises:
        made = scene.now - timedelta(minutes=30)
        promises = (Promise("preview", scene.ref, A.REQUESTER, scene.now, made, "preview", ""),)
    memory = scene.memory.copy()
    memory.told, memory.agents_meaning, memory.moved = "", "", ""
    memory.next_at = memory.customer_spoke_at = None
    return replace(scene, ticket=scene.ticket.evolve(**changes), promises=promises, memory=memory)


def _as_if(scene: Scene) -> str:
    """What else is taken as so."""
    if scene.moment in ENDS:
        return f"It counts as {scene.ticket.resolution.replace('_', ' ')}."
    if scene.moment in (M.RAISED, M.LOWERED) and scene.ticket.priority:
        before = _moment(scene).before
        return f"From {before.priority} to {scene.ticket.priority}." if before else ""
    return ""


def _moment(scene: Scene) -> Moment:
    before: Ticket | None = scene.ticket
    if scene.moment is M.OPENED:
        before = None
    elif scene.moment in (M.RAISED, M.LOWERED) and scene.ticket.priority:
        order = list(Priority)
        at = order.index(Priority(scene.ticket.priority)) + (1 if scene.moment is M.RAISED else -1)
        before = scene.ticket.evolve(priority=order[min(max(at, 0), len(order) - 1)])
    elif scene.moment in AS_IF:
        before = scene.ticket.evolve(state=State.NEW if scene.moment is M.ACKNOWLEDGED else State.IN_PROGRESS)
    return Moment(scene.moment, "1", scene.now, before)


# --- deciding ---------------------------------------------------------------------------------------------------------


def _decided(book: Rulebook, scene: Scene) -> Decision:
    return book.decide(scene.ticket, _moment(scene), scene.now, scene.held)


def _explained(draft: RuleSet, scene: Scene) -> Explanation:
    return rules.explain(
        draft,
        draft.catalogue,
        scene.ticket,
        _moment(scene),
        scene.now,
        held=scene.held,
        zone=scene.site.timezone,
        language=scene.site.language,
        heard=scene.heard,
    )


def _before(active: RuleSet | None, scene: Scene) -> dict[Audience, Said]:
    if active is None:
        return {}
    book = Trying(active, scene.site)
    decision = _decided(book, scene)
    return {} if decision.sealed else {one.audience: one for one in _said(book, scene, decision)}


def _compared(one: Said, before: Said | None) -> Said:
    if before is None or before.words == one.words:
        return one
    return replace(one, before=before.words, before_rule=before.rule)


# --- words ------------------------------------------------------------------------------------------------------------


def _said(book: Rulebook, scene: Scene, decision: Decision) -> Iterator[Said]:
    composed, later = _composed(book, scene, decision)
    for audience in ORDER:
        message, silence = decision.messages.get(audience), decision.silences.get(audience)
        if message and audience not in scene.sinks:
            why = f"This ticket has no place that only {audience} would read."
            yield _silent(audience, Silence(Reason.NO_SINK, why))
        elif message:
            yield _words(book, scene, message, composed, later.get(audience))
        elif silence and (audience in SHOWN or silence.reason is not Reason.NO_RULE):
            yield _silent(audience, silence)


def _silent(audience: Audience, silence: Silence) -> Said:
    return Said(audience, reason=silence.reason, detail=silence.detail, by=silence.by)


def _composed(book: Rulebook, scene: Scene, decision: Decision) -> tuple[Composed, dict[Audience, datetime]]:
    """As they leave: where quiet hours keep something back, as it leaves when they end."""
    plans = [(_plan(book, scene, decision, a), "1") for a in ORDER if a in decision.messages]
    connector = MAKERS[scene.site.platform](scene.site, At(scene.now))
    at, later = scene.now, dict[Audience, datetime]()
    for _ in range(2):
        composer = Composer(book, At(at))
        memory = scene.memory.copy()
        composed = composer.compose(scene.ticket, plans, memory, scene.promises, connector, kin=scene.kin)
        later |= composed.later
        if not composed.later:
            break
        at = max(composed.later.values())
    return composed, later


def _plan(book: Rulebook, scene: Scene, decision: Decision, audience: Audience) -> NotePlan:
    cadence, site = decision.cadences.get(audience), scene.site
    rhythm = Rhythm(
        Case(scene.ref, site, scene.now, scene.memory, None, Snapshot(scene.ticket)),
        Plan(scene.memory.copy()),
        lambda cadence, ticket, made_at: book.next_due(cadence, ticket, made_at, site),
    )
    silence = decision.silences.get(A.REQUESTER)
    return NotePlan(
        decision.messages[audience],
        rhythm.pledge(audience, scene.moment, cadence),
        scene.now,
        tuple(decision.impacts),
        cadence,
        requester_silence=str(silence.reason) if silence and audience is A.AGENTS else "",
    )


def _words(book: Rulebook, scene: Scene, message: Message, composed: Composed, later: datetime | None) -> Said:
    audience = message.audience
    words = plain(composed.parts.get(audience, ()))
    problem = composed.stopped.get(audience, "") or composed.held_back.get(audience, "")
    read = sentences(words)
    enough = sum(len(one.words) for one in read) >= MANY_WORDS["en"]
    about = list(advice_on(book.current, words, ended=scene.ticket.ended)) if audience is A.REQUESTER and words else []
    return Said(
        audience,
        words,
        message.rule,
        message.where,
        grade=grade(read, message.language) if enough else None,
        most=measure_of(audience).most(message.language),
        advice=tuple(about),
        problem=problem,
        later=later,
        draft=message.mode is Mode.DRAFT,
    )


# --- the trace --------------------------------------------------------------------------------------------------------


def _line(rule: RuleTold, file: str) -> RuleLine:
    path, _, line = rule.where.rpartition(":")
    because = rule.matches if rule.matched else "; ".join(rule.failed)
    return RuleLine(rule.rule, rule.matched, because, int(line) if path == file and line.isdigit() else 0)


def _losers(told: Explanation) -> Iterator[str]:
    for slot in told.slots:
        audience = slot.slot.partition(".")[0]
        for loser in slot.losers[:3]:
            yield f"For the {audience}, {slot.winner} wins over {loser.rule}: {loser.because}."


def _around(told: Explanation) -> Iterator[str]:
    """As people read it: what it means, how often, what else limits the words."""
    for gate in told.gates:
        if gate.fired:
            silenced = "everything" if gate.silences == ("all",) else f"words to {_listed(gate.silences)}"
            yield f"The gate {gate.gate} silences {silenced}: {gate.because}."
    for impact in told.impacts:
        path = f", because {impact.path}" if impact.path else ""
        yield f"Impact {impact.id} ({impact.level}): {impact.statement} Rule {impact.rule}{path}."
    for cadence in told.cadences:
        yield f"Pace for the {cadence.audience}: {cadence.pace}. Next word {cadence.next_update}. Rule {cadence.rule}."
    for family in told.families:
        if family.follows:
            yield f"The parent speaks for it, because {family.because}."
    yield from (f"{quiet.audience.capitalize()}: {quiet.says}" for quiet in told.quiet)
    if told.budget:
        yield told.budget.says
    service, place = told.service or "not in the catalogue", told.location or "not in the catalogue"
    yield f"The ticket's service: {service}. Its place: {place}."


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)
