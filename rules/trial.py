"""`tests:` entries: what a rules file promises about itself, tried out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import ndiff
from typing import Any

from core.decisions import Decision, Facts
from core.errors import LiaisonError
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import Ticket
from rules.cadence import next_due
from rules.catalogue import Catalogue
from rules.decide import decision_of
from rules.judgement import Judgement, judge
from rules.language import Layer, RuleSet, Trial
from rules.pacing import promised
from rules.reach import is_derived
from rules.spoken import zone_named
from rules.staging import stage
from rules.words import render

HERE = "UTC"  # the site's zone, for tests that name no place


@dataclass(frozen=True)
class TestResult:
    """`failures` are sentences, empty where the test passed; `said` is every text by slot, or the reason of silence."""

    __test__ = False  # pytest collects classes by this name

    name: str
    where: str
    failures: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True)
class Outcome:
    """What the rules made of a test's ticket. `due` by audience."""

    judgement: Judgement
    decision: Decision
    said: Mapping[str, str]
    due: Mapping[str, datetime]


def run_tests(rules: RuleSet, *, packs: bool = False) -> tuple[TestResult, ...]:
    """Every `tests:` entry, in the order of the files. `packs`: those of the shipped packs, which hold for the packs
    alone, instead of one's own.
    """
    return tuple(run_test(rules, trial) for trial in rules.tests if trial.pack is packs)


def run_test(rules: RuleSet, trial: Trial) -> TestResult:
    try:
        outcome = _outcome(rules, trial)
    except LiaisonError as error:
        return TestResult(trial.name, str(trial.place), (f"it cannot run: {error.what}",))
    failures = tuple(found for key, wanted in trial.expect.items() for found in EXPECTATIONS[key](wanted, outcome))
    return TestResult(trial.name, str(trial.place), failures, outcome.said)


def _outcome(rules: RuleSet, trial: Trial) -> Outcome:
    catalogue, ticket, moment = stage(rules, trial)
    judgement = judge(rules, catalogue, ticket, moment, trial.at)
    decision = decision_of(rules, judgement)
    due = {
        audience: next_due(rules, cadence, ticket, made_at=trial.at, first=False, zone=HERE)
        for audience, cadence in decision.cadences.items()
    }
    said: dict[str, str] = {}
    for audience in (Audience.REQUESTER, Audience.BUSINESS, Audience.CUSTOMERS, Audience.AGENTS):
        slot = f"{audience}.{moment.kind}"
        if audience in decision.messages:
            read = said.get(f"{Audience.REQUESTER}.{moment.kind}", "")
            facts = Facts(
                trial.at,
                next_update=due.get(promised(audience)),
                promised=trial.at if moment.kind == MomentKind.UPDATE_DUE else None,
                requester_reads=read,
            )
            said[slot] = _words(rules, catalogue, decision, audience, (ticket, moment, facts))
    return Outcome(judgement, decision, said, {str(audience): time for audience, time in due.items()})


def _words(
    rules: RuleSet,
    catalogue: Catalogue,
    decision: Decision,
    audience: Audience,
    facts: tuple[Ticket, Moment, Facts],
) -> str:
    words = render(rules, catalogue, decision.messages[audience], *facts, zone=HERE, impacts=decision.impacts)
    return f"(stopped by the leak guard: {words.leak}) {words.text}" if words.leak else words.text


def _rules(wanted: list[str], outcome: Outcome) -> Iterator[str]:
    """Packs match nearly everything: theirs count only where they are asked for."""
    matched = [r.id for r in outcome.judgement.matched if r.layer is not Layer.PACK or r.id in wanted]
    if set(matched) != set(wanted):
        yield f"rules: {_differ(wanted, matched)}"


def _winner(wanted: Mapping[str, str], outcome: Outcome) -> Iterator[str]:
    for slot, rule in wanted.items():
        audience = slot.partition(".")[0]
        contest = next((c for name, c in outcome.judgement.contests.items() if name == audience), None)
        won = contest.ranked[0][0].id if contest else "nobody"
        if won != rule:
            yield f"winner of {slot}: wanted {rule}, got {won}"


def _says(wanted: Mapping[str, list[str]], outcome: Outcome) -> Iterator[str]:
    for slot, parts in wanted.items():
        text = outcome.said.get(slot)
        if text is None:
            yield f"{slot} says nothing: {_silence(slot, outcome)}"
            continue
        missing = [part for part in parts if part.casefold() not in text.casefold()]
        if missing:
            yield f"{slot} does not say {', '.join(map(repr, missing))}:\n{_diff(missing, text)}"


def _not_says(wanted: Mapping[str, list[str]], outcome: Outcome) -> Iterator[str]:
    for slot, parts in wanted.items():
        text = outcome.said.get(slot, "")
        found = [part for part in parts if part.casefold() in text.casefold()]
        if found:
            yield f"{slot} says {', '.join(map(repr, found))}, which it must not:\n{_diff([], text)}"


def _silent(wanted: Mapping[str, str], outcome: Outcome) -> Iterator[str]:
    for slot, reason in wanted.items():
        text = outcome.said.get(slot)
        if text is not None:
            yield f"{slot} should be silent ({reason}) and says:\n{_diff([], text)}"
        elif _reason(slot, outcome) != reason:
            yield f"{slot} is silent for another reason: wanted {reason}, got {_silence(slot, outcome)}"


def _next_update(wanted: Mapping[str, datetime], outcome: Outcome) -> Iterator[str]:
    view = outcome.judgement.view
    place = view.catalogue.location_of(view.ticket)
    zone = zone_named(place.timezone if place else HERE)
    for audience, time in wanted.items():
        due = outcome.due.get(audience)
        if due != time:
            got = due.astimezone(zone).isoformat() if due else "no promise"
            yield f"next update for {audience}: wanted {time.astimezone(zone).isoformat()}, got {got}"


def _impacts(wanted: list[str], outcome: Outcome) -> Iterator[str]:
    """What the catalogue adds counts only where it is asked for."""
    found = [impact.id for impact in outcome.decision.impacts if not is_derived(impact) or impact.id in wanted]
    if set(found) != set(wanted):
        yield f"impacts: {_differ(wanted, found)}"


EXPECTATIONS: Mapping[str, Callable[[Any, Outcome], Iterator[str]]] = {
    "rules": _rules,
    "winner": _winner,
    "says": _says,
    "not_says": _not_says,
    "silent": _silent,
    "next_update": _next_update,
    "impacts": _impacts,
}


def _reason(slot: str, outcome: Outcome) -> str:
    found = (s for audience, s in outcome.decision.silences.items() if slot.startswith(f"{audience}."))
    return next((str(silence.reason) for silence in found), "")


def _silence(slot: str, outcome: Outcome) -> str:
    for audience, silence in outcome.decision.silences.items():
        if slot.startswith(f"{audience}."):
            return f"{silence.reason} ({silence.detail})" if silence.detail else str(silence.reason)
    return "nothing is decided for it at this moment"


def _differ(wanted: Iterable[str], found: Iterable[str]) -> str:
    missing = ", ".join(sorted(set(wanted) - set(found))) or "none"
    extra = ", ".join(sorted(set(found) - set(wanted))) or "none"
    return f"missing {missing}; not expected {extra}"


def _diff(wanted: list[str], text: str) -> str:
    """Wanted lines with -, what is said with +."""
    lines = (line.rstrip() for line in ndiff(wanted, text.splitlines()) if not line.startswith("?"))
    return "\n".join(f"  {line}" for line in lines)
