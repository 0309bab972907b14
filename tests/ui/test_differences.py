"""What differs between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from ui.differences import difference, merged

TEXTS = st.lists(st.sampled_from(["a", "b", "", "  c"]), max_size=30).map("\n".join)


def test_a_line_changed_far_down_is_told_with_its_numbers():
    old = [f"line {number}" for number in range(1, 10_001)]
    new = [*old[:4999], "another", *old[5000:]]
    found = difference("\n".join(old), "\n".join(new))
    [hunk] = found.hunks
    assert [(line.sign, line.old, line.new) for line in hunk if line.sign != " "] == [("-", 5000, 0), ("+", 0, 5000)]
    assert [line.text for line in hunk if line.sign == " "] == [
        f"line {n}" for n in (4997, 4998, 4999, 5001, 5002, 5003)
    ]


@given(TEXTS, TEXTS)
def test_the_new_text_follows_from_the_old_one_and_the_difference(old, new):
    found = difference(old, new)
    lines = old.splitlines()
    for line in reversed([line for hunk in found.hunks for line in hunk]):
        if line.sign == "-":
            assert lines.pop(line.old - 1) == line.text
    for line in [line for hunk in found.hunks for line in hunk]:
        if line.sign == "+":
            lines.insert(line.new - 1, line.text)
    assert lines == new.splitlines()
    assert bool(found) is (old.splitlines() != new.splitlines())


def test_what_is_too_long_is_counted():
    found = difference("", "\n".join("x" * 5000))
    assert (found.added, sum(map(len, found.hunks)), found.more) == (5000, 2000, 3000)


def test_changes_in_different_places_go_together():
    base = "a\nb\nc\nd\ne\n"
    assert merged(base, base.replace("a", "A"), base.replace("e\n", "e\nf\n")) == "A\nb\nc\nd\ne\nf\n"
    assert merged(base, "b\nc\nd\ne\n", base.replace("d", "D")) == "b\nc\nD\ne\n"


def test_changes_of_the_same_lines_need_a_person():
    base = "a\nb\nc\n"
    assert merged(base, base.replace("b", "x"), base.replace("b", "y")) is None
    assert merged(base, base.replace("b", "x"), base.replace("c", "y")) is None, "side by side they may mean each other"
    assert merged(base, "a\nx\nb\nc\n", "a\ny\nb\nc\n") is None


@given(TEXTS, TEXTS)
def test_who_changed_nothing_changes_nothing(base, other):
    assert merged(base, other, base) == other
    assert merged(base, base, other) == other
    assert merged(base, other, other) == other


def test_two_long_texts_without_a_line_in_common_are_not_compared_line_by_line():
    found = difference("a\n" * 5_000, "b\n" * 5_000)
    assert (found.added, found.removed) == (5_000, 5_000)
    assert merged("a\n" * 5_000, "b\n" * 5_000, "a\n" * 4_999 + "c\n") is None


@given(st.lists(st.integers(0, 40), max_size=4, unique=True))
def test_lines_far_apart_are_shown_apart(changed):
    old = [f"line {number}" for number in range(41)]
    new = [f"{line}!" if number in changed else line for number, line in enumerate(old)]
    hunks = difference("\n".join(old), "\n".join(new)).hunks
    shown = [line.old for hunk in hunks for line in hunk if line.old]
    near = {n + 1 for one in changed for n in range(max(0, one - 3), min(41, one + 4))}
    assert shown == sorted(set(shown))
    assert near <= set(shown)
    assert all(min(abs(line - 1 - one) for one in changed) <= 6 for line in shown)
