"""Templates: what check says about them, what they say, and that hostile ones end quickly."""

import time as wall
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import minijinja
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions import Facts, Impact, Level, Message
from core.errors import Severity, WordsError
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import HoldReason, Kind, Person, Phase, Resolution, State, Ticket
from rules.catalogue import Catalogue, Location, Service
from rules.guard import leaks
from rules.template import LONGEST
from rules.vocabulary import FOR_AGENTS, FOR_EVERYBODY, names_for
from rules.words import faults, names_used, render

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # A Friday, 14:00 in Berlin.
CARDS = Service("cards", "card payments", "pay by card", "You can pay in cash.", {"servicenow": ("CARD-GW-PROD",)})
CATALOGUE = Catalogue((CARDS,), (Location("ber", "Berlin Mitte", "Europe/Berlin"),))
FACTS = Facts(NOW, next_update=NOW + timedelta(minutes=30), since=NOW - timedelta(minutes=20))
SECRET = "web01.acme.local ORA-00942 ada@acme.example"


@dataclass(frozen=True)
class Rules:
    allow: tuple = ()
    more_tells: tuple = ()


def ticket(**fields):
    values = {
        "service": "CARD-GW-PROD",
        "location": "ber",
        "state": "in_progress",
        "opened_at": NOW - timedelta(hours=1),
    }
    return Ticket(site="s", platform="servicenow", kind="incident", key="INC0012345", id="1", **{**values, **fields})


def words(
    source, *, audience="requester", facts=FACTS, catalogue=CATALOGUE, allow=(), impacts=(), zone="UTC", **fields
):
    message = Message(Audience(audience), "opened", "r1", source, "rules.yaml:3")
    moment = Moment(MomentKind.OPENED, "1", NOW)
    return render(Rules(allow), catalogue, message, ticket(**fields), moment, facts, zone=zone, impacts=impacts)


def errors(source, audience="requester", allow=()):
    found = faults(source, audience, "opened", allow)
    return [(f.line, f.column, f.message) for f in found if f.severity is Severity.ERROR]


def warnings(source, audience="requester"):
    return [f.message for f in faults(source, audience, "opened") if f.severity is Severity.WARNING]


# What a message says


def test_a_message_in_the_readers_words_and_time():
    said = words(
        "{{ service.name|capitalize }} are failing at {{ location.name }}. {{ progress }} Next update {{ next_update.text }}."
    )
    assert said.text == (
        "Card payments are failing at Berlin Mitte. Our team has been working on it since 13:40. Next update by 14:30 today."
    )
    assert said.leak == ""


def test_what_the_catalogue_does_not_know_has_an_honest_stand_in():
    said = words(
        "{{ service.name }} at {{ location.name }} fails. {{ service.workaround }} Sorry.", service="X01", location="Y"
    )
    assert said.text == "The service you reported at your location fails. Sorry."


@pytest.mark.parametrize("audience", ["requester", "business", "customers"])
def test_every_customer_name_can_be_said(audience):
    full = {
        "planned_start": NOW + timedelta(hours=30),
        "planned_end": NOW + timedelta(hours=32),
        "affected_users": 1200,
    }
    facts = Facts(NOW, NOW + timedelta(minutes=30), NOW - timedelta(hours=1), NOW, "We are on it.")
    facts = replace(
        facts, reminder=NOW + timedelta(days=2), late=timedelta(hours=1), parent=ticket(), parent_update=NOW
    )
    for name in names_for(audience):
        assert words("{{ " + name + " }}", audience=audience, facts=facts, **full).text, name


def test_the_typed_values():
    fields = {
        "planned_start": NOW + timedelta(hours=36),
        "planned_end": NOW + timedelta(hours=38),
        "affected_users": 1200,
    }
    facts = Facts(NOW, NOW + timedelta(minutes=30), NOW - timedelta(hours=23), NOW)
    expected = {
        "ticket.key": "INC0012345",
        "ticket.kind": "Report",
        "ticket.state": "Being worked on",
        "next_update": "By 14:30 today",
        "next_update.time": "14:30",
        "promised.text": "By 14:00 today",
        "promised.time": "14:00",
        "since.text": "15:00 yesterday",
        "opened": "13:00 today",
        "planned_start": "02:00 on Sunday 22 November",
        "planned_end.time": "04:00",
        "window": "Sunday 22 November, 02:00 to 04:00 (Berlin time)",
        "affected_users": "1,200",
    }
    said = {name: words("{{ " + name + " }}", facts=facts, **fields).text for name in expected}
    assert said == {
        name: text[:1].upper() + text[1:] if not text.startswith("INC") else text for name, text in expected.items()
    }


def test_agents_read_the_ticket_and_the_impact():
    impacts = [Impact("a", Level.HIGH, "Nobody can pay by card.", "r"), Impact("b", Level.LOW, "Queues.", "r")]
    source = "{% for impact in impacts if impact.level == 'high' %}{{ loop.index }}: {{ impact.statement }}{% endfor %} {{ ticket.title }}"
    said = words(source, audience="agents", impacts=impacts, title=SECRET)
    assert said.text == f"1: Nobody can pay by card. {SECRET}"
    assert said.leak == ""
    assert (
        words("{{ impacts|join(' ') }}", audience="agents", impacts=impacts).text == "Nobody can pay by card. Queues."
    )


def test_the_times_are_the_places_else_the_sites_whose_zone_is_then_named():
    assert words("{{ next_update }}", zone="America/New_York").text == "By 14:30 today"
    assert words("{{ next_update }}", zone="America/New_York", location="?").text == "By 08:30 today (New York time)"
    assert words("{{ next_update }}", zone="Europe/Berlin", location="?").text == "By 14:30 today"


def test_the_text_is_tidied():
    source = "  Line   one .\n\n\n\n{% if affected_users %}\nMany.\n{% endif %}\nLine two , and\tmore  \n"
    assert words(source).text == "Line one.\n\nLine two, and more"


def test_a_name_that_begins_small_on_purpose_stays():
    catalogue = Catalogue((Service("x", "eBilling", aliases={"servicenow": ("CARD-GW-PROD",)}),))
    assert words("{{ service.name }} works.", catalogue=catalogue).text == "eBilling works."


def test_a_default_stands_in():
    assert words("{{ affected_users|default('Many') }} people").text == "Many people"
    assert words("{{ affected_users|default('Many') }} people", affected_users=12).text == "12 people"


# What cannot be said


@pytest.mark.parametrize(
    "name",
    [
        "promised",
        "promised.text",
        "window.text",
        "planned_start",
        "planned_end.time",
        "affected_users",
        "next_update.text",
    ],
)
@pytest.mark.parametrize(
    "form", ["{{ NAME }}", "{{ NAME|upper }}", "{{ NAME|capitalize|trim }}", "{{ [NAME]|join }}", "{{ NAME or NAME }}"]
)
def test_a_missing_value_is_never_said(name, form):
    with pytest.raises(WordsError) as caught:
        words("At " + form.replace("NAME", name), facts=Facts(NOW))
    assert f"rule r1, requester.opened says {name}, and there is none." in str(caught.value)
    assert str(caught.value).startswith("rules.yaml:3: ")


@pytest.mark.parametrize("root", ["promised", "window", "planned_start", "affected_users", "next_update"])
def test_a_missing_value_can_be_asked_for(root):
    asked = f"Hello.{{% if {root} %}} {{{{ {root} }}}}{{% endif %}}"
    assert words(asked, facts=Facts(NOW)).text == "Hello."


def test_nothing_to_say_is_an_error():
    with pytest.raises(WordsError, match="says nothing at all for this ticket"):
        words("{% if affected_users %}Many.{% endif %}")


def test_the_words_none_and_undefined_never_appear():
    assert words("A {{ 'b' if affected_users }} c").text == "A c"


@given(st.sampled_from(sorted(names_for("requester"))), st.sampled_from(list(State)), st.booleans())
def test_internal_text_never_reaches_a_customer(name, state, known):
    """Whatever stands in the ticket's own fields, no customer name ever shows any of it."""
    inside = dict.fromkeys(
        ["title", "description", "group", "assignee", "close_code", "url", "category", "ci", "priority"], SECRET
    )
    try:
        said = words(
            "A {{ " + name + " }}",
            **inside,
            state=str(state),
            service="CARD-GW-PROD" if known else SECRET,
            location="ber" if known else SECRET,
            requester=Person(name=SECRET, location=SECRET),
        )
    except WordsError:
        return
    assert "acme" not in said.text
    assert said.leak == ""


# What check says


def test_the_names_of_a_template_with_their_places():
    source = "Hi {{ service.name }}.\n{% for i in impacts %}{{ i.statement }}{% endfor %}\n{% if next_update %}{{ next_update.text }}{% endif %}"
    assert [(u.path, u.line, u.column) for u in names_used(source)] == [
        ("service.name", 1, 7),
        ("impacts", 2, 13),
        ("next_update", 3, 7),
        ("next_update.text", 3, 24),
    ]


@pytest.mark.parametrize("name", sorted(names_for("requester")))
def test_every_customer_name_is_known_to_check(name):
    assert errors("Hello {{ " + name + " }}") == []


@pytest.mark.parametrize("name", sorted(set(names_for("agents")) - {"impacts"}))
def test_every_name_of_agents_is_known_to_check(name):
    assert errors("Hello {{ " + name + " }}", "agents") == []


@pytest.mark.parametrize("name", [name.path for name in FOR_AGENTS if name.path != "impacts"])
def test_a_name_for_agents_is_refused_to_customers(name):
    assert errors("Hello {{ " + name + " }}") == [
        (
            1,
            10,
            f"{name} cannot be said in requester.opened. It is for agents alone: a customer never reads what stands in the ticket.",
        )
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "Hi.\n  {{ service.nmae }}",
            (2, 6, "service.nmae cannot be said in requester.opened. Did you mean service.name?"),
        ),
        ("{{ nothing_near }}", (1, 4, "nothing_near cannot be said in requester.opened.")),
        (
            "{{ service }}",
            (
                1,
                4,
                "service cannot be said in requester.opened. Write service.name or service.people_can or service.workaround.",
            ),
        ),
        ("{{ service.__class__ }}", (1, 4, "service.__class__ cannot be said in requester.opened.")),
        ("{{ service.name", (1, 1, "{{ is never closed; write }} where it ends.")),
        ("a\n{% if %}b{% endif %}", (2, 7, "Unexpected end of block.")),
        ("{{ service.name|uper }}", (1, 17, "There is no filter 'uper'. Did you mean upper?")),
        ("{{ range(3) }}", (1, 4, "range(…) is a call; a message has none.")),
        ("{{ 'a' * 3 }}", (1, 8, "'*' is not part of a message's language: it does not compute.")),
        ("{{ service['name'] }}", (1, 11, "Write a name with a dot, like service.name.")),
        (
            "{% set x = 1 %}",
            (1, 1, "set is not part of a message's language: it has if, elif, else, endif, for, endfor."),
        ),
        ("{% for x in progress %}{% endfor %}", (1, 1, "A loop has one form: {% for impact in impacts %}.")),
        ("{{ progress is defined }}", (1, 13, "There is no `is`. {% if next_update %} asks whether there is one.")),
        (
            "ü on 10.0.0.1.",
            (1, 6, "This holds an IP address: '10.0.0.1'. Say it in a customer's words, or put it under `allow:`."),
        ),
        (
            "Hello.\nSee {{ 'web01.acme.local' }}",
            (
                2,
                9,
                "This holds a host name: 'web01.acme.local'. Say it in a customer's words, or put it under `allow:`.",
            ),
        ),
        ("x" * (LONGEST + 1), (1, 1, f"This text has {LONGEST + 1} characters; {LONGEST} are the most.")),
    ],
)
def test_a_fault_is_told_with_its_place(source, expected):
    assert expected in errors(source)


def test_literal_text_is_held_against_the_allowed_list():
    source = "Write to help@acme.example."
    assert errors(source)
    assert errors(source, allow=["help@acme.example"]) == []
    assert errors(source, audience="agents") == []


def test_what_may_be_missing_is_a_warning_unless_it_is_asked_for():
    assert warnings("We said {{ promised.text }}.") == [
        "promised can be missing; then this text cannot be sent. Put it inside {% if promised %}."
    ]
    assert warnings("Hi.{% if promised %} We said {{ promised.text }}.{% endif %}") == []
    assert warnings("Next update {{ next_update.text }}.") == []
    assert len(warnings("{{ window }} {{ affected_users }} {{ planned_start }} {{ planned_end }} {{ since }}")) == 5


# The guard at the door


def test_an_inserted_value_that_leaks_is_held_even_if_allowed_in_texts():
    """The allowed list is for what an admin wrote into a rule; a value comes from elsewhere."""
    catalogue = Catalogue((Service("x", "help@acme.example", aliases={"servicenow": ("CARD-GW-PROD",)}),))
    said = words("{{ service.name }} is down.", catalogue=catalogue, allow=["help@acme.example"])
    assert said.leak == 'an e-mail address ("help@acme.example")'


def test_an_allowed_text_may_be_said():
    assert words("Write to help@acme.example.", allow=["help@acme.example"]).leak == ""


def test_a_leak_put_together_from_pieces_is_held():
    assert words("See 10.0.0.{{ affected_users }}", affected_users=12).leak == 'an IP address ("10.0.0.12")'


def test_the_own_key_may_be_said_and_no_other():
    assert words("{{ ticket.key }} is with us.").leak == ""
    assert words("INC0012346 is with us.").leak == 'another ticket ("INC0012346")'


def test_a_secret_is_not_repeated_in_the_journal():
    assert words("It is password=hunter2 here").leak == 'a password ("pass…")'


# Progress


@given(
    st.sampled_from(["", *State, "strange"]),
    st.sampled_from(["", *Phase, "strange"]),
    st.sampled_from(["", *HoldReason, "strange"]),
    st.sampled_from(["", *Resolution]),
    st.sampled_from(list(Kind)),
    st.sampled_from([None, NOW, NOW + timedelta(hours=1), NOW - timedelta(minutes=5), NOW - timedelta(days=3)]),
    st.sampled_from(["requester", "business", "customers", "agents"]),
)
def test_progress_is_always_one_clean_sentence(state, phase, hold, resolution, kind, since, audience):
    fields = {"state": state, "phase": phase, "hold_reason": hold, "resolution": resolution}
    moment = Moment(MomentKind.OPENED, "1", NOW)
    message = Message(Audience(audience), "opened", "r1", "{{ progress }}", "")
    said = render(
        Rules(), CATALOGUE, message, ticket(**fields).evolve(kind=kind), moment, Facts(NOW, since=since), zone="UTC"
    ).text
    assert said.endswith(".")
    assert "{" not in said
    assert leaks(said) == ()
    if state != "resolved":
        assert "finished" not in said
    if audience != "requester":
        assert "you" not in said.lower().split()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "new"}, "We have had your report since 13:40. Work on it has not started yet."),
        ({"state": "in_progress"}, "Our team has been working on it since 13:40."),
        ({"state": "in_progress", "phase": "cause_sought"}, "We have been looking for the cause since 13:40."),
        (
            {"state": "in_progress", "phase": "fix_running"},
            "We know the cause and have been working on the fix since 13:40.",
        ),
        (
            {"state": "in_progress", "phase": "monitoring"},
            "A fix has been in place since 13:40, and we are watching it.",
        ),
        ({"state": "on_hold"}, "The work has been paused since 13:40."),
        ({"state": "on_hold", "hold_reason": "requester"}, "We need your answer to go on."),
        (
            {"state": "on_hold", "hold_reason": "vendor"},
            "We have been waiting for another company's part of the work since 13:40.",
        ),
        ({"state": "on_hold", "hold_reason": "change"}, "The work has been paused since 13:40."),
        (
            {"state": "new", "phase": "monitoring"},
            "We have had your report since 13:40. Work on it has not started yet.",
        ),
        ({"state": "implement"}, "The work has been under way since 13:40."),
        ({"state": "scheduled"}, "The change is planned."),
        ({"state": ""}, "We have your report."),
    ],
)
def test_progress_says_what_the_ticket_shows(fields, said):
    assert words("{{ progress }}", **fields).text == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "new"}, "We have your report. Work on it has not started yet."),
        ({"state": "in_progress", "phase": "fix_running"}, "We know the cause and are working on the fix."),
        ({"state": "on_hold"}, "The work is paused for now."),
    ],
)
def test_what_has_just_become_so_is_said_plainly(fields, said):
    assert words("{{ progress }}", facts=Facts(NOW, since=NOW - timedelta(minutes=5)), **fields).text == said


def test_a_time_still_to_come_is_no_time_since():
    facts = Facts(NOW, since=NOW + timedelta(minutes=1))
    assert words("{{ progress }}", facts=facts).text == "Our team is working on it."


# Hostile templates

HOSTILE = [
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in range(100000000) %}{% for j in range(100000000) %}x{% endfor %}{% endfor %}",
    "{{ 'a' * 10000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% for i in impacts recursive %}{{ loop(impacts) }}{% endfor %}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% import 'os' as os %}",
    "{{ service.__class__.__mro__ }}",
    "{{ service.name.__class__ }}",
    "{{ service['__class__'] }}",
    "{{ service|attr('__dict__') }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ self }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ debug() }}",
    "{{ progress|map('upper')|list }}",
    "{{ progress ~ progress }}",
    "{{ n" + "+1" * 20_000 + " }}",
    "{{ n" + "+1" * 3_000 + " }}",
    "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
    "{{ " + "not " * 1_500 + "progress }}",
    "{% if progress %}" * 400 + "x" + "{% endif %}" * 200,
    "{{ progress }}" * 500,
    "{{" * 3_000,
    "{%" * 3_000,
    "{#" * 3_000,
    "{{ '" + "\\" * 5_000,
    "{{ " + "progress|" * 700 + "upper }}",
    "{{ " + "[" * 70 + "]" * 5 + " }}",
    "{% raw %}{{ ticket.title }}{% endraw %}",
    "{% set ticket = 1 %}{{ ticket }}",
    "{% autoescape true %}x{% endautoescape %}",
]


@pytest.mark.parametrize("audience", ["requester", "agents"])
@pytest.mark.parametrize("source", HOSTILE, ids=[text[:40] for text in HOSTILE])
def test_a_hostile_template_is_a_fault_and_never_runs(source, audience):
    began = wall.monotonic()
    found = errors(source, audience)
    with pytest.raises(WordsError):
        words(source, audience=audience)
    assert found
    assert wall.monotonic() - began < 1


def test_a_very_long_chain_is_only_long():
    source = "{% if not progress %}a" + "{% elif not progress %}b" * 300 + "{% else %}Hello.{% endif %}"
    assert errors(source) == []
    assert words(source).text == "Hello."


def test_loops_in_loops_run_out_of_fuel():
    """Ten impacts, looped over in one another, are a loop of any length."""
    source = "{% for a in impacts %}" * 9 + "x" + "{% endfor %}" * 9
    impacts = [Impact(str(n), Level.LOW, "S.", "r") for n in range(10)]
    began = wall.monotonic()
    with pytest.raises(WordsError, match="fuel"):
        words(source, audience="agents", impacts=impacts)
    assert wall.monotonic() - began < 1


PIECES = st.sampled_from(["|", " ", "\n"]) | st.sampled_from(
    """{{ | }} | {% | %} | {# | #} | - | service.name | progress | ticket | . | title | __class__ | upper | if | endif
    | else | for | in | impacts | endfor | ( | ) | [ | ] | ' | " | x | ü | not | and | * | {{ service.name }}
    | {% if progress %} | {% endif %} | {{ next_update.text }} | 1 | , | ==""".replace("\n    ", " ").split(" | ")
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["requester", "agents"]))
def test_any_template_ends_in_words_or_in_an_error_with_a_place(source, audience):
    """No template makes anything but words, a fault inside its own text, or a WordsError."""
    for line, column, message in errors(source, audience):
        assert 1 <= line <= source.count("\n") + 1
        assert column >= 1
        assert message
    try:
        said = words(source, audience=audience).text
    except WordsError as error:
        said = str(error).removeprefix("rules.yaml:3: rule r1, ")
    assert said
    assert not said.startswith("rules.yaml")


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_our_reading_agrees_with_minijinjas(source):
    """Every name that minijinja would look up in a template without faults is a name that check has seen."""
    if errors(source, "agents"):
        return
    theirs = minijinja.Environment().undeclared_variables_in_str(source, nested=True)
    assert {name.partition(".")[0] for name in theirs} == {used.path.partition(".")[0] for used in names_used(source)}
    assert theirs <= {used.path for used in names_used(source)}


def test_the_vocabulary_lists_each_name_once():
    paths = [name.path for name in FOR_EVERYBODY + FOR_AGENTS]
    assert len(paths) == len(set(paths))
