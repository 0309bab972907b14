"""A panel that stays open beside its ticket: it follows what happens, and takes from nobody what they are writing."""

import pytest

from app import story
from tests.browser.chromium import chromium, opened
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

POLL = """() => { const part = document.querySelector('[hx-get*=panel-now]');
return htmx.ajax('GET', part.getAttribute('hx-get'), part); }"""
"""What it does by itself every 15 seconds."""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


def test_it_follows_what_was_ordered_and_what_was_said_elsewhere(browser, world):
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        page.goto(f"{world.url}/panel/{world.ticket('payslip')}")
        with opened(browser, "frame", **world.admin(browser)) as (colleague, _):
            colleague.goto(page.url)
            colleague.get_by_label("Your words to the requester").fill("We have found a broken cable.")
            colleague.get_by_role("button", name="Send now").first.dblclick()
            colleague.get_by_text("It is on its way.").wait_for()
            world.stage.driver.settle()
            page.evaluate(POLL)
            page.locator("#told ~ article").first.get_by_text("broken cable").wait_for()
            colleague.get_by_role("heading", name="Mute").click()
            colleague.get_by_role("button", name="Mute").click()
            colleague.get_by_text("It is on its way.").wait_for()
            world.stage.driver.settle()
        page.evaluate(POLL)
        page.get_by_role("button", name="Unmute").wait_for()
        said = page.locator("#promise + p").text_content()
        assert "Muted by the local admin. The requester hears nothing from Liaison until Fri 20 Nov 2026" in said
        assert heard.complaints == []


def test_who_is_writing_is_told_and_loses_nothing(browser, world):
    with opened(browser, "frame", **world.admin(browser)) as (page, heard):
        page.goto(f"{world.url}/panel/{world.ticket('cards')}")
        page.get_by_label("Your words to the requester").fill("We have")
        page.locator("#say-preview blockquote").wait_for()
        world.stage.driver.advance(story.friday("14:40"))
        page.evaluate(POLL)
        page.get_by_text("Something has happened in this ticket.").wait_for()
        assert page.get_by_label("Your words to the requester").input_value() == "We have"
        page.get_by_role("link", name="Show how it stands").click()
        page.locator("#told ~ article").first.get_by_text("still not working").wait_for()
        assert heard.complaints == []
