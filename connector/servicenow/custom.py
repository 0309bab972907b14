"""Columns that an admin named in `fields:`, as typed values, and those names that are canonical ones."""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from typing import Any

from connector.servicenow import vocabulary
from connector.servicenow.cells import SYS_ID, Cell, Names
from core.sightings import Unmapped
from core.sites import Site
from core.tickets import TIMES, Phase, Ticket

# What identifies a record, or is more than one value, is not an admin's to redirect.
FIXED = {"site", "platform", "kind", "key", "id", "url", "requester", "parent", "revision", "updated_at", "fields"}
REDIRECTED = {field.name for field in fields_of(Ticket)} - FIXED


def custom_value(cell: Cell, names: Names) -> Any:
    """True and False, whole numbers, else text: a reference's name, a choice's or a time's value."""
    if cell.sys_id and SYS_ID.match(cell.sys_id):
        return cell.name or names.of(cell.sys_id) or cell.sys_id
    if cell.code in ("true", "false"):
        return cell.code == "true"
    digits = cell.code.removeprefix("-")
    # Codes with leading zeros (`007`) are words.
    if digits.isascii() and digits.isdigit() and str(int(digits[:20])) == digits:
        return int(cell.code)
    return cell.code


def canonical(ticket: Ticket, site: Site, cells: Mapping[str, Cell]) -> tuple[Ticket, tuple[Unmapped, ...]]:
    """The ticket with the configured names that are canonical fields in their place, out of `fields`."""
    if not site.fields:
        return ticket, ()
    found: dict[str, Any] = {}
    unmapped = []
    for name, column in site.fields.items():
        if name not in REDIRECTED or not cells[column].said:
            continue
        cell = cells[column]
        value = _typed(name, cell, ticket, site)
        if value is None and cell.code:
            unmapped.append(Unmapped(name, cell.label))
        found[name] = value if value is not None else _nothing(name)
    rest = {name: value for name, value in ticket.fields.items() if name not in REDIRECTED}
    return ticket.evolve(**found, fields=rest), tuple(unmapped)


def _nothing(name: str) -> Any:
    return next(field.default for field in fields_of(Ticket) if field.name == name)


def _typed(name: str, cell: Cell, ticket: Ticket, site: Site) -> Any:
    """The value in the type of that canonical field; None where it is missing or nobody knows it."""
    if name in TIMES:
        return cell.time
    read = READERS.get(name)
    if read:
        return read(cell, ticket, site)
    text = ticket.fields.get(name)
    return text if isinstance(text, str) else cell.label


def _words(cell: Cell) -> tuple[str, ...]:
    return tuple(word for text in cell.label.split(",") if (word := text.strip()))


def _state(cell: Cell, ticket: Ticket, site: Site) -> str | None:
    status = vocabulary.status(cell, ticket.kind, site)
    return status.state if status else None


READERS: dict[str, Callable[[Cell, Ticket, Site], Any]] = {
    "affected_users": lambda cell, _ticket, _site: cell.count,
    "children_count": lambda cell, _ticket, _site: cell.count,
    "subtasks_done": lambda cell, _ticket, _site: cell.number,
    "major": lambda cell, _ticket, _site: cell.flag,
    "labels": lambda cell, _ticket, _site: _words(cell),
    "components": lambda cell, _ticket, _site: _words(cell),
    "priority": lambda cell, _ticket, site: vocabulary.priority(cell, site),
    "state": _state,
    "phase": lambda cell, _ticket, _site: cell.code.casefold() if cell.code.casefold() in set(Phase) else None,
    "hold_reason": lambda cell, _ticket, _site: vocabulary.hold_reason(cell),
    "resolution": lambda cell, _ticket, _site: vocabulary.canonical_resolution(cell.code),
    "approval": lambda cell, _ticket, _site: vocabulary.APPROVALS.get(cell.code.casefold(), ""),
    "risk": lambda cell, _ticket, _site: vocabulary.risk_word(cell.label),
    "impact": lambda cell, _ticket, _site: vocabulary.level(cell),
    "urgency": lambda cell, _ticket, _site: vocabulary.level(cell),
}
