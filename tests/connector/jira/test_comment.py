"""Notes as Jira's markup: whatever text goes in, only text comes out."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.jira.comment import CUT, LIMIT, adf_text, body, clean, to_adf, to_wiki, wiki_text
from core.notes import Paragraph, Style
from core.sites import Flavour
from tests.connector.jira.markup import adf_markup, wiki_markup

MARKUP = st.sampled_from(
    ["{", "}", "{code}", "{quote}", "[", "]", "[~anna]", "|", "||", "*", "_", "-", "--", "----", "+", "^", "~", "??", "!a.png!",
     "h1. ", "bq. ", "# ", "* ", "\n", "\r\n", "\\", "\\\\", "\\*", "&", "&amp;", "&#123;", "&#", "http://x.example", "mailto:",
     ":)", ";)", "(!)", "(x)", "@", "<b>", "a", "word", " ", "%", "${x}", "{{x}}", "\u2028", "\x00", "😀"]
)  # fmt: skip
TEXT = st.text() | st.lists(MARKUP | st.text(max_size=3), max_size=12).map("".join)
PARAGRAPHS = st.lists(st.builds(Paragraph, TEXT, st.sampled_from(Style)), min_size=1, max_size=4)


def check_adf(node):
    """The rules of the ADF schema for the nodes that may appear."""
    kind = node["type"]
    allowed = {"type", "content"} if kind in {"paragraph", "blockquote"} else {
        "doc": {"type", "version", "content"}, "text": {"type", "text", "marks"}, "hardBreak": {"type"}}[kind]  # fmt: skip
    assert node.keys() <= allowed
    children = {
        "doc": {"paragraph", "blockquote"},
        "blockquote": {"paragraph"},
        "paragraph": {"text", "hardBreak"},
    }.get(kind, set())
    assert {child["type"] for child in node.get("content", ())} <= children
    if kind == "text":
        assert isinstance(node["text"], str)
        assert node["text"]
    if kind == "blockquote":
        assert node["content"]
    for child in node.get("content", ()):
        check_adf(child)


@given(PARAGRAPHS)
@settings(deadline=None)
def test_adf_is_valid_and_says_what_went_in(paragraphs):
    document = to_adf(paragraphs)
    check_adf(document)
    assert document["version"] == 1
    assert adf_markup(document) == []
    assert adf_text(document) == "\n".join(clean(p.text) for p in paragraphs)


@given(PARAGRAPHS)
@example([Paragraph("0-_")])
@settings(max_examples=300, deadline=None)
def test_wiki_markup_has_nothing_active_and_says_what_went_in(paragraphs):
    markup = to_wiki(paragraphs)
    assert wiki_markup(markup) == []


@given(TEXT)
@example("&#0")
@example("0://")
@settings(max_examples=300, deadline=None)
def test_wiki_markup_reads_back_as_the_text(text):
    if "{quote}" not in text:
        assert wiki_text(to_wiki([Paragraph(text)])) == clean(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]) | st.just("\n")))
def test_only_what_jira_cannot_store_is_changed(text):
    if not any(one in text for one in "\u2028\u2029"):
        assert clean(text) == text


def test_styles():
    titled = [
        Paragraph("Card payments", Style.TITLE),
        Paragraph("We said so.", Style.QUOTE),
        Paragraph("ref", Style.SMALL),
    ]
    assert to_wiki(titled) == "*Card payments*\n\n{quote}\nWe said so.\n{quote}\n\nref"
    title, quote, small = to_adf(titled)["content"]
    assert title["content"] == [{"type": "text", "text": "Card payments", "marks": [{"type": "strong"}]}]
    assert (quote["type"], small["content"]) == ("blockquote", [{"type": "text", "text": "ref"}])


def test_plain_words_stay_plain_in_wiki_markup():
    said = "Card payments work again in our Berlin stores. Check-in is open since 14:30 on 2026-11-20."
    assert to_wiki([Paragraph(said)]) == said


@pytest.mark.parametrize("flavour", Flavour)
@pytest.mark.parametrize("text", ["word " * 9_000, "*" * 40_000, "😀" * 30_000, "line\n" * 9_000])
def test_too_long_a_text_is_cut_with_a_clear_ending(flavour, text):
    found = body(flavour, [Paragraph(text), Paragraph("after")])
    said = found if isinstance(found, str) else adf_text(found)
    assert len(said.encode("utf-16-le")) // 2 <= LIMIT
    assert (wiki_text(said) if isinstance(found, str) else said).endswith(CUT)
    assert len(said) > 3_000


@pytest.mark.parametrize("flavour", Flavour)
def test_a_text_that_fits_is_not_cut(flavour):
    said = body(flavour, [Paragraph("a" * 32_000)])
    assert CUT not in str(said)
