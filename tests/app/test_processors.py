import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app import processors
from app.processors import Busy, OneProcessor, better, busy, pause
from app.workbench import Workbench

TWO = frozenset({0, 1})
many = pytest.mark.skipif(len(processors.allowed()) < 2, reason="this machine has one processor")


@pytest.fixture(autouse=True)
def everywhere() -> Iterator[None]:
    before = processors.started_on()
    yield
    processors.spread(before)


def places() -> set[frozenset[int]]:
    return {frozenset(os.sched_getaffinity(int(task.name))) for task in Path("/proc/self/task").iterdir()}


@many
def test_every_thread_stays_on_one_processor_and_may_leave_it_afterwards() -> None:
    wait = threading.Event()
    before = threading.Thread(target=wait.wait, daemon=True)
    before.start()
    with OneProcessor() as place:
        after = threading.Thread(target=wait.wait, daemon=True)
        after.start()
        assert places() == {frozenset({place.here})}
    assert places() == {processors.started_on()}
    wait.set()


@many
def test_it_moves_when_others_need_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "LOOK_SECONDS", 0.02)
    moved = threading.Event()
    first, second = sorted(processors.started_on())[:2]
    turn = count()

    def crowded() -> Busy:
        """Others begin to work where Liaison is, and stay."""
        if place.here == second:
            moved.set()
        now = 10.0 * next(turn)
        rest = dict.fromkeys(processors.started_on() - {first}, 900.0)
        return Busy(now, rest | {first: now, second: 5.0}, 0.0)

    place = OneProcessor(crowded)
    with place:
        assert place.here == first
        assert moved.wait(10)
        assert places() == {frozenset({second})}


@pytest.mark.parametrize(
    ("ours", "on_0", "on_1", "there"),
    [
        (9.0, 10.0, 0.0, 0),  # it is we who work here
        (5.0, 10.0, 0.0, 1),  # half of it is others'
        (5.0, 10.0, 4.0, 0),  # over there is no better
        (0.0, 1.0, 0.0, 0),  # hardly anybody
        (12.0, 10.0, 0.0, 0),  # the clocks of kernel and process tick differently
    ],
)
def test_what_others_need_decides(ours: float, on_0: float, on_1: float, there: int) -> None:
    assert better(0, Busy(0.0, {0: 0.0, 1: 0.0}, 0.0), Busy(10.0, {0: on_0, 1: on_1}, ours), TWO) == there


def test_a_processor_that_the_kernel_no_longer_counts_is_left() -> None:
    assert better(0, Busy(0.0, {0: 0.0, 1: 0.0}, 0.0), Busy(10.0, {1: 0.0}, 0.0), TWO) == 1


def test_the_kernels_count_is_read_in_seconds(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text(
        "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 20 30 4000 500 1 2 47 100 20\ncpu1 0 0 0 7 0 0 0 0 0 0\nintr 1\n"
    )
    assert busy(stat).on == {0: 200 / os.sysconf("SC_CLK_TCK"), 1: 0.0}


@many
def test_what_works_here_is_seen_in_the_real_count() -> None:
    with OneProcessor() as place:
        before = busy()
        while busy().ours - before.ours < 0.5:
            sum(range(10_000))
        now = busy()
    assert place.here is not None
    assert now.on[place.here] - before.on[place.here] >= 0.4


@many
def test_without_the_kernels_count_all_processors_are_used() -> None:
    def unknown() -> Busy:
        raise FileNotFoundError("/proc/stat")

    with OneProcessor(unknown) as place:
        assert place.here is None
        assert places() == {processors.started_on()}


def forbidden(*_: object) -> None:
    raise PermissionError("not here")


@many
def test_where_nobody_may_choose_a_processor_all_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a seccomp filter: what only makes it faster stops neither the service nor the processes beside it."""
    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    with OneProcessor() as place:
        assert place.here is None
    processors.keep_to(0)
    processors.spread(processors.started_on())
    assert places() == {processors.started_on()}


@many
def test_processors_taken_away_while_it_runs_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has placed its threads elsewhere then."""
    monkeypatch.setattr(processors, "LOOK_SECONDS", 0.02)
    turn = count()

    def crowded() -> Busy:
        now = 10.0 * next(turn)
        return Busy(now, dict.fromkeys(processors.started_on(), 0.0) | {min(processors.started_on()): now}, 0.0)

    with OneProcessor(crowded) as place, monkeypatch.context() as patch:
        watcher = next(thread for thread in threading.enumerate() if thread.name == "processors")
        patch.setattr(os, "sched_setaffinity", forbidden)
        watcher.join(10)
        assert place.here is None
    assert not watcher.is_alive()


@many
def test_it_begins_on_a_processor_that_the_kernel_counts() -> None:
    """A container may be shown fewer than it may use."""
    last = max(processors.started_on())
    with OneProcessor(lambda: Busy(0.0, {last: 5.0}, 0.0)) as place:
        assert place.here == last


def test_two_services_that_started_together_do_not_go_to_and_fro_for_ever() -> None:
    """Each takes half of where it is, and sees the other. In step, both would move at once, again and again."""
    worked, took = {0: 0.0, 1: 0.0}, [0.0, 0.0]
    here, next_look, looks = [0, 0], [pause(0), pause(0)], count(1)
    before = [Busy(0.0, dict(worked), 0.0)] * 2
    moves = []
    for now in (tenth / 10 for tenth in range(1, 6_000)):
        for one in (0, 1):
            worked[here[one]] += 0.05
            took[one] += 0.05
        for one in (0, 1):
            if now >= next_look[one]:
                seen = Busy(now, dict(worked), took[one])
                there = better(here[one], before[one], seen, TWO)
                moves += [now] if there != here[one] else []
                here[one], before[one], next_look[one] = there, seen, now + pause(next(looks))
    assert here[0] != here[1]
    assert moves[-1] < 300


@many
def test_drafts_are_looked_at_on_all_processors() -> None:
    bench = Workbench("tests.support.placed")
    with OneProcessor():
        assert bench.ask("where", within=10) == processors.started_on()
    bench.stop()


@many
def test_a_service_that_was_given_few_processors_keeps_to_these() -> None:
    one = min(processors.started_on())
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}})\nfrom app.processors import OneProcessor, allowed\n"
        "with OneProcessor() as place: print(place.here, sorted(allowed()))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == f"None [{one}]"
