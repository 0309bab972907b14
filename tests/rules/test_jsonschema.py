"""The JSON Schema that editors use: it takes what Liaison takes, and marks what people get wrong."""

from pathlib import Path

import jsonschema
import pytest

from rules import documents, schema, values
from rules.described import DESCRIBED
from rules.jsonschema import READ, json_schema

ROOT = Path(__file__).parents[2]
GOOD = sorted(
    [*ROOT.glob("rules/packs/*.yaml"), *ROOT.glob("examples/retail/*.yaml"), *ROOT.glob("tests/rules/files/*.yaml")]
)
VALIDATOR = jsonschema.Draft7Validator(json_schema())


def wrong(text: str) -> list[str]:
    plain = documents.read("rules.yaml", text.encode()).root.plain()
    return ["/".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(plain)]


def test_it_is_a_schema_itself() -> None:
    """A validator of schemas takes it."""
    jsonschema.Draft7Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_what_liaison_takes_it_takes(path: Path) -> None:
    """Packs, examples and the handbook's file are valid."""
    assert wrong(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rules: []", ""),
        ("version: 2", "version"),
        ("version: 1\nruels: []", ""),
        ("version: 1\nrules: [{id: a, wehn: {}}]", "rules/0"),
        ("version: 1\nrules: [{id: a, layer: highest}]", "rules/0/layer"),
        ("version: 1\nrules: [{id: a, messages: {client: {opened: Hello.}}}]", "rules/0/messages"),
        ("version: 1\nrules: [{id: a, messages: {requester: {openned: Hello.}}}]", "rules/0/messages/requester"),
        ("version: 1\nrules: [{id: a, when: {prioritty: P1}}]", "rules/0/when"),
        ("version: 1\nrules: [{id: a, when: {priority: {above: P1}}}]", "rules/0/when/priority"),
        ("version: 1\nrules: [{id: a, cadence: {requester: {every: half an hour}}}]", "rules/0/cadence/requester"),
        ("version: 1\ngates: [{id: a, when: {}}]", "gates/0"),
        ("version: 1\nlocations: [{id: a, name: A, timezone: Europe/Belin}]", "locations/0/timezone"),
        ("version: 1\nsettle: {opened: soon}", "settle/opened"),
    ],
)
def test_what_people_get_wrong_it_marks(text: str, where: str) -> None:
    """Each mistake is found at its own place."""
    assert wrong(text) == [where]


@pytest.mark.parametrize("name", ["ticket", "before"])
def test_a_tests_ticket_is_known_field_by_field(name: str) -> None:
    """Editors offer its fields and their values; any case is read, so a value is not held against its writer."""
    more = "" if name == "ticket" else ", ticket: {key: INC1}"
    test = f"version: 1\ntests: [{{name: a, at: x, moment: opened, expect: {{}}{more}, {name}: %s}}]"
    assert wrong(test % "{kind: Incident, requester: eva, fields: {a: 1}, service: null}") == []
    assert wrong(test % "{prioritty: P1}") == [f"tests/0/{name}"]
    offered = json_schema()["definitions"]["sample"]["properties"]
    assert "P1" in offered["priority"]["examples"]
    assert "vip" in offered["requester"]["properties"]


def test_every_key_is_described() -> None:
    """An editor has a line to show beside every key of every shape."""
    keys = {field.data_key or name for shape in schema.SHAPES.values() for name, field in shape.fields.items()}
    told_by_their_parent = {"name", "rules", "winner", "says", "not_says", "silent", "next_update", "impacts"}
    assert keys - DESCRIBED.keys() <= told_by_their_parent
    assert DESCRIBED.keys() <= keys


def test_every_kind_of_value_is_known() -> None:
    """A reader that nobody described would let anything pass."""
    found = [
        field.read
        for shape in schema.SHAPES.values()
        for field in shape.fields.values()
        if isinstance(field, values.Value) and not getattr(field.read, "choices", None)
    ]
    assert set(found) <= {*READ, values.zone}
