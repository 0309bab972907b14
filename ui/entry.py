"""Signing in and out: by a link at this machine, or by who vouches for people."""

from dataclasses import asdict
from datetime import timedelta
from secrets import compare_digest

import flask
from werkzeug.exceptions import NotFound

from core.times import from_iso, iso
from ui import sessions
from ui.access import Begun, NotSignedIn, Open, Person, Provider
from ui.house import House
from ui.rendering import message, page
from ui.routing import Pages, route

BEGUN = "signing_in"
PATIENCE = timedelta(minutes=15)
"""How long somebody may take at the provider."""


def register(pages: Pages, house: House) -> None:
    entry = Entry(house)
    route(pages, "/sign-in", "sign_in", entry.sign_in, needs=Open.LINK)
    route(pages, "/sign-in/start", "sign_in_start", entry.start, needs=Open.LINK)
    route(pages, "/sign-in/back", "sign_in_back", entry.back, needs=Open.LINK)
    route(pages, "/enter/<token>", "enter", entry.enter, needs=Open.LINK, methods=("GET", "POST"))
    route(pages, "/sign-out", "sign_out", entry.sign_out, needs=Open.LINK, methods=("POST",))


class Entry:
    def __init__(self, house: House) -> None:
        self.house = house

    def sign_in(self) -> flask.Response:
        return sign_in_page(self.house, onward(flask.request.args.get("next", "")))

    def start(self) -> flask.Response:
        provider = self._provider()
        try:
            begun = provider.begin()
        except NotSignedIn as problem:
            return failed(problem)
        kept = {**asdict(begun), "next": onward(flask.request.args.get("next", ""))}
        flask.session[BEGUN] = {**kept, "until": iso(self.house.wall.now() + PATIENCE)}
        return redirected(begun.address)

    def back(self) -> flask.Response:
        """What was begun is used up, however it ends: an answer counts once."""
        provider, kept = self._provider(), flask.session.pop(BEGUN, None)
        try:
            person = self._vouched(provider, kept)
        except NotSignedIn as problem:
            return failed(problem)
        sessions.begin(person, self.house.wall.now())
        return redirected(kept["next"])

    def _vouched(self, provider: Provider, kept: dict[str, str] | None) -> Person:
        if not kept or from_iso(kept["until"]) <= self.house.wall.now():
            raise NotSignedIn("Signing in took too long, or began in another browser.", hint="Sign in again.")
        answer = flask.request.args.to_dict()
        if not compare_digest(answer.get("state", "").encode(), kept["state"].encode()):
            raise NotSignedIn("The answer belongs to another signing in.", hint="Sign in again, in one window only.")
        return provider.finish(Begun(kept["address"], kept["state"], kept["nonce"], kept["verifier"]), answer)

    def enter(self, token: str) -> flask.Response:
        """Opening the link shows a button: whatever looks at links before people do must not use it up."""
        if self.house.provider:
            raise NotFound
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

    def _provider(self) -> Provider:
        if self.house.provider is None:
            raise NotFound
        return self.house.provider


def sign_in_page(house: House, onward: str, code: int = 200) -> flask.Response:
    return page("sign_in.html", code, onward=onward, provider=house.provider)


def failed(problem: NotSignedIn) -> flask.Response:
    title = "You have no role in Liaison yet" if problem.who else "You are not signed in"
    return message(title, *filter(None, (problem.what, problem.hint)), code=403)


def redirected(address: str) -> flask.Response:
    answer = flask.make_response("", 303)
    answer.headers["Location"] = address
    return answer


def onward(address: str) -> str:
    """Where to go after signing in: an address of ours, else the front page."""
    # "///host" has no host for Python, and one for browsers
    ours = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if ours and address.isprintable() else "/"


USED_UP = (
    "It works once, within an hour, until Liaison is started again.",
    "Run `liaison enter` on the machine of Liaison. It prints a new link.",
)
