"""All pages: one module per surface, one guard before them."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import flask
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from core.errors import StoreError
from ui import desk, editor, entry, files, front, guards, health, lending, overview, panel, sessions, timeline, words
from ui.access import AT_THE_MACHINE, NOBODY, Open, Person, Role
from ui.house import House
from ui.rendering import framed_by, message, packed, protected, style_nonce
from ui.routing import SAFE, Pages
from ui.taming import coded, tamed

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState

SURFACES = (front, overview, desk, editor, panel, lending, timeline, entry)
"""Each has `register(pages, house)`. The order is that of the navigation."""


def blueprint(house: House) -> Pages:
    pages = Pages()
    Guard(house, pages).stand_before()
    health.register(pages, house)
    files.register(pages)
    for surface in SURFACES:
        surface.register(pages, house)
    return pages


class Guard:
    """Asks of every request: where from, who, and may they. Deny is the default."""

    def __init__(self, house: House, pages: Pages) -> None:
        self.house, self.pages = house, pages
        self.csrf = CSRFProtect()

    def stand_before(self) -> None:
        pages = self.pages
        pages.record_once(self.prepare)
        pages.before_request(self.look)
        pages.app_context_processor(self.shown)
        pages.register_error_handler(StoreError, store_is_down)
        pages.register_error_handler(CSRFError, self.too_old)
        for error, answer in ((NotFound, nowhere), (MethodNotAllowed, not_so), (InternalServerError, broken)):
            pages.app_errorhandler(error)(answer)
        pages.after_request(packed)
        pages.after_request(protected)

    def prepare(self, state: "BlueprintSetupState") -> None:
        app = state.app
        assert isinstance(app, flask.Flask)
        app.jinja_env.finalize = tamed
        app.jinja_env.filters["coded"] = coded
        sessions.configure(app, self.house.session_key, encrypted=self.house.encrypted)
        # asked for by the guard, after it is known who they are, and of pages alone
        app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
        self.csrf.init_app(app)

    def look(self) -> flask.Response | None:
        needs = self.pages.needs.get(flask.request.endpoint or "")
        if needs is Open.ANYONE:
            return None
        self.let_frame()
        if because := self.not_here():
            return message("This page is not for you", because, *COME_CLOSER, code=403)
        acting = flask.request.method not in SAFE
        if needs is not Open.LINK and (refused := self.refused(needs, acting=acting)):
            return refused
        if acting:
            if guards.from_elsewhere(flask.request):
                return message("This did not come from Liaison's pages", *FROM_ELSEWHERE, code=403)
            self.csrf.protect()
        return None

    def let_frame(self) -> None:
        """Whatever a panel answers can be read in the frame in which it was asked, a refusal, too."""
        if panel.asked_for() and (origin := self.house.origins.get(asked_site())):
            framed_by(origin)

    def not_here(self) -> str:
        return "" if self.house.pages_open or self.house.provider else guards.refusal(flask.request)

    def refused(self, needs: Role | Open | None, *, acting: bool) -> flask.Response | None:
        me = self.person()
        if isinstance(needs, Role) and me.may(needs) and (me.signed_in or not acting):
            return None
        if me.signed_in or not isinstance(needs, Role):
            return message("This page is not for your role", *wrong_role(me, needs), code=403)
        if panel.asked_for():
            return panel.sign_in_first(acting=acting)
        return entry.sign_in_page(self.house, "/" if acting else here(), code=401)

    def too_old(self, _error: CSRFError) -> flask.Response:
        if flask.request.endpoint == lending.ENTER and not flask.session:
            return lending.no_cookie()
        return timeline.trouble(400) or message("This page was open for too long", *TOO_OLD, code=400)

    def person(self) -> Person:
        """Who looks. Without a session: a viewer, where pages answer at all without one."""
        if "person" not in flask.g:
            without = NOBODY if self.house.provider or self.not_here() else AT_THE_MACHINE
            flask.g.person = sessions.person(self.house.wall.now(), asked_site()) or without
        found: Person = flask.g.person
        return found

    def shown(self) -> dict[str, Any]:
        me = self.person()
        return {
            "me": me,
            "menu": self.pages.menu_of(me),
            "clock_now": self.house.clock.now(),
            "zone_of": lambda site: self.house.zones.get(site, "UTC"),
            "style_nonce": style_nonce,
            "panel_address": panel.address(),
        }


def asked_site() -> str:
    return str((flask.request.view_args or {}).get("site", ""))


def here() -> str:
    """The address that was asked for, to come back to."""
    asked = flask.request.full_path
    return asked.rstrip("?")


def wrong_role(me: Person, needs: Role | Open | None) -> tuple[str, ...]:
    wanted = words.ROLES[needs] if isinstance(needs, Role) else "a role that nobody has"
    return (f"You are signed in as {me.name}. This page needs {wanted}.", "Ask whoever looks after Liaison for it.")


def nowhere(_error: HTTPException) -> flask.Response:
    return protected(timeline.trouble(404) or message("There is no such page", *NO_PAGE, code=404))


def not_so(error: HTTPException) -> flask.Response:
    if flask.request.method in SAFE and (found := BEHIND.fullmatch(flask.request.path)):
        return protected(entry.redirected(quote(f"/{found['page'] or 'panel/' + found['ticket']}")))
    answer = protected(timeline.trouble(405) or message("This address does not take that", *NO_PAGE[1:], code=405))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    return answer


def broken(_error: HTTPException) -> flask.Response:
    return protected(timeline.trouble(500) or message("Something went wrong in Liaison", *BROKEN, code=500))


def store_is_down(_error: StoreError) -> flask.Response:
    return timeline.trouble(503) or message("Liaison cannot read its store", *STORE_IS_DOWN, code=503)


BEHIND = re.compile(r"/(?:(?P<page>t/[^/]+)/say|panel-(?:order|note|preview|link|enter|leave)/(?P<ticket>.+))")
"""What takes forms only: whoever comes to such an address otherwise, by reloading, is led to the page of the form."""
COME_CLOSER = (
    "Open it on that machine itself, at http://localhost and the port of Liaison, for example through an SSH tunnel.",
)
NO_PAGE = ("The address leads nowhere.", "Open the front page and go on from there.")
BROKEN = ("Nothing was changed.", "Try again. If it stays so, look into Liaison's log: the reason stands there.")
TOO_OLD = (
    "Liaison could not tell that this came from its own page, so nothing was done.",
    "Go back, reload, try again.",
)
FROM_ELSEWHERE = ("Another site's page sent it, so nothing was done.", "Open Liaison itself and do it there.")
STORE_IS_DOWN = (
    "The database did not answer. Webhooks are refused meanwhile, and the platforms send them again.",
    "Look into Liaison's log and at /readyz for the reason.",
)
