"""Three long stories to be read aloud: a P1 of nine hours, a change that slips twice, an outage with 40 children.

Times are Berlin time; Thursday 19 November 2026 is an ordinary working day.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.demo import Stage, _act
from app.story import BERLIN, SNOW, SOLVED, Step


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


def incident(when: datetime, ticket: str, who: str, *, parent: str = "", **fields: Any) -> Step:
    return Step(when, SNOW, ticket, "", {"as": who, "fields": fields}, parent)


def change(when: datetime, who: str, **fields: Any) -> Step:
    return Step(when, SNOW, "change", "", {"as": who, "table": "change_request", "fields": fields})


THURSDAY, FRIDAY = 19, 20
CARDS = {"business_service": "Card Gateway", "category": "payments"}

NINE_HOURS = (
    incident(at(THURSDAY, "08:02"), "p1", "eva.brandt", caller_id="eva.brandt", location="Berlin", priority="1",
             short_description="Card declined on all terminals", u_affected_users="300", **CARDS),
    incident(at(THURSDAY, "08:09"), "p1", "jonas.weber", state="2", assigned_to="jonas.weber", u_phase="cause_sought"),
    # and then nobody writes a word to Eva until the afternoon
    incident(at(THURSDAY, "13:20"), "p1", "jonas.weber", u_phase="fix_running"),
    incident(at(THURSDAY, "15:05"), "p1", "jonas.weber", u_phase="monitoring"),
    incident(at(THURSDAY, "17:02"), "p1", "jonas.weber", **SOLVED),
    # the next working day she is asked whether all is well, and says so
    incident(at(FRIDAY, "10:15"), "p1", "eva.brandt", comments="Yes, all tills take cards again. Thank you."),
)  # fmt: skip

SLIPS_TWICE = (
    change(at(9, "10:00"), "nils.okafor", requested_by="eva.brandt", business_service="Online Shop",
           location="Head office", short_description="Upgrade shop platform", type="normal", risk="3",
           start_date="2026-11-18 21:00:00", end_date="2026-11-18 23:00:00"),
    change(at(9, "10:05"), "cab", state="-2", approval="approved"),
    # it slips for the first time, before it has begun
    change(at(17, "15:30"), "nils.okafor", start_date="2026-11-19 21:00:00", end_date="2026-11-19 23:00:00"),
    change(at(THURSDAY, "22:00"), "nils.okafor", state="-1"),
    # and for the second time while it runs: nobody says so before the planned end has passed
    change(at(FRIDAY, "00:50"), "nils.okafor", end_date="2026-11-20 01:00:00"),
    change(at(FRIDAY, "01:40"), "nils.okafor", state="0", close_code="successful"),
    change(at(FRIDAY, "08:30"), "nils.okafor", state="3"),
)  # fmt: skip

CHILDREN = 40


def outage() -> Iterator[Step]:
    """Forty stores report what the desk knows already; the last of them when the fix is running."""
    yield incident(at(THURSDAY, "08:02"), "outage", "eva.brandt", caller_id="eva.brandt", location="Berlin", priority="1",
                   short_description="No card payments", u_affected_users="300", major_incident_state="accepted", **CARDS)  # fmt: skip
    yield incident(at(THURSDAY, "08:06"), "outage", "jonas.weber", state="2", u_phase="cause_sought")
    for number in range(1, CHILDREN + 1):
        opened = at(THURSDAY, "08:10") + timedelta(minutes=2 * number)
        store = f"store {number}"
        yield incident(opened, store, f"store.{number}", caller_id=f"store.{number}", location="BER-01", priority="3",
                       short_description="Kartenzahlung geht nicht", **CARDS)  # fmt: skip
        yield incident(opened + timedelta(seconds=50), store, "desk", parent="outage")
    yield incident(at(THURSDAY, "09:20"), "outage", "jonas.weber", u_phase="fix_running")
    yield incident(at(THURSDAY, "10:40"), "outage", "jonas.weber", **SOLVED)
    for number in range(1, CHILDREN + 1):  # the platform resolves the children with their parent
        yield incident(at(THURSDAY, "10:41"), f"store {number}", "desk", **SOLVED)


STORIES = {
    "a_p1_of_nine_hours": (NINE_HOURS, ("p1",), at(21, "12:00")),
    "a_change_that_slips_twice": (SLIPS_TWICE, ("change",), at(23, "12:00")),
    "an_outage_with_40_children": (
        tuple(sorted(outage(), key=lambda step: step.at)),
        ("outage", "store 1", "store 40"),
        at(FRIDAY, "12:00"),
    ),
}
"""By name: what happens, which conversations are read, and when the story ends."""


def play(stage: Stage, steps: tuple[Step, ...], end: datetime) -> dict[str, str]:
    """The keys of the tickets by the story's names."""
    keys: dict[str, str] = {}
    for step in steps:
        stage.driver.advance(step.at)
        _act(stage, step, keys)
        stage.driver.settle()
    stage.driver.advance(end)
    return keys
