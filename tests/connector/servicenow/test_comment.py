"""Words as journal text."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from connector.servicenow.comment import ENDING, LIMIT, journal_text, neutral, reference, units
from core.notes import Paragraph, Style

CODE = re.compile(r"\[/?code\]", re.IGNORECASE)
PIECES = st.lists(
    st.sampled_from(
        [
            "[",
            "]",
            "/",
            "code",
            "CODE",
            "c",
            "o",
            "d",
            "e",
            " ",
            "\u200b",
            "\u00ad",
            "\n",
            "\x00",
            "\r",
            "[code]",
            "<b>",
            "😀",
        ]
    ),
    max_size=25,
).map("".join)


def words(*texts, ending="", limit=LIMIT):
    return journal_text([Paragraph(text) for text in texts], ending, limit)


def test_paragraphs_stand_apart_and_a_title_stands_on_its_text():
    paragraphs = [Paragraph("Card payments", Style.TITLE), Paragraph("Down."), Paragraph("one\ntwo", Style.QUOTE)]
    assert journal_text(paragraphs) == "Card payments\nDown.\n\n> one\n> two"


def test_empty_paragraphs_leave_no_gap():
    assert words("One.", "", "Two.") == "One.\n\nTwo."
    assert words() == ""


@given(PIECES)
@example("[co[code]de]")
@example("[c\x00ode]")
@example("[ CODE ]<script>[/ code]")
def test_no_text_can_switch_html_on(text):
    """Not even after somebody strips blanks or characters without width."""
    safe = neutral(text)
    bare = re.sub(r"[\s\u200b\u00ad]", "", safe)
    assert not CODE.search(bare)
    assert neutral(safe) == safe


@given(st.text())
def test_text_that_could_be_no_markup_is_kept(text):
    kept = "".join(
        c for c in text if c not in "[]\r" and (c in "\n\t" or not 0 <= ord(c) < 32) and not 0x7F <= ord(c) < 0xA0
    )
    assert neutral(kept) == kept


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(70, 200))
def test_a_long_text_is_cut_and_says_so(text, limit):
    cut = words(text, limit=limit)
    assert units(cut) <= limit
    assert cut == neutral(text).strip("\n") or cut.endswith(ENDING)


def test_the_cut_is_between_words():
    assert words("word " * 2000).removesuffix(ENDING).endswith("word")


def test_astral_characters_count_twice_as_servicenow_counts_them():
    assert units(words("😀" * LIMIT)) <= LIMIT


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_reference_is_never_cut_off(text):
    ending = reference("7d1f6a52-5c3e-5b52-9d53-0c1a6a4f0b11")
    assert words(text, ending=ending, limit=100).endswith("[ref:7d1f6a525c3e]")


@given(st.text())
def test_any_text_can_be_sent(text):
    words(text).encode()
