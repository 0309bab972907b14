"""The rule desk's pages: searching, reviewing, publishing, taking back."""

from dataclasses import replace

import pytest

from tests.support.memory_desk import DISK, ROW, MemoryDesk
from tests.ui.pages import Browser, house, person
from ui.access import LOCAL_ADMIN, Role
from ui.desk_views import Asked, Listing, Review

DRAFT = {"file": "rules.yaml", "base": "aa", "text": "version: 1\r\n# <b>new</b>\r\n"}


@pytest.fixture
def desk():
    return MemoryDesk()


def browser(desk, *roles):
    return Browser(house(desk=desk), signed_in=person(*roles) if roles else LOCAL_ADMIN)


def test_the_search_is_the_address_and_works_without_script(desk):
    answer = browser(desk).get("/rules?text=+cards+&audience=requester&moment=opened&spoke=yes&warnings=1&page=2")
    assert desk.asked == [
        Asked(text="cards", audience="requester", moment="opened", spoke="yes", warnings=True, page=2)
    ]
    assert "Cards fail" in answer.text
    assert 'value="cards"' in answer.text
    assert "<html" in answer.text


@pytest.mark.parametrize(
    "asked", ["page=0", "page=-1", "page=²", "page=" + "9" * 300, "kind=robot", "does=%00", "order=x"]
)
def test_a_search_that_nobody_could_choose_asks_nothing(desk, asked):
    assert browser(desk).get(f"/rules?{asked}").status_code == 200
    assert desk.asked == [Asked()]


def test_htmx_gets_the_rows_alone_and_a_reader_going_back_the_page(desk):
    found = browser(desk).get("/rules", headers={"HX-Request": "true"}).text
    assert "<html" not in found
    assert "cards" in found
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser(desk).get("/rules", headers=again).text


def test_empty_lists_say_what_to_do_next(desk):
    desk.listing = Listing(())
    assert "no rules of your own yet" in browser(desk).get("/rules").text
    assert "Ask for less" in browser(desk).get("/rules?text=x").text
    desk.listing = replace(desk.listing, folder=False)
    answer = browser(desk).get("/rules").text
    assert "rules: ./rules.d" in answer
    assert "Write a new file" not in answer
    desk.listing = Listing((ROW,), 1, 1, 1, problem="rules.yaml:1:1: <script>alert(1)</script>")
    answer = browser(desk).get("/rules").text
    assert "not in force" in answer
    assert "<script>alert" not in answer


def test_pages_are_turned_with_the_search_kept(desk):
    desk.listing = replace(desk.listing, found=120, pages=3)
    answer = browser(desk).get("/rules?text=card&page=2").text
    assert 'href="/rules?text=card&amp;page=3"' in answer
    assert 'href="/rules?text=card"' in answer


def test_a_rule_leads_to_its_line_in_the_editor(desk):
    assert 'href="/rules/files/rules.yaml?rule=cards#line-3"' in browser(desk).get("/rules/rule/cards").text
    assert "/rules/files/" not in browser(desk, Role.VIEWER).get("/rules/rule/cards").text
    assert browser(desk).get("/rules/rule/none").status_code == 404
    assert browser(desk).get("/rules/gate/cards").status_code == 404


def test_a_review_shows_the_difference_and_carries_the_draft(desk):
    answer = browser(desk).post("/rules/review", DRAFT)
    assert answer.status_code == 200
    assert "&lt;b&gt;new&lt;/b&gt;" in answer.text
    assert "1 line added, 0 removed" in answer.text
    assert 'name="base" value="aa"' in answer.text
    assert 'name="text" value="version: 1\n# &lt;b&gt;new&lt;/b&gt;\n"' in answer.text
    assert 'formaction="/rules/check"' in answer.text


def test_an_editor_reviews_and_hands_on(desk):
    answer = browser(desk, Role.EDITOR).post("/rules/review", DRAFT)
    assert "/rules/publish" in answer.text
    assert "<button>Publish</button>" not in answer.text
    assert "To publish you need" in answer.text
    assert browser(desk, Role.EDITOR).post("/rules/publish", DRAFT | {"reason": "because"}).status_code == 403
    assert desk.published == []


def test_publishing_takes_a_reason(desk):
    for reason, wrong in (("", "Say in a few words"), ("x" * 501, "at most 500")):
        answer = browser(desk).post("/rules/publish", DRAFT | {"reason": reason})
        assert answer.status_code == 422
        assert wrong in answer.text
        assert "&lt;b&gt;new" in answer.text
    assert desk.published == []
    answer = browser(desk).post("/rules/publish", DRAFT | {"reason": " New words "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rules/history/1")
    [(draft, why, who)] = desk.published
    assert (draft.text, why, who) == ("version: 1\n# <b>new</b>\n", "New words", "local admin")


def test_errors_are_told_and_nothing_is_published(desk):
    desk.errors = ("'prio' means nothing here.",)
    answer = browser(desk).post("/rules/publish", DRAFT | {"reason": "New words"})
    assert answer.status_code == 422
    assert "would have an error" in answer.text
    assert "means nothing here" in answer.text
    assert "<button>Publish</button>" not in answer.text
    assert desk.published == []


def test_a_draft_that_was_not_checked_has_no_clean_bill_and_is_checked_again(desk, monkeypatch):
    busy = "It could not be checked: what was asked before is still being answered."
    monkeypatch.setattr(desk, "review", lambda draft: Review(draft, desk.disk, "aa", refusal=busy, checked=False))
    text = browser(desk).post("/rules/review", DRAFT).text
    assert busy in text
    assert "No errors" not in text
    assert "the errors come first" not in text
    assert '<button formaction="/rules/review">Check again</button>' in text


def test_a_file_changed_meanwhile_is_shown_beside_the_draft(desk):
    desk.base, desk.disk = "bb", "version: 1\n# theirs\n"
    for address in ("/rules/review", "/rules/publish"):
        answer = browser(desk).post(address, DRAFT | {"reason": "New words"})
        assert answer.status_code == 409
        for shown in ("What they changed", "What you changed", "# theirs", "&lt;b&gt;new", "Nothing was written"):
            assert shown in answer.text
        assert 'name="base" value="bb"' in answer.text
    assert desk.published == []


def test_what_fits_together_is_offered_together(desk):
    desk.base, desk.disk = "bb", "version: 1\n# base\nteam: theirs\nrules:\n"
    desk.common = "version: 1\n# base\nteam: none\nrules:\n"
    answer = browser(desk).post(
        "/rules/publish", DRAFT | {"text": "version: 2\n# base\nteam: none\nrules:\n", "reason": "x y"}
    )
    assert "Review both together" in answer.text
    assert 'name="text" value="version: 2\n# base\nteam: theirs\nrules:\n"' in answer.text
    answer = browser(desk).post(
        "/rules/publish", DRAFT | {"text": desk.common.replace("none", "ours"), "reason": "x y"}
    )
    assert "Review both together" not in answer.text
    assert "the same lines" in answer.text


def test_a_draft_that_says_what_the_file_says_is_no_change(desk):
    answer = browser(desk).post("/rules/publish", DRAFT | {"text": DISK, "reason": "New words"})
    assert "There is nothing to publish" in answer.text
    assert desk.published == []


def test_a_switch_leads_to_the_review(desk):
    answer = browser(desk).post("/rules/edit", {"edit": "off", "name": "cards"})
    assert "# off rule" in answer.text
    assert 'value="Switch off cards"' in answer.text
    assert browser(desk).post("/rules/edit", {"edit": "burn", "name": "cards"}).status_code == 404
    answer = browser(desk).post("/rules/edit", {"edit": "off", "name": "none"})
    assert answer.status_code == 422
    assert "There is no such rule. " not in answer.text
    assert "Look at the list." in answer.text


def test_a_change_is_taken_back_with_a_reason(desk):
    answer = browser(desk).get("/rules/history/1")
    assert "New words" in answer.text
    assert 'name="base" value="aa"' in answer.text
    taken = {"change": "1", "base": "aa"}
    assert browser(desk).post("/rules/rollback", taken | {"reason": ""}).status_code == 422
    assert browser(desk).post("/rules/rollback", taken | {"reason": "Wrong", "base": "cc"}).status_code == 409
    assert desk.taken_back == []
    answer = browser(desk).post("/rules/rollback", taken | {"reason": "Wrong"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rules/history/2")
    assert desk.taken_back == [(1, "Wrong", "local admin")]
    assert "Take this change back" not in browser(desk, Role.EDITOR).get("/rules/history/1").text


def test_the_history_is_there_and_leads_on(desk):
    assert 'href="/rules/history/1"' in browser(desk).get("/rules/history").text
    assert (
        'href="/rules/history?file=rules.yaml&amp;before=1"'
        in browser(desk).get("/rules/history?file=rules.yaml&before=9").text
    )
    assert browser(desk).get("/rules/history/77").status_code == 404
    assert browser(desk).post("/rules/rollback", {"change": "x", "reason": "Wrong", "base": "aa"}).status_code == 422
