"""`tests:` entries that cannot run, or that ask for what cannot be."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.decisions import Reason
from core.errors import Problem, Severity
from core.moments import MomentKind
from core.notes import Audience
from rules.language import RuleSet, Trial
from rules.staging import LOCATION_KEYS
from rules.suggestion import did_you_mean
from rules.values import zone

Path = tuple[str, ...]
Fault = tuple[Path, str]
"""The keys that lead to what is wrong, and why."""
BY_SLOT = ("winner", "says", "not_says", "silent")
SEEN = (Reason.NO_RULE, Reason.SILENCED, Reason.GATED, Reason.FOLLOWS_PARENT, Reason.NO_SINK)
"""Reasons that the rules alone give: the others come of what happened before, which a test does not tell."""


def misplaced(rules: RuleSet) -> Iterator[Problem]:
    ids = {rule.id for rule in (*rules.rules, *rules.resting)}
    for trial in rules.tests:
        for path, fault in _faults(rules, trial, ids):
            yield _at(trial, path, f"test {trial.name!r}: {fault}")
        if not trial.expect:
            yield _at(trial, (), f"test {trial.name!r} expects nothing, so it cannot fail.", Severity.WARNING)


def _faults(rules: RuleSet, trial: Trial, ids: Collection[str]) -> Iterator[Fault]:
    yield from _place_faults(rules, trial)
    yield from _slot_faults(trial)
    yield from _rule_faults(trial, ids)
    for slot, reason in (trial.expect.get("silent") or {}).items():
        if reason not in SEEN:
            yield (
                ("expect", "silent", slot),
                f"silent: a test asks the rules alone, which never answer {reason} but {', '.join(SEEN)}.",
            )


def _at(trial: Trial, path: Path, message: str, severity: Severity = Severity.ERROR) -> Problem:
    line, column = trial.spots.get(path, (trial.place.line, trial.place.column))
    return Problem(trial.place.path, line, column, message, severity)


def _slot_faults(trial: Trial) -> Iterator[Fault]:
    for key in BY_SLOT:
        for slot in trial.expect.get(key) or {}:
            path = ("expect", key, slot)
            audience, _, moment = slot.partition(".")
            if audience not in set(Audience) or moment not in set(MomentKind):
                near = did_you_mean(slot, tuple(f"{one}.{trial.moment}" for one in Audience))
                yield path, f"{key}: {slot!r} is not a slot. {near or 'Write it like requester.opened.'}"
            elif moment != trial.moment:
                yield path, f"{key}: {slot} is never asked about; the test's moment is {trial.moment}."


def _rule_faults(trial: Trial, ids: Collection[str]) -> Iterator[Fault]:
    winners: Mapping[str, str] = trial.expect.get("winner") or {}
    asked: list[Fault] = [(("expect", "rules", rule), rule) for rule in trial.expect.get("rules") or ()]
    asked += [(("expect", "winner", slot, rule), rule) for slot, rule in winners.items()]
    for path, rule in asked:
        if rule not in ids:
            yield path, f"there is no rule {rule!r}. {did_you_mean(rule, tuple(ids))}".strip()


def _place_faults(rules: RuleSet, trial: Trial) -> Iterator[Fault]:
    location: Mapping[str, Any] | str = trial.location
    if isinstance(location, Mapping):
        for key in location.keys() - set(LOCATION_KEYS):
            why = f"location: {key!r} means nothing here. {did_you_mean(key, LOCATION_KEYS)}".strip()
            yield ("location", key), why
        if not location.get("name") and not location.get("id"):
            yield (), "location: it has no name."
        zone_named = location.get("timezone")
        yield from ((("location", "timezone", str(zone_named)), fault) for fault in _zone_faults(zone_named))
    elif location and not rules.catalogue.location_named(location):
        known = tuple(place.id for place in rules.catalogue.locations)
        why = f"there is no location {location!r} in the catalogue. {did_you_mean(location, known)}".strip()
        yield ("location", location), why


def _zone_faults(value: Any) -> Iterator[str]:
    try:
        zone(value or "UTC")
    except ValueError as error:
        yield f"location: {error}"
