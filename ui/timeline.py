"""The requester's page: one ticket in plain words, its calendar and its feed. The address is the key to all of it."""

import flask

from ui import timeline_files, timeline_words
from ui.access import Open
from ui.entry import redirected
from ui.house import House
from ui.rendering import page
from ui.routing import Pages, route
from ui.timeline_views import LONGEST, Taken, Timeline, Verdict
from ui.timeline_words import Words, spoken_to

PATH = "/t/"
"""How the paths of requesters' pages begin."""


def register(pages: Pages, house: House) -> None:
    shown = Requester(house)
    route(pages, "/t/<token>", "timeline", shown.show, needs=Open.LINK)
    route(pages, "/t/<token>/say", "timeline_say", shown.say, needs=Open.LINK, methods=("POST",))
    route(pages, "/t/<token>/calendar.ics", "timeline_calendar", shown.calendar, needs=Open.LINK)
    route(pages, "/t/<token>/feed.xml", "timeline_feed", shown.feed, needs=Open.LINK)


class Requester:
    def __init__(self, house: House) -> None:
        self.views, self.clock, self.public_url = house.timeline, house.clock, house.public_url

    def show(self, token: str) -> flask.Response:
        seen = self.views.timeline(token)
        return self._page(token, seen) if seen else nothing()

    def say(self, token: str) -> flask.Response:
        seen = self.views.timeline(token)
        form = flask.request.form
        verdict, words, about = form.get("verdict", ""), form.get("words", ""), form.get("about", "")
        if seen is None or verdict not in set(Verdict):
            return nothing()
        if len(words.replace("\r\n", "\n")) > LONGEST:
            return self._page(token, seen, wrong=(about, verdict), typed=words)
        taken = self.views.say(token, Verdict(verdict), words, about)
        if taken is None:
            return nothing()
        speaks = spoken_to(seen.language)
        flask.flash(speaks.thanks if taken is Taken.YES else speaks.too_many)
        return redirected(flask.url_for("pages.timeline", token=token))

    def calendar(self, token: str) -> flask.Response:
        seen = self.views.timeline(token)
        if seen is None:
            return nothing()
        body = timeline_files.calendar(seen, spoken_to(seen.language), self.clock.now())
        answer = flask.Response(body, content_type="text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="liaison.ics"'
        return answer

    def feed(self, token: str) -> flask.Response:
        seen = self.views.timeline(token)
        if seen is None:
            return nothing()
        address = f"{self.public_url}{flask.url_for('pages.timeline', token=token)}" if self.public_url else ""
        body = timeline_files.feed(seen, spoken_to(seen.language), self.clock.now(), address)
        return flask.Response(body, content_type="application/atom+xml; charset=utf-8")

    def _page(self, token: str, seen: Timeline, wrong: tuple[str, str] = ("", ""), typed: str = "") -> flask.Response:
        """`wrong`: the form whose words are too long, by what it is about and its verdict."""
        speaks = spoken_to(seen.language)
        code = 422 if wrong[1] else 200
        shown = {"token": token, "seen": seen, "wrong": wrong, "typed": typed, "longest": LONGEST}
        return page("timeline.html", code, **shown, **self._spoken(speaks), title=timeline_files.titled(seen, speaks))

    def _spoken(self, speaks: Words) -> dict[str, object]:
        now = self.clock.now()
        return {
            "speaks": speaks,
            "language": speaks.code,
            "distance": lambda time: timeline_words.distance(speaks, time, now),
            "now": now,
        }


def nothing() -> flask.Response:
    """The same for every link that shows nothing, whatever the reason: it tells none of them."""
    speaks = _browsers()
    return _said(404, speaks, speaks.gone, speaks.gone_why, speaks.gone_do)


def trouble(code: int) -> flask.Response | None:
    """For a requester whose page cannot be shown, or whose words were not taken; None for everybody else."""
    if not flask.request.path.startswith(PATH):
        return None
    speaks = _browsers()
    if code == 404:  # noqa: PLR2004 - beneath a page, or the page of a link that leads nowhere
        return nothing()
    if code == 400:  # noqa: PLR2004 - the form of a page that was open for too long
        return _said(code, speaks, speaks.too_old, speaks.too_old_do)
    return _said(code, speaks, speaks.trouble, speaks.trouble_do)


def _browsers() -> Words:
    """In the language of the browser: of the reader nothing else is known."""
    return timeline_words.preferred(language for language, _ in flask.request.accept_languages)


def _said(code: int, speaks: Words, title: str, *sentences: str) -> flask.Response:
    answer = page("timeline_gone.html", code, speaks=speaks, language=speaks.code, title=title, sentences=sentences)
    answer.vary.add("Accept-Language")
    return answer
