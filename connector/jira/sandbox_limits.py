"""Jira's rate limits in the stand-in: 429s on request, and the real limits per issue.

Source: Atlassian's rate limiting guides for Jira Cloud, as of 2026: per issue 20 writes in 2 s and 100 in 30 s; and for
Data Center.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Response

from connector.jira.sandbox_routes import refuse
from connector.sandbox import Allowance, Fault
from core.sites import Flavour
from core.times import iso

QUOTA, TENANT_QUOTA, BURST, PER_ISSUE = (
    "jira-quota-global-based",
    "jira-quota-tenant-based",
    "jira-burst-based",
    "jira-per-issue-on-write",
)
REASONS = frozenset({QUOTA, TENANT_QUOTA, BURST, PER_ISSUE})
POOL, NEAR = "tenant-app-quota", 0.2
WINDOWS = ((20, timedelta(seconds=2)), (100, timedelta(seconds=30)))


def rate_limited(reason: str, seconds: float = 1.0, **selected: object) -> Fault:
    """A 429 for `reason`, to be added to the stand-in's faults. `selected`: Fault's `method`, `path`, `times`, …"""
    return Fault(reason, seconds=seconds, **selected)  # type: ignore[arg-type]


def too_many(reason: str, wait: int) -> Response:
    answer = refuse(429, "Rate limit exceeded.")
    answer.headers["Retry-After"] = str(wait)
    answer.headers["RateLimit-Reason"] = reason
    return answer


class IssueWrites:
    """Remembers the writes that were let in, by issue."""

    def __init__(self) -> None:
        self._at: Mapping[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=WINDOWS[-1][0]))

    def wait(self, issue: str, now: datetime) -> int:
        """Whole seconds until another write to this issue is let in. 0: it is, and counts from now on."""
        at = self._at[issue]
        longest = timedelta(0)
        for most, window in WINDOWS:
            if len(at) >= most and (left := at[-most] + window - now) > timedelta(0):
                longest = max(longest, left)
        if not longest:
            at.append(now)
        return -int(-longest.total_seconds() // 1)


def limit_headers(allowance: Allowance, now: datetime, flavour: Flavour) -> Mapping[str, str]:
    """Cloud says what is left only where that is less than a fifth; Data Center always."""
    left, seconds = allowance.left(now), int(allowance.seconds)
    if flavour is Flavour.DATA_CENTER:
        return {"X-RateLimit-Limit": str(allowance.requests), "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Interval-Seconds": str(seconds), "X-RateLimit-FillRate": str(allowance.requests),
                "Retry-After": "0"}  # fmt: skip
    near = left < allowance.requests * NEAR
    told = {
        "RateLimit-Policy": f'"{POOL}";q={allowance.requests};w={seconds}',
        "RateLimit": f'"{POOL}";{f"r={left};" if near else ""}t={allowance.wait(now)}',
    }
    return told | ({"X-RateLimit-NearLimit": "true"} if near else {})


def over_limit(allowance: Allowance, now: datetime, flavour: Flavour) -> Response:
    answer = too_many(TENANT_QUOTA, allowance.wait(now))
    if flavour is Flavour.DATA_CENTER:
        del answer.headers["RateLimit-Reason"]
    else:
        answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"] = str(allowance.requests), "0"
        answer.headers["X-RateLimit-Reset"] = iso(allowance.reset(now))
    return answer
