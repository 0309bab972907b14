"""What webhooks lost is found by asking, and said as if nothing had happened: the truth of now, once."""

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import tables
from app.reconcile import OVERLAP, Reconciler
from connector.jira import changes as jira_changes
from connector.sandbox import Fault
from connector.servicenow import changes as servicenow_changes
from core.errors import LiaisonError, Paused, Unavailable
from tests.support.world import RULES, START
from tests.support.world import world as open_world

SOLVED = {"state": "6", "close_code": "Solved (Permanently)"}
SITES = ("servicenow", "jira")


@pytest.fixture
def deaf(world):
    """Every webhook is lost from now on."""
    world.snow.hooks = world.jira.hooks = None
    return world


def poll(world, *sites):
    """One look at each site, and whatever follows at once; how many changes were unknown."""
    looks = [world.liaison.reconciler.once(site) for site in sites or SITES]
    world.driver.settle()
    return sum(look.new for look in looks)


def quiet(world):
    """Ask until nothing is unknown any more: our own writes move tickets, too, but not for ever."""
    for times in range(5):
        if not poll(world):
            return times
    raise AssertionError("every look finds something new")


def opened(world, **fields):
    key = world.on_snow(**{"short_description": "x", "caller_id": "eva", "priority": "3", **fields})
    world.pass_(minutes=3)
    assert len(world.said(key)) == 1
    return key


def promises(world, key):
    return [p.state for p in world.rows(tables.promises, key)]


def polled(world):
    d = tables.deliveries
    with world.liaison.store.read() as connection:
        return list(connection.execute(select(d.c.key).where(d.c.key.startswith("poll:"))).scalars())


# --- lost webhooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_a_lost_creation_is_found(deaf, site):
    make = {
        "servicenow": lambda: deaf.on_snow(short_description="x", caller_id="eva"),
        "jira": lambda: deaf.on_jira(who="carla", fields={"summary": "x"}),
    }[site]
    key = make()
    deaf.pass_(minutes=5)
    assert deaf.entries(key) == []
    assert poll(deaf) == 1
    deaf.pass_(minutes=3)
    assert deaf.said(key) == ["We look into the service you reported. We will write again by 10:37 today."]


@pytest.mark.parametrize("site", SITES)
def test_a_lost_resolution_is_found(world, site):
    if site == "jira":
        key = world.on_jira(who="carla", fields={"summary": "x"})
        world.pass_(minutes=3)
        world.jira.hooks = None
        world.on_jira(key, status="Done", fields={"resolution": {"name": "Fixed"}})
    else:
        key = opened(world)
        world.snow.hooks = None
        world.on_snow(key, **SOLVED)
    world.pass_(minutes=5)
    poll(world)
    world.pass_(minutes=6)
    assert world.said(key)[1:] == ["Solved."]
    assert promises(world, key) == ["kept"]
    world.pass_(hours=3)
    assert len(world.said(key)) == 2


@pytest.mark.parametrize("site", SITES)
def test_an_agents_words_that_never_arrived_keep_the_promise(world, site):
    if site == "jira":
        key = world.on_jira(who="carla", fields={"summary": "x"})
        world.pass_(minutes=3)
        world.jira.hooks = None
        world.pass_(minutes=10)
        world.on_jira(key, comment={"text": "We found it.", "public": True})
    else:
        key = opened(world)
        world.snow.hooks = None
        world.pass_(minutes=10)
        world.on_snow(key, comments="We found it.")
    world.pass_(minutes=5)
    assert promises(world, key) == ["open"]
    poll(world)
    assert promises(world, key) == ["kept", "open"]
    quiet(world)
    assert promises(world, key) == ["kept", "open"]
    world.pass_(minutes=20)  # the promise as it was is over; the new one counts from the agent's words
    assert len(world.said(key)) == 1
    world.pass_(minutes=10)
    assert len(world.said(key)) == 2


@pytest.mark.parametrize("words", [{"work_notes": "It is gw-03."}, {"comments": "Any news?", "who": "eva"}])
def test_other_words_that_never_arrived_keep_no_promise(world, words):
    key = opened(world)
    world.snow.hooks = None
    world.pass_(minutes=10)
    world.on_snow(key, **words)
    poll(world)
    assert promises(world, key) == ["open"]
    world.pass_(minutes=25)
    assert len(world.said(key)) == 2


def test_words_lost_right_before_the_promise_is_due_keep_it_without_polling(world):
    key = opened(world)
    world.snow.hooks = None
    world.pass_(minutes=15)
    world.on_snow(key, comments="We found it.")
    world.pass_(minutes=16)
    assert len(world.said(key)) == 1
    assert promises(world, key) == ["kept", "open"]


def test_a_lost_comment_before_a_change_that_arrived_still_keeps_the_promise(world):
    """The later change makes the ticket look known; the promise is asked about all the same before it is answered."""
    key = opened(world)
    hooks, world.snow.hooks = world.snow.hooks, None
    world.pass_(minutes=12)
    world.on_snow(key, comments="We found it.")
    world.snow.hooks = hooks
    world.pass_(minutes=1)
    world.on_snow(key, short_description="y")
    poll(world)
    world.pass_(minutes=18)
    assert promises(world, key)[:1] == ["kept"]
    assert len(world.said(key)) == 1


def journal_reads(world):
    """Counts how often the journal is asked for from now on."""
    fault = Fault("delay", path="sys_journal_field", times=10_000)
    world.snow.faults.append(fault)
    return lambda: 10_000 - fault.times


@pytest.fixture
def reminding(tmp_path):
    rules = RULES.replace("{every: 30m}", "{every: 30m, remind: 5m}")
    with open_world(tmp_path, rules) as one:
        yield one


def test_where_nobody_saved_the_record_its_journal_is_not_asked_for(reminding):
    """Promise after promise, with a reminder to the agents before each: all that was saved is ours."""
    key = opened(reminding)
    count = journal_reads(reminding)
    reminding.pass_(hours=2)
    assert len(reminding.said(key)) == 5
    assert len(reminding.entries(key, internal=True)) > 2
    assert count() == 0


@pytest.mark.parametrize("minute", [5, 26])
def test_lost_words_keep_the_promise_whether_they_came_before_our_reminder_or_after(reminding, minute):
    key = opened(reminding)
    count = journal_reads(reminding)
    reminding.snow.hooks = None
    reminding.pass_(minutes=minute)
    reminding.on_snow(key, comments="We found it.")
    reminding.pass_(minutes=29 - minute)
    assert (len(reminding.said(key)), promises(reminding, key), count()) == (1, ["kept", "open"], 1)


def test_a_save_that_no_webhook_told_of_is_reason_enough_to_look(world):
    key = opened(world)
    count = journal_reads(world)
    world.snow.hooks = None
    world.on_snow(key, short_description="y")
    world.pass_(minutes=31)
    assert (len(world.said(key)), count()) == (2, 1)
    world.pass_(minutes=31)
    assert (len(world.said(key)), count()) == (3, 1)


def test_a_journal_that_may_not_be_read_says_nothing(world):
    key = opened(world)
    world.snow.hooks = None
    world.fault("servicenow", kind="status", path="sys_journal_field", status=403, times=99)
    world.on_snow(key, comments="We found it.")
    assert poll(world) == 1
    assert promises(world, key) == ["open"]
    world.pass_(minutes=31)
    assert len(world.said(key)) == 2


# --- twice changes nothing ---------------------------------------------------------------------------------------------


def test_asking_again_changes_nothing(deaf):
    keys = [deaf.on_snow(short_description="x", caller_id="eva"), deaf.on_jira(who="carla", fields={"summary": "x"})]
    poll(deaf)
    assert poll(deaf) == 0
    deaf.pass_(minutes=3)
    said = [deaf.entries(key) for key in keys]
    assert quiet(deaf) <= 1  # our own writes are found once
    count = len(polled(deaf))
    journal = {key: deaf.silences(key) for key in keys}
    for _ in range(3):
        deaf.clock.move(deaf.clock.now() + timedelta(minutes=5))
        assert poll(deaf) == 0
    assert [deaf.entries(key) for key in keys] == said
    assert {key: deaf.silences(key) for key in keys} == journal
    assert len(polled(deaf)) == count


@pytest.mark.parametrize("order", ["webhook first", "polling first", "together"])
@pytest.mark.parametrize("site", SITES)
def test_webhook_and_polling_of_one_change_say_one_thing(world, site, order):
    change = {
        "servicenow": lambda: world.snow.change("", {"as": "eva", "fields": {"short_description": "x"}})["number"],
        "jira": lambda: world.jira.change("", {"as": "carla", "fields": {"summary": "x"}})["key"],
    }[site]
    stand_in = {"servicenow": world.snow, "jira": world.jira}[site]
    if order == "polling first":
        hooks, stand_in.hooks = stand_in.hooks, None
        key = change()
        poll(world)
        stand_in.hooks = hooks
        bodies = world.snow.saves if site == "servicenow" else world.jira
        if site == "servicenow":
            table, sys_id = world.snow.tables.ticket(key)
            world.snow._send(bodies._envelope(table, sys_id, "insert", [], {}))
        else:
            bodies._hook("jira:issue_created", bodies.found(key), bodies.person("carla"), "issue_created", items=[])
    else:
        key = change()
        if order == "webhook first":
            world.driver.settle()
        world.liaison.reconciler.once(site)
    world.driver.settle()
    world.pass_(minutes=4)
    quiet(world)
    assert len(world.said(key)) == 1
    assert len(world.entries(key, internal=True)) == 1


def test_what_webhooks_delivered_is_no_news(world):
    """A quiet site costs one list: no record is read, nothing enters the inbox."""
    key = opened(world)
    world.on_snow(key, priority="2")
    world.pass_(minutes=3)
    reads = Fault("delay", path=r"/table/incident/", times=10_000)
    world.snow.faults.append(reads)
    look = world.liaison.reconciler.once("servicenow")
    world.driver.settle()
    assert (look.found, look.new, polled(world), 10_000 - reads.times) == (1, 0, [], 0)


def test_a_bot_and_liaison_do_not_chase_each_other(deaf):
    """Each of our writes moves the ticket; found once, it leads to no other write."""
    key = deaf.on_snow(short_description="x", caller_id="eva", priority="2")
    for _ in range(36):
        poll(deaf)
        deaf.pass_(minutes=5)
    assert 5 <= len(deaf.said(key)) <= 7  # one each half hour
    assert len(polled(deaf)) <= 2 * len(deaf.said(key)) + 2


# --- after an outage ---------------------------------------------------------------------------------------------------


def outage(world, minutes, *changes):
    """Liaison is down: time passes and things happen, nobody attends."""
    world.snow.hooks = world.jira.hooks = None
    for change in changes:
        world.clock.move(world.clock.now() + timedelta(minutes=minutes / (len(changes) or 1)))
        change()


def on_snow(world, key, who="agent.smith", **fields):
    return lambda: world.snow.change(key, {"as": who, "fields": fields})


def test_two_hours_down_is_told_as_the_truth_of_now_once(world):
    raised = opened(world)
    bounced = opened(world)
    solved = opened(world)
    reopened = opened(world)
    world.on_snow(reopened, **SOLVED)
    world.pass_(minutes=6)
    before = {key: len(world.said(key)) for key in (raised, bounced, solved, reopened)}
    outage(
        world,
        120,
        on_snow(world, raised, state="2", priority="2"),
        on_snow(world, bounced, priority="1"),
        on_snow(world, solved, priority="1", state="2"),
        on_snow(world, reopened, state="2"),
        on_snow(world, raised, priority="4"),
        on_snow(world, bounced, priority="3"),
        on_snow(world, solved, **SOLVED),
        on_snow(world, raised, priority="1"),
        on_snow(world, reopened, **SOLVED),
        on_snow(world, reopened, state="2"),
    )
    poll(world)
    world.pass_(minutes=10)
    news = {key: world.said(key)[count:] for key, count in before.items()}
    assert [len(said) for said in news.values()] == [1, 1, 1, 1]
    assert news[raised][0].startswith("More urgent now.")
    assert re.match(
        r"We said .*, and we are late\.\s+Still on it\.", news[bounced][0]
    )  # nothing came of it, but a promise was overdue
    assert news[solved] == ["Solved."]
    assert news[reopened][0].startswith("Back again.")
    quiet(world)
    world.pass_(minutes=10)
    assert [len(world.said(key)) - count for key, count in before.items()] == [1, 1, 1, 1]


def test_solved_and_reopened_while_down_is_not_replayed(world):
    key = opened(world, state="2")
    outage(world, 10, on_snow(world, key, **SOLVED), on_snow(world, key, state="2"))
    poll(world)
    world.pass_(minutes=10)
    assert len(world.said(key)) == 1


def test_opened_and_solved_while_down_is_over_before_it_was_seen(deaf):
    made = []
    outage(
        deaf,
        60,
        lambda: made.append(
            deaf.snow.change("", {"as": "eva", "fields": {"short_description": "x", "caller_id": "eva"}})
        ),
        lambda: deaf.snow.change(made[0]["number"], {"as": "agent.smith", "fields": SOLVED}),
    )
    poll(deaf)
    deaf.pass_(minutes=10)
    key = made[0]["number"]
    assert deaf.entries(key) == []
    assert deaf.reasons(key) == {"adopted"}


@pytest.mark.parametrize("first", ["the promise", "polling"])
def test_a_promise_overdue_after_an_outage_is_answered_once(world, first):
    key = opened(world)
    outage(world, 120, lambda: None)
    if first == "polling":
        poll(world)
    world.driver.settle()
    poll(world)
    assert len(world.said(key)) == 2
    assert re.match(r"We said .*, and we are late\.\s+Still on it\.", world.said(key)[1])
    assert promises(world, key) == ["kept_late", "open"]


@pytest.mark.parametrize("first", ["the promise", "polling"])
def test_an_agent_who_wrote_while_liaison_was_down_is_not_talked_over(world, first):
    key = opened(world)
    outage(world, 50, on_snow(world, key, comments="We found it."), lambda: None)
    if first == "polling":
        poll(world)
    world.driver.settle()
    poll(world)
    assert len(world.said(key)) == 1
    assert promises(world, key) == ["kept", "open"]


def test_many_tickets_changed_while_down_are_found_page_by_page_and_get_one_message_each(deaf, monkeypatch):
    monkeypatch.setattr(servicenow_changes, "PAGE", 8)
    monkeypatch.setattr(jira_changes, "PAGE", 8)
    lists = {
        deaf.snow: Fault("delay", path=r"/table/incident\?.*sys_updated_on", times=10_000),
        deaf.jira: Fault("delay", path="/search", times=10_000),
    }
    keys = []
    for number in range(30):
        deaf.clock.move(START + timedelta(seconds=20 * (number // 3)))
        asked = {"short_description": f"x {number}", "caller_id": "eva"}
        keys.append(deaf.snow.change("", {"as": "eva", "fields": asked})["number"])
        keys.append(deaf.jira.change("", {"as": "carla", "fields": {"summary": f"x {number}"}})["key"])
    for stand_in, fault in lists.items():
        stand_in.faults.append(fault)
    assert poll(deaf) == 60
    assert [4 <= 10_000 - fault.times <= 6 for fault in lists.values()] == [True, True]
    deaf.pass_(minutes=3)
    assert [len(deaf.said(key)) for key in keys] == [1] * 60


def test_tickets_from_before_liaison_spoke_are_taken_over_silently(deaf):
    key = deaf.on_snow(short_description="old", caller_id="eva", opened_at="2026-11-01 08:00:00")
    deaf.pass_(minutes=1)
    deaf.on_snow(key, priority="1")
    poll(deaf)
    deaf.pass_(hours=1)
    assert deaf.entries(key) == []
    assert deaf.reasons(key) == {"adopted"}
    deaf.on_snow(key, **SOLVED)
    poll(deaf)
    deaf.pass_(minutes=10)
    assert deaf.said(key) == ["Solved."]


def test_a_story_in_a_software_project_is_not_even_found(deaf):
    deaf.on_jira(project="WEB", type="Story", fields={"summary": "Refactor the cart"})
    assert poll(deaf) == 0


# --- the watermark -----------------------------------------------------------------------------------------------------


def watermark(world, site="servicenow"):
    with world.liaison.store.read() as connection:
        return connection.execute(select(tables.meta.c.value).where(tables.meta.c.name == f"polled:{site}")).scalar()


def test_the_first_look_begins_when_the_site_began_to_speak_and_the_next_behind_the_last(world):
    world.pass_(hours=3)
    assert world.liaison.reconciler.once("servicenow").since == START
    asked = world.clock.now()
    world.pass_(minutes=5)
    assert world.liaison.reconciler.once("servicenow").since == asked - OVERLAP


@pytest.mark.parametrize(
    ("site", "fault", "error"),
    [
        ("servicenow", {"kind": "html", "path": "sysparm_query", "times": 9}, Unavailable),
        ("servicenow", {"kind": "status", "path": "sysparm_query", "status": 429}, Paused),
        ("jira", {"kind": "status", "path": "/search", "status": 401}, LiaisonError),
    ],
)
def test_a_look_that_failed_is_made_again_from_the_same_place(deaf, monkeypatch, site, fault, error):
    monkeypatch.setattr("time.sleep", lambda _: None)
    key = deaf.on_snow(short_description="x") if site == "servicenow" else deaf.on_jira(fields={"summary": "x"})
    poll(deaf)
    mark = watermark(deaf, site)
    deaf.pass_(minutes=30)
    deaf.on_snow(key, priority="1") if site == "servicenow" else deaf.on_jira(key, fields={"priority": "Highest"})
    deaf.fault(site, **fault)
    with pytest.raises(error):
        deaf.liaison.reconciler.once(site)
    assert watermark(deaf, site) == mark
    for stand_in in (deaf.snow, deaf.jira):
        stand_in.faults.clear()
    deaf.clock.move(deaf.clock.now() + timedelta(hours=5))
    poll(deaf, site)
    assert watermark(deaf, site) > mark
    assert any(words.startswith("More urgent now.") for words in deaf.said(key))


def test_a_look_that_broke_off_on_its_second_page_keeps_what_it_found(deaf, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(servicenow_changes, "PAGE", 100)
    for number in range(150):
        deaf.clock.move(START + timedelta(seconds=number))
        deaf.snow.change("", {"as": "eva", "fields": {"short_description": f"x {number}"}})
    deaf.fault("servicenow", kind="status", path="sysparm_query", status=500, after=1, times=9)
    with pytest.raises(Unavailable):
        deaf.liaison.reconciler.once("servicenow")
    assert len(polled(deaf)) == 100
    assert watermark(deaf) is None
    deaf.snow.faults.clear()
    look = deaf.liaison.reconciler.once("servicenow")
    assert (look.found, look.new) == (150, 50)


# --- again and again ---------------------------------------------------------------------------------------------------


def wait_for(condition, seconds=10.0):
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        tick.wait(0.02)
    return False


def test_a_running_liaison_asks_by_itself(deaf):
    """`run` catches up at its start; one hung site does not keep the other from being asked."""
    key = deaf.on_snow(short_description="x", caller_id="eva", priority="1")
    deaf.jira.faults.append(Fault("delay", path="/search", seconds=3, times=99))
    liaison = deaf.liaison
    liaison.settings = replace(liaison.settings, poll=timedelta(minutes=5))
    thread = threading.Thread(target=liaison.run)
    thread.start()
    try:
        assert wait_for(lambda: polled(deaf))
        assert wait_for(lambda: watermark(deaf))
        assert watermark(deaf, "jira") is None
        assert wait_for(lambda: liaison.views.find(key))
    finally:
        liaison.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_a_site_that_always_fails_is_asked_again_and_stops_nothing(deaf, caplog):
    deaf.fault("servicenow", kind="status", path="sysparm_query", status=401, times=999)
    reconciler = deaf.liaison.reconciler
    reconciler.start(timedelta(milliseconds=20))
    try:
        assert wait_for(lambda: deaf.snow.faults[-1].times < 997)
        assert wait_for(lambda: watermark(deaf, "jira"))
    finally:
        reconciler.stop()
        reconciler.join()
    assert "servicenow: what changed is asked again in" in caplog.text


def test_an_unforeseen_failure_is_logged_and_the_next_look_is_made(deaf, caplog):
    class Broken(Reconciler):
        count = 0

        def once(self, site):
            self.count += 1
            raise ZeroDivisionError(site)

    liaison = deaf.liaison
    broken = Broken(liaison.store, deaf.clock, liaison.connectors, liaison.inbox)
    broken.start(timedelta(milliseconds=10))
    assert wait_for(lambda: broken.count > 4)
    broken.stop()
    broken.join()
    assert "asking what changed failed" in caplog.text


def test_a_platform_that_asks_to_slow_down_is_left_alone_that_long(deaf, caplog):
    deaf.fault("servicenow", kind="status", path="sysparm_query", status=429, headers={"Retry-After": "1200"})
    assert deaf.liaison.reconciler._look("servicenow", timedelta(minutes=5)) == timedelta(minutes=20)
    assert "servicenow: what changed is asked again in 20 minutes: " in caplog.text
    deaf.pass_(minutes=20, seconds=1)
    assert deaf.liaison.reconciler._look("servicenow", timedelta(minutes=5)) == timedelta(minutes=5)
