"""What the requester was last told in a ticket, and the silences since: what `/liaison why` answers from."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app import tables
from app.journal import What
from app.rows import of
from app.store import Store
from core.decisions import Reason
from core.notes import Audience, NoteState
from core.tickets import TicketRef
from core.times import from_iso, iso

N, J = tables.notes, tables.journal
MOST = 5


@dataclass(frozen=True)
class Told:
    at: datetime
    moment: str
    rule: str


@dataclass(frozen=True)
class Unsaid:
    at: datetime
    moment: str
    reason: Reason
    detail: str
    rule: str


@dataclass(frozen=True)
class History:
    """`told`: the last word to the requester; `unsaid`: silences since then, the newest last."""

    told: Told | None = None
    unsaid: tuple[Unsaid, ...] = ()


def history(store: Store, ref: TicketRef) -> History:
    with store.read() as connection:
        last = connection.execute(
            select(N.c.written_at, N.c.moment, N.c.rule)
            .where(of(N, ref), N.c.audience == Audience.REQUESTER, N.c.state == NoteState.WRITTEN)
            .order_by(N.c.written_at.desc())
            .limit(1)
        ).first()
        told = Told(from_iso(last.written_at), last.moment, last.rule) if last else None
        concerns = or_(J.c.audience == Audience.REQUESTER, J.c.audience == "")
        since = J.c.at > iso(told.at) if told else J.c.at != ""
        rows = connection.execute(
            select(J)
            .where(of(J, ref), J.c.what == What.SILENT, concerns, since, J.c.reason != Reason.OWN_ECHO)
            .order_by(J.c.id.desc())
            .limit(MOST)
        ).all()
    found = (Unsaid(from_iso(row.at), row.moment, Reason(row.reason), row.detail, row.rule) for row in reversed(rows))
    return History(told, tuple(found))
