"""How far a store had got, kept beside it: one that has got less far since was put back from a copy.

What was said after the copy was made stands in the tickets, and the store knows nothing of it: polling finds the
tickets, and all of it would be said once more. So for a day after that the platform is asked before a note leaves.
"""

import logging
import os
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app import tables
from app.store import Store, recall, recalled
from core.tickets import Ticket
from core.times import from_iso, iso

PUT_BACK = "put_back"
WARY = timedelta(days=1)
DIGITS = 20
log = logging.getLogger("liaison.store")


class Bookmark:
    """In an open file of its own. `new`: the file was not there before."""

    def __init__(self, descriptor: int, *, new: bool) -> None:
        self._file, self.new = descriptor, new

    def kept(self) -> int:
        """The last line of the journal that was seen; 0 where nobody has written it down yet."""
        text = os.pread(self._file, DIGITS, 0).strip()
        return int(text) if text.isdigit() else 0

    def keep(self, line: int) -> None:
        """Only a hint: a disk that is full keeps the earlier one."""
        with suppress(OSError):
            os.pwrite(self._file, f"{line:0{DIGITS}d}\n".encode(), 0)


def last_line(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.max(tables.journal.c.id))).scalar() or 0


def put_back(store: Store, mark: Bookmark, now: datetime) -> datetime | None:
    """When the store was last put back from a copy, as far as that is known; it is kept in the store itself."""
    line = last_line(store)
    if line < mark.kept() or (mark.new and line):
        log.warning(
            "This store was put back from a copy, or came from elsewhere. What was said since is looked for in the"
            " tickets before it is said: for a day each note takes one request more."
        )
        store.write(lambda tx: recall(tx, PUT_BACK, iso(now)))
    mark.keep(line)
    with store.read() as connection:
        found = recalled(connection, PUT_BACK)
    return from_iso(found) if found else None


def forgotten(since: datetime | None, ticket: Ticket | None, now: datetime) -> bool:
    """Whether the ticket may hold words of ours that this store does not know. `since`: when it was put back."""
    if since is None or now > since + WARY:
        return False
    return ticket is None or ticket.opened_at is None or ticket.opened_at < since
