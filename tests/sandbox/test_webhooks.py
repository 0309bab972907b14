"""Webhooks that come twice, late, in another order, or never."""

import pytest

from connector.sandbox import Fault, FaultPlan
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule


def titles(harness, receiver):
    bodies = receiver.bodies(harness.standin)
    return [(body.get("record") or body.get("issue", {}).get("fields", {})) for body in bodies]


def told(harness, receiver):
    return [one.get("short_description", one.get("summary")) for one in titles(harness, receiver)]


def strike(harness, kind, **how):
    harness.standin.faults.append(Fault(kind, **how))


def test_without_a_fault_they_come_in_order(harness, receiver):
    for n in range(4):
        harness.create(title=f"Till {n}")
    assert told(harness, receiver) == ["Till 0", "Till 1", "Till 2", "Till 3"]


def test_a_dropped_one_never_comes(harness, receiver):
    strike(harness, "hook_drop", path="Till 1")
    for n in range(3):
        harness.create(title=f"Till {n}")
    assert told(harness, receiver) == ["Till 0", "Till 2"]
    assert harness.standin.injected == {"hook_drop": 1}


def test_a_duplicate_is_the_same_delivery_again(harness, receiver):
    strike(harness, "hook_duplicate")
    harness.create(title="Till 0")
    harness.create(title="Till 1")
    assert sorted(told(harness, receiver)) == ["Till 0", "Till 0", "Till 1"]
    (first, second) = [(headers, raw) for headers, raw in receiver.received if b"Till 0" in raw]
    assert first[1] == second[1]
    name = "X-Atlassian-Webhook-Identifier"
    assert first[0].get(name) == second[0].get(name)


def test_a_late_duplicate_comes_by_the_clock(harness, receiver):
    strike(harness, "hook_duplicate", seconds=60)
    harness.create(title="Till 0")
    assert told(harness, receiver) == ["Till 0"]
    harness.clock.pass_by(seconds=60)
    assert told(harness, receiver) == ["Till 0", "Till 0"]


def test_a_delayed_one_is_overtaken(harness, receiver):
    strike(harness, "hook_delay", seconds=1800)
    harness.create(title="Till 0")
    harness.create(title="Till 1")
    assert told(harness, receiver) == ["Till 1"]
    harness.clock.pass_by(minutes=30)
    assert told(harness, receiver) == ["Till 1", "Till 0"]


def test_shuffled_ones_come_in_another_order(harness, receiver):
    strike(harness, "hook_shuffle", times=4, seconds=60)
    for n in range(5):
        harness.create(title=f"Till {n}")
    got = told(harness, receiver)
    assert sorted(got) == [f"Till {n}" for n in range(5)]
    assert got[:4] != sorted(got[:4])
    assert got[4] == "Till 4"


def test_what_is_held_to_be_shuffled_is_not_held_for_ever(harness, receiver):
    strike(harness, "hook_shuffle", times=4, seconds=60)
    harness.create(title="Till 0")
    harness.create(title="Till 1")
    assert told(harness, receiver) == []
    harness.clock.pass_by(seconds=60)
    assert told(harness, receiver) == ["Till 1", "Till 0"]


def test_calm_ends_all_faults_and_delivers_what_was_held(harness, receiver):
    strike(harness, "hook_delay", seconds=86_000)
    strike(harness, "hook_shuffle", times=4, seconds=86_000)
    for n in range(3):
        harness.create(title=f"Till {n}")
    assert told(harness, receiver) == []
    assert harness.standin.calm()
    assert sorted(told(harness, receiver)) == ["Till 0", "Till 1", "Till 2"]
    harness.create(title="Till 3")
    assert "Till 3" in told(harness, receiver)


@pytest.mark.parametrize("seed", [1, 2])
def test_under_a_plan_all_but_the_dropped_ones_come(harness, receiver, seed):
    kinds = ["hook_drop", "hook_duplicate", "hook_delay", "hook_shuffle"]
    harness.standin.plan = plan = FaultPlan(seed, 0.5, kinds, seconds=(0, 5))
    for n in range(40):
        harness.create(title=f"Till {n:02}")
    assert harness.standin.calm()
    got = told(harness, receiver)
    assert set(plan.injected) == set(kinds)
    assert len(set(got)) == 40 - plan.injected["hook_drop"]
    assert len(got) == len(set(got)) + plan.injected["hook_duplicate"]
    assert got != sorted(got)


def test_asynchronous_rules_give_no_order(snow, receiver):
    standin = snow.standin
    standin.async_seconds = 10.0
    ref = snow.create(title="Till 7")
    number = standin.tables.records["incident"][ref.id.partition(":")[2]]["number"]
    for n in range(12):
        standin.change(number, {"as": "anna", "fields": {"short_description": f"Save {n:02}"}})
    assert told(snow, receiver) == []
    snow.clock.pass_by(seconds=10)
    counts = [int(one["sys_mod_count"]) for one in titles(snow, receiver)]
    assert sorted(counts) == list(range(13))
    assert counts != sorted(counts)


def test_the_same_seed_gives_the_same_disorder(snow):
    """`business_rule` is only there so that webhooks are sent at all."""
    orders = []
    for seed in (5, 5, 6):
        standin = ServiceNowStandIn(clock=snow.clock, async_seconds=10, seed=seed)
        sent = []
        standin.hooks = business_rule("http://127.0.0.1:9/", "secret", snow.clock)
        standin.hooks.send = lambda body, _headers, sent=sent: sent.append(body["record"]["number"])
        for _ in range(10):
            standin.change("", {"fields": {"short_description": "x"}})
        snow.clock.pass_by(seconds=10)
        standin.settle()
        standin.stop()
        orders.append(sent)
    assert len(orders[0]) == 10
    assert orders[0] == orders[1] != orders[2]
