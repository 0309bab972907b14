"""The words of a message: what is wrong with a template before it is used, and what it says when it is."""

import re
import threading
from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Protocol

import minijinja

from core.decisions import Facts, Impact, Level, Message, Words
from core.errors import Severity, WordsError
from core.moments import Moment
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Person, Ticket
from rules.catalogue import Catalogue, Location, Service
from rules.context import KeyUsers, Kin, Missing, Said, Scene, Spoken, is_key
from rules.guard import Leak, leaks
from rules.tells import Tell
from rules.template import Fault, Literal, Used, read
from rules.vocabulary import FOR_AGENTS, did_you_mean, names_for

__all__ = ["Fault", "Used", "Wording", "faults", "names_used", "render"]

STEADY = frozenset({"service", "location"})
"""What a template may read that is a few names and nothing else: then its words are kept."""
SAYABLE = (str, int, Said, Spoken, Kin, KeyUsers, Missing, type(None))
FUEL = 50_000  # Instructions of minijinja; a long message takes some hundreds.
ALWAYS_THERE = frozenset({"next_update", "opened"})  # With a cadence in the rule; on every platform.
SECRETS = ("key", "token", "password")
OTHER_BRACES = re.compile(r"[$#]?\{ *([a-z_]+(?:\.[a-z_]+)*) *\}")
AROUND = frozenset({"\u201c\u201d", "\u201e\u201c", "\u201e\u201d", "\u00ab\u00bb", "\u00bb\u00ab", "\u2018\u2019"})
MOST_KNOWN = 2_000  # Templates that one thread keeps read.


class Wording(Protocol):
    """What rendering needs of a rule set."""

    @property
    def allow(self) -> Collection[str]: ...

    @property
    def more_tells(self) -> tuple[Tell, ...]: ...


def names_used(source: str) -> tuple[Used, ...]:
    """The names a template reads from outside, in order; loop variables are its own."""
    return read(source).used


def faults(
    source: str,
    audience: Audience | str,
    moment: str,
    allow: Collection[str] = (),
    more: tuple[Tell, ...] = (),
) -> tuple[Fault, ...]:
    """Everything wrong with a template for the slot (audience, moment): syntax, names outside the slot's vocabulary,
    and literal text the leak guard would stop. Warnings name what may be missing when the message is made.
    """
    audience = Audience(audience)
    found = [
        *read(source).faults,
        *_foreign_names(source, audience, moment),
        *_leaking_literals(source, audience, allow, more),
        *_meant_otherwise(source),
    ]
    if not found:
        found = [*_trial(source, audience)]
    found += _wrapped(source)
    return tuple(sorted(found, key=lambda fault: (fault.line, fault.column)))


def render(
    rules: Wording,
    catalogue: Catalogue,
    message: Message,
    ticket: Ticket,
    moment: Moment,
    facts: Facts,
    *,
    zone: str,
    impacts: Collection[Impact] = (),
) -> Words:
    """The words of a message. `leak` is set when the guard found something; WordsError when no words can be made.

    `zone`: the site's, for readers whose place is not in the catalogue. `impacts`: the decision's, for the agents'
    templates. Times, counts and names are said in the language of the message.
    """
    scene = Scene(catalogue, ticket, message.audience, facts, zone, impacts, language=message.language)
    slot = f"rule {message.rule}, {message.audience}.{moment.kind}"
    for fault in _errors(message.template, message.audience, str(moment.kind)):
        raise WordsError(f"{slot}: {fault.message}", where=message.where)
    text, inserted = _fill(message.template, scene, slot, message.where)
    if not text:
        hint = "Write `none` to be silent."
        raise WordsError(f"{slot} says nothing at all for this ticket.", where=message.where, hint=hint)
    if message.audience not in CUSTOMER_FACING:
        return Words(text)
    return Words(text, _leak(text, inserted, ticket.key, rules))


def _leak(text: str, inserted: Collection[str], key: str, rules: Wording) -> str:
    """What the guard says: inserted values are held to the strict measure, the whole text to the admin's."""
    own = [key] if is_key(key) else []
    doubtful = [value for value in inserted if not _is_clean(value, rules.more_tells)]
    strict = [leak for value in doubtful for leak in leaks(value, own, rules.more_tells)]
    found = [*strict, *leaks(text, [*rules.allow, *own], rules.more_tells)]
    return _named(found[0]) if found else ""


@lru_cache(maxsize=8192)
def _is_clean(value: str, more: tuple[Tell, ...]) -> bool:
    """Whether the guard finds nothing in a value, whatever is allowed: names and times are said again and again."""
    return not leaks(value, (), more)


def _named(leak: Leak) -> str:
    """A leak for the journal; of secrets only the beginning, or the journal would leak them in turn."""
    shown = f"{leak.text[:4]}…" if leak.kind.endswith(SECRETS) else leak.text
    return f'{leak.kind} ("{shown}")'


def _fill(source: str, scene: Scene, slot: str, where: str) -> tuple[str, list[str]]:
    """The tidied text, and the values that were inserted into it."""
    try:
        text, inserted = _engines().filled(source, scene)
    except minijinja.TemplateError as error:
        raise WordsError(f"{slot}: {error.detail or error.message}.", where=where) from error
    except (ValueError, TypeError) as error:
        raise WordsError(f"{slot}: {error}.", where=where) from error
    if scene.asked:
        name = scene.asked[0]
        hint = f"Ask first: {{% if {name.partition('.')[0]} %}} … {{% endif %}}."
        raise WordsError(f"{slot} says {name}, and there is none.", where=where, hint=hint)
    return text, inserted


class Engines(threading.local):
    """Each thread's own minijinja: making one and reading a template again takes longer than filling it."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._inserted: list[str] = []
        self._steady: dict[Hashable, tuple[str, list[str]]] = {}
        self._number: Callable[[int], str] = str
        self._engine = _engine(self._insert)

    def filled(self, source: str, scene: Scene) -> tuple[str, list[str]]:
        """The tidied text and what was inserted. Raises what minijinja raises."""
        if len(self._known) >= MOST_KNOWN or len(self._steady) >= MOST_KNOWN:
            self.__init__()  # type: ignore[misc]  # rules were replaced often: begin anew
        if source not in self._known:
            self._engine.add_template(source, TAGS_ALONE.sub(r"\1", source))
            self._known.add(source)
        context = scene.context(_roots(source))
        if not context.keys() <= STEADY:
            return self._said(source, scene, context)
        # the same few services again and again, and most of what agents are advised names nothing at all
        key = source, scene.language, *(tuple(vars(value).items()) for value in context.values())
        if key not in self._steady:
            self._steady[key] = self._said(source, scene, context)
        return self._steady[key]

    def _said(self, source: str, scene: Scene, context: dict[str, Any]) -> tuple[str, list[str]]:
        inserted = self._inserted = []
        self._number = scene.tongue.number
        return _tidy(self._engine.render_template(source, **context)), inserted

    def _insert(self, value: Any) -> str:
        if not isinstance(value, SAYABLE):
            raise TypeError("a list or a group of names cannot be said; name one thing")
        self._inserted.append(self._number(value) if type(value) is int else "" if value is None else str(value))
        return self._inserted[-1]


@cache
def _engines() -> Engines:
    return Engines()


@lru_cache(maxsize=4096)
def _roots(source: str) -> frozenset[str]:
    """What a template asks of its scene."""
    return frozenset(used.path.partition(".")[0] for used in read(source).used)


def _engine(insert: Any) -> minijinja.Environment:
    """Minijinja with nothing in it: no globals, no loader, our own filters, and a bound on its work."""
    engine = minijinja.Environment(
        fuel=FUEL,
        undefined_behavior="strict",
        auto_escape_callback=lambda _: False,
        pycompat=False,
        debug=False,
        finalizer=insert,
        filters={**FILTERS},
    )
    for name in engine.globals:
        engine.remove_global(name)
    return engine


FILTERS: dict[str, Any] = {
    "capitalize": lambda value: f"{str(value)[:1].upper()}{str(value)[1:]}",
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "trim": lambda value: str(value).strip(),
    "join": lambda values, between="": str(between).join(str(value) for value in values),
    "length": len,
    "default": lambda value, instead: value or instead,
}
TAGS_ALONE = re.compile(r"^[ \t]*((?:\{%[^{}\n]*%\}[ \t]*)+)\n", re.MULTILINE)
EMPTY_LINES = re.compile(r"\n{3,}")
BLANK_BEFORE = re.compile(r" ([.,])(?=\s|$)")
FIRST_WORD = re.compile(r"[a-zà-öø-ÿß]+\b")


def _tidy(text: str) -> str:
    """Stripped, blanks and empty lines collapsed, no blank before a full stop, the first letter large."""
    text = "\n".join([" ".join(line.split()) for line in text.splitlines()])
    text = (EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip()
    text = BLANK_BEFORE.sub(r"\1", text) if " ." in text or " ," in text else text
    return text[:1].upper() + text[1:] if FIRST_WORD.match(text) else text


@lru_cache(maxsize=4096)
def _errors(source: str, audience: Audience, moment: str) -> tuple[Fault, ...]:
    """What makes a template unfit for its slot; asked again before each rendering, whoever loaded the rule."""
    return (*read(source).faults, *_foreign_names(source, audience, moment))


def _foreign_names(source: str, audience: Audience, moment: str) -> Iterator[Fault]:
    """Names that the slot does not have."""
    known = names_for(audience)
    inside = {name.path for name in FOR_AGENTS}
    for used in read(source).used:
        if used.path in known and not (used.path == "impacts" and used.printed):
            continue
        if used.path == "impacts" and used.printed:
            why = "It is a list: write {% for impact in impacts %}{{ impact.statement }}{% endfor %}."
        elif used.path in inside:
            why = "It is for agents alone: a customer never reads what stands in the ticket."
        else:
            parts = [name for name in known if name.startswith(f"{used.path}.")]
            why = f"Write {' or '.join(parts)}." if parts else did_you_mean(used.path, known)
        said = f"{used.path} cannot be said in {audience}.{moment}."
        yield Fault(f"{said} {why}".strip(), used.line, used.column)


def _leaking_literals(
    source: str, audience: Audience, allow: Collection[str], more: tuple[Tell, ...]
) -> Iterator[Fault]:
    """Words of the rule itself that the guard would stop every time."""
    for literal in read(source).literals if audience in CUSTOMER_FACING else ():
        for leak in leaks(literal.text, allow, more):
            message = f"This holds {leak.kind}: {leak.text!r}. Say it in a customer's words, or put it under `allow:`."
            yield Fault(message, *_place(literal, leak))


def _meant_otherwise(source: str) -> Iterator[Fault]:
    """A name as other tools write it: people would read the braces."""
    known = names_for(Audience.AGENTS)
    for literal in read(source).literals:
        for found in OTHER_BRACES.finditer(literal.text):
            if found[1] in known:
                line, column = _position(literal, found.start())
                yield Fault(f"{found[0]} would be sent as it stands. Did you mean {{{{ {found[1]} }}}}?", line, column)


def _wrapped(source: str) -> Iterator[Fault]:
    """Quotation marks of a word processor around the whole text, which YAML takes for a part of it."""
    said = source.strip()
    marks = said[:1] + said[-1:]
    if marks in AROUND and not any(mark in said[1:-1] for mark in marks):
        why = f'the quotation marks {marks[0]} and {marks[1]} would be sent, too. Write " instead, or leave them out.'
        yield Fault(why, severity=Severity.WARNING)


def _place(literal: Literal, leak: Leak) -> tuple[int, int]:
    return _position(literal, max(literal.text.find(leak.text), 0))


def _position(literal: Literal, at: int) -> tuple[int, int]:
    """Where in the template a letter of a literal stands."""
    before = literal.text[:at]
    if "\n" not in before:
        return literal.line, literal.column + len(before)
    return literal.line + before.count("\n"), len(before) - before.rfind("\n")


def _trial(source: str, audience: Audience) -> Iterator[Fault]:
    """Fill the template with a full example, then with each thing missing that can be."""
    try:
        _fill(source, sample(audience), "This text", "")
    except WordsError as error:
        yield Fault(error.what)
        return
    roots = {used.path.partition(".")[0]: used for used in reversed(read(source).used)}
    optional = {path.partition(".")[0] for path, name in names_for(audience).items() if name.optional}
    for root in sorted(optional & roots.keys() - ALWAYS_THERE):
        if _breaks_without(source, sample(audience), root):
            message = f"{root} can be missing; then this text cannot be sent. Put it inside {{% if {root} %}}."
            yield Fault(message, roots[root].line, roots[root].column, Severity.WARNING)


def _breaks_without(source: str, scene: Scene, root: str) -> bool:
    lacking = {
        "promised": replace(scene, facts=replace(scene.facts, promised=None)),
        "since": replace(scene, facts=replace(scene.facts, since=None)),
        "requester_reads": replace(scene, facts=replace(scene.facts, requester_reads="")),
        "why_silent": replace(scene, facts=replace(scene.facts, why_silent="")),
        "planned_start": replace(scene, ticket=scene.ticket.evolve(planned_start=None)),
        "planned_end": replace(scene, ticket=scene.ticket.evolve(planned_end=None)),
        "window": replace(scene, ticket=scene.ticket.evolve(planned_end=scene.ticket.planned_start)),
        "late": replace(scene, facts=replace(scene.facts, late=None)),
        "reminder": replace(scene, facts=replace(scene.facts, reminder=None)),
        "parent": replace(scene, facts=replace(scene.facts, parent=None)),
        "affected_users": replace(scene, ticket=scene.ticket.evolve(affected_users=None)),
        "next_notice": replace(scene, facts=replace(scene.facts, next_notice=None)),
        "check_in": replace(scene, facts=replace(scene.facts, check_in=None)),
        "key_users": replace(scene, catalogue=Catalogue()),
        "overrun": replace(scene, ticket=scene.ticket.evolve(planned_end=None)),
    }
    without = lacking.get(root, scene)
    try:
        _fill(source, replace(without, asked=[]), "", "")
    except WordsError:
        return bool(without.asked) or root in lacking
    return False


@cache
def _sample_parts() -> tuple[Catalogue, Ticket, Facts, tuple[Impact, ...]]:
    now = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    people = {"berlin": ("till-lead-berlin",)}
    service = Service("cards", "card payments", "pay by card", "You can pay in cash.", key_users=people)
    ticket = Ticket(
        site="sample",
        platform="servicenow",
        kind="incident",
        key="INC0012345",
        id="1",
        title="Card declined",
        description="Every card is declined.",
        state="in_progress",
        priority="P1",
        service="cards",
        location="berlin",
        group="Payments",
        assignee="Ada",
        affected_users=300,
        requester=Person(name="Eva"),
        opened_at=now - hour,
        planned_start=now + 30 * hour,
        planned_end=now + 32 * hour,
        actual_end=now + 33 * hour,
    )
    facts = Facts(now, now + hour / 2, now - hour, now, "We are on it.", now + 6 * hour, now + 57 * hour)
    facts = replace(facts, reminder=now + 24 * hour, late=hour, parent=ticket, parent_update=now + hour)
    facts = replace(facts, why_silent="It is muted.")
    place = Location("berlin", "Berlin Mitte", "Europe/Berlin")
    return Catalogue((service,), (place,)), ticket, facts, (Impact("cards", Level.HIGH, "No card payments.", "sample"),)


def sample(audience: Audience) -> Scene:
    """A scene in which every name has a value."""
    catalogue, ticket, facts, impacts = _sample_parts()
    return Scene(catalogue, ticket, audience, facts, "Europe/Berlin", impacts)
