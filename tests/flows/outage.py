"""One outage and the many tickets of the people in it, played through a whole Liaison between stand-ins.

python -m tests.flows.outage [300]     who hears what, counted, and one conversation of each kind
"""

import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.support.world import World, world

PACKS = "version: 1\nrules: []\n"
SOLVED = {"state": "6", "close_code": "Solved (Permanently)"}
OPEN_AGAIN = {"state": "2", "close_code": ""}


@dataclass
class Outage:
    """`early` were there before anybody worked on it, `late` came hours later, `after` when it was solved. `still` are
    those of them whose ticket stays open when the outage ends. Everybody by the number of their ticket.
    """

    parent: str
    early: list[str]
    late: list[str]
    after: str
    still: list[str]

    @property
    def children(self) -> list[str]:
        return [*self.early, *self.late, self.after]


def play(one: World, count: int) -> Outage:
    """Six hours: it begins, is worked on, said to be solved, comes back, is solved. Every sixth person reports twice."""
    people = max(1, count * 5 // 6)
    parent = one.on_snow(caller_id="eva", short_description="x", priority="1", major_incident_state="accepted")
    one.pass_(minutes=3)

    def reports(first: int, last: int) -> list[str]:
        made = []
        for number in range(first, last):
            fields = {"short_description": "y", "priority": str(2 + number % 3), "parent_incident": parent}
            who = f"u{number % people}"
            made.append(one.snow.change("", {"as": who, "fields": {**fields, "caller_id": who}})["number"])
        one.driver.settle()
        return made

    def ends() -> None:
        one.on_snow(parent, **SOLVED)
        for key in still:  # the stand-in resolves children with their parent, as ServiceNow does
            one.snow.change(key, {"as": "jonas", "fields": OPEN_AGAIN})
        one.pass_(minutes=20)

    early = reports(0, count * 2 // 3)
    one.pass_(minutes=10)
    one.on_snow(parent, state="2", assigned_to="jonas")
    one.pass_(minutes=90)
    late = reports(count * 2 // 3, count)
    one.pass_(hours=2)
    still = [*early[::4], *late[::4]]
    ends()
    (after,) = reports(count, count + 1)
    one.pass_(minutes=5)
    one.on_snow(parent, **OPEN_AGAIN)
    one.pass_(hours=1)
    ends()
    one.pass_(hours=1)
    return Outage(parent, early, late, after, still)


def by_person(one: World, keys: list[str]) -> dict[str, list[str]]:
    """What each person was told, in all their tickets."""
    told: dict[str, list[str]] = defaultdict(list)
    requesters = {c.key: c.requester for c in one.snow.conversations()}
    for key in keys:
        told[requesters[key]] += one.said(key)
    return told


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), PACKS) as one:
        outage = play(one, count)
        told = by_person(one, outage.children)
        messages = Counter(len(words) for words in told.values())
        print(f"{len(outage.children)} tickets of {len(told)} people, {sum(map(len, told.values()))} messages")
        print("messages for each person:", ", ".join(f"{n} people {m}" for m, n in sorted(messages.items())))
        print("the outage's own requester:", len(one.said(outage.parent)))
        samples = {
            "early": outage.early[1],
            "late": outage.late[1],
            "after": outage.after,
            "still open": outage.still[0],
        }
        for kind, key in samples.items():
            print(f"\n=== {kind}")
            for entry in one.entries(key, internal=False):
                print(f"[{entry.at:%H:%M}] {entry.text}")


if __name__ == "__main__":
    main()
