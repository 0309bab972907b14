"""Cadences that read well and do something else than their author thinks."""

from collections.abc import Iterator
from datetime import timedelta

from core.decisions import Cadence
from core.notes import CUSTOMER_FACING, Audience
from rules.cadence import ALWAYS, text_of

Doubt = tuple[str, str]
"""The key of the cadence that it is about, and what is to be said."""


def promised(audience: Audience) -> Audience:
    """Whose promise `next_update` is in texts to an audience: agents read when the requester hears next."""
    return audience if audience in CUSTOMER_FACING else Audience.REQUESTER


def doubts(cadence: Cadence) -> Iterator[Doubt]:
    yield from _reminder(cadence)
    every = text_of(cadence.every)
    if cadence.first and _shorter(cadence.every, cadence.first, cadence):
        yield "first", f"the first word may take {text_of(cadence.first)}, the ones after it {every}. Is that meant?"
    if cadence.monitoring and _shorter(cadence.monitoring, cadence.every, cadence):
        watched = text_of(cadence.monitoring)
        yield "monitoring", f"every {watched}, while it is only watched, is faster than every {every}. Is that meant?"
    for before, step in zip(cadence.escalate, cadence.escalate[1:], strict=False):
        if step.after <= before.after:
            why = "write the steps in the order of their time."
            yield "escalate", f"{text_of(step.after)} comes after {text_of(before.after)}; {why}"


def _reminder(cadence: Cadence) -> Iterator[Doubt]:
    paces = (cadence.every, cadence.monitoring or cadence.every, *(step.every for step in cadence.stretch))
    shortest = min(paces)
    if cadence.remind and cadence.remind >= shortest:
        ahead, pace = text_of(cadence.remind), text_of(shortest)
        too_early = f"{ahead} before a word that comes every {pace} is not after the word before it"
        yield "remind", f"{too_early}: agents would not be reminded. Write a shorter time, such as 5m."


def _shorter(one: timedelta, other: timedelta, cadence: Cadence) -> bool:
    """Where a calendar counts, days are open days and hours open time: which of the two is longer, nobody can say."""
    alike = _in_days(one) is _in_days(other)
    return one < other and (alike or cadence.calendar == ALWAYS)


def _in_days(length: timedelta) -> bool:
    return length == timedelta(length.days)
