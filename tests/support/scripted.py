"""A platform in memory that fails on request, and a bench of the real parts of `app` around it.

The bench is everything between inbox and connector as `app.liaison` plugs it together, over a real SQLite file, with a
driven clock. `crash` throws the process away and opens the same file again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from sqlalchemy import select, update

from app import claims, tables
from app.attend import Attendant
from app.clocks import DrivenClock
from app.composing import Composer
from app.connectors import Connectors
from app.engine import EmbeddedEngine
from app.inbox import StoredInbox
from app.outbox import Outbox
from app.pauses import Pauses
from app.rows import of
from app.rulebook import Rulebook
from app.steering import Steering
from app.store import Store
from core.errors import InDoubt, NotThere, Paused, Refused, Scope, Unavailable
from core.notes import Audience, Letter, Written
from core.sightings import Author, Comment, Delivery, Found, Sighting, Snapshot
from core.sites import Platform, Site
from core.tickets import Ticket, TicketRef
from core.times import from_iso, iso
from tests.support.stores import ready

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SITE = "acme"
NO_PACKS = Path("no-packs")
"""Nothing settles, no gate holds: only the rules of the test speak."""
SINKS = frozenset({Audience.AGENTS, Audience.REQUESTER})
RULES = """
version: 1
rules:
  - id: any
    layer: override
    when: {kind: incident}
    impact: {id: work, level: medium, statement: Work is slower.}
    messages:
      requester:
        opened: "We look into it. We will write again {{ next_update.text }}."
        acknowledged: "We have started. We will write again {{ next_update.text }}."
        raised: "More urgent now. We will write again {{ next_update.text }}."
        lowered: "Less urgent now. We will write again {{ next_update.text }}."
        update_due: "Still on it. We will write again {{ next_update.text }}."
        resumed: "We go on. We will write again {{ next_update.text }}."
        waiting_for_requester: "We need your answer."
        resolved: {fixed: "Solved.", default: "Done.", duplicate: none}
        reopened: "Back again. We will write again {{ next_update.text }}."
      agents:
        opened: "Have a look."
        acknowledged: none
        raised: "Look sooner."
        lowered: none
        update_due: none
        resumed: none
        waiting_for_requester: none
        resolved: "It is over."
        reopened: "Look again."
    cadence: {requester: {every: 30m}}
"""


class Jumping(DrivenClock):
    """The time of day may be set; `seconds` are those that nobody sets."""

    seconds = 100.0

    def steady(self):
        return self.seconds


class Killed(BaseException):
    """The process ends here: nothing in `app` may catch it."""


@dataclass
class Standing:
    """What stands in a ticket of the scripted platform."""

    comment_id: str
    ref: TicketRef
    marker: str
    letter: Letter
    at: datetime


@dataclass
class ScriptedPlatform:
    """Tickets by ref, and every comment that stands. `faults` names how the next writes go, first in first out.

    `in_doubt`: no answer, nothing done; `lost_reply`: done, no answer; `unavailable`, `paused_issue`, `paused_site`,
    `refused`, `not_there`; `killed`: the process dies before the request leaves; `killed_after`: after it was done;
    `public`: an internal note comes out public. `blind` and `deaf` make finding and reading fail.
    """

    clock: DrivenClock
    tickets: dict[TicketRef, Snapshot] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    said: dict[TicketRef, list[Comment]] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    writes: list[Letter] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    reads: int = 0
    blind: bool = False
    deaf: Exception | None = None
    pause: timedelta = timedelta(minutes=2)

    def letters(self, audience: Audience | None = None, ref: TicketRef | None = None) -> list[str]:
        """The words that stand, in order."""
        return [
            "\n".join(p.text for p in part.paragraphs)
            for s in self.standing
            if ref in (None, s.ref)
            for part in s.letter.parts
            if audience in (None, part.audience)
        ]

    def markers(self) -> list[str]:
        return [s.marker for s in self.standing]


class ScriptedConnector:
    def __init__(self, site: Site, platform: ScriptedPlatform, *, joins: bool, edits: bool) -> None:
        self.site, self.platform = site, platform
        self.joins_audiences, self.edits_notes = joins, edits

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        ref = TicketRef(self.site.name, body["id"])
        snapshot = snapshot_of(Ticket.from_dict(body["ticket"])) if body.get("ticket") else None
        comment = body.get("comment")
        return Sighting(
            ref,
            received_at,
            snapshot,
            complete=snapshot is not None,
            comment=comment
            and Comment(**(comment | {"at": from_iso(comment["at"]), "author": Author(comment["author"])})),
            gone=body.get("gone", False),
        )

    def read(self, ref: TicketRef) -> Snapshot:
        self.platform.reads += 1
        if self.platform.deaf:
            raise self.platform.deaf
        if ref not in self.platform.tickets:
            raise NotThere("there is no such ticket", where=str(ref), status=404)
        return self.platform.tickets[ref]

    def comment(self, ref: TicketRef, comment: Comment) -> Comment | None:  # noqa: ARG002 - the port's own signature
        return self.platform.comments.get(comment.id)

    def comments(self, ref: TicketRef, since: datetime) -> tuple[Comment, ...]:
        if self.platform.deaf:
            raise self.platform.deaf
        return tuple(c for c in self.platform.said.get(ref, ()) if c.at >= since)

    def changes(self, since: datetime) -> Iterator[Found]:
        """Every ticket of the site that says no earlier time than `since`; thin, so that each is read."""
        if self.platform.deaf:
            raise self.platform.deaf
        for ref, snapshot in list(self.platform.tickets.items()):
            ticket = snapshot.ticket
            if ref.site == self.site.name and (ticket.updated_at or since) >= since:
                yield Found(ref.id, ticket.revision, orjson.dumps({"id": ref.id}))

    def write(self, letter: Letter) -> Written:
        platform = self.platform
        platform.writes.append(letter)
        fault = platform.faults.pop(0) if platform.faults else ""
        self._before(fault, letter)
        written = self._put(letter)
        if fault == "lost_reply":
            raise InDoubt("no answer came")
        if fault == "killed_after":
            raise Killed
        internal = all(part.internal for part in letter.parts)
        return replace(written, public=fault == "public" or not internal)

    def _before(self, fault: str, letter: Letter) -> None:
        until = self.platform.clock.now() + self.platform.pause
        match fault:
            case "in_doubt":
                raise InDoubt("the connection broke", status=502)
            case "unavailable":
                raise Unavailable("connection refused")
            case "paused_issue":
                raise Paused("slow down", until=until, scope=Scope.ISSUE)
            case "paused_site":
                raise Paused("slow down", until=until, scope=Scope.SITE)
            case "refused":
                raise Refused("the comment is too long", status=400)
            case "not_there":
                raise NotThere("there is no such ticket", status=404)
            case "killed":
                raise Killed
        if letter.edits and letter.edits not in [s.comment_id for s in self.platform.standing]:
            raise NotThere("there is no such comment", status=404)

    def _put(self, letter: Letter) -> Written:
        platform, now = self.platform, self.platform.clock.now()
        platform.carried.append(letter.marker)
        if letter.edits:
            platform.edited.append(letter.edits)
            old = next(s for s in platform.standing if s.comment_id == letter.edits)
            old.letter = letter  # an edit sends the body only: the marker stays what it was
            return Written(letter.marker, old.comment_id, public=False, at=now)
        identity = f"c{len(platform.writes)}"
        platform.standing.append(Standing(identity, letter.ref, letter.marker, letter, now))
        return Written(letter.marker, identity, None, now)

    def hide(self, ref: TicketRef, written: Written) -> bool:  # noqa: ARG002 - the port's own signature
        platform = self.platform
        platform.standing = [s for s in platform.standing if s.comment_id != written.comment_id]
        platform.hidden.append(written.comment_id)
        return True

    def find(self, ref: TicketRef, marker: str, since: datetime) -> Written | None:  # noqa: ARG002 - the port's own signature
        if self.platform.blind:
            raise Unavailable("the history cannot be read")
        found = next((s for s in self.platform.standing if (s.ref, s.marker) == (ref, marker)), None)
        if found is None:
            return None
        return Written(marker, found.comment_id, not all(p.internal for p in found.letter.parts), found.at)


class ScriptedConnectors(Connectors):
    """Every site answers through the same scripted platform."""

    def __init__(self, sites, clock, platform, *, joins, edits):
        super().__init__(sites, clock)
        self.made = {name: ScriptedConnector(site, platform, joins=joins, edits=edits) for name, site in sites.items()}

    def of(self, site):
        super_sites = self.sites
        assert site in super_sites, f"{site} is not configured"
        return self.made[site]


def snapshot_of(ticket: Ticket, **changes: Any) -> Snapshot:
    return replace(Snapshot(ticket, sinks=SINKS), **changes)


def incident(identity: str = "1", **fields: Any) -> Ticket:
    plain = {
        "site": SITE,
        "platform": "jira",
        "kind": "incident",
        "key": f"OPS-{identity}",
        "id": identity,
        "title": "Till 3 is down",
        "state": "new",
        "priority": "P3",
        "service": "tills",
        "opened_at": START,
        "revision": "0001",
    }
    return Ticket(**(plain | fields))


class Bench:
    """One process: `platform` outlives it."""

    def __init__(
        self,
        folder: Path,
        platform: ScriptedPlatform,
        clock: DrivenClock,
        rules: str,
        *,
        joins: bool,
        edits: bool,
        sites: tuple[str, ...],
        settle: float = 30.0,
        packs: bool = False,
        changes: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        file = folder / "rules.yaml"
        file.write_text(rules)
        self.folder, self.platform, self.clock = folder, platform, clock
        self.options = {
            "rules": rules,
            "joins": joins,
            "edits": edits,
            "sites": sites,
            "settle": settle,
            "packs": packs,
            "changes": changes,
        }
        ready(folder / "liaison.db")
        self.store = Store(f"sqlite:///{folder}/liaison.db")
        self.store.start()
        stock = Site("", Platform.JIRA, "https://x.example", speak_from=START, settle_seconds=settle)
        self.sites = {name: replace(stock, name=name, **(changes or {}).get(name, {})) for name in sites}
        self.connectors = ScriptedConnectors(self.sites, clock, platform, joins=joins, edits=edits)
        self.engine = EmbeddedEngine(self.store, clock)
        self.inbox = StoredInbox(self.store, self.engine)
        self.pauses = Pauses(self.store, clock=clock)
        with nullcontext() if packs else patch("rules.load.PACKS", NO_PACKS):
            self.rulebook = Rulebook([file], {site.name: site.timezone for site in self.sites.values()})
        self.outbox = Outbox(self.store, clock, self.connectors, Composer(self.rulebook, clock), self.pauses)
        self.attendant = Attendant(
            self.store, clock, self.engine, self.connectors, self.rulebook, self.outbox, self.pauses
        )
        self.steering = Steering(self.store, self.engine, clock)
        self.deliveries = 0

    # --- what happens ---

    def receive(
        self,
        ticket: Ticket | None = None,
        *,
        ref: TicketRef | None = None,
        comment: Comment | None = None,
        gone: bool = False,
    ) -> None:
        """A webhook, stored."""
        self.deliveries += 1
        ref = ref or ticket.ref
        body = {
            "id": ref.id,
            "ticket": ticket.to_dict() if ticket else None,
            "comment": comment and {**vars(comment), "at": iso(comment.at)},
            "gone": gone,
        }
        if ticket:
            self.platform.tickets[ref] = snapshot_of(ticket)
        delivery = Delivery(ref.site, f"d{id(self)}-{self.deliveries}", ref.id, orjson.dumps(body), self.clock.now())
        self.inbox.accept(delivery)

    def happen(self, ticket: Ticket | None = None, **about: Any) -> None:
        """A webhook, stored and attended to."""
        self.receive(ticket, **about)
        self.drain()

    def drain(self) -> datetime | None:
        return self.engine.drain(self.attendant.attend, limit=200)

    def attend(self, ref: TicketRef) -> None:
        self.attendant.attend(ref)

    def pass_(self, **time: float) -> None:
        """Let time pass, stopping at whatever falls due."""
        to = self.clock.now() + timedelta(**time)
        self.drain()
        while (due := self.next_due()) is not None and due <= to:
            self.clock.move(due)
            self.drain()
        self.clock.move(to)

    def next_due(self) -> datetime | None:
        """When time has to stop next."""
        return self.engine.next_due()

    def agent_says(
        self,
        ticket: Ticket,
        text: str = "We are on it.",
        identity: str = "h1",
        *,
        public: bool = True,
        at: datetime | None = None,
    ) -> None:
        self.happen(
            ticket, comment=Comment(identity, at or self.clock.now(), Author.AGENT, "anna", public=public, text=text)
        )

    def crash(self) -> "Bench":
        """A new process over the same file; nothing of this one's memory is left."""
        self.close()
        return Bench(self.folder, self.platform, self.clock, **self.options)

    def close(self) -> None:
        self.store.close()

    # --- what is there ---

    def rows(self, table: Any, ref: TicketRef | None = None) -> list[Any]:
        query = select(table) if ref is None else select(table).where(of(table, ref))
        with self.store.read() as connection:
            return list(connection.execute(query))

    def notes(self, ref: TicketRef | None = None) -> dict[tuple[str, str], str]:
        """The state of each note by (audience, moment)."""
        return {(n.audience, n.moment): n.state for n in self.rows(tables.notes, ref)}

    def note(self, audience: str, moment: str) -> Any:
        return next(n for n in self.rows(tables.notes) if (n.audience, n.moment) == (audience, moment))

    def reasons(self, ref: TicketRef | None = None) -> list[tuple[str, str, str]]:
        rows = self.rows(tables.journal, ref)
        return [(j.moment, j.audience, j.reason) for j in rows if j.what == "silent"]

    def promises(self, state: str | None = "open") -> list[Any]:
        return [p for p in self.rows(tables.promises) if state in (None, p.state)]

    def force(self, table: Any, ref: TicketRef, **values: Any) -> None:
        self.store.write(lambda tx: tx.execute(update(table).where(of(table, ref)).values(**values)))

    def overtake(self, ref: TicketRef) -> None:
        """Another runner claims the ticket."""
        self.store.write(lambda tx: claims.take(tx, ref))


@contextmanager
def bench(
    folder: Path,
    *,
    rules: str = RULES,
    joins: bool = False,
    edits: bool = True,
    sites: tuple[str, ...] = (SITE,),
    settle: float = 30.0,
    packs: bool = False,
    clock: DrivenClock | None = None,
) -> Iterator[Bench]:
    folder.mkdir(exist_ok=True)
    clock = clock or DrivenClock(START)
    found = Bench(
        folder, ScriptedPlatform(clock), clock, rules, joins=joins, edits=edits, sites=sites, settle=settle, packs=packs
    )
    try:
        yield found
    finally:
        found.close()
