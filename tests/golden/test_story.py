"""The story's comments, word for word: read the golden files aloud when they change."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from app import demo, story
from app.settings import Listen

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def played():
    """The whole story, at full speed, through real servers."""
    with demo.stage(story.START, Listen(port=0)) as stage:
        printed = io.StringIO()
        keys = demo.play(stage, Console(file=printed, width=120), pause=0)
        problems = demo.missing_or_doubled(stage, keys)
        conversations = {name: _conversation(stage, key) for name, key in keys.items()}
    return printed.getvalue(), problems, conversations


def _conversation(stage, key):
    found = next(c for site in (stage.snow, stage.jira) for c in site.conversations() if c.key == key)
    lines = []
    for entry in found.entries:
        at = entry.at.astimezone(story.BERLIN)
        lines.append(f"[{at:%a %H:%M}] {entry.author}{', internal' if entry.internal else ''}\n{entry.text.strip()}\n")
    return "\n".join(lines)


@pytest.mark.parametrize("name", sorted(story.EXPECTED))
def test_each_conversation_reads_as_agreed(played, name, request):
    """What stands in the ticket afterwards is what somebody read and approved."""
    golden = HERE / f"{name.replace(' ', '_')}.txt"
    said = played[2][name]
    if request.config.getoption("--accept"):
        golden.write_text(said)
    assert said == golden.read_text()


def test_no_comment_is_missing_or_doubled(played):
    assert played[1] == []


def test_a_comment_that_was_removed_is_reported_missing():
    """The check of the demo can fail: take a comment away and it says so."""
    with demo.stage(story.START, Listen(port=0)) as stage:
        keys = demo.play(stage, Console(file=io.StringIO()), pause=0)
        journal = next(iter(stage.snow.tables.journal.values()))
        note = next(row for row in journal if row["element"] == "comments" and row.get("note_id"))
        journal.remove(note)
        assert any("missing" in problem for problem in demo.missing_or_doubled(stage, keys))
        journal.extend([note, note])
        assert any("2 times" in problem for problem in demo.missing_or_doubled(stage, keys))


def test_the_terminal_tells_each_comment_and_why(played):
    assert "because of rule card-payments-down, moment raised" in played[0]
    assert "stays silent. The ticket is confidential. (gate confidential)" in played[0]


def test_nothing_technical_reaches_a_requester(played):
    """Agents' notes carry host names in this story; no public entry may."""
    for conversation in played[2].values():
        public = [e for e in conversation.split("\n[") if ", internal" not in e.partition("\n")[0]]
        for word in ("pos-gw", "10.4.7.12", "wiki.acme", "INC00", "P1", "incident", "rule", "Upgrade shop platform"):
            assert not any(word in entry for entry in public)
