"""Working time: when a calendar is open, and when so much open time will have passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any


@dataclass(frozen=True)
class Calendar:
    """`timezone` is an IANA name or `location`. `days` are 0 (Monday) to 6; `open` the openings of such a day, an
    opening whose end is not after its start runs into the next day. `dates`: first and last day, both included;
    empty means every date.
    """

    timezone: str = "location"
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    open: tuple[tuple[time, time], ...] = ()
    dates: tuple[tuple[date, date], ...] = ()


def calendar_from(entry: Mapping[str, Any]) -> Calendar:
    """A calendar from its plain YAML values (`timezone`, `days`, `open`, `dates`; `holidays` is not active yet).
    Raises ValueError whose text tells a person what is wrong.
    """
    raise NotImplementedError(entry)
