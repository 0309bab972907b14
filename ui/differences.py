"""Two texts line by line: what went, what came, with some lines around."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

AROUND = 3
MOST = 2_000
"""Lines shown; a diff of a whole large file helps nobody."""
MOST_COMPARED = 4_000_000
EQUAL = "equal"
Step = tuple[str, int, int, int, int]
"""What happens to lines, from and up to, of the old text, and where they are in the new one."""


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
    hunks = [tuple(_lines(group, before, after)) for group in _groups(_steps(before, after))]
    signs = [line.sign for hunk in hunks for line in hunk]
    shown, left = [], MOST
    for hunk in hunks:
        if left > 0:
            shown.append(hunk[:left])
        left -= len(hunk)
    return Difference(tuple(shown), signs.count("+"), signs.count("-"), max(0, -left))


def merged(common: str, mine: str, theirs: str) -> str | None:
    """Both changes of a text in one; None where they touch the same lines, or lines side by side."""
    base = common.splitlines(keepends=True)
    edits = sorted({*_edits(base, mine), *_edits(base, theirs)})
    for (_, end, _), (start, _, _) in pairwise(edits):
        if start <= end:
            return None
    lines, at = [], 0
    for start, end, new in edits:
        lines += [*base[at:start], *new]
        at = end
    return "".join([*lines, *base[at:]])


def _edits(base: Sequence[str], text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """What takes the place of which lines."""
    lines = text.splitlines(keepends=True)
    for tag, start, end, new_start, new_end in _steps(base, lines):
        if tag != EQUAL:
            yield start, end, tuple(lines[new_start:new_end])


def _steps(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """As `SequenceMatcher.get_opcodes`, of what lies between the first and the last change; where that is long and all
    others, one step for all of it: comparing each line with each would keep everybody waiting.
    """
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    one, other = old[start : len(old) - end], new[start : len(new) - end]
    if len(one) * len(other) > MOST_COMPARED:
        between: list[Step] = [("replace", 0, len(one), 0, len(other))]
    else:
        between = list(SequenceMatcher(None, one, other, autojunk=False).get_opcodes())
    steps = [(tag, start + a, start + b, start + c, start + d) for tag, a, b, c, d in between]
    head: list[Step] = [(EQUAL, 0, start, 0, start)] if start else []
    tail: list[Step] = [(EQUAL, len(old) - end, len(old), len(new) - end, len(new))] if end else []
    return [*head, *steps, *tail]


def _groups(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Changes that stand close together, each group with some lines around."""
    group: list[Step] = []
    for number, (tag, a, b, c, d) in enumerate(steps):
        if tag != EQUAL:
            group.append((tag, a, b, c, d))
            continue
        after, before = min(AROUND, b - a), min(AROUND, b - a)
        if group and (number == len(steps) - 1 or b - a > 2 * AROUND):
            yield [*group, (EQUAL, a, a + after, c, c + after)]
            group = []
        elif group:
            group.append((tag, a, b, c, d))
            continue
        if number < len(steps) - 1:
            group = [(EQUAL, b - before, b, d - before, d)]
    if any(tag != EQUAL for tag, *_ in group):
        yield group


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _lines(group: Sequence[Step], old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == EQUAL:
            for step, text in enumerate(old[old_start:old_end]):
                yield Line(" ", text, old_start + step + 1, new_start + step + 1)
            continue
        for number in range(old_start, old_end):
            yield Line("-", old[number], old=number + 1)
        for number in range(new_start, new_end):
            yield Line("+", new[number], new=number + 1)
