"""The one place that talks to ServiceNow, through pysnow and around its traps.

pysnow's `get` leaves its query in its resource's parameters, so each list gets a fresh one; its `update` is a query and
a PUT, so writes are a PATCH by sys_id; what it believes, the session has checked before.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import inf
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import pysnow
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_exponential

from connector.servicenow import changes
from connector.servicenow.cells import SAFE_ID, Names, cell
from connector.servicenow.cells import time as utc
from connector.servicenow.comment import journal_text, reference
from connector.servicenow.envelope import TABLE
from connector.servicenow.people import REQUESTERS
from connector.servicenow.record import follows, revision
from connector.servicenow.schema import JOURNALS, Reader
from connector.servicenow.session import CheckedSession
from core.errors import InDoubt, NotThere, Paused, Refused, Unavailable
from core.notes import Letter, Part, Written
from core.quotas import Meter
from core.sightings import Author, Comment, Found, Sighting, Snapshot
from core.sites import Site
from core.tickets import TicketRef
from core.times import Clock

T = TypeVar("T")
Record = Mapping[str, Any]
Display = Literal["all"] | bool
READ_ATTEMPTS = 3
READ_SECONDS = 40.0
SHAPES = 64
"""Tables, times the sets of columns that are asked for."""
JOURNAL = "sys_journal_field"
JOURNAL_FIELDS = ("sys_id", "element", "element_id", "value", "sys_created_on", "sys_created_by")
JOURNAL_ROWS = 200
CLOCKS_APART = timedelta(minutes=10)
"""How far a platform's clock may be behind ours when its journal is searched since a time of ours."""
SKEW = timedelta(days=1)
"""The same, when a note is looked for by its reference: one that is missed is written twice."""
log = logging.getLogger(__name__)


class ServiceNowConnector:
    """One ServiceNow instance as core.ports.Connector. `sleep` waits between the attempts of a read; `meter` counts
    the requests.
    """

    joins_audiences = True
    edits_notes = False

    def __init__(
        self,
        site: Site,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
        meter: Meter | None = None,
    ) -> None:
        self.site = site
        self._clock = clock
        self._reader = Reader(site, Names())
        home = urlsplit(site.url)
        self._base_path = f"{home.path.rstrip('/')}/api/now"
        self._session = CheckedSession(site, clock, meter)
        self._attempts = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(READ_ATTEMPTS) | stop_after_delay(READ_SECONDS),
            wait=wait_exponential(multiplier=0.2, max=2),
            sleep=sleep,
            reraise=True,
        )
        self._client = pysnow.Client(host=home.netloc, use_ssl=home.scheme == "https", session=self._session)
        self._kept = lru_cache(maxsize=SHAPES)(self._resource)
        """For requests by sys_id, which change nothing in the resource."""

    def close(self) -> None:
        self._client.close()

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        return self._reader.sight(body, received_at)

    def read(self, ref: TicketRef) -> Snapshot:
        table, sys_id = _address(ref)
        record = self._record(table, sys_id, self._reader.columns, display="all")
        if cell(record.get("sys_id")).code not in ("", sys_id):
            raise Unavailable("ServiceNow answered with another record", where=str(ref), hint="It is tried again.")
        return self._reader.snapshot(table, sys_id, record)

    def comment(self, ref: TicketRef, comment: Comment) -> Comment | None:
        """The journal row of a comment, by its sys_id or else by its text.

        A journal without a single row is one we may not read: then the comment comes back as it was.
        """
        table, sys_id = _address(ref)
        rows = self._journal(sys_id)
        row = next((r for r in rows if r["sys_id"] == comment.id or _same(r["value"], comment.text)), None)
        if row is None:
            return None if rows else comment
        seen = self._said(row, self._caller(table, sys_id), comment.at)
        return replace(seen, id=comment.id, marker=comment.marker, edited=comment.edited)

    def comments(self, ref: TicketRef, since: datetime) -> tuple[Comment, ...]:
        """The journal's rows, by their own sys_ids: a webhook gives the same words the id of its event."""
        table, sys_id = _address(ref)
        try:
            rows = [row for row in reversed(self._journal(sys_id, since=since)) if row["element"] in JOURNALS]
            seen = [self._said(row, "", since) for row in rows]
            if any(one.author is Author.UNKNOWN for one in seen):
                caller = self._caller(table, sys_id)
                seen = [self._said(row, caller, since) for row in rows]
        except Refused:
            return ()
        return tuple(seen)

    def changes(self, since: datetime) -> Iterator[Found]:
        def ask(table: str, query: str) -> list[Record]:
            return self._rows(table, changes.COLUMNS, query=query, limit=changes.PAGE)

        def revise(table: str, sys_id: str, row: Record) -> str:
            return self._reader.snapshot(table, sys_id, row).ticket.revision

        return changes.changes(self.site, since, ask, revise)

    def _caller(self, table: str, sys_id: str) -> str:
        """Who asked: the caller of an incident, who requested a change, else who opened the record."""
        names = tuple(f"{role}.user_name" for role in REQUESTERS)
        record = self._record(table, sys_id, names)
        return next((code for name in names if (code := cell(record.get(name)).code)), "")

    def _said(self, row: Mapping[str, str], caller: str, otherwise: datetime) -> Comment:
        public, user = JOURNALS.get(row["element"], False), row["sys_created_by"]
        return Comment(
            id=row["sys_id"],
            at=utc(row["sys_created_on"]) or otherwise,
            author=self._reader.author(user, caller, public=public),
            author_id=user,
            public=public,
            text=row["value"],
        )

    def write(self, letter: Letter) -> Written:
        table, sys_id = _address(letter.ref)
        if letter.edits:
            raise Refused("a journal entry cannot be edited in ServiceNow", where=str(letter.ref))
        texts, column = self._texts(letter), self.site.note_id_column
        asked = ("sys_id", "sys_updated_on", "sys_mod_count", *((column,) if column else ()))
        resource = self._kept(f"/table/{table}", asked)
        payload = {**texts, column: letter.marker} if column else texts
        self._session.leave_by = letter.leave_by
        try:
            answer = resource.request("PATCH", path_append=f"/{sys_id}", data=json.dumps(payload)).one()
        finally:
            self._session.leave_by = inf
        if column:
            self._read_back(letter, answer, texts)
        at, count = utc(cell(answer.get("sys_updated_on")).code), cell(answer.get("sys_mod_count")).count
        left = revision(at, count) if at and count is not None else ""
        return Written(
            letter.marker,
            public=_visibility(texts),
            at=at or self._clock.now(),
            revision=left,
            alone=follows(left, letter.after),
        )

    def hide(self, ref: TicketRef, written: Written) -> bool:
        """Journal entries cannot be taken back; which field a text went to decides who reads it."""
        del ref, written
        return False

    def find(self, ref: TicketRef, marker: str, since: datetime) -> Written | None:
        """By the note id column, which holds the newest id alone, else by the visible reference in the journal."""
        table, sys_id = _address(ref)
        column = self.site.note_id_column
        try:
            if not column:
                return self._find_reference(sys_id, marker, since)
            record = self._record(table, sys_id, ("sys_id", column))
        except Refused as error:
            raise Unavailable(
                f"it cannot be told whether the note was written: {error.what}", where=str(ref)
            ) from error
        if column not in record:
            raise Unavailable(
                f"it cannot be told whether the note was written: the column {column} is missing or hidden",
                where=str(ref),
                hint=f"Create {column} on {table}, or let the account of this site read it.",
            )
        return Written(marker) if cell(record[column]).code == marker else None

    def _find_reference(self, sys_id: str, marker: str, since: datetime) -> Written | None:
        rows = self._journal(sys_id, since=since - SKEW)
        mark = reference(marker)
        for row in rows:
            if mark in row["value"]:
                return Written(marker, row["sys_id"], row["element"] == "comments", utc(row["sys_created_on"]))
        if not rows and not self._rows(JOURNAL, ("sys_id",), limit=1):
            raise Unavailable(
                "it cannot be told whether the note was written: the journal shows nothing at all",
                where=f"{self.site.name}/{sys_id}",
                hint=f"Let the account of this site read the table {JOURNAL}, or configure note_id_column.",
            )
        return None

    def _texts(self, letter: Letter) -> dict[str, str]:
        """The journal columns to write. Without a note id column a reference ends one text, the internal one if any."""
        groups: dict[str, list[Part]] = {}
        for part in letter.parts:
            groups.setdefault("work_notes" if part.internal else "comments", []).append(part)
        marked = "" if self.site.note_id_column else "work_notes" if "work_notes" in groups else "comments"
        texts = {}
        for name, parts in groups.items():
            ending = reference(letter.marker) if name == marked else ""
            texts[name] = journal_text([p for part in parts for p in part.paragraphs], ending)
        return texts

    def _read_back(self, letter: Letter, answer: Record, texts: Mapping[str, str]) -> None:
        """The note id must stand in the record: ServiceNow drops columns we may not write, without a word."""
        table, sys_id = _address(letter.ref)
        column = self.site.note_id_column
        if column not in answer:
            try:
                answer = self._record(table, sys_id, ("sys_id", column))
            except (Unavailable, Refused, NotThere, Paused) as error:  # whatever it is: the note has left
                raise self._unseen(letter, f"the note id could not be read back ({error.what})") from error
        if cell(answer.get(column)).code == letter.marker:
            return
        if not self._stands(sys_id, texts):
            raise self._unseen(letter, f"the column {column} does not hold the note id that was just written")
        log.warning(
            "%s: the note was written but its id was not: let the account of this site write %s, or a note that "
            "gets lost may be written twice",
            letter.ref,
            column,
        )

    def _unseen(self, letter: Letter, what: str) -> InDoubt:
        return InDoubt(
            what, where=str(letter.ref), hint=f"Let the account of this site write {self.site.note_id_column}."
        )

    def _stands(self, sys_id: str, texts: Mapping[str, str]) -> bool:
        """Whether the words themselves are in the journal, as far as we may look."""
        try:
            rows = self._journal(sys_id, since=self._clock.now() - CLOCKS_APART)
        except (Unavailable, Refused, NotThere, Paused):
            return False
        return all(any(r["element"] == name and _same(r["value"], text) for r in rows) for name, text in texts.items())

    def _journal(self, sys_id: str, since: datetime | None = None) -> list[dict[str, str]]:
        """A record's journal rows, newest first, as text. Foreign rows are dropped: an ignored query part adds them."""
        after = f"^sys_created_on>={since:%Y-%m-%d %H:%M:%S}" if since else ""
        query = f"element_id={sys_id}{after}^ORDERBYDESCsys_created_on"
        rows = self._rows(JOURNAL, JOURNAL_FIELDS, query=query, limit=JOURNAL_ROWS)
        texts = ({name: cell(row.get(name)).code for name in JOURNAL_FIELDS} for row in rows)
        return [row for row in texts if row["element_id"] == sys_id]

    def _record(self, table: str, sys_id: str, fields: tuple[str, ...], *, display: Display = False) -> Record:
        def ask() -> Record:
            resource = self._kept(f"/table/{table}", fields, display=display)
            records = resource.request("GET", path_append=f"/{sys_id}").all()
            if len(records) != 1 or not isinstance(records[0], Mapping):
                raise Unavailable(
                    f"ServiceNow answered with {len(records)} records instead of one", where=f"{table}/{sys_id}"
                )
            return records[0]

        return self._reads(ask)

    def _rows(self, table: str, fields: tuple[str, ...], *, query: str = "", limit: int) -> list[Record]:
        def ask() -> list[Record]:
            resource = self._resource(f"/table/{table}", fields)
            rows = resource.get(query=query, fields=list(fields), limit=limit).all()
            return [row for row in rows if isinstance(row, Mapping)]

        return self._reads(ask)

    def _reads(self, ask: Callable[[], T]) -> T:
        """Reads are tried a few times; a write never comes here."""
        return self._attempts(ask)

    def _resource(self, path: str, fields: tuple[str, ...], *, display: Display = False) -> Any:
        resource = self._client.resource(path, base_path=self._base_path, timeout=self.site.timeout)
        resource.parameters.fields = list(fields)
        resource.parameters.display_value = display
        return resource


def _address(ref: TicketRef) -> tuple[str, str]:
    table, _, sys_id = ref.id.partition(":")
    if not (TABLE.match(table) and SAFE_ID.match(sys_id)):
        raise NotThere(f"{ref.id!r} is no ServiceNow record: a table and a sys_id are expected", where=str(ref))
    return table, sys_id


def _visibility(texts: Mapping[str, str]) -> bool | None:
    """Follows from the column alone; None where one request wrote both."""
    return None if len(texts) > 1 else "comments" in texts


def _same(one: str, other: str) -> bool:
    return bool(other) and one.split() == other.split()
