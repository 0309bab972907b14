"""What Jira's answers say of its limits, as its guides of 2026 write the headers."""

import pytest

from connector.jira.limits import quotas
from core.quotas import Quota

POLICY = '"tenant-app-quota";q=65000;w=3600'


def told(headers, method="GET", path="/issue/10001"):
    return list(quotas(headers, method, path))


def test_an_answer_without_headers_tells_of_no_limit():
    assert told({}) == []


def test_a_quota_well_filled_says_when_it_ends_and_that_a_fifth_is_left_at_least():
    headers = {"RateLimit-Policy": POLICY, "RateLimit": '"tenant-app-quota";t=3200'}
    assert told(headers) == [Quota("tenant-app-quota", 65000, 3200.0, 3600.0, None, 13000)]


def test_a_quota_near_its_end_says_what_is_left():
    headers = {
        "RateLimit-Policy": POLICY,
        "RateLimit": '"tenant-app-quota";r=11000;t=600',
        "X-RateLimit-NearLimit": "true",
    }
    assert told(headers) == [Quota("tenant-app-quota", 65000, 600.0, 3600.0, 11000)]


def test_a_quota_without_a_policy_was_at_a_fifth_when_it_began_to_be_told():
    assert told({"RateLimit": '"tenant-app-quota";r=100;t=600'}) == [Quota("tenant-app-quota", 500, 600.0, 3600.0, 100)]


def test_several_quotas_come_in_one_header():
    headers = {
        "RateLimit-Policy": f'{POLICY},"jira-burst-based";q=100;w=1',
        "RateLimit": '"tenant-app-quota";t=200, "jira-burst-based";r=90;t=1',
    }
    assert [(q.name, q.limit, q.left) for q in told(headers)] == [
        ("tenant-app-quota", 65000, None),
        ("jira-burst-based", 100, 90),
    ]


def test_what_is_not_enforced_yet_slows_nobody_down():
    assert told({"Beta-RateLimit-Policy": POLICY, "Beta-RateLimit": '"tenant-app-quota";r=0;t=50'}) == []


def test_requests_of_this_second_count_for_the_endpoint_whatever_the_issue():
    headers = {"X-RateLimit-Limit": "350", "X-RateLimit-Remaining": "349"}
    one = told(headers, "POST", "/issue/10001/comment")
    assert one == told(headers, "POST", "/issue/OPS-7/comment") == [Quota("POST /issue/*/comment", 350, 1.0, 1.0, 349)]


def test_a_data_center_tells_of_its_bucket():
    headers = {
        "X-RateLimit-Limit": "15",
        "X-RateLimit-Remaining": "5",
        "X-RateLimit-Interval-Seconds": "60",
        "X-RateLimit-FillRate": "5",
    }
    assert told(headers) == [Quota("bucket", 15, 60.0, 60.0, 5)]


def test_a_warning_without_numbers_leaves_about_a_request_a_second():
    (quota,) = told({"X-RateLimit-NearLimit": "true"})
    assert quota.left / quota.seconds == 1.0


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit": "nonsense"},
        {"RateLimit": '"x";r=;t='},
        {"RateLimit": '"x";t=5'},
        {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "x"},
        {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Limit": "9" * 50, "X-RateLimit-Remaining": "1"},
        {"RateLimit": '"' + "x" * 5000},
    ],
)
def test_nonsense_tells_of_nothing(headers):
    assert told(headers) == []
