"""What differs between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from ui.differences import difference

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
