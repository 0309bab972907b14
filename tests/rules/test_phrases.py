"""Phrases: found by name, said in the reader's language where there is one, and part of the progress."""

from dataclasses import replace

import rules
from core.decisions import Facts
from core.notes import Audience
from tests.rules.support import NOW, decided, incident, moment, rule_set

RULES = """
phrases:
  engaged: {en: Our supplier is working on it., de: Unser Lieferant arbeitet daran.}
  german: {de: Wir sind dran.}
  plain: We are at it.
  cause-found: We know why.
"""


def test_a_phrase_is_said_in_the_language_asked_for_else_in_english_else_in_its_first(tmp_path):
    found = rule_set(tmp_path, RULES).phrases
    assert found["engaged"].text("de") == "Unser Lieferant arbeitet daran."
    assert found["engaged"].text("fr") == "Our supplier is working on it."
    assert found["german"].text("en") == "Wir sind dran."
    assert found["plain"].text() == "We are at it."


def test_a_shipped_phrase_is_replaced_by_one_of_the_same_name(tmp_path):
    found = rule_set(tmp_path, RULES, packs=True).phrases
    assert found["cause-found"].text() == "We know why."
    assert len(found) > 12


def test_every_shipped_phrase_reads_well_as_progress(tmp_path):
    """Whole sentences without an end that nobody can promise."""
    book = rule_set(tmp_path, "", packs=True)
    ticket = incident(state="in_progress")
    message = decided(book, ticket, "progressed").messages[Audience.REQUESTER]
    for phrase in book.phrases.values():
        facts = replace(Facts(NOW), progress=phrase.text())
        words = rules.render(book, book.catalogue, message, ticket, moment("progressed"), facts, zone="UTC")
        assert words.leak == ""
        assert phrase.text() in words.text
