"""A year of a real company's incidents in compressed time: are promises kept, and would people stay subscribed?

The public UCI incident log goes through the real engine against the stand-in, its clock driven by the log's own times.
It has no texts and no comments by agents, so that every promise is Liaison's own to keep: the harder case. The log and
the converter that turns it into ServiceNow's envelopes are not part of this project; say where they are:

    .venv/bin/python -m benchmarks.uci --log incident_event_log.csv.gz --converter uci_to_servicenow.py --incidents 500
    .venv/bin/python -m benchmarks.uci --events events.ndjson

or in LIAISON_UCI_LOG and LIAISON_UCI_CONVERTER. Envelopes already made (`--envelope`) are read as they are.

The log knows no service, no parent and no more of the caller than a name. Liaison's business rule always sends those
columns, empty or not, so that the record need not be read: converted events do so, too. With `--thin` they do not, and
each costs a read of the platform.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Connection, create_engine, select

from app import tables
from app.lanes import replay_in_lanes
from connector.servicenow.record import COLUMNS
from core.notes import Audience, NoteState
from core.times import from_iso

N, P, T = tables.notes, tables.promises, tables.tickets
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GOAL = 0.999
RATE = 100
"""Events a second, with their comments, that two cores are to manage (a goal of the design)."""
BLANK = {"value": "", "display_value": ""}
UNTOLD = {name: BLANK for name in COLUMNS if not name.startswith(("parent_incident.", "requested_by", "opened_by."))}
ENDED = ("kept", "kept_late", "missed")
LOG, CONVERTER = "LIAISON_UCI_LOG", "LIAISON_UCI_CONVERTER"


@dataclass
class Figures:
    """What a reader would have lived through. Waits in hours; `silences` by the priority at the time."""

    kept: int = 0
    late: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    withdrawn: int = 0
    still_open: int = 0
    per_ticket: list[int] = field(default_factory=list)
    per_person_week: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    silences: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def share(self) -> float:
        """Of the promises that somebody waited for, those kept within a minute of their time."""
        ended = self.kept + sum(self.late.values())
        return self.kept / ended if ended else 1.0


def measured(stores: Sequence[Path]) -> Figures:
    figures = Figures()
    for store in stores:
        engine = create_engine(f"sqlite:///{store}")
        with engine.connect() as connection:
            _promises(connection, figures)
            _comments(connection, figures)
        engine.dispose()
    return figures


def _promises(connection: Connection, figures: Figures) -> None:
    for promise in connection.execute(select(P)):
        if promise.state == "open":
            figures.still_open += 1
        elif promise.state not in ENDED:
            figures.withdrawn += 1
        elif promise.state != "missed" and from_iso(promise.ended_at) <= from_iso(promise.due) + MINUTE:
            figures.kept += 1
        else:
            figures.late[promise.cause or "no cause named"] += 1


def _comments(connection: Connection, figures: Figures) -> None:
    """Every word that a requester read, ticket by ticket."""
    priorities = {row.made_by: row.priority for row in connection.execute(select(P.c.made_by, P.c.priority))}
    words: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    read = select(N).where(N.c.state == NoteState.WRITTEN, N.c.audience == Audience.REQUESTER).order_by(N.c.written_at)
    for note in connection.execute(read):
        promised = priorities.get(f"note {note.id}", "") if note.promise_due else ""
        words[note.ticket_id].append((from_iso(note.written_at), promised))
    for ticket in connection.execute(select(T.c.id, T.c.newest)):
        said = words.get(ticket.id, [])
        figures.per_ticket.append(len(said))
        person = _person(ticket.newest) or ticket.id
        for at, _ in said:
            year, week, _ = at.isocalendar()
            figures.per_person_week[person, f"{year}-{week:02}"] += 1
        # silence is what follows words that promise more; after the end, and while we wait for an answer, none is owed
        for (at, priority), (then, _) in pairwise(said):
            if priority:
                figures.silences[priority].append((then - at) / HOUR)


def _person(newest: str | None) -> str:
    snapshot: dict[str, Any] = orjson.loads(newest) if newest else {}
    ticket = snapshot.get("ticket", snapshot)
    return str((ticket.get("requester") or {}).get("id", ""))


def quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    pick = {"median": 0.5, "p90": 0.9, "p99": 0.99, "longest": 1.0}
    return {name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2) for name, share in pick.items()}


def report(figures: Figures, console: Console) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kept_within_a_minute": round(figures.share, 5),
        "goal": GOAL,
        "promises": {
            "kept": figures.kept,
            "late_or_missed": dict(figures.late),
            "withdrawn": figures.withdrawn,
            "open": figures.still_open,
        },
        "comments_per_ticket": quantiles([float(n) for n in figures.per_ticket]),
        "comments_per_person_and_week": quantiles([float(n) for n in figures.per_person_week.values()]),
        "silence_hours": {priority: quantiles(hours) for priority, hours in sorted(figures.silences.items())},
    }
    reached = "reached" if figures.share >= GOAL else "missed"
    console.print(f"Promises kept within one minute: {figures.share:.3%} (goal {GOAL:.1%}: {reached})")
    late = ", ".join(f"{count} {cause}" for cause, count in sorted(figures.late.items())) or "none"
    console.print(
        f"{figures.kept} kept in time, late or missed: {late}, {figures.withdrawn} withdrawn, {figures.still_open} open"
    )
    table = Table("", *told["comments_per_ticket"])
    for name in ("comments_per_ticket", "comments_per_person_and_week"):
        table.add_row(name.replace("_", " "), *map(str, told[name].values()))
    for priority, hours in told["silence_hours"].items():
        table.add_row(f"silence after a promise, {priority}, hours", *map(str, hours.values()))
    console.print(table)
    return told


def events(options: argparse.Namespace, folder: Path) -> Path:
    """The envelopes, converted where they are not yet. Ends with a sentence where something is missing."""
    if options.events:
        return _there(options.events, "--events")
    log = _there(options.log or os.environ.get(LOG), f"--log or {LOG}")
    converter = _there(options.converter or os.environ.get(CONVERTER), f"--converter or {CONVERTER}")
    made = folder / "events.ndjson"
    with made.open("wb") as file:
        for event in _converted(log, converter, options.incidents):
            if not options.thin:
                event["record"] = UNTOLD | event["record"]
            file.write(orjson.dumps(event) + b"\n")
    return made


def _converted(log: Path, converter: Path, incidents: int) -> Iterator[dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("converter", converter)
    if spec is None or spec.loader is None:
        sys.exit(f"{converter} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield from module.events(str(log), values="all", envelope=True, incidents=incidents)


def _there(path: str | None, option: str) -> Path:
    if not path:
        sys.exit(f"Say where it is: {option}. The UCI incident log is public, and no part of this project.")
    if not Path(path).is_file():
        sys.exit(f"{option}: there is no file {path}.")
    return Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uci", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--log", help=f"incident_event_log.csv, .gz or .zip; or {LOG}")
    parser.add_argument("--converter", help=f"the converter to ServiceNow's envelopes; or {CONVERTER}")
    parser.add_argument("--events", help="envelopes already converted, one JSON object per line")
    parser.add_argument("--incidents", type=int, default=500, help="a stable sample of so many (default 500; 0: all)")
    parser.add_argument("--thin", action="store_true", help="without the empty columns that the business rule sends")
    parser.add_argument("--rules", type=Path, help="rules above the shipped packs")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="liaison-uci-") as folder:
        recorded, work = events(options, Path(folder)), Path(folder) / "work"
        began = monotonic()
        with Progress(console=Console(stderr=True), transient=True) as progress:
            summary = replay_in_lanes([recorded], work, options.rules, progress, fresh=True)
        took = monotonic() - began
        figures = measured(sorted(work.rglob("store.db")))
    console.print(
        f"{summary.events} events of {summary.tickets} incidents with {sum(summary.comments.values())} comments in "
        f"{took:.0f} s, {summary.events / took:.0f} events a second (goal {RATE}): "
        f"{len(summary.lost)} notes lost, {len(summary.doubled)} doubled, {summary.unattended} deliveries unattended"
    )
    told = report(figures, console)
    if options.json:
        options.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
