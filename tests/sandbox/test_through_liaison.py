"""A whole Liaison between stand-ins at their most awkward."""

import pytest

from connector.sandbox import Fault, FaultPlan, doubled
from tests.support.world import RULES, world

TALKATIVE = RULES.replace(
    "        raised:",
    """        acknowledged: "We have started."
        waiting_for_requester: "We wait for you."
        resumed: "We go on."
        raised:""",
)
OPENED = "We look into the service you reported. We will write again by 10:32 today."
MOVES = {"agents": "Waiting for customer", "customers": "In Progress"}


@pytest.fixture
def liaison(tmp_path):
    with world(tmp_path, TALKATIVE) as made:
        yield made


def on_a_desk_that_moves(liaison):
    liaison.jira.comment_moves = MOVES
    key = liaison.on_jira(who="carla", type="Incident", fields={"summary": "Till 7 is dark", "priority": "Highest"})
    liaison.pass_(minutes=5)
    assert liaison.jira.found(key).status == "Waiting for customer", "our own comment moved it"
    return key


def test_the_status_that_our_own_comment_moves_is_no_moment(liaison):
    key = on_a_desk_that_moves(liaison)
    assert liaison.said(key) == [OPENED]


def test_nobody_is_told_to_answer_a_question_that_was_never_asked(liaison):
    key = on_a_desk_that_moves(liaison)
    liaison.pass_(minutes=30)
    assert len(liaison.said(key)) == 2
    assert "your answer" not in liaison.said(key)[1]


def test_work_that_never_rested_is_not_resumed(liaison):
    key = on_a_desk_that_moves(liaison)
    liaison.on_jira(key, who="carla", comment={"text": "Any news?"})
    liaison.pass_(minutes=5)
    assert "We go on." not in liaison.said(key)


def open_on_snow(liaison, count):
    return [
        liaison.on_snow(who="carla", short_description=f"Till {n}", caller_id="carla", priority="1")
        for n in range(count)
    ]


def arrive(liaison):
    """The driven clock jumps over what Liaison knows nothing of yet: webhooks are given time in small steps."""
    for _ in range(12):
        liaison.pass_(seconds=2)


def test_asynchronous_rules_lose_and_double_nothing(liaison):
    liaison.snow.async_seconds = 20.0
    keys = open_on_snow(liaison, 4)
    for key in keys:
        for fields in ({"state": "2"}, {"priority": "2"}, {"priority": "1"}):
            liaison.on_snow(key, **fields)
    arrive(liaison)
    liaison.pass_(minutes=5)
    for key in keys:
        liaison.on_snow(key, state="6", close_code="Solved (Permanently)")
    arrive(liaison)
    liaison.pass_(minutes=10)
    for key in keys:
        assert len(liaison.said(key)) == len(set(liaison.said(key))) == 2, liaison.said(key)
    assert doubled(liaison.snow.lines) == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_webhooks_that_come_twice_late_and_in_any_order_are_said_once(liaison, seed):
    kinds = ["hook_duplicate", "hook_delay", "hook_shuffle"]
    liaison.snow.plan = plan = FaultPlan(seed, 0.6, kinds, seconds=(0, 30))
    keys = open_on_snow(liaison, 8)
    liaison.pass_(minutes=2)
    for key in keys:
        liaison.on_snow(key, state="2")
    liaison.snow.calm()
    liaison.pass_(minutes=6)
    assert plan.injected.total() > 5
    for key in keys:
        assert liaison.said(key)[0].startswith("We look into")
        assert len(liaison.said(key)) == len(set(liaison.said(key)))
    assert doubled(liaison.snow.lines, ever=True) == {}


def test_a_late_commit_is_waited_for_and_the_note_stands_once(liaison):
    for standin in (liaison.snow, liaison.jira):
        standin.faults.append(Fault("late_commit", method="POST", path="comment", seconds=8))
        standin.faults.append(Fault("late_commit", method="PATCH", seconds=8))
    keys = [*open_on_snow(liaison, 1), liaison.on_jira(who="carla", fields={"summary": "Till", "priority": "Highest"})]
    liaison.pass_(minutes=10)
    for key in keys:
        assert len(liaison.said(key)) == 1
    for standin in (liaison.snow, liaison.jira):
        assert standin.injected == {"late_commit": 1}
        assert doubled(standin.lines, ever=True) == {}
