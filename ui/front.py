"""The front page and one ticket's story, as plain pages. They read, and change nothing."""

from dataclasses import replace
from typing import TypeVar

import flask

from core.tickets import TicketRef
from ui.access import Role
from ui.house import House
from ui.rendering import message, page
from ui.routing import Pages, route
from ui.views import NEEDS_A_PERSON, NoteRow, PromiseRow, StoryView

Row = TypeVar("Row", NoteRow, PromiseRow)


def register(pages: Pages, house: House) -> None:
    front = Front(house)
    route(pages, "/", "front", front.front, needs=Role.VIEWER, menu="Now")
    route(pages, "/tickets/<site>/<path:ticket_id>", "story", front.story, needs=Role.VIEWER)


class Front:
    def __init__(self, house: House) -> None:
        self.views, self.clock = house.views, house.clock

    def front(self) -> flask.Response:
        seen = self.views.overview()
        seen = replace(
            seen,
            promises=tuple(sorted(map(veiled, seen.promises), key=lambda row: row.due)),
            notes=tuple(map(veiled, seen.notes)),
            attention=tuple(map(veiled, seen.attention)),
            dead=tuple(replace(row, key="", problem="") if row.held_by else row for row in seen.dead),
            silences=tuple(sorted(seen.silences, key=lambda row: (-row.count, row.reason))),
        )
        return page("front.html", seen=seen, now=self.clock.now())

    def story(self, site: str, ticket_id: str) -> flask.Response:
        found = self.views.story(TicketRef(site, ticket_id))
        if found is None:
            return message("Liaison does not know this ticket", *UNKNOWN_TICKET, code=404)
        if found.held_by:
            return page("held.html", ref=found.ref, gates=found.held_by)
        return page("story.html", seen=found, said=conversation(found), waiting=waiting(found), now=self.clock.now())


def conversation(story: StoryView) -> list[NoteRow]:
    return sorted((note for note in story.notes if note.state not in NEEDS_A_PERSON), key=lambda note: note.at)


def waiting(story: StoryView) -> list[NoteRow]:
    return sorted((note for note in story.notes if note.state in NEEDS_A_PERSON), key=lambda note: note.at)


def veiled(row: Row) -> Row:
    """A row of a held ticket without anything but the gate, so that no template can show more."""
    if not row.held_by:
        return row
    if isinstance(row, NoteRow):
        return replace(row, key="", text="", moment="", rule="", problem="")
    return replace(row, key="", rule="", kept_by="")


UNKNOWN_TICKET = (
    "Either no webhook about it has arrived yet, or the address is not right.",
    "Open the front page and follow a ticket from there, or save the ticket once so that its platform sends it.",
)
