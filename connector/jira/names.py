"""Jira's stock names and what they mean in Liaison's words. A site's own maps are asked first.

Names compare without case and with runs of space, `-` and `_` as one space. Sources: the workflows that Jira
Software and Jira Service Management create with their project templates.
"""

import re

from core.sightings import Unmapped
from core.sites import Site
from core.tickets import Approval, HoldReason, Kind, Phase, Priority, Resolution, State

INCIDENT_STATES = {
    State.NEW: "to do, open, new, reopened, backlog, selected for development, triage, waiting for triage, logged, "
    "created, unassigned",
    State.IN_PROGRESS: "in progress, work in progress, waiting for support, escalated, investigating, assigned, "
    "under investigation, diagnosing, in review, under review, implementing, fixing, working, acknowledged",
    State.ON_HOLD: "waiting for customer, pending, on hold, waiting for vendor, waiting for supplier, "
    "waiting for third party, pending vendor, pending customer, waiting for reporter, waiting for requester, "
    "waiting for change, pending change, paused, blocked",
    State.RESOLVED: "resolved, done, completed, fixed, solved",
    State.CLOSED: "closed",
    State.CANCELLED: "canceled, cancelled, declined, rejected, withdrawn, won't do, invalid",
}
# In Jira's change templates the review ("Review", "Peer review / change manager approval") comes before the approval.
# Only a review that says it is one after the work counts as canonical `review`, which would announce "finished".
CHANGE_STATES = {
    State.DRAFT: "draft, planning, to do, open, new, reopened, backlog",
    State.ASSESS: "assess, review, peer review, in review, under review, peer review / change manager approval, "
    "change manager review, risk assessment",
    State.AUTHORIZE: "authorize, authorise, awaiting cab approval, awaiting approval, waiting for approval, "
    "pending approval, cab approval, awaiting authorization",
    State.SCHEDULED: "scheduled, awaiting implementation, approved, ready for implementation",
    State.IMPLEMENT: "implement, implementing, implementation, in progress, work in progress, in implementation",
    State.REVIEW: "post implementation review, implementation review, awaiting post implementation review, pir",
    State.CLOSED: "closed, completed, done, resolved, failed, implemented, successful, unsuccessful, rolled back",
    State.CANCELLED: "canceled, cancelled, declined, rejected, withdrawn",
}
RESOLUTIONS = {
    Resolution.FIXED: "done, fixed, resolved, completed, solved, complete",
    Resolution.WORKAROUND: "workaround, workaround provided, fixed with workaround",
    Resolution.DUPLICATE: "duplicate",
    Resolution.DECLINED: "won't do, won't fix, wont do, wont fix, declined, rejected, not a bug, invalid, incomplete, "
    "known error",
    Resolution.WITHDRAWN: "withdrawn, canceled, cancelled, no longer required, no longer needed, abandoned",
    Resolution.NOT_FOUND: "cannot reproduce, can't reproduce, not reproducible, unable to reproduce, not found",
}
PRIORITIES = {
    Priority.P1: "highest, blocker, p1",
    Priority.P2: "high, critical, p2",
    Priority.P3: "medium, major, p3",
    Priority.P4: "low, minor, p4",
    Priority.P5: "lowest, trivial, p5",
}
HOLD_REASONS = {
    HoldReason.REQUESTER: "requester, customer, caller, reporter, user, waiting for customer, pending customer, "
    "waiting for reporter, waiting for requester, awaiting caller",
    HoldReason.VENDOR: "vendor, supplier, third party, waiting for vendor, waiting for supplier, "
    "waiting for third party, pending vendor",
    HoldReason.PROBLEM: "problem",
    HoldReason.CHANGE: "change, waiting for change, pending change",
    HoldReason.EVIDENCE: "evidence",
}
APPROVALS = {
    Approval.APPROVED: "approved, accepted",
    Approval.REJECTED: "rejected, declined, refused",
    Approval.REQUESTED: "requested, pending, waiting, awaiting approval",
}
CLOSE_CODES = {
    "unsuccessful": "failed, unsuccessful, rolled back, backed out, failure",
    "successful": "done, completed, successful, implemented, success, fixed, resolved, complete",
}
CATEGORIES = {
    Kind.INCIDENT: {"new": State.NEW, "indeterminate": State.IN_PROGRESS, "done": State.RESOLVED},
    # "In progress" says nothing of a change: it may be assessed, approved or under way. Never guessed.
    Kind.CHANGE: {"new": State.DRAFT, "done": State.CLOSED},
}
APPROVED_STATES = frozenset({State.SCHEDULED, State.IMPLEMENT, State.REVIEW})


def plain_name(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name.replace("\u2019", "'")).strip().casefold()


def _by_name(table: dict[str, str] | dict[State, str]) -> dict[str, str]:
    return {plain_name(name): str(value) for value, names in table.items() for name in names.split(", ")}


STATE_NAMES = {Kind.INCIDENT: _by_name(INCIDENT_STATES), Kind.CHANGE: _by_name(CHANGE_STATES)}
STOCK = {
    "resolution": _by_name({str(k): v for k, v in RESOLUTIONS.items()}),
    "priority": _by_name({str(k): v for k, v in PRIORITIES.items()}),
    "hold_reason": _by_name({str(k): v for k, v in HOLD_REASONS.items()}),
    "approval": _by_name({str(k): v for k, v in APPROVALS.items()}),
    "close_code": _by_name(CLOSE_CODES),
    "phase": {plain_name(p): str(p) for p in Phase},
    "risk": {"high": "high", "very high": "high", "critical": "high", "medium": "moderate", "moderate": "moderate",
             "low": "low"},
    "type": {"standard": "standard", "normal": "normal", "emergency": "emergency"},
}  # fmt: skip


def stock(field: str, name: str) -> str:
    """The canonical word for a stock name of `field`, else `""`."""
    return STOCK[field].get(plain_name(name), "")


def state(site: Site, kind: str, status: str, category: str) -> tuple[str, str, str, tuple[Unmapped, ...]]:
    """State, phase and hold reason: the site's map, then the stock names, then the status category.

    A site's value is a state, optionally with a hold reason or a phase: `on_hold:requester`.
    """
    own = {plain_name(name): value for name, value in site.states.items()}.get(plain_name(status), "")
    found, _, detail = own.partition(":")
    if found.strip() in set(State):
        detail = detail.strip()
        phase = detail if detail in set(Phase) else ""
        return found.strip(), phase, detail if detail in set(HoldReason) else "", ()
    named = STATE_NAMES[Kind(kind)].get(plain_name(status), "")
    if named:
        return named, "", stock("hold_reason", status) if named == State.ON_HOLD else "", ()
    known = CATEGORIES[Kind(kind)].get(category, "")
    return str(known), "", "", () if known or not status else (Unmapped("state", status),)


def priority(site: Site, name: str) -> tuple[str, tuple[Unmapped, ...]]:
    own = {plain_name(k): v for k, v in site.priorities.items()}.get(plain_name(name), "")
    found = own if own in set(Priority) else stock("priority", name)
    return found, () if found or not name else (Unmapped("priority", name),)
