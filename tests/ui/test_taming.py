"""Other people's words stay in their place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from ui.taming import MOST, coded, tamed

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("text", [
    "Card payments fail.", "Grüße, naïve façade", "שָׁלוֹם עֲלֵיכֶם", "مَرْحَبًا بِكُم", "Tiếng Việt", "สวัสดีครับ", "한국어 日本語", "👨\u200d👩\u200d👧\u200d👦🇩🇪",
    "e\u0301\u0323", "\u2066quoted\u2069 and closed \u202bx\u202c",
])  # fmt: skip
def test_what_people_write_to_be_read_stays_word_for_word(text):
    assert tamed(text) == text
    assert tamed(unicodedata.normalize("NFD", text)) == unicodedata.normalize("NFD", text)


def test_a_pile_of_marks_is_cut_to_what_a_line_holds():
    assert tamed("Z" + "\u0300\u0489" * 500 + "a") == "Z" + "\u0300\u0489" * (MOST // 2) + "a"


@pytest.mark.parametrize(("text", "closing"), [
    ("\u202egnp.exe", "\u202c"), ("\u2067x", "\u2069"), ("\u202a\u2066x", "\u2069\u202c"), ("\u202ex\u202c", ""), ("\u202cx", ""),
])  # fmt: skip
def test_a_turn_of_direction_ends_with_the_text(text, closing):
    assert tamed(text) == text + closing


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(TURNS)))
def test_twice_is_once_and_nothing_else_is_lost(text):
    once = tamed(text)
    assert tamed(once) == once
    assert [c for c in once if not unicodedata.category(c).startswith("M") and c not in TURNS] == [
        c for c in text if not unicodedata.category(c).startswith("M") and c not in TURNS
    ]


def test_what_is_no_foreign_text_is_left_alone():
    ours = Markup("<b>{}</b>").format("\u0300" * 20)
    assert tamed(ours) is ours
    assert tamed(7) == 7
    assert tamed(None) is None


@pytest.mark.parametrize(("text", "shown"), [
    ("Another time? `/liaison next 15:03`", "Another time? <code>/liaison next 15:03</code>"),
    ("`<b>` & <i>, `a` and `b`", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;, <code>a</code> and <code>b</code>"),
    ("it`s `not\nclosed", "it`s `not\nclosed"), ("``", "``"), ("", ""),
    ("`\u202ex`", "<code>\u202ex</code>\u202c"),
])  # fmt: skip
def test_what_is_to_be_typed_is_code_and_all_else_stays_words(text, shown):
    assert coded(text) == shown
    assert isinstance(coded(text), Markup)
