"""A clock that is put back by hours: nothing waits for the same hours to come again, and nothing is said twice."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import tables
from core.tickets import TicketRef
from core.times import iso
from tests.support.scripted import RULES, START, Jumping, bench, incident

BACK = timedelta(hours=3)
ONE = TicketRef("acme", "1")


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path / "bench") as found:
        yield found


def put_back(desk):
    desk.clock._now = START - BACK
    desk.platform.clock = desk.clock
    desk.engine.heal()


def test_a_delivery_that_waits_is_attended_to(desk):
    desk.engine.heal()
    desk.receive(incident())
    desk.clock.move(START + timedelta(minutes=1))
    desk.engine.heal()
    put_back(desk)
    desk.drain()
    assert desk.notes()["requester", "opened"] == "written"


def test_also_where_liaison_was_started_again_meanwhile(desk):
    desk.receive(incident())
    again = desk.crash()
    put_back(again)
    again.drain()
    assert again.notes()["requester", "opened"] == "written"
    again.close()


@pytest.mark.parametrize("fault", ["lost_reply", "in_doubt"])
def test_a_doubt_is_resolved_after_its_settle_time_and_the_note_stands_once(desk, fault):
    desk.engine.heal()
    desk.platform.faults = [fault]
    desk.happen(incident())
    assert desk.notes()["requester", "opened"] == "in_doubt"
    put_back(desk)
    desk.pass_(minutes=2)
    assert desk.notes()["requester", "opened"] == "written"
    assert len(desk.platform.letters()) == 2


def test_what_settles_has_settled_after_as_long_as_ever(tmp_path):
    rules = RULES.replace("rules:", "settle: {opened: 10m}\nrules:", 1)
    with bench(tmp_path / "bench", rules=rules) as desk:
        desk.engine.heal()
        desk.happen(incident())
        assert desk.platform.letters() == []
        put_back(desk)
        desk.pass_(minutes=9)
        assert desk.platform.letters() == []
        desk.pass_(minutes=2)
        assert len(desk.platform.letters()) == 2


def test_what_is_due_later_stays_where_it_is(desk):
    desk.engine.heal()
    desk.happen(incident())
    (promise,) = desk.promises()
    put_back(desk)
    desk.drain()
    assert desk.engine.next_due() == START + timedelta(minutes=30)
    assert desk.promises() == [promise]


def test_a_delivery_that_failed_is_tried_again_at_once(desk):
    desk.engine.heal()
    desk.happen(incident())
    desk.receive(incident(priority="P2", revision="0002"))
    later = update(tables.deliveries).values(not_before=iso(START + timedelta(seconds=30)))
    desk.store.write(lambda tx: tx.execute(later))
    desk.drain()
    assert ("requester", "raised") not in desk.notes()
    put_back(desk)
    desk.drain()
    assert desk.notes()["requester", "raised"] == "written"


def test_a_note_that_could_not_be_sent_is_tried_again_at_once(desk):
    desk.engine.heal()
    desk.platform.faults = ["unavailable"]
    desk.happen(incident())
    assert desk.notes()["requester", "opened"] == "planned"
    put_back(desk)
    desk.drain()
    assert desk.notes()["requester", "opened"] == "written"


@pytest.mark.parametrize("fault", ["paused_issue", "paused_site"])
def test_a_pause_lasts_as_long_as_the_platform_asked_for(tmp_path, fault):
    clock = Jumping(START)
    with bench(tmp_path / "bench", clock=clock) as desk:
        desk.engine.heal()
        desk.platform.faults = [fault]
        desk.happen(incident())
        put_back(desk)
        clock.seconds += 119
        desk.drain()
        assert desk.platform.letters() == []
        assert desk.pauses.paused(clock.now()).popitem()[1] == START - BACK + timedelta(seconds=1)
        clock.seconds += 1
        desk.pass_(seconds=2)
        assert len(desk.platform.letters()) == 2


def test_a_time_that_jumps_ahead_ends_no_pause(tmp_path):
    clock = Jumping(START)
    with bench(tmp_path / "bench", clock=clock) as desk:
        desk.platform.faults = ["paused_site"]
        desk.happen(incident())
        clock.move(START + timedelta(minutes=3))
        desk.drain()
        assert desk.platform.letters() == []
