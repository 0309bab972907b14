"""What one look at a ticket means for promises that end without a word, and for those that stay open."""

from datetime import datetime

from app import promising
from app.journal import Entry
from app.plans import Plan
from app.store import Transaction
from core.promises import Cause
from core.tickets import State, Ticket, TicketRef
from rules.catalogue import Catalogue


def subject(ticket: Ticket, catalogue: Catalogue) -> dict[str, str]:
    """What promises are counted by, and whose child the ticket is, as columns of its row."""
    service = catalogue.service_of(ticket)
    return {
        "priority": ticket.priority,
        "service": service.id if service else "",
        "team": ticket.group,
        "parent": ticket.parent.id if ticket.parent else "",
    }


def account(tx: Transaction, ref: TicketRef, plan: Plan, now: datetime) -> list[Entry]:
    """End what the plan withdraws; remember which silences keep the rest from being kept."""
    entries = []
    because = promising.silences(plan.entries)
    sealed = bool(plan.memory.gates)
    for audience, why in plan.withdrawn.items():
        entries += promising.withdraw(
            tx,
            ref,
            audience,
            at=now,
            why=why,
            since=over_since(plan, now),
            cause=Cause.GATED if sealed else because.get(audience),
            told=not sealed,
        )
    promising.silenced(tx, ref, now, because)
    return entries


def over_since(plan: Plan, now: datetime) -> datetime:
    """Since when nothing is owed: a webhook may have been lost, and we hear of the end long after it."""
    ticket = plan.newest.ticket if plan.newest else None
    if ticket is None or plan.memory.gone or plan.memory.gates:
        return now
    if ticket.ended:
        return min(ticket.resolved_at or ticket.closed_at or plan.memory.state_since or now, now)
    return min(plan.memory.state_since or now, now) if ticket.state == State.ON_HOLD else now
