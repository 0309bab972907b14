"""What ServiceNow's answers say of its limits, where a rate limit rule matches."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.servicenow.limits import quotas
from core.quotas import Quota

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
RESET = str(int((NOW + timedelta(minutes=15)).timestamp()))


def test_an_answer_that_no_rule_matches_tells_of_no_limit():
    assert list(quotas({}, NOW)) == []


def test_a_rule_tells_its_limit_and_the_next_hour_and_requests_are_counted():
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Reset": RESET, "X-RateLimit-Rule": "9d6f"}
    assert list(quotas(headers, NOW)) == [Quota("9d6f", 100, 900.0, 3600.0, None)]


def test_what_is_left_is_believed_where_it_is_said():
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Reset": "900", "X-RateLimit-Remaining": "7"}
    assert list(quotas(headers, NOW)) == [Quota("rate limit", 100, 900.0, 3600.0, 7)]


@pytest.mark.parametrize(
    ("reset", "seconds"), [("0", 1.0), ("999999", 3600.0), ("1000000000", 1.0), ("99999999999", 3600.0)]
)
def test_clocks_that_lie_apart_make_no_window_longer_than_an_hour(reset, seconds):
    (quota,) = quotas({"X-RateLimit-Limit": "100", "X-RateLimit-Reset": reset}, NOW)
    assert quota.seconds == seconds


@pytest.mark.parametrize("limit", ["", "x", "-5", "0", "9" * 40])
def test_nonsense_tells_of_nothing(limit):
    assert list(quotas({"X-RateLimit-Limit": limit, "X-RateLimit-Reset": RESET}, NOW)) == []
