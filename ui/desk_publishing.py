"""Changes of rules files: looked at beside what is there, published with a reason, kept, taken back."""

from collections.abc import Callable
from dataclasses import replace

import flask

from ui import desk_words
from ui.access import Role
from ui.desk_views import Drafted, Published, Refused, Review
from ui.differences import difference, merged
from ui.entry import redirected
from ui.house import House
from ui.rendering import message, page
from ui.routing import Pages, route

LONGEST = 500
"""Letters of a reason."""
SHORTEST = 3
DIGITS = 16
NO_REASON = "Say in a few words why. Whoever looks here later will thank you."
TOO_LONG = f"Say it in at most {LONGEST} letters."
IN_FORCE = "Published. Liaison speaks by it from now on."
BACK = "Taken back. Liaison speaks by the rules from before from now on."
NOT_YET = "It is written, but Liaison still speaks by the rules from before: other files have errors. {problem}"
NO_CHANGE = ("The history may have been another Liaison's.", "Open the history of the rules and go on from there.")
View = Callable[..., flask.Response]


class Publishing:
    def __init__(self, house: House) -> None:
        self.views = house.desk

    def register(self, pages: Pages, said: Callable[[View], View]) -> None:
        route(pages, "/rules/review", "rules_review", said(self.review), needs=Role.EDITOR, methods=("POST",))
        route(pages, "/rules/publish", "rules_publish", said(self.publish), needs=Role.PUBLISHER, methods=("POST",))
        route(pages, "/rules/history", "rules_history", said(self.history), needs=Role.VIEWER)
        route(pages, "/rules/history/<int:number>", "rules_change", said(self.change), needs=Role.VIEWER)
        route(pages, "/rules/rollback", "rules_rollback", said(self.take_back), needs=Role.PUBLISHER, methods=("POST",))

    def review(self) -> flask.Response:
        return reviewed(self.views.review(drafted()), why=flask.request.form.get("reason", ""))

    def publish(self) -> flask.Response:
        draft, why = drafted(), flask.request.form.get("reason", "").strip()
        if wrong := unfit(why):
            return reviewed(self.views.review(draft), 422, why=why, wrong=wrong)
        try:
            done = self.views.publish(draft, why, flask.g.person)
        except Refused as refused:
            return reviewed(refused.review, 409 if refused.review.stale else 422, why=why)
        return told(done, IN_FORCE)

    def history(self) -> flask.Response:
        file = flask.request.args.get("file", "")
        known = self.views.history(file, number_in(flask.request.args.get("before", "")))
        return page("desk_history.html", seen=known, file=file, desk=desk_words)

    def change(self, number: int) -> flask.Response:
        return self._change(number)

    def take_back(self) -> flask.Response:
        form = flask.request.form
        number, why = number_in(form.get("change", "")), form.get("reason", "").strip()
        if wrong := unfit(why):
            return self._change(number, 422, why=why, wrong=wrong)
        try:
            done = self.views.take_back(number, form.get("base", ""), why, flask.g.person)
        except Refused as refused:
            if refused.review.stale:
                return self._change(number, 409, why=why, wrong=MEANWHILE)
            return reviewed(refused.review, 422, why=why)
        return told(done, BACK)

    def _change(self, number: int, code: int = 200, *, why: str | None = None, wrong: str = "") -> flask.Response:
        seen = self.views.change(number)
        if seen is None:
            return message("There is no such change", *NO_CHANGE, code=404)
        return page(
            "desk_change.html",
            code,
            seen=seen,
            diff=difference(seen.old or "", seen.new or ""),
            back=difference(seen.current or "", seen.old or "") if seen.can_go_back else None,
            why=f"Take back change {number}" if why is None else why,
            wrong=wrong,
            desk=desk_words,
            longest=LONGEST,
        )


MEANWHILE = "The file was changed meanwhile. Below is how it is now: look again, then decide."


def drafted() -> Drafted:
    """Browsers send line ends of their own."""
    form = flask.request.form
    text = form.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    return Drafted(form.get("file", "").strip(), form.get("base", ""), text)


def number_in(text: str) -> int:
    """A row's number as an address or a form tells it; 0 is no row's."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < DIGITS else 0


def unfit(why: str) -> str:
    """What is wrong with a reason."""
    if len(why) < SHORTEST:
        return NO_REASON
    return TOO_LONG if len(why) > LONGEST else ""


def reviewed(seen: Review, code: int = 200, *, why: str = "", wrong: str = "") -> flask.Response:
    """The page that every change goes through. A draft of a file that was changed meanwhile is shown beside it."""
    disk, text = seen.disk, seen.draft.text
    if not seen.changed:
        return message(
            "There is nothing to publish",
            f"{seen.draft.file} says this already, word for word.",
            "Go back to the list of rules, or open the file again.",
        )
    if seen.stale:
        return page(
            "desk_stale.html",
            409,
            seen=seen,
            mine=None if seen.common is None else difference(seen.common, text),
            theirs=None if seen.common is None else difference(seen.common, disk),
            apart=difference(disk, text),
            both=together(seen),
            why=why,
            desk=desk_words,
        )
    seen = replace(seen, remarks=seen.remarks[:MOST])
    return page(
        "desk_review.html",
        code,
        seen=seen,
        diff=difference(disk, text),
        why=why,
        wrong=wrong,
        desk=desk_words,
        longest=LONGEST,
    )


def together(seen: Review) -> Drafted | None:
    """The draft with their changes in it; None where both changed the same, or nobody knows what it began with."""
    if not seen.there or not seen.draft.base or seen.common is None:
        return None
    both = merged(seen.common, seen.draft.text, seen.disk)
    return None if both is None else replace(seen.draft, text=both)


MOST = 100
"""Remarks that are shown."""


def told(done: Published, words: str) -> flask.Response:
    flask.flash(NOT_YET.format(problem=done.problem) if done.problem else words)
    return redirected(flask.url_for("pages.rules_change", number=done.id))
