"""Every page in a real browser: nothing that shuts people out, nothing that moves, nothing loaded that should not be."""

import re

import pytest

from tests.browser.chromium import SHIFT, axe, chromium, opened, violations
from tests.browser.places import PLACES, lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

LOOKS = (("desktop", "light"), ("frame", "dark"), ("phone", "light"))
SETTLED = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


def visit(page, world, place):
    answer = page.goto(world.url + place.path(world))
    assert answer.status == place.status
    return answer


def context(place, world, browser):
    return world.admin(browser) if place.admin else {}


# a page that refuses is an error in the console, too: the browser says so itself
def complaints(heard, place):
    return [text for text in heard.complaints if not (place.status >= 400 and "Failed to load resource" in text)]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_page_shuts_nobody_out_and_says_no_error(browser, world, place, size, scheme):
    with opened(browser, size, scheme, **context(place, world, browser)) as (page, heard):
        visit(page, world, place)
        page.evaluate(SETTLED)
        assert violations(page, axe()) == []
        assert complaints(heard, place) == []
        wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], f"the page is {wide[0]} px wide in a window of {wide[1]} px"
        assert page.evaluate("window.shifted") <= SHIFT
        assert heard.bytes <= place.most


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_page_says_all_it_says_without_scripts(browser, world, place):
    with opened(browser, java_script_enabled=False, **context(place, world, browser)) as (page, _heard):
        visit(page, world, place)
        assert page.locator("main h1").count() == 1
        assert page.locator("time").evaluate_all("all => all.every((time) => time.textContent.trim())")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_keyboard_reaches_everything(browser, world, place):
    """Tab goes to the skip link first, and the focus can be seen wherever it stops."""
    with opened(browser, "frame", **context(place, world, browser)) as (page, _heard):
        visit(page, world, place)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        stops = page.locator("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")
        for _ in range(min(stops.locator("visible=true").count(), 40)):  # what a closed <details> hides is no stop
            seen = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none'"
                " && parseFloat(s.outlineWidth) >= 2; }"
            )
            assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            page.keyboard.press("Tab")


@pytest.mark.parametrize(
    ("zone", "first", "was"),
    [
        ("Europe/Berlin", "Fri 20 Nov 2026, 13:52 CET", None),
        ("America/New_York", "Fri 20 Nov 2026, 07:52 GMT-5", "Fri 20 Nov 2026, 13:52 CET"),
        ("Pacific/Auckland", "Sat 21 Nov 2026, 01:52 GMT+13", "Fri 20 Nov 2026, 13:52 CET"),
    ],
)
def test_times_are_the_readers_own(browser, world, zone, first, was):
    place = next(place for place in PLACES if place.name == "story")
    with opened(browser, "phone", timezone_id=zone) as (page, _heard):
        visit(page, world, place)
        time = page.locator("main time").first
        assert (time.text_content(), time.get_attribute("title")) == (first, was)
        page.evaluate(SETTLED)
        assert page.evaluate("window.shifted") <= 0.1, "where the clock is another, a line may break elsewhere"


@pytest.mark.parametrize("name", ["front-signed-in", "story", "panel"])
def test_every_time_on_the_first_pages_is_the_readers_own(browser, world, name):
    """Beside what was said word for word, which keeps the clock of whom it was said to."""
    place = next(place for place in PLACES if place.name == name)
    with opened(browser, timezone_id="America/New_York", **context(place, world, browser)) as (page, _heard):
        visit(page, world, place)
        page.evaluate("document.querySelectorAll('blockquote').forEach((one) => one.remove())")
        said = page.locator("main").text_content()
        assert "GMT-5" in said
        assert not re.findall(r"\d\d:\d\d (?!GMT-5)[A-Z]{3,4}\b", said)


def test_signing_in_and_out_by_hand(browser, world):
    with opened(browser) as (page, heard):
        link = world.stage.liaison.door.new_link()
        page.goto(world.url + link)
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_text("the local admin").is_visible()
        page.get_by_role("button", name="Sign out").click()
        assert page.get_by_text("You are signed out.").is_visible()
        page.goto(world.url + link)
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_role("heading", name="This link no longer works").is_visible()
        assert [text for text in heard.complaints if "403" not in text] == []


def test_a_requester_answers_without_scripts(browser, world):
    with opened(browser, "phone", java_script_enabled=False) as (page, heard):
        page.goto(world.url + world.page("cards"))
        page.get_by_role("button", name="This helped").first.click()
        assert page.get_by_text("Thank you. Our team will read it in the ticket.").is_visible()
        assert page.get_by_text("You told us that this helped.").is_visible()
        page.get_by_text("This hurts us more than you think").click()
        page.get_by_label("What does it keep you from doing?").fill("300 people queue.")
        page.get_by_role("button", name="Send").first.click()
        assert page.get_by_text("Thank you.").is_visible()
        assert heard.complaints == []


BROKEN = """<!doctype html><title>x</title><link rel="stylesheet" href="/assets/liaison.css">
<body style="color: red"><script>alert(1)</script><img src="https://elsewhere.example/x.png">
<p class="pale">Pale words.</p><table><tr><td style="white-space: nowrap">{wide}</td></tr></table></body>"""


def test_what_is_wrong_is_found(browser, world):
    """A page that breaks the rules on purpose: without this, none of the questions above is known to ask anything."""
    with opened(browser, "phone") as (page, heard):
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'self'", "Content-Type": "text/html"}
        wide = "w" * 400
        page.route("**/broken", lambda route: route.fulfill(body=BROKEN.format(wide=wide), headers=headers))
        page.goto(world.url + "/broken")
        rules = {line.partition(":")[0] for line in violations(page, axe())}
        assert {"html-has-lang", "image-alt"} <= rules
        policies = [text for text in heard.complaints if text.startswith("policy: ")]
        assert {text.split()[1] for text in policies} >= {"script-src-elem", "style-src-attr", "img-src"}
        wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
        assert wide[0] > wide[1]
        assert heard.bytes > 1000
        page.evaluate(
            "document.body.prepend(Object.assign(document.createElement('h1'), {textContent: 'New'}));" + SETTLED
        )
        assert page.evaluate("window.shifted") > 0
