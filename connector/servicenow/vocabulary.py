"""ServiceNow's stock values in canonical words: by code, and by English label where a payload has only labels."""

from collections.abc import Iterable, Mapping

from connector.servicenow.cells import Cell
from core.sites import Site
from core.tickets import HoldReason, Kind, Phase, Priority, Resolution, State
from core.values import value

KINDS = {"incident": Kind.INCIDENT.value, "change_request": Kind.CHANGE.value}
PREFIXES = {"INC": "incident", "CHG": "change_request", "PRB": "problem"}

# Codes are stock since Helsinki; the labels below the line are those of older releases and common synonyms.
INCIDENT_STATES = {
    "1": "new", "2": "in_progress", "3": "on_hold", "6": "resolved", "7": "closed", "8": "cancelled",
    "new": "new", "in progress": "in_progress", "on hold": "on_hold", "resolved": "resolved", "closed": "closed",
    "canceled": "cancelled", "cancelled": "cancelled",
    "active": "in_progress", "work in progress": "in_progress",
    "awaiting user info": "on_hold:requester", "awaiting caller": "on_hold:requester",
    "awaiting evidence": "on_hold:evidence", "awaiting problem": "on_hold:problem",
    "awaiting vendor": "on_hold:vendor", "awaiting change": "on_hold:change",
}  # fmt: skip
CHANGE_STATES = {
    "-5": "draft", "-4": "assess", "-3": "authorize", "-2": "scheduled", "-1": "implement", "0": "review",
    "3": "closed", "4": "cancelled",
    "new": "draft", "draft": "draft", "assess": "assess", "authorize": "authorize", "scheduled": "scheduled",
    "implement": "implement", "review": "review", "closed": "closed", "canceled": "cancelled",
    "cancelled": "cancelled",
}  # fmt: skip
HOLD_REASONS = {
    "1": "requester", "2": "evidence", "3": "problem", "4": "vendor", "5": "change",
    "awaiting caller": "requester", "awaiting user info": "requester", "awaiting evidence": "evidence",
    "awaiting problem": "problem", "awaiting vendor": "vendor", "awaiting change": "change",
}  # fmt: skip
PRIORITIES = {"critical": "P1", "high": "P2", "moderate": "P3", "low": "P4", "planning": "P5"}
LEVELS = {"1": "high", "2": "medium", "3": "low"}
APPROVALS = {
    "not requested": "not_requested",
    "not yet requested": "not_requested",
    "requested": "requested",
    "approved": "approved",
    "rejected": "rejected",
}
CHANGE_TYPES = {"routine": "standard", "comprehensive": "normal"}
CHANGE_CLOSE_CODES = {
    "successful": "Successful",
    "successful_issues": "Successful with issues",
    "unsuccessful": "Unsuccessful",
}
RESOLUTIONS = {
    "solved (permanently)": "fixed",
    "solved (work around)": "workaround",
    "solved (workaround)": "workaround",
    "solved remotely (permanently)": "fixed",
    "solved remotely (work around)": "workaround",
    "solved remotely (workaround)": "workaround",
    "not solved (not reproducible)": "not_found",
    "not solved (too costly)": "declined",
    "closed/resolved by caller": "withdrawn",
    "duplicate": "duplicate",
    # Names that releases since Tokyo ship. "Known error" is left out: it does not tell whether things work again.
    "solution provided": "fixed",
    "workaround provided": "workaround",
    "resolved by caller": "withdrawn",
    "resolved by request": "fixed",
    "resolved by change": "fixed",
    "resolved by problem": "fixed",
    "no resolution provided": "declined",
    "user error": "not_found",
    "not reproducible": "not_found",
}
STATES, REASONS, PHASES = frozenset(State), frozenset(HoldReason), frozenset(Phase)
URGENCIES, ENDINGS = frozenset(Priority), frozenset(Resolution)


@value
class Status:
    """A canonical state with the hold reason or phase that a map may name behind a colon."""

    state: str = ""
    hold_reason: str = ""
    phase: str = ""


def kind_of(table: str, site: Site) -> tuple[str, str]:
    """The kind that the site serves this table as, and else a sentence that says why it serves it not at all."""
    stock = KINDS.get(table)
    if not site.serves:
        return (stock, "") if stock else (table, _unserved(table, KINDS))
    for served in site.serves:
        if table in served.tables or (not served.tables and stock == served.kind):
            return served.kind, ""
    tables = [t for s in site.serves for t in s.tables or (n for n, k in KINDS.items() if k == s.kind)]
    return stock or table, _unserved(table, tables)


def _unserved(table: str, tables: Iterable[str]) -> str:
    return f"records of the table {table} are not served here, only those of {', '.join(tables)}"


def status(cell: Cell, kind: str, site: Site) -> Status | None:
    """The site's map first, by label or code; then the stock codes and labels. None: nobody knows the value."""
    stock = CHANGE_STATES if kind == Kind.CHANGE else INCIDENT_STATES
    word = _mapped(cell, site.states) or stock.get(cell.value.casefold()) or stock.get(cell.display.casefold())
    state, _, detail = (word or "").partition(":")
    if state not in STATES:
        return None
    return Status(
        state,
        detail if detail in REASONS else "",
        detail if detail in PHASES else "",
    )


def hold_reason(cell: Cell) -> str | None:
    return HOLD_REASONS.get(cell.value.casefold()) or HOLD_REASONS.get(cell.display.casefold())


def priority(cell: Cell, site: Site) -> str | None:
    """`1`, `1 - Critical` and `Critical` are P1."""
    word = _mapped(cell, site.priorities)
    if word:
        return word if word in URGENCIES else None
    for text in (cell.value, cell.display):
        code, _, label = text.partition(" - ")
        if code.strip() in {"1", "2", "3", "4", "5"}:
            return f"P{code.strip()}"
        if found := PRIORITIES.get((label or code).strip().casefold()):
            return found
    return None


def level(cell: Cell) -> str:
    """Impact and urgency: `1`, `1 - High` and `High` are `high`."""
    code, _, label = cell.code.partition(" - ")
    return LEVELS.get(code.strip()) or (label or code).strip().casefold()


def risk_word(label: str) -> str:
    """Risk codes differ between releases, so only labels count: `High`, `2 - High`."""
    code, _, word = label.partition(" - ")
    word = (word or code).strip().casefold()
    return "" if word.lstrip("-").isdigit() else word


def resolution(close_code: Cell) -> str | None:
    for text in (close_code.value, close_code.display):
        if found := RESOLUTIONS.get(text.casefold()):
            return found
    return None


def canonical_resolution(text: str) -> str | None:
    word = text.casefold()
    return word if word in ENDINGS else RESOLUTIONS.get(word)


def _mapped(cell: Cell, names: Mapping[str, str]) -> str:
    if not names:
        return ""
    folded = {name.casefold(): word for name, word in names.items()}
    return folded.get(cell.display.casefold()) or folded.get(cell.value.casefold()) or ""
