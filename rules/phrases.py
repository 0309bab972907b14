"""Phrases: progress that agents report by picking one, so that no free text reaches a customer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.errors import Severity
from rules.claims import claims_it_is_over
from rules.documents import Mark, Node
from rules.guard import leaks
from rules.tongues import ENGLISH, best, exactly, unspoken

Report = Callable[[Mark, str, Severity], None]


@dataclass(frozen=True)
class Phrase:
    """`texts` by language: one or two whole sentences that stand for themselves."""

    id: str
    texts: Mapping[str, str]

    def text(self, language: str = ENGLISH) -> str:
        """For a reader of that language: in theirs, else in English, else in the first there is."""
        return self.texts[best(language, self.texts)]

    def said_in(self, language: str) -> str:
        """As part of a message in that language: `""` where it is not there, for a message speaks one language."""
        return exactly(language, self.texts) or ""


def phrase_from(name: str, node: Node, report: Report, language: str = ENGLISH) -> Phrase | None:
    """None where it has no text that could be said; everything wrong is reported at its place. `language`: of one
    text alone.
    """
    if isinstance(node.value, dict):
        found = dict(_by_language(name, node, report))
    else:
        found = {language: str(node.value)} if _sayable(name, node, report) else {}
    return Phrase(name, found) if found else None


def _by_language(name: str, node: Node, report: Report) -> Iterator[tuple[str, str]]:
    for language, child in node.entries.items():
        if why := unspoken(language):
            report(node.keys[language], why, Severity.ERROR)
        elif _sayable(name, child, report):
            yield language, str(child.value).strip()


def _sayable(name: str, node: Node, report: Report) -> bool:
    if not isinstance(node.value, str) or not node.value.strip():
        report(node.mark, f"the phrase {name!r} is a text, or texts by language ({{en: …, de: …}}).", Severity.ERROR)
        return False
    text = node.value.strip()
    if "{{" in text or "{%" in text:
        report(node.mark, f"the phrase {name!r} is plain text: names in braces are not filled in.", Severity.ERROR)
        return False
    for leak in leaks(text):
        message = f"the phrase {name!r} holds {leak.kind}: {leak.text!r}. Say it in a customer's words."
        report(node.mark, message, Severity.ERROR)
        return False
    _doubt(name, text, node, report)
    return True


def _doubt(name: str, text: str, node: Node, report: Report) -> None:
    if text[-1] not in ".!?…":
        report(node.mark, f"the phrase {name!r} is no whole sentence: end it with a full stop.", Severity.WARNING)
    if claim := claims_it_is_over(text):
        message = f"the phrase {name!r} says {claim!r}, and is picked while the work still goes on."
        report(node.mark, message, Severity.WARNING)
