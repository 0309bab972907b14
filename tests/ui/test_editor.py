"""The rule editor's page and its parts, over a port in memory."""

import gzip
import html
import json
import re

import pytest

from core.decisions import Reason
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience
from core.tickets import TicketRef
from tests.support.memory_editor import MemoryEditor
from tests.ui.pages import Browser, house, person
from ui.access import Role
from ui.editor_views import (
    Backtest,
    Busy,
    ChangeGroup,
    Checked,
    Example,
    Flaw,
    FoundTicket,
    NotNow,
    Opened,
    Overtaken,
    Previewed,
    RuleLine,
    Said,
    Trial,
    Trials,
    Typed,
)

FILE, TEXT = "stores/berlin.yaml", "version: 1\nrules: []\n"
REF = TicketRef("acme", "1")
FORM = {"file": FILE, "base": "ab", "text": TEXT}
HTMX = {"HX-Request": "true"}
SHOWN = Previewed(
    REF,
    "OPS-1",
    "Tills are dark",
    said=(
        Said(Audience.REQUESTER, "It is dark.", "dark", grade=2.4, most=8, before="It was dark.", advice=("Say more.",)),
        Said(Audience.AGENTS, reason=Reason.SILENCED, detail="The rule says none.", by="dark"),
    ),
    here=(RuleLine("dark", matched=True, because="kind is incident", line=3), RuleLine("light", matched=False, because="no", line=9)),
    near=(RuleLine("near", matched=False, because="priority is P2"),),
    around=("Pace for the requester: every 30 minutes.",),
    losers=("For the requester, dark wins over any.",),
)  # fmt: skip


def editor(**more):
    return MemoryEditor(files={FILE: Opened(FILE, "ab", TEXT)}, **more)


def browser(views=None, role=Role.EDITOR):
    return Browser(house(editor=views or editor()), signed_in=person(role))


def area(page):
    """What a browser makes of the text field: the first line end goes, the rest stays."""
    found = re.search(r"<textarea id=\"text\"[^>]*>(.*?)</textarea>", page.text, re.DOTALL)[1]
    return html.unescape(found.removeprefix("\n"))


def asked(views, what):
    return next(call[1:] for call in views.asked if call[0] == what)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "\n\n# begins with empty lines\n",
        "a: </textarea><script>alert(1)</script>\n",
        "a: \u202eback\u202c \u0301" * 9,
    ],
)
def test_a_file_is_shown_letter_for_letter(text):
    page = browser(MemoryEditor(files={FILE: Opened(FILE, "ab", text)})).get(f"/rules/files/{FILE}")
    assert page.status_code == 200
    assert area(page) == text
    assert 'name="base" value="ab"' in page.text


def test_a_file_that_cannot_be_edited_says_why_and_where_to_go_on():
    views = MemoryEditor(files={FILE: Opened(FILE, because="It has 9,000,000 bytes.")})
    assert browser(views).get("/rules/files/none.yaml").status_code == 404
    page = browser(views).get(f"/rules/files/{FILE}")
    assert (page.status_code, "9,000,000 bytes" in page.text) == (409, True)


def test_where_there_is_no_folder_no_file_is_begun():
    page = browser(MemoryEditor(no_folder="There is no folder for rules.")).get("/rules/new")
    assert (page.status_code, "There is no folder for rules." in page.text) == (409, True)


def test_a_new_file_begins_with_an_example_and_the_name_that_was_asked_for():
    page = browser().get("/rules/new?file=cards.yaml")
    assert 'name="file" value="cards.yaml"' in page.text
    assert area(page).startswith("version: 1\n")


def test_line_ends_of_browsers_are_not_those_of_files():
    views = editor()
    browser(views).post("/rules/check", {**FORM, "text": "a: 1\r\nb: 2\rc: 3\n"}, HTMX)
    assert asked(views, "check") == (Typed(FILE, "ab", "a: 1\nb: 2\nc: 3\n", "eva"),)


@pytest.mark.parametrize(("headers", "clicked"), [({}, True), (HTMX, False)])
def test_a_whole_page_is_worth_a_longer_wait_than_what_is_asked_as_one_types(headers, clicked):
    views = editor(checked=Checked())
    browser(views).post("/rules/check", FORM, headers)
    assert asked(views, "check")[0].clicked is clicked


def test_problems_lead_to_their_lines_and_say_what_they_are():
    flaws = (
        Flaw(3, 5, error=True, message="'mesages' means nothing here. Did you mean messages?"),
        Flaw(9, 1, error=True, message='a "quoted" <b>word</b>', file="other.yaml"),
        Flaw(4, 2, error=False, message="This is long."),
    )
    page = browser(editor(checked=Checked(flaws, 2, {"lists": ("tills",)}))).post("/rules/check", FORM, HTMX)
    assert "2 errors, 1 warning. Not to be published yet." in page.text
    assert 'data-line="3" data-column="5" data-severity="error"' in page.text
    assert 'href="/rules/files/other.yaml">other.yaml, line 9</a>' in page.text
    assert "<b>word" not in page.text
    assert "Other files have 2 warnings of their own." in page.text
    names = html.unescape(re.search(r'data-names="([^"]*)"', page.text)[1])
    assert json.loads(names) == {"lists": ["tills"]}
    assert "<html" not in page.text, "a script asks for the part alone"


def test_without_a_script_the_whole_page_comes_back_with_all_that_was_typed():
    page = browser(editor(trials=Trials((Trial("It speaks", 7, ("wanted this",)),)))).post("/rules/tests", FORM)
    assert area(page) == TEXT
    assert "1 of 1 tests fails." in page.text
    assert "wanted this" in page.text
    assert 'data-line="7"' in page.text


def test_tests_that_pass_and_those_of_other_files_are_told_apart():
    trials = Trials((Trial("One", 1), Trial("Two", 2)), others={"shop.yaml": 2})
    page = browser(editor(trials=trials)).post("/rules/tests", FORM, HTMX)
    assert "All 2 tests pass." in page.text
    assert "2 tests of" in page.text
    assert 'href="/rules/files/shop.yaml"' in page.text


def test_a_preview_shows_words_grade_reasons_and_the_words_of_today():
    views = editor(previewed=SHOWN)
    page = browser(views).post("/rules/preview", {**FORM, "pick": "acme/1", "moment": "opened"}, HTMX)
    assert asked(views, "preview")[1:] == (REF, "opened")
    for text in ("It is dark.", "grade 2", "It was dark.", "Say more.", "The rule says none.", "matches: kind is incident",
                 "Pace for the requester", "dark wins over any", "priority is P2"):  # fmt: skip
        assert text in page.text
    assert '<input type="hidden" name="ticket" value="acme/1">' in page.text
    assert "Choose another ticket" in page.text


def test_words_that_were_shown_stay_while_the_draft_has_errors():
    views = editor(previewed=Previewed(REF, "OPS-1", errors=2))
    page = browser(views).post("/rules/preview", {**FORM, "ticket": "acme/1"}, HTMX)
    assert page.headers["HX-Retarget"] == "#preview-state"
    assert "2 errors now" in page.text
    first = browser(views).post("/rules/preview", {**FORM, "pick": "acme/1"}, HTMX)
    assert "waits until the errors are mended" in first.text


def test_of_a_held_ticket_its_gate_is_shown_and_nothing_else():
    held = Previewed(REF, "OPS-1", "Secret", held_by=("confidential",))
    page = browser(editor(previewed=held)).post("/rules/preview", {**FORM, "pick": "acme/1"}, HTMX)
    assert "confidential" in page.text
    assert "Secret" not in page.text
    assert "OPS-1" not in page.text


@pytest.mark.parametrize("ticket", ["", "acme", "acme/"])
def test_without_a_ticket_nothing_is_asked(ticket):
    views = editor()
    assert "Choose a" in browser(views).post("/rules/preview", {**FORM, "ticket": ticket}).text
    assert browser(views).post("/rules/preview", {**FORM, "ticket": ticket}, HTMX).status_code == 204
    assert {call[0] for call in views.asked} <= {"tickets"}


def test_tickets_are_found_and_nothing_found_says_what_to_try():
    views = editor(found=(FoundTicket(REF, "OPS-1", "Tills <b>dark</b>", priority="P1"),))
    page = browser(views).post("/rules/tickets", {**FORM, "words": "till"}, HTMX)
    assert 'name="pick" value="acme/1"' in page.text
    assert "<b>" not in page.text
    assert "Try its whole key" in browser().post("/rules/tickets", {**FORM, "words": "x"}, HTMX).text


@pytest.mark.parametrize("what", ["check", "tests", "preview", "backtest"])
def test_what_cannot_be_answered_says_why_and_loses_nothing(what):
    views = editor(fails=NotNow("what was asked before is still being answered.", hint="Try again."))
    form = {**FORM, "pick": "acme/1"}
    assert (
        "What was asked before is still being answered. Try again."
        in browser(views).post(f"/rules/{what}", form, HTMX).text
    )
    page = browser(views).post(f"/rules/{what}", form)
    assert (page.status_code, area(page)) == (422, TEXT)
    assert "What was asked before is still being answered. Try again." in page.text


def test_an_answer_that_nobody_waits_for_changes_nothing_on_the_page():
    views = editor(fails=Overtaken("something newer was asked."))
    assert browser(views).post("/rules/check", FORM, HTMX).status_code == 204


def test_where_others_come_first_the_page_asks_again_by_itself():
    views = editor(fails=Busy("what was asked before is still being answered.", hint="Wait a moment."))
    answer = browser(views).post("/rules/check", FORM, HTMX)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "liaison:busy")
    page = browser(views).post("/rules/check", FORM)
    assert (page.status_code, area(page)) == (422, TEXT)
    assert "What was asked before is still being answered. Wait a moment." in page.text


def test_a_name_that_no_file_can_have_is_refused_in_words():
    class Strict(MemoryEditor):
        def open(self, file):
            raise LiaisonError(f"{file!r} can be no rules file.", hint="Name it like payments.yaml.")

    page = browser(Strict()).get("/rules/files/x.txt")
    assert (page.status_code, "Name it like payments.yaml." in page.text) == (404, True)


def test_a_backtest_tells_how_far_it_is_and_can_be_stopped():
    views = editor(tried=Backtest("b1", FILE, 30, done=250, of=1_000))
    page = browser(views).post("/rules/backtest", {**FORM, "days": "7"}, HTMX)
    assert asked(views, "backtest")[1] == 7
    assert "250 of 1,000 events" in page.text
    assert 'hx-trigger="every 1s"' in page.text
    browser(views).post("/rules/backtest/stop", {"backtest": "b1"}, HTMX)
    assert ("stop", "b1") in views.asked


def test_a_finished_backtest_compares_side_by_side_and_groups_what_changes():
    groups = (
        ChangeGroup("Other words: requester, opened", "rule dark", 12, 9, (Example("OPS-1", "Before.", "After."),)),
    )
    tried = Backtest("b1", FILE, 30, finished=True, tickets=9, events=80, held=1, left_out=1, changes=groups,
                     compared=(("messages", "80", "92"),), notable=("Nothing else.",))  # fmt: skip
    page = browser(editor(tried=tried)).get("/rules/backtest/b1", HTMX)
    for text in ("80 events of 9 tickets", "1 held ticket is left out", "12 messages", "9 tickets", "Before.", "After.",
                 "<strong>92</strong>", "Older events did not fit", "Nothing else."):  # fmt: skip
        assert text in page.text
    assert "every 1s" not in page.text
    assert "<h1>Backtest of" in browser(editor(tried=tried)).get("/rules/backtest/b1").text


def test_a_backtest_that_is_forgotten_or_failed_says_so():
    assert browser().get("/rules/backtest/none").status_code == 404
    assert "Only the last few are kept" in browser().get("/rules/backtest/none", HTMX).text
    failed = Backtest("b1", FILE, 30, finished=True, problem="It was stopped.")
    assert "It was stopped." in browser(editor(tried=failed)).get("/rules/backtest/b1", HTMX).text


def test_nothing_to_play_says_what_to_do():
    empty = Backtest("b1", FILE, 7, finished=True)
    assert "Choose more days" in browser(editor(tried=empty)).get("/rules/backtest/b1", HTMX).text


def test_what_completion_needs_travels_packed():
    answer = browser().get("/rules/completions.json", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.data))["schema"] == {"type": "object"}
    assert browser().get("/rules/completions.json", {"Accept-Encoding": "identity"}).json["words"] == []


def test_only_a_publisher_is_offered_to_publish():
    assert "Review and publish" in browser(role=Role.PUBLISHER).get(f"/rules/files/{FILE}").text
    page = browser().get(f"/rules/files/{FILE}")
    assert "Review and publish" not in page.text
    assert ">Review</button>" in page.text


def test_every_moment_that_can_be_chosen_has_words():
    page = browser().get(f"/rules/files/{FILE}").text
    for kind in (MomentKind.OPENED, MomentKind.RESOLVED, MomentKind.ANNOUNCED, MomentKind.DELAYED):
        assert f'<option value="{kind}">' in page
    assert f'<option value="{MomentKind.AGENT_SAYS}">' not in page
