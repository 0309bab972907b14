"""What the rules say for a ticket at a moment. Pure: no clock, no files, no network."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from core.decisions import Cadence, Considered, Decision, Facts, Impact, Level, Message, Reason, Silence
from core.errors import WordsError
from core.moments import AFTERWARDS, TERMINAL, Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Ticket
from rules.catalogue import Catalogue
from rules.judgement import SINKS, Contest, Judgement, judge
from rules.language import Entry, Rule, RuleSet, Verdict
from rules.reach import derived
from rules.strength import strength
from rules.subjects import ANYWHERE, View
from rules.tongues import ENGLISH, heard
from rules.whereabouts import language_of
from rules.why import why_not
from rules.words import render

MOST_KNOWN = 4096
"""Verdicts that a rule set keeps."""
LEVELS = {level: place for place, level in enumerate((Level.HIGH, Level.MEDIUM, Level.LOW))}


def decide(
    rules: RuleSet,
    catalogue: Catalogue,
    ticket: Ticket,
    moment: Moment,
    now: datetime,
    *,
    held: Collection[str] = (),
    zone: str = ANYWHERE,
    language: str = ENGLISH,
) -> Decision:
    """A message or a silence for every audience, the impacts, the cadences, and why.

    `now` is aware. `zone` and `language` are the site's, for people whose own are not known. `held`: ids of sticky
    gates that fired earlier on this ticket; they fire again whatever it says now, until a named person lifts them.
    """
    return decision_of(rules, judge(rules, catalogue, ticket, moment, now, held=held, zone=zone), language)


def decision_of(rules: RuleSet, judgement: Judgement, language: str = ENGLISH) -> Decision:
    """`language`: the site's."""
    verdict = _verdict(rules, judgement, language)
    return Decision(
        messages=verdict.messages,
        silences=verdict.silences,
        impacts=Later(lambda: impacts_of(rules, judgement, language)),
        cadences=verdict.cadences,
        settle=verdict.settle,
        gates=verdict.gates,
        sticky=verdict.sticky,
        trace=Later(lambda: _trace(rules, judgement)),
        rule_set=rules.hash,
    )


def _verdict(rules: RuleSet, judgement: Judgement, language: str) -> Verdict:
    """What a decision owes to the rules that match alone: most tickets match those that another one matched before."""
    if judgement.view.moment.kind is MomentKind.MILESTONE:  # the conditions of milestones are asked of each ticket
        return _judged(rules, judgement, language)
    key, known = _key(judgement, language), rules.verdicts
    verdict = known.get(key)
    if verdict is None:
        if len(known) >= MOST_KNOWN:
            known.clear()
        verdict = known[key] = _judged(rules, judgement, language)
    return verdict


def _key(judgement: Judgement, language: str) -> Hashable:
    """All that `_judged` looks at. Rules and families live as long as their set, so each is known by its place."""
    view = judgement.view
    ticket, place = view.ticket, view.catalogue.location_of(view.ticket)
    return (
        tuple(map(id, judgement.matched)),
        view.moment.kind,
        view.moment.row,
        ticket.resolution,
        judgement.gates,
        id(judgement.follows),
        language,
        ticket.requester.language,
        place.language if place else "",
    )


def _judged(rules: RuleSet, judgement: Judgement, language: str) -> Verdict:
    messages, silences = _spoken(judgement, language)
    cadences = {audience: cadence for audience in messages if (cadence := _cadence(judgement, audience))}
    return Verdict(
        messages,
        silences,
        cadences,
        settle=_settle(rules, judgement.view.moment.kind, cadences.values()),
        gates=tuple(fired.id for fired in judgement.gates),
        sticky=tuple(fired.id for fired in judgement.gates if fired.sticky),
    )


def _spoken(judgement: Judgement, language: str) -> tuple[dict[Audience, Message], dict[Audience, Silence]]:
    messages: dict[Audience, Message] = {}
    silences: dict[Audience, Silence] = {}
    for audience in Audience:
        answer = _answer(judgement, audience, language)
        if isinstance(answer, Message):
            messages[audience] = answer
        elif answer is not None:
            silences[audience] = answer
    return messages, silences


def _answer(judgement: Judgement, audience: Audience, language: str) -> Message | Silence | None:
    gate = judgement.gate_on(audience)
    if gate:
        return Silence(Reason.GATED, gate.because, gate.id)
    if judgement.follows and not judgement.may_speak:
        return Silence(Reason.FOLLOWS_PARENT, "the parent ticket speaks for this one", judgement.follows.id)
    contest = judgement.contests.get(audience)
    if contest is None:
        if judgement.view.moment.kind is MomentKind.MILESTONE:  # it speaks to those it names
            return None
        said = f"no rule has a text for {audience}.{judgement.view.moment.kind}"
        return Silence(Reason.NO_RULE, said) if audience in SINKS else None
    return _won(judgement, contest, language)


def _won(judgement: Judgement, contest: Contest, language: str) -> Message | Silence:
    rule, entry = contest.ranked[0]
    if entry.template is None:
        return Silence(Reason.SILENCED, f"the rule says none at {entry.place}", rule.id)
    if contest.audience not in SINKS:
        return Silence(Reason.NO_SINK, f"nothing carries words to {contest.audience} yet", rule.id)
    wanted = language_of(judgement.view.catalogue, judgement.view.ticket, contest.audience, language)
    said, shipped = entry.spoken_to(wanted), contest.pack
    pack = shipped[1].spoken_to(wanted) if shipped else Entry("")
    return Message(
        audience=contest.audience,
        moment=str(judgement.view.moment.kind),
        rule=rule.id,
        template=said.template or "",
        where=str(said.place),
        mode=rule.mode,
        pack_template=pack.template or "",
        pack_rule=shipped[0].id if shipped and pack.template else "",
        language=heard(wanted, said.language),
        pack_language=heard(wanted, pack.language),
    )


def _cadence(judgement: Judgement, audience: Audience) -> Cadence | None:
    """Nothing is promised after the end, nor by a ticket whose parent promises."""
    if judgement.view.moment.kind in TERMINAL | AFTERWARDS or (judgement.follows and audience in CUSTOMER_FACING):
        return None
    having = (rule for rule in judgement.matched if audience in rule.cadences)
    return next((rule.cadences[audience] for rule in having), None)


def _settle(rules: RuleSet, moment: MomentKind, cadences: Collection[Cadence]) -> timedelta:
    """How long to wait; the first word is due at the latest when its cadence says so."""
    wait = rules.settle.get(moment, timedelta(0))
    first = [cadence.first for cadence in cadences if cadence.first is not None]
    return min((wait, *first)) if moment is MomentKind.OPENED else wait


def impacts_of(rules: RuleSet, judgement: Judgement, language: str = ENGLISH) -> tuple[Impact, ...]:
    """One statement per impact id, from the highest layer that has any; highest level first. Then whom they reach."""
    if judgement.silent:
        return ()
    stating = [rule for rule in judgement.matched if rule.impact]
    top = max((rule.layer for rule in stating), default=None)
    chosen: dict[str, Impact] = {}
    for rule in stating:
        impact = rule.impact
        if rule.layer == top and impact and impact.id not in chosen:
            chosen[impact.id] = Impact(impact.id, impact.level, _stated(rules, judgement.view, rule, language), rule.id)
    said = (impact for impact in chosen.values() if impact.statement)
    stated = tuple(sorted(said, key=lambda impact: (LEVELS[impact.level], impact.id)))
    return (*stated, *derived(stated, judgement.view, language))


def _stated(rules: RuleSet, view: View, rule: Rule, language: str) -> str:
    """The statement in words for agents; `""` where this ticket lacks what it mentions, and nothing is stated."""
    if rule.impact is None:
        return ""
    said, kind = rule.impact.said.spoken_to(language), str(view.moment.kind)
    spoken = heard(language, said.language)
    message = Message(Audience.AGENTS, kind, rule.id, said.template or "", str(said.place), language=spoken)
    try:
        facts = Facts(now=view.now)
        return render(rules, view.catalogue, message, view.ticket, view.moment, facts, zone=view.zone).text
    except WordsError:
        return ""


T = TypeVar("T")


class Later(Sequence[T]):
    """Found out when somebody looks. To say why each rule failed takes as long as to decide; so does the wording of
    impacts, and most decisions lead to no words.
    """

    def __init__(self, find_out: Callable[[], tuple[T, ...]]) -> None:
        self._find_out = find_out

    @cached_property
    def _lines(self) -> tuple[T, ...]:
        return self._find_out()

    def __getitem__(self, place: Any) -> Any:
        return self._lines[place]

    def __iter__(self) -> Iterator[T]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._lines == tuple(other)

    def __repr__(self) -> str:
        return repr(self._lines)

    __hash__ = None  # type: ignore[assignment]  # as the mappings beside it in a decision


def _trace(rules: RuleSet, judgement: Judgement) -> tuple[Considered, ...]:
    ties = _ties(judgement)
    matched = {rule.id for rule in judgement.matched}
    return tuple(
        _considered(rule, ties.get(rule.id, ""), matched=True)
        if rule.id in matched
        else _considered(rule, next(why_not(rule, judgement.view), ""), matched=False)
        for rule in rules.rules
    )


def _considered(rule: Rule, because: str, *, matched: bool) -> Considered:
    return Considered(rule.id, str(rule.place), matched, because)


def _ties(judgement: Judgement) -> dict[str, str]:
    """Winners that won by their id alone: somebody should give a rank."""
    ties: dict[str, str] = {}
    for contest in judgement.contests.values():
        winner, *others = (rule for rule, _ in contest.ranked)
        tied = [rule.id for rule in others if strength(rule) == strength(winner)]
        for rule in (winner.id, *tied) if tied else ():
            said = f"a tie for {contest.audience} between {', '.join(sorted((winner.id, *tied)))}: {winner.id} speaks"
            ties[rule] = f"{ties[rule]}; {said}" if rule in ties else said
    return ties
