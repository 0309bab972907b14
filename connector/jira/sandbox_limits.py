"""Jira's rate limits in the stand-in: 429s on request, and the real limits per issue.

Source: Atlassian's rate limiting guide for Jira Cloud, as of 2026: per issue 20 writes in 2 s and 100 in 30 s.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Response

from connector.jira.sandbox_routes import refuse
from connector.sandbox import Fault

QUOTA, TENANT_QUOTA, BURST, PER_ISSUE = (
    "jira-quota-global-based",
    "jira-quota-tenant-based",
    "jira-burst-based",
    "jira-per-issue-on-write",
)
REASONS = frozenset({QUOTA, TENANT_QUOTA, BURST, PER_ISSUE})
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
