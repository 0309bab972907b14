"""The stage of a test: its catalogue, its ticket, its moment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.moments import Moment
from core.tickets import Ticket
from rules.catalogue import Catalogue, Location, folded
from rules.language import RuleSet, Trial
from rules.samples import ticket_from

LOCATION_KEYS = ("id", "name", "timezone", "country", "region", "language", "hours")


def stage(rules: RuleSet, trial: Trial) -> tuple[Catalogue, Ticket, Moment]:
    """The catalogue, the ticket and the moment of a test. Raises PayloadError where its fields cannot be read."""
    catalogue, place = located(rules.catalogue, trial.location)
    plain = {**({"location": place} if place else {}), **trial.ticket}
    ticket = ticket_from(plain, where=str(trial.place), opened_at=trial.at)
    before = None
    if trial.before is not None:
        before = ticket_from({**plain, **trial.before}, where=str(trial.place), opened_at=trial.at)
    return catalogue, ticket, Moment(trial.moment, "1", trial.at, before)


def located(catalogue: Catalogue, location: Mapping[str, Any] | str) -> tuple[Catalogue, str]:
    """The catalogue with the test's own place in it, and the name by which the ticket finds it."""
    if not isinstance(location, Mapping):
        return catalogue, str(location)
    texts = {key: str(location.get(key) or "") for key in LOCATION_KEYS}
    texts["id"] = texts["id"] or folded(texts["name"]).replace(" ", "-")
    place = replace(Location("", ""), **texts)  # type: ignore[arg-type]  # texts, all of them
    names = {folded(place.id), folded(place.name)}
    others = (one for one in catalogue.locations if not {folded(one.id), folded(one.name)} & names)
    return Catalogue(catalogue.services, (*others, place)), place.id
