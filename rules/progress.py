"""One honest sentence about where the work stands. It never claims more than the ticket shows."""

from datetime import datetime, timedelta

from core.notes import Audience
from core.tickets import HoldReason, Kind, Phase, State, Ticket
from rules.spoken import Reader
from rules.tongues import ENGLISH, tongue

NEWS = timedelta(minutes=10)
"""So long a standing is news: then it is said plainly, without the time since when."""
STATES, PHASES = frozenset(State), frozenset(Phase)
WORKING = frozenset({State.IN_PROGRESS, State.IMPLEMENT})
"""For how long people have been at work is worth saying from the first minute."""


def progress(ticket: Ticket, audience: Audience, reader: Reader, since: datetime | None) -> str:
    """`since`: from when on the ticket has been in this state; left out where it is unknown or still to come."""
    name, words = _standing(ticket), tongue(reader.language).words
    said = [*words["progress"][name]]
    if audience is not Audience.REQUESTER:  # who alone is "you"
        said = words["progress_for_others"].get(name, said)
    known = since is not None and since <= reader.now
    news = known and name not in WORKING and since is not None and reader.now - since < NEWS
    timed = known and not news and len(said) > 1
    return str(said[1].format(since=reader.since(since))) if timed and since else str(said[0])


def state_in_words(ticket: Ticket, language: str = ENGLISH) -> str:
    """The state as a customer reads it, `""` where the platform did not say."""
    return tongue(language).say("states", ticket.state)


def _standing(ticket: Ticket) -> str:
    """What is said of it, by its name in the files of languages."""
    change = ticket.kind == Kind.CHANGE
    if ticket.state not in STATES:
        return "unknown_change" if change else "unknown_incident"
    state = State(ticket.state)
    if state is State.IN_PROGRESS and ticket.phase in PHASES:
        return str(Phase(ticket.phase))
    if state is State.ON_HOLD and ticket.hold_reason in {HoldReason.REQUESTER, HoldReason.VENDOR}:
        return str(HoldReason(ticket.hold_reason))
    return f"{state}_change" if change and state in {State.CLOSED, State.CANCELLED} else str(state)
