"""The pages: open promises, one ticket's story, health. They read, and change nothing."""

from dataclasses import replace
from typing import TypeVar

import flask
from werkzeug.exceptions import HTTPException, NotFound

from core.errors import StoreError
from core.tickets import TicketRef
from core.times import Clock
from ui import guards, words
from ui.views import NEEDS_A_PERSON, NoteRow, PromiseRow, StoryView, Views

ANYONE = frozenset({"pages.healthz", "pages.readyz", "pages.static"})
"""Answer whoever reaches the server: they tell nothing about any ticket."""

Row = TypeVar("Row", NoteRow, PromiseRow)


def blueprint(views: Views, clock: Clock, pages_open: bool = False) -> flask.Blueprint:  # noqa: FBT001, FBT002 - a setting
    """`pages_open`: let everyone look who reaches the server, because something before it asks who they are."""
    pages = flask.Blueprint(
        "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/assets"
    )
    Guard(pages_open).stand_before(pages)
    Pages(views, clock).answer(pages)
    return pages


class Guard:
    def __init__(self, pages_open: bool) -> None:  # noqa: FBT001 - a setting
        self.pages_open = pages_open

    def stand_before(self, pages: flask.Blueprint) -> None:
        pages.before_request(self.look)
        pages.after_request(protected)
        pages.register_error_handler(StoreError, store_is_down)
        pages.app_errorhandler(NotFound)(nowhere)

    def look(self) -> flask.Response | None:
        if self.pages_open or flask.request.endpoint in ANYONE:
            return None
        because = guards.refusal(flask.request)
        return refused(because) if because else None


class Pages:
    def __init__(self, views: Views, clock: Clock) -> None:
        self.views, self.clock = views, clock

    def answer(self, pages: flask.Blueprint) -> None:
        pages.add_url_rule("/", "front", self.front)
        pages.add_url_rule("/tickets/<site>/<path:ticket_id>", "story", self.story)
        pages.add_url_rule("/healthz", "healthz", healthz)
        pages.add_url_rule("/readyz", "readyz", self.readyz)

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
            return page("message.html", 404, title="Liaison does not know this ticket", sentences=UNKNOWN_TICKET)
        if found.held_by:
            return page("held.html", ref=found.ref, gates=found.held_by)
        return page("story.html", seen=found, said=conversation(found), waiting=waiting(found), now=self.clock.now())

    def readyz(self) -> flask.Response:
        try:
            health = self.views.health()
            reasons = list(health.reasons)
        except StoreError as error:
            reasons = [f"The store does not answer: {error.what}"]
        answer = flask.jsonify(status="not ready" if reasons else "ready", reasons=reasons)
        answer.status_code = 503 if reasons else 200
        return answer


def healthz() -> flask.Response:
    """The process lives and answers; whether it can work is readyz's question."""
    return flask.jsonify(status="alive")


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


def page(template: str, code: int = 200, **shown: object) -> flask.Response:
    response = flask.make_response(flask.render_template(f"liaison/{template}", words=words, **shown), code)
    return protected(response)


def protected(response: flask.Response) -> flask.Response:
    response.headers.update(guards.POLICY)
    return response


def refused(because: str) -> flask.Response:
    return page("message.html", 403, title="This page is not for you", sentences=(because, *COME_CLOSER))


def nowhere(_error: HTTPException) -> flask.Response:
    return page("message.html", 404, title="There is no such page", sentences=NO_PAGE)


def store_is_down(_error: StoreError) -> flask.Response:
    return page("message.html", 503, title="Liaison cannot read its store", sentences=STORE_IS_DOWN)


COME_CLOSER = (
    "Open it on that machine itself, at http://localhost and the port of Liaison, for example through an SSH tunnel.",
)
UNKNOWN_TICKET = (
    "Either no webhook about it has arrived yet, or the address is not right.",
    "Open the front page and follow a ticket from there, or save the ticket once so that its platform sends it.",
)
NO_PAGE = ("The address leads nowhere.", "Open the front page and go on from there.")
STORE_IS_DOWN = (
    "The database did not answer. Webhooks are refused meanwhile, and the platforms send them again.",
    "Look into Liaison's log and at /readyz for the reason.",
)
