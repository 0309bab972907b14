"""Plain words for what the pages show. Every member of every vocabulary has some: a test says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.decisions import Reason
from core.moments import MomentKind as M
from core.notes import Audience, NoteState
from core.promises import Cause, PromiseState
from core.tickets import HoldReason, Kind, Phase, Priority, Resolution, State, Ticket
from ui.access import Role

AUDIENCES = {
    Audience.AGENTS: "agents (internal)",
    Audience.REQUESTER: "requester (public)",
    Audience.BUSINESS: "business",
    Audience.CUSTOMERS: "customers",
}
STATES = {
    State.NEW: "new, nobody works on it yet",
    State.IN_PROGRESS: "being worked on",
    State.ON_HOLD: "on hold",
    State.RESOLVED: "resolved",
    State.CLOSED: "closed",
    State.CANCELLED: "cancelled",
    State.DRAFT: "being drafted",
    State.ASSESS: "being assessed",
    State.AUTHORIZE: "waiting for approval",
    State.SCHEDULED: "approved and scheduled",
    State.IMPLEMENT: "being carried out",
    State.REVIEW: "done, being reviewed",
}
PHASES = {
    Phase.CAUSE_SOUGHT: "the cause is being looked for",
    Phase.FIX_RUNNING: "a fix is on its way",
    Phase.MONITORING: "fixed and being watched",
}
HOLDS = {
    HoldReason.REQUESTER: "waiting for the requester",
    HoldReason.VENDOR: "waiting for a supplier",
    HoldReason.PROBLEM: "waiting for a problem to be solved",
    HoldReason.CHANGE: "waiting for a change",
    HoldReason.EVIDENCE: "waiting for evidence",
}
PRIORITIES = {
    Priority.P1: "P1, the most urgent",
    Priority.P2: "P2, urgent",
    Priority.P3: "P3, normal",
    Priority.P4: "P4, low",
    Priority.P5: "P5, the least urgent",
}
RESOLUTIONS = {
    Resolution.FIXED: "fixed",
    Resolution.WORKAROUND: "there is a way around it",
    Resolution.DUPLICATE: "it was reported before",
    Resolution.DECLINED: "declined",
    Resolution.WITHDRAWN: "withdrawn",
    Resolution.NOT_FOUND: "nothing wrong was found",
}
STATE_WORDS = {str(part): text for words in (STATES, PHASES, HOLDS, RESOLUTIONS) for part, text in words.items()}
KINDS = {Kind.INCIDENT: "Incident", Kind.CHANGE: "Change"}
PLATFORMS = {"jira": "Jira", "servicenow": "ServiceNow"}

MOMENTS = {
    M.OPENED: "opened",
    M.ACKNOWLEDGED: "work began",
    M.RAISED: "became more urgent",
    M.LOWERED: "became less urgent",
    M.PHASE_CHANGED: "reached another phase",
    M.SCOPE_CHANGED: "concerns others than before",
    M.WAITING_FOR_REQUESTER: "waits for the requester",
    M.WAITING_FOR_VENDOR: "waits for a supplier",
    M.RESUMED: "work goes on",
    M.JOINED: "became part of another ticket",
    M.LEFT_FAMILY: "is a ticket of its own again",
    M.UPDATE_DUE: "a promised update was due",
    M.RESOLVED: "resolved",
    M.REOPENED: "reopened",
    M.CLOSED: "closed",
    M.CANCELLED: "cancelled",
    M.ANNOUNCED: "approved and scheduled",
    M.REJECTED: "refused",
    M.NOTICE: "about to start",
    M.RESCHEDULED: "moved to another time",
    M.STARTED: "started",
    M.MILESTONE: "reached a milestone",
    M.DELAYED: "is taking longer than planned",
    M.FINISHED: "finished",
    M.FAILED: "failed",
    M.CHECK_IN: "asked whether all is well",
    M.REPLIED: "the requester has answered whether all is well",
    M.PROGRESSED: "an agent told where the work stands",
    M.AGENT_SAYS: "an agent's own words",
    M.ANSWERED: "an agent asked Liaison",
}
NOTES = {
    NoteState.DRAFT: "Waits for an agent to approve it.",
    NoteState.PLANNED: "Will be written next.",
    NoteState.SENDING: "Is being written.",
    NoteState.WRITTEN: "Stands in the ticket.",
    NoteState.IN_DOUBT: "May or may not stand in the ticket; Liaison is looking it up.",
    NoteState.REFUSED: "The platform refused it.",
    NoteState.STOPPED: "Was stopped before it was sent: its words would have told too much.",
    NoteState.SUPERSEDED: "Was overtaken by something newer and not sent.",
    NoteState.WITHDRAWN: "Was taken back before it was sent.",
}
NEXT_STEPS = {
    NoteState.DRAFT: "Read it, then approve, edit or drop it in the panel.",
    NoteState.IN_DOUBT: "If this lasts longer than a few minutes, look into the ticket whether the words are there.",
    NoteState.REFUSED: "Put right what the platform named, most often a permission, and send it again.",
    NoteState.STOPPED: "Write to them yourself and drop this note. Correct the rule's words for the next time.",
}
PROMISES = {
    PromiseState.OPEN: "open",
    PromiseState.KEPT: "kept",
    PromiseState.KEPT_LATE: "kept, but late",
    PromiseState.WITHDRAWN: "withdrawn",
    PromiseState.MISSED: "missed",
}
CAUSES = {
    Cause.PLATFORM_DOWN: "The platform did not answer.",
    Cause.PAUSED: "The platform asked us to wait.",
    Cause.REFUSED: "The platform refused the words.",
    Cause.GUARD: "The words would have told too much.",
    Cause.IN_DOUBT: "It was not certain whether the words stood there.",
    Cause.ALARM: "Writing was stopped by an alarm.",
    Cause.DRAFT_WAITING: "The words waited for an agent's approval.",
    Cause.MUTED: "Nothing is said to this audience here.",
    Cause.QUIET_HOURS: "It was outside the hours of this audience.",
    Cause.GATED: "A gate fired after the promised time.",
    Cause.NO_SINK: "They could not be reached without others reading along.",
    Cause.NO_WORDS: "No rule had words for it.",
    Cause.LIAISON_DOWN: "Liaison did not run.",
    Cause.FAILED: "Attending to the ticket failed.",
    Cause.BACKLOG: "Too much fell due at once.",
}
REASONS = {
    Reason.NO_RULE: "No rule has words for this.",
    Reason.SILENCED: "A rule says on purpose: nothing.",
    Reason.GATED: "A gate forbids speaking here.",
    Reason.NO_SINK: "This audience cannot be reached in this ticket without others reading along.",
    Reason.NOT_CONFIGURED: "The ticket is not among those that this site serves.",
    Reason.UNMAPPED: "The ticket has a value that Liaison does not know, and it does not guess.",
    Reason.SAME_WORDS: "The words would have been the same as last time.",
    Reason.SAID_BY_HUMAN: "An agent had just said it.",
    Reason.SETTLING: "Liaison waits a little, in case more changes at once.",
    Reason.SUPERSEDED: "Something newer happened before this was said.",
    Reason.BUDGET: "This audience has heard enough for now.",
    Reason.FOLLOWS_PARENT: "The parent ticket speaks for this one.",
    Reason.ADOPTED: "The ticket is older than Liaison's work here, so it was taken over silently.",
    Reason.DRAFT: "The words wait for an agent's approval.",
    Reason.STALE: "It came too late to be worth saying.",
    Reason.OWN_ECHO: "It was Liaison's own note coming back.",
    Reason.QUIET_HOURS: "It is outside the hours in which this audience is written to.",
    Reason.MUTED: "Speaking is switched off here.",
    Reason.GONE: "The ticket was deleted.",
}

ROLES = {
    Role.VIEWER: "the role viewer: reading",
    Role.AGENT: "the role agent: speaking in tickets",
    Role.EDITOR: "the role editor: drafting rules",
    Role.PUBLISHER: "the role publisher: putting rules into force",
}


def moment(name: str) -> str:
    """A moment's words; one that this version does not know keeps its own name."""
    return MOMENTS[M(name)] if name in list(M) else name


def when(time: datetime, zone: str = "UTC") -> str:
    """The time with its zone: `UTC`, `CET`, or the offset where a zone has no letters."""
    there = time.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    return f"{there:%a %d %b %Y, %H:%M %Z}"


def distance(time: datetime, now: datetime) -> str:
    """`in 12 minutes`, `3 hours ago`: whole units, never rounded up."""
    gap = abs(time - now)
    if gap < timedelta(minutes=1):
        return "now"
    text = counted(gap)
    return f"in {text}" if time > now else f"{text} ago"


def counted(gap: timedelta) -> str:
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if number := gap // length:
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return "less than a minute"


def kind(ticket: Ticket) -> str:
    platform = PLATFORMS.get(ticket.platform, ticket.platform)
    return f"{KINDS[Kind(ticket.kind)] if ticket.kind in list(Kind) else 'Ticket'} in {platform}"


def state(ticket: Ticket) -> str:
    """The state and what is known about it: `on hold, waiting for a supplier`."""
    parts = (ticket.state, ticket.hold_reason, ticket.phase, ticket.resolution)
    return ", ".join(STATE_WORDS.get(part, part) for part in parts if part)


def facts(ticket: Ticket) -> Iterator[tuple[str, str]]:
    """The snapshot as labelled words, only what the platform said; its times are `dates`."""
    said = {
        "What": kind(ticket),
        "State": state(ticket),
        "Priority": PRIORITIES[Priority(ticket.priority)] if ticket.priority in list(Priority) else ticket.priority,
        "Service": ticket.service,
        "Component": ticket.ci or ", ".join(ticket.components),
        "Category": ticket.category,
        "Location": ticket.location,
        "Affected": "" if ticket.affected_users is None else f"{ticket.affected_users} people",
        "Requester": requester(ticket),
        "Worked on by": " in ".join(part for part in (ticket.assignee, ticket.group) if part),
        "Part of": (ticket.parent.key or ticket.parent.id) if ticket.parent else "",
    }
    return ((label, text) for label, text in said.items() if text)


def requester(ticket: Ticket) -> str:
    who = ticket.requester.name or ticket.requester.id
    return f"{who} (an account, not a person)" if who and ticket.requester.kind == "service_account" else who


def dates(ticket: Ticket) -> Iterator[tuple[str, tuple[tuple[str, datetime], ...]]]:
    """Its times as labels, each with the times and the words before them: their reader's zone is not known here."""
    start, end = ticket.planned_start, ticket.planned_end
    first, last = ("", " to ") if start and end else ("from ", "until ")
    planned = (*_one(start, first), *_one(end, last))
    said = (("Planned", planned), ("Opened", _one(ticket.opened_at)), ("Changed", _one(ticket.updated_at)))
    return ((label, times) for label, times in said if times)


def _one(time: datetime | None, before: str = "") -> tuple[tuple[str, datetime], ...]:
    return ((before, time),) if time else ()


def web_address(url: str) -> str:
    """The address if a browser may follow it, else `""`: a ticket's own text is never a link."""
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:
        return ""
