"""What people wrote in a comment, and what they only quoted."""

from hypothesis import given
from hypothesis import strategies as st

from connector.jira.remarks import remark


def adf(*blocks):
    return {"type": "doc", "version": 1, "content": list(blocks)}


def block(kind, *nodes):
    return {"type": kind, "content": list(nodes)}


def text(words):
    return {"type": "text", "text": words}


def test_a_document_reads_as_its_lines_and_what_is_quoted_is_marked():
    paragraph = block("paragraph", text("/liaison next"), {"type": "hardBreak"}, text("16:00"))
    said = adf(paragraph, block("blockquote", block("paragraph", text("/liaison mute"))), block("codeBlock", text("x")))
    assert remark(said) == "/liaison next\n16:00\n> /liaison mute\n> x"


def test_a_mention_reads_as_its_name():
    mention = {"type": "mention", "attrs": {"id": "1", "text": "@Anna Berg"}}
    assert remark(adf(block("paragraph", mention, text(" /liaison why")))) == "@Anna Berg /liaison why"


def test_wiki_markup_reads_without_its_escapes_and_what_is_quoted_is_marked():
    markup = "{{/liaison}} next 16:00\r\n{quote}\n/liaison mute\n{quote}\nbq. /liaison why\n{code:java}/liaison x{code}\na\\[b\\]"
    assert remark(markup).split("\n") == [
        "/liaison next 16:00",
        "> ",
        "> /liaison mute",
        "> ",
        "> /liaison why",
        "> /liaison x",
        "a[b]",
    ]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["type", "content", "text", "attrs"]), inner)))  # fmt: skip
def test_any_body_reads_as_text(body):
    assert isinstance(remark(body), str)
