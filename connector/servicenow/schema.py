"""ServiceNow's records as tickets. Where a value is not what it should be, it is missing; nothing here asks anybody."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema

from connector.servicenow import vocabulary
from connector.servicenow.cells import SYS_ID, Cell, Names
from connector.servicenow.custom import canonical, custom_value
from connector.servicenow.envelope import Envelope, Eyes, column, envelope
from connector.servicenow.journal import latest
from connector.servicenow.people import People
from connector.servicenow.record import COLUMNS, REFERENCES, Record
from core.notes import Audience
from core.sightings import Author, Comment, Sighting, Snapshot
from core.sites import Site
from core.tickets import TicketRef
from core.values import value

JOURNALS = {"comments": True, "work_notes": False}
"""Journal columns and whether customers read them."""
SAME_MOMENT = timedelta(minutes=10)
BOTH = frozenset({Audience.AGENTS, Audience.REQUESTER})


@value
class Read:
    """`complete` False: the payload does not say enough, ask for the record."""

    snapshot: Snapshot
    complete: bool


class Reader:
    """One site's eyes. Remembers what references are called, so it gets better with use; one thread at a time."""

    def __init__(self, site: Site, names: Names | None = None) -> None:
        self.site = site
        self._names = names or Names()
        self._people = People(site, self._names)
        self._custom = tuple(dict.fromkeys(site.fields.values()))
        self._named = (*REFERENCES, *self._custom)
        note_id = (site.note_id_column,) if site.note_id_column else ()
        self.columns = tuple(dict.fromkeys((*COLUMNS, *self._custom)))
        """What to ask for when reading a record; journals are left out, for they come with their whole history."""
        every = dict.fromkeys((*self.columns, *JOURNALS, *note_id))
        # Dots in attribute names would nest: marshmallow builds paths from them.
        self._eyes = Eyes(Schema.from_dict({name.replace(".", "__"): column(name) for name in every})())

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        """Raises PayloadError where table or sys_id cannot be told; any other oddity is a missing value."""
        seen = envelope(body)
        cells = self._cells(seen.record)
        read = self._read(seen.table, seen.sys_id, cells)
        complete = read.complete and self._utc(cells, seen)
        return Sighting(
            ref=TicketRef(self.site.name, f"{seen.table}:{seen.sys_id}"),
            at=seen.sent_at or cells["sys_updated_on"].time or received_at,
            snapshot=read.snapshot,
            complete=complete or not read.snapshot.served or seen.deleted,
            comment=next(written := self._comments(seen, cells, received_at), None),
            aside=next(written, None),
            gone=seen.deleted,
            actor=cells["sys_updated_by"].code,
            changed=seen.changed,
        )

    def snapshot(self, table: str, sys_id: str, record: Mapping[str, Any]) -> Snapshot:
        """A record as the Table or Change API gave it."""
        return self._read(table, sys_id, self._cells(record)).snapshot

    def author(self, user_name: str, caller: str, *, public: bool) -> Author:
        """Who a user name is on this site. Work notes can be written by agents alone."""
        if not user_name:
            return Author.UNKNOWN
        if user_name.casefold() == (self.site.account or self.site.auth.user).casefold():
            return Author.LIAISON
        if self._people.is_bot(user_name):
            return Author.BOT
        if user_name.casefold() == caller.casefold():
            return Author.CUSTOMER
        return Author.AGENT if caller or not public else Author.UNKNOWN

    def _cells(self, record: Mapping[str, Any]) -> dict[str, Cell]:
        cells: dict[str, Cell] = self._eyes.by_key(record)
        for name in self._named:
            cell = cells[name]
            if not cell.value or not cell.display:  # it does not say both which record and what it is called
                continue
            if name in REFERENCES or SYS_ID.match(cell.sys_id):
                self._names.learn(cell.sys_id, cell.name)
        return cells

    def _read(self, table: str, sys_id: str, cells: Mapping[str, Cell]) -> Read:
        kind, unserved = vocabulary.kind_of(table, self.site)
        record = Record(table, kind, cells, self.site, self._names)
        ticket = record.ticket(sys_id, self._people.requester(cells), self._custom_fields(cells))
        ticket, unmapped = canonical(ticket, self.site, cells)
        snapshot = Snapshot(
            ticket,
            served=not unserved,
            not_served_because=unserved,
            sinks=frozenset() if unserved else BOTH,
            unmapped=() if unserved else (*record.unmapped, *unmapped),
        )
        return Read(snapshot, complete=record.whole and all(self._told(cells[name]) for name in self._custom))

    def _custom_fields(self, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """None where the column was not told: declared, and not to be read."""
        return {
            name: custom_value(cells[source], self._names) if cells[source].said else None
            for name, source in self.site.fields.items()
        }

    def _told(self, cell: Cell) -> bool:
        nameless = SYS_ID.match(cell.sys_id) and not (cell.name or self._names.of(cell.sys_id))
        return cell.said and not nameless

    @staticmethod
    def _utc(cells: Mapping[str, Cell], seen: Envelope) -> bool:
        """Whether the record's times are UTC: not sure where labels stand in for values, unless `sent_at` agrees."""
        state = cells["state"]
        labels_only = state.plain and state.number is None
        if not labels_only:
            return True
        updated = cells["sys_updated_on"].time
        return bool(updated and seen.sent_at and abs(updated - seen.sent_at) < SAME_MOMENT)

    def _comments(self, seen: Envelope, cells: Mapping[str, Cell], received_at: datetime) -> Iterator[Comment]:
        """The comments written in this save; where there are two, the public one first: it is what people were told."""
        told = [n for n in JOURNALS if n in seen.changed and cells[n].code] if seen.nested else []
        for place, name in enumerate(told):
            yield self._comment(seen, cells, received_at, name, "" if place else seen.event_id)

    def _comment(
        self, seen: Envelope, cells: Mapping[str, Cell], received_at: datetime, name: str, identity: str
    ) -> Comment:
        written = latest(cells[name].code)
        user = cells["sys_updated_by"].code
        marker = self._marker(seen, cells)
        caller = self._people.user_name(cells)
        author = Author.LIAISON if marker else self.author(user, caller, public=JOURNALS[name])
        at = cells["sys_updated_on"].time or seen.sent_at or received_at
        return Comment(
            id=identity or _digest(seen.sys_id, cells["sys_updated_on"].code, name, written),
            at=at,
            author=author,
            author_id=user,
            public=JOURNALS[name],
            marker=marker,
            text=written,
        )

    def _marker(self, seen: Envelope, cells: Mapping[str, Cell]) -> str:
        note_id = self.site.note_id_column
        return cells[note_id].code if note_id and note_id in seen.changed else ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
