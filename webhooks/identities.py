"""What both platforms' bodies are read with: ids and names as text, whatever type they came in."""

import textwrap
from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]


class ConcernsNoTicket(Exception):
    """Not an error: most platforms send more than was asked for."""

    def __init__(self, because: str, next_step: str) -> None:
        super().__init__(because)
        self.because, self.next_step = because, next_step


def inside(body: Body, name: str) -> Body:
    """The object of that name, empty if it is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def plain(value: Any) -> str:
    """Text or a whole number as text, also out of ServiceNow's `{value, display_value}`; everything else `""`."""
    if isinstance(value, dict):
        value = value.get("value") or value.get("display_value")
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def shown(value: Any) -> str:
    """For an answer. Only what `plain` can read: the repr of a deeply nested value would be a RecursionError."""
    return textwrap.shorten(repr(plain(value)[:200]), 60, placeholder="…")
