"""The process beside the service: what it is asked, it answers; what it cannot, ends it and nothing else."""

import threading
import time
from contextlib import suppress

import pytest

from app import workbench
from app.workbench import MOST_AT_ONCE, Busy, Stale, Unanswered, Workbench
from core.errors import LiaisonError

ROOM = "tests.support.bench_room"


@pytest.fixture(scope="module")
def bench():
    bench = Workbench(ROOM)
    yield bench
    bench.stop()


def test_it_answers_and_remembers(bench):
    before = bench.ask("count", 0, within=20)
    assert bench.ask("count", 3, within=20) == before + 3


def test_what_it_refuses_is_refused_here_with_all_its_words(bench):
    with pytest.raises(LiaisonError) as refused:
        bench.ask("refuse", within=20)
    assert (refused.value.what, refused.value.where, refused.value.hint) == ("no", "a.yaml:3", "Do this.")


def test_what_breaks_in_it_is_said_and_logged_and_the_next_is_answered(bench, caplog):
    with pytest.raises(Unanswered, match="failed"):
        bench.ask("stumble", within=20)
    assert "ZeroDivisionError" in caplog.text
    assert bench.ask("count", 0, within=20) >= 0


def test_what_takes_too_long_is_ended_and_the_next_is_answered(bench):
    """However slow the machine is: it goes by what the process worked."""
    with pytest.raises(Unanswered, match=r"more than 0\.2 seconds.*Split the file"):
        bench.ask("toil", within=0.2049)
    assert bench.ask("count", 1, within=20) == 1, "it began anew"


def test_what_others_keep_it_from_is_not_the_drafts_fault(bench, monkeypatch):
    """On a busy machine nobody is told to split a file, and may ask again."""
    monkeypatch.setattr(workbench, "SLACK", 0.5)
    with pytest.raises(Busy, match="too much else to do") as busy:
        bench.ask("rest", 600, within=0.2)
    assert "Wait a moment" in str(busy.value)
    assert bench.ask("count", 1, within=20) == 1, "it began anew"


def test_what_tells_how_far_it_is_may_take_its_time(bench):
    assert bench.ask("labour", 4, 0.2, within=0.5) == "done"


def test_who_is_told_on_the_way_hears_all_of_it(bench):
    told = []
    assert bench.ask("walk", 3, within=20, told=told.append) == "there"
    assert told == [0, 1, 2]


def test_who_is_told_and_wants_no_more_gets_no_more_and_the_next_is_answered(bench):
    def enough(_step):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        bench.ask("walk", 3, 0.1, within=20, told=enough)
    assert bench.ask("walk", 0, within=20) == "there"


def test_of_those_who_wait_in_one_line_only_the_newest_is_asked(bench):
    bench.ask("count", 0, within=20)
    ends = {}

    def ask(name, what, *arguments, line):
        try:
            ends[name] = bench.ask(what, *arguments, within=20, line=line)
        except LiaisonError as error:
            ends[name] = type(error)

    begun = threading.Event()
    first = threading.Thread(
        target=lambda: ends.update(first=bench.ask("walk", 1, 1.5, within=20, told=lambda _: begun.set()))
    )
    first.start()
    assert begun.wait(20)
    older = threading.Thread(target=ask, args=("older", "count", 0), kwargs={"line": "eva"})
    older.start()
    until = time.monotonic() + 20
    while "eva" not in bench._newest and time.monotonic() < until:
        time.sleep(0.001)
    newer = threading.Thread(target=ask, args=("newer", "count", 0), kwargs={"line": "eva"})
    newer.start()
    for thread in (first, older, newer):
        thread.join(20)
    assert (ends["first"], ends["older"]) == ("there", Stale)
    assert isinstance(ends["newer"], int)


def test_it_never_keeps_many_waiting(bench, monkeypatch):
    """The web server has few threads, and webhooks need them."""
    begun = threading.Event()

    def ask(*what, **more):
        with suppress(LiaisonError):
            bench.ask(*what, within=20, **more)

    first = threading.Thread(target=ask, args=("walk", 1, 1.5), kwargs={"told": lambda _: begun.set()})
    waiting = [first, *(threading.Thread(target=ask, args=("count", 0)) for _ in range(MOST_AT_ONCE - 1))]
    first.start()
    assert begun.wait(20)
    for thread in waiting[1:]:
        thread.start()
    until = time.monotonic() + 20
    while bench._seats._value and time.monotonic() < until:
        time.sleep(0.001)
    monkeypatch.setattr(workbench, "PATIENCE", 0.1)
    with pytest.raises(Busy, match="what was asked before is still being answered"):
        bench.ask("count", 0, within=20)
    assert bench.ask("count", 0, within=20, clicked=True) >= 0, "who clicked waits on, in a seat of their own"
    for thread in waiting:
        thread.join(20)


def test_it_can_be_stopped_while_somebody_waits(bench):
    bench.ask("count", 0, within=20)
    threading.Timer(0.2, bench.stop).start()
    with pytest.raises(Unanswered, match="broken off"):
        bench.ask("rest", 600, within=20)


def test_what_is_asked_right_after_a_stop_is_answered(bench):
    for _ in range(5):
        bench.ask("walk", 0, within=20)
        bench.stop()
        assert bench.ask("walk", 0, within=20) == "there"


def test_it_begins_before_it_is_asked():
    bench = Workbench(ROOM)
    bench.warm()
    assert bench.ask("count", 5, within=20) == 5
    bench.stop()
