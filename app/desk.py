"""Whom considering asks: the rules' words, hours and guard, and what is stored. Callables, so that it stays pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.history import History, history
from app.rulebook import Rulebook
from app.store import Store
from core.notes import Audience
from core.sites import Site
from core.tickets import Ticket, TicketRef
from rules.quiet import Quiet


@dataclass(frozen=True)
class Desk:
    """`leak`: what the guard finds in an agent's words. `by` and `at`: a time as people say it, "by 14:30 today" and
    "14:30 today". `zone`: in which the ticket's people read the clock. `quiet`: an audience's quiet hours at a time.
    `phrases`: as the requester reads them. `history`: what was said in the ticket, and why it was silent since.
    """

    leak: Callable[[str, Ticket], str]
    advice: Callable[[str, Ticket], tuple[str, ...]]
    phrases: Callable[[Ticket], Mapping[str, str]]
    by: Callable[[datetime, datetime, Ticket], str]
    at: Callable[[datetime, datetime, Ticket], str]
    zone: Callable[[Ticket], str]
    quiet: Callable[[Audience, Ticket, datetime], Quiet | None]
    history: Callable[[], History]


def desk(rulebook: Rulebook, store: Store, site: Site, ref: TicketRef) -> Desk:
    return Desk(
        leak=rulebook.leak,
        advice=rulebook.advice,
        phrases=lambda ticket: rulebook.phrases(rulebook.language(ticket, site)),
        by=lambda due, now, ticket: rulebook.due_text(due, now, ticket, site),
        at=lambda at, now, ticket: rulebook.clock_text(at, now, ticket, site),
        zone=lambda ticket: rulebook.zone(ticket, site),
        quiet=lambda audience, ticket, at: rulebook.quiet(audience, ticket, at, site),
        history=lambda: history(store, ref),
    )
