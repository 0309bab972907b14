"""The rules in force, while people edit the files."""

import os
import sys

import pytest

from app.liaison import beside_store
from app.rulebook import Rulebook
from core.errors import RulesError
from tests.support.scripted import RULES


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def change(folder, text):
    (folder / "rules.yaml").write_text(text)
    os.utime(folder / "rules.yaml", (1, 1))


def test_a_changed_file_is_taken_over(folder):
    book = Rulebook([folder])
    before = book.current.hash
    change(folder, RULES.replace("Have a look", "Have a close look"))
    book.reload()
    assert book.current.hash != before


def test_what_took_long_to_read_is_kept_beside_the_store(folder, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(sys.modules["rules.load"], "WORTH_KEEPING", -1)
    store = tmp_path_factory.mktemp("store") / "liaison.db"
    kept = beside_store(f"sqlite:///{store}")
    first = Rulebook([folder], kept=kept)
    assert [file.suffix for file in (store.parent / "liaison.db.rules").iterdir()] == [".rules"]
    assert Rulebook([folder], kept=kept).current == first.current
    assert beside_store("sqlite://") is None
    assert beside_store("postgresql+psycopg://u@h/liaison") is None


def test_a_broken_file_never_replaces_working_rules(folder):
    book = Rulebook([folder])
    working = book.current
    change(folder, "rules: [")
    book.reload()
    assert book.current is working
    assert "rules.yaml" in book.problem
    change(folder, RULES + "# mended\n")
    book.reload()
    assert book.problem == ""


def test_unchanged_files_are_not_loaded_again(folder):
    book = Rulebook([folder])
    working = book.current
    book.reload()
    assert book.current is working


def test_broken_rules_at_the_start_are_an_error(folder):
    change(folder, "rules: [")
    with pytest.raises(RulesError):
        Rulebook([folder])


def test_an_editors_dangling_link_stops_nothing(folder):
    """Emacs marks a file under edit by a link to nowhere beside it."""
    book = Rulebook([folder])
    before = book.current.hash
    (folder / ".#rules.yaml").symlink_to("eva@host.1234:1")
    change(folder, RULES.replace("Have a look", "Have a close look"))
    book.reload()
    assert book.current.hash != before
    assert book.problem == ""
