"""Rules that speak a language only half: its readers would hear them now in theirs, now in another."""

from collections.abc import Iterator

from babel import Locale

from core.errors import Problem, Severity
from core.notes import CUSTOMER_FACING, Audience
from rules.language import Entry, Rule
from rules.tongues import base_of, best

Said = tuple[str, Entry]


def half_spoken(rule: Rule) -> Iterator[Problem]:
    """Of the texts to customers and of those to agents each that lacks a language which others of the rule have."""
    for inside in (False, True):
        texts = tuple(_texts(rule, inside=inside))
        spoken = {base_of(one.language): slot for slot, entry in reversed(texts) for one in entry.all()}
        for slot, entry in texts:
            for code in sorted(spoken.keys() - {base_of(one.language) for one in entry.all()}):
                yield _lacking(rule, slot, entry, code, spoken[code])


def _texts(rule: Rule, *, inside: bool) -> Iterator[Said]:
    for (audience, moment), slot in rule.messages.items():
        if (audience not in CUSTOMER_FACING) is inside:
            yield from ((f"{audience}.{moment}", entry) for _, entry in slot.all() if entry.template is not None)
    for milestone in rule.milestones:
        if bool(CUSTOMER_FACING & {*milestone.tell}) is not inside and milestone.entry.template is not None:
            yield f"milestone {milestone.name}", milestone.entry
    if rule.impact and inside:
        yield f"{Audience.AGENTS}.impact", rule.impact.said


def _lacking(rule: Rule, slot: str, entry: Entry, code: str, other: str) -> Problem:
    language = Locale.parse(code).english_name
    instead = Locale.parse(base_of(best(code, {one.language: one for one in entry.all()}))).english_name
    message = (
        f"{slot} of rule {rule.id} is not there in {language}, as {other} is: "
        f"who reads {language} gets this in {instead}. Add `{code}: …`."
    )
    return Problem(entry.place.path, entry.place.line, entry.place.column, message, Severity.WARNING)
