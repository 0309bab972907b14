"""`liaison replay`: recorded ServiceNow deliveries through the real pipeline, the clock driven by their own times.

The work folder holds the store and the stand-in's ledger, so a replay that was killed goes on where it was.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, select

from app import garbage, tables
from app.clocks import DrivenClock
from app.driving import Driver
from app.journal import What
from app.liaison import Liaison
from app.recording import Recording, plain, sent_at, sys_id
from app.serving import Server
from app.settings import Listen, Settings
from connector.sandbox_hooks import Poster
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule, timestamped_signature
from core.notes import NoteState
from core.sites import Auth, Platform, Secret, Site
from core.times import iso

SITE = "servicenow"
SECRET = "only-for-the-replay"  # noqa: S105 - both ends of it run in this process
NOTE_ID = "u_liaison_note_id"
AFTERWARDS = timedelta(minutes=15)
N, J, D, T = tables.notes, tables.journal, tables.deliveries, tables.tickets


@dataclass
class Summary:
    """What came of a replay. `lost` and `doubled` compare the store's notes with what stands in the stand-in."""

    events: int = 0
    stored: int = 0
    seen: int = 0
    refused: int = 0
    tickets: int = 0
    unattended: int = 0
    comments: dict[str, int] = field(default_factory=dict)
    silences: dict[str, int] = field(default_factory=dict)
    open_notes: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.refused or self.unattended)

    def __add__(self, other: "Summary") -> "Summary":
        """Of two lanes: numbers are added, kinds are counted together."""
        mine, its = vars(self), vars(other)
        return Summary(**{name: _sum(mine[name], its[name]) for name in mine})

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "good": self.good}


def replay(recording: Recording, work: Path, rules: Path | None, advance: Callable[[], None]) -> Summary:
    """Replay into a stand-in of its own. `advance` is called after each event."""
    work.mkdir(parents=True, exist_ok=True)
    summary = Summary()
    with _stage(recording, work, rules) as (liaison, snow, driver, clock, server):
        clock.move(_latest(liaison))
        _create(recording, snow)
        garbage.settle()  # as `liaison serve` does
        poster, sign = Poster(f"{server.url}/hooks/{SITE}", 30), timestamped_signature(SECRET, clock)
        for event in recording:
            summary.events += 1
            driver.advance(sent_at(event))
            _into_stand_in(event, snow)
            raw = orjson.dumps(event)
            status = poster.post(raw, sign(raw))
            summary.stored += status == HTTPStatus.ACCEPTED
            summary.seen += status == HTTPStatus.OK
            summary.refused += status not in (HTTPStatus.ACCEPTED, HTTPStatus.OK)
            driver.settle()
            advance()
        driver.advance(max(clock.now(), recording.end + AFTERWARDS))
        _count(summary, liaison, snow)
    return summary


def _sum(one: Any, other: Any) -> Any:
    return dict(Counter(one) + Counter(other)) if isinstance(one, dict) else one + other


@contextmanager
def _stage(
    recording: Recording, work: Path, rules: Path | None
) -> Iterator[tuple[Liaison, ServiceNowStandIn, Driver, DrivenClock, Server]]:
    start = recording.start
    clock = DrivenClock(start)
    snow = ServiceNowStandIn(clock=clock, ledger=work / "stand-in.ndjson", note_id_column=NOTE_ID)
    snow.keeps_connections = True
    snow.start()
    site = Site(
        name=SITE,
        platform=Platform.SERVICENOW,
        url=snow.url,
        auth=Auth("liaison", Secret("liaison")),
        account="liaison",
        webhook_secrets=(Secret(SECRET),),
        note_id_column=NOTE_ID,
        speak_from=start - timedelta(days=1),
    )
    store = f"sqlite:///{(work / 'store.db').absolute()}"
    liaison = Liaison(Settings(store, rules, (site,), speak_from={SITE: site.speak_from}), clock)
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    snow.hooks = business_rule(f"{server.url}/hooks/{SITE}", SECRET, clock)
    try:
        yield liaison, snow, Driver(liaison, clock, (snow.hooks,)), clock, server
    finally:
        snow.stop()
        server.stop()
        liaison.close()


def _latest(liaison: Liaison) -> datetime:
    """Where a replay that was cut off had got to: a clock never runs backwards."""
    with liaison.store.read() as connection:
        times = [
            connection.execute(select(func.max(column))).scalar()
            for column in (D.c.received_at, N.c.planned_at, N.c.written_at, N.c.sending_at, J.c.at)
        ]
    return datetime.fromisoformat(max([t for t in times if t], default=iso(datetime.min.replace(tzinfo=UTC))))


def _create(recording: Recording, snow: ServiceNowStandIn) -> None:
    """Every record stands in the stand-in before the first event is delivered."""
    for event in recording:
        if sys_id(event) not in snow.tables.records[event["table"]]:
            snow.change("", {"table": event["table"], "raw": event["record"], "silent": True})


def _into_stand_in(event: dict[str, Any], snow: ServiceNowStandIn) -> None:
    """The record as it was at this event: what a read at this time would have found. Never back in time."""
    known = snow.tables.records[event["table"]].get(sys_id(event), {})
    if plain(event["record"].get("sys_updated_on")) >= known.get("sys_updated_on", ""):
        snow.change("", {"table": event["table"], "raw": event["record"], "silent": True})


def _count(summary: Summary, liaison: Liaison, snow: ServiceNowStandIn) -> None:
    with liaison.store.read() as connection:
        summary.tickets = connection.execute(select(func.count()).select_from(T)).scalar_one()
        unhandled = select(func.count()).select_from(D).where(D.c.state.in_(("pending", "dead")))
        summary.unattended = connection.execute(unhandled).scalar_one()
        said = (
            select(N.c.audience, N.c.moment, func.count())
            .where(N.c.state == NoteState.WRITTEN)
            .group_by(N.c.audience, N.c.moment)
            .order_by(N.c.audience, N.c.moment)
        )
        summary.comments = {f"{a}.{m}": n for a, m, n in connection.execute(said)}
        silent = select(J.c.reason, func.count()).where(J.c.what == What.SILENT).group_by(J.c.reason)
        summary.silences = {
            str(reason): int(n) for reason, n in connection.execute(silent.order_by(func.count().desc()))
        }
        waiting = select(N.c.state, func.count()).where(N.c.state.not_in(("written", "superseded", "withdrawn")))
        summary.open_notes = {str(state): int(n) for state, n in connection.execute(waiting.group_by(N.c.state))}
        written = connection.execute(select(N.c.marker, N.c.audience).where(N.c.state == NoteState.WRITTEN)).all()
    ours = Counter((marker, audience == "agents") for marker, audience in written)
    there = Counter(
        (e.marker, e.internal) for conversation in snow.conversations() for e in conversation.entries if e.marker
    )
    summary.lost = sorted(marker for marker, internal in ours if (marker, internal) not in there)
    summary.doubled = sorted(
        marker for (marker, internal), n in there.items() if n > 1 or (marker, internal) not in ours
    )
