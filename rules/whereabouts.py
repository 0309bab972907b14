"""Calendars at the places of the catalogue."""

from collections.abc import Iterator

from core.errors import Problem, Severity
from core.notes import Audience
from core.tickets import Ticket
from rules.calendars import Calendar
from rules.catalogue import Catalogue
from rules.language import RuleSet
from rules.tongues import ENGLISH, written_as


def at_place(calendar: Calendar, catalogue: Catalogue, ticket: Ticket, zone: str) -> Calendar:
    """A calendar where the ticket's people are: the place's zone, else `zone`, which is the site's; its holidays."""
    place = catalogue.location_of(ticket)
    return calendar.at(place.timezone or zone, place.country, place.region) if place else calendar.at(zone)


def language_of(catalogue: Catalogue, ticket: Ticket, audience: Audience, language: str) -> str:
    """What somebody reads: the requester's language, else the place's, else `language`, which is the site's and what
    agents read.
    """
    place = catalogue.location_of(ticket)
    asked = [place.language] if place and audience is not Audience.AGENTS else []
    asked = [ticket.requester.language, *asked] if audience is Audience.REQUESTER else asked
    return next((code for raw in (*asked, language) if (code := written_as(raw))), ENGLISH)


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
