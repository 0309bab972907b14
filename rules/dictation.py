"""An agent's own words to a customer: what must not leave, and what could be said better."""

from collections.abc import Collection, Iterator
from typing import Protocol

from rules.claims import claims_it_is_over
from rules.guard import leaks
from rules.tells import Tell

SECRETS = ("key", "token", "password")
LONG = 25
"""Words of a sentence from which on few readers follow."""


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


def advice_on(text: str, *, ended: bool) -> Iterator[str]:
    """Sentences for the agent, who decides; nothing here stops a message."""
    claim = claims_it_is_over(text)
    if claim and not ended:
        yield f"You said “{claim}”, and the ticket is still open."
    for sentence in text.replace("!", ".").replace("?", ".").split("."):
        count = len(sentence.split())
        if count > LONG:
            yield f"One sentence has {count} words; short ones are read."
            return
