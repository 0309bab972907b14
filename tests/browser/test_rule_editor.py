"""The rule editor as somebody works in it: a mistake, its mending, other words for a real ticket, tests, review."""

import re

import pytest
from playwright.sync_api import expect

from app.demo import example
from tests.browser.chromium import PATIENT, SHIFT, axe, chromium, opened, violations
from tests.browser.places import lived

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own pipes

FILE = "/rules/files/rules.yaml"
TEXT = (example("retail") / "rules.yaml").read_text()
LINES = TEXT.splitlines()
WHEN = next(number for number, line in enumerate(LINES, 1) if "when:" in line)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world():
    with lived() as world:
        yield world


@pytest.fixture
def visit(browser, world):
    """A page of the editor in a browser of its own, signed in; afterwards nothing was complained about."""
    left = []

    def ask(path=FILE, size="desktop", scheme="light", before=None, **more):
        context = opened(browser, size, scheme, **{**world.admin(browser), **more})
        page, heard = context.__enter__()
        left.append((context, heard))
        ask.heard = heard
        if before:
            before(page)
        page.goto(world.url + path)
        return page

    yield ask
    # where a session has ended the browser says so itself
    complaints = [text for _, heard in left for text in heard.complaints if "status of 401" not in text]
    for context, _ in left:
        context.__exit__(None, None, None)
    assert complaints == []


def ready(page):
    expect(page.locator("#said")).to_contain_text("No errors")
    return page


def cursor(page, line, column=None):
    """Where somebody clicks."""
    page.evaluate(
        """([line, column]) => {
            const view = document.querySelector("#text").liaisonEditor, at = view.state.doc.line(line);
            view.dispatch({ selection: { anchor: column ? at.from + column - 1 : at.to }, scrollIntoView: true });
            view.focus();
        }""",
        [line, column],
    )


def text_of(page):
    return page.locator("#text").evaluate("area => area.value")


def line_of(words):
    return next(number for number, line in enumerate(LINES, 1) if words in line)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_what_comes_after_the_page_moves_nothing_and_stays_small(visit, size):
    """The check, the tests and the names for completion are of the first view, too."""
    page = ready(visit(size=size))
    expect(page.locator("#tests")).to_contain_text("All 4 tests pass.")
    assert page.evaluate("window.shifted") <= SHIFT
    assert 150_000 < visit.heard.bytes <= 250_000


def test_without_colours_of_its_own_it_still_shows_what_is_wrong_and_what_is_chosen(visit):
    page = ready(visit(forced_colors="active"))
    cursor(page, WHEN, LINES[WHEN - 1].index("kind") + 4)
    page.keyboard.type("x")
    style = "(one, what) => getComputedStyle(one)[what]"
    sign = page.locator(".cm-lint-marker-error")
    assert sign.evaluate(style, "backgroundColor") != page.locator("body").evaluate(style, "backgroundColor")
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+Space")
    chosen = page.locator(".cm-tooltip-autocomplete li[aria-selected]")
    assert chosen.evaluate(style, "outlineStyle") == "solid"


def test_from_a_mistake_to_the_review(visit):
    page = ready(visit())
    assert text_of(page) == TEXT

    cursor(page, WHEN, LINES[WHEN - 1].index("kind") + 4)
    page.keyboard.type("x")
    flaw = page.locator("#flaws li").filter(has_text="Did you mean kind?")
    expect(flaw).to_be_visible()
    expect(flaw.get_by_role("link")).to_have_text(f"Line {WHEN}")
    expect(page.locator("#said")).to_contain_text("Not to be published yet")
    assert page.locator(".cm-lintRange-error").first.inner_text().startswith("kinx")
    assert violations(page, axe()) == []

    cursor(page, 1)
    flaw.get_by_role("link").click()
    for _ in "kin":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    expect(page.locator("#said")).to_contain_text("No errors")
    assert text_of(page) == TEXT

    page.get_by_label("Try it on a ticket").fill("card declined")
    page.locator("#tickets").get_by_role("button").first.click()
    words = page.get_by_role("article", name="requester (public)")
    expect(words).to_contain_text("Card payments are not working at our Berlin stores.")
    expect(words).to_contain_text("grade")
    expect(page.get_by_role("article", name="agents (internal)")).to_contain_text("Do not restart tills")

    at = line_of("Card payments are not working at {{ location.name }}.")
    cursor(page, at, LINES[at - 1].index("Card payments") + 1)
    page.keyboard.type("Sorry: ")
    expect(words.locator("blockquote").first).to_contain_text("Sorry: Card payments are not working")
    expect(words.locator(".before")).to_contain_text("The rules in force say")
    page.get_by_label("What happens to it").select_option("resolved")
    expect(words).to_contain_text("Card payments work again")
    expect(page.locator("#tests")).to_contain_text("All 4 tests pass.")
    assert violations(page, axe()) == []

    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("rules.yaml")
    expect(page.locator("main")).to_contain_text("Sorry: Card payments are not working")
    page.get_by_role("button", name="Go on editing").click()
    expect(page.locator("#said")).to_contain_text("No errors")
    assert "Sorry: Card payments" in text_of(page)


def test_a_failing_test_shows_the_difference_and_leads_to_its_line(visit):
    page = ready(visit())
    at = line_of("Card payments are not working at {{ location.name }}.")
    cursor(page, at, LINES[at - 1].index("Card payments") + 1)
    page.keyboard.press("Shift+End")
    page.keyboard.type("It fails.")
    failing = page.locator("#tests article").first
    expect(failing).to_contain_text("does not say")
    expect(failing).to_contain_text("+ It fails.")
    line = int(re.search(r"\d+", failing.get_by_role("link").inner_text())[0])
    failing.get_by_role("link").click()
    page.keyboard.press("End")
    where = page.evaluate(
        "(() => { const s = document.querySelector('#text').liaisonEditor.state;"
        " return s.doc.lineAt(s.selection.main.head).number; })()"
    )
    assert where == line


def completions(page, line, typed, offered):
    cursor(page, line)
    page.keyboard.type(typed)
    page.keyboard.press("Control+Space")
    # what was offered while the key before it was typed may still be open
    expect(page.locator(".cm-tooltip-autocomplete li").filter(has_text=offered).first).to_be_visible()
    return page.locator(".cm-tooltip-autocomplete .cm-completionLabel").all_inner_texts()


@pytest.mark.parametrize(
    ("line", "typed", "offered"),
    [
        (9, "\n", {"unless", "impact", "cadence"}),
        (9, "\nunless:\nlabels", {"labels"}),
        (9, "\nunless:\nservice: ", {"card-payments", "payroll"}),
        (9, "\nunless: {priority: ", {"P1", "P5"}),
        (9, "\ncadence: {requester: {every: 30m, calendar: ", {"always", "business_days"}),
        (9, "\nmessages:\n", {"requester", "agents"}),
        (9, "\nmessages:\nagents:\n", {"opened", "update_due"}),
        (9, '\nmessages:\nagents:\nopened: "{{ ', {"ticket.title", "service.name"}),
        (9, '\nmessages:\nrequester:\nopened: "{{ ', {"next_update.text", "service.workaround"}),
        (9, "\nunless:\npriority:\n- ", {"P1", "P5"}),
        (5, "\n", {"rules", "lists", "gates"}),
        (5, "\ncalendars: {shop: {days: ", {"mon-sat"}),
        (5, "\ntests:\n- ticket: {", {"key", "affected_users"}),
        (5, "\ntests:\n- ticket: {priority: ", {"P1", "P5"}),
        (5, "\ntests:\n- expect: {says: {", {"requester.opened", "agents.resolved"}),
        (5, "\ntests:\n- expect: {winner: {requester.opened: ", {"card-payments-down"}),
    ],
)
def test_what_may_stand_there_is_offered(visit, line, typed, offered):
    page = ready(visit())
    assert offered <= set(completions(page, line, typed, min(offered)))


def test_who_asks_before_the_names_are_there_gets_them_as_they_come(visit):
    asked = []

    def slow(page):
        page.route("**/rules/completions*", lambda route: asked.append(route))  # noqa: PLW0108 - Playwright looks at its parameters

    page = ready(visit(before=slow))
    cursor(page, 9)
    page.keyboard.type("\n")
    page.keyboard.press("Control+Space")
    page.wait_for_timeout(200)
    assert page.locator(".cm-tooltip-autocomplete").count() == 0
    asked[0].continue_()
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("unless")


def test_what_begins_with_a_quotation_mark_ends_with_one(visit):
    page = ready(visit())
    completions(page, 9, '\nunless: {service: "card', "card-payments")
    page.locator(".cm-tooltip-autocomplete li").first.click()
    assert 'unless: {service: "card-payments"}' in text_of(page)


def test_that_the_answer_takes_a_while_is_said(visit):
    """What is asked as one types is asked again by itself, and nobody is told that others were the cause."""
    held = []

    def busy(route):
        if held:
            return route.continue_()
        held.append(route)
        return route.fulfill(status=204, headers={"HX-Trigger": "liaison:busy"})

    page = visit("/rules")
    page.route("**/rules/check", busy)
    page.goto(page.url + "/files/rules.yaml")
    expect(page.locator("#said")).to_contain_text("Liaison is busy")
    ready(page)


def test_a_customers_text_is_offered_no_names_for_agents_alone(visit):
    page = ready(visit())
    offered = completions(page, 9, '\nmessages:\nrequester:\nopened: "{{ ', "next_update.text")
    assert "ticket.title" not in offered


def test_what_a_key_means_stands_beside_the_editor(visit):
    page = ready(visit())
    cursor(page, WHEN, LINES[WHEN - 1].index("when") + 2)
    expect(page.locator("#where")).to_contain_text("Conditions that must all hold.")


def test_the_keyboard_alone_is_enough(visit):
    page = ready(visit())
    page.get_by_role("textbox", name="Rules").focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Tab")
    assert text_of(page) != TEXT, "Tab indents"
    page.keyboard.press("Control+z")
    assert text_of(page) == TEXT
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    expect(page.get_by_text("press Escape, then Tab")).to_be_visible()


def test_nothing_is_lost_when_a_session_ends(visit, world):
    page = ready(visit())
    cursor(page, 2)
    page.keyboard.type(" # kept")
    expect(page.locator("#said")).to_contain_text("No errors")
    changed = text_of(page)
    page.context.clear_cookies()
    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    page.context.add_cookies(world.kept["admin"]["cookies"])
    page.goto(world.url + FILE)
    expect(page.locator("#kept")).to_contain_text("were kept in this browser")
    assert text_of(page) == changed
    assert violations(page, axe()) == []
    page.get_by_role("button", name="Throw them away").click()
    assert text_of(page) == TEXT
    page.reload()
    expect(page.locator("#kept")).to_be_hidden()


def test_a_draft_of_a_file_that_was_changed_since_is_offered_and_not_put_over_it(visit, world):
    page = visit("/sign-in")
    kept = {"text": f"# mine\n{TEXT}", "base": "another", "file": "rules.yaml"}
    page.evaluate(
        "(kept) => localStorage.setItem('liaison draft rules.yaml', JSON.stringify({...kept, at: Date.now()}))", kept
    )
    page.goto(world.url + FILE)
    expect(page.locator("#kept")).to_contain_text("changed since by somebody else")
    assert text_of(page) == TEXT
    page.get_by_role("button", name="Show my changes").click()
    assert text_of(page) == kept["text"]
    assert page.locator("input[name=base]").input_value() == "another"


def test_a_new_file_is_written_from_its_name_on(visit):
    page = visit("/rules/new")
    page.get_by_label("Name of the file").fill("more/stores.yaml")
    page.get_by_role("textbox", name="Rules").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("# more\n")
    expect(page.locator("#said")).to_contain_text("No errors")
    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("more/stores.yaml")


def test_what_would_have_been_said_is_shown_side_by_side(visit):
    page = ready(visit())
    sentence = "Card payments are not working at {{ location.name }}."
    for at in [number for number, line in enumerate(LINES, 1) if sentence in line]:
        cursor(page, at, LINES[at - 1].index("Card payments") + 1)
        page.keyboard.type("Sorry: ")
    page.get_by_role("button", name="Try the draft on them").click()
    found = page.locator("#backtest")
    expect(found.get_by_role("heading", name="What changes")).to_be_visible(timeout=PATIENT * 2)
    change = found.locator("details.change").filter(has_text="Sorry: ").first
    change.evaluate("one => { one.open = true }")
    expect(change.locator("article").first).to_contain_text("Sorry: Card payments")
    expect(found.get_by_role("table")).to_contain_text("messages")
    assert "INC0010002" not in found.inner_text(), "a held ticket stands in no report"
    assert violations(page, axe()) == []


def test_it_works_without_scripts(visit):
    page = visit(size="phone", java_script_enabled=False)
    area = page.get_by_label("Rules", exact=True)
    assert area.input_value() == TEXT
    area.fill(TEXT.replace("kind: incident", "kinx: incident", 1))
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#flaws")).to_contain_text("Did you mean kind?")
    page.get_by_label("Rules", exact=True).fill(TEXT)
    page.get_by_role("button", name="Run tests").click()
    expect(page.locator("#tests")).to_contain_text("All 4 tests pass.")
    page.locator("#tickets").get_by_role("button").first.click()
    expect(page.get_by_role("article", name="requester (public)")).to_be_visible()
    assert page.get_by_label("Rules", exact=True).input_value() == TEXT
    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("nothing to publish")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("frame", "light"), ("desktop", "dark")])
def test_with_everything_shown_nobody_is_shut_out(visit, size, scheme):
    page = ready(visit(size=size, scheme=scheme))
    cursor(page, WHEN, LINES[WHEN - 1].index("priority: P1") + 12)
    page.keyboard.type("9")
    expect(page.locator("#said")).to_contain_text("error")
    page.keyboard.press("Control+z")
    expect(page.locator("#said")).to_contain_text("No errors")
    page.locator("#tickets").get_by_role("button").first.click()
    expect(page.get_by_role("article", name="requester (public)")).to_be_visible()
    assert violations(page, axe()) == []
    wide = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]


def test_a_ticket_that_was_chosen_while_one_types_on_is_not_lost(visit):
    page = ready(visit())
    held = []

    def hold(route):
        """The first question waits for its answer."""
        if held:
            route.continue_()
        held.append(route)

    page.route("**/rules/preview", hold)
    page.locator("#tickets").get_by_role("button").first.click()
    expect(page.locator("#preview")).to_contain_text("Choose a ticket")
    at = line_of("Card payments are not working at {{ location.name }}.")
    cursor(page, at, LINES[at - 1].index("Card payments") + 1)
    page.keyboard.type("Sorry: ")
    held[0].continue_()
    words = page.get_by_role("article", name="requester (public)").locator("blockquote").first
    expect(words).to_contain_text("Sorry: Card payments are not working")
