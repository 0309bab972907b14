"""One bad file per mistake, each with the exact text a person reads."""

from pathlib import Path

import pytest

from core.errors import Severity
from rules import check

FOLDER = Path(__file__).parent.parent / "bad_rules"
FILES = sorted(FOLDER.glob("*.yaml"))


def said_about(file: Path) -> str:
    """Every problem as `line:column: message`, warnings marked as such, after the file's name where it is another."""
    lines = []
    for problem in check([file], packs=False):
        assert problem.path == str(file)
        mark = "warning: " if problem.severity is Severity.WARNING else ""
        lines.append(f"{problem.line}:{problem.column}: {mark}{problem.message}")
    return "\n".join(lines).replace(str(file), file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_mistake_is_told_in_exactly_these_words(file):
    expected = file.with_suffix(".txt").read_text(encoding="utf-8").strip()
    assert expected
    assert said_about(file) == expected


def test_every_expected_text_has_its_file():
    assert {file.stem for file in FOLDER.glob("*.txt")} == {file.stem for file in FILES}
