"""Tickets and the notes about them, as values."""

from dataclasses import replace
from uuid import uuid5

import pytest

from core.notes import NAMESPACE, note_id
from core.tickets import State, TicketRef
from tests.support.scripted import incident


def test_a_ticket_with_other_values_is_what_replace_makes_of_it():
    """Nothing else is changed, and the ticket itself stays as it is."""
    ticket = incident()
    ended = ticket.evolve(state=State.RESOLVED, title="Solved")
    assert ended == replace(ticket, state=State.RESOLVED, title="Solved")
    assert ticket == incident()
    assert ticket.evolve() is ticket


def test_a_ticket_has_no_other_fields():
    """A misspelt name is an error, not one more value."""
    with pytest.raises(TypeError, match="a ticket has no color, stat"):
        incident().evolve(stat="new", color="red")


@pytest.mark.parametrize("occurrence", [str(number) for number in range(40)])
def test_a_notes_id_is_a_uuid_of_version_5(occurrence):
    """Notes that were written long ago are found again by the ids that the library gave them."""
    about = f"site\x1fincident:1\x1fopened\x1frequester\x1f{occurrence}"
    assert note_id(TicketRef("site", "incident:1"), "opened", "requester", occurrence) == str(uuid5(NAMESPACE, about))
