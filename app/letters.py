"""Composing what people read: the requester's paragraphs, and the agents' note around the rule's advice."""

import re
from collections.abc import Iterable
from functools import partial
from hashlib import sha256

from core.decisions import Impact
from core.notes import Paragraph, Style
from rules.reach import is_derived
from rules.tongues import ENGLISH, tongue

BLANK_LINE = re.compile(r"\n[ \t]*\n+")


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
    language: str = ENGLISH,
) -> tuple[Paragraph, ...]:
    """The internal note: impact, what to do, who was told what, when the next word is due, which rule said so.

    `read_at` is empty when the requester reads the words in this same moment; `together`: they stand right beside this
    note, written in the same save. `why_silent`: why they are told nothing, as a sentence. `promise` reads "by 14:30
    today". `prompts`: what agents are reminded of or told. `reminder`: when the requester is reminded of our question,
    as "on Friday at 10:00". `language`: the site's.
    """
    speaks = tongue(language)
    own = partial(speaks.say, "agents")
    stated = [own("impact").format(statement=i.statement, level=speaks.say("words", i.level)) for i in impacts]
    parts = [Paragraph(own("means"), Style.TITLE)] if stated else []
    parts += map(Paragraph, stated)
    parts += paragraphs(advice)
    if together:
        parts.append(Paragraph(own("together")))
    elif requester_reads:
        parts.append(Paragraph(own("told_at").format(at=read_at) if read_at else own("reads")))
        parts.append(Paragraph(requester_reads, Style.QUOTE))
    if why_silent:
        parts.append(Paragraph(why_silent))
    if promise:
        parts.append(Paragraph(own("next").format(by=promise)))
    if reminder:
        parts.append(Paragraph(own("reminded").format(on=reminder)))
    parts += prompts
    if held_back:
        parts.append(Paragraph(own("held_back").format(why=held_back)))
    parts.append(Paragraph(own("rule").format(rule=rule), Style.SMALL))
    return tuple(parts)


def in_a_sentence(why_silent: str, language: str) -> str:
    """Why the requester is told nothing; `""` where they are."""
    speaks = tongue(language)
    said = speaks.say("why_silent", why_silent) if why_silent else ""
    return said or (speaks.say("agents", "silent").format(why=why_silent) if why_silent else "")


def meaning(advice_source: str, impacts: Iterable[Impact], why_silent: str, held_back: str) -> str:
    """A digest of an internal note without its times: the same meaning is not written twice into a journal."""
    # whom it reaches is told with the hour of the day, which is no news
    stated = (impact.id if is_derived(impact) else impact.statement for impact in impacts)
    told = "\x1f".join([advice_source, *stated, why_silent, held_back])
    return sha256(told.encode()).hexdigest()[:32]
