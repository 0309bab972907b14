"""Composing what people read: the requester's paragraphs, and the agents' note around the rule's advice."""

import re
from collections.abc import Iterable
from hashlib import sha256

from core.decisions import Impact, Reason
from core.notes import Paragraph, Style
from rules.reach import is_derived

BLANK_LINE = re.compile(r"\n[ \t]*\n+")
WHY_SILENT = {
    Reason.SAID_BY_HUMAN: "Liaison did not write to the requester: one of you just did.",
    Reason.MUTED: "The requester was told nothing: this site speaks to agents alone.",
    Reason.NO_SINK: "The requester cannot be written to in this ticket without everybody reading along.",
    Reason.SILENCED: "The requester was told nothing: the rules ask for silence here.",
    Reason.NO_RULE: "The requester was told nothing: no rule has words for this.",
    Reason.FOLLOWS_PARENT: "The requester was told nothing: the parent ticket speaks.",
    Reason.DRAFT: "A message to the requester waits for your approval.",
    Reason.BUDGET: "The requester was told nothing: they have had as many messages as the rules allow for now.",
    Reason.GATED: "The requester was told nothing: a gate forbids it.",
}


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Blank lines separate paragraphs."""
    return tuple(Paragraph(block.strip()) for block in BLANK_LINE.split(text.strip()) if block.strip())


def for_agents(
    *,
    advice: str,
    impacts: Iterable[Impact],
    requester_reads: str,
    read_at: str,
    why_silent: str,
    together: bool,
    promise: str,
    held_back: str,
    rule: str,
    prompts: Iterable[Paragraph] = (),
    reminder: str = "",
) -> tuple[Paragraph, ...]:
    """The internal note: impact, what to do, who was told what, when the next word is due, which rule said so.

    `read_at` is empty when the requester reads the words in this same moment; `together`: they stand right beside this
    note, written in the same save. `promise` reads "by 14:30 today". `prompts`: what agents are reminded of or told.
    `reminder`: when the requester is reminded of our question, as "on Friday at 10:00".
    """
    parts = [Paragraph("What this means for the business", Style.TITLE)] if (stated := list(impacts)) else []
    parts += [Paragraph(f"{impact.statement} ({impact.level} impact)") for impact in stated]
    parts += paragraphs(advice)
    if together:
        parts.append(Paragraph("The requester was told at the same time, in the comment beside this note."))
    elif requester_reads:
        parts.append(Paragraph(f"The requester was told at {read_at}:" if read_at else "The requester now reads:"))
        parts.append(Paragraph(requester_reads, Style.QUOTE))
    if why_silent:
        parts.append(Paragraph(WHY_SILENT.get(Reason(why_silent), f"The requester was told nothing ({why_silent}).")))
    if promise:
        parts.append(
            Paragraph(f"Next word to the requester: {promise}. Write to them before then and Liaison stays silent.")
        )
    if reminder:
        parts.append(Paragraph(f"The requester is reminded once, {reminder}."))
    parts += prompts
    if held_back:
        parts.append(Paragraph(f"Held back: {held_back}"))
    parts.append(Paragraph(f"Liaison, rule {rule}", Style.SMALL))
    return tuple(parts)


def meaning(advice_source: str, impacts: Iterable[Impact], why_silent: str, held_back: str) -> str:
    """A digest of an internal note without its times: the same meaning is not written twice into a journal."""
    # whom it reaches is told with the hour of the day, which is no news
    stated = (impact.id if is_derived(impact) else impact.statement for impact in impacts)
    told = "\x1f".join([advice_source, *stated, why_silent, held_back])
    return sha256(told.encode()).hexdigest()[:32]
