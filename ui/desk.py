"""The rule desk: all rules as a list, each of them in words, and the small changes that need no editor."""

from collections.abc import Callable, Container, Mapping
from functools import wraps

import flask
from werkzeug.exceptions import NotFound

from core.errors import LiaisonError, StoreError
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import Kind
from ui import desk_words
from ui.access import Role
from ui.desk_publishing import Publishing, reviewed
from ui.desk_views import SPOKEN_DAYS, Asked, Does, Edit, Listing, What
from ui.house import House
from ui.rendering import message, page
from ui.routing import Pages, route

View = Callable[..., flask.Response]
LONGEST = 200
GO_BACK = "Open the list of rules and go on from there."
KINDS = {Kind.INCIDENT: "incidents", Kind.CHANGE: "changes"}
SPOKE = {"yes": "have spoken", "never": "never spoke"}
ORDERS = {"": "as in the files", "spoke": "who speaks most"}


def register(pages: Pages, house: House) -> None:
    desk, publishing = Desk(house), Publishing(house)
    route(pages, "/rules", "rules", said(desk.list), needs=Role.VIEWER, menu="Rules")
    route(pages, "/rules/rule/<name>", "rule", said(desk.rule), needs=Role.VIEWER)
    route(pages, "/rules/gate/<name>", "gate", said(desk.gate), needs=Role.VIEWER)
    route(pages, "/rules/edit", "rules_edit", said(desk.edit), needs=Role.EDITOR, methods=("POST",))
    publishing.register(pages, said)


def said(view: View) -> View:
    """What cannot be done with a file is said, as it stands in the error."""

    @wraps(view)
    def answer(*parts: object, **named: object) -> flask.Response:
        try:
            return view(*parts, **named)
        except StoreError:
            raise
        except LiaisonError as error:
            return message("This cannot be done", *filter(None, (sentence(error.what), error.hint, GO_BACK)), code=422)

    return answer


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


class Desk:
    def __init__(self, house: House) -> None:
        self.views = house.desk

    def list(self) -> flask.Response:
        asked = asked_for(flask.request.args)
        found = self.views.rules(asked)
        part = flask.request.headers.get("HX-Request") and not flask.request.headers.get("HX-History-Restore-Request")
        return page(
            "desk_found.html" if part else "desk.html",
            asked=asked,
            seen=found,
            choices=choices(found),
            desk=desk_words,
            days=SPOKEN_DAYS,
            turned=turned(asked, found),
        )

    def rule(self, name: str) -> flask.Response:
        return self._one(What.RULE, name)

    def gate(self, name: str) -> flask.Response:
        return self._one(What.GATE, name)

    def _one(self, what: What, name: str) -> flask.Response:
        seen = self.views.rule(what, name)
        if seen is None:
            return message(f"There is no {what} of this name", f"It may have been renamed. {GO_BACK}", code=404)
        return page("desk_rule.html", seen=seen, desk=desk_words, days=SPOKEN_DAYS, names=Audience)

    def edit(self) -> flask.Response:
        """The change as a draft, on the page that every change goes through."""
        form = flask.request.form
        try:
            edit, what = Edit(form.get("edit", "")), What(form.get("what", What.RULE))
        except ValueError:
            raise NotFound from None
        draft = self.views.edit(edit, what, form.get("name", ""), form.get("file", ""))
        reason = {Edit.OFF: "Switch off", Edit.ON: "Switch on", Edit.COPY: "Our own copy of"}[edit]
        return reviewed(self.views.review(draft), why=f"{reason} {form.get('name', '')}")


def asked_for(given: Mapping[str, str]) -> Asked:
    """A search as its address tells it; what nobody could have chosen asks nothing."""

    def one_of(name: str, allowed: Container[str]) -> str:
        value = given.get(name, "")
        return value if value in allowed else ""

    number = given.get("page", "1")
    return Asked(
        text=given.get("text", "").strip()[:LONGEST],
        file=given.get("file", "")[:LONGEST],
        kind=one_of("kind", set(Kind)),
        audience=one_of("audience", set(Audience)),
        moment=one_of("moment", set(MomentKind)),
        does=one_of("does", set(Does)),
        spoke=one_of("spoke", SPOKE),
        warnings=bool(given.get("warnings")),
        order=one_of("order", ORDERS),
        page=min(max(int(number), 1), 10_000) if number.isascii() and number.isdigit() and len(number) < LONGEST else 1,
    )


def choices(found: Listing) -> dict[str, list[tuple[str, str]]]:
    """For each field of the search: values, and their words."""
    files = [(name, name) for name in found.files] + [(name, f"shipped: {name}") for name in found.packs]
    return {
        "file": [("", "every file"), *files],
        "kind": [("", "anything"), *KINDS.items()],
        "audience": [("", "everybody"), *((one, str(one)) for one in Audience)],
        "moment": [("", "any moment"), *((one, desk_words.moment(one)) for one in found.moments)],
        "does": [("", "anything"), *desk_words.DOES.items()],
        "spoke": [("", "all"), *SPOKE.items()],
        "order": list(ORDERS.items()),
    }


def turned(asked: Asked, found: Listing) -> dict[str, str]:
    """The addresses of the pages before and after."""
    there = {"earlier": asked.page - 1, "later": asked.page + 1}
    return {name: address(asked, number) for name, number in there.items() if 1 <= number <= found.pages}


def address(asked: Asked, number: int) -> str:
    given = {**vars(asked), "page": number, "warnings": "1" if asked.warnings else ""}
    return flask.url_for("pages.rules", **{name: value for name, value in given.items() if value and value != 1})
