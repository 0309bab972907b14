"""Calendars at the places of the catalogue."""

from collections.abc import Iterator

from core.errors import Problem, Severity
from core.tickets import Ticket
from rules.calendars import Calendar
from rules.catalogue import Catalogue
from rules.language import RuleSet


def at_place(calendar: Calendar, catalogue: Catalogue, ticket: Ticket, zone: str) -> Calendar:
    """A calendar where the ticket's people are: the place's zone, else `zone`, which is the site's; its holidays."""
    place = catalogue.location_of(ticket)
    return calendar.at(place.timezone or zone, place.country, place.region) if place else calendar.at(zone)


def without_country(rules: RuleSet) -> Iterator[Problem]:
    """Places whose holidays a calendar asks for and nobody knows."""
    name = next((name for name in sorted(_used(rules)) if rules.calendars[name].holidays.location), None)
    for place in rules.catalogue.locations if name else ():
        if not place.country:
            yield Problem(
                *place.where,
                f"location {place.id} has no country, so calendar {name} knows no holidays there. Add `country: DE`, "
                "and `region: BE` where regions have holidays of their own.",
                Severity.WARNING,
            )


def _used(rules: RuleSet) -> set[str]:
    """Calendars that times are counted in; conditions within a calendar are not searched."""
    counted = ((*rule.cadences.values(), *rule.milestones, *(rule.notices or ()), rule.closing) for rule in rules.rules)
    return {one.calendar for times in counted for one in times if one} & rules.calendars.keys()
