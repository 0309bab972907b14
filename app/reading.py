"""What went out is read once more, off the hot path: its reading grade, its service, and counters of both by day."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import Table, and_, bindparam, func, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.prepared import Prepared
from app.store import Store, Transaction
from core.errors import StoreError
from core.notes import Audience
from rules.readability import grade, sentences
from rules.wording import MANY_WORDS, measure_of

G, N, S, T = tables.grade_days, tables.notes, tables.spoken_days, tables.tickets
PIECE = 100
EVERY = 10.0
TURN = timedelta(milliseconds=200)
"""Who stops waits for no longer."""
TOO_SHORT = -1.0
"""The grade of words that are too few to have one."""
UNREAD = Prepared(
    select(
        *(N.c.id, N.c.site, N.c.rule, N.c.text, N.c.written_at, T.c.service),
        func.json_extract(N.c.plan, "$.message.language"),
    )
    .select_from(N.join(T, and_(N.c.site == T.c.site, N.c.ticket_id == T.c.id)))
    .where(text("notes.written_at IS NOT NULL AND notes.grade IS NULL AND notes.audience = 'requester'"))
    .order_by(N.c.written_at.desc())
    .limit(bindparam("most"))
)
GRADED = Prepared(
    update(N)
    .where(N.c.id == bindparam("note"), N.c.grade.is_(None))
    .values(grade=bindparam("reads"), hard=bindparam("too_hard"), service=bindparam("about"))
)


def _one_more(table: Table) -> Prepared:
    one = upsert(table).values({c.name: bindparam(f"of_{c.name}") for c in table.c})
    more = {"number": table.c.number + 1}
    return Prepared(one.on_conflict_do_update(index_elements=list(table.primary_key), set_=more))


SPOKEN, GRADES = _one_more(S), _one_more(G)
log = logging.getLogger("liaison.reading")


@dataclass(frozen=True)
class _Read:
    """`day` in UTC."""

    note: str
    day: str
    site: str
    service: str
    rule: str
    grade: float
    hard: bool


class Reader:
    """Counts each note once, however often it is asked: the mark and the counters are one commit."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, within: timedelta | None = None) -> int:
        """Read what is unread, the newest first, for as long as `within` says; returns how many. Raises StoreError."""
        until = time.monotonic() + within.total_seconds() if within else None
        count = 0
        while until is None or time.monotonic() < until:
            piece = self._piece(until)
            if not piece:
                break
            self._store.write(lambda tx, piece=piece: _keep(tx, piece))  # type: ignore[misc]
            count += len(piece)
        return count

    def run(self, stopping: threading.Event) -> None:
        """Read every few seconds until `stopping`."""
        while not stopping.wait(EVERY):
            try:
                while not stopping.is_set() and self.read(TURN):
                    pass
            except StoreError as error:
                log.error("What went out is read later: %s", error)  # noqa: TRY400 - it says all

    def _piece(self, until: float | None) -> list[_Read]:
        with self._store.look() as look:
            rows = UNREAD.run(look, most=PIECE).fetchall()
        piece = []
        for row in rows:
            piece.append(_read(*row))
            if until is not None and time.monotonic() > until:
                break
        return piece


def _read(note: str, site: str, rule: str, words: str, at: str, service: str, language: str | None) -> _Read:
    language = language or "en"
    read_aloud = sentences(words)
    many = MANY_WORDS.get(language[:2], MANY_WORDS["en"])
    enough = sum(len(sentence.words) for sentence in read_aloud) >= many
    reads = round(grade(read_aloud, language), 1) if enough else TOO_SHORT
    hard = reads > measure_of(Audience.REQUESTER).most(language)
    return _Read(note, at[:10], site, service, rule, reads, hard)


def _keep(tx: Transaction, piece: list[_Read]) -> None:
    for one in piece:
        if not GRADED.run(tx, note=one.note, reads=one.grade, too_hard=int(one.hard), about=one.service).rowcount:
            continue
        mine = {"of_day": one.day, "of_site": one.site, "of_number": 1}
        SPOKEN.run(tx, **mine, of_service=one.service, of_rule=one.rule)
        GRADES.run(tx, **mine, of_grade=ceil(one.grade), of_hard=int(one.hard))
