"""The rule editor: one file, with everything that tells what it would do, as one types. It writes nothing itself."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import flask

from core.errors import LiaisonError
from core.moments import BY_AGENTS, MomentKind
from core.tickets import TicketRef
from ui.access import Role
from ui.editor_views import (
    MOST_TEXT,
    Backtest,
    Busy,
    Checked,
    FoundTicket,
    Overtaken,
    Previewed,
    Trials,
    Typed,
)
from ui.entry import redirected
from ui.house import House
from ui.rendering import message, page, takes_gzip
from ui.routing import Pages, route

DAYS = (7, 30, 90)
REFRESH = "HX-Request"
BEGINNING = """\
version: 1
rules:
  - id: my-first-rule
    title: What it is about
    when: {kind: incident, priority: P1}
    messages:
      requester:
        opened: >-
          {{ service.name }} is not working at {{ location.name }}. {{ service.workaround }}
          We will write again {{ next_update.text }}.
    cadence: {requester: {every: 30m}}
"""
OF_CHANGES = (
    MomentKind.ANNOUNCED,
    MomentKind.NOTICE,
    MomentKind.RESCHEDULED,
    MomentKind.STARTED,
    MomentKind.DELAYED,
    MomentKind.FINISHED,
    MomentKind.FAILED,
    MomentKind.CANCELLED,
)
UNASKED = BY_AGENTS | {
    MomentKind.MILESTONE,
    MomentKind.JOINED,
    MomentKind.LEFT_FAMILY,
    MomentKind.REPLIED,
    MomentKind.PROGRESSED,
    MomentKind.REJECTED,
}
MOMENTS = (
    ("Incidents", tuple(kind for kind in MomentKind if kind not in {*OF_CHANGES, *UNASKED})),
    ("Changes", OF_CHANGES),
)


def register(pages: Pages, house: House) -> None:
    editor = Editor(house)
    post = ("POST",)
    route(pages, "/rules/new", "rules_new", editor.new, needs=Role.EDITOR)
    route(pages, "/rules/files/<path:file>", "rules_file", editor.show, needs=Role.EDITOR)
    route(pages, "/rules/completions.json", "rules_completions", editor.completions, needs=Role.EDITOR)
    route(pages, "/rules/check", "rules_check", editor.check, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/tests", "rules_tests", editor.tests, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/tickets", "rules_tickets", editor.tickets, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/preview", "rules_preview", editor.preview, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/backtest", "rules_backtest", editor.backtest, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/backtest/stop", "rules_backtest_stop", editor.stop, needs=Role.EDITOR, methods=post)
    route(pages, "/rules/backtest/<identity>", "rules_backtest_of", editor.backtest_of, needs=Role.EDITOR)


@dataclass(frozen=True)
class Shown:
    """What a draft was asked, and what came of it; None where it was not asked. `refused` by what was asked."""

    draft: Typed
    fresh: bool = False
    checked: Checked | None = None
    trials: Trials | None = None
    found: tuple[FoundTicket, ...] = ()
    searched: str = ""
    ticket: str = ""
    moment: str = ""
    picked: bool = False
    previewed: Previewed | None = None
    tried: Backtest | None = None
    days: int = DAYS[1]
    asked: str = ""
    refused: str = ""


class Editor:
    def __init__(self, house: House) -> None:
        self.views = house.editor

    # --- whole pages -----------------------------------------------------------------------------------------------

    def new(self) -> flask.Response:
        if because := self.views.folder():
            return message("There is no place for a new rules file", because, NO_FOLDER, code=409)
        file = flask.request.args.get("file", "").strip()
        return self._page(Shown(Typed(file, "", BEGINNING), fresh=True))

    def show(self, file: str) -> flask.Response:
        try:
            opened = self.views.open(file)
        except LiaisonError as error:
            return message("This is no rules file", str(error), BACK, code=404)
        if opened is None:
            return message("This file is not there", f"There is no {file} in the rules folder.", BACK, code=404)
        if opened.because:
            return message("This file cannot be edited here", opened.because, BACK, code=409)
        return self._page(Shown(Typed(opened.file, opened.base, opened.text)))

    def completions(self) -> flask.Response:
        """Compressed, for it is ten times smaller so."""
        answer = flask.make_response(self._known)
        if takes_gzip(flask.request):
            answer.set_data(gzip.compress(self._known, mtime=0))
            answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
        answer.mimetype = "application/json"
        return answer

    @cached_property
    def _known(self) -> bytes:
        return json.dumps(self.views.completions(), separators=(",", ":")).encode()

    # --- what is asked as one types --------------------------------------------------------------------------------

    def check(self) -> flask.Response:
        draft = typed()
        return self._answered("check", lambda: {"checked": self.views.check(draft)})

    def tests(self) -> flask.Response:
        draft = typed()
        return self._answered("tests", lambda: {"trials": self.views.tests(draft)})

    def tickets(self) -> flask.Response:
        searched = flask.request.form.get("words", "")
        return self._answered("tickets", lambda: {"found": self.views.tickets(searched), "searched": searched})

    def preview(self) -> flask.Response:
        form, draft = flask.request.form, typed()
        ticket, moment = form.get("pick") or form.get("ticket", ""), form.get("moment", "")
        site, _, identity = ticket.partition("/")
        if not identity and not form.get("pick") and flask.request.headers.get(REFRESH):
            return flask.make_response("", 204)
        if not identity:
            return self._answered("preview", dict)
        ref, picked = TicketRef(site, identity), bool(form.get("pick") and flask.request.headers.get(REFRESH))

        def previewed() -> dict[str, object]:
            return {"previewed": self.views.preview(draft, ref, moment), "ticket": ticket, "picked": picked}

        return self._answered("preview", previewed)

    def backtest(self) -> flask.Response:
        draft, asked = typed(), flask.request.form.get("days", "")
        days = int(asked) if asked in {str(day) for day in DAYS} else DAYS[1]

        def begun() -> dict[str, object]:
            return {"tried": self.views.backtest(self.views.begin_backtest(draft, days)), "days": days}

        return self._answered("backtest", begun)

    def backtest_of(self, identity: str) -> flask.Response:
        found = self.views.backtest(identity)
        if flask.request.headers.get(REFRESH):
            shown = Shown(Typed("", "", ""), tried=found, asked="backtest", refused="" if found else FORGOTTEN)
            return page("editor_backtest.html", seen=shown, days=DAYS)
        if found is None:
            return message("This backtest is gone", FORGOTTEN, BACK, code=404)
        return page("editor_tried.html", seen=Shown(Typed(found.file, "", ""), tried=found), days=DAYS)

    def stop(self) -> flask.Response:
        identity = flask.request.form.get("backtest", "")
        self.views.stop_backtest(identity)
        if flask.request.headers.get(REFRESH):
            return self.backtest_of(identity)
        return redirected(flask.url_for("pages.rules_backtest_of", identity=identity))

    # --- answering -------------------------------------------------------------------------------------------------

    def _answered(self, asked: str, answer: Callable[[], dict[str, object]]) -> flask.Response:
        """A part of the page for a script that asks, else the whole page with all that was typed."""
        part = bool(flask.request.headers.get(REFRESH))
        draft, form = typed(), flask.request.form
        about = {"ticket": form.get("ticket", ""), "moment": form.get("moment", ""), "asked": asked}
        try:
            about |= answer()  # type: ignore[arg-type]  # the fields of Shown
        except Overtaken:
            return flask.make_response("", 204)
        except Busy as error:
            if part:
                return later()
            about["refused"] = said(error)
        except LiaisonError as error:
            about["refused"] = said(error)
        shown = Shown(draft, fresh=bool(form.get("fresh")), **about)  # type: ignore[arg-type]
        if part:
            return self._part(asked, shown)
        return self._page(shown, 422 if shown.refused else 200)

    def _part(self, asked: str, shown: Shown) -> flask.Response:
        answer = page(f"editor_{asked}.html", seen=shown, days=DAYS)
        waits = shown.previewed and shown.previewed.errors and flask.request.form.get("ticket")
        if waits and not flask.request.form.get("pick"):
            answer = page("editor_waits.html", errors=shown.previewed.errors if shown.previewed else 0)
            answer.headers["HX-Retarget"] = "#preview-state"
        return answer

    def _page(self, shown: Shown, code: int = 200) -> flask.Response:
        if not shown.found and not shown.searched:
            shown = replace(shown, found=self.views.tickets(""))
        return page("editor.html", code, seen=shown, moments=MOMENTS, days=DAYS, most=MOST_TEXT)


def typed() -> Typed:
    """Browsers send line ends as CR LF, whatever the file had."""
    form = flask.request.form
    text = form.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    clicked = REFRESH not in flask.request.headers
    return Typed(form.get("file", "").strip(), form.get("base", ""), text, flask.g.person.id, clicked)


def later() -> flask.Response:
    """What is shown stays, and the page's script asks again by itself."""
    answer = flask.make_response("", 204)
    answer.headers["HX-Trigger"] = "liaison:busy"
    return answer


def said(error: LiaisonError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


NO_FOLDER = "Set `rules:` in liaison.yaml to a folder, and start Liaison again."
BACK = "Go back to the list of rules, and open another."
FORGOTTEN = "Only the last few are kept, until Liaison is started again. Try the draft once more."
