"""The overview in a real browser, with scripts and without: from a number to its tickets, to a file, to trying again."""

import csv

import pytest
from sqlalchemy import update

from app import tables
from tests.browser.chromium import axe, chromium, opened, violations
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes
N = tables.notes


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


@pytest.mark.parametrize("scripts", [True, False])
def test_from_a_number_to_its_tickets_and_back(browser, world, scripts):
    with opened(browser, java_script_enabled=scripts) as (page, heard):
        page.goto(f"{world.url}/overview")
        page.get_by_role("link", name="High impact").first.click()
        assert page.get_by_role("heading", level=1).text_content() == "Open tickets"
        assert page.locator("tbody tr").count() == 1
        assert page.get_by_role("link", name=world.keys["cards"]).is_visible()
        page.get_by_label("Impact").select_option("")
        page.get_by_label("Order").select_option("oldest")
        page.get_by_role("button", name="Show").click()
        assert page.locator("tbody tr").count() == 5
        assert page.locator("th[aria-sort=ascending]").text_content() == "Opened"
        page.get_by_role("link", name="Back to the overview").click()
        page.get_by_label("Period").select_option("7")
        page.get_by_role("button", name="Show").click()
        assert "days=7" in page.url
        assert page.locator("svg.chart rect").count() == 1
        page.get_by_text("The same as a table").click()
        assert page.get_by_role("cell", name="4", exact=True).first.is_visible()
        assert heard.complaints == []


def test_without_colours_of_its_own_the_chart_says_which_is_which(browser, world):
    with opened(browser, forced_colors="active", **world.admin(browser)) as (page, heard):
        page.goto(world.url + "/overview")
        seen = page.locator(".swatch").evaluate_all("all => all.map((one) => getComputedStyle(one).backgroundColor)")
        assert len(set(seen)) == len(seen) == 3
        assert heard.complaints == []


def test_a_list_is_taken_away_as_a_file(browser, world, tmp_path):
    with opened(browser, **world.admin(browser)) as (page, _heard):
        page.goto(f"{world.url}/overview/tickets")
        with page.expect_download() as download:
            page.get_by_role("link", name="This list as a file").click()
        assert download.value.suggested_filename == "liaison-open.csv"
        download.value.save_as(tmp_path / "list.csv")
        with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
            assert next(row["Ticket"] for row in csv.DictReader(file)) == world.keys["cards"]


@pytest.mark.parametrize("scripts", [True, False])
def test_what_failed_is_tried_again(browser, world, scripts):
    liaison = world.stage.liaison
    ref = liaison.views.find(world.keys["payslip"])[0]
    with liaison.store.read() as connection:
        note = connection.execute(N.select().where(N.c.ticket_id == ref.id, N.c.audience == "requester")).first().id
    refused = {"state": "refused", "problem": "You may not comment here."}
    liaison.store.write(lambda tx: tx.execute(update(N).where(N.c.id == note).values(**refused)))
    with opened(browser, "phone", java_script_enabled=scripts, **world.admin(browser)) as (page, heard):
        page.goto(f"{world.url}/overview/tickets?show=refused")
        assert page.get_by_text("You may not comment here.").is_visible()
        assert not scripts or violations(page, axe()) == []
        page.get_by_role("button", name="Retry").click()
        assert page.get_by_text("The note is written again.").is_visible()
        assert page.get_by_text("No note was refused.").is_visible()
        assert heard.complaints == []
    liaison.store.write(lambda tx: tx.execute(update(N).where(N.c.id == note).values(state="written", problem="")))
