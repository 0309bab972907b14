"""ServiceNow's inbound REST rate limit in the stand-in, on request.

Headers as its documentation of "inbound REST API rate limiting" names them; the limit counts per hour and rule.
"""

from datetime import datetime, timedelta

from connector.sandbox import Fault

RATE_LIMIT = "servicenow-rate-limit"
RULE = "9d6f1bf9c3a8e110f5c2b1a6e4013145"


def rate_limited(seconds: float = 1.0, **selected: object) -> Fault:
    """A 429, to be added to the stand-in's faults. `selected`: Fault's `method`, `path`, `times`, …"""
    return Fault(RATE_LIMIT, seconds=seconds, **selected)  # type: ignore[arg-type]


def limit_headers(now: datetime, wait: int, limit: int = 1000) -> dict[str, str]:
    return {
        "Retry-After": str(wait),
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Reset": str(int((now + timedelta(seconds=wait)).timestamp())),
        "X-RateLimit-Rule": RULE,
    }
