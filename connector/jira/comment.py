"""A note as Jira's markup: ADF for Cloud (REST v3), wiki markup for Data Center (REST v2). And back, to plain text.

A paragraph is plain text. Whatever in it looks like markup is neutralised, so that nobody's words can make a link, a
mention, an image or a macro.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from core.notes import Paragraph, Style
from core.sites import Flavour

LIMIT = 32_767
"""Characters (UTF-16 units) of one comment, Jira's `jira.text.field.character.limit`. Markup counts."""

CUT = "[…] The rest of this message is too long for one Jira comment and was left out."
DEEPEST = 60

Body = dict[str, Any] | str


def body(flavour: Flavour, paragraphs: Sequence[Paragraph]) -> Body:
    """The value of a comment's `body`, never longer than Jira takes: cut with a clear ending where it must be."""
    render: Callable[[Sequence[Paragraph]], Body] = to_adf if flavour is Flavour.CLOUD else to_wiki
    whole = render(paragraphs)
    if _size(whole) <= LIMIT:
        return whole
    fits, beyond = 0, sum(len(p.text) for p in paragraphs)
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        fits, beyond = (middle, beyond) if _size(render(_cut(paragraphs, middle))) <= LIMIT else (fits, middle)
    return render(_cut(paragraphs, fits))


def _size(rendered: Body) -> int:
    # Jira counts the text; counting the whole document stays below its limit however it counts.
    plain = rendered if isinstance(rendered, str) else orjson.dumps(rendered).decode()
    return len(plain.encode("utf-16-le")) // 2


def _cut(paragraphs: Iterable[Paragraph], length: int) -> list[Paragraph]:
    kept = []
    for paragraph in paragraphs:
        if length <= 0:
            break
        kept.append(replace(paragraph, text=paragraph.text[:length].rstrip()))
        length -= len(paragraph.text)
    return [*kept, Paragraph(CUT)]


# XML, in which Jira stores and exports, knows no control characters beside tab and line feed, and no lone surrogates.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")


def clean(text: str) -> str:
    """Text that Jira can store: line feeds for breaks, no control characters, half characters marked as such."""
    return SURROGATE.sub("\ufffd", CONTROL.sub("", BREAK.sub("\n", text)))


def to_adf(paragraphs: Iterable[Paragraph]) -> dict[str, Any]:
    """An ADF document of paragraphs, block quotes and text nodes alone: no links, mentions, media or macros."""
    return {"type": "doc", "version": 1, "content": [_block(p) for p in paragraphs]}


def _block(paragraph: Paragraph) -> dict[str, Any]:
    marks = [{"type": "strong"}] if paragraph.style is Style.TITLE else []
    node = {"type": "paragraph", "content": _lines(clean(paragraph.text), marks)}
    return {"type": "blockquote", "content": [node]} if paragraph.style is Style.QUOTE else node


def _lines(text: str, marks: list[dict[str, str]]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            nodes.append({"type": "hardBreak"})
        if line:  # ADF knows no empty text node
            nodes.append({"type": "text", "text": line, **({"marks": marks} if marks else {})})
    return nodes


def adf_text(node: Any, depth: int = 0) -> str:
    """The words of an ADF document, blocks on lines of their own. Anything that is no ADF reads as `""`."""
    if not isinstance(node, Mapping) or depth > DEEPEST:
        return ""
    kind, content = node.get("type"), node.get("content")
    if kind == "text":
        found = node.get("text")
        return found if isinstance(found, str) else ""
    if kind == "hardBreak":
        return "\n"
    if not isinstance(content, list):
        return _inline(node.get("attrs"))
    inline = kind in {"paragraph", "heading", "codeBlock", "caption"}
    return ("" if inline else "\n").join(adf_text(child, depth + 1) for child in content)


def _inline(attrs: Any) -> str:
    """Mentions, emoji, dates, cards and status lozenges carry their words in attributes."""
    named = attrs if isinstance(attrs, Mapping) else {}
    found = next((named[key] for key in ("text", "shortName", "url") if isinstance(named.get(key), str)), "")
    return str(found)


# What a backslash escapes in Jira: BackslashEscapeRendererComponent of atlassian-renderer. Where there is no such
# escape (a backslash itself, a smiley, a bare link, a block's name at the start of a line) a character entity stands.
SPECIAL = re.compile(
    r"[#*_+?^~|%{}\[\]()!@]|(?<![^\W_])-|-(?![^\W_])"
    r"|\\|&(?=#?\w+;)"
    r"|[:;](?=-?[()PDpd|/\\*])|(?<=mailto):|(?<=file):"
    r"|^[ \t]*[hb](?=[1-6]\.|q\.)",
    re.MULTILINE | re.IGNORECASE,
)
ENTITIES = frozenset("\\&:;hHbB")


def escaped(text: str) -> str:
    """Text that Jira's wiki renderer shows as it is."""
    return SPECIAL.sub(_neutral, clean(text))


def _neutral(found: re.Match[str]) -> str:
    before, last = found[0][:-1], found[0][-1]
    return f"{before}&#{ord(last)};" if last in ENTITIES else f"{before}\\{last}"


def to_wiki(paragraphs: Iterable[Paragraph]) -> str:
    return "\n\n".join(_wiki_block(p) for p in paragraphs)


def _wiki_block(paragraph: Paragraph) -> str:
    text = escaped(paragraph.text)
    if paragraph.style is Style.QUOTE:
        return f"{{quote}}\n{text}\n{{quote}}"
    if paragraph.style is Style.TITLE:
        return "\n".join(f"*{line.strip()}*" if line.strip() else "" for line in text.split("\n"))
    return text


SHOWN = re.compile(r"\\([-#*_+?^~|%{}\[\]()!@])|&#(\d{1,6});", re.ASCII)


def wiki_text(markup: str) -> str:
    """The words of wiki markup as `to_wiki` writes it; foreign macros stay as they are."""
    lines = (line for line in markup.split("\n") if line != "{quote}")
    bare = "\n".join(re.sub(r"^\*(.*)(?<!\\)\*$", r"\1", line) for line in lines)
    return SHOWN.sub(lambda found: found[1] or chr(int(found[2])), bare)
