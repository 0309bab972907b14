"""Small edits leave a rules file as people wrote it, but for one line."""

from difflib import ndiff
from pathlib import Path

import pytest

from app import edits
from app.edits import Uneditable
from rules import load
from rules.documents import read
from rules.load import PACKS

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = (*sorted(PACKS.glob("*.yaml")), *sorted(EXAMPLES.rglob("rules*.yaml")))
EVERY = [
    pytest.param(file.read_text(), rule["id"], id=f"{file.stem} {rule['id']}")
    for file in FILES
    for rule in read("", file.read_bytes()).root.plain().get("rules") or ()
]
OWN = """\
version: 1
rules:
  # Cards come first.
  - id: cards   # as the till says
    mode: draft
    messages: {requester: {opened: Hello.}}

  - {id: shop, messages: {requester: {opened: "Hi, {{ ticket.key }}."}}}
# The rest is a trial.
tests: []
"""


def changed(old, new):
    return [line for line in ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(("text", "name"), EVERY)
def test_off_and_on_again_is_as_it_was(text, name):
    off = edits.switched_off(text, name)
    assert len(changed(text, off)) <= 2
    assert edits.switched_on(off, name) == text


def test_off_is_one_line_under_the_name():
    assert changed(OWN, edits.switched_off(OWN, "cards")) == ["+     active: false"]
    assert "- {id: shop, active: false, messages:" in edits.switched_off(OWN, "shop")


@pytest.mark.parametrize(
    ("written", "on"),
    [
        ("rules:\n- active: false\n  id: a\n  messages: {}\n", "rules:\n- active: true\n  id: a\n  messages: {}\n"),
        ("rules: [{active: false, id: a, when: {}}]\n", "rules: [{active: true, id: a, when: {}}]\n"),
        ("rules: [{id: a, active : false, when: {}}]", "rules: [{id: a, when: {}}]"),
        ("rules:\n- id: a\n  when: {}\n  active: false", "rules:\n- id: a\n  when: {}\n"),
    ],
)
def test_on_however_it_was_written(written, on):
    assert edits.switched_on(written, "a") == on
    assert read("", edits.switched_off(on, "a").encode()).root.plain()["rules"][0]["active"] is False


@pytest.mark.parametrize("text", ["version: 1\n", "version: 1\nrules:\n", OWN, OWN.replace("\n\n", "\n")])
def test_a_shipped_rule_is_switched_off_and_on_in_a_file_of_ones_own(text):
    off = edits.shipped_off(text, "incident")
    assert read("", off.encode()).root.plain()["rules"][-1] == {"id": "incident", "active": False}
    again = edits.switched_on(off, "incident")
    assert read("", again.encode()).root.plain().get("rules") == read("", text.encode()).root.plain().get("rules")
    if "cards" in text:
        assert again == text


def test_a_copy_of_each_shipped_rule_says_the_same_in_its_place(tmp_path):
    before = load([])
    for file in sorted(PACKS.glob("*.yaml")):
        source = file.read_text()
        for section in ("rules", "gates"):
            for entry in read("", source.encode()).root.plain().get(section) or ():
                (tmp_path / "own.yaml").write_text(edits.copied(edits.NEW_FILE, section, entry["id"], source))
                after = load([tmp_path])
                if section == "gates":
                    assert {g.id for g in after.gates} == {g.id for g in before.gates}
                    continue
                mine = next(rule for rule in after.rules if rule.id == entry["id"])
                old = next(rule for rule in before.rules if rule.id == entry["id"])
                assert (mine.layer.name, mine.when, mine.unless, mine.cadences.keys()) == (
                    "DEFAULT", old.when, old.unless, old.cadences.keys(),
                )  # fmt: skip
                texts = [
                    {k: [e.template for e in s.entries.values()] for k, s in r.messages.items()} for r in (mine, old)
                ]
                assert texts[0] == texts[1]


def test_a_copy_keeps_its_comments_and_goes_where_the_others_stand():
    source = "rules:\n# above\n- id: a  # why\n  # within\n  when: {kind: incident}\n\n# of the next\n- id: b\n"
    new = edits.copied(OWN, "rules", "a", source)
    assert changed(OWN, new) == [
        "+ ",
        f"+   {edits.COPIED}",
        "+   - id: a  # why",
        "+     layer: default",
        "+     # within",
        "+     when: {kind: incident}",
    ]
    assert new.index("id: shop") < new.index("id: a ") < new.index("# The rest")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda: edits.switched_off(OWN, "gone"), "gone does not stand in this file any more."),
        (lambda: edits.switched_on(OWN, "cards"), "is not switched off"),
        (lambda: edits.switched_off("rules: [", "a"), "cannot be read"),
        (lambda: edits.shipped_off("rules: [{id: a}]", "incident"), "on one line"),
        (lambda: edits.shipped_off(OWN, "cards"), "stands in this file already"),
        (lambda: edits.copied("language: de\n", "rules", "a", "rules:\n- id: a\n"), "read as de"),
        (lambda: edits.switched_on("rules: [{id: a, active: false}]", "a"), "lines of its own"),
    ],
)
def test_what_no_button_can_do_is_said(edit, why):
    with pytest.raises(Uneditable) as caught:
        edit()
    assert why in str(caught.value)
    assert "editor" in str(caught.value)
