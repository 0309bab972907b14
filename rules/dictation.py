"""An agent's own words to a customer: what must not leave, and what could be said better."""

from collections.abc import Collection, Iterator
from typing import Protocol

from core.notes import Audience
from rules.claims import claims_it_is_over
from rules.guard import leaks
from rules.language import RuleSet
from rules.proofread import style_of
from rules.tells import Tell
from rules.wording import remarks

SECRETS = ("key", "token", "password")
MOST = 2
"""Remarks on one message: more are a lecture."""


class Guarding(Protocol):
    """What an admin allows, and stops besides."""

    @property
    def allow(self) -> Collection[str]: ...
    @property
    def more_tells(self) -> tuple[Tell, ...]: ...


def leak_in(rules: Guarding, text: str, key: str = "") -> str:
    """What the guard finds, `""` when clean; of secrets only the beginning. `key`: the ticket's own."""
    found = leaks(text, [*rules.allow, *([key] if key else [])], rules.more_tells)
    if not found:
        return ""
    shown = f"{found[0].text[:4]}…" if found[0].kind.endswith(SECRETS) else found[0].text
    return f'{found[0].kind} ("{shown}")'


def advice_on(rules: RuleSet, text: str, *, ended: bool) -> Iterator[str]:
    """Sentences for the agent, the gravest first; nothing here stops a message."""
    claim = claims_it_is_over(text)
    if claim and not ended:
        yield f"You said “{claim}”, and the ticket is still open."
    found = [
        one for one in remarks(text, Audience.REQUESTER, style=style_of(rules), whole=False) if "{" not in one.message
    ]
    for one in sorted(found, key=lambda one: not one.strong)[:MOST]:
        yield one.message[:1].upper() + one.message[1:]
