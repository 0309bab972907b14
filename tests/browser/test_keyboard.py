"""Whole flows with nothing but the keyboard: what is done with a pointer can be done without one, and is seen as it goes."""

import re

import pytest

from tests.browser.chromium import chromium, opened
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

NAME = "document.activeElement.getAttribute('aria-label') || document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent"
SEEN = """() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
return e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight); }"""
MOST = 60


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


def tab_to(page, name, key="Tab"):
    """Go on until the focus is there; wherever it stops on the way it can be seen, inside the window."""
    for _ in range(MOST):
        page.keyboard.press(key)
        assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if re.sub(r"\s+", " ", page.evaluate(NAME) or "").strip().startswith(name):
            return
    pytest.fail(f"the keyboard does not reach {name!r}")


def said(page):
    return page.get_by_role("status").first


def test_an_agent_speaks_with_the_keyboard_alone(browser, world):
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        page.goto(f"{world.url}/panel/{world.ticket('cards')}")
        tab_to(page, "Skip to the content")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        tab_to(page, "Your words to the requester")
        page.keyboard.type("We have found a broken cable.")
        page.locator("#say-preview blockquote").wait_for()
        assert page.evaluate("document.activeElement.id") == "say-text", "a preview takes the focus from nobody"
        tab_to(page, "Send now")
        page.keyboard.press("Enter")
        said(page).wait_for()
        assert "on its way" in said(page).text_content()
        world.stage.driver.settle()
        assert heard.complaints == []


def test_an_agent_moves_the_next_time_with_the_keyboard_alone(browser, world):
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        page.goto(f"{world.url}/panel/{world.ticket('cards')}")
        tab_to(page, "Change the next time")
        page.keyboard.press("Enter")
        tab_to(page, "When the next word comes")
        page.keyboard.type("nonsense")
        tab_to(page, "Change it")
        page.keyboard.press("Enter")
        page.locator("#next-preview .error").wait_for()
        assert page.get_by_label("When the next word comes").input_value() == "nonsense", "nothing typed is lost"
        assert page.get_by_label("When the next word comes").is_visible(), "it stays open where the mistake is"
        assert [text for text in heard.complaints if "422" not in text] == []


def test_a_link_for_the_requester_is_made_copied_followed_and_ended(browser, world):
    with opened(browser, "frame", permissions=["clipboard-read", "clipboard-write"], **world.admin(browser)) as (
        page,
        heard,
    ):
        page.goto(f"{world.url}/panel/{world.ticket('payslip')}")
        tab_to(page, "The requester's page")
        page.keyboard.press("Enter")
        tab_to(page, "Make a link")
        page.keyboard.press("Enter")
        page.get_by_label("The new link, shown only now").wait_for()
        address = page.get_by_label("The new link, shown only now").input_value()
        assert address.startswith(f"{world.url}/t/")
        tab_to(page, "Copy")
        page.keyboard.press("Enter")
        page.get_by_text("Copied.").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == address
        assert page.evaluate("document.activeElement.textContent") == "Copy", "the focus stays where it was"
        tab_to(page, "See what they see")
        with page.expect_popup() as window:
            page.keyboard.press("Enter")
        assert window.value.get_by_role("heading", name="Your report").is_visible()
        tab_to(page, "End it")
        page.keyboard.press("Enter")
        page.get_by_text("Whoever opens it now sees nothing.").wait_for()
        window.value.reload()
        assert window.value.get_by_text("There is nothing to show here").is_visible()
        assert heard.complaints == []


def test_why_is_read_and_left_with_the_keyboard_alone(browser, world):
    with opened(browser, "frame") as (page, heard):
        page.goto(f"{world.url}/panel/{world.ticket('cards')}")
        tab_to(page, "Why this?")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Why these words, or none").wait_for()
        tab_to(page, "Back to the panel")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="What it means for the business").wait_for()
        assert heard.complaints == []


def test_a_part_that_comes_anew_takes_the_focus_from_nobody(browser, world):
    with opened(browser, "frame") as (page, _heard):
        page.goto(f"{world.url}/panel/{world.ticket('cards')}")
        tab_to(page, "Why this?")
        with page.expect_response("**/panel-now/**"):
            page.evaluate(
                "htmx.ajax('GET', document.querySelector('[hx-get]').getAttribute('hx-get'), document.querySelector('[hx-get]'))"
            )
        page.wait_for_timeout(200)
        assert page.evaluate("document.activeElement.id") == "why-next"


def test_a_requester_answers_with_the_keyboard_alone(browser, world):
    with opened(browser, "phone") as (page, heard):
        page.goto(world.url + world.page("cards"))
        tab_to(page, "This hurts us more than you think")
        page.keyboard.press("Space")
        tab_to(page, "What does it keep you from doing?")
        page.keyboard.type("300 people queue.")
        tab_to(page, "Send")
        page.keyboard.press("Enter")
        said(page).wait_for()
        assert "Thank you." in said(page).text_content()
        tab_to(page, "This helped")
        page.keyboard.press("Enter")
        page.get_by_text("You told us that this helped.").wait_for()
        assert heard.complaints == []


def test_signing_in_and_out_with_the_keyboard_alone(browser, world):
    with opened(browser) as (page, heard):
        page.goto(world.url + world.stage.liaison.door.new_link())
        tab_to(page, "Sign in")
        while page.evaluate("document.activeElement.tagName") != "BUTTON":
            tab_to(page, "Sign in")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{world.url}/")
        tab_to(page, "Sign out")
        page.keyboard.press("Enter")
        page.get_by_text("You are signed out.").wait_for()
        assert heard.complaints == []
