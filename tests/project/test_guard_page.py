"""docs/guard.md is tried line by line: what it says is stopped is stopped, what it says passes passes."""

import re
from pathlib import Path

import pytest

from rules.guard import leaks
from rules.tells import TELLS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "guard.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`\n]+)`")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
KINDS = {row[0]: row for row in ROWS if len(row) == 3 and row[0] != "what it is"}
DISGUISES = {row[0]: row for row in ROWS if len(row) == 2 and row[0] != "disguise"}


def test_every_kind_of_leak_has_its_line():
    assert set(KINDS) == {tell.kind for tell in TELLS}
    assert len(DISGUISES) >= 8


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, row in KINDS.items() for text in CODE.findall(row[1])]
)
def test_what_is_said_to_be_stopped_is_stopped(kind, text):
    assert kind in {leak.kind for leak in leaks(f"See {text} now.")}


@pytest.mark.parametrize("text", [text for row in KINDS.values() for text in CODE.findall(row[2])])
def test_what_is_said_to_pass_passes(text):
    assert leaks(f"See {text} now.") == ()


@pytest.mark.parametrize("text", [text for row in DISGUISES.values() for text in CODE.findall(row[1])])
def test_a_disguise_hides_nothing(text):
    assert leaks(f"See {text} now.")


def test_every_kind_shows_what_it_stops_and_what_it_lets_through():
    assert [kind for kind, row in KINDS.items() if not CODE.findall(row[1]) or not CODE.findall(row[2])] == []
