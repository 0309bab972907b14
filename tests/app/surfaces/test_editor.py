"""The rule editor over a real rules folder and a real store, with its process beside."""

import time

import pytest

from app.drafts import hash_of
from app.surfaces.editor import StoredEditor
from core.decisions import Reason
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience
from tests.support.world import RULES, world
from ui.editor_views import NotNow, Typed

FILE = "rules.yaml"
TESTED = (
    RULES
    + """
tests:
  - name: The first word names the time
    at: 2026-11-20T10:00:00+01:00
    ticket: {key: INC1, kind: incident}
    moment: opened
    expect: {says: {requester.opened: [we look into]}}
"""
)
GATED = RULES + "gates:\n  - {id: secret, when: {category: payroll}, silence: all, because: It is secret.}\n"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with world(tmp_path_factory.mktemp("desk")) as one:
        yield one


@pytest.fixture(scope="module")
def editor(one):
    return StoredEditor(one.liaison)


@pytest.fixture(scope="module")
def ref(one):
    return a_ticket(one)


@pytest.fixture
def beside(one):
    """Writes another file into the rules folder, for one test."""
    files = []

    def write(name, content):
        files.append(one.liaison.settings.rules / name)
        files[-1].write_bytes(content)

    yield write
    for file in files:
        file.unlink()


def typed(text, file=FILE):
    return Typed(file, hash_of(RULES.encode()), text, "eva")


def a_ticket(one, **more):
    key = one.on_snow(who="caller", short_description="Till 3 is dark", caller_id="nora.klein", **more)
    one.pass_(minutes=3)
    return one.ref(key)


def said(previewed, audience=Audience.REQUESTER):
    return next(part for part in previewed.said if part.audience is audience)


def test_a_file_is_opened_as_it_stands_on_the_disk(editor):
    opened = editor.open(FILE)
    assert (opened.text, opened.base) == (RULES, hash_of(RULES.encode()))
    assert editor.open("other.yaml") is None


@pytest.mark.parametrize("name", ["../liaison.db", "/etc/passwd", "rules.txt"])
def test_nothing_outside_the_folder_is_opened(name, editor):
    with pytest.raises(LiaisonError):
        editor.open(name)


def test_what_is_not_text_is_not_edited_here(editor, beside):
    beside("old.yaml", b"a: \xff")
    assert "UTF-8" in editor.open("old.yaml").because


def test_a_mistake_is_named_where_it_stands_with_what_was_meant(editor):
    checked = editor.check(typed(RULES.replace("messages:", "mesages:")))
    assert checked.errors >= 1
    flaw = next(flaw for flaw in checked.flaws if "messages" in flaw.message)
    assert (flaw.line, flaw.column, flaw.file) == (7, 5, "")
    assert "Did you mean messages?" in flaw.message


def test_a_mistake_that_hurts_another_file_is_named_with_that_file(editor, beside):
    beside(
        "shop.yaml",
        b"version: 1\nrules:\n  - {id: shop, when: {service: '@tills'}, messages: {agents: {opened: Look.}}}\n",
    )
    lists = RULES.replace("rules:", "lists: {tills: [till-1, till-2]}\nrules:")
    assert editor.check(typed(lists)).errors == 0
    (flaw,) = [flaw for flaw in editor.check(typed(RULES)).flaws if flaw.error]
    assert (flaw.file, flaw.line) == ("shop.yaml", 3)


def test_completion_knows_the_names_of_the_draft_and_of_the_installation(editor):
    text = RULES.replace(
        "rules:", "lists: {tills: [till-1]}\ncalendars: {shop: {days: mon-sat, open: '08:00-20:00'}}\nrules:"
    )
    names = editor.check(typed(text + "services: [{id: tills, name: tills}]\n")).names
    assert names["lists"] == ("tills",)
    assert names["services"] == ("tills",)
    assert {"always", "shop"} <= set(names["calendars"])
    known = editor.completions()
    assert "rules" in known["schema"]["properties"]
    assert {"requester", "agents"} <= set(known["names"]["audiences"])
    assert any(word["name"] == "service.name" and word["says"] for word in known["words"])


def test_tests_in_the_file_pass_or_tell_the_difference(editor):
    (trial,) = editor.tests(typed(TESTED)).trials
    assert (trial.name, trial.failures, TESTED.splitlines()[trial.line - 1].strip()[:6]) == (
        "The first word names the time", (), "- name",
    )  # fmt: skip
    (trial,) = editor.tests(typed(TESTED.replace("We look into", "We see to"))).trials
    assert "does not say 'we look into'" in trial.failures[0]
    assert "+ We see to" in trial.failures[0]
    assert editor.tests(typed(TESTED.replace("version: 1", "version: 7"))).errors == 1


def test_a_ticket_is_tried_on_the_draft_and_compared_with_what_is_in_force(editor, ref):
    draft = typed(RULES.replace("We look into {{ service.name }}.", "Our team sees to {{ service.name }} now."))
    seen = editor.preview(draft, ref, "opened")
    words = said(seen)
    assert words.words.startswith("Our team sees to the service you reported now. We will write again by")
    assert words.before.startswith("We look into the service you reported.")
    assert (words.rule, words.grade > 0, words.most) == ("any", True, 8)
    assert "Have a look." in said(seen, Audience.AGENTS).words
    (line,) = seen.here
    assert (line.rule, line.matched, line.line) == ("any", True, 4)
    assert any(text.startswith("Impact work (medium): Work is slower.") for text in seen.around)
    assert any("every 30 minutes" in text for text in seen.around)
    assert said(editor.preview(typed(RULES), ref, "opened")).before is None


def test_a_moment_can_be_taken_as_happening(editor, ref):
    assert said(editor.preview(typed(RULES), ref, "resolved")).words == "Solved."
    assert said(editor.preview(typed(RULES), ref, "update_due")).words.startswith("Still on it.")
    assert editor.preview(typed(RULES), ref, "").moment is MomentKind.OPENED
    silent = said(editor.preview(typed(RULES.replace('"Solved."', "none")), ref, "resolved"))
    assert (silent.words, silent.reason) == ("", Reason.SILENCED)


def test_the_leak_guard_reads_a_preview_as_it_reads_what_is_sent(editor, ref):
    split = """opened: 'We look into {{ "10.0.0" }}{{ ".17" }}.'"""  # no part of it is an address
    first = RULES.index("opened: ")
    text = RULES[:first] + split + RULES[RULES.index("\n", first) :]
    seen = said(editor.preview(typed(text), ref, "opened"))
    assert "10.0.0.17" not in seen.words
    assert "would show a customer" in seen.problem


def test_an_error_in_the_draft_keeps_it_from_being_tried(one, editor):
    ref = a_ticket(one)
    seen = editor.preview(typed(RULES.replace("{kind: incident}", "{kind: incidnt}")), ref, "opened")
    assert (seen.errors, seen.said) == (1, ())


def test_held_tickets_are_neither_found_nor_shown(tmp_path):
    with world(tmp_path, GATED) as one:
        ref, editor = a_ticket(one, category="payroll"), StoredEditor(one.liaison)
        open_one = a_ticket(one)
        key = one.liaison.views.story(ref).ticket.key
        assert [found.ref for found in editor.tickets("")] == [open_one]
        assert editor.tickets(key) == ()
        seen = editor.preview(typed(RULES), ref, "opened")
        assert (seen.held_by, seen.key, seen.title, seen.said) == (("secret",), "", "", ())


def test_what_the_drafts_own_gates_hold_is_not_shown_either(one, editor):
    ref = a_ticket(one, category="payroll")
    seen = editor.preview(typed(GATED), ref, "opened")
    assert (seen.held_by, seen.by_draft, seen.title, seen.said) == (("secret",), True, "", ())


def test_tickets_are_found_by_key_and_by_words(one, editor, ref):
    other = one.ref(one.on_snow(who="caller", short_description="Printer has no paper", caller_id="nora.klein"))
    key = one.liaison.views.story(ref).ticket.key
    assert [found.ref for found in editor.tickets(key)] == [ref]
    assert {ref, other} <= {found.ref for found in editor.tickets(key[:5].lower())}
    assert ref in [found.ref for found in editor.tickets("dark till")]
    assert other not in [found.ref for found in editor.tickets("dark till")]
    assert editor.tickets("")[0].ref == other
    assert editor.tickets("100%_") == ()


def test_a_draft_disturbs_neither_the_rules_nor_the_store(one, editor, ref):
    book, before = one.liaison.rulebook, one.liaison.rulebook.current
    words = one.said(one.liaison.views.story(ref).ticket.key)
    draft = typed(RULES.replace("We look into", "We see to"))
    editor.check(draft), editor.tests(draft), editor.preview(draft, ref, "opened")
    book.reload()
    one.pass_(minutes=1)
    assert book.current is before
    assert (one.liaison.settings.rules / FILE).read_text() == RULES
    assert one.said(one.liaison.views.story(ref).ticket.key) == words


HOSTILE = {
    "deep": "[" * 150_000,
    "wide": "version: 1\nlists:\n  a: [" + "x," * 70_000 + "]\n",
    "many rules": "version: 1\nrules:\n" + "".join(
        f"  - {{id: r{n}, when: {{category: c}}, messages: {{agents: {{opened: Look.}}}}}}\n" for n in range(1_500)
    ),
    "pattern": 'version: 1\nrules:\n  - {id: a, when: {text: {matches: "' + "(a|b)*" * 20_000 + '"}}}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered(name, editor):
    """In words, and the next question is answered as ever."""
    assert editor.check(typed(HOSTILE[name])).flaws
    assert editor.check(typed(RULES)).errors == 0


def test_too_much_text_is_not_looked_at(editor):
    with pytest.raises(NotNow, match="200,000 are the most"):
        editor.check(typed("#" * 200_001))


def finished(editor, identity):
    for _ in range(600):
        found = editor.backtest(identity)
        if found.finished:
            return found
        time.sleep(0.05)
    raise AssertionError("the backtest does not end")


def test_a_backtest_shows_what_the_draft_would_have_changed(one, editor):
    a_ticket(one)
    found = finished(editor, editor.begin_backtest(typed(RULES.replace("We look into", "We see to")), 30))
    assert (found.problem, found.days, found.file) == ("", 30, FILE)
    (change,) = [change for change in found.changes if "requester" in change.title and "opened" in change.title]
    assert change.messages == change.tickets == found.tickets
    assert change.examples[0].before.startswith("We look into")
    assert change.examples[0].after.startswith("We see to")
    assert ("messages", *found.compared[0][1:]) == found.compared[0]


def test_held_tickets_stand_in_no_backtest(tmp_path):
    with world(tmp_path, GATED) as one:
        a_ticket(one, category="payroll")
        editor = StoredEditor(one.liaison)
        found = finished(editor, editor.begin_backtest(typed(RULES), 30))
        assert (found.held, found.events, found.changes) == (1, 0, ())


def test_a_backtest_with_errors_does_not_begin_and_a_stopped_one_ends(one, editor):
    a_ticket(one)
    with pytest.raises(NotNow, match="has errors"):
        editor.begin_backtest(typed("version: 7\n"), 30)
    identity = editor.begin_backtest(typed(RULES), 30)
    with pytest.raises(NotNow, match="another backtest"):
        editor.begin_backtest(typed(RULES), 30)
    editor.stop_backtest(identity)
    found = finished(editor, identity)
    assert found.problem == "It was stopped."
    assert finished(editor, editor.begin_backtest(typed(RULES), 30)).problem == "", "the next one may begin at once"
    assert editor.backtest("forgotten") is None
