"""`tests:` entries that cannot run, or that ask for what cannot be."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.errors import Problem, Severity
from core.moments import MomentKind
from core.notes import Audience
from rules.language import RuleSet, Trial
from rules.staging import LOCATION_KEYS
from rules.suggestion import did_you_mean
from rules.values import zone

BY_SLOT = ("winner", "says", "not_says", "silent")


def misplaced(rules: RuleSet) -> Iterator[Problem]:
    ids = {rule.id for rule in (*rules.rules, *rules.resting)}
    for trial in rules.tests:
        faults = (*_place_faults(rules, trial), *_slot_faults(trial), *_rule_faults(trial, ids))
        for fault in faults:
            yield Problem(trial.place.path, trial.place.line, trial.place.column, f"test {trial.name!r}: {fault}")
        if not trial.expect:
            message = f"test {trial.name!r} expects nothing, so it cannot fail."
            yield Problem(trial.place.path, trial.place.line, trial.place.column, message, Severity.WARNING)


def _slot_faults(trial: Trial) -> Iterator[str]:
    for key in BY_SLOT:
        for slot in trial.expect.get(key) or {}:
            audience, _, moment = slot.partition(".")
            if audience not in set(Audience) or moment not in set(MomentKind):
                near = did_you_mean(slot, tuple(f"{one}.{trial.moment}" for one in Audience))
                yield f"{key}: {slot!r} is not a slot. {near or 'Write it like requester.opened.'}"
            elif moment != trial.moment:
                yield f"{key}: {slot} is never asked about; the test's moment is {trial.moment}."


def _rule_faults(trial: Trial, ids: Collection[str]) -> Iterator[str]:
    winners: Mapping[str, str] = trial.expect.get("winner") or {}
    for rule in (*(trial.expect.get("rules") or ()), *winners.values()):
        if rule not in ids:
            yield f"there is no rule {rule!r}. {did_you_mean(rule, tuple(ids))}".strip()


def _place_faults(rules: RuleSet, trial: Trial) -> Iterator[str]:
    location: Mapping[str, Any] | str = trial.location
    if isinstance(location, Mapping):
        for key in location.keys() - set(LOCATION_KEYS):
            yield f"location: {key!r} means nothing here. {did_you_mean(key, LOCATION_KEYS)}".strip()
        if not location.get("name") and not location.get("id"):
            yield "location: it has no name."
        yield from _zone_faults(location.get("timezone"))
    elif location and not rules.catalogue.location_named(location):
        known = tuple(place.id for place in rules.catalogue.locations)
        yield f"there is no location {location!r} in the catalogue. {did_you_mean(location, known)}".strip()


def _zone_faults(value: Any) -> Iterator[str]:
    try:
        zone(value or "UTC")
    except ValueError as error:
        yield f"location: {error}"
