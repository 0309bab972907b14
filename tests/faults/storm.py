"""One storm: people at work, faults of every kind, then silence and the judge."""

import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.faults.checker import Verdict, judge, quiet
from tests.faults.nemesis import Nemesis
from tests.faults.players import Players
from tests.faults.stage import Stage

QUIET_SECONDS = 90


@dataclass
class Storm:
    seed: int
    seconds: float
    injected: Counter
    skipped: Counter
    kills: int
    acts: int
    verdict: Verdict
    diary: list


def storm(seed: int, seconds: float, *, pace: float = 0.15, rate: float = 0.15, pauses=(0.3, 3.0), faults: int = 0):
    """For `seconds`, or with `faults` until so many were injected (and `seconds` at most)."""
    stage = Stage(seed, disk=True)
    try:
        stage.up()
        nemesis, players = Nemesis(stage, seed), Players(stage, seed)
        began, over = time.monotonic(), threading.Event()
        work = threading.Thread(target=_play, args=(players, over, pace), daemon=True)
        work.start()
        nemesis.faults_on(rate)
        while time.monotonic() < began + seconds:
            time.sleep(nemesis.chance.uniform(*pauses))
            stage.watch()
            nemesis.act()
            if faults and _total(stage, nemesis).total() >= faults:
                break
        over.set()
        work.join(30)
        injected = _total(stage, nemesis)
        calm = quiet(stage, QUIET_SECONDS)
        verdict = judge(stage, players.tickets)
        if not calm:
            verdict.other.append(f"not quiet after {QUIET_SECONDS} s\n{stage.log_tail()}")
        spent = time.monotonic() - began
        return Storm(seed, spent, injected, nemesis.skipped, stage.kills, players.acts.total(), verdict, nemesis.diary)
    finally:
        stage.close()


def _play(players: Players, over: threading.Event, pace: float):
    while not over.wait(players.chance.expovariate(1 / pace)):
        players.act()


def _total(stage: Stage, nemesis: Nemesis) -> Counter:
    found = Counter(nemesis.injected) + stage.courier.injected
    for site in stage.sites:
        found += Counter(stage.ask(site, "/sandbox/faults")["injected"])
    return found
