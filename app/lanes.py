"""A replay in lanes: tickets that have nothing to do with each other, side by side.

Each lane is a process with a Liaison, a store and a stand-in of its own, and keeps strictly to its own time. One after
the other, they would mostly wait for the disk and for the stand-in.
"""

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from itertools import count
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from rich.progress import Progress

from app import processors
from app.recording import Recording, divided
from app.replay import Summary, replay
from core.errors import LiaisonError

LOOK_SECONDS = 1.0
TOLD_TOGETHER = 25
"""Events that a lane tells at once: each word to the parent process costs both of them."""


def replay_in_lanes(
    paths: Sequence[Path], work: Path, rules: Path | None, progress: Progress, *, fresh: bool, lanes: int = 0
) -> Summary:
    """`lanes` 0: as many as suit the recording and the machine. What was begun goes on in the lanes it began with.

    Raises LiaisonError when there is nothing to replay.
    """
    if fresh:
        shutil.rmtree(work, ignore_errors=True)
    parts = divided(paths, _begun(work) or lanes)
    task = progress.add_task("Replaying", total=sum(map(len, parts)))

    def advance(events: int = 1) -> None:
        progress.advance(task, events)

    return replay(parts[0], work, rules, advance) if len(parts) == 1 else _side_by_side(parts, work, rules, advance)


def _begun(work: Path) -> int:
    return 1 if (work / "store.db").exists() else len(list(work.glob("lane-*")))


def _side_by_side(
    parts: Sequence[Recording], work: Path, rules: Path | None, advance: Callable[[int], None]
) -> Summary:
    spawning = multiprocessing.get_context("spawn")
    told: Queue[Any] = spawning.Queue()
    works = [work / f"lane-{number}" for number in range(len(parts))]
    for place in works:  # all of them before the first begins: who goes on counts them
        place.mkdir(parents=True, exist_ok=True)
    lanes = [
        spawning.Process(target=_lane, args=(number, part, place, rules, told), daemon=True)
        for number, (part, place) in enumerate(zip(parts, works, strict=True))
    ]
    for lane in lanes:
        lane.start()
    try:
        return _gathered(lanes, told, advance)
    finally:
        for lane in lanes:
            lane.terminate()
            lane.join()


def _gathered(lanes: Sequence[SpawnProcess], told: "Queue[Any]", advance: Callable[[int], None]) -> Summary:
    """The sum of all lanes. Raises LiaisonError with what went wrong in one of them."""
    summary, left = Summary(), len(lanes)
    while left:
        try:
            said = told.get(timeout=LOOK_SECONDS)
        except Empty:
            if any(lane.exitcode for lane in lanes):
                raise LiaisonError("a lane of the replay has died.", hint="Start it again: it goes on.") from None
            continue
        if isinstance(said, Summary):
            summary, left = summary + said, left - 1
        elif isinstance(said, str):
            raise LiaisonError(said)
        else:
            advance(said)
    return summary


def _lane(number: int, part: Recording, work: Path, rules: Path | None, told: "Queue[Any]") -> None:
    processors.keep_to(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started the lanes ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    played = count(1)

    def advance() -> None:
        if not next(played) % TOLD_TOGETHER:
            told.put(TOLD_TOGETHER)

    try:
        told.put(replay(part, work, rules, advance))
    except LiaisonError as error:
        told.put(str(error))


def _end_with_parent() -> None:
    """Whoever was killed starts again: nobody may still be writing into the same store then."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)
