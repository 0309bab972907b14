"""The five places of the simulation, their rules, and an oracle of working time that shares no code with the product.

The oracle knows only what a clock on the wall shows: a minute is open when its local date and time say so.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

SITE, ISLAND = "acme", "island"
SITE_ZONES = {SITE: "Europe/Berlin", ISLAND: "Australia/Lord_Howe"}
# id: zone, country, region
PLACES = {
    "berlin": ("Europe/Berlin", "DE", "BE"),
    "new-york": ("America/New_York", "US", "NY"),
    "sao-paulo": ("America/Sao_Paulo", "BR", "SP"),
    "kathmandu": ("Asia/Kathmandu", "NP", ""),
    "lord-howe": ("Australia/Lord_Howe", "AU", "NSW"),
}
ALWAYS = "always"
CADENCES = {"P1": ALWAYS, "P2": "shop", "P3": "office", "P4": "nights", "P5": "halves"}
"""Which calendar each priority counts in; the rules below say the same."""
RULES = """
version: 1
calendars:
  shop: {timezone: location, days: mon-sat, open: "08:00-20:00", holidays: location}
  office: {timezone: location, days: mon-fri, open: "08:00-18:00", holidays: {location: true, also: [12-24]}}
  nights: {timezone: location, days: sun-thu, open: "22:00-06:00"}
  halves: {timezone: location, days: mon-fri, open: ["08:00-12:00", "13:00-17:00"]}
rules:
  - {id: p1, when: {kind: incident, priority: P1},
     cadence: {requester: {first: 10m, every: 30m, monitoring: 60m, stretch: {after: 2h, every: 60m},
                          remind: 5m, remind_requester: 1h, escalate: [{after: 5m, tell: lead}]}}}
  - {id: p2, when: {kind: incident, priority: P2}, cadence: {requester: {every: 2h, calendar: shop, remind_requester: 4h}}}
  - {id: p3, when: {kind: incident, priority: P3}, cadence: {requester: {every: 1d, calendar: office, remind_requester: 2d}}}
  - {id: p4, when: {kind: incident, priority: P4}, cadence: {requester: {every: 6h, calendar: nights}}}
  - {id: p5, when: {kind: incident, priority: P5}, cadence: {requester: {every: 10h, calendar: halves}}}
services:
  - {id: tills, name: the tills}
locations:
  - {id: berlin, name: Berlin Mitte, timezone: Europe/Berlin, country: DE, region: BE}
  - {id: new-york, name: New York, timezone: America/New_York, country: US, region: NY}
  - {id: sao-paulo, name: São Paulo, timezone: America/Sao_Paulo, country: BR, region: SP}
  - {id: kathmandu, name: Kathmandu, timezone: Asia/Kathmandu, country: NP}
  - {id: lord-howe, name: Lord Howe Island, timezone: Australia/Lord_Howe, country: AU, region: NSW}
"""
HALF_DAYS = {"shop": [(8, 20)], "office": [(8, 18)], "halves": [(8, 12), (13, 17)]}
DAYS = {"shop": range(6), "office": range(5), "halves": range(5), "nights": (6, 0, 1, 2, 3)}


def zone_of(site: str, place: str) -> str:
    return PLACES[place][0] if place else SITE_ZONES[site]


def is_open(calendar: str, site: str, place: str, minute: datetime) -> bool:
    """Whether a person who looks at the clock there would say that it is open in this minute."""
    if calendar == ALWAYS:
        return True
    local = minute.astimezone(ZoneInfo(zone_of(site, place))).replace(tzinfo=None)
    if calendar == "nights":
        begun = local.date() if local.hour >= 22 else local.date() - timedelta(days=1)
        return (local.hour >= 22 or local.hour < 6) and begun.weekday() in DAYS["nights"]
    day = local.date()
    return (
        day.weekday() in DAYS[calendar]
        and not _is_off(calendar, place, day)
        and any(opens <= local.hour < closes for opens, closes in HALF_DAYS[calendar])
    )


def _is_off(calendar: str, place: str, day: date) -> bool:
    if calendar == "office" and (day.month, day.day) == (12, 24):
        return True
    if calendar == "halves" or not place:
        return False
    _, country, region = PLACES[place]
    return day in _holidays(country, region, day.year)


@cache
def _holidays(country: str, region: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year))


def stands_open(calendar: str, site: str, place: str, due: datetime) -> bool:
    """Whether a promise may be due then: in an open minute, or at the very end of one."""
    due = due.astimezone(UTC)
    return any(is_open(calendar, site, place, due - timedelta(minutes=n)) for n in (0, 1))
