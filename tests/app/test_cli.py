"""The command line: what people and scripts read, and what the exit code says."""

import json
import re
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from rich.console import Console

from app import cli_common, cli_dead, cli_link, cli_rules, cli_tickets, tables
from app.cli import main
from core.sightings import Delivery
from core.tickets import Person
from tests.support.scripted import RULES, bench, incident

INSTALLATION = """
store: sqlite:///liaison.db
rules: ./rules.yaml
sites:
  - {name: acme, platform: jira, url: "https://acme.atlassian.net", webhook: {secrets: [env:HOOK]}, auth: {user: a, token: env:TOKEN}}
"""
DRAFTS = RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}")
GATE = (
    RULES + "gates:\n  - {id: secret, when: {category: security}, silence: all, sticky: true, because: It is secret.}\n"
)
TESTED = (
    RULES
    + """
tests:
  - {name: a good one, at: "2026-11-20T10:00:00+01:00", ticket: {kind: incident, key: OPS-1}, moment: opened, expect: {winner: {requester.opened: any}}}
"""
)


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    """What is printed goes where CliRunner listens, in lines that do not wrap."""
    for module in (cli_common, cli_dead, cli_link, cli_rules, cli_tickets):
        monkeypatch.setattr(module, "console", Spoken())
    monkeypatch.setenv("HOOK", "hook-secret")
    monkeypatch.setenv("TOKEN", "token-secret")


class Spoken(Console):
    def __init__(self):
        super().__init__(highlight=False, width=300, color_system=None)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)

    def invoke(*arguments):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def installed(tmp_path):
    """An installation in which something happened; gives a function to make it happen."""

    def install(rules=RULES, *tickets):
        (tmp_path / "liaison.yaml").write_text(INSTALLATION)
        with bench(tmp_path, rules=rules) as desk:
            for ticket in tickets:
                desk.happen(ticket)

    return install


@pytest.fixture
def after(tmp_path):
    """The state of every note now."""

    def look():
        with bench(tmp_path) as desk:
            return desk.notes(), desk.rows(tables.wakeups)

    return look


# --- looking at a ticket ---------------------------------------------------------------------------------------------


def test_a_ticket_shows_what_was_said_and_promised(run, installed):
    installed(RULES, incident())
    result = run("ticket", "OPS-1")
    assert result.exit_code == 0
    for words in ("OPS-1", "Till 3 is down", "We look into it. We will write again by 09:30 today.", "20 Nov 09:30"):
        assert words in result.output


def test_a_ticket_as_json_is_whole(run, installed):
    installed(RULES, incident())
    plain = json.loads(run("ticket", "OPS-1", "--json").stdout)
    assert plain["ticket"]["key"] == "OPS-1"
    assert {n["audience"] for n in plain["notes"]} == {"requester", "agents"}
    assert plain["promises"][0]["state"] == "open"


def test_a_ticket_says_why_it_stayed_silent(run, installed):
    installed(RULES, incident(opened_at=None))
    result = run("ticket", "OPS-1")
    assert "adopted" in result.output
    assert "Nothing was said yet." in result.output


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_held_ticket_shows_its_gate_and_nothing_else(run, installed, form):
    installed(GATE, incident(category="security", title="Payroll leak"))
    result = run("ticket", "OPS-1", *form)
    assert "secret" in result.output
    assert "Payroll leak" not in result.output


def test_an_unknown_ticket_is_said_in_words(run, installed):
    installed(RULES, incident())
    result = run("ticket", "OPS-9")
    assert result.exit_code == 2
    assert "Liaison has never heard of OPS-9." in result.output


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_never_shown(run, installed, form):
    installed(RULES, incident())
    assert "-secret" not in run("ticket", "OPS-1", *form).output


# --- deciding ----------------------------------------------------------------------------------------------------------


def note_id(run, audience="requester"):
    notes = json.loads(run("ticket", "OPS-1", "--json").stdout)["notes"]
    return next(n["id"] for n in notes if n["audience"] == audience)


def test_a_draft_is_approved_and_its_ticket_woken(run, installed, after):
    installed(DRAFTS, incident())
    result = run("note", "approve", note_id(run)[:8], "--as", "Eva")
    assert (result.exit_code, "Done: approve" in result.output) == (0, True)
    notes, wakeups = after()
    assert notes["requester", "opened"] == "planned"
    assert [w.ticket_id for w in wakeups] == ["1"]


def test_a_draft_is_dropped(run, installed, after):
    installed(DRAFTS, incident())
    assert run("note", "drop", note_id(run), "--as", "Eva").exit_code == 0
    assert after()[0]["requester", "opened"] == "withdrawn"


def test_a_decision_that_cannot_be_is_said_in_words(run, installed):
    installed(RULES, incident())
    result = run("note", "retry", note_id(run), "--as", "Eva")
    assert result.exit_code == 2
    assert "this note is written, so there is nothing to retry." in result.output


def test_a_decision_needs_a_name(run, installed):
    installed(DRAFTS, incident())
    result = run("note", "approve", note_id(run))
    assert result.exit_code == 2
    assert "--as" in result.output


def test_a_gate_is_lifted(run, installed):
    installed(GATE, incident(category="security"))
    result = run("lift", "OPS-1", "secret", "--because", "wrong category", "--as", "Eva")
    assert (result.exit_code, "Gate secret is lifted" in result.output) == (0, True)
    assert run("lift", "OPS-1", "secret", "--because", "again", "--as", "Eva").exit_code == 2


def test_an_alarm_is_ended_once(run, installed, tmp_path):
    installed(RULES)
    with bench(tmp_path) as desk:
        desk.pauses.alarm("acme", "An internal note came out public.")
    assert run("unalarm", "acme", "--as", "Eva").exit_code == 0
    again = run("unalarm", "acme", "--as", "Eva")
    assert (again.exit_code, "there is no alarm for this site" in again.output) == (2, True)


# --- the store -----------------------------------------------------------------------------------------------------------


def test_the_store_is_made_and_upgraded_again(run, tmp_path):
    (tmp_path / "liaison.yaml").write_text(INSTALLATION)
    for _ in range(2):
        result = run("db", "upgrade")
        assert (result.exit_code, "is up to date" in result.output) == (0, True)
    assert (tmp_path / "liaison.db").exists()


def test_the_store_is_upgraded_without_any_secret(run, tmp_path, monkeypatch):
    monkeypatch.delenv("TOKEN")
    (tmp_path / "liaison.yaml").write_text(INSTALLATION)
    assert run("db", "upgrade").exit_code == 0


def test_without_a_store_a_ticket_says_what_to_do(run, tmp_path):
    (tmp_path / "liaison.yaml").write_text(INSTALLATION)
    result = run("ticket", "OPS-1")
    assert result.exit_code == 2
    assert "there is no store yet. Start `liaison serve` first." in result.output
    assert not (tmp_path / "liaison.db").exists()


def test_a_store_that_cannot_be_opened_is_said_in_words(run, tmp_path):
    (tmp_path / "liaison.yaml").write_text(INSTALLATION.replace("liaison.db", "missing/liaison.db"))
    result = run("db", "upgrade")
    assert result.exit_code == 2
    assert "the store cannot be opened" in result.output


# --- settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "liaison.yaml"),
        ("store: [", "liaison.yaml:1"),
        (INSTALLATION + "\nstroe: x\n", "stroe"),
        (INSTALLATION.replace("platform: jira", "platform: jra"), "jra"),
    ],
)
@pytest.mark.parametrize("command", [("ticket", "OPS-1"), ("serve",), ("db", "upgrade")])
def test_settings_that_cannot_be_used_are_said_in_words(run, tmp_path, text, said, command):
    if text is not None:
        (tmp_path / "liaison.yaml").write_text(text)
    result = run(*command)
    assert result.exit_code == 2
    assert said in result.output


def test_a_secret_that_is_not_there_stops_the_server_and_is_named(run, tmp_path):
    (tmp_path / "liaison.yaml").write_text(INSTALLATION.replace("env:TOKEN", "env:NOT_THERE"))
    result = run("serve")
    assert (result.exit_code, "NOT_THERE" in result.output) == (2, True)


# --- the stand-ins -------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_said_in_words(run):
    """Before any stand-in begins to listen; werkzeug would end the process with another exit code."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("sandbox", "servicenow", "--servicenow-port", port)
    assert result.exit_code == 2
    assert (
        f"cannot listen at 127.0.0.1:{port}: Address already in use. Choose another --servicenow-port." in result.output
    )


@pytest.mark.parametrize("command", [("sandbox", "--jira-port"), ("demo", "--port")])
def test_a_port_that_is_none_is_refused(run, command):
    result = run(*command, "70000")
    assert (result.exit_code, "70000 is not in the range" in result.output) == (2, True)


# --- rules ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules_file(tmp_path):
    def write(text):
        (tmp_path / "mine.yaml").write_text(text)
        return "mine.yaml"

    return write


def test_good_rules_check_out(run, rules_file):
    result = run("rules", "check", rules_file(RULES))
    assert (result.exit_code, "0 errors" in result.output) == (0, True)


def test_bad_rules_are_named_by_place_and_exit_with_one(run, rules_file):
    result = run("rules", "check", rules_file(RULES.replace("when:", "wen:")))
    assert result.exit_code == 1
    assert "mine.yaml:6:5" in result.output
    assert "when" in result.output


def test_problems_as_json(run, rules_file):
    result = run("rules", "check", rules_file(RULES.replace("when:", "wen:")), "--format", "json")
    assert result.exit_code == 1
    (problem, *_) = json.loads(result.stdout)
    assert (problem["path"], problem["line"], problem["severity"]) == ("mine.yaml", 6, "error")


def test_the_shipped_rules_alone_check_out(run):
    assert run("rules", "check").exit_code == 0


@pytest.mark.parametrize("command", ["check", "test"])
def test_rules_that_are_not_there_are_said_in_words(run, command):
    result = run("rules", command, "nowhere.yaml")
    assert result.exit_code == 2
    assert "nowhere.yaml: there is no such file or folder." in result.output


def test_passing_tests(run, rules_file):
    result = run("rules", "test", rules_file(TESTED))
    assert result.exit_code == 0
    assert "passed a good one" in result.output


def test_a_failing_test_shows_what_differs_and_exits_with_one(run, rules_file):
    result = run("rules", "test", rules_file(TESTED.replace("requester.opened: any", "requester.opened: incident")))
    assert result.exit_code == 1
    assert "failed a good one" in result.output


def test_tests_as_json(run, rules_file):
    result = run("rules", "test", rules_file(TESTED), "--json")
    assert [(t["name"], t["passed"]) for t in json.loads(result.stdout) if t["where"].startswith("mine")] == [
        ("a good one", True)
    ]


def test_testing_broken_rules_says_what_is_wrong(run, rules_file):
    result = run("rules", "test", rules_file("rules: ["))
    assert result.exit_code == 2
    assert "mine.yaml:" in result.output


@pytest.fixture
def ticket_file(tmp_path):
    (tmp_path / "ticket.json").write_text('{"key": "OPS-1", "kind": "incident", "priority": "P1"}')
    return "ticket.json"


def test_explaining_names_the_winner_of_each_slot(run, rules_file, ticket_file):
    result = run("rules", "explain", ticket_file, "--rules", rules_file(RULES))
    assert result.exit_code == 0
    assert "rule any speaks" in result.output


def test_explaining_as_json(run, rules_file, ticket_file):
    told = json.loads(run("rules", "explain", ticket_file, "--rules", rules_file(RULES), "--json").stdout)
    assert {s["slot"]: s["winner"] for s in told["slots"]}["requester.opened"] == "any"


def test_explaining_a_known_ticket(run, installed):
    installed(RULES, incident())
    result = run("rules", "explain", "--ticket", "OPS-1", "--moment", "raised")
    assert (result.exit_code, "rule any speaks" in result.output) == (0, True)


def test_a_held_ticket_is_not_explained(run, installed):
    installed(GATE, incident(category="security", title="Payroll leak"))
    result = run("rules", "explain", "--ticket", "OPS-1")
    assert result.exit_code == 2
    assert "Payroll leak" not in result.output


def test_a_ticket_that_a_new_gate_would_hold_is_not_explained(run, installed, tmp_path):
    """Nobody has looked at it since the gate is there; other rules that lack the gate do not open it either."""
    installed(RULES, incident(category="security", title="Payroll leak"))
    (tmp_path / "other.yaml").write_text(RULES)
    (tmp_path / "rules.yaml").write_text(GATE)
    for more in ((), ("--rules", "other.yaml"), ("--json",)):
        result = run("rules", "explain", "--ticket", "OPS-1", *more)
        assert result.exit_code == 2
        assert "secret: nothing is shown about it" in result.output
        assert "Payroll leak" not in result.output


FAR = """
version: 1
rules:
  - {id: cards, when: {kind: incident, priority: P1, service: cards}, messages: {requester: {opened: We know.}}}
  - {id: near, when: {kind: incident, priority: P2, category: cards}, messages: {requester: {opened: We know.}}}
  - {id: close, when: {kind: incident, priority: P2}, messages: {requester: {opened: We know.}}}
  - {id: far, when: {kind: change, category: shop, group: x}, messages: {requester: {opened: We know.}}}
  - {id: any, layer: default, when: {kind: incident, priority: P1}, messages: {requester: {opened: We look.}}}
budget: {requester: 3 per 1d}
"""


def test_an_explanation_begins_with_winners_and_folds_what_is_far_away(run, rules_file, ticket_file):
    said = run("rules", "explain", ticket_file, "--rules", rules_file(FAR)).output
    assert "any wins over incident" in said
    assert (
        said.index("rule any speaks") < said.index("Nearly matched:") < said.index("priority is P1, the rule wants P2")
    )
    assert "far:" not in said
    assert "near:" not in said, "two conditions failed and one held"
    assert "The requester may read 3 messages in 24 hours; it does not count here: nobody knows who asked." in said
    assert "--all shows why" in said


def test_everything_is_shown_on_request(run, rules_file, ticket_file):
    said = run("rules", "explain", ticket_file, "--rules", rules_file(FAR), "--all").output
    assert "Rules considered" in said
    assert "far" in said
    assert "gate confidential does not fire" in said


@pytest.mark.parametrize(
    "text", ["{", "[]", '"x"', '{"kind": "incident", "prioritty": "P1"}', '{"opened_at": "soon"}', "{}"]
)
def test_a_ticket_that_cannot_be_read_is_said_in_words(run, tmp_path, text):
    (tmp_path / "ticket.json").write_text(text)
    result = run("rules", "explain", "ticket.json")
    assert result.exit_code in (0, 2) if text == "{}" else result.exit_code == 2


@pytest.mark.parametrize("arguments", [(), ("ticket.json", "--ticket", "OPS-1")])
@pytest.mark.usefixtures("ticket_file")
def test_explaining_wants_exactly_one_ticket(run, arguments):
    assert run("rules", "explain", *arguments).exit_code == 2


# --- dead letters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_dead(tmp_path):
    """The id of a delivery that was set aside."""
    (tmp_path / "liaison.yaml").write_text(INSTALLATION)
    with bench(tmp_path) as desk:
        desk.inbox.accept(Delivery("acme", "k", "1", b'{"words": "of a body"}', desk.clock.now()))
        desk.pass_(minutes=2)
        (row,) = desk.rows(tables.deliveries)
        assert row.state == "dead"
        return row.id


def test_the_dead_are_listed_with_their_reason(run, one_dead):
    assert "KeyError: 'id'" in run("dead", "list").output
    (plain,) = json.loads(run("dead", "list", "--json").stdout)
    assert (plain["id"], plain["tries"], plain["ref"]) == (one_dead, 3, {"site": "acme", "id": "1"})


def test_one_of_the_dead_is_shown_with_its_body(run, one_dead):
    assert "of a body" in run("dead", "show", one_dead).output
    assert "of a body" in json.loads(run("dead", "show", one_dead, "--json").stdout)["body"]


def test_the_dead_are_replayed_and_dropped_once(run, one_dead, after):
    assert run("dead", "replay", one_dead, "--as", "Eva").exit_code == 0
    assert [w.ticket_id for w in after()[1]] == ["1"]
    again = run("dead", "drop", one_dead, "--as", "Eva")
    assert (again.exit_code, "no dead delivery has the id" in again.output) == (2, True)


def test_with_none_dead_it_says_so(run, installed):
    installed(RULES, incident())
    assert "Every delivery was handled." in run("dead", "list").output


# --- links for requesters ------------------------------------------------------------------------------------------------


def test_a_link_is_printed_once_and_ended_by_name(run, installed, tmp_path):
    installed(RULES, incident())
    key = incident().key
    printed = run("link", "new", key, "--days", "3").stdout.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/t/[\w-]{43}", printed)
    assert "1 link to" in run("link", "revoke", key, "--as", "Eva").output
    assert "0 links to" in run("link", "revoke", key, "--as", "Eva").output
    with bench(tmp_path) as desk:
        (row,) = desk.rows(tables.links)
        assert {(line.who, line.what) for line in desk.rows(tables.audit)} >= {("Eva", "link revoke")}
    assert row.revoked_at
    assert printed.rpartition("/")[2] not in str(row)


def test_a_held_ticket_gets_no_link(run, installed):
    installed(GATE, incident(category="security"))
    answer = run("link", "new", incident().key)
    assert (answer.exit_code, "A link would show nothing." in answer.output) == (2, True)


# --- what is kept --------------------------------------------------------------------------------------------------------


def test_pruning_says_what_went(run, installed):
    installed(RULES, incident())
    assert "Taken away: " in run("db", "prune").output
    assert json.loads(run("db", "prune", "--json").stdout)["promises"] == 0


def test_erasing_says_what_went_and_audits_it(run, installed, tmp_path):
    installed(RULES, incident(requester=Person("u-4711", "Marta Muster")))
    plain = json.loads(run("db", "erase", "--requester", "u-4711", "--as", "Eva", "--json").stdout)
    assert (plain["tickets"], plain["notes"]) == (1, 2)
    with bench(tmp_path) as desk:
        (row,) = desk.rows(tables.audit)
    assert (row.who, row.what, "Marta" in row.detail or "u-4711" in row.detail) == ("Eva", "erase", False)


@pytest.mark.parametrize(
    "words", [["rules", "check", "rules.yaml"], ["rules", "test", "rules.yaml"], ["rules", "schema"]]
)
def test_who_works_on_rules_waits_for_no_web_server_no_database_and_no_platform(tmp_path, words):
    """Reading those takes three times as long as checking a file does."""
    (tmp_path / "rules.yaml").write_text(RULES)
    script = (
        "import sys; from app.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('read:', *sorted({'alembic', 'flask', 'jira', 'pysnow', 'sqlalchemy', 'waitress'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "read:", done.stdout
