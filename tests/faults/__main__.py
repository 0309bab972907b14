"""`make faults`: storms of several seeds, the negative controls, the power-loss check; a table at the end."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.faults import controls, power
from tests.faults.storm import Storm, storm

console = Console(width=160)
COLUMNS = ("seed", "s", "faults", "kills", "frozen", "acts", "acknowledged", "handled", "committed", "notes", "lost")
COLUMNS += ("doubled", "transient", "leaks", "other")
"""`committed`: notes on the platforms, by the stand-ins' own log; `notes`: what the store calls written."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=900, help="in all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--no-controls", action="store_true")
    given = parser.parse_args()
    good = given.no_controls or _controls()
    share = max(10.0, given.seconds / given.seeds - 60)
    storms = []
    for seed in range(given.first, given.first + given.seeds):
        storms.append(storm(seed, share))
        _show(storms[-1])
    _table(storms)
    return 0 if good and all(one.verdict.good for one in storms) else 1


def _controls() -> bool:
    good = True
    checks = {**controls.CHECKS, "power loss": power.check, "power loss, acknowledged early": _power_control}
    for name, check in checks.items():
        problem = check()
        console.print(f"{name}: {problem or 'as it must be'}", soft_wrap=True)
        good = good and (not problem or problem.startswith("skipped"))
    return good


def _power_control() -> str:
    found = power.check("early")
    return found if found.startswith("skipped") else "" if found else "a 202 before its fdatasync was not seen"


def _show(one: Storm):
    verdict = one.verdict
    console.print(f"seed {one.seed}: {dict(sorted(one.injected.items()))}", soft_wrap=True, markup=False)
    if one.skipped:
        console.print(f"  skipped: {dict(one.skipped)}", markup=False)
    if not verdict.good:
        for at, what in one.diary:
            console.print(f"  {at:%H:%M:%S.%f} {what}", markup=False)
    for kind in ("lost", "doubled", "leaks", "other"):
        for line in getattr(verdict, kind):
            console.print(f"  {kind}: {line}", soft_wrap=True, markup=False)


def _table(storms: list[Storm]):
    table = Table(*COLUMNS)
    for one in storms:
        v = one.verdict
        frozen = one.injected["freeze"] + one.injected["usurp"]
        row = (one.seed, round(one.seconds), one.injected.total(), one.kills, frozen, one.acts, v.acknowledged)
        row += (v.handled, v.committed, v.notes, len(v.lost), len(v.doubled), v.transient, len(v.leaks), len(v.other))
        table.add_row(*map(str, row))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
