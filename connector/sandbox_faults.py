"""What can go wrong on request: one fault at a time, or a seeded plan of them."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

REQUEST_KINDS = frozenset({
    *("status", "html", "delay", "reset", "lost_reply", "late_commit", "half_answer", "slow_bytes", "slow_accept"),
})  # fmt: skip
HOOK_KINDS = frozenset({"hook_drop", "hook_duplicate", "hook_delay", "hook_shuffle"})
COMMON_KINDS = REQUEST_KINDS | HOOK_KINDS
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CUT = "Transaction cancelled: maximum execution time exceeded"
LEAST_PAUSE = 1
"""Seconds: `Retry-After` knows whole seconds alone."""


@dataclass
class Fault:
    """Something awkward for the next `times` matching requests, webhooks or connections.

    Of requests, selected by `method` and `path` (a regular expression over path and query):
    `status` (answer `status` with `body` and `headers`), `html` (200 with a page), `error_and_result` (ServiceNow: 200
    with `result` and `error`, a cancelled transaction; after `seconds`), each with nothing done unless `committed`;
    `reset` (closed before anything is done), `late_commit` (the same, but it is done `seconds` later by the stand-in's
    clock), `lost_reply` (done, then closed without an answer), `half_answer` (done, half of the answer, then closed),
    `slow_bytes` (done, the answer comes in `pieces` with `seconds` before each), `delay` (`seconds` before handling),
    and the platform's own 429s (`jira-quota-global-based`, …, `servicenow-rate-limit`) with `seconds` to wait.
    Of connections: `slow_accept` (accepted `seconds` late, and every other one after it).
    Of webhooks, selected by `path` in the body: `hook_drop`, `hook_duplicate` (again `seconds` later), `hook_delay`
    (others overtake it), `hook_shuffle` (the next `times` are held and sent in another order, after `seconds` at the
    latest).
    `after` lets that many matching ones pass first.
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    pieces: int = 8
    committed: bool = False

    def hits(self, method: str, text: str) -> bool:
        if (self.method and self.method != method) or not re.search(self.path, text):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True

    @property
    def wait(self) -> int:
        """Whole seconds for `Retry-After`."""
        return max(LEAST_PAUSE, -int(-self.seconds // 1))


def fault_from(given: Any, kinds: Iterable[str]) -> Fault:
    """A fault as somebody described it in JSON. Raises ValueError with everything that is wrong with it, in words."""
    if not isinstance(given, Mapping):
        raise ValueError('a fault is a JSON object, for example {"kind": "lost_reply", "method": "POST"}')  # noqa: TRY004 - one kind of mistake, one error
    known = [one.name for one in fields(Fault)]
    wrong = [f"{name!r} is no part of a fault{_nearest(name, known)}" for name in given if name not in known]
    if given.get("kind") not in (kinds := sorted(kinds)):
        wrong.append(f"kind is {given.get('kind')!r}{_nearest(str(given.get('kind')), kinds)}")
    wrong += [
        f"{name} is {given[name]!r}: {text} is expected"
        for name, (fine, text) in SHAPES.items()
        if name in given and not fine(given[name])
    ]
    if given.get("kind") == "slow_accept" and (given.get("method") or given.get("path")):
        wrong.append("slow_accept strikes connections, before method and path are known: leave both out")
    if given.get("kind") in HOOK_KINDS and given.get("method"):
        wrong.append("webhooks have no method: select them by path, which is searched in their body")
    if wrong:
        raise ValueError("; ".join(wrong))
    return Fault(**given)


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; one of {', '.join(known)} is expected"


def _number(least: float, most: float, *, whole: bool = False) -> Callable[[Any], bool]:
    types = int if whole else int | float
    return lambda value: isinstance(value, types) and not isinstance(value, bool) and least <= value <= most


def _pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return isinstance(value, str)


MANY, A_DAY = 10**9, 86_400
SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "method": (lambda v: isinstance(v, str) and v in {"", "GET", *WRITES}, "GET, POST, PUT, PATCH or DELETE"),
    "path": (_pattern, "a regular expression that compiles"),
    "times": (_number(1, MANY, whole=True), "a whole number from 1"),
    "after": (_number(0, MANY, whole=True), "a whole number from 0"),
    "status": (_number(200, 599, whole=True), "an HTTP status from 200 to 599"),
    "seconds": (_number(0, A_DAY), "a number from 0 to 86400"),
    "pieces": (_number(1, 10_000, whole=True), "a whole number from 1 to 10000"),
    "committed": (lambda v: isinstance(v, bool), "true or false"),
    "headers": (
        lambda v: isinstance(v, Mapping) and all(isinstance(x, str) for pair in v.items() for x in pair),
        "an object of texts",
    ),
}


class FaultPlan:
    """Random faults, the same ones for the same `seed` and order of events.

    `rate`: the share of requests, and of webhooks, that something happens to; each draws one of the `kinds` that fit
    it. `seconds`: the range that delays and waits come from. `method` and `path` narrow it down. `most` ends it after
    so many; 0 is no end. `injected` counts what was done, by kind.
    """

    def __init__(
        self,
        seed: int,
        rate: float,
        kinds: Iterable[str],
        *,
        seconds: tuple[float, float] = (0.0, 0.3),
        method: str = "",
        path: str = "",
        most: int = 0,
    ) -> None:
        kinds = sorted(set(kinds))
        if not kinds or not 0 <= rate <= 1 or seconds[0] > seconds[1]:
            raise ValueError(
                f"a plan needs kinds, a rate from 0 to 1 and a range of seconds: {kinds}, {rate}, {seconds}"
            )
        self.seed, self.rate, self.seconds, self.most = seed, rate, seconds, most
        self.kinds = tuple(kinds)
        self.injected: Counter[str] = Counter()
        self._method, self._path = method, re.compile(path)
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated

    def for_request(self, method: str, path: str) -> Fault | None:
        if (self._method and self._method != method) or not self._path.search(path):
            return None
        reads_alone = {"late_commit", "jira-per-issue-on-write"} if method not in WRITES else set()
        return self._draw([k for k in self.kinds if k not in HOOK_KINDS | reads_alone | {"slow_accept"}])

    def for_hook(self) -> Fault | None:
        return self._draw([k for k in self.kinds if k in HOOK_KINDS])

    def for_connection(self) -> Fault | None:
        return self._draw([k for k in self.kinds if k == "slow_accept"])

    def _draw(self, kinds: list[str]) -> Fault | None:
        if not kinds or (self.most and self.injected.total() >= self.most) or self._random.random() >= self.rate:
            return None
        kind = self._random.choice(kinds)
        self.injected[kind] += 1
        return Fault(
            kind,
            status=self._random.choice((500, 502, 503, 504)),
            seconds=self._random.uniform(*self.seconds),
            committed=self._random.random() < 0.5,  # noqa: PLR2004 - one in two
            times=self._random.randint(2, 4) if kind == "hook_shuffle" else 1,
        )


def plan_from(given: Any, kinds: Iterable[str]) -> FaultPlan:
    """A plan as somebody described it in JSON. Raises ValueError in words."""
    kinds = sorted(kinds)
    names = {"seed", "rate", "kinds", "seconds", "method", "path", "most"}
    example = 'for example {"seed": 1, "rate": 0.2, "kinds": ["lost_reply"], "seconds": [0, 0.3], "most": 100}'
    if not isinstance(given, Mapping) or not {"seed", "rate", "kinds"} <= given.keys() <= names:
        raise ValueError(f"a plan is a JSON object with seed, rate and kinds, {example}")
    wanted = given["kinds"]
    if not isinstance(wanted, list) or (strange := [k for k in wanted if k not in kinds]):
        raise ValueError(
            f"kinds is a list of {', '.join(kinds)}" + (f", not {strange}" if isinstance(wanted, list) else "")
        )
    fine: dict[str, Callable[[Any], bool]] = {
        "seed": _number(-MANY, MANY, whole=True),
        "rate": _number(0, 1),
        "most": _number(0, MANY, whole=True),
        "path": _pattern,
        "method": SHAPES["method"][0],
        "seconds": lambda v: isinstance(v, list) and len(v) == 2 and all(map(_number(0, A_DAY), v)),  # noqa: PLR2004 - from, to
    }
    for name, value in given.items():
        if name in fine and not fine[name](value):
            raise ValueError(f"{name} cannot be {value!r}, {example}")
    seconds = given.get("seconds", [0.0, 0.3])
    return FaultPlan(**{**given, "seconds": (seconds[0], seconds[1])})
