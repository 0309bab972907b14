"""Two texts line by line: what went, what came, with some lines around."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

AROUND = 3
MOST = 2_000
"""Lines shown; a diff of a whole large file helps nobody."""


@dataclass(frozen=True)
class Line:
    """`sign` is `-`, `+` or a space; the numbers count in the old and the new text, 0 where it is not there."""

    sign: str
    text: str
    old: int = 0
    new: int = 0


@dataclass(frozen=True)
class Difference:
    """`hunks` are runs of lines that stand together. `more`: lines that are not shown."""

    hunks: tuple[tuple[Line, ...], ...] = ()
    added: int = 0
    removed: int = 0
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def difference(old: str, new: str) -> Difference:
    before, after = old.splitlines(), new.splitlines()
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    near = max(0, start - AROUND)  # far from the first and the last change there is nothing to compare
    far = max(0, end - AROUND)
    old_part, new_part = before[near : len(before) - far], after[near : len(after) - far]
    groups = SequenceMatcher(None, old_part, new_part, autojunk=False).get_grouped_opcodes(AROUND)
    hunks = [tuple(_lines(group, old_part, new_part, near)) for group in groups]
    signs = [line.sign for hunk in hunks for line in hunk]
    shown, left = [], MOST
    for hunk in hunks:
        if left > 0:
            shown.append(hunk[:left])
        left -= len(hunk)
    return Difference(tuple(shown), signs.count("+"), signs.count("-"), max(0, -left))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _lines(
    group: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str], offset: int
) -> Iterator[Line]:
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            for step, text in enumerate(old[old_start:old_end]):
                yield Line(" ", text, offset + old_start + step + 1, offset + new_start + step + 1)
            continue
        for number in range(old_start, old_end):
            yield Line("-", old[number], old=offset + number + 1)
        for number in range(new_start, new_end):
            yield Line("+", new[number], new=offset + number + 1)
