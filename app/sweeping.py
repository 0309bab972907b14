"""The sweeper: a writer frozen inside its request may thaw after its note was sent again. Then it stands twice.

It is looked for where a note took more than one attempt, for a while after it was written, and the twin is removed
where the platform lets comments go (Jira). Each is journaled, also one that stays: no double stays undetected.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from app import journal, tables
from app.connectors import Connectors
from app.journal import Entry, What
from app.store import Store
from core.errors import LiaisonError
from core.notes import NoteState, Written
from core.sightings import Author, Comment
from core.tickets import TicketRef
from core.times import Clock, from_iso, iso

N = tables.notes
SWEEP_SECONDS = 60.0
LOOKED_AFTER = timedelta(minutes=10)
"""How long after it was written a note is looked after: nothing that was frozen for longer has a connection left."""
APART = timedelta(minutes=10)
"""How far a platform's clock may be behind ours."""

log = logging.getLogger("liaison.sweeping")


class Sweeper:
    def __init__(self, store: Store, clock: Clock, connectors: Connectors) -> None:
        self._store, self._clock, self._connectors = store, clock, connectors
        self._told: set[tuple[TicketRef, str]] = set()

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except LiaisonError as error:
                log.warning("Twins are looked for again later: %s", error)

    def sweep(self) -> int:
        """How many twins were removed."""
        return sum(self._look_at(note) for note in self._doubtful())

    def _doubtful(self) -> list[Row[Any]]:
        since = iso(self._clock.now() - LOOKED_AFTER)
        about = (N.c.id, N.c.site, N.c.ticket_id, N.c.moment, N.c.audience, N.c.marker, N.c.comment_id, N.c.planned_at)
        query = select(*about)
        query = query.where(N.c.state == NoteState.WRITTEN, N.c.written_at > since)
        with self._store.read() as connection:
            rows: Any = connection.execute(query.where(N.c.attempts > 1))
            return list(rows)

    def _look_at(self, note: Row[Any]) -> int:
        ref = TicketRef(note.site, note.ticket_id)
        try:
            connector = self._connectors.of(ref.site)
            listed = connector.comments(ref, self._clock.now() - timedelta(days=1))
        except LiaisonError as error:
            log.info("%s is looked at again in the next sweep: %s", ref, error)
            return 0
        found = twins(listed, note)
        removed = [t for t in found if connector.hide(ref, Written(note.marker, t.id, t.public))]
        if not note.comment_id:
            found = repeated(listed, from_iso(note.planned_at) - APART)
        stay = [t for t in found if t not in removed and (ref, t.id) not in self._told]
        self._told |= {(ref, t.id) for t in stay}
        if removed:
            log.warning("%s: note %s stood %d times; the others were removed.", ref, note.id, len(removed) + 1)
            self._tell(ref, note, f"It stood {len(removed) + 1} times, because a request was late; one was left.")
        if stay:
            log.error("%s: note %s stands %d times; the others cannot be removed.", ref, note.id, len(stay) + 1)
            told = f"It stands {len(stay) + 1} times, because a request was late, and could not be removed."
            self._tell(ref, note, told)
        return len(removed)

    def _tell(self, ref: TicketRef, note: Row[Any], told: str) -> None:
        line = Entry(What.FAILED, note.moment, note.audience, detail=told, note_id=note.id)
        self._store.write(lambda tx: journal.write(tx, ref, self._clock.now(), [line]))


def twins(listed: Sequence[Comment], note: Row[Any]) -> list[Comment]:
    """Other comments of the same account with the note's own marker, where the one we know of stands."""
    same = [comment for comment in listed if comment.marker and comment.marker == note.marker]
    ours = next((comment for comment in same if comment.id == note.comment_id), None)
    return [one for one in same if ours and one is not ours and one.author_id == ours.author_id]


def repeated(listed: Sequence[Comment], since: datetime) -> list[Comment]:
    """Where comments have no id that we were told (ServiceNow's journal): words of ours that stand there
    again. Words alone are no proof: nothing is taken away for them.
    """
    seen: set[tuple[bool | None, str]] = set()
    again = []
    for comment in listed:
        words = comment.public, " ".join(comment.text.split())
        if comment.author is Author.LIAISON and comment.at >= since:
            again += [comment] if words in seen else []
            seen.add(words)
    return again
