"""The agent panel: beside a ticket, in a narrow frame of its platform or on its own."""

import secrets

import flask

from core.tickets import TicketRef
from ui import sessions
from ui.access import Role
from ui.entry import redirected
from ui.front import UNKNOWN_TICKET
from ui.house import House
from ui.panel_views import PanelView, Preview
from ui.rendering import message, page
from ui.routing import Pages, route

TICKET = "<site>/<path:ticket_id>"
UNDER_WAY = "It is on its way. What came of it stands below in a moment."
ENDED = "The link is ended. Whoever opens it now sees nothing."
ENDED_BEFORE = "That link had ended before."
DECIDED = {
    "approve": "Approved. It goes out now.",
    "drop": "Dropped. It is not sent.",
    "reword": "Your words go out now.",
}


def register(pages: Pages, house: House) -> None:
    panel = Panel(house)
    route(pages, f"/panel/{TICKET}", "panel", panel.show, needs=Role.VIEWER)
    route(pages, f"/panel-now/{TICKET}", "panel_now", panel.now, needs=Role.VIEWER)
    route(pages, f"/panel-preview/{TICKET}", "panel_preview", panel.preview, needs=Role.AGENT, methods=("POST",))
    route(pages, f"/panel-order/{TICKET}", "panel_order", panel.order, needs=Role.AGENT, methods=("POST",))
    route(pages, f"/panel-note/{TICKET}", "panel_note", panel.note, needs=Role.AGENT, methods=("POST",))
    route(pages, f"/panel-why/{TICKET}", "panel_why", panel.why, needs=Role.VIEWER)
    route(pages, f"/panel-link/{TICKET}", "panel_link", panel.link, needs=Role.AGENT, methods=("POST",))


def asked_for() -> bool:
    """Whether this request is about a panel, or what is sent from it."""
    return flask.request.path.startswith(sessions.PANELS)


def address() -> str:
    """Of the panel that this request is about; `""` where it is about none."""
    asked = flask.request.view_args
    return flask.url_for("pages.panel", **asked) if asked and asked_for() else ""


def sign_in_first(*, acting: bool) -> flask.Response:
    """For who is not signed in: a frame has no session of ours, and who vouches for people shows nothing in frames."""
    return page("panel_sign_in.html", 401, acting=acting, **(flask.request.view_args or {}))


class Panel:
    def __init__(self, house: House) -> None:
        self.views, self.public_url = house.panel, house.public_url

    def show(self, site: str, ticket_id: str) -> flask.Response:
        return self._whole(TicketRef(site, ticket_id))

    def now(self, site: str, ticket_id: str) -> flask.Response:
        """The part that changes by itself, asked for again and again. A ticket that is held since is shown anew, and so
        is one that was silent, for instance because it had not been read yet.
        """
        asked = flask.request.args
        found = self.views.panel(TicketRef(site, ticket_id))
        moved = found is None or asked.get("stands", found.stands) != found.stands
        if found is None or found.held_by or (moved and "silent" in asked):
            answer = flask.make_response("")
            answer.headers["HX-Refresh"] = "true"
            return answer
        return page("panel_now.html", seen=found, moved=moved)

    def preview(self, site: str, ticket_id: str) -> flask.Response:
        """What these words would become, as one types; without script, on the whole page."""
        ref, form = TicketRef(site, ticket_id), flask.request.form
        verb, text = form.get("note") or form.get("verb", ""), form.get("text", "")
        shown = self.views.preview(ref, verb, text, flask.g.person) if text.strip() else None
        if flask.request.headers.get("HX-Request"):
            return page("panel_preview.html", preview=shown)
        return self._whole(ref, verb=verb, text=text, preview=shown or Preview(refusal="Write the words first."))

    def order(self, site: str, ticket_id: str) -> flask.Response:
        ref, form = TicketRef(site, ticket_id), flask.request.form
        verb, text = form.get("verb", ""), form.get("text", "")
        done = self.views.order(ref, verb, text, form.get("once", ""), flask.g.person)
        if done.refusal:
            return self._whole(ref, 422, verb=verb, text=text, preview=done)
        flask.flash(UNDER_WAY)
        return self._back(ref)

    def note(self, site: str, ticket_id: str) -> flask.Response:
        ref, form = TicketRef(site, ticket_id), flask.request.form
        verb, note, text = form.get("verb", ""), form.get("note", ""), form.get("text", "")
        if because := self.views.decide(ref, verb, note, text, flask.g.person):
            return self._whole(ref, 422, verb=note, text=text, preview=Preview(refusal=because))
        flask.flash(DECIDED[verb])
        return self._back(ref)

    def why(self, site: str, ticket_id: str) -> flask.Response:
        ref = TicketRef(site, ticket_id)
        found = self.views.why(ref)
        return page("panel_why.html", ref=ref, why=found) if found else self._back(ref)

    def link(self, site: str, ticket_id: str) -> flask.Response:
        """The new address stands in this answer and nowhere else: no session, no redirect carries it."""
        ref, ended = TicketRef(site, ticket_id), flask.request.form.get("end", "")
        if ended:
            worked = ended.isdecimal() and self.views.unlink(ref, int(ended[:18]), flask.g.person)
            flask.flash(ENDED if worked else ENDED_BEFORE)
            return self._back(ref, "page")
        made = self.views.link(ref, flask.g.person)
        address = f"{self.public_url or flask.request.host_url.rstrip('/')}{made.path}" if made.path else ""
        return self._whole(ref, 422 if made.refusal else 200, address=address, no_link=made.refusal)

    def _back(self, ref: TicketRef, part: str = "") -> flask.Response:
        return redirected(flask.url_for("pages.panel", site=ref.site, ticket_id=ref.id, _anchor=part or None))

    def _whole(
        self,
        ref: TicketRef,
        code: int = 200,
        *,
        verb: str = "",
        text: str = "",
        preview: Preview | None = None,
        **link: str,
    ) -> flask.Response:
        """`verb`, `text` and `preview`: of the form that was filled in, so that nothing typed is lost. `link`: what
        came of asking for one.
        """
        found = self.views.panel(ref)
        if found is None:
            return message("Liaison does not know this ticket", *UNKNOWN_TICKET, code=404)
        if found.held_by:
            return page("panel_held.html", code, seen=PanelView(found.ref, held_by=found.held_by))
        typed = {"verb": verb, "text": text, "preview": preview}
        return page("panel.html", code, seen=found, typed=typed, once=secrets.token_urlsafe(12), **link)
