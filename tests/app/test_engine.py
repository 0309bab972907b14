"""Which ticket is attended to, when, and by whom."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import delete, insert, update

from app import engine as engines
from app import tables
from app.clocks import DrivenClock
from app.engine import EmbeddedEngine
from app.rows import ticket_row
from core.errors import Fenced, LiaisonError, StoreError
from core.tickets import TicketRef
from core.times import iso
from tests.support.scripted import START

W = tables.wakeups
ONE, TWO = TicketRef("a", "1"), TicketRef("a", "2")


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch):
    monkeypatch.setattr(engines, "REST_SECONDS", 0.01)


@pytest.fixture
def clock():
    return DrivenClock(START)


@pytest.fixture
def engine(store, clock):
    return EmbeddedEngine(store, clock)


@pytest.fixture
def running(store):  # noqa: ARG001 - the store is closed after the engines have stopped
    """Runs engines in threads and stops them at the end."""
    threads = []

    def run(engine, attend):
        thread = threading.Thread(target=engine.run, args=(attend,))
        thread.start()
        threads.append((engine, thread))
        return thread

    yield run
    for engine, thread in threads:
        engine.stop()
        thread.join(10)
        assert not thread.is_alive()


def wake(engine, store, ref, at=None):
    store.write(lambda tx: (ticket_row(tx, ref), engine.wake(tx, ref, at)))
    engine.nudge()


def rest(engine, store, ref, until=None):
    store.write(lambda tx: engine.rest(tx, ref, until))


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@pytest.mark.parametrize("order", [(5, 1, 9), (9, 5, 1), (1, 5, 9)])
def test_of_several_wake_ups_the_earliest_counts(engine, store, order):
    for minutes in order:
        wake(engine, store, ONE, START + timedelta(minutes=minutes))
    assert engine.next_due() == START + timedelta(minutes=1)


def test_a_wake_up_in_the_future_waits_for_its_time(engine, store, clock):
    seen = []
    wake(engine, store, ONE, START + timedelta(minutes=1))

    def attend(ref):
        seen.append(ref)
        rest(engine, store, ref)

    assert (engine.drain(attend), seen) == (START + timedelta(minutes=1), [])
    clock.move(START + timedelta(minutes=1))
    assert (engine.drain(attend), seen) == (None, [ONE])


def test_the_most_overdue_comes_first(engine, store):
    wake(engine, store, ONE, START - timedelta(minutes=1))
    wake(engine, store, TWO, START - timedelta(minutes=2))
    seen = []

    def attend(ref):
        seen.append(ref)
        rest(engine, store, ref)

    engine.drain(attend)
    assert seen == [TWO, ONE]


def test_a_ticket_that_never_rests_is_noticed(engine, store):
    wake(engine, store, ONE)
    with pytest.raises(LiaisonError, match="in circles"):
        engine.drain(lambda _ref: None, limit=10)


def test_one_at_a_time_per_ticket_however_many_threads(store, clock, running):
    engine = EmbeddedEngine(store, clock, workers=8, per_site=8)
    inside, worst, runs, lock = {}, [0], [0], threading.Lock()
    refs = [TicketRef("a", str(n)) for n in range(3)]

    def attend(ref):
        with lock:
            inside[ref] = inside.get(ref, 0) + 1
            worst[0] = max(worst[0], inside[ref])
            runs[0] += 1
        time.sleep(0.002)
        with lock:
            inside[ref] -= 1
        if runs[0] >= 150:
            rest(engine, store, ref)

    for ref in refs:
        wake(engine, store, ref)
    running(engine, attend)
    until(lambda: engine.next_due() is None)
    assert worst == [1]


def test_a_hung_site_leaves_workers_for_the_others(store, clock, running):
    engine = EmbeddedEngine(store, clock, workers=3, per_site=2)
    hang, seen, stuck = threading.Event(), [], []

    def attend(ref):
        if ref.site == "hung":
            stuck.append(ref)
            hang.wait(20)
        else:
            seen.append(ref)
        rest(engine, store, ref)

    for n in range(6):
        wake(engine, store, TicketRef("hung", str(n)), START - timedelta(hours=1))
    running(engine, attend)
    until(lambda: len(stuck) == 2)
    for n in range(10):
        wake(engine, store, TicketRef("well", str(n)))
    until(lambda: len(seen) == 10)
    assert len(stuck) == 2
    hang.set()
    until(lambda: len(stuck) == 6)


def test_a_failing_ticket_is_tried_later_and_later_and_blocks_nobody(engine, store, clock):
    failed, seen = [], []

    def attend(ref):
        if ref == ONE:
            failed.append(clock.now())
            raise RuntimeError("broken")
        seen.append(ref)
        rest(engine, store, ref)

    wake(engine, store, ONE, START - timedelta(minutes=1))
    wake(engine, store, TWO)
    engine.drain(attend)
    assert (len(failed), seen) == (1, [TWO])
    for _ in range(12):
        clock.move(engine.next_due())
        engine.drain(attend)
    gaps = [(b - a).total_seconds() for a, b in pairwise(failed)]
    assert gaps[:4] == [1, 2, 4, 8]
    assert gaps[-1] == 300


def test_a_ticket_that_is_well_again_starts_from_short_pauses(engine, store, clock):
    broken = [True, True, False, True]

    def attend(ref):
        if broken.pop(0):
            raise LiaisonError("broken")
        rest(engine, store, ref)

    wake(engine, store, ONE)
    for _ in range(3):
        engine.drain(attend)
        clock.move(engine.next_due() or clock.now())
    wake(engine, store, ONE)
    engine.drain(attend)
    assert engine.next_due() == clock.now() + timedelta(seconds=1)


def test_a_fenced_run_is_no_failure(engine, store):
    turns = []

    def attend(ref):
        turns.append(ref)
        if len(turns) == 1:
            raise Fenced("taken over")
        rest(engine, store, ref)

    wake(engine, store, ONE)
    assert engine.drain(attend) is None
    assert turns == [ONE, ONE]


@pytest.mark.parametrize("fault", [StoreError("locked"), RuntimeError("odd")])
def test_workers_outlive_a_store_that_cannot_be_read_for_a_moment(store, clock, running, monkeypatch, fault):
    engine = EmbeddedEngine(store, clock, workers=2, per_site=2)
    real, faults, seen = engine._claim, [fault] * 6, []

    def claim():
        if faults:
            raise faults.pop()
        return real()

    monkeypatch.setattr(engine, "_claim", claim)

    def attend(ref):
        seen.append(ref)
        rest(engine, store, ref)

    running(engine, attend)
    wake(engine, store, ONE)
    until(lambda: seen == [ONE])


def test_workers_outlive_a_failure_that_cannot_be_written_down(store, clock, running, monkeypatch):
    engine = EmbeddedEngine(store, clock, workers=1, per_site=1)
    seen, real = [], engine._fail
    turns = [0]

    def fail(tx, ref):
        turns[0] += 1
        if turns[0] < 3:
            raise StoreError("the disk is full")
        real(tx, ref)

    monkeypatch.setattr(engine, "_fail", fail)

    def attend(ref):
        seen.append(ref)
        if len(seen) < 3:
            raise RuntimeError("broken")
        rest(engine, store, ref)

    wake(engine, store, ONE)
    running(engine, attend)
    until(lambda: len(seen) >= 3)


def test_a_store_that_fails_is_told_once_a_minute_and_without_a_traceback(store, clock, running, monkeypatch, caplog):
    """Every worker finds it, again and again: a full disk would be filled with it."""
    engine, turns = EmbeddedEngine(store, clock, workers=4, per_site=4), []

    def attend(ref):
        turns.append(ref)
        raise StoreError("the disk is full")

    monkeypatch.setattr(engine, "_fail", lambda _tx, ref: attend(ref))
    wake(engine, store, ONE)
    running(engine, attend)
    until(lambda: len(turns) > 9)
    assert [(one.message, one.exc_info) for one in caplog.records] == [
        ("a/1: attending failed and is tried again: the disk is full", None)
    ]


def test_the_sweep_outlives_a_store_that_fails_for_a_moment(store, clock, running, monkeypatch):
    monkeypatch.setattr(engines, "SWEEP_SECONDS", 0.02)
    engine = EmbeddedEngine(store, clock, workers=1)
    turns, real = [0], engine.heal

    def heal():
        turns[0] += 1
        if turns[0] in (1, 2, 4):
            raise StoreError("locked")
        real()

    monkeypatch.setattr(engine, "heal", heal)
    thread = running(engine, lambda ref: rest(engine, store, ref))
    until(lambda: turns[0] > 5)
    assert thread.is_alive()


def test_a_store_that_stays_as_bad_as_it_was_at_the_start_is_told(store, clock, monkeypatch):
    monkeypatch.setattr(engines, "FIRST_SECONDS", 0.05)
    engine, turns = EmbeddedEngine(store, clock), []

    def heal():
        turns.append(1)
        raise StoreError("the disk is full")

    monkeypatch.setattr(engine, "heal", heal)
    with pytest.raises(StoreError, match="the disk is full"):
        engine.run(lambda _: None)
    assert len(turns) > 2


def test_stop_ends_run_even_when_nothing_is_due(store, clock, running):
    engine = EmbeddedEngine(store, clock)
    thread = running(engine, lambda _: None)
    time.sleep(0.05)
    began = time.monotonic()
    engine.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - began < 2


def test_stop_lets_a_running_attend_finish(store, clock, running):
    engine = EmbeddedEngine(store, clock)
    entered, ended = threading.Event(), []

    def attend(ref):
        entered.set()
        time.sleep(0.2)
        ended.append(ref)
        rest(engine, store, ref)

    wake(engine, store, ONE)
    thread = running(engine, attend)
    assert entered.wait(5)
    engine.stop()
    thread.join(5)
    assert ended == [ONE]


def test_one_nudge_brings_as_many_workers_as_there_is_work_for(store, clock, running, monkeypatch):
    monkeypatch.setattr("app.engine.POLL_SECONDS", 30)
    engine = EmbeddedEngine(store, clock, workers=4, per_site=3)
    together = threading.Barrier(3)

    def attend(ref):
        together.wait(10)
        rest(engine, store, ref)

    running(engine, attend)
    time.sleep(0.2)
    for number in range(3):
        ref = TicketRef("a", str(number))
        store.write(lambda tx, ref=ref: (ticket_row(tx, ref), engine.wake(tx, ref)))
    engine.nudge("a")
    until(lambda: engine.next_due() is None)
    assert not together.broken


def test_a_call_that_comes_between_look_and_wait_is_heard(store, clock, running, monkeypatch):
    monkeypatch.setattr("app.engine.POLL_SECONDS", 30)
    engine, claim, looks = EmbeddedEngine(store, clock, workers=1, per_site=1), [], []
    honest = engine._claim

    def slow():
        looks.append(1)
        found = honest()
        if len(looks) == 1:
            wake(engine, store, ONE)
        return found

    def attend(ref):
        claim.append(ref)
        rest(engine, store, ref)

    monkeypatch.setattr(engine, "_claim", slow)
    running(engine, attend)
    until(lambda: claim == [ONE])


def test_who_has_no_place_at_a_site_does_not_look_in_vain(store, clock, running, monkeypatch):
    """It would be one look for each delivery that comes and for each ticket that is done."""
    monkeypatch.setattr("app.engine.POLL_SECONDS", 30)
    engine = EmbeddedEngine(store, clock, workers=4, per_site=2)
    vain, claim = [], engine._claim
    refs = [TicketRef("a", str(number)) for number in range(30)]

    def counted():
        found = claim()
        vain.extend([] if found else [1])
        return found

    def attend(ref):
        time.sleep(0.01)
        if ref != refs[-1]:
            store.write(lambda tx: engine.wake(tx, refs[-1]))
            engine.nudge("a")  # a delivery has come
        rest(engine, store, ref)

    monkeypatch.setattr(engine, "_claim", counted)
    for ref in refs:
        store.write(lambda tx, ref=ref: (ticket_row(tx, ref), engine.wake(tx, ref)))
    running(engine, attend)
    until(lambda: engine.next_due() is None)
    assert len(vain) <= 8


# --- healing -------------------------------------------------------------------------------------------------------------

DELIVERY = {"site": "a", "key": "k", "ticket_id": "1", "body": b"{}", "received_at": iso(START), "state": "pending"}
NOTE = {
    "id": "n",
    "site": "a",
    "ticket_id": "1",
    "moment": "opened",
    "occurrence": "1",
    "audience": "agents",
    "plan": "{}",
    "planned_at": iso(START),
}
PROMISE = {
    "id": "p",
    "site": "a",
    "ticket_id": "1",
    "audience": "requester",
    "due": iso(START),
    "made_at": iso(START),
    "made_by": "x",
    "state": "open",
}


def stored(store, table, **row):
    store.write(lambda tx: (ticket_row(tx, ONE), tx.execute(insert(table).values(**row))))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (tables.deliveries, DELIVERY),
        (tables.notes, {**NOTE, "state": "planned"}),
        (tables.notes, {**NOTE, "state": "sending"}),
        (tables.notes, {**NOTE, "state": "in_doubt"}),
        (tables.promises, PROMISE),
    ],
)
def test_work_without_a_wake_up_is_healed(engine, store, table, row):
    stored(store, table, **row)
    assert engine.next_due() is None
    engine.heal()
    assert engine.next_due() == START


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (tables.deliveries, {**DELIVERY, "state": "done"}),
        (tables.notes, {**NOTE, "state": "written"}),
        (tables.notes, {**NOTE, "state": "refused"}),
        (tables.promises, {**PROMISE, "due": iso(START + timedelta(minutes=1))}),
        (tables.promises, {**PROMISE, "state": "kept"}),
    ],
)
def test_what_is_done_or_not_due_is_left_asleep(engine, store, table, row):
    stored(store, table, **row)
    engine.heal()
    assert engine.next_due() is None


def test_healing_never_delays_or_hastens_a_wake_up_that_is_there(engine, store):
    stored(store, tables.deliveries, **DELIVERY)
    wake(engine, store, ONE, START + timedelta(minutes=3))
    engine.heal()
    assert engine.next_due() == START + timedelta(minutes=3)


def test_running_heals_first(store, clock, running):
    engine = EmbeddedEngine(store, clock)
    stored(store, tables.deliveries, **DELIVERY)
    store.write(lambda tx: tx.execute(delete(W)))
    seen = []

    def attend(ref):
        seen.append(ref)
        store.write(lambda tx: tx.execute(update(tables.deliveries).values(state="done")))
        rest(engine, store, ref)

    running(engine, attend)
    until(lambda: seen == [ONE])
