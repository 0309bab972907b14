"""The ledger tells a checker what was committed: nothing lost, nothing twice."""

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connector.jira.sandbox import JiraStandIn
from connector.sandbox import Line, doubled
from connector.servicenow.sandbox import ServiceNowStandIn
from core.notes import Audience, Letter, Paragraph, Part
from tests.contract.harness import MARKER, clock, letter

OTHER = "11111111-1111-5111-8111-111111111111"


def test_every_committed_comment_is_told_in_order(harness):
    ref = harness.create(title="Till 7")
    key = next(iter(harness.standin.conversations())).key
    said = (
        {"comment": {"text": "I wait."}}
        if "Jira" in type(harness.standin).__name__
        else {"fields": {"comments": "I wait."}}
    )
    harness.connector.write(letter(ref, "Inside."))
    harness.standin.change(key, {"as": "carla", **said})
    harness.connector.write(letter(ref, "Outside.", audience=Audience.REQUESTER, marker=OTHER))
    lines = harness.standin.lines
    assert [line.seq for line in lines] == [1, 2, 3]
    assert [line.save for line in lines] == [1, 2, 3]
    assert [(line.note_id, line.internal, line.text) for line in lines] == [
        (MARKER, True, "Inside."),
        ("", False, "I wait."),
        (OTHER, False, "Outside."),
    ]
    assert {line.ticket for line in lines} == {ref.id}
    assert {line.what for line in lines} == {"written"}
    assert {line.at for line in lines} == {harness.clock.now()}
    assert [line.author for line in lines] == ["liaison", "carla", "liaison"]


def test_one_request_with_two_parts_is_one_save(snow):
    ref = snow.create(title="Till 7")
    parts = tuple(
        Part(audience, (Paragraph(f"For {audience}."),)) for audience in (Audience.AGENTS, Audience.REQUESTER)
    )
    snow.connector.write(Letter(ref, MARKER, parts))
    assert [(line.seq, line.save) for line in snow.standin.lines] == [(1, 1), (2, 1)]
    assert {line.internal: line.text for line in snow.standin.lines} == {True: "For agents.", False: "For requester."}
    assert doubled(snow.standin.lines) == {}


def test_it_is_read_over_http_from_where_one_stopped(harness):
    ref = harness.create(title="Till 7")
    for n in range(3):
        harness.connector.write(letter(ref, f"Number {n}.", marker=f"{n}1111111-1111-5111-8111-111111111111"))
    with requests.Session() as session:
        session.trust_env = False
        told = session.get(f"{harness.standin.url}/sandbox/ledger?since=1", timeout=5).json()
    assert told["last"] == 3
    assert [(one["seq"], one["text"]) for one in told["lines"]] == [(2, "Number 1."), (3, "Number 2.")]


@pytest.mark.parametrize("platform", [JiraStandIn, ServiceNowStandIn])
def test_it_goes_on_counting_after_a_restart(tmp_path, platform):
    def run(*texts):
        standin = platform(ledger=tmp_path / "ledger", clock=clock())
        standin.start()
        key = next((c.key for c in standin.conversations()), "")
        if not key:
            made = standin.change("", {"fields": {"summary": "Till 7"}})
            key = made.get("key") or made["number"]
        for text in texts:
            said = {"comment": {"text": text}} if platform is JiraStandIn else {"fields": {"comments": text}}
            standin.change(key, said)
        standin.stop()
        return standin.lines

    before = run("One.", "Two.")
    after = run("Three.")
    assert after[:2] == before
    assert [(line.seq, line.save, line.text) for line in after] == [(1, 1, "One."), (2, 2, "Two."), (3, 3, "Three.")]


def test_edits_and_removals_are_told(jira):
    ref = jira.create(title="Till 7")
    written = jira.connector.write(letter(ref, "One."))
    jira.connector.write(Letter(ref, MARKER, (Part(Audience.AGENTS, (Paragraph("Two."),)),), edits=written.comment_id))
    jira.standin.change("OPS-1", {"as": "anna", "uncomment": written.comment_id})
    assert [(line.what, line.comment, line.note_id, line.text) for line in jira.standin.lines] == [
        ("written", written.comment_id, MARKER, "One."),
        ("edited", written.comment_id, MARKER, "Two."),
        ("deleted", written.comment_id, MARKER, "Two."),
    ]
    assert doubled(jira.standin.lines, ever=True) == {}


def test_a_double_that_was_taken_away_is_no_double_in_the_end(jira):
    ref = jira.create(title="Till 7")
    first, second = (jira.connector.write(letter(ref, "One.")) for _ in range(2))
    assert set(doubled(jira.standin.lines)) == {MARKER}
    jira.standin.change("OPS-1", {"as": "anna", "uncomment": second.comment_id})
    assert doubled(jira.standin.lines) == {}
    assert [line.comment for line in doubled(jira.standin.lines, ever=True)[MARKER]] == [
        first.comment_id,
        second.comment_id,
    ]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", ""]), st.booleans()), max_size=12))
def test_doubled_is_what_stands_more_than_once(writes):
    lines, at = [], clock().now()
    for n, (note, gone) in enumerate(writes, 1):
        shared = (at, "1", "written", f"c{n}", note, True, "liaison", "x")
        lines.append(Line(len(lines) + 1, n, *shared))
        if gone:
            lines.append(Line(len(lines) + 1, n, at, "1", "deleted", *shared[3:]))
    ever = {note for note, _ in writes if note and [n for n, _ in writes].count(note) > 1}
    left = [note for note, gone in writes if note and not gone]
    assert set(doubled(lines, ever=True)) == ever
    assert set(doubled(lines)) == {note for note in left if left.count(note) > 1}
