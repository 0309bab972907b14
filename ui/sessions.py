"""Who is signed in: a signed cookie that no script reads, for half a day, never sent along by other sites' pages."""

from datetime import datetime, timedelta

import flask

from core.times import from_iso, iso
from ui.access import Person, Role

LASTS = timedelta(hours=12)


def configure(app: flask.Flask, key: str, *, encrypted: bool) -> None:
    app.secret_key = key
    app.config.update(
        # the prefix holds browsers to it: encrypted, this host alone
        SESSION_COOKIE_NAME="__Host-liaison" if encrypted else "liaison",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=encrypted,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LASTS,
    )


def begin(person: Person, now: datetime) -> None:
    """Sign in. What the session held before is forgotten, so nobody prepares one for somebody else."""
    flask.session.clear()
    flask.session.permanent = True
    flask.session["person"] = {"id": person.id, "name": person.name, "roles": sorted(person.roles)}
    flask.session["until"] = iso(now + LASTS)


def end() -> None:
    flask.session.clear()


def person(now: datetime) -> Person | None:
    """Who is signed in; None where nobody is, or where the time is over."""
    kept = flask.session.get("person")
    if not kept or from_iso(flask.session["until"]) <= now:
        return None
    return Person(kept["id"], kept["name"], frozenset(Role(role) for role in kept["roles"]))
