"""A ticket that becomes confidential after something was said: nothing more leaves, and no output tells of it."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from app import families, tables
from app.cli import main
from app.reporting import By, report
from tests.support.world import RULES, world

GATED = (
    RULES
    + """
gates:
  - {id: private, when: {category: security}, silence: all, sticky: true, because: It is private.}
families:
  - {when: {parent.major: true}, follow: parent, speak: [joined, resolved, reopened]}
services:
  - {id: cards, name: card payments, aliases: {servicenow: [Card Gateway]}}
"""
)
SECRET = "Payroll of the board"
EVERYWHERE = {"Host": "localhost"}


@pytest.fixture
def plain(tmp_path):
    with world(tmp_path, GATED) as one:
        yield one


def turned(plain):
    """Opened and answered, with a promise; then it is found to be confidential."""
    key = plain.on_snow(short_description=SECRET, caller_id="eva", priority="1", business_service="Card Gateway")
    plain.pass_(minutes=5)
    assert len(plain.said(key)) == 1
    plain.on_snow(key, category="security")
    return key


def test_nothing_more_leaves_and_the_promise_is_withdrawn(plain):
    key = turned(plain)
    before = len(plain.entries(key))
    plain.pass_(hours=3)
    plain.on_snow(key, priority="2", state="6", close_code="Solved (Permanently)")
    plain.pass_(hours=3)
    assert len([e for e in plain.entries(key) if e.author == "Liaison"]) == before
    assert [p.state for p in plain.rows(tables.promises, key)] == ["withdrawn"]


def test_a_command_in_it_is_not_answered(plain):
    key = turned(plain)
    before = [e.text for e in plain.entries(key) if e.author == "Liaison"]
    for order in ("/liaison why", "/liaison say All is well.", "/liaison next 2h"):
        plain.on_snow(key, work_notes=order)
        plain.pass_(minutes=1)
    assert [e.text for e in plain.entries(key) if e.author == "Liaison"] == before


def test_no_page_tells_of_it(plain):
    key = turned(plain)
    pages = plain.liaison.web().test_client()
    for path in ("/", f"/tickets/servicenow/{key}", "/metrics"):
        shown = pages.get(path, headers=EVERYWHERE).text
        assert SECRET not in shown
        assert "We look into" not in shown
        assert "by 09:35" not in shown


def test_metrics_count_it_nowhere(plain):
    turned(plain)
    shown = plain.liaison.web().test_client().get("/metrics", headers=EVERYWHERE).text
    assert 'service="cards"' not in shown


def test_a_child_reads_nothing_of_a_parent_that_became_confidential(plain):
    """Its next update tells how its own work stands, not the parent's."""
    parent = plain.on_snow(
        short_description=SECRET, caller_id="eva", priority="1", state="2", major_incident_state="accepted"
    )
    plain.pass_(minutes=5)
    child = plain.on_snow(short_description="x", caller_id="mara", priority="2", parent_incident=parent)
    plain.pass_(minutes=5)
    ticket = plain.liaison.views.story(plain.ref(child)).ticket
    with plain.liaison.store.look() as look:
        assert families.kin(look, ticket).ticket.key == parent
    plain.on_snow(parent, category="security")
    with plain.liaison.store.look() as look:
        assert families.kin(look, ticket) is None
    plain.on_snow(child, priority="3")
    assert plain.liaison.views.story(plain.ref(child)).ticket.parent is None


@pytest.fixture
def command(plain, tmp_path, monkeypatch):
    """What a command says of the same store."""
    (tmp_path / "liaison.yaml").write_text(
        f"store: sqlite:///{tmp_path}/liaison.db\nrules: ./rules\nsites:\n"
        "  - {name: servicenow, platform: servicenow, url: 'https://acme.service-now.com', note_id_column: u_note,\n"
        "     webhook: {secrets: [env:HOOK]}, auth: {user: a, token: env:TOKEN}}\n"
    )
    monkeypatch.chdir(tmp_path)

    def said(*arguments):
        plain.liaison.store.checkpoint()
        return CliRunner().invoke(main, arguments)

    return said


@pytest.mark.parametrize("arguments", [("ticket",), ("ticket", "--json"), ("rules", "explain", "--ticket")])
def test_no_command_tells_of_it(plain, command, arguments):
    key = turned(plain)
    options = (key, *arguments[1:]) if arguments[0] == "ticket" else (*arguments[1:], key)
    said = command(arguments[0], *options)
    assert "private" in said.output
    assert SECRET not in said.output
    assert "We look into" not in said.output


def test_a_backtest_of_rules_without_the_gate_plays_the_others_alone(plain, command, tmp_path):
    """Who tries rules is not who may lift a gate."""
    key = turned(plain)
    plain.on_snow(short_description="Slow", caller_id="mara", priority="2")
    (tmp_path / "open.yaml").write_text(RULES)
    pages = ("--html", str(tmp_path / "report.html"))
    said = command("rules", "backtest", "--rules", "open.yaml", "--against", "open.yaml", "--workers", "1", *pages)
    assert re.search(r"2 tickets, \d+ messages, 1 ticket held by a gate", said.output)
    assert key not in said.output + (tmp_path / "report.html").read_text()


def test_no_report_counts_it(plain):
    turned(plain)
    now = plain.clock.now()
    told = report(plain.liaison.store, now - timedelta(days=1), now, By.SERVICE)
    assert (told.lines, told.comments.comments) == ((), 0)
