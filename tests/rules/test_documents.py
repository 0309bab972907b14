"""YAML with positions, and what hostile files end in."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RulesError
from rules import documents
from rules.documents import Mark, read

HOSTILE = {
    "five megabytes": (b"a: b\n" * 1_000_000, "more than 4,000,000 bytes"),
    "ten thousand brackets": (b"[" * 10_000, "nested more than 40 deep"),
    "ten thousand dashes": (b"- " * 10_000, "nested more than 40 deep"),
    "a hundred thousand mappings": (b"{a: " * 100_000, "nested more than 40 deep"),
    "too many keys": (b"".join(b"k%d: 1\n" % n for n in range(190_000)), "more than 20,000 entries"),
    "the same key again and again": (b"a: 1\n" * 190_000, "more than 1000 keys"),
    "alias bomb": (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors and aliases are not allowed"),
    "an alias without an anchor": (b"a: *b", "anchors and aliases are not allowed"),
    "NUL": (b"a: \0", "U+0000"),
    "a control character": (b"a: \x1b[31m", "U+001B"),
    "bad UTF-8": (b"a: \xff", "byte 0xff is not UTF-8"),
    "UTF-16": ("a: b".encode("utf-16"), "UTF-16"),
    "a tab": (b"a:\n\t- b", "a tab"),
    "Python": (b"a: !!python/object/apply:os.system [x]", "the tag"),
    "two documents": (b"a: b\n---\na: c", "a second document"),
}


@pytest.mark.parametrize(("content", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_ends_in_one_clear_error(content, words):
    before = time.process_time()
    with pytest.raises(RulesError) as caught:
        read("bad.yaml", content)
    assert time.process_time() - before < 10  # about one second of work, and no bomb: this is no stopwatch
    assert len(caught.value.problems) == 1
    assert words in caught.value.problems[0].message


def test_a_file_of_very_many_values_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(documents, "MAX_VALUES", 3_000)
    with pytest.raises(RulesError, match="more than 3,000 values in one file"):
        read("bad.yaml", b"".join(b"k%d:\n" % number + b"- a\n" * 1_000 for number in range(4)))


def test_a_byte_order_mark_is_no_mistake():
    """Windows editors write one."""
    assert read("f.yaml", b"\xef\xbb\xbfversion: 1").root.plain() == {"version": 1}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("none", "none"), ("12:30", "12:30"), ("2026-11-20", "2026-11-20"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("0x10", 16),
        ("010", 10), ("1.5", 1.5), ("1e3", 1000.0), ("'12'", "12"), ('"true"', "true"), (".inf", ".inf"),
        ("1_000", "1_000"), ("9" * 40, "9" * 40), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(written, value):
    found = read("f.yaml", f"a: {written}".encode()).root.plain()["a"]
    assert found == value
    assert type(found) is type(value)


def test_every_value_and_key_knows_its_place():
    root = read("f.yaml", b"a:\n  - b: [1, two]\n").root
    assert root.keys["a"] == Mark(1, 1)
    assert root.get("a", 0, "b", 1).mark == Mark(2, 12)
    assert root.get("a", 0).keys["b"] == Mark(2, 5)
    assert root.get("a", 7, "b") is None


@pytest.mark.parametrize(
    ("source", "line", "column", "place"),
    [
        ("a: |\n    one\n    two wrong", 2, 5, Mark(3, 9)),
        ("a: |-\n  # no comment\n  x wrong", 2, 3, Mark(3, 5)),
        ("a: 'two wrong'", 1, 5, Mark(1, 9)),
        ("a: two wrong", 1, 5, Mark(1, 8)),
        ("a: >\n  one two\n  three wrong", 1, 15, Mark(3, 9)),
        ('a: "one\n  two wrong"', 1, 9, Mark(2, 7)),
    ],
    ids=["literal", "literal, comment-like", "single quotes", "plain", "folded", "double quotes over lines"],
)
def test_a_place_in_a_text_is_found_in_the_file(source, line, column, place):
    """Every source says `wrong` once; the given place in the text is where it starts."""
    document = read("f.yaml", source.encode())
    node = document.root.get("a")
    assert node.value.splitlines()[line - 1][column - 1 :].startswith("wrong")
    assert document.place(node, line, column) == place


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_in_another_way(content):
    try:
        read("f.yaml", content).root.plain()
    except RulesError as error:
        assert len(error.problems) == 1  # noqa: PT017 - most bytes are no error


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("abc: #{}[]\"'|>-\n@&*!%é", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc :#\n", max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
def test_what_json_writes_is_read_back(plain):
    """JSON is YAML: every value in quotes and brackets means itself."""
    assert read("f.yaml", json.dumps(plain, ensure_ascii=False).encode()).root.plain() == plain
