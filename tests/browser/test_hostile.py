"""Tricks in every field of a ticket, and in all that is kept of it: on every page nothing runs, nothing breaks the layout."""

import re
from contextlib import closing
from dataclasses import fields, replace
from datetime import timedelta
from http.client import HTTPConnection
from xml.etree.ElementTree import fromstring

import orjson
import pytest
from sqlalchemy import insert, select

from app import snapshots, tables
from app.links import Links
from core.decisions import Reason
from core.notes import Audience, NoteState
from core.sightings import Snapshot, Unmapped
from core.tickets import Parent, Person, Ticket, TicketRef
from core.times import SystemClock, iso
from tests.browser.chromium import axe, chromium, opened, violations
from tests.browser.places import lived
from tests.support.tricks import TRICKS

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

N, T, J, P, D = tables.notes, tables.tickets, tables.journal, tables.promises, tables.deliveries
OURS = {"site", "platform", "kind", "id", "state", "priority", "revision"}
"""What no person writes into a field: our own names, and what a connector only takes from its list."""
FOREIGN = (
    "script:not([src^='/assets/']), iframe, object, embed, base, img, u, b, animate, foreignObject, "
    "[onerror], [onload], [onclick], [onfocus], [ontoggle], [onmouseover], [srcdoc], [hx-on\\:click]"
)
PROPERTY = re.compile(r"[A-Z-]+(;[A-Z]+=[^:]*)?:")
SETTLED = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        for number, trick in enumerate(TRICKS.values()):
            plant(world, f"incident:trick{number}", trick)
        yield world


def tricked(trick: str, like: Ticket, identity: str) -> Ticket:
    """Every field that holds words holds the trick."""
    changed = {f.name: trick for f in fields(Ticket) if f.name not in OURS and isinstance(getattr(like, f.name), str)}
    who = Person(trick, trick, "person", vip=True, language=trick, location=trick)
    more = {"requester": who, "labels": (trick, trick), "components": (trick,), "fields": {trick: trick}}
    changed |= {"security_level": "", "duplicate_of": ""}  # or a shipped gate holds it, and nothing at all is shown
    return replace(like, **changed, **more, id=identity, parent=Parent("none", trick))


def plant(world, identity: str, trick: str) -> None:
    """A ticket with the trick everywhere, as though all of it had come, been said, failed and been kept silent about."""
    liaison, now = world.stage.liaison, world.stage.liaison.clock.now()
    like = liaison.views.find(world.keys["cards"])[0]
    mine = {"site": like.site, "ticket_id": identity}
    with liaison.store.read() as connection:
        newest = snapshots.load(connection.execute(select(T.c.newest).where(T.c.id == like.id)).scalar_one())
        plan = orjson.loads(connection.execute(select(N.c.plan).where(N.c.ticket_id == like.id).limit(1)).scalar_one())
    plan = orjson.dumps(replace_words(plan, trick)).decode()
    seen = Snapshot(tricked(trick, newest.ticket, identity), sinks=newest.sinks, unmapped=(Unmapped(trick, trick),))
    memory = {"state": "in_progress//", "told": trick, "fact": trick}

    def keep(tx):
        text = snapshots.dump(seen)
        about = {"key": trick, "newest": text, "attended": text, "priority": "P1", "service": trick, "team": trick}
        tx.execute(insert(T).values(site=like.site, id=identity, memory=orjson.dumps(memory).decode(), **about))
        notes = [(Audience.REQUESTER, state) for state in NoteState] + [(Audience.AGENTS, NoteState.WRITTEN)]
        for place, (audience, state) in enumerate(notes):
            at = iso(now - timedelta(minutes=place))
            reached = {"sending_at": at, "written_at": at if state is NoteState.WRITTEN else None}
            said = {"text": trick, "rule": trick, "problem": trick, "moment": "opened" if place % 2 else trick}
            note = {"id": f"{identity}-{place}", "occurrence": str(place), "audience": audience, "state": state}
            tx.execute(insert(N).values(**mine, **note, **said, plan=plan, planned_at=at, **reached))
        for reason in list(Reason)[:6]:
            silent = {"what": "silent", "moment": trick, "reason": reason, "detail": trick, "rule": trick}
            tx.execute(insert(J).values(**mine, at=iso(now), audience="requester", **silent))
        due = {"due": iso(now + timedelta(minutes=9)), "made_at": iso(now), "made_by": trick, "rule": trick}
        tx.execute(insert(P).values(**mine, id=f"{identity}-p", audience="requester", state="open", **due))
        dead = {"key": f"dead-{identity}", "body": trick.encode(), "state": "dead", "problem": trick}
        tx.execute(insert(D).values(**mine, **dead, received_at=iso(now)))

    liaison.store.write(keep)


def replace_words(plan, trick):
    """In a kept plan: what the rule and its words were."""
    message = plan["message"] | {"rule": trick, "where": trick, "template": trick}
    impacts = [impact | {"statement": trick} for impact in plan["impacts"]]
    return plan | {"message": message, "impacts": impacts, "literal": trick}


def walk(browser, world, paths):
    """Each page at the width of a narrow frame, by the eyes of the local admin."""
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        dialogs, asked = [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        for path in paths:
            answer = page.goto(world.url + path)
            assert answer.status == 200, f"{path}: {answer.status}"
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            page.evaluate(SETTLED)
            assert page.locator(FOREIGN).evaluate_all("all => all.map((one) => one.outerHTML.slice(0, 200))") == [], (
                path
            )
            addresses = page.locator("a, form").evaluate_all("all => all.map((one) => one.href || one.action)")
            assert [one for one in addresses if not one.startswith(("http://127.0.0.1", world.url))] == [], path
            wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
            assert wide[0] <= wide[1], f"{path} is {wide[0]} px wide in a window of {wide[1]} px"
            assert page.evaluate("window.hit") is None
            assert violations(page, axe()) == [], path
        assert (dialogs, heard.complaints) == ([], [])
        assert [one for one in asked if not one.startswith(world.url)] == [], "nothing is loaded from elsewhere"


def at(name: str) -> TicketRef:
    return TicketRef("servicenow", f"incident:trick{list(TRICKS).index(name)}")


def link(world, name):
    return Links(world.stage.liaison.store, SystemClock()).new(at(name), "test")


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_in_every_field_stays_words_on_every_page_of_its_ticket(browser, world, name):
    ref = at(name)
    walk(browser, world, (f"/tickets/{ref}", f"/panel/{ref}", f"/panel-why/{ref}", link(world, name)))


def test_all_tricks_stay_words_on_the_pages_of_all_tickets(browser, world):
    walk(browser, world, ("/", "/overview", "/overview/tickets?show=open", "/overview/tickets?show=dead"))


def test_a_template_in_a_field_is_shown_as_it_was_typed(browser, world):
    with opened(browser, "frame", **world.admin(browser)) as (page, _heard):
        for path in (f"/tickets/{at('template')}", f"/panel/{at('template')}", link(world, "template")):
            page.goto(world.url + path)
            said = page.locator("main").text_content()
            assert "{{7*7}} ${7*7} {% raw %}" in said
            assert "49" not in said


@pytest.mark.parametrize("name", TRICKS)
def test_the_files_of_a_requester_hold_it_as_words(world, name):
    with closing(HTTPConnection(world.url.removeprefix("http://"), timeout=10)) as connection:
        path = link(world, name)
        connection.request("GET", f"{path}/feed.xml")
        tags = {tag.tag.partition("}")[2] for tag in fromstring(connection.getresponse().read()).iter()}  # noqa: S314 - our own feed
        assert tags <= {"feed", "id", "title", "updated", "author", "name", "link", "entry", "content", "summary"}
        connection.request("GET", f"{path}/calendar.ics")
        lines = connection.getresponse().read().decode().split("\r\n")
        assert all(len(line.encode()) <= 75 for line in lines)
        assert not [line for line in lines if not line.startswith(" ") and not PROPERTY.match(line) and line]


def test_tricks_typed_into_the_panel_stay_words(browser, world):
    """The preview as one types, and the page that answers what is sent."""
    ref = world.ticket("payslip")
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(f"{world.url}/panel/{ref}")
        for name, trick in TRICKS.items():
            with page.expect_response("**/panel-preview/**"):
                page.get_by_label("Your words to the requester").fill(f"{name} {trick[:1500]}")
            page.evaluate(SETTLED)
            assert page.locator(f"main :is({FOREIGN})").count() == 0, name
            wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
            assert wide[0] <= wide[1], f"{name}: {wide[0]} px"
        page.get_by_label("Your words to the requester").fill(TRICKS["handlers"])
        page.get_by_role("button", name="Check").first.click()
        assert page.locator(f"main :is({FOREIGN})").count() == 0
        assert (dialogs, heard.complaints) == ([], [])


def test_what_runs_or_overflows_is_found(browser, world):
    """A page on which tricks are more than words: without this, the walk is not known to find anything."""
    with opened(browser, "frame") as (page, _heard):
        body = f"<!doctype html><main><h1>x</h1>{TRICKS['handlers']}<p>{TRICKS['without a space']}</p>"
        page.route("**/broken", lambda route: route.fulfill(body=body, content_type="text/html"))
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(world.url + "/broken")
        page.evaluate(SETTLED)
        assert page.locator(FOREIGN).count() > 0
        assert page.evaluate("window.hit") == 1
        assert dialogs
        wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
        assert wide[0] > wide[1]
