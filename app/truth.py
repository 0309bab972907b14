"""A ticket as our words speak of it, where it shows what is not so, or not so any more. Pure."""

from app.memory import Memory
from core.tickets import HoldReason, State, Ticket


def waits_for_requester(ticket: Ticket) -> bool:
    return ticket.state == State.ON_HOLD and ticket.hold_reason == HoldReason.REQUESTER


def of_this_life(ticket: Ticket, memory: Memory) -> Ticket:
    """Without the phase that it brought along from before its end: whoever reads that it is open again must not read
    next that the fix is in place.
    """
    return ticket.evolve(phase="") if memory.old_phase and ticket.phase == memory.old_phase else ticket


def as_told(ticket: Ticket, memory: Memory) -> Ticket:
    """A wait for an answer that nobody asked for, or that has come, is none either."""
    ticket = of_this_life(ticket, memory)
    if memory.moved and waits_for_requester(ticket):
        return ticket.evolve(state=memory.moved, hold_reason="")
    return ticket.evolve(hold_reason="") if waits_for_requester(ticket) and memory.answered else ticket


def note_phase(before: Ticket | None, ticket: Ticket, memory: Memory) -> None:
    """Remember the phase in which it comes back from its end, until it is in another."""
    if before and before.ended and not ticket.ended:
        memory.old_phase = ticket.phase if ticket.phase == before.phase else ""
    elif ticket.phase != memory.old_phase:
        memory.old_phase = ""
