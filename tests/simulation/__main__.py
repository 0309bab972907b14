"""`python -m tests.simulation`: the long form, by seeds and size. Exit 1 where any promise was broken."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic

from tests.simulation.truths import Watcher, broken_truths
from tests.simulation.weeks import PERIODS, Period, weeks

SHOWN = 20


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", type=int, default=5, help="how many runs of each period (default 5)")
    options.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    options.add_argument("--tickets", type=int, default=150, help="tickets in each run (default 150)")
    chosen = options.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    broken = [played(period, seed, chosen.tickets) for seed in seeds for period in PERIODS]
    return int(any(broken))


def played(period: Period, seed: int, tickets: int) -> int:
    """Play and tell; how much was broken."""
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="liaison-weeks-") as folder:
        run = weeks(Path(folder), period, seed=seed, tickets=tickets)
        run.watch = watcher = Watcher()
        run.play()
        found = [*watcher.problems, *broken_truths(run)]
        ends = Counter(promise.state for promise in run.bench.promises(None))
        run.bench.close()
    told = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    say(
        f"seed {seed}, {period.name}: {tickets} tickets, {len(run.acts)} acts, {len(run.bench.platform.standing)} "
        f"comments; promises: {told}; {len(found)} broken ({monotonic() - began:.0f} s)"
    )
    for problem in found[:SHOWN]:
        say(f"    {problem}")
    return len(found)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
