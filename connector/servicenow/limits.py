"""What ServiceNow's answers say of its limits, before anything is refused.

Where a rate limit rule matches, each answer carries `X-RateLimit-Limit` (requests an hour), `-Reset` (an epoch: the
next hour) and `-Rule`. How many are left is not said, or by a proxy in `-Remaining`: requests are counted.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from core.quotas import Quota

HOUR = 3600.0
EPOCH_SECONDS = 10**9
"""`X-RateLimit-Reset` is an epoch; a smaller number is taken for seconds to wait."""


def quotas(headers: Mapping[str, str], now: datetime) -> Iterator[Quota]:
    limit, reset = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Reset")
    if not limit or reset is None:
        return
    seconds = reset - now.timestamp() if reset >= EPOCH_SECONDS else float(reset)
    name = headers.get("X-RateLimit-Rule", "")[:80] or "rate limit"
    yield Quota(name, limit, min(max(seconds, 1.0), HOUR), HOUR, _number(headers, "X-RateLimit-Remaining"))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None  # noqa: PLR2004 - no count
