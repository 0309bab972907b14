"""Long conversations, word for word: would you stay subscribed?"""

import re
from pathlib import Path

import pytest

from app import demo
from app.settings import Listen
from app.story import BERLIN
from tests.golden.long_stories import CHILDREN, STORIES, play

HERE = Path(__file__).parent
LINE = re.compile(r"(\(\w+\.yaml):\d+\)")


def told(stage, name, key):
    """What stands in the ticket at the end."""
    found = next(c for c in stage.snow.conversations() if c.key == key)
    lines = [f"=== {name} ===\n"]
    for entry in found.entries:
        at = entry.at.astimezone(BERLIN)
        lines.append(f"[{at:%a %H:%M}] {entry.author}{', internal' if entry.internal else ''}\n{entry.text.strip()}\n")
    return LINE.sub(r"\1)", "\n".join(lines))  # which line of the rules does not matter to a reader


def heard(stage, key):
    """How many words of Liaison a requester got."""
    found = next(c for c in stage.snow.conversations() if c.key == key)
    return sum(1 for entry in found.entries if entry.marker and not entry.internal)


@pytest.mark.parametrize("name", STORIES)
def test_a_long_conversation_reads_as_agreed(name, request):
    steps, read, end = STORIES[name]
    with demo.stage(steps[0].at, Listen(port=0)) as stage:
        keys = play(stage, steps, end)
        said = "\n".join(told(stage, one, keys[one]) for one in read)
        children = {heard(stage, key) for one, key in keys.items() if one.startswith("store")}
    golden = HERE / f"{name}.txt"
    if request.config.getoption("--accept"):
        golden.write_text(said)
    assert said == golden.read_text()
    if children:
        assert len(keys) == CHILDREN + 1
        assert max(children) <= 3  # a handful of words for each, however long it takes
