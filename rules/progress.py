"""One honest sentence about where the work stands. It never claims more than the ticket shows."""

from datetime import datetime

from core.notes import Audience
from core.tickets import HoldReason, Kind, Phase, State, Ticket
from rules.spoken import Reader

STATES = {
    State.NEW: "received",
    State.IN_PROGRESS: "being worked on",
    State.ON_HOLD: "paused",
    State.RESOLVED: "solved",
    State.CLOSED: "closed",
    State.CANCELLED: "cancelled",
    State.DRAFT: "being prepared",
    State.ASSESS: "being reviewed",
    State.AUTHORIZE: "waiting for approval",
    State.SCHEDULED: "planned",
    State.IMPLEMENT: "under way",
    State.REVIEW: "being checked",
}
PHASES = {
    Phase.CAUSE_SOUGHT: "We are looking for the cause.",
    Phase.FIX_RUNNING: "We know the cause and are working on the fix.",
    Phase.MONITORING: "A fix is in place and we are watching it.",
}
# Plain, and with the time since when where there is one.
SENTENCES = {
    State.NEW: ("We have your report. Work on it has not started yet.", ""),
    State.IN_PROGRESS: ("Our team is working on it.", "Our team has been working on it since {since}."),
    State.ON_HOLD: ("The work is paused for now.", ""),
    State.RESOLVED: ("Our team has finished its work on this.", ""),
    State.CLOSED: ("Your report is closed.", ""),
    State.CANCELLED: ("Your report was cancelled.", ""),
    State.DRAFT: ("The change is being prepared.", ""),
    State.ASSESS: ("The change is being reviewed.", ""),
    State.AUTHORIZE: ("The change is waiting for approval.", ""),
    State.SCHEDULED: ("The change is planned.", ""),
    State.IMPLEMENT: ("The work is under way.", "The work has been under way since {since}."),
    State.REVIEW: ("The work has ended and is being checked.", ""),
}
CHANGES = {State.CLOSED: "The change is closed.", State.CANCELLED: "The change was cancelled."}
NO_STATE = {Kind.INCIDENT: "We have your report.", Kind.CHANGE: "The change is recorded."}
VENDOR = (
    "We are waiting for another company's part of the work.",
    "We have been waiting for another company's part of the work since {since}.",
)
# For everybody but the requester, who alone is "you".
OTHERS = {
    "We have your report.": "The report is with us.",
    "We have your report. Work on it has not started yet.": "The report is with us. Work on it has not started yet.",
    "Your report is closed.": "The report is closed.",
    "Your report was cancelled.": "The report was cancelled.",
    "We need your answer to go on.": "We are waiting for an answer from the person who reported it.",
}


def progress(ticket: Ticket, audience: Audience, reader: Reader, since: datetime | None) -> str:
    """`since`: from when on the ticket has been in this state; left out where it is unknown or still to come."""
    said = _sentence(ticket, reader.since(since) if since and since <= reader.now else "")
    return said if audience is Audience.REQUESTER else OTHERS.get(said, said)


def state_in_words(ticket: Ticket) -> str:
    """The state as a customer reads it, `""` where the platform did not say."""
    return STATES.get(State(ticket.state), "") if ticket.state in set(State) else ""


def _sentence(ticket: Ticket, since: str) -> str:
    if ticket.state not in set(State):
        return NO_STATE[Kind.CHANGE if ticket.kind == Kind.CHANGE else Kind.INCIDENT]
    state = State(ticket.state)
    if state is State.IN_PROGRESS and ticket.phase in set(Phase):
        return PHASES[Phase(ticket.phase)]
    if state is State.ON_HOLD and ticket.hold_reason == HoldReason.REQUESTER:
        return "We need your answer to go on."
    if ticket.kind == Kind.CHANGE and state in CHANGES:
        return CHANGES[state]
    plain, timed = VENDOR if (state, ticket.hold_reason) == (State.ON_HOLD, HoldReason.VENDOR) else SENTENCES[state]
    return timed.format(since=since) if since and timed else plain
