"""The panel inside a page of the platform, at another site than ours: what browsers let it do there.

The two names of this machine are two sites to a browser: the platform's page is at 127.0.0.1, Liaison at localhost.
"""

import pytest

from tests.browser.chromium import axe, chromium, opened, switched, violations
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

AROUND = """<!doctype html><html lang="en"><title>INC1 · ServiceNow</title><h1>The platform's own page</h1>
<iframe title="Liaison" src="{panel}" width="360" height="640"></iframe>"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


def ours(world):
    return world.url.replace("127.0.0.1", "localhost")


def framed(page, world, ticket):
    """The platform's page with the panel in it; returns its frame."""
    page.goto(f"{world.stage.snow.url}/now/ticket")
    page.set_content(AROUND.format(panel=f"{ours(world)}/panel/{world.ticket(ticket)}"))
    return page.frame_locator("iframe")


def sign_in(page, world):
    """In a window of its own, as ever."""
    page.goto(ours(world) + world.stage.liaison.door.new_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{ours(world)}/")


@pytest.mark.parametrize(("switches", "part"), [((), "cable"), (("--test-third-party-cookie-phaseout",), "switch")])
def test_one_click_lets_an_agent_act_in_the_frame(browser, world, switches, part):
    """Also where the browser blocks all cookies of other sites."""
    with switched(browser, *switches) as other, opened(other, "desktop") as (page, heard):
        sign_in(page, world)
        panel = framed(page, world, "cards")
        panel.get_by_text("Customers cannot pay by card").first.wait_for()
        assert panel.get_by_role("button", name="Send now").count() == 0
        with page.expect_popup() as window:
            panel.get_by_role("link", name="Act here").click()
        panel.get_by_role("heading", name="Say something now").wait_for()
        assert window.value.is_closed()
        panel.get_by_label("Your words to the requester").press_sequentially(
            f"We have found the broken {part}. Please take cash."
        )
        panel.locator("#say-preview blockquote").wait_for()
        panel.get_by_label("Your words to the requester").locator("xpath=ancestor::form").get_by_role(
            "button", name="Send now"
        ).click()
        panel.get_by_text("It is on its way.").wait_for()
        world.stage.driver.settle()
        key = world.keys["cards"]
        entries = next(c for c in world.stage.snow.conversations() if c.key == key).entries
        said = [entry for entry in entries if f"broken {part}" in entry.text and not entry.internal]
        assert len(said) == 1
        assert [text for text in heard.complaints if "404" not in text] == []  # the platform's stand-in has no pages
        assert violations(page.frames[-1], axe()) == []
        panel.get_by_role("button", name="Sign out").click()
        panel.get_by_role("link", name="Act here").wait_for()
        page.goto(ours(world))
        assert page.get_by_text("the local admin", exact=True).is_visible(), "the ordinary session stays as it was"


def test_who_is_not_signed_in_signs_in_there_and_clicks_once_more(browser, world):
    with opened(browser, "desktop") as (page, _heard):
        panel = framed(page, world, "cards")
        with page.expect_popup() as window:
            panel.get_by_role("link", name="Act here").click()
        link = world.stage.liaison.door.new_link()
        lender = window.value
        assert lender.get_by_text("liaison enter").is_visible(), "what to do stands there"
        lender.goto(ours(world) + link)
        lender.get_by_role("button", name="Sign in").click()
        lender.wait_for_url(f"{ours(world)}/")
        with page.expect_popup():
            panel.get_by_role("link", name="Act here").click()
        panel.get_by_role("heading", name="Say something now").wait_for()


def test_without_script_the_panel_opens_in_a_window_of_its_own(browser, world):
    with opened(browser, "desktop", java_script_enabled=False) as (page, _heard):
        sign_in(page, world)
        panel = framed(page, world, "cards")
        with page.expect_popup() as window:
            panel.get_by_role("link", name="Own window").click()
        assert window.value.get_by_role("button", name="Send now").first.is_visible()


SPYING = """<!doctype html><title>x</title><button onclick="opened = window.open('{lend}')">go</button>
<script>heard = []; addEventListener("message", (event) => heard.push(event.data));</script>"""


def test_another_site_that_opens_the_lending_window_hears_nothing(browser, world):
    with opened(browser, "desktop") as (page, _heard):
        sign_in(page, world)
        page.goto(f"{world.stage.jira.url}/elsewhere")
        page.set_content(SPYING.format(lend=f"{ours(world)}/lend/{world.ticket('cards')}?for=mine"))
        with page.expect_popup() as window:
            page.get_by_role("button", name="go").click()
        window.value.get_by_role("heading", name="You are signed in as the local admin").wait_for()
        assert page.evaluate("heard") == []
        assert "data-ticket" in window.value.content(), "there was something to hear"


def test_only_its_own_platform_may_frame_the_panel(browser, world):
    with opened(browser, "desktop") as (page, heard):
        page.goto(f"{world.stage.jira.url}/elsewhere")  # another origin than that of the ticket's site
        page.set_content(AROUND.format(panel=f"{ours(world)}/panel/{world.ticket('cards')}"))
        page.wait_for_timeout(300)
        assert page.frame_locator("iframe").get_by_text("Customers cannot pay").count() == 0
        assert any("frame-ancestors" in text for text in heard.complaints)


def test_a_link_is_copied_in_the_frame_too(browser, world):
    """There the platform's page has not lent us its clipboard: the old way still works."""
    with opened(browser, "desktop") as (page, _heard):
        sign_in(page, world)
        panel = framed(page, world, "cards")
        with page.expect_popup():
            panel.get_by_role("link", name="Act here").click()
        panel.get_by_text("The requester's page").click()
        panel.get_by_role("button", name="Make a link").click()
        panel.get_by_role("button", name="Copy").click()
        panel.get_by_text("Copied.").wait_for()
