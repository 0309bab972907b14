"""Quiet hours: when an audience hears nothing, and when it does again. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import Ticket
from rules.cadence import ceiling
from rules.judgement import applies
from rules.language import QuietHours, RuleSet
from rules.subjects import View
from rules.whereabouts import at_place

ROUNDS = 20
"""How often one entry's opening may fall into another's quiet hours before both are taken to never meet."""


@dataclass(frozen=True)
class Quiet:
    """Quiet hours in force: until when, and where in the files they stand."""

    until: datetime
    by: str


def quiet_at(rules: RuleSet, ticket: Ticket, audience: Audience, at: datetime, zone: str) -> Quiet | None:
    """The quiet hours an audience has at that time, None where it may be spoken to.

    `zone` is the site's, for people whose place is not in the catalogue. A calendar that does not open again keeps
    nobody quiet: a promise never waits for ever.
    """
    if not rules.quiet:
        return None
    view = View(ticket, Moment(MomentKind.UPDATE_DUE, "", at), at, rules.catalogue, rules.calendars, zone)
    mine = [hours for hours in rules.quiet if audience in hours.tell and applies(hours.when, hours.unless, view)]
    moment, by = at, ""
    for _ in range(ROUNDS):
        closed = [(opens, hours) for hours, opens in _closed(rules, mine, ticket, moment, zone)]
        if not closed:
            return Quiet(ceiling(moment), by) if by else None
        moment, last = max(closed, key=lambda pair: pair[0])
        by = by or str(last.place)
    return None


def _closed(
    rules: RuleSet, mine: list[QuietHours], ticket: Ticket, at: datetime, zone: str
) -> Iterator[tuple[QuietHours, datetime]]:
    """Entries whose calendar is closed at that time, each with its next opening."""
    for hours in mine:
        calendar = rules.calendars.get(hours.outside)
        if calendar is None:
            continue
        opening = next(at_place(calendar, rules.catalogue, ticket, zone).openings(at, zone), None)
        if opening and opening[0] > at:
            yield hours, opening[0]
