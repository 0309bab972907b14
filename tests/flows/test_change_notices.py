"""A planned change, told ahead, on the way and afterwards, with the shipped words, on both platforms."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app import tables
from core.times import iso
from tests.support.world import world

BERLIN = ZoneInfo("Europe/Berlin")
PACKS_ONLY = "version: 1\nrules: []\n"
CATALOGUE = """
version: 1
rules: []
services:
  - id: shop
    name: the online shop
    aliases: {servicenow: [Online Shop], jira: [Shop]}
    key_users: {berlin: [till-lead-berlin, shop-lead-berlin], paris: [lead-paris]}
"""
WINDOW = {"planned_start": "customfield_10061", "planned_end": "customfield_10062"}

ON_SNOW = {"scheduled": "-2", "implement": "-1", "review": "0", "closed": "3"}
ON_JIRA = {
    "scheduled": "Awaiting implementation",
    "implement": "Implementing",
    "review": "Post implementation review",
    "closed": "Done",
}


def berlin(*when):
    return datetime(*when, tzinfo=BERLIN).astimezone(UTC)


class Snow:
    """A change on ServiceNow, moved on by people."""

    def __init__(self, world):
        self.world, self.key = world, ""

    def plan(self, start, end):
        times = {"start_date": iso(start)[:19].replace("T", " "), "end_date": iso(end)[:19].replace("T", " ")}
        if not self.key:
            body = {"as": "nils", "table": "change_request", "fields": {"business_service": "Online Shop", **times}}
            self.key = self.world.snow.change("", body)["number"]
        else:
            self.world.snow.change(self.key, {"as": "nils", "fields": times})
        self.world.driver.settle()

    def step(self, state):
        approved = {"approval": "approved"} if state == "scheduled" else {}
        done = {"close_code": "successful"} if state in ("review", "closed") else {}
        self.world.snow.change(self.key, {"as": "nils", "fields": {"state": ON_SNOW[state], **approved, **done}})
        self.world.driver.settle()

    def answer(self, text):
        self.world.on_snow(self.key, who="nils", comments=text)


class Jira:
    """The same on Jira; the planned times are custom fields."""

    def __init__(self, world):
        self.world, self.key = world, ""

    def plan(self, start, end):
        times = {WINDOW["planned_start"]: iso(start), WINDOW["planned_end"]: iso(end)}
        if not self.key:
            self.key = self.world.on_jira(
                who="carla", type="Change", fields={"summary": "x", "components": ["Shop"], **times}
            )
        else:
            self.world.on_jira(self.key, fields=times)

    def step(self, state):
        self.world.on_jira(self.key, status=ON_JIRA[state])

    def answer(self, text):
        self.world.on_jira(self.key, who="carla", comment={"text": text, "public": True})


@pytest.fixture(params=[Snow, Jira])
def change(request, tmp_path):
    with world(tmp_path, CATALOGUE, jira={"fields": WINDOW}) as one:
        yield request.param(one)


def told(change):
    """Every message to the requester: Berlin time, moment."""
    written = [n for n in change.world.rows(tables.notes, change.key) if n.audience == "requester" and n.written_at]
    return [
        (f"{datetime.fromisoformat(n.written_at).astimezone(BERLIN):%a %d %b %H:%M}", n.moment)
        for n in sorted(written, key=lambda n: n.written_at)
    ]


def until(change, *when):
    change.world.driver.advance(berlin(*when))


def test_a_change_announced_ten_days_ahead_is_told_at_every_step(change):
    """Notices, start, delay, two reschedules, the end, and the question of the next working day."""
    change.plan(berlin(2026, 11, 29, 2), berlin(2026, 11, 29, 4))
    change.step("scheduled")
    until(change, 2026, 11, 26, 12)
    change.plan(berlin(2026, 11, 29, 3), berlin(2026, 11, 29, 5))
    until(change, 2026, 11, 29, 3, 5)
    change.step("implement")
    until(change, 2026, 11, 29, 5, 20)
    change.plan(berlin(2026, 11, 29, 3), berlin(2026, 11, 29, 6))
    until(change, 2026, 11, 29, 6, 40)
    change.step("review")
    until(change, 2026, 11, 29, 8)
    change.step("closed")
    until(change, 2026, 12, 5, 12)
    assert told(change) == [
        ("Fri 20 Nov 10:02", "announced"),
        ("Mon 23 Nov 08:00", "notice"),
        ("Thu 26 Nov 12:02", "rescheduled"),
        ("Sat 28 Nov 03:00", "notice"),
        ("Sun 29 Nov 02:00", "notice"),
        ("Sun 29 Nov 03:05", "started"),
        ("Sun 29 Nov 05:00", "delayed"),
        ("Sun 29 Nov 05:22", "rescheduled"),
        ("Sun 29 Nov 06:00", "delayed"),
        ("Sun 29 Nov 06:30", "update_due"),
        ("Sun 29 Nov 06:42", "finished"),
        ("Mon 30 Nov 09:00", "check_in"),
    ]
    said = change.world.said(change.key)
    assert "A reminder: the change to the online shop starts at 02:00 on Sunday 29 November." in said[1]
    assert "It is planned for Sunday 29 November, 02:00 to 04:00 (Berlin time)." in said[1]
    assert "The new time is Sunday 29 November, 03:00 to 05:00 (Berlin time)." in said[2]
    assert "starts at 03:00 tomorrow." in said[3]
    assert "starts at 03:00 today." in said[4]
    assert "now has another planned end: 06:00 today." in said[7]
    assert "Is everything fine now?" in said[-1]


def test_the_agents_know_what_comes_and_whom_to_ask(change):
    change.plan(berlin(2026, 11, 29, 2), berlin(2026, 11, 29, 4))
    change.step("scheduled")
    change.world.pass_(minutes=5)
    assert (
        "Next reminder to them: 08:00 on Monday 23 November."
        in change.world.entries(change.key, internal=True)[-1].text
    )
    until(change, 2026, 11, 29, 2)
    change.step("implement")
    until(change, 2026, 11, 29, 4, 40)
    change.step("review")
    change.world.pass_(minutes=5)
    ended = change.world.entries(change.key, internal=True)[-1].text
    assert re.search(r"Done, 4[02] minutes late\.", ended)  # only ServiceNow tells when it really ended
    assert "They are asked again at 09:00 tomorrow. Then ask 3 key users, too." in ended
    until(change, 2026, 11, 30, 9, 1)
    asked = change.world.entries(change.key, internal=True)[-1].text
    assert "Please ask 3 key users, too: till-lead-berlin, shop-lead-berlin, lead-paris." in asked


def test_the_answer_to_the_check_in_comes_back_to_the_agents(change):
    change.plan(berlin(2026, 11, 20, 12), berlin(2026, 11, 20, 13))
    change.step("scheduled")
    until(change, 2026, 11, 20, 12)
    change.step("implement")
    until(change, 2026, 11, 20, 12, 30)
    change.step("review")
    until(change, 2026, 11, 23, 13)
    assert told(change)[-1] == ("Mon 23 Nov 12:32", "check_in")
    change.answer("No. Orders from Friday are missing.")
    change.world.pass_(minutes=5)
    note = change.world.entries(change.key, internal=True)[-1].text
    assert "The requester answered the check-in: read their comment." in note
    assert told(change)[-1] == ("Mon 23 Nov 12:32", "check_in")
    change.answer("And one more thing.")
    change.world.pass_(hours=1)
    assert [n.moment for n in change.world.rows(tables.notes, change.key)].count("replied") == 1


def test_a_change_announced_late_gets_no_notices_in_a_row(change):
    """A day and an hour before the start: the announcement itself is the notice of that day."""
    change.plan(berlin(2026, 11, 21, 11), berlin(2026, 11, 21, 12))
    change.step("scheduled")
    until(change, 2026, 11, 21, 10, 59)
    assert told(change) == [("Fri 20 Nov 10:02", "announced"), ("Sat 21 Nov 10:00", "notice")]


def test_a_change_announced_within_the_hour_is_not_announced_twice(change):
    change.plan(berlin(2026, 11, 20, 11, 5), berlin(2026, 11, 20, 12))
    change.step("scheduled")
    until(change, 2026, 11, 20, 11, 4)
    assert told(change) == [("Fri 20 Nov 10:02", "announced")]


def test_over_the_weekend_on_which_the_clocks_go_forward_the_times_are_right(change):
    """Sunday 28 March 2027, 01:30 to 03:30 in Berlin, is one hour; a day before the start is 24 hours."""
    until(change, 2027, 3, 18, 10)
    change.plan(berlin(2027, 3, 28, 1, 30), berlin(2027, 3, 28, 3, 30))
    change.step("scheduled")
    until(change, 2027, 3, 28, 1, 30)
    change.step("implement")
    until(change, 2027, 3, 28, 3, 31)
    change.step("review")
    until(change, 2027, 3, 31, 12)
    assert told(change) == [
        ("Thu 18 Mar 10:02", "announced"),
        ("Mon 22 Mar 08:00", "notice"),
        ("Sat 27 Mar 01:30", "notice"),
        ("Sun 28 Mar 00:30", "notice"),
        ("Sun 28 Mar 01:30", "started"),
        ("Sun 28 Mar 03:30", "delayed"),
        ("Sun 28 Mar 03:33", "finished"),
        ("Mon 29 Mar 09:00", "check_in"),
    ]
    assert "Sunday 28 March, 01:30 to 03:30 (Berlin time)" in change.world.said(change.key)[1]


def test_a_plan_that_is_taken_away_is_told(change):
    change.plan(berlin(2026, 11, 29, 2), berlin(2026, 11, 29, 4))
    change.step("scheduled")
    change.world.pass_(minutes=5)
    if isinstance(change, Snow):
        change.world.on_snow(change.key, who="nils", start_date="", end_date="")
    else:
        change.world.on_jira(change.key, fields=dict.fromkeys(WINDOW.values()))
    until(change, 2026, 11, 29, 12)
    assert [moment for _, moment in told(change)] == ["announced", "rescheduled"]
    assert "We will write the new time here." in change.world.said(change.key)[-1]


def test_a_check_in_does_not_go_out_where_work_goes_on_again(change):
    change.plan(berlin(2026, 11, 20, 12), berlin(2026, 11, 20, 13))
    change.step("scheduled")
    until(change, 2026, 11, 20, 12)
    change.step("implement")
    until(change, 2026, 11, 20, 12, 30)
    change.step("review")
    until(change, 2026, 11, 23, 12)
    change.step("implement")
    until(change, 2026, 11, 23, 14)
    assert "check_in" not in {moment for _, moment in told(change)}


def test_a_standard_change_is_told_nobody_at_any_time(tmp_path):
    with world(tmp_path, PACKS_ONLY) as one:
        window = {"start_date": "2026-11-27 10:00:00", "end_date": "2026-11-27 11:00:00"}
        body = {"as": "nils", "table": "change_request", "fields": {"type": "standard", **window}}
        key = one.snow.change("", body)["number"]
        one.on_snow(key, state="-2", approval="approved")
        one.pass_(days=8)
        one.on_snow(key, state="-1")
        one.on_snow(key, state="0", close_code="successful")
        one.pass_(days=5)
        assert one.entries(key) == []
        assert one.reasons(key) == {"gated"}


MILESTONES = """
version: 1
rules:
  - id: way
    when: {kind: change}
    milestones:
      - {on: {state: {to: implement}}, tell: requester, say: Our team has begun with the work.}
      - {after: 30m, tell: [requester, agents], say: Half an hour of work is done.}
      - {before: {planned_end: 10m}, tell: agents, say: Ten minutes are left.}
    notices: none
    closing: none
"""


@pytest.mark.parametrize("platform", [Snow, Jira])
def test_milestones_of_a_change_are_said_at_their_time(platform, tmp_path):
    with world(tmp_path, MILESTONES, jira={"fields": WINDOW}) as one:
        change = platform(one)
        change.plan(berlin(2026, 11, 24, 10), berlin(2026, 11, 24, 11))
        change.step("scheduled")
        until(change, 2026, 11, 24, 10)
        change.step("implement")
        until(change, 2026, 11, 24, 10, 50)
        notes = one.entries(change.key, internal=True)
        assert "Ten minutes are left." in notes[-1].text
        change.step("review")
        until(change, 2026, 12, 24, 10)
        assert told(change) == [
            ("Fri 20 Nov 10:02", "announced"),
            ("Tue 24 Nov 10:00", "milestone"),
            ("Tue 24 Nov 10:30", "milestone"),
            ("Tue 24 Nov 10:52", "finished"),
        ]
        assert one.said(change.key)[1] == "Our team has begun with the work."
