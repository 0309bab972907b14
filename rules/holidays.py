"""Days off: the public holidays of a country and its region, by the `holidays` package, and an admin's own dates.

The package is loaded when a country is first asked about, so rules without countries pay nothing for it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from rules.suggestion import did_you_mean

LOCATION = "location"
KEYS = (LOCATION, "country", "region", "also", "open_on")
EVERY_YEAR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
SHOWN = 12
Dates = tuple[date, date]


@dataclass(frozen=True)
class DayList:
    """Dates and spans of dates, and days of every year as (month, day)."""

    spans: tuple[Dates, ...] = ()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def has(self, day: date) -> bool:
        return (day.month, day.day) in self.yearly or any(first <= day <= last for first, last in self.spans)


@dataclass(frozen=True)
class Holidays:
    """When a calendar is closed beside its weekdays. `location`: by the country and region of the place; else by
    `country` and `region`. `also` is closed too; `open_on` is open whatever the weekday and the holiday.
    """

    location: bool = False
    country: str = ""
    region: str = ""
    also: DayList = DayList()
    open_on: DayList = DayList()

    def on(self, day: date) -> bool:
        """Whether the day is off, `open_on` aside. A country that nobody knows has no holidays."""
        return self.also.has(day) or (bool(self.country) and day in _public(self.country, self.region, day.year))

    def at(self, country: str, region: str) -> "Holidays":
        """The same, with the place's country filled in; unknown names, which `check` tells, are left out."""
        if not self.location:
            return self
        known = country_code(country)
        return replace(self, location=False, country=known, region=region_code(known, region) if known else "")


NO_HOLIDAYS = Holidays()


def holidays_from(value: Any) -> Holidays:
    """From plain YAML: `location`, a country, a list of dates, or a mapping. Raises ValueError for a person."""
    if value is False or value is None:
        return NO_HOLIDAYS
    if value is True:
        raise ValueError("holidays are not true: write `location` for those of the place, or a country such as DE.")
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, list):
        return Holidays(also=day_list(value))
    return Holidays(location=True) if value == LOCATION else Holidays(country=_country(value, LOCATION))


def _from_mapping(value: Mapping[str, Any]) -> Holidays:
    strange = next((key for key in value if key not in KEYS), None)
    if strange is not None:
        raise ValueError(f"{strange!r} means nothing under holidays. {did_you_mean(str(strange), KEYS)}".strip())
    by_place = value.get(LOCATION, False)
    if by_place not in (True, False):
        raise ValueError(f"location is true or false under holidays, not {by_place!r}.")
    if by_place and value.get("country"):
        raise ValueError("holidays have either `location: true` or a country of their own, not both.")
    if value.get("region") and not value.get("country"):
        raise ValueError("holidays with a region need its country: {country: DE, region: BE}.")
    country = _country(value["country"]) if value.get("country") else ""
    region = _region(country, value["region"]) if value.get("region") else ""
    return Holidays(by_place, country, region, day_list(value.get("also")), day_list(value.get("open_on")))


def day_list(value: Any) -> DayList:
    """Dates, spans such as 2026-12-24..2026-12-31, and `12-24` for every year. Raises ValueError for a person."""
    listed: Sequence[Any] = value if isinstance(value, list | tuple) else () if value is None else (value,)
    texts = [str(one).strip() for one in listed]
    yearly = frozenset((int(found[1]), int(found[2])) for text in texts if (found := EVERY_YEAR.fullmatch(text)))
    return DayList(tuple(dates_from(text) for text in texts if not EVERY_YEAR.fullmatch(text)), yearly)


def dates_from(text: str) -> Dates:
    """First and last day, both included. Raises ValueError for a person."""
    first, _, last = text.partition("..")
    try:
        span = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError:
        raise ValueError(f"{text!r} are not dates. Write 2026-11-23..2026-12-31, or one date.") from None
    if span[0] > span[1]:
        raise ValueError(f"{text!r} ends before it begins.")
    return span


def unknown_place(country: str, region: str) -> str:
    """What is wrong with a location's country and region, `""` where both are known."""
    try:
        if country or region:
            _region(_country(country), region)
    except ValueError as error:
        return str(error)
    return ""


def _country(value: Any, *more: str) -> str:
    code = country_code(str(value))
    if not code:
        near = (
            did_you_mean(str(value), (*more, *map(str.title, _names()), *_codes())) or "Write its two letters, like DE."
        )
        raise ValueError(f"{str(value)!r} is not a country whose holidays are known. {near}")
    return code


def _region(country: str, value: Any) -> str:
    code = region_code(country, str(value))
    if value and not code:
        known = _regions(country)
        near = did_you_mean(str(value), tuple(known)) or _some(country)
        raise ValueError(f"{str(value)!r} is not a region of {country} with holidays of its own. {near}")
    return code


def _some(country: str) -> str:
    """Regions by name, where they have one, as many as a person reads."""
    named = {code: name for name, code in sorted(_regions(country).items(), key=lambda pair: len(pair[0]))}
    first, rest = sorted(named.values())[:SHOWN], len(named) - SHOWN
    if not named:
        return f"{country} has none."
    return f"Possible are: {', '.join(first)}{f' and {rest} more' if rest > 0 else ''}."


def country_code(name: str) -> str:
    """Two letters for a country's code or English name, in any case; `""` for one that is not known."""
    plain = _plain(name)
    return _codes().get(plain.upper(), "") or _names().get(plain, "") if plain else ""


def region_code(country: str, name: str) -> str:
    """The code of a region by its code (`BE`, `DE-BE`) or name, in any case; `""` for one that is not known."""
    plain = _plain(name)
    known = {_plain(one): code for one, code in _regions(country).items()} if plain else {}
    return known.get(plain) or known.get(plain.removeprefix(f"{country.casefold()}-"), "")


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


@cache
def _codes() -> Mapping[str, str]:
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - loaded when a country is first asked about

    return {code: codes[0] for _, *codes in COUNTRIES.values() for code in codes if len(code) <= len("DEU")}


@cache
def _names() -> Mapping[str, str]:
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - loaded when a country is first asked about

    return {_plain(module): codes[0] for module, (_, *codes) in COUNTRIES.items()}


@cache
def _regions(country: str) -> Mapping[str, str]:
    """Every code and name of a country's regions, to their codes."""
    from holidays import country_holidays  # noqa: PLC0415 - loaded when a country is first asked about

    aliases = type(country_holidays(country)).get_subdivision_aliases()
    return {name: code for code, names in aliases.items() for name in (code, *names)}


@cache
def _public(country: str, region: str, year: int) -> frozenset[date]:
    """The public holidays of a year, days in lieu included."""
    from holidays import country_holidays  # noqa: PLC0415 - loaded when a country is first asked about

    return frozenset(country_holidays(country, subdiv=region or None, years=year, expand=False))
