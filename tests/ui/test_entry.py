"""Signing in by the one-time link, and out."""

from datetime import timedelta

import pytest

from tests.ui.pages import HERE, LINK, NOW, Browser, house
from ui import sessions
from ui.access import LOCAL_ADMIN
from ui.entry import onward


class Later:
    def __init__(self, after: timedelta) -> None:
        self.after = after

    def now(self):
        return NOW + self.after


def test_the_link_signs_in_once():
    browser, other = Browser(), None
    assert "Sign in as the local admin" in browser.get(f"/enter/{LINK}").text
    answer = browser.post(f"/enter/{LINK}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "the local admin" in browser.get("/").text
    other = browser.app.test_client()
    other.get(f"/enter/{LINK}", headers=HERE)
    assert "Sign out" not in other.get("/", headers=HERE).text
    again = browser.post(f"/enter/{LINK}")
    assert again.status_code == 403
    assert "liaison enter" in again.text


def test_what_was_before_signing_in_counts_no_longer():
    """Else somebody could prepare a session, and act with it when somebody else has signed in with it."""
    browser = Browser()
    prepared = browser.token()
    with browser.client.session_transaction() as session:
        session["prepared"] = True
    browser.post(f"/enter/{LINK}")
    with browser.client.session_transaction() as session:
        assert "prepared" not in session
    answer = browser.ask("POST", "/sign-out", {"X-CSRFToken": prepared})
    assert answer.status_code == 400


def test_looking_at_the_link_does_not_use_it_up():
    browser = Browser()
    for _ in range(3):
        browser.get(f"/enter/{LINK}")
    assert browser.post(f"/enter/{LINK}").status_code == 303


def test_signing_out_forgets_who_it_was():
    browser = Browser(signed_in=LOCAL_ADMIN)
    assert "Sign out" in browser.get("/").text
    assert browser.post("/sign-out").headers["Location"] == "/sign-in"
    assert "You are signed out." in browser.get("/sign-in").text
    assert "Sign out" not in browser.get("/").text


@pytest.mark.parametrize(("after", "in_"), [(sessions.LASTS - timedelta(seconds=1), True), (sessions.LASTS, False)])
def test_a_session_ends(after, in_):
    browser = Browser(house(wall=Later(after)), signed_in=LOCAL_ADMIN)
    assert ("Sign out" in browser.get("/").text) is in_


def test_a_cookie_that_somebody_made_up_is_nobodys():
    browser = Browser()
    browser.client.set_cookie("liaison", "eyJwZXJzb24iOnsiaWQiOiJ4In19.aaaa.bbbb", domain="localhost")
    answer = browser.get("/")
    assert answer.status_code == 200
    assert "Sign out" not in answer.text


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("", "liaison", False), ("https://liaison.acme.example", "__Host-liaison", True)],
)
def test_the_cookie_is_for_our_pages_alone(public_url, name, secure):
    browser = Browser(house(public_url=public_url))
    cookie = browser.get(f"/enter/{LINK}").headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert ("Secure" in cookie) is secure


def test_reading_sets_no_cookie():
    assert "Set-Cookie" not in Browser().get("/").headers


@pytest.mark.parametrize("address", ["/panel/a/1", "/?since=1", "/tickets/a/b%20c"])
def test_one_goes_on_to_where_one_came_from(address):
    assert onward(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "x",
        "/a\nb",
        "http://[",
        "\\/x",
    ],
)
def test_nobody_is_sent_elsewhere(address):
    assert onward(address) == "/"
