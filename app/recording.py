"""Recorded ServiceNow deliveries in files: read a line at a time, because a year of them does not fit in memory."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core.errors import LiaisonError, PayloadError

FAMILY = ("parent_incident", "parent")
WORTH_A_LANE = 500
Event = dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """The events of all files in their order, or those with the given numbers among them. `start` and `end` are of
    all of them.
    """

    paths: tuple[Path, ...]
    start: datetime
    end: datetime
    numbers: frozenset[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Event]:
        return (_event(line, where) for number, line, where in _lines(self.paths) if number in self.numbers)


def read(paths: Sequence[Path]) -> Recording:
    """Raises PayloadError naming file and line, and LiaisonError where there is no event at all."""
    return divided(paths, 1)[0]


def divided(paths: Sequence[Path], lanes: int) -> list[Recording]:
    """The recording in so many parts at most: what concerns a ticket or its family is in one of them, in order.

    `lanes` 0: as many as suit its length and the machine. Raises as `read` does.
    """
    families = _Families()
    tickets, times = [], []
    for _, line, where in _lines(paths):
        event = _event(line, where)
        families.join(event)
        tickets.append(sys_id(event))
        times.append(sent_at(event))
    if not tickets:
        raise LiaisonError("there are no events in these files.")
    # one for each processor: two that took turns on one were slower
    lanes = lanes or min(os.cpu_count() or 1, 1 + len(tickets) // WORTH_A_LANE)
    parts: dict[int, list[int]] = {}
    for number, lane in enumerate(_lanes([families.head(ticket) for ticket in tickets], lanes)):
        parts.setdefault(lane, []).append(number)
    return [Recording(tuple(paths), times[0], times[-1], frozenset(part)) for _, part in sorted(parts.items())]


def _lanes(heads: Sequence[str], lanes: int) -> list[int]:
    """The lane of each event: families are dealt out in the order they appear, the same way every time."""
    dealt: dict[str, int] = {}
    return [dealt.setdefault(head, len(dealt) % lanes) for head in heads]


class _Families:
    """Which tickets belong together, by the parents that their records ever named."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, event: Event) -> None:
        for column in FAMILY:
            if parent := plain(event["record"].get(column)):
                one, other = self.head(sys_id(event)), self.head(parent)
                if one != other:
                    self._above[one] = other

    def head(self, ticket: str) -> str:
        while ticket in self._above:
            ticket = self._above[ticket]
        return ticket


def _lines(paths: Sequence[Path]) -> Iterator[tuple[int, bytes, str]]:
    count = 0
    for path in paths:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield count, line, f"{path}:{number}"
                    count += 1


def _event(line: bytes, where: str) -> Event:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise PayloadError(f"this is not JSON: {error}.", where=where) from error
    if not isinstance(event, dict) or not isinstance(event.get("record"), dict) or "sent_at" not in event:
        raise PayloadError(
            "a replay takes ServiceNow envelopes with event_id, table, operation, sent_at and record.", where=where
        )
    return event


def sent_at(event: Event) -> datetime:
    return datetime.fromisoformat(event["sent_at"]).replace(tzinfo=UTC)


def sys_id(event: Event) -> str:
    return plain(event["record"].get("sys_id"))


def plain(value: Any) -> str:
    return str(value.get("value") or "") if isinstance(value, dict) else str(value or "")
