"""One column of a record, whatever shape ServiceNow or a sender wrote it in.

Raw values are text, or `{link, value}` for references; display values are text, or `{display_value, link}`; `all` is
`{value, display_value}`; the Change API has typed values (`-5.0`, `false`). Whatever is none of these is missing.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

SYS_ID = re.compile(r"[0-9a-f]{32}\Z", re.IGNORECASE)
SAFE_ID = re.compile(r"[A-Za-z0-9_-]{2,64}\Z")
"""What may stand in a request's path: demo data has ids that are no GUIDs (`glide_maint`), never a slash or a dot."""
LARGEST = 10**18
SHORT, LONG = 80, 240
BOTH, LINKED = {"value", "display_value"}, {"value", "link"}


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is the code, sys_id or UTC time, `display` the label; plain text does not tell which it is (`plain`).

    `said` is True where the record carried the column at all, empty or not. `code`: the value where there is one, for
    labels of choices are localised; `label` the other way round. Both are made once: every look asks for them often.
    """

    value: str = ""
    display: str = ""
    plain: bool = False
    said: bool = False
    table: str = ""
    code: str = field(init=False, repr=False, compare=False)
    label: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", self.value or self.display)
        object.__setattr__(self, "label", self.display or self.value)

    @property
    def sys_id(self) -> str:
        """For references: what it points at, `""` where only a name is known."""
        if self.plain and not SYS_ID.match(self.value):
            return ""
        return self.value

    @property
    def name(self) -> str:
        """For references: what people call it, `""` where only the sys_id is known."""
        text = self.value if self.plain else self.display
        return "" if SYS_ID.match(text) else text

    @property
    def flag(self) -> bool | None:
        return {"true": True, "1": True, "false": False, "0": False}.get(self.code.casefold())

    @property
    def number(self) -> float | None:
        try:
            number = float(self.code)
        except ValueError:
            return None
        return number if math.isfinite(number) and abs(number) < LARGEST else None

    @property
    def count(self) -> int | None:
        number = self.number
        return None if number is None else int(number)

    @property
    def time(self) -> datetime | None:
        """A display value may be in the reader's time zone, so the value goes first where there are both."""
        return time(self.code)


EMPTY = Cell()


def cell(raw: Any) -> Cell:
    """Any JSON value as a cell; nothing raises."""
    if type(raw) is str and len(raw) <= SHORT:
        return _plain(raw)
    if type(raw) is dict and raw.keys() == BOTH:
        value, display = raw["value"], raw["display_value"]
        if type(value) is str and type(display) is str and len(value) <= SHORT and len(display) <= SHORT:
            return _pair(value, display)
    if type(raw) is dict and raw.keys() == LINKED:
        link, value = raw["link"], raw["value"]
        if type(link) is str and type(value) is str and len(link) <= LONG and len(value) <= SHORT:
            return _linked(link, value)
    if not isinstance(raw, Mapping):
        return Cell(value=scalar(raw), plain=True, said=True)
    return _referred(scalar(raw.get("link")), scalar(raw.get("value")), scalar(raw.get("display_value")))


def _referred(link: str, value: str, display: str) -> Cell:
    steps = link.split("?", maxsplit=1)[0].rstrip("/").split("/") if "/" in link else []
    value = value or (steps[-1] if steps and SAFE_ID.match(steps[-1]) else "")
    table = steps[-2] if len(steps) > 1 and SAFE_ID.match(steps[-2]) else ""
    return Cell(value, display, said=True, table=table)


@lru_cache(maxsize=4096)
def _plain(raw: str) -> Cell:
    """Records repeat themselves: states, flags, names, and most of all the empty text."""
    return Cell(value=text(raw), plain=True, said=True)


@lru_cache(maxsize=4096)
def _pair(value: str, display: str) -> Cell:
    return Cell(text(value), text(display), said=True)


@lru_cache(maxsize=16384)
def _linked(link: str, value: str) -> Cell:
    """The same people, groups and places are referred to again and again."""
    return _referred(text(link), text(value), "")


def scalar(raw: Any) -> str:
    """Text of a JSON scalar: `-5.0` is `-5`, False is `false`; anything else is missing."""
    match raw:
        case str():
            return text(raw)
        case bool():
            return str(raw).lower()
        case int() if abs(raw) < LARGEST:
            return str(raw)
        case float() if math.isfinite(raw) and abs(raw) < LARGEST:
            return str(int(raw)) if raw.is_integer() else str(raw)
    return ""


def text(raw: str) -> str:
    """Without what no store takes: NUL and lone surrogates."""
    if not raw.isascii():
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return raw.replace("\0", "").strip()


def time(raw: str) -> datetime | None:
    """`2016-01-22 14:12:37` is UTC. `UNKNOWN` (SLA columns) and local formats are missing."""
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class Names:
    """What sys_ids are called, learnt from reads and from payloads with display values; the oldest is forgotten."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._names: OrderedDict[str, str] = OrderedDict()

    def learn(self, key: str, name: str) -> None:
        if key and name and key != name:
            self._names[key] = name
            self._names.move_to_end(key)
            if len(self._names) > self._limit:
                self._names.popitem(last=False)

    def of(self, key: str) -> str:
        return self._names.get(key, "")
