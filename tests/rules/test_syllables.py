"""Syllables against words counted by hand; docs/wording.md shows how well, beside the dictionary others count with."""

import re
from pathlib import Path

import pyphen
import pytest

from rules.syllables import syllables

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "wording.md"
DICTIONARY = pyphen.Pyphen(lang="en_US")


def counted(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    rows = (line.partition(":") for line in lines if not line.startswith("#"))
    return {word: int(count) for count, _, words in rows for word in words.split()}


def by_dictionary(word):
    return len(DICTIONARY.positions(word)) + 1


def measured(count, words):
    right = sum(count(word) == number for word, number in words.items())
    return right / len(words), sum(count(word) - number for word, number in words.items()) / len(words)


@pytest.mark.parametrize("name", ["syllables.txt", "syllables_held_out.txt"])
def test_the_docs_show_the_calibration_as_it_is(name):
    words = counted(name)
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}`")]
    ours, theirs = measured(syllables, words), measured(by_dictionary, words)
    told = [cell.strip() for cell in line.strip("|").split("|")][1:]
    assert [told[0], told[1], told[3]] == [str(len(words)), f"{ours[0]:.1%}".replace("%", " %"), signed(ours[1])]
    assert float(re.sub(r"[ %]", "", told[2])) == pytest.approx(100 * theirs[0], abs=2)  # a dictionary may learn
    assert float(told[4]) == pytest.approx(theirs[1], abs=0.03)


def signed(error):
    return f"{error:+.3f}" if abs(error) >= 0.0005 else "0.000"


def test_words_that_no_rule_was_made_for_are_counted_right():
    """On the held-out words alone: nearly all right, and no lean to either side."""
    right, error = measured(syllables, counted("syllables_held_out.txt"))
    assert right >= 0.97
    assert abs(error) <= 0.02


@pytest.mark.parametrize(("word", "count"), [("again", 2), ("open", 2), ("about", 2), ("city", 2)])
def test_words_that_a_dictionary_of_hyphens_counts_as_one(word, count):
    assert by_dictionary(word) == 1
    assert syllables(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("Kartenzahlung", 4), ("Störung", 2), ("geht", 1), ("Bestellungen", 4), ("neu", 1), ("Filialen", 4), ("Uhr", 1)],
)
def test_german_words(word, count):
    assert syllables(word, "de") == count


@pytest.mark.parametrize("word", ["", "14:30", "-", "ß", "ÀÉÎ", "x" * 5000, "e-e-e", "'s", "n't"])
def test_anything_has_at_least_one(word):
    assert syllables(word) >= 1
