"""Text of real tickets in every field of a ticket: not one fragment of it reaches a customer, whoever wrote the rules."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from core.decisions import Facts, Message
from core.errors import WordsError
from core.moments import Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import TIMES, Kind, Parent, Person, Ticket
from rules.tongues import tongue
from rules.vocabulary import FOR_EVERYBODY

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples" / "retail"
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
REAL = (
    "gw-berlin-03.prod.acme.local is down since 13:45, see https://wiki.acme.local/runbook",
    'Traceback (most recent call last):\n  File "/srv/pay/charge.py", line 12\nValueError: declined',
    "ORA-00942: table or view does not exist (SELECT pan FROM cards_prod)",
    "From: Ottokar Quastenflosse <ottokar@acme.example>\nTo: desk\nReceived: from mx1 (203.0.113.7)",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc AKIAIOSFODNN7EXAMPLE",
    r"C:\Users\quastenflosse\Desktop\lohn.xlsx and \\files01\payroll",
    "Herr Quastenflosse hat gekündigt, sein Passwort: Sommerregen2026!",
    "{{ ticket.description }} {% if x %}zxqv{% endif %} <script>zxqv()</script>",
    "ｗｅｂ０１．ａｃｍｅ．ｌｏｃａｌ und wеb02.acmе.local",
    "the zebrafish quarterly numbers are embarrassing and Karl knows",
)
LEAKING = tuple(
    line.replace("\\n", "\n")
    for line in (HERE / "leaking.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
)
FRAGMENT = re.compile(r"[^\W_]{4,}")
# What may be what it is: the catalogue's own words and the time zone decide; kind and platform are not free text.
GIVEN = frozenset({"kind", "platform", "requester", "parent", "fields", *TIMES})


@cache
def book():
    return rules.load([EXAMPLES])


def entries(slot):
    """By resolution, and by language where a text has several."""
    return [entry for _, entry in slot.all()] if hasattr(slot, "all") else slot.entries.values()


@cache
def templates():
    """Every customer-facing text of the packs and the example, milestones and closings as far as they are read."""
    found = []
    for rule in book().rules:
        for (audience, moment), slot in rule.messages.items():
            found += [(rule.id, audience, moment, e.template) for e in entries(slot) if e.template]
        for milestone in getattr(rule, "milestones", ()):
            found += [(rule.id, reader, MomentKind.MILESTONE, milestone.entry.template) for reader in milestone.tell]
    return tuple(one for one in found if one[1] in CUSTOMER_FACING and one[3])


EVERY_NAME = (
    (
        "every name",
        Audience.REQUESTER,
        MomentKind.UPDATE_DUE,
        " ".join(f"{{% if {name.path} %}}{{{{ {name.path} }}}}{{% endif %}}" for name in FOR_EVERYBODY),
    ),
)


def hostile(text, kind="incident", **kept):
    """A ticket with the text in every field that holds text, numbers included where a careless field let it through."""
    person = Person(text, text, text, language=text, location=text)
    values = {f.name: text for f in fields(Ticket) if f.type in {str, "str"} and f.name not in GIVEN}
    values |= {f.name: (text, text) for f in fields(Ticket) if "tuple" in str(f.type)}
    values |= {f.name: NOW for f in fields(Ticket) if f.name in TIMES}
    values |= {"affected_users": text, "children_count": text, "subtasks_done": text}
    values |= {
        "fields": {text: text, "site": text},
        "requester": person,
        "parent": Parent(text, text, None, text, text),
    }
    return Ticket(**values | {"kind": kind, "platform": "servicenow"} | kept)


def said(ticket, rule, audience, moment, template):
    message = Message(audience, str(moment), rule, template, "somewhere.yaml:1")
    parent = replace(ticket, parent=None)
    given = {f.name for f in fields(Facts)}
    facts = Facts(
        NOW,
        NOW + timedelta(hours=1),
        NOW - timedelta(hours=1),
        NOW - timedelta(minutes=5),
        ticket.description,
        **({"parent": parent} if "parent" in given else {}),
    )
    try:
        words = rules.render(
            book(), book().catalogue, message, ticket, Moment(MomentKind(moment), "1", NOW), facts, zone="Europe/Berlin"
        )
    except WordsError:
        return ""
    assert words.leak == "", (rule, moment, words)
    return words.text


@cache
def clean(one):
    """The same words for a ticket that says nothing."""
    values = {f.name: NOW for f in fields(Ticket) if f.name in TIMES}
    return said(Ticket("s", "servicenow", "incident", "INC1", "1", **values), *one).casefold()


def fragments(text):
    return {part.casefold() for part in FRAGMENT.findall(text)}


def strings(value):
    """Every text in a table of texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for part in pair for text in strings(part))
    elif isinstance(value, tuple | list | frozenset):
        yield from (text for part in value for text in strings(part))


# The words we say of ourselves, in whatever state: they may stand in a ticket, too.
TABLES = ({"ENGLISH": tongue("en").words},)
OURS = frozenset(
    part
    for table in TABLES
    for name, value in table.items()
    if name.isupper()
    for text in strings(value)
    for part in fragments(text)
)


def held(ticket, text, one):
    words = said(ticket, *one)
    there = fragments(words) & fragments(text) - OURS
    assert {part for part in there if part not in clean(one)} == set(), (one, words)
    return words


@pytest.mark.parametrize("kind", [Kind.INCIDENT, Kind.CHANGE])
@pytest.mark.parametrize("text", REAL)
def test_real_text_in_every_field_at_once_reaches_nobody(text, kind):
    every = (*templates(), *EVERY_NAME)
    heard = [held(hostile(text, kind), text, one) for one in every]
    assert sum(map(bool, heard)) > 0.8 * len(every)


@settings(max_examples=150, deadline=None)
@given(
    text=st.sampled_from(LEAKING) | st.text(min_size=4, max_size=40),
    field=st.sampled_from([f.name for f in fields(Ticket) if f.type in {str, "str"} and f.name not in GIVEN]),
    number=st.integers(0, 10_000),
    kind=st.sampled_from(["incident", "change"]),
)
def test_any_text_in_any_one_field_reaches_nobody(text, field, number, kind):
    every = (*templates(), *EVERY_NAME)
    values = {f.name: NOW for f in fields(Ticket) if f.name in TIMES}
    ticket = Ticket(**{"site": "s", "platform": "jira", "kind": kind, "key": "OPS-1", "id": "1", **values, field: text})
    held(ticket, text, every[number % len(every)])


def test_decided_messages_hold_nothing_of_it_either():
    """The whole way: what rules decide for a ticket full of it, at every moment and for every reader outside IT."""
    count = 0
    for text in REAL:
        for kind in (Kind.INCIDENT, Kind.CHANGE):
            for moment in MomentKind:
                ticket = hostile(text, kind, security_level="", duplicate_of="", labels=(), parent=None, category="")
                decision = rules.decide(book(), book().catalogue, ticket, Moment(moment, "1", NOW), NOW)
                for message in decision.messages.values():
                    if message.audience in CUSTOMER_FACING:
                        count += 1
                        held(ticket, text, (message.rule, message.audience, moment, message.template))
    assert count >= 100


def test_a_key_is_said_only_where_it_is_one():
    one = ("r", Audience.REQUESTER, MomentKind.OPENED, "About {{ ticket.key }}: we work on it.")
    keys = ("INC0012345", "OPS-12", "10.0.0.1", "ada@acme.example", "Karl did it", "OPS-1\nKarl", "OPS-1２")
    texts = [said(Ticket("s", "jira", "incident", key, "1"), *one) for key in keys]
    assert texts == [
        "About INC0012345: we work on it.",
        "About OPS-12: we work on it.",
        *["About your ticket: we work on it."] * 5,
    ]


def test_what_we_say_ourselves_is_no_name_of_theirs():
    """The words let pass are ours: none of what marks the texts above is among them."""
    assert {"looking", "cause", "ticket"} <= OURS
    assert OURS.isdisjoint(
        {"acme", "quastenflosse", "zxqv", "ottokar", "gekündigt", "zebrafish", "embarrassing", "karl"}
    )
    assert len(OURS) < 400


def test_the_corpus_would_be_seen_if_it_were_said():
    """The test can fail: an agents' template, rendered for agents, does say it."""
    text = REAL[0]
    message = Message(Audience.AGENTS, "opened", "r", "{{ ticket.title }}", "x.yaml:1")
    moment = Moment(MomentKind.OPENED, "1", NOW)
    words = rules.render(book(), book().catalogue, message, hostile(text), moment, Facts(NOW), zone="UTC")
    assert fragments(text) & fragments(words.text)
