"""What Liaison ships keeps its own promises: every rule and gate is tried in its own file, in both languages."""

import pytest

import rules
from core.notes import CUSTOMER_FACING
from rules.language import RuleSet
from rules.staging import stage


@pytest.fixture(scope="module")
def packs() -> RuleSet:
    return rules.load([])


def test_every_test_of_the_packs_passes(packs):
    results = rules.run_tests(packs, packs=True)
    assert len(results) >= 40
    assert [(result.name, result.failures) for result in results if not result.passed] == []


def test_every_rule_is_named_by_a_test(packs):
    named = {
        name
        for trial in packs.tests
        for name in (*(trial.expect.get("rules") or ()), *(trial.expect.get("winner") or {}).values())
    }
    assert {rule.id for rule in packs.rules} - named == set()


def test_every_gate_silences_somebody_in_a_test(packs):
    fired = {
        gate
        for trial in packs.tests
        if "gated" in (trial.expect.get("silent") or {}).values()
        for gate in rules.decide(*staged(packs, trial)).gates
    }
    assert {gate.id for gate in packs.gates} - fired == set()


def staged(packs, trial):
    catalogue, ticket, moment = stage(packs, trial)
    return packs, catalogue, ticket, moment, trial.at


def test_every_text_is_there_in_english_and_german(packs):
    said = [(rule, entry) for rule in packs.rules for slot in rule.messages.values() for _, entry in slot.all()]
    said += [(rule, rule.impact.said) for rule in packs.rules if rule.impact]
    lacking = [
        f"{rule.id} at {entry.place}"
        for rule, entry in said
        if entry.template is not None and {one.language for one in entry.all()} != {"en", "de"}
    ]
    assert lacking == []
    assert [phrase.id for phrase in packs.phrases.values() if set(phrase.texts) != {"en", "de"}] == []


def test_german_texts_address_nobody_as_a_friend(packs):
    texts = [
        one.template.lower()
        for rule in packs.rules
        for (audience, _), slot in rule.messages.items()
        if audience in CUSTOMER_FACING
        for _, entry in slot.all()
        for one in entry.all()
        if one.template and one.language == "de"
    ]
    assert len(texts) > 40
    assert [text for text in texts if {"du", "dein", "deine", "dich", "dir"} & set(text.split())] == []


def test_no_own_rule_runs_the_tests_of_the_packs(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text("version: 1\n")
    assert rules.run_tests(rules.load([file])) == ()
