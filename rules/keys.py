"""What a column's answer depends on, as something that can be looked up: a field's raw value, unread and unchanged."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Any

from rules.catalogue import Catalogue
from rules.subjects import CUSTOM, DERIVED, Sort, View, subject

NO_KEY = object()
Key = Callable[[View], Any]


def nothing_to_remember(view: View) -> object:
    """For fields whose values rarely come twice."""
    del view
    return NO_KEY


def is_key(raw: Any) -> bool:
    """Whether raw values that are equal also mean the same. True and 1 do not, nor do 0.0 and -0.0."""
    if raw is None or type(raw) is str or isinstance(raw, StrEnum):
        return True
    if type(raw) is not tuple:
        return False
    return (len(raw) == len(("type", "value")) and raw[0] in EXACT) or all(map(is_key, raw))


EXACT = frozenset({bool, int})


def _typed(value: Any) -> Any:
    if type(value) is str or value is None:
        return value
    return (type(value), value) if type(value) in EXACT else NO_KEY


def key_of(field: str, catalogue: Catalogue) -> Key:
    """How to get it. `catalogue` is the only one with which names of services and places are remembered."""
    if field in WITH_CATALOGUE:
        key = WITH_CATALOGUE[field]
        return lambda view: key(view.ticket) if view.catalogue is catalogue else NO_KEY
    if field == "moment":
        return attrgetter("moment.kind")
    about = subject(field)
    if about is None or field in DERIVED or about.sort in {Sort.TIME, Sort.LENGTH}:
        return nothing_to_remember
    return _of_ticket(field, about.sort)


def _of_ticket(field: str, sort: Sort) -> Key:
    owner, _, part = field.rpartition(".")
    if field.startswith(CUSTOM):
        name = field.removeprefix(CUSTOM)
        return lambda view: _typed(view.ticket.fields.get(name))
    if owner == "parent":
        return lambda view: _typed(getattr(view.ticket.parent, part, None))
    raw = attrgetter(f"ticket.{field}")
    return raw if sort in {Sort.WORD, Sort.WORDS, Sort.PROSE} else lambda view: _typed(raw(view))


WITH_CATALOGUE: Mapping[str, Callable[[Any], Any]] = {
    "service": attrgetter("platform", "service", "ci", "components"),
    "location": attrgetter("location", "requester.location"),
}
