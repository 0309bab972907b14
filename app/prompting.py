"""Prompts in words: what agents read about a promise in their note."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.letters import paragraphs
from app.prompts import Prompt, Why
from core.notes import Paragraph, Style
from rules.tongues import ENGLISH, tongue

Clock = Callable[[datetime], str]
"""A time as "14:30 today", in the zone in which the requester reads it."""


@dataclass(frozen=True)
class Prompting:
    """`said`: a time in words; `language`: the site's, which agents read."""

    said: Clock
    language: str = ENGLISH

    def in_words(self, prompt: Prompt, words: str, problem: str, other: str, now: str) -> Iterator[Paragraph]:
        """`words`: those that go out; `problem`: why there are none; `other`: a later time, as agents could name it."""
        due = self.said(prompt.due) if prompt.due else ""
        match prompt.why:
            case Why.REMIND:
                yield from self._remind(prompt, due, words, problem, other)
            case Why.DUE:
                yield self._line("due", due=due)
                yield Paragraph(f"{self._own('write_now')} {self._next(prompt)}".strip())
            case Why.DRAFT:
                yield self._line("draft", due=due)
                yield from _quoted(words)
                yield Paragraph(f"{self._own('approve', note=prompt.note[:8])} {self._next(prompt)}".strip())
            case Why.LATE:
                yield self._line("late", tell=prompt.tell, now=now, due=due)
                yield self._line("see_to_it")
            case Why.FIRST:
                yield self._line("first", tell=prompt.tell, due=due)
                yield self._line("waits")
            case Why.QUIET:
                yield self._line("quiet", tell=prompt.tell)
                yield self._line("look")
            case Why.ANSWERED:
                yield self._line("answered_by", due=due) if due else self._line("answered")

    def _remind(self, prompt: Prompt, due: str, words: str, problem: str, other: str) -> Iterator[Paragraph]:
        if prompt.holding is None or not words:
            yield self._line("nothing_goes" if prompt.holding is None else "cannot", due=due, problem=problem)
            yield self._line("write_before")
            return
        yield self._line("goes_out", due=due)
        yield from _quoted(words)
        if other:
            yield self._line("other", other=other)

    def _next(self, prompt: Prompt) -> str:
        if prompt.next_at:
            return self._own("next_level", at=self.said(prompt.next_at), tell=prompt.next_tell)
        return self._own("tell", tell=prompt.tell) if prompt.tell else ""

    def _line(self, name: str, **values: str) -> Paragraph:
        return Paragraph(self._own(name, **values))

    def _own(self, name: str, **values: str) -> str:
        return tongue(self.language).say("prompts", name).format(**values)


def _quoted(words: str) -> Iterator[Paragraph]:
    yield from (Paragraph(paragraph.text, Style.QUOTE) for paragraph in paragraphs(words))
