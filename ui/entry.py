"""Signing in and out."""

from urllib.parse import urlsplit

import flask

from ui import sessions
from ui.access import Open
from ui.house import House
from ui.rendering import message, page
from ui.routing import Pages, route


def register(pages: Pages, house: House) -> None:
    entry = Entry(house)
    route(pages, "/sign-in", "sign_in", entry.sign_in, needs=Open.LINK)
    route(pages, "/enter/<token>", "enter", entry.enter, needs=Open.LINK, methods=("GET", "POST"))
    route(pages, "/sign-out", "sign_out", entry.sign_out, needs=Open.LINK, methods=("POST",))


class Entry:
    def __init__(self, house: House) -> None:
        self.house = house

    def sign_in(self) -> flask.Response:
        return page("sign_in.html", onward=onward(flask.request.args.get("next", "")))

    def enter(self, token: str) -> flask.Response:
        """Opening the link shows a button: whatever looks at links before people do must not use it up."""
        if flask.request.method == "GET":
            return page("enter.html", token=token)
        person = self.house.door.let_in(token)
        if person is None:
            return message("This link no longer works", *USED_UP, code=403)
        sessions.begin(person, self.house.wall.now())
        return redirected(flask.url_for("pages.front"))

    def sign_out(self) -> flask.Response:
        sessions.end()
        flask.flash("You are signed out.")
        return redirected(flask.url_for("pages.sign_in"))


def redirected(address: str) -> flask.Response:
    answer = flask.make_response("", 303)
    answer.headers["Location"] = address
    return answer


def onward(address: str) -> str:
    """Where to go after signing in: an address of ours, else the front page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    ours = address.startswith("/") and not parts.scheme and not parts.netloc and "\\" not in address
    return address if ours and address.isprintable() else "/"


USED_UP = (
    "It works once, within an hour, until Liaison is started again.",
    "Run `liaison enter` on the machine of Liaison. It prints a new link.",
)
