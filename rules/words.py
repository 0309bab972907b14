"""Templates: what they use, what is wrong with them, and the words they make."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from core.decisions import Facts, Impact, Message, Words
from core.errors import Severity
from core.moments import Moment
from core.notes import Audience
from core.tickets import Ticket
from rules.catalogue import Catalogue


@dataclass(frozen=True)
class Used:
    """A dotted name in a template. Lines and columns count from 1, in the template's text."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class Fault:
    """Something wrong in a template, at a place in its text (lines and columns from 1)."""

    message: str
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR


class Wording(Protocol):
    """What rendering needs of a rule set."""

    @property
    def allow(self) -> Collection[str]: ...


def names_used(source: str) -> tuple[Used, ...]:
    """The names a template reads from outside, in order; loop variables are its own."""
    raise NotImplementedError(source)


def faults(source: str, audience: Audience | str, moment: str, allow: Collection[str] = ()) -> tuple[Fault, ...]:
    """Everything wrong with a template for the slot (audience, moment): syntax, names outside the slot's vocabulary,
    and literal text the leak guard would stop. Warnings name what may be missing when the message is made.
    """
    del source, audience, moment, allow
    return ()


def render(  # noqa: PLR0917 - the slot's parts, in the order in which they arise
    rules: Wording,
    catalogue: Catalogue,
    message: Message,
    ticket: Ticket,
    moment: Moment,
    facts: Facts,
    *,
    zone: str,
    language: str = "en",
    impacts: Collection[Impact] = (),
) -> Words:
    """The words of a message. `leak` is set when the guard found something; WordsError when no words can be made."""
    raise NotImplementedError(rules, catalogue, message, ticket, moment, facts, zone, language, impacts)
