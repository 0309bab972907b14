"""A site whose language is German, with the shipped packs alone: what its requesters and its agents read."""

import re

import pytest

from tests.support.world import world

ENGLISH = re.compile(r"\b(?:the|you|your|we|will|our|requester|today|tomorrow|by|is|update|word)\b", re.IGNORECASE)
OWN = {"Liaison", "next"}  # the name of a command


@pytest.fixture
def berlin(tmp_path):
    with world(tmp_path, "version: 1\n", snow={"language": "de"}) as one:
        yield one


def english_in(text):
    return [word for word in ENGLISH.findall(re.sub(r"`[^`]*`|[\w-]+ \([\w.-]+\)", "", text)) if word not in OWN]


def test_a_life_in_german_has_no_english_word(berlin):
    """Opened, due, resolved: comments and notes both."""
    key = berlin.on_snow(short_description="Kasse 2", caller_id="eva", priority="1")
    berlin.pass_(minutes=3)
    berlin.pass_(minutes=32)
    berlin.on_snow(key, state="6", close_code="Solution provided", close_notes="x")
    berlin.pass_(minutes=10)
    said = berlin.said(key)
    notes = [entry.text for entry in berlin.entries(key, internal=True)]
    assert said[0].startswith("Vielen Dank für Ihre Meldung. Das ist für uns besonders dringend.")
    assert re.search(r"Wir schreiben Ihnen heute bis \d\d:\d\d Uhr wieder\.", said[0])
    assert said[-1].startswith("Wir haben das Problem gelöst.")
    assert any("Was das für das Geschäft bedeutet" in note for note in notes)
    assert any("geht heute um" in note for note in notes)  # the reminder, five minutes before
    assert [(text, english_in(text)) for text in (*said, *notes) if english_in(text)] == []


def test_an_agent_who_picks_a_phrase_sees_the_words_that_the_requester_reads(berlin):
    key = berlin.on_snow(short_description="Kasse 2", caller_id="eva", priority="1", state="2")
    berlin.pass_(minutes=3)
    berlin.on_snow(key, work_notes="/liaison fact cause-found")
    answers = [entry.text for entry in berlin.entries(key, internal=True)]
    assert any("“Wir kennen die Ursache und arbeiten an der Lösung.”" in answer for answer in answers)
