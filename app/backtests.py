"""Backtests of drafts, on request: one at a time, each in a process of its own, the last few kept in memory."""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy import select, tuple_

from app import tables
from app.backtest import Event
from app.drafts import Draft, Folder
from app.store import Store
from app.workbench import Workbench
from core.errors import LiaisonError
from core.sites import Auth, Secret, Site
from core.times import EPOCH, from_iso, iso
from ui.editor_views import Backtest, NotNow

log = logging.getLogger("liaison.desk")
D, T = tables.deliveries, tables.tickets
MOST_EVENTS = 5_000
MOST_BYTES = 40_000_000
MOST_SECONDS = 600.0
KEPT = 8
AT_ONCE = 400
"""Tickets that are asked about in one query."""
HANDLED = ("done", "pending")


@dataclass(frozen=True)
class Record:
    """What was recorded: `left_out` deliveries are older than what fits, or belong to tickets that a gate holds."""

    events: tuple[Event, ...]
    held: int = 0
    left_out: int = 0


class Backtests:
    def __init__(self, store: Store, folder: Folder, sites: Sequence[Site]) -> None:
        self._store, self._folder = store, folder
        self._sites = tuple(replace(strangers(site), speak_from=EPOCH) for site in sites)
        self._bench, self._lock = Workbench("app.drafting"), threading.Lock()
        self._known: dict[str, Backtest] = {}
        self._running = ""

    def begin(self, draft: Draft, days: int, now: datetime) -> str:
        """Raises NotNow while another runs."""
        with self._lock:
            if self._running:
                hint = "Wait until it is done, or stop it."
                raise NotNow("another backtest is running.", hint=hint)
            identity = self._running = secrets.token_urlsafe(9)
            for old in list(self._known)[: -KEPT + 1]:
                del self._known[old]
            self._known[identity] = Backtest(identity, draft.file, days, since=now - timedelta(days=days))
        arguments = (identity, draft, days, now)
        threading.Thread(target=self._run, args=arguments, name="backtest", daemon=True).start()
        return identity

    def look(self, identity: str) -> Backtest | None:
        return self._known.get(identity)

    def stop(self, identity: str) -> None:
        if self._running == identity:
            self._end(identity, problem="It was stopped.")
            self._bench.stop()

    def _run(self, identity: str, draft: Draft, days: int, now: datetime) -> None:
        try:
            self._finish(identity, self._played(draft, now - timedelta(days=days), self._told(identity)))
        except _Stopped:
            log.info("A backtest was stopped.")
        except LiaisonError as error:
            self._end(identity, problem=f"It came to nothing: {error}")
        except Exception:
            log.exception("A backtest failed.")
            self._end(identity, problem="It failed. The reason stands in Liaison's log.")

    def _played(self, draft: Draft, since: datetime, told: Callable[[tuple[int, int]], None]) -> Backtest:
        record = recorded(self._store, {site.name for site in self._sites}, since)
        if not record.events:
            return Backtest("", "", 0, finished=True, held=record.held, left_out=record.left_out)
        told((0, len(record.events)))
        with TemporaryDirectory(prefix="liaison-draft-") as place:
            tried = laid_out(self._folder, draft, Path(place))
            made: Backtest = self._bench.ask(
                "play",
                tried,
                tuple(self._folder.paths),
                self._sites,
                record.events,
                within=MOST_SECONDS,
                clicked=True,
                told=told,
            )
        return replace(made, held=made.held + record.held, left_out=record.left_out)

    def _told(self, identity: str) -> Callable[[tuple[int, int]], None]:
        def told(progress: tuple[int, int]) -> None:
            done, of = progress
            with self._lock:
                if self._known[identity].finished:
                    raise _Stopped  # before there was a process to end
                self._known[identity] = replace(self._known[identity], done=done, of=of)

        return told

    def _finish(self, identity: str, made: Backtest) -> None:
        with self._lock:
            begun = self._known[identity]
            if not begun.finished:
                about = {"id": identity, "file": begun.file, "days": begun.days, "since": begun.since}
                self._close(replace(made, finished=True, **about))  # type: ignore[arg-type]  # names of its own

    def _end(self, identity: str, problem: str) -> None:
        with self._lock:
            begun = self._known[identity]
            if not begun.finished:
                self._close(replace(begun, finished=True, problem=problem))

    # whoever sees that it is finished may begin the next one at once
    def _close(self, made: Backtest) -> None:
        self._known[made.id] = made
        self._running = ""


class _Stopped(Exception):
    """Nobody waits for it any more."""


def strangers(site: Site) -> Site:
    """A site without its secrets: whatever is tried in the other process, it can ask no platform."""
    return replace(site, auth=Auth("nobody", Secret("")), webhook_secrets=())


def laid_out(folder: Folder, draft: Draft, place: Path) -> Path:
    """The set with the draft in it, as files."""
    contents = {**folder.contents(), draft.file: draft.content(folder.read(draft.file))}
    for name, content in contents.items():
        if content is not None:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    return place


def recorded(store: Store, sites: set[str], since: datetime) -> Record:
    """The newest deliveries since then, in the order in which they came."""
    query = select(D.c.site, D.c.ticket_id, D.c.received_at, D.c.body).where(
        D.c.received_at >= iso(since), D.c.state.in_(HANDLED), D.c.ticket_id != "", D.c.site.in_(sites)
    )
    events, size, left_out = list[Event](), 0, 0
    with store.read() as connection:
        for site, ticket, at, body in connection.execute(query.order_by(D.c.id.desc()).limit(MOST_EVENTS + 1)):
            size += len(body)
            if len(events) == MOST_EVENTS or size > MOST_BYTES:
                left_out += 1
                break
            if body:
                events.append(Event(site, ticket, from_iso(at), body))
    held = _held(store, {(event.site, event.ticket) for event in events})
    shown = [event for event in reversed(events) if (event.site, event.ticket) not in held]
    return Record(tuple(shown), len(held), left_out)


def _held(store: Store, tickets: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those that a gate holds now: nothing of them stands in any report."""
    held, every = set[tuple[str, str]](), sorted(tickets)
    with store.read() as connection:
        for start in range(0, len(every), AT_ONCE):
            some = tuple_(T.c.site, T.c.id).in_(every[start : start + AT_ONCE])
            for site, ticket, memory in connection.execute(select(T.c.site, T.c.id, T.c.memory).where(some)):
                if orjson.loads(memory).get("gates"):
                    held.add((site, ticket))
    return held
