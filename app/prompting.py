"""Prompts in words: what agents read about a promise in their note."""

from collections.abc import Callable, Iterator
from datetime import datetime

from app.letters import paragraphs
from app.prompts import Prompt, Why
from core.notes import Paragraph, Style

Clock = Callable[[datetime], str]
"""A time as "14:30 today", in the zone in which the requester reads it."""


def in_words(prompt: Prompt, words: str, problem: str, other: str, now: str, said: Clock) -> Iterator[Paragraph]:
    """`words` are those that go out, `problem` why there are none; `other` is a later time, as agents could name it."""
    due = said(prompt.due) if prompt.due else ""
    match prompt.why:
        case Why.REMIND:
            yield from _remind(prompt, due, words, problem, other)
        case Why.DUE:
            yield Paragraph(f"The update promised for {due} is due, and nothing goes out by itself.")
            yield Paragraph(f"Please write to the requester now. {_next(prompt, said)}".strip())
        case Why.DRAFT:
            yield Paragraph(f"The update promised for {due} is due. These words wait for your approval:")
            yield from _quoted(words)
            yield Paragraph(
                f"`liaison note approve {prompt.note[:8]} --as NAME` sends them. {_next(prompt, said)}".strip()
            )
        case Why.LATE:
            told = f"Escalated to {prompt.tell} at {now}"
            yield Paragraph(f"{told}: the update promised for {due} has not gone out yet.")
            yield Paragraph("Please see that somebody writes to the requester now.")
        case Why.FIRST:
            yield Paragraph(f"Escalated to {prompt.tell}: the first word to the requester was due at {due}.")
            yield Paragraph("It still waits for approval.")
        case Why.QUIET:
            yield Paragraph(f"Escalated to {prompt.tell}: three updates in a row had no news for the requester.")
            yield Paragraph("Please look at the work together, and tell them something that is new.")
        case Why.ANSWERED:
            yield Paragraph(
                f"The requester has replied. Take the ticket up again{f', or write to them by {due}' if due else ''}."
            )


def _remind(prompt: Prompt, due: str, words: str, problem: str, other: str) -> Iterator[Paragraph]:
    if prompt.holding is None:
        yield Paragraph(f"The next word is promised for {due}, and nothing goes out by itself.")
        yield Paragraph("Please write to the requester before then.")
        return
    if not words:
        yield Paragraph(f"The next word is promised for {due}, and Liaison cannot write it: {problem}")
        yield Paragraph("Please write to the requester before then.")
        return
    yield Paragraph(f"At {due} this goes out unless you write first:")
    yield from _quoted(words)
    if other:
        yield Paragraph(f"Another time? `/liaison next {other}`")


def _quoted(words: str) -> Iterator[Paragraph]:
    yield from (Paragraph(paragraph.text, Style.QUOTE) for paragraph in paragraphs(words))


def _next(prompt: Prompt, said: Clock) -> str:
    if prompt.next_at:
        return f"At {said(prompt.next_at)} this goes to {prompt.next_tell}."
    return f"Please tell {prompt.tell}." if prompt.tell else ""
