"""Acting in a panel inside another site's page: a window of ours lends the panel who is signed in, see decision 0008.

The panel asks with the hash of a secret that its own cookie keeps. The window answers with a ticket for that hash, told
to nobody but a page of ours. So a ticket is good in one browser, under one site, for a minute.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Any

import flask
from itsdangerous import BadData, URLSafeSerializer

from core.times import from_iso, iso
from ui import sessions
from ui.access import Open, Person, Role
from ui.entry import redirected, sign_in_page
from ui.house import House
from ui.rendering import keeps_opener, message, page
from ui.routing import Pages, route

ASKED = "asked"
PATIENCE = timedelta(minutes=1)
"""How long a ticket is good: the time of a click, not of a person."""
TICKET = "<site>/<path:ticket_id>"
ENTER = "pages.panel_enter"


def register(pages: Pages, house: House) -> None:
    lending = Lending(house)
    route(pages, f"/lend/{TICKET}", "lend", lending.lend, needs=Role.VIEWER)
    route(pages, f"/panel-enter/{TICKET}", "panel_enter", lending.enter, needs=Open.LINK, methods=("POST",))
    route(pages, f"/panel-leave/{TICKET}", "panel_leave", lending.leave, needs=Role.VIEWER, methods=("POST",))
    pages.app_template_global("lender")(lender)


def lender(site: str, ticket_id: str) -> str:
    """Where the window opens that lends this framed panel who is signed in; `""` where it needs none."""
    if not sessions.framed():
        return ""
    # one for all panels under this site: they share the cookie
    asked = flask.session.setdefault(ASKED, secrets.token_urlsafe(24))
    return f"{flask.url_for('pages.lend', site=site, ticket_id=ticket_id)}?for={hashed(asked)}"


class Lending:
    def __init__(self, house: House) -> None:
        self.house = house
        self.tickets = URLSafeSerializer(house.session_key, salt="panel-ticket")

    def lend(self, site: str, ticket_id: str) -> flask.Response:
        """In a window of its own, with the ordinary session. It changes nothing: a ticket is only made."""
        me, asked, address = flask.g.person, flask.request.args.get("for", ""), self.house.origins.get(site, "")
        if not me.signed_in:
            return sign_in_page(self.house, flask.request.full_path)
        if not address:
            return message("There is no such site", "Go back to the ticket and open its panel there.", code=404)
        keeps_opener()
        ticket = self.tickets.dumps(self._lent(me, site, asked, sessions.until()))
        return page("lend.html", ticket=ticket, there=address, site=site, ticket_id=ticket_id)

    def _lent(self, me: Person, site: str, asked: str, until: datetime) -> dict[str, Any]:
        roles = sorted(me.roles & sessions.IN_A_PANEL)
        times = {"at": iso(self.house.wall.now()), "until": iso(until)}
        return {"id": me.id, "name": me.name, "roles": roles, "site": site, "for": asked, **times}

    def enter(self, site: str, ticket_id: str) -> flask.Response:
        """In the frame: who was lent is who acts here."""
        asked = flask.session.pop(ASKED, "")
        lent = self._good(flask.request.form.get("ticket", ""), site, asked)
        if lent is None:
            return page("panel_not_lent.html", 422, site=site, ticket_id=ticket_id)
        roles = frozenset(Role(role) for role in lent["roles"])
        person = Person(lent["id"], lent["name"], roles)
        sessions.begin(person, self.house.wall.now(), until=from_iso(lent["until"]), site=site)
        return redirected(flask.url_for("pages.panel", site=site, ticket_id=ticket_id))

    def _good(self, ticket: str, site: str, asked: str) -> dict[str, Any] | None:
        try:
            lent: dict[str, Any] = self.tickets.loads(ticket)
        except BadData:
            return None
        fresh = from_iso(lent["at"]) + PATIENCE > self.house.wall.now()
        mine = bool(asked) and compare_digest(hashed(asked).encode(), lent["for"].encode())
        return lent if sessions.framed() and fresh and mine and lent["site"] == site else None

    def leave(self, site: str, ticket_id: str) -> flask.Response:
        sessions.end()
        return redirected(flask.url_for("pages.panel", site=site, ticket_id=ticket_id))


def no_cookie() -> flask.Response:
    """The browser kept nothing for us in the frame, so nothing can be lent to it."""
    return page("panel_no_cookie.html", 400, **(flask.request.view_args or {}))


def hashed(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()
