"""Whatever is put in place of any value of a good file, check answers with problems and never with an exception."""

import copy
import json
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RulesError
from rules import check, load, run_tests

FILES = Path(__file__).parent / "files"
GOOD = {}
for NAME in ("handbook_rules.yaml", "handbook_catalogue.yaml"):
    GOOD |= yaml.load((FILES / NAME).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
GOOD["version"] = 1


def places(value, path=()):
    """Every path in the file, its collections included."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(GOOD) if path]
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", " ", "none", "@x", "@", "{{", "{{ a.b }}", "{% if %}", "30m", "P1", "all", "2026-11-20", "a: b", "\n"]
    )
    | st.text(max_size=6)
)
NESTED = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ODD.map(str), inner, max_size=2), max_leaves=4
)


def replaced(path, value):
    changed = copy.deepcopy(GOOD)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def renamed(path, key):
    """The same with a key misspelt."""
    changed = copy.deepcopy(GOOD)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(holder, dict):
        holder[key] = holder.pop(path[-1])
    return changed


def examined(folder: Path, plain) -> None:
    file = folder / "changed.yaml"
    file.write_text(json.dumps(plain), encoding="utf-8")
    problems = check([file], packs=False)
    assert all(problem.message and problem.path == str(file) for problem in problems)
    try:
        run_tests(load([file], packs=False))
    except RulesError as error:
        assert set(error.problems) <= set(problems)  # noqa: PT017 - many changes leave good rules


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), NESTED)
def test_any_value_anywhere(tmp_path_factory, path, value):
    examined(tmp_path_factory.mktemp("changed"), replaced(path, value))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), st.text(max_size=8))
def test_any_key_anywhere(tmp_path_factory, path, key):
    examined(tmp_path_factory.mktemp("changed"), renamed(path, key))
