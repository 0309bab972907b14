"""Who is signed in: a signed cookie that no script reads, for half a day, never sent along by other sites' pages.

A panel inside a page of Jira or ServiceNow cannot have that one: `Framed` is its own, see docs/decisions/0008.
"""

from datetime import datetime, timedelta

import flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface, SessionMixin

from core.times import from_iso, iso
from ui.access import Person, Role

LASTS = timedelta(hours=12)
FRAME = "-frame"
"""How the name of a framed panel's cookie ends."""
PANELS = "/panel"
"""How the paths begin that a framed session is good for, and no others."""
IN_A_PANEL = frozenset({Role.VIEWER, Role.AGENT})


def configure(app: flask.Flask, key: str, *, encrypted: bool) -> None:
    app.secret_key = key
    app.session_interface = Sessions()
    app.config.update(
        # the prefix holds browsers to it: encrypted, this host alone
        SESSION_COOKIE_NAME="__Host-liaison" if encrypted else "liaison",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=encrypted,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LASTS,
    )


class FramedSession(SecureCookieSession):
    """What a panel inside another site's page remembers. Browsers keep it apart for each site that frames us."""


class Framed(SecureCookieSessionInterface):
    """`Partitioned`: sent only under the very site under which it was set, so it follows nobody around."""

    salt = "framed-session"  # a cookie of the one kind is none of the other
    session_class = FramedSession

    def get_cookie_name(self, app: flask.Flask) -> str:
        return super().get_cookie_name(app) + FRAME

    def get_cookie_samesite(self, app: flask.Flask) -> str:  # noqa: ARG002 - Flask's signature
        return "None"

    def get_cookie_secure(self, app: flask.Flask) -> bool:  # noqa: ARG002
        return True  # browsers take it from this very machine without encryption, too

    def get_cookie_partitioned(self, app: flask.Flask) -> bool:  # noqa: ARG002
        return True


class Sessions(SessionInterface):
    """The ordinary session wherever its cookie comes along, else, for a panel in a frame, the framed one."""

    def __init__(self) -> None:
        self._ordinary, self._framed = SecureCookieSessionInterface(), Framed()

    def open_session(self, app: flask.Flask, request: flask.Request) -> SecureCookieSession | None:
        framed = self._is_framed(app, request)
        return (self._framed if framed else self._ordinary).open_session(app, request)

    def save_session(self, app: flask.Flask, session: SessionMixin, response: flask.Response) -> None:
        kept = self._framed if isinstance(session, FramedSession) else self._ordinary
        kept.save_session(app, session, response)

    def _is_framed(self, app: flask.Flask, request: flask.Request) -> bool:
        if not request.path.startswith(PANELS) or self._ordinary.get_cookie_name(app) in request.cookies:
            return False
        in_a_frame = request.headers.get("Sec-Fetch-Dest") == "iframe"
        return in_a_frame or self._framed.get_cookie_name(app) in request.cookies


def framed() -> bool:
    # what stands behind the name: the name itself is of no class
    return isinstance(flask.session._get_current_object(), FramedSession)  # type: ignore[attr-defined] # noqa: SLF001


def begin(person: Person, now: datetime, *, until: datetime | None = None, site: str = "") -> None:
    """Sign in. What the session held before is forgotten, so nobody prepares one for somebody else.

    `site`: the one whose panels a framed session is good for.
    """
    flask.session.clear()
    flask.session.permanent = True
    flask.session["person"] = {"id": person.id, "name": person.name, "roles": sorted(person.roles)}
    flask.session["until"] = iso(until or now + LASTS)
    if framed():
        flask.session["site"] = site


def end() -> None:
    flask.session.clear()


def until() -> datetime:
    """When the session of who is signed in ends."""
    return from_iso(flask.session["until"])


def person(now: datetime, site: str = "") -> Person | None:
    """Who is signed in; None where nobody is, or where the time is over. `site`: whose panel it is about."""
    kept = flask.session.get("person")
    if not kept or until() <= now:
        return None
    roles = frozenset(Role(role) for role in kept["roles"])
    if framed():
        if flask.session.get("site") != site:
            return None
        roles &= IN_A_PANEL
    return Person(kept["id"], kept["name"], roles)
