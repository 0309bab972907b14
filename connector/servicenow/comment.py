"""A letter's paragraphs as journal text. Journals show plain text, but `[code]…[/code]` renders as HTML in them."""

import re
from collections.abc import Iterable

from core.notes import Paragraph, Style

LIMIT = 4000
"""UTF-16 units: the stock length of a journal entry (`journal_input`), counted as ServiceNow's Java does."""
ENDING = "\n[shortened: the text was too long for this ticket]"
UNSEEN = (
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202f\u205f-\u206f\ufe00-\ufe0f\ufeff]*"
)
"""Blanks and characters without width: a text may be pasted with them, and who knows what strips them later."""
CODE = re.compile(rf"\[({UNSEEN}/?{UNSEEN}c{UNSEEN}o{UNSEEN}d{UNSEEN}e{UNSEEN})\]", re.IGNORECASE)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def journal_text(paragraphs: Iterable[Paragraph], ending: str = "", limit: int = LIMIT) -> str:
    """Paragraphs with a blank line between them; a title stands right above its text. `ending` is never cut off."""
    text = ""
    before = Style.TITLE
    for paragraph in paragraphs:
        line = _styled(paragraph)
        if not line:
            continue
        gap = "" if not text else "\n" if Style.TITLE is before else "\n\n"
        text, before = text + gap + line, paragraph.style
    tail = f"\n\n{ending}" if text and ending else ending
    return cut(text, limit - units(tail)) + tail


def neutral(text: str) -> str:
    """The same words with nothing in them that a journal would render: `[code]` becomes `(code)`."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    whole = CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))
    return CODE.sub(r"(\1)", whole)


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units; what is cut off is said to be, after the last whole word that fits."""
    if units(text) <= limit:
        return text
    kept = text
    while (excess := units(kept) + units(ENDING) - limit) > 0:
        kept = kept[: -max(1, excess // 2)]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    return (kept[:space] if space > len(kept) // 2 else kept).rstrip() + ENDING


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def reference(marker: str) -> str:
    """The visible mark where a site has no column for the note id. Short: people read it."""
    return f"[ref:{marker.replace('-', '')[:12]}]"


def _styled(paragraph: Paragraph) -> str:
    text = neutral(paragraph.text).strip("\n")
    if paragraph.style is Style.QUOTE:
        return "\n".join(f"> {line}" for line in text.split("\n")) if text else ""
    return text
