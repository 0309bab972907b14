"""A panel in a frame is lent who is signed in: once, in one browser, for one site, and for panels alone."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import flask
import pytest

from core.tickets import TicketRef
from tests.support.memory_panel import MemoryPanel
from tests.ui.pages import NOW, TOKEN, Browser, house, person
from tests.ui.test_panel import view
from ui import sessions
from ui.access import Role
from ui.sessions import LASTS

ORIGINS = {"acme": "https://acme.example", "other": "https://other.example"}
SEEN = {TicketRef(site, "incident:1"): view() for site in ORIGINS}
HERE = {"Host": "localhost"}
IN_A_FRAME = {**HERE, "Sec-Fetch-Dest": "iframe"}
PATH = "/panel/acme/incident:1"
ENTER = "/panel-enter/acme/incident:1"
LEND = re.compile(r'data-lend="([^"]+)"')
TICKET = re.compile(r'data-ticket="([^"]+)"')


class Wall:
    def __init__(self) -> None:
        self.time = NOW

    def now(self):
        return self.time


@pytest.fixture
def wall():
    return Wall()


def rooms(wall):
    more = {"provider": object(), "public_url": "https://localhost", "wall": wall, "origins": ORIGINS}
    return house(panel=MemoryPanel(SEEN), **more)


class Encrypted(Browser):
    """As people reach Liaison when it stands on a public address."""

    def ask(self, method, path, headers=None, **more):
        return super().ask(method, path, headers, base_url="https://localhost", **more)


def window(wall, role=Role.AGENT):
    """The ordinary window of somebody who is signed in."""
    browser = Encrypted(rooms(wall), headers=HERE)
    sign_in(browser, person(role))
    return browser


def sign_in(browser, who):
    with browser.app.test_request_context(base_url="https://localhost"):
        sessions.begin(who, NOW)
        kept = dict(flask.session)
    with browser.client.session_transaction(base_url="https://localhost") as session:
        session.update(kept)
        session.permanent = True


def frame(wall):
    return Encrypted(rooms(wall), headers=IN_A_FRAME)


def asks(framed, path=PATH):
    """The panel in its frame, without a session: the token of its form, and where its button leads."""
    text = framed.get(path).text
    return TOKEN.search(text)[1], html.unescape(LEND.search(text)[1])


def lent(wall, framed, path=PATH, role=Role.AGENT):
    """The form that the panel sends when the window has answered."""
    token, lend = asks(framed, path)
    return {"csrf_token": token, "ticket": html.unescape(TICKET.search(window(wall, role).get(lend).text)[1])}


def enter(framed, form, path=ENTER):
    return framed.ask("POST", path, data=form)


def test_the_panel_acts_as_who_is_signed_in_at_the_window(wall):
    framed = frame(wall)
    assert framed.get(PATH).status_code == 401
    assert enter(framed, lent(wall, framed)).headers["Location"] == PATH
    text = framed.get(PATH).text
    assert "Send now" in text
    assert "Eva Example" in text


def test_its_cookie_is_kept_apart_for_each_site_that_frames_us(wall):
    (cookie,) = frame(wall).get(PATH).headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-liaison-frame=")
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_the_ordinary_cookie_stays_as_strict_as_it_was(wall):
    browser = Encrypted(rooms(wall), headers=HERE)
    cookies = browser.get("/sign-in").headers.getlist("Set-Cookie") + browser.get(PATH).headers.getlist("Set-Cookie")
    assert all("SameSite=Lax" in cookie and "Partitioned" not in cookie for cookie in cookies)


@pytest.mark.parametrize("path", ["/", "/tickets/acme/incident:1", "/lend/acme/incident:1", "/panel/other/incident:1"])
def test_it_is_good_for_the_panels_of_its_site_alone(wall, path):
    framed = frame(wall)
    enter(framed, lent(wall, framed))
    answer = framed.get(path)
    assert "Eva Example" not in answer.text
    assert "Sign in" in answer.text


def test_a_publisher_lends_no_more_than_panels_need(wall):
    framed = frame(wall)
    enter(framed, lent(wall, framed, role=Role.PUBLISHER))
    text = framed.get(PATH).text
    assert "You may read here." in text, "publishers do not speak in tickets"


def test_a_viewer_reads_in_the_frame(wall):
    framed = frame(wall)
    enter(framed, lent(wall, framed, role=Role.VIEWER))
    assert framed.get(PATH).status_code == 200


def test_a_ticket_works_once(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    enter(framed, form)
    token = TOKEN.search(framed.get(PATH).text)[1]
    framed.ask("POST", "/panel-leave/acme/incident:1", data={"csrf_token": token})
    token, _ = asks(framed)
    answer = enter(framed, {**form, "csrf_token": token})
    assert answer.status_code == 422
    assert framed.get(PATH).status_code == 401


def test_a_ticket_is_worth_nothing_in_another_browser(wall):
    form, thief = lent(wall, frame(wall)), frame(wall)
    token, _ = asks(thief)
    assert enter(thief, {**form, "csrf_token": token}).status_code == 422
    assert thief.get(PATH).status_code == 401


def test_a_ticket_is_worth_nothing_at_another_site(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    assert enter(framed, form, "/panel-enter/other/incident:1").status_code == 422
    assert framed.get("/panel/other/incident:1").status_code == 401


def test_a_ticket_is_worth_nothing_after_a_minute(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    wall.time += timedelta(seconds=61)
    answer = enter(framed, form)
    assert "took too long" in answer.text
    assert framed.get(PATH).status_code == 401


@pytest.mark.parametrize("ticket", ["", "x", "eyJpZCI6ImV2YSJ9.forged", "\x00", "é" * 2000])
def test_a_made_up_ticket_is_worth_nothing(wall, ticket):
    framed = frame(wall)
    token, _ = asks(framed)
    assert enter(framed, {"csrf_token": token, "ticket": ticket}).status_code == 422


def test_the_sign_in_of_the_frame_ends_with_that_of_the_window(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    enter(framed, form)
    wall.time += LASTS - timedelta(seconds=1)
    assert framed.get(PATH).status_code == 200
    wall.time += timedelta(seconds=1)
    assert framed.get(PATH).status_code == 401


def test_the_frames_own_token_is_asked_for(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    assert enter(framed, {"ticket": form["ticket"]}).status_code == 400
    enter(framed, form)
    answer = framed.ask("POST", "/panel-order/acme/incident:1", data={"verb": "mute", "once": "x" * 12})
    assert answer.status_code == 400


def test_another_sites_page_sends_nothing_into_the_frame(wall):
    framed = frame(wall)
    form = lent(wall, framed)
    answer = framed.ask("POST", ENTER, {"Sec-Fetch-Site": "cross-site"}, data=form)
    assert answer.status_code == 403


def test_a_browser_that_keeps_no_cookie_is_led_to_a_window(wall):
    answer = enter(frame(wall), {"ticket": "x", "csrf_token": "x"})
    assert answer.status_code == 400
    assert "window of its own" in answer.text
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors https://acme.example")


def test_the_lending_window_alone_keeps_its_opener_and_nobody_frames_it(wall):
    browser = window(wall)
    answer = browser.get("/lend/acme/incident:1?for=x")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert "Till 3" not in answer.text
    assert browser.get(PATH).headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert browser.get("/lend/nowhere/1").status_code == 404


def test_a_cookie_of_the_one_kind_is_none_of_the_other(wall):
    framed = frame(wall)
    enter(framed, lent(wall, framed))
    value = framed.client.get_cookie("__Host-liaison-frame", "localhost").value
    thief = Encrypted(rooms(wall), headers=HERE)
    thief.client.set_cookie("__Host-liaison", value, domain="localhost", secure=True)
    assert thief.get("/").status_code == 401


def test_who_signs_in_at_the_window_comes_back_to_it(wall):
    _, lend = asks(frame(wall))
    answer = Encrypted(rooms(wall), headers=HERE).get(lend)
    assert answer.status_code == 401
    (start,) = re.findall(r'href="(/sign-in/start[^"]*)"', answer.text)
    assert parse_qs(urlsplit(html.unescape(start)).query)["next"] == [lend]


def test_what_a_frame_was_told_before_signing_in_is_forgotten(wall):
    """Nobody prepares a session for somebody else."""
    framed = frame(wall)
    before = lent(wall, framed)
    enter(framed, before)
    assert enter(framed, before).status_code == 400


def test_an_ordinary_window_is_lent_nothing(wall):
    """It has a session of its own; a ticket that is pushed into it does nothing."""
    browser, form = window(wall), lent(wall, frame(wall))
    token = TOKEN.search(browser.get(PATH).text)[1]
    assert enter(browser, {**form, "csrf_token": token}).status_code == 422
    assert "data-lend" not in browser.get(PATH).text
