"""Faults asked for over HTTP, by hand and by plan."""

import pytest
import requests

from connector.sandbox import Fault, FaultPlan
from connector.sandbox_faults import COMMON_KINDS


@pytest.fixture
def ask(harness):
    with requests.Session() as session:
        session.trust_env = False

        def call(method, path, **sent):
            return session.request(method, harness.standin.url + path, timeout=5, **sent)

        yield call


BAD = [
    ({"kind": "lost_repl"}, "kind is 'lost_repl'; did you mean 'lost_reply'?"),
    ({}, "kind is None"),
    ({"kind": "reset", "tims": 2}, "'tims' is no part of a fault; did you mean 'times'?"),
    ({"kind": "reset", "times": 0}, "times is 0: a whole number from 1 is expected"),
    ({"kind": "reset", "times": True}, "times is True"),
    ({"kind": "reset", "after": -1}, "after is -1"),
    ({"kind": "reset", "path": "("}, "path is '(': a regular expression that compiles is expected"),
    ({"kind": "reset", "path": 7}, "path is 7"),
    ({"kind": "reset", "method": "post"}, "method is 'post': GET, POST, PUT, PATCH or DELETE is expected"),
    ({"kind": "status", "status": 99}, "status is 99: an HTTP status from 200 to 599 is expected"),
    ({"kind": "delay", "seconds": "1"}, "seconds is '1': a number from 0 to 86400 is expected"),
    ({"kind": "delay", "seconds": -1}, "seconds is -1"),
    ({"kind": "html", "committed": 1}, "committed is 1: true or false is expected"),
    (
        {"kind": "status", "headers": {"Retry-After": 5}},
        "headers is {'Retry-After': 5}: an object of texts is expected",
    ),
    ({"kind": "slow_bytes", "pieces": 0}, "pieces is 0"),
    ({"kind": "slow_accept", "path": "/rest"}, "slow_accept strikes connections"),
    ({"kind": "hook_drop", "method": "POST"}, "webhooks have no method"),
    ([], "a fault is a JSON object"),
    ("lost_reply", "a fault is a JSON object"),
]


@pytest.mark.parametrize(("fault", "words"), BAD, ids=[words[:30] for _, words in BAD])
def test_a_bad_fault_is_answered_in_words(harness, ask, fault, words):
    answer = ask("POST", "/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert harness.standin.faults == []


def test_what_is_no_json_is_a_bad_fault(ask):
    answer = ask("POST", "/sandbox/faults", data=b"{")
    assert (answer.status_code, "JSON object" in answer.json()["error"]) == (400, True)


def test_everything_wrong_is_said_at_once(ask):
    said = ask("POST", "/sandbox/faults", json={"kind": "x", "times": 0, "colour": "red"}).json()["error"]
    assert all(word in said for word in ("kind", "times", "colour"))


def test_a_platforms_own_faults_are_the_others_mistake(harness, ask):
    kinds = {"error_and_result", "servicenow-rate-limit", "jira-burst-based"}
    statuses = {kind: ask("POST", "/sandbox/faults", json={"kind": kind}).status_code for kind in kinds}
    assert statuses == {kind: 200 if kind in harness.standin.kinds else 400 for kind in kinds}
    assert set(statuses.values()) == {200, 400}


def test_faults_are_listed_counted_and_cleared(harness, ask):
    assert ask("POST", "/sandbox/faults", json={"kind": "status", "status": 503, "times": 2}).json() == {"faults": 1}
    assert ask("GET", "/api/now/table/incident").status_code == 503
    told = ask("GET", "/sandbox/faults").json()
    assert [(one["kind"], one["times"]) for one in told["waiting"]] == [("status", 1)]
    assert told["injected"] == {"status": 1}
    ask("DELETE", "/sandbox/faults")
    assert ask("GET", "/api/now/table/incident").status_code != 503
    assert harness.standin.injected == {"status": 1}


def test_a_fault_waits_for_its_request(harness, ask):
    harness.standin.faults.append(Fault("status", method="GET", path="number=7", after=1))
    paths = ["/nothing?number=8", "/nothing?number=7", "/nothing?number=7", "/nothing?number=7"]
    assert [ask("GET", path).status_code for path in paths] == [404, 404, 503, 404]


def drawn(seed, count=200):
    plan = FaultPlan(seed, 0.3, COMMON_KINDS, seconds=(0, 2))
    return plan, [plan.for_request("POST" if n % 2 else "GET", "/x") for n in range(count)]


def test_the_same_seed_makes_the_same_faults():
    assert drawn(7)[1] == drawn(7)[1]
    assert drawn(7)[1] != drawn(8)[1]


def test_a_plan_keeps_its_rate_its_range_and_its_count():
    plan, faults = drawn(7, 2000)
    struck = [one for one in faults if one]
    assert 500 < len(struck) < 700
    assert plan.injected.total() == len(struck)
    assert {one.kind for one in struck} == COMMON_KINDS - {k for k in COMMON_KINDS if k.startswith("hook_")} - {
        "slow_accept"
    }
    assert all(0 <= one.seconds <= 2 for one in struck)
    assert not any(one.kind == "late_commit" for one in faults[::2] if one), "a read commits nothing"


def test_a_plan_ends_after_its_most():
    plan = FaultPlan(1, 1.0, ["reset"], most=3)
    assert sum(bool(plan.for_request("GET", "/x")) for _ in range(10)) == 3


def test_a_plan_strikes_what_it_selects():
    plan = FaultPlan(1, 1.0, ["reset", "hook_drop", "slow_accept"], method="POST", path="comment")
    assert plan.for_request("GET", "/comment") is plan.for_request("POST", "/issue") is None
    assert plan.for_request("POST", "/comment").kind == "reset"
    assert (plan.for_hook().kind, plan.for_connection().kind) == ("hook_drop", "slow_accept")


@pytest.mark.parametrize(
    "plan",
    [
        [],
        {"seed": 1},
        {"seed": 1, "rate": 2, "kinds": ["reset"]},
        {"seed": "1", "rate": 0.5, "kinds": ["reset"]},
        {"seed": 1, "rate": 0.5, "kinds": []},
        {"seed": 1, "rate": 0.5, "kinds": "reset"},
        {"seed": 1, "rate": 0.5, "kinds": ["rest"]},
        {"seed": 1, "rate": 0.5, "kinds": ["reset"], "seconds": [2, 1]},
        {"seed": 1, "rate": 0.5, "kinds": ["reset"], "seconds": 1},
        {"seed": 1, "rate": 0.5, "kinds": ["reset"], "path": "("},
        {"seed": 1, "rate": 0.5, "kinds": ["reset"], "colour": "red"},
    ],
)
def test_a_bad_plan_is_answered_in_words(harness, ask, plan):
    answer = ask("PUT", "/sandbox/plan", json=plan)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 30
    assert harness.standin.plan is None


def test_a_plan_set_over_http_strikes_and_is_counted(ask):
    plan = {"seed": 1, "rate": 1, "kinds": ["status"], "seconds": [0, 0], "most": 3}
    assert ask("PUT", "/sandbox/plan", json=plan).json() == {"kinds": ["status"]}
    assert sum(ask("GET", "/api/now/x").status_code >= 500 for _ in range(5)) == 3
    told = ask("GET", "/sandbox/faults").json()
    assert (told["injected"], told["plan"]["seed"]) == ({"status": 3}, 1)


def test_a_stand_in_takes_no_plan_it_cannot_carry_out(harness):
    strange = ({"error_and_result", "jira-burst-based"} - harness.standin.kinds).pop()
    with pytest.raises(ValueError, match=strange):
        harness.standin.plan = FaultPlan(1, 0.5, [strange])
