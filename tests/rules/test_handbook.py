"""The examples of the rule language's handbook load exactly as printed, and its test passes."""

from pathlib import Path

import pytest

from core.errors import Severity
from core.notes import Audience
from rules import check, decide, explain, load, run_tests
from rules.staging import stage

FILES = Path(__file__).parent / "files"
BOTH = [FILES / "handbook_rules.yaml", FILES / "handbook_catalogue.yaml"]


@pytest.fixture(scope="module", params=[True, False], ids=["with packs", "without packs"])
def rules(request):
    return load(BOTH, packs=request.param)


def test_the_handbooks_own_test_passes(rules):
    assert [(result.name, result.failures) for result in run_tests(rules)] == [("P1 on a Friday evening", ())]


def test_the_words_are_those_a_requester_should_read(rules):
    said = run_tests(rules)[0].said
    assert said["requester.opened"] == (
        "Card payments are failing at Berlin Mitte. You can pay in cash.\nWe will write again by 20:20 today."
    )


def test_each_file_alone_has_no_errors():
    """A catalogue is useful without rules, and rules are without a catalogue."""
    for file in BOTH:
        assert [p for p in check([file], packs=False) if p.severity is Severity.ERROR] == []


def test_nothing_in_the_handbook_waits_to_be_built():
    assert not any("not active yet" in p.message for p in check(BOTH, packs=False))


def test_the_explanation_names_winner_losers_and_failed_conditions(rules):
    trial = rules.tests[0]
    catalogue, ticket, moment = stage(rules, trial)
    told = explain(rules, catalogue, ticket.evolve(priority="P3"), moment, trial.at).to_dict()
    outage = next(rule for rule in told["rules"] if rule["rule"] == "payments-card-outage")
    assert outage["failed"] == ("priority is P3, the rule wants P1 or P2",)
    slot = next(slot for slot in told["slots"] if slot["slot"] == "requester.opened")
    assert slot["winner"] == "payments-any"


def test_a_decision_says_the_same_as_its_explanation(rules):
    trial = rules.tests[0]
    catalogue, ticket, moment = stage(rules, trial)
    decision = decide(rules, catalogue, ticket, moment, trial.at)
    told = explain(rules, catalogue, ticket, moment, trial.at)
    assert {slot.slot.partition(".")[0]: slot.winner for slot in told.slots if slot.says == "message"} == {
        str(audience): message.rule for audience, message in decision.messages.items()
    }
    assert decision.messages[Audience.REQUESTER].where.endswith("handbook_rules.yaml:32")
