"""Files and folders to one rule set."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import RulesError, Severity
from rules import check, load
from rules.load import examine
from rules.mistakes import MOST
from tests.rules.support import problems, rule_set, write

RULE = "rules: [{{id: {0}, when: {{priority: {1}}}, messages: {{requester: {{opened: Hello.}}}}}}]\n"


def test_a_folder_is_all_its_yaml_files_each_once(tmp_path):
    write(tmp_path, "b.yaml", RULE.format("b", "P2"))
    (tmp_path / "team").mkdir()
    file = write(tmp_path / "team", "a.yml", RULE.format("a", "P1"))
    write(tmp_path, "notes.txt", "rulez: []")
    rules = load([tmp_path, file, tmp_path / "b.yaml"], packs=False)
    assert [rule.id for rule in rules.rules] == ["a", "b"]


def test_a_path_that_is_not_there_is_told(tmp_path):
    found = check([tmp_path / "none.yaml", tmp_path / "nowhere"], packs=False)
    assert [p.message for p in found] == ["there is no such file or folder."] * 2


def test_an_empty_folder_is_no_mistake(tmp_path):
    assert load([tmp_path], packs=False).rules == ()


def test_everything_wrong_in_all_files_is_told_at_once(tmp_path):
    write(tmp_path, "a.yaml", "rulez: []")
    write(tmp_path, "b.yaml", "team: 'x")
    write(tmp_path, "c.yaml", "rules: [{id: c, when: {prio: P1}, layer: top, messages: {agents: {opened: '{{ x }}'}}}]")
    with pytest.raises(RulesError) as caught:
        load([tmp_path], packs=False)
    assert [(Path(p.path).name, p.line) for p in caught.value.problems] == [
        ("a.yaml", 2),
        ("b.yaml", 2),
        *[("c.yaml", 2)] * 3,
    ]
    assert str(caught.value).startswith("5 problems in the rules:\n")


def test_warnings_do_not_keep_rules_from_working(tmp_path):
    rules = rule_set(tmp_path, RULE.format("a", "P1") + "services: [{id: a, name: a, needs: [b]}]\n")
    assert [w.message for w in rules.warnings] == ["a needs 'b', which is no service of the catalogue."]


def test_the_hash_is_of_the_content_alone(tmp_path):
    one, other = RULE.format("a", "P1"), RULE.format("b", "P2")
    straight = rule_set(tmp_path, one, other)
    assert rule_set(tmp_path, other, one).hash == straight.hash
    assert rule_set(tmp_path, one, other + "# changed\n").hash != straight.hash


def test_a_name_used_twice_is_an_error_that_names_both_places(tmp_path):
    text = "lists: {a: [x]}\nsettle: {opened: 1m}\ncalendars: {c: {days: mon}}\n"
    found = problems(tmp_path, text, text)
    assert [line.partition("; ")[0] for line in found] == [
        f"1.yaml:2:12: lists: 'a' is already defined at {tmp_path}/0.yaml:2",
        f"1.yaml:3:18: settle: 'opened' is already defined at {tmp_path}/0.yaml:3",
        f"1.yaml:4:16: calendars: 'c' is already defined at {tmp_path}/0.yaml:4",
    ]


def test_a_file_of_a_thousand_rules_loads_in_seconds(tmp_path):
    entries = "".join(
        f"  - {{id: r{n}, when: {{category: c{n}, priority: [P1, P2]}}, messages: {{requester: "
        f'{{opened: "We are on it. Case {{{{ ticket.key }}}}."}}}}, cadence: {{requester: {{every: {n + 1}m}}}}}}\n'
        for n in range(1000)
    )
    before = time.process_time()
    rules = rule_set(tmp_path, "rules:\n" + entries)
    assert time.process_time() - before < 30  # about two seconds on a good day
    assert rules.rules[0].cadences["requester"].every == timedelta(minutes=1)


def test_many_mistakes_are_counted_rather_than_listed_for_ever(tmp_path):
    keys = "".join(f"    wrong{n}: x\n" for n in range(10_000))
    before = time.process_time()
    found = problems(tmp_path, f"rules:\n  - id: a\n{keys}")
    assert time.process_time() - before < 10
    assert len(found) == 52
    assert any("more errors than are listed" in line for line in found)


def test_after_many_errors_nothing_is_read_any_more(tmp_path):
    """They are all at once for people; nineteen thousand wrong rules are one mistake, made by a script."""
    wrong = "".join(f"  - {{id: r{number}, whn: {{kind: incident}}}}\n" for number in range(3000))
    found = check([write(tmp_path, "a.yaml", f"rules:\n{wrong}")], packs=False, wording=True)
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert len(errors) == MOST + 1
    assert errors[-1].message.startswith("there are more than 500 errors, so nothing is read from here on.")
    assert errors[-1].line == MOST + 3
    assert errors[0].line == 3


def test_many_warnings_leave_nothing_unread(tmp_path):
    """A rule set that works is never cut off."""
    line = "  - {{id: r{0}, when: {{labels: a{0}}}, messages: {{business: {{opened: Hello.}}}}}}\n"
    text = "rules:\n" + "".join(line.format(number) for number in range(MOST + 100))
    assert len(rule_set(tmp_path, text).rules) == MOST + 100


def test_a_folder_without_rules_is_told(tmp_path):
    write(tmp_path, "rules.yml.bak", "rules: []")
    (found,) = check([tmp_path], packs=False)
    assert (found.path, found.severity) == (str(tmp_path), Severity.WARNING)
    assert "there is no rules file in this folder" in found.message


def test_the_shipped_packs_have_neither_errors_nor_doubts():
    assert [str(p) for p in check([])] == []


def test_words_an_admin_allows_may_stand_in_a_text(tmp_path):
    said = "rules: [{id: a, messages: {requester: {opened: 'Write to help@acme.example.'}}}]\n"
    assert "an e-mail address" in problems(tmp_path, said)[0]
    assert problems(tmp_path, said, "allow: [help@acme.example]\n") == []


def test_what_is_not_saved_yet_is_looked_at_in_the_place_of_the_file(tmp_path):
    write(tmp_path, "a.yaml", RULE.format("a", "P1"))
    write(tmp_path, "b.yaml", RULE.format("b", "P2"))
    instead = {tmp_path / "a.yaml": b"version: 2", tmp_path / "team" / "c.yaml": b"rulez: []"}
    found = check([tmp_path], packs=False, instead=instead)
    assert {Path(problem.path).name for problem in found} == {"a.yaml", "c.yaml"}
    rules, problems_ = examine([tmp_path], packs=False, instead={tmp_path / "b.yaml": None})
    assert ([rule.id for rule in rules.rules], problems_) == (["a"], ())


def test_a_rule_that_is_switched_off_is_read_and_put_aside(tmp_path):
    rules = rule_set(tmp_path, RULE.format("a", "P1").replace("id: a", "id: a, active: false"), RULE.format("b", "P2"))
    assert [rule.id for rule in rules.rules] == ["b"]
    assert [(rule.id, rule.active) for rule in rules.resting] == [("a", False)]
    assert rules.warnings == ()


def test_a_shipped_rule_is_switched_off_by_its_name_alone(tmp_path):
    there = {rule.id for rule in load([]).rules}
    rules = rule_set(tmp_path, "rules: [{id: incident, active: false}]", packs=True)
    assert there - {rule.id for rule in rules.rules} == {"incident"}
    assert [rule.id for rule in rules.resting] == ["incident"]
    assert rules.warnings == ()
