"""What Jira's answers say of its limits, before anything is refused.

Cloud, as of 2026: `RateLimit-Policy` and `RateLimit` name quotas (`"tenant-app-quota";q=65000;w=3600` there,
`"tenant-app-quota";r=11000;t=600` here) for a whole site; `X-RateLimit-Limit` and its kin tell of the burst of one
endpoint. Headers that begin with `Beta-` say what is not enforced. Data Center: a bucket of `-Limit` tokens that gets
`-FillRate` more each `-Interval-Seconds`.
"""

import re
from collections.abc import Iterator, Mapping

from core.quotas import Quota

NEAR = 0.2
"""`r` is left out, and X-RateLimit-NearLimit is not `true`, where more than this is left."""
SECOND, HOUR = 1.0, 3600.0
LONGEST = 86_400.0
POLICY = re.compile(r'"([^"]{1,80})"((?:\s*;\s*\w+=\d{1,12})*)')
ATTRIBUTE = re.compile(r"(\w+)=(\d+)")
IDS = re.compile(r"/\d+(?=/|$)|/[A-Z][A-Z0-9_]*-\d+(?=/|$)")
NEAR_QUOTA = "near-limit"
FEW = 60


def quotas(headers: Mapping[str, str], method: str, path: str) -> Iterator[Quota]:
    """Every limit that the answer to `method path` tells of."""
    yield from _structured(headers)
    limit, left = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
    interval = _number(headers, "X-RateLimit-Interval-Seconds")
    near = headers.get("X-RateLimit-NearLimit", "").strip().casefold() == "true"
    if limit and left is not None:
        if interval:
            yield Quota("bucket", limit, min(interval, LONGEST), min(interval, LONGEST), left)
        elif not near:
            yield Quota(f"{method} {IDS.sub('/*', path)}", limit, SECOND, SECOND, left)
    if near and not headers.get("RateLimit"):
        # a quota is nearly used up, and nothing says when it is renewed: a request a second until nothing says so
        yield Quota(NEAR_QUOTA, 2 * FEW, FEW, FEW, FEW)


def _structured(headers: Mapping[str, str]) -> Iterator[Quota]:
    policies = _entries(headers.get("RateLimit-Policy", ""))
    for name, told in _entries(headers.get("RateLimit", "")).items():
        policy = policies.get(name, {})
        window = min(float(policy.get("w", HOUR)), LONGEST)
        left = told.get("r")
        limit = policy.get("q") or (left and int(left / NEAR)) or 0
        seconds = min(float(told.get("t", window)), LONGEST)
        if limit:
            yield Quota(name, limit, seconds, window, left, int(limit * NEAR) if left is None else 0)


def _entries(text: str) -> dict[str, dict[str, int]]:
    found = POLICY.findall(text[:2000])
    return {name: {key: int(value) for key, value in ATTRIBUTE.findall(rest)} for name, rest in found}


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None  # noqa: PLR2004 - no count
