"""What tests ask of a process beside."""

import time

from core.errors import LiaisonError


def count(kept, number, **_):
    kept["sum"] = kept.get("sum", 0) + number
    return kept["sum"]


def refuse(_kept, **_):
    raise LiaisonError("no", where="a.yaml:3", hint="Do this.")


def stumble(_kept, **_):
    return 1 / 0


def rest(_kept, seconds, **_):
    time.sleep(seconds)


def toil(_kept, **_):
    while True:
        pass


def labour(_kept, steps, seconds, *, tell):
    for step in range(steps):
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass
        tell(step)
    return "done"


def walk(_kept, steps, pause=0.0, *, tell):
    for step in range(steps):
        tell(step)
        time.sleep(pause)
    return "there"
