"""The rule desk in a real browser: from the list to other words in a ticket, and back."""

import re
from datetime import timedelta

import pytest

from tests.browser.chromium import axe, chromium, opened, violations
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

OLD, NEW = "Thank you for telling us that card payments fail", "It was good of you to tell us that cards fail"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


def rules_file(world):
    return world.stage.liaison.settings.rules / "rules.yaml"


def fine(page, heard, *but):
    """Nobody is shut out, nothing is wider than the window, and the browser complains of nothing."""
    assert violations(page, axe()) == []
    wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    assert [text for text in heard.complaints if not any(part in text for part in but)] == []


def opened_anew(world):
    """What the requester of a new ticket reads."""
    snow, driver = world.stage.snow, world.stage.driver
    fields = {
        "short_description": "Cards",
        "priority": "2",
        "caller_id": "eva.brandt",
        "business_service": "CARD-GW-PROD",
    }
    key = str(snow.change("", {"as": "eva.brandt", "fields": fields})["number"])
    driver.settle()
    driver.advance(world.stage.clock.now().replace(microsecond=0) + timedelta(minutes=5))
    [found] = [c for c in snow.conversations() if c.key == key]
    return [entry.text for entry in found.entries if not entry.internal and entry.author == "Liaison"]


def test_from_the_list_to_other_words_and_back(browser, world):
    before = rules_file(world).read_text()
    with opened(browser, **world.admin(browser)) as (page, heard):
        page.goto(world.url + "/rules")
        page.get_by_label("Search names, words, services").press_sequentially("Watching")
        page.get_by_role("heading", name=re.compile(r"^1 of")).wait_for()
        page.wait_for_url("**text=Watching*")  # what was typed last is asked for last
        page.get_by_role("link", name="Show all").click()
        page.get_by_label("Last 30 days").select_option("yes")
        page.get_by_role("heading", name=re.compile("found")).wait_for()
        page.get_by_role("row", name=re.compile("card-payments-down")).get_by_role("link", name="rules.yaml").click()
        page.wait_for_url("**/rules/files/rules.yaml?rule=card-payments-down*")
        page.goto(world.url + "/rules/rule/card-payments-down")
        fine(page, heard)
        page.get_by_role("button", name="Switch off").click()
        assert page.get_by_text("active: false").is_visible()
        fine(page, heard)
        page.get_by_label("Why").fill("A trial of the desk")
        page.get_by_role("button", name="Publish", exact=True).click()
        page.wait_for_url("**/rules/history/*")
        assert page.get_by_text("Published. Liaison speaks by it from now on.").is_visible()
        fine(page, heard)
        active = {rule.id for rule in world.stage.liaison.rulebook.current.rules}
        assert "card-payments-down" not in active
        page.get_by_label("Why").fill("The trial is over")
        page.get_by_role("button", name="Take this change back").click()
        assert page.get_by_role("status").filter(has_text="Taken back.").is_visible()
        page.get_by_role("link", name="History", exact=True).first.click()
        rows = page.get_by_role("row")
        assert "Taken back" in rows.nth(1).text_content()
        assert "Published" in rows.nth(2).text_content()
        fine(page, heard)
    assert rules_file(world).read_text() == before


def test_an_edited_file_is_published_and_spoken_without_scripts(browser, world):
    before = rules_file(world).read_text()
    assert OLD in before
    with opened(browser, "phone", java_script_enabled=False, **world.admin(browser)) as (page, _heard):
        page.goto(world.url + "/rules/files/rules.yaml")
        page.get_by_label("Rules", exact=True).fill(before.replace(OLD, NEW))
        page.get_by_role("button", name=re.compile("^Review")).click()
        assert page.get_by_role("heading", name="Publish rules.yaml").is_visible()
        page.get_by_label("Why").fill("  ")
        page.get_by_role("button", name="Publish", exact=True).click()
        assert page.get_by_text("Say in a few words why").is_visible()
        page.get_by_label("Why").fill("Warmer words")
        page.get_by_role("button", name="Publish", exact=True).click()
        assert page.get_by_role("status").filter(has_text="Published.").is_visible()
        assert any(NEW in text for text in opened_anew(world))
        page.get_by_role("button", name="Take this change back").click()
        assert page.get_by_role("status").filter(has_text="Taken back.").is_visible()
        assert any(OLD in text for text in opened_anew(world))
    assert rules_file(world).read_text() == before


def test_what_was_typed_is_not_lost_when_the_file_changes_meanwhile(browser, world):
    file = rules_file(world)
    before = file.read_text()
    with opened(browser, **world.admin(browser)) as (page, heard):
        page.goto(world.url + "/rules/rule/shop-down")
        page.get_by_role("button", name="Switch off").click()
        page.get_by_label("Why").fill("Mine")
        file.write_text(before + "# theirs\n")
        page.get_by_role("button", name="Publish", exact=True).click()
        page.get_by_role("heading", name="rules.yaml was changed meanwhile").wait_for()
        assert page.get_by_text("# theirs").first.is_visible()
        assert page.get_by_text("active: false").first.is_visible()
        fine(page, heard, "409")
        assert file.read_text() == before + "# theirs\n"
        assert page.get_by_role("button", name="Review both together").is_visible()
        page.get_by_role("button", name="Review mine over theirs").click()
        assert page.get_by_label("Why").input_value() == "Mine"
        assert page.get_by_text("1 line added, 1 removed").is_visible()
        page.get_by_role("button", name="Go on editing").click()
        page.get_by_role("heading", name="rules.yaml").wait_for()
        assert "active: false" in page.locator("#text").input_value()
    file.write_text(before)
