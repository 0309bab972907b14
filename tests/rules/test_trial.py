"""`tests:` entries: each expectation fails with a sentence that shows the difference."""

import pytest

from rules import run_tests
from tests.rules.support import rule_set

RULES = """
calendars:
  day: {timezone: location, days: mon-fri, open: "09:00-17:00"}
services: [{id: cards, name: card payments}]
locations: [{id: berlin, name: Berlin Mitte, timezone: Europe/Berlin, aliases: [B-17]}]
gates: [{id: secret, when: {category: security}, silence: all}]
rules:
  - id: cards
    when: {service: cards}
    impact: {id: pay, level: high, statement: Customers wait.}
    messages:
      requester:
        opened: "{{ service.name | capitalize }} fail at {{ location.name }}. We will write again {{ next_update.text }}."
        raised: "It is urgent now."
      agents:
        opened: "The requester reads: {{ requester_reads }} They hear more {{ next_update.text }}."
    cadence: {requester: {every: 30m}}
  - {id: changed, when: {priority: {from: P2}}, messages: {agents: {raised: It was P2.}}}
tests:
  - name: tried
    at: 2026-11-20T14:00:00+01:00
"""


def failures(
    folder, expect: str, *, ticket: str = "service: cards", moment: str = "opened", more: str = ""
) -> tuple[str, ...]:
    entry = f"    moment: {moment}\n    ticket: {{key: INC1, {ticket}}}\n    expect: {{{expect}}}\n{more}"
    (result,) = run_tests(rule_set(folder, RULES + entry))
    assert result.passed is (not result.failures)
    return result.failures


BERLIN = "    location: berlin\n"
ELSEWHERE = "    location: {name: Vienna West, timezone: Europe/Vienna, country: AT}\n"
RIGHT = [
    ("rules: [cards]", BERLIN),
    ("rules: cards", ""),
    ("says: {requester.opened: at Berlin Mitte}", "    location: b-17\n"),
    ("winner: {requester.opened: cards, agents.opened: cards}", ""),
    ("says: {requester.opened: [Card payments, 'by 14:30 today', berlin mitte]}", BERLIN),
    ("says: {requester.opened: [Vienna West, '14:30']}", ELSEWHERE),
    ("says: {agents.opened: ['The requester reads: Card payments fail at your location.']}", ""),
    ("says: {agents.opened: 'They hear more by 14:30 today'}", BERLIN),
    ("not_says: {requester.opened: CARD-GW}", ""),
    ("next_update: {requester: 2026-11-20T14:30:00+01:00}", BERLIN),
    ("impacts: [pay]", ""),
]


@pytest.mark.parametrize(("expect", "more"), RIGHT)
def test_what_is_so_passes(tmp_path, expect, more):
    assert failures(tmp_path, expect, more=more) == ()


WRONG = [
    ("rules: [changed]", "rules: missing changed; not expected cards"),
    ("winner: {requester.opened: changed}", "winner of requester.opened: wanted changed, got cards"),
    (
        "says: {requester.opened: [cash]}",
        (
            "requester.opened does not say 'cash':\n"
            "  - cash\n"
            "  + Card payments fail at your location. We will write again by 13:30 today (UTC)."
        ),
    ),
    (
        "not_says: {requester.opened: [Fail at]}",
        (
            "requester.opened says 'Fail at', which it must not:\n"
            "  + Card payments fail at your location. We will write again by 13:30 today (UTC)."
        ),
    ),
    (
        "silent: {requester.opened: gated}",
        (
            "requester.opened should be silent (gated) and says:\n"
            "  + Card payments fail at your location. We will write again by 13:30 today (UTC)."
        ),
    ),
    (
        "next_update: {requester: 2026-11-20T15:00:00+01:00}",
        "next update for requester: wanted 2026-11-20T14:00:00+00:00, got 2026-11-20T13:30:00+00:00",
    ),
    (
        "next_update: {agents: 2026-11-20T15:00:00Z}",
        "next update for agents: wanted 2026-11-20T15:00:00+00:00, got no promise",
    ),
    ("impacts: [pay, orders]", "impacts: missing orders; not expected none"),
]


@pytest.mark.parametrize(("expect", "failure"), WRONG)
def test_what_is_not_so_is_told(tmp_path, expect, failure):
    assert failures(tmp_path, expect) == (failure,)


def test_a_wrong_time_is_told_by_the_clock_of_the_place(tmp_path):
    expect = "next_update: {requester: 2026-11-20T15:00:00+01:00}"
    told = "next update for requester: wanted 2026-11-20T15:00:00+01:00, got 2026-11-20T14:30:00+01:00"
    assert failures(tmp_path, expect, more=BERLIN) == (told,)


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ("silent: {requester.opened: gated}", None),
        (
            "silent: {requester.opened: no_rule}",
            "requester.opened is silent for another reason: wanted no_rule, got gated (gate secret)",
        ),
        ("says: {requester.opened: cash}", "requester.opened says nothing: gated (gate secret)"),
    ],
)
def test_silence_is_named(tmp_path, expect, failure):
    assert failures(tmp_path, expect, ticket="category: security") == ((failure,) if failure else ())


@pytest.mark.parametrize(("before", "rules"), [("{priority: P2}", "[cards, changed]"), ("{priority: P3}", "[cards]")])
def test_what_was_before_is_given_as_what_differs(tmp_path, before, rules):
    found = failures(
        tmp_path,
        f"rules: {rules}",
        ticket="service: cards, priority: P1",
        moment="raised",
        more=f"    before: {before}\n",
    )
    assert found == ()


def test_a_text_that_cannot_be_made_fails_the_test_and_not_the_run(tmp_path):
    text = """
        rules: [{id: a, messages: {requester: {started: "It ends {{ planned_end.text }}."}}}]
        tests:
          - {name: x, at: 2026-11-20T14:00:00Z, moment: started, ticket: {key: CHG1, kind: change}, expect: {}}
    """
    (result,) = run_tests(rule_set(tmp_path, text))
    assert not result.passed
    assert result.failures[0].startswith("it cannot run: ")
    assert "planned_end" in result.failures[0]
