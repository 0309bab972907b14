"""Within the platforms' limits: what is due at once is told in their time, the most urgent first, nothing refused."""

import statistics
from collections import Counter

import pytest

from app import tables
from connector.sandbox import Allowance, doubled
from core.notes import NoteState
from core.times import iso
from tests.support.world import world

RULES = """
version: 1
settle: {opened: 0m}
rules:
  - id: any
    when: {kind: incident}
    messages:
      requester:
        opened: "We look into it. We will write again {{ next_update.text }}."
        update_due: "Still on it. We will write again {{ next_update.text }}."
    cadence: {requester: {every: 12h}, agents: none}
"""
PRIORITIES = {"servicenow": ("1", "2", "3", "4"), "jira": ("Highest", "High", "Medium", "Low")}
SEVERAL = 7
"""No divisor of four: every priority among the first, and among the last."""


def many(one, site, count, priority=""):
    """Tickets whose next update is due at the same time, in twelve hours."""
    for number in range(count):
        given = priority or PRIORITIES[site][number * SEVERAL % 4]
        if site == "servicenow":
            fields = {"caller_id": f"u{number}", "short_description": "x", "priority": given}
            one.snow.change("", {"as": "desk", "fields": fields})
        else:
            fields = {"summary": "x", "priority": given}
            one.jira.change("", {"as": "carla", "project": "OPS", "type": "Incident", "fields": fields})
    one.driver.settle()


def told(one):
    """(priority, when) of each update, in the order in which they were written."""
    n, t = tables.notes, tables.tickets
    joined = n.join(t, (t.c.site == n.c.site) & (t.c.id == n.c.ticket_id))
    with one.liaison.store.read() as connection:
        rows = connection.execute(
            n.select()
            .with_only_columns(n.c.ticket_id, t.c.priority, n.c.written_at)
            .select_from(joined)
            .where(n.c.moment == "update_due", n.c.audience == "requester", n.c.state == NoteState.WRITTEN)
            .order_by(n.c.written_at, t.c.priority)
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(("site", "count"), [("servicenow", 200), ("jira", 100)])
def test_hundreds_of_updates_due_at_once_keep_within_the_limit_and_the_most_urgent_are_told_first(
    tmp_path, site, count
):
    """100 requests an hour, two for each update: it takes hours, and the platform never has to refuse anything."""
    with world(tmp_path, RULES) as one:
        platform = {"servicenow": one.snow, "jira": one.jira}[site]
        one.driver.on_move = lambda _: one.liaison.marker.mark()
        many(one, site, count)
        one.pass_(hours=11, minutes=50)
        platform.allowance = Allowance(100, 3600)
        one.pass_(hours=11)
        found = told(one)
        assert len(found) == len({ticket for ticket, _, _ in found}) == count
        assert not doubled(platform.lines, ever=True)
        assert platform.allowance.refused == 0
        assert max(platform.allowance.taken.values()) <= 100
        fifths = [found[start : start + count // 5] for start in range(0, count, count // 5)]
        ranks = [statistics.mean(int(priority[1]) for _, priority, _ in fifth) for fifth in fifths]
        assert ranks == sorted(ranks)
        assert ranks[0] == 1
        p = tables.promises
        with one.liaison.store.read() as connection:
            late = {row.cause for row in connection.execute(p.select().where(p.c.state == "kept_late"))}
        assert late == {"paused"}


def test_a_site_that_is_paced_holds_up_no_other(tmp_path):
    """Jira's tickets, due at the same time and less urgent, are told at once."""
    with world(tmp_path, RULES) as one:
        many(one, "servicenow", 40)
        many(one, "jira", 4)
        one.pass_(hours=11, minutes=50)
        one.snow.allowance = Allowance(30, 3600)
        one.pass_(minutes=11)
        keys = [c.key for c in one.jira.conversations()]
        assert [len(one.said(key)) for key in keys] == [2] * 4
        assert sum(len(one.said(c.key)) == 2 for c in one.snow.conversations()) < 20
        assert one.snow.allowance.refused == 0


def test_what_is_urgent_and_new_still_gets_through_when_the_rest_of_the_quota_is_kept_for_it(tmp_path):
    """The last tenth of a quota: a P1 that is opened meanwhile hears at once, others wait for the next hour."""
    with world(tmp_path, RULES) as one:
        many(one, "servicenow", 60, "3")
        one.pass_(hours=11, minutes=50)
        one.snow.allowance = Allowance(60, 3600)
        one.pass_(minutes=67)
        waiting = [c.key for c in one.snow.conversations() if len(one.said(c.key)) == 1]
        assert waiting
        urgent = one.on_snow(caller_id="eva", short_description="x", priority="1")
        one.pass_(minutes=2)
        assert len(one.said(urgent)) == 1
        assert one.snow.allowance.refused == 0


def test_a_ceiling_of_ones_own_spreads_what_is_due_at_once_where_no_limit_is_known(tmp_path):
    """`pace`: at ten requests a minute, two for each update, no more than five or six are told in a minute."""
    with world(tmp_path, RULES, snow={"pace": 10 / 60}) as one:
        many(one, "servicenow", 30)
        one.pass_(minutes=10)
        due = one.clock.now()
        one.liaison.store.write(lambda tx: tx.execute(tables.promises.update().values(due=iso(due))))
        one.liaison.store.write(lambda tx: tx.execute(tables.wakeups.update().values(due=iso(due))))
        one.pass_(minutes=12)
        minutes = Counter(when[:16] for _, _, when in told(one))
        assert sum(minutes.values()) == 30
        assert max(minutes.values()) <= 6


def test_a_limit_that_was_never_announced_is_hit_once_and_every_ticket_waits_for_its_end(tmp_path):
    """One 429 is enough: nobody else asks before it ends."""
    with world(tmp_path, RULES) as one:
        many(one, "servicenow", 30)
        one.pass_(hours=11, minutes=50)
        one.fault("servicenow", kind="servicenow-rate-limit", times=1000, seconds=600)
        one.pass_(minutes=12)
        assert one.snow.injected["servicenow-rate-limit"] == 1
        one.snow.calm()
        one.pass_(minutes=20)
        assert len(told(one)) == 30
