"""What Jira would render as more than text, written down apart from the code that avoids it."""

import re

PLAIN_NODES = {"doc", "paragraph", "blockquote", "text", "hardBreak"}

# From the notation guide: text effects, links, mentions, images, macros, tables, lists, headings, rules, smileys.
ACTIVE = {
    "macro": r"\{[^}]*\}?|\}",
    "link or mention": r"\[|\]",
    "effect": r"[*_+^~]|\?\?",
    "deleted or rule": r"(?<!\w)-|-(?!\w)",
    "image": r"!",
    "table": r"\|",
    "list": r"(?m)^\s*#",
    "heading": r"(?mi)^\s*h[1-6]\.",
    "quote": r"(?mi)^\s*bq\.",
    "bare link": r"(?i)\b[a-z]+://|mailto:",
    "line break": r"\\\\",
    "smiley": r"[:;]-?[()DPp]|\((?:[!?/xiyn*+-]|on|off)",
    "user": r"@",
}


def adf_markup(node: dict) -> list[str]:
    """Nodes and marks beyond paragraphs, quotes and bold text."""
    found = [] if node["type"] in PLAIN_NODES else [node["type"]]
    found += [mark["type"] for mark in node.get("marks", ()) if mark["type"] != "strong"]
    return found + [one for child in node.get("content", ()) for one in adf_markup(child)]


def wiki_markup(text: str) -> list[str]:
    """What is left active once escapes and entities are taken as the characters they show.

    The renderer takes `\\X` as X, unless another backslash stands before it.
    """
    lines = [line for line in text.split("\n") if line != "{quote}"]
    bare = "\n".join(re.sub(r"^\*(.*)(?<!\\)\*$", r"\1", line) for line in lines)
    shown = re.sub(r"(?<!\\)\\[-#*_+?^~|%{}\[\]()!@]|&#\d+;", "\N{WHITE SQUARE}", bare)
    return [f"{name}: {hit[0]!r}" for name, pattern in ACTIVE.items() for hit in re.finditer(pattern, shown)]
