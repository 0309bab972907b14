"""The overview for service managers: numbers that lead to their tickets, lists of them, and trying again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from core.decisions import Level
from core.times import iso
from ui import charts, reports, sheets
from ui import overview_words as say
from ui.access import Role
from ui.entry import onward, redirected
from ui.house import House
from ui.overview_views import FAILURES, NO_SERVICE, NOW, PERIODS, SORTS, Item, Overview, Query, Scope, Show, Sort
from ui.rendering import page
from ui.routing import Pages, route

ROWS = 50
LAST_PAGE = 200
SHEET_ROWS = 10_000
"""As many as all pages together."""
USUAL = 30
LONGEST_NAME = 200
LEVELS = (*map(str, Level), "none")


def register(pages: Pages, house: House) -> None:
    overview = OverviewPages(house)
    route(pages, "/overview", "overview", overview.overview, needs=Role.VIEWER, menu="Overview")
    route(pages, "/overview/tickets", "overview_tickets", overview.tickets, needs=Role.VIEWER)
    route(pages, "/overview/tickets.csv", "overview_sheet", overview.sheet, needs=Role.VIEWER)
    route(pages, "/overview/retry", "overview_retry", overview.retry, needs=Role.AGENT, methods=("POST",))


class OverviewPages:
    def __init__(self, house: House) -> None:
        self.views, self.clock = house.overview, house.clock

    def overview(self) -> flask.Response:
        scope = self._scope(flask.request.args)
        seen = self.views.overview(scope)
        seen = replace(seen, failed=tuple((show, veiled(item)) for show, item in seen.failed))
        return page(
            "overview.html",
            seen=seen,
            chart=chart(seen),
            say=say,
            Show=Show,
            FAILURES=FAILURES,
            PERIODS=PERIODS,
            NO_SERVICE=NO_SERVICE,
            percent=reports.percent,
            list_of=lambda show, **more: self._address(Query(show, scope, **more)),
        )

    def tickets(self) -> flask.Response:
        query = self._query(flask.request.args)
        found = self.views.listed(query, ROWS)
        found = replace(found, items=tuple(map(veiled, found.items)))
        if not found.items and query.page > 1:
            return redirected(self._address(replace(query, page=1)))
        return page(
            "overview_tickets.html",
            query=query,
            found=found,
            say=say,
            Show=Show,
            Sort=Sort,
            SORTS=SORTS,
            NOW=NOW,
            PERIODS=PERIODS,
            LEVELS=LEVELS,
            NO_SERVICE=NO_SERVICE,
            ROWS=ROWS,
            last=LAST_PAGE,
            sheet_rows=SHEET_ROWS,
            sites=self.views.sites,
            services=self.views.services(),
            link=lambda **more: self._address(replace(query, **{"page": 1, **more})),
            sheet=self._address(query, "pages.overview_sheet"),
            everywhere=Scope(query.scope.days),
        )

    def sheet(self) -> flask.Response:
        query = replace(self._query(flask.request.args), page=1)
        names = self.views.services()
        rows = (row_of(item, names) for item in self.views.listed(query, SHEET_ROWS).items if not item.held)
        answer = flask.make_response(sheets.sheet(say.COLUMNS, rows))
        answer.headers["Content-Type"] = "text/csv; charset=utf-8"
        answer.headers["Content-Disposition"] = f'attachment; filename="liaison-{query.show}.csv"'
        return answer

    def retry(self) -> flask.Response:
        form = flask.request.form
        show = _member(Show, form.get("show", ""), Show.OPEN)
        if show not in (Show.DEAD, Show.REFUSED, Show.STOPPED):
            raise NotFound
        refused = self.views.retry(show, form.get("id", ""), flask.g.person.name)
        flask.flash(refused or say.TRIED_AGAIN[show])
        return redirected(onward(form.get("back", "")) if form.get("back") else flask.url_for("pages.overview"))

    def _scope(self, asked: Mapping[str, str]) -> Scope:
        """What is unknown counts as not asked for: an old bookmark still leads somewhere."""
        days, site = asked.get("days", ""), asked.get("site", "")
        known = {str(period): period for period in PERIODS}
        return Scope(known.get(days, USUAL), site if site in self.views.sites else "")

    def _query(self, asked: "MultiDict[str, str]") -> Query:
        show = _member(Show, asked.get("show", ""), Show.OPEN)
        sort = _member(Sort, asked.get("sort", ""), SORTS[show][0])
        service, level = asked.get("service", "")[:LONGEST_NAME], asked.get("level", "")
        return Query(
            show,
            self._scope(asked),
            service if show in say.BY_SERVICE else "",  # also one that has left the catalogue: its tickets are there
            level if level in LEVELS and show is Show.OPEN else "",
            asked.get("impact", "") if show is Show.OPEN else "",
            _day(asked.get("day", ""), self.clock.now()) if show in say.BY_DAY else "",
            sort if sort in SORTS[show] else SORTS[show][0],
            min(max(1, asked.get("page", 1, int)), LAST_PAGE),
        )

    def _address(self, query: Query, endpoint: str = "pages.overview_tickets") -> str:
        """What is as usual is left out."""
        asked: dict[str, Any] = {"show": query.show}
        if query.show not in NOW and query.scope.days != USUAL:
            asked["days"] = query.scope.days
        asked |= {"site": query.scope.site, "service": query.service, "level": query.level, "impact": query.impact}
        asked |= {"day": query.day, "sort": query.sort if query.sort in SORTS[query.show][1:] else ""}
        asked["page"] = query.page if query.page > 1 else ""
        return flask.url_for(endpoint, **{name: value for name, value in asked.items() if value})


def chart(seen: Overview) -> Markup:
    points = [
        (f"{one.day.day} {one.day:%b}", [("kept", one.kept), ("late", one.kept_late), ("missed", one.missed)])
        for one in seen.days
    ]
    title = "Promises by the day they ended: kept, kept late and missed. The table below tells the same."
    return charts.stacks(title, points, reports.ENDS)


def veiled(item: Item) -> Item:
    """A row of a held ticket without anything but that it failed, so that no template can show more."""
    return Item(replace(item.ref, id=""), item.at, id=item.id, held=True) if item.held else item


def row_of(item: Item, services: Mapping[str, str]) -> tuple[str, ...]:
    at = iso(item.at) if item.at else ""
    named = services.get(item.service, item.service)
    grade = "" if item.grade is None or item.grade < 0 else f"{item.grade:.1f}"
    return (item.key, item.ref.site, item.title, named, item.priority, item.level, item.impact, at, item.words, grade)


def _member(kind: Any, value: str, usual: Any) -> Any:
    return kind(value) if value in list(kind) else usual


def _day(text: str, now: datetime) -> str:
    """A day that may be asked for, as ISO has it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    oldest = now.date() - timedelta(days=max(PERIODS))
    return day.isoformat() if oldest <= day <= now.date() + timedelta(days=1) else ""
