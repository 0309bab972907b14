"""Links by which a requester follows one ticket: no session, nothing but the address. Only its hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from app import auditing, tables
from app.rows import of
from app.store import Store, Transaction
from core.tickets import TicketRef
from core.times import Clock, from_iso, iso

LASTS = timedelta(days=30)
MOST = 20
"""Links of one ticket that are listed."""
L = tables.links


@dataclass(frozen=True)
class Link:
    id: int
    ref: TicketRef


@dataclass(frozen=True)
class Working:
    """A link that still works, without its address: that is kept by nobody."""

    id: int
    made_at: datetime
    expires_at: datetime


class Links:
    """`clock` is the wall's: a demo's runs ahead of it. All methods may raise StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def new(self, ref: TicketRef, who: str, lasts: timedelta = LASTS) -> str:
        """The path of a new link to a known ticket; older ones stay good. `who` asked for it stands in the audit."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        row = {"hash": hashed(token), "site": ref.site, "ticket_id": ref.id}

        def keep(tx: Transaction) -> None:
            tx.execute(insert(L).values(**row, made_at=iso(now), expires_at=iso(now + lasts)))
            auditing.record(tx, now, who, "link new", str(ref))

        self._store.write(keep)
        return f"/t/{token}"

    def revoke(self, ref: TicketRef, who: str) -> int:
        """End all links to a ticket; returns how many still worked."""
        now = self._clock.now()

        def end(tx: Transaction) -> int:
            works = (of(L, ref), L.c.revoked_at.is_(None), L.c.expires_at > iso(now))
            ended = tx.execute(update(L).where(*works).values(revoked_at=iso(now))).rowcount
            auditing.record(tx, now, who, "link revoke", str(ref))
            return ended

        return self._store.write(end)

    def end(self, ref: TicketRef, link: int, who: str) -> bool:
        """End one link of a ticket; whether it still worked."""
        now = self._clock.now()

        def end(tx: Transaction) -> bool:
            works = (of(L, ref), L.c.id == link, L.c.revoked_at.is_(None), L.c.expires_at > iso(now))
            if not tx.execute(update(L).where(*works).values(revoked_at=iso(now))).rowcount:
                return False
            auditing.record(tx, now, who, "link revoke", f"{ref} link {link}")
            return True

        return self._store.write(end)

    def working(self, ref: TicketRef) -> tuple[Working, ...]:
        """The newest first."""
        works = (of(L, ref), L.c.revoked_at.is_(None), L.c.expires_at > iso(self._clock.now()))
        query = select(L.c.id, L.c.made_at, L.c.expires_at).where(*works).order_by(L.c.id.desc()).limit(MOST)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(Working(row.id, from_iso(row.made_at), from_iso(row.expires_at)) for row in rows)

    def follow(self, token: str) -> Link | None:
        """Where a link leads; None where it is unknown, ended or too old. One question: the time tells none apart."""
        works = (L.c.hash == hashed(token), L.c.revoked_at.is_(None), L.c.expires_at > iso(self._clock.now()))
        with self._store.read() as connection:
            row = connection.execute(select(L.c.id, L.c.site, L.c.ticket_id).where(*works)).first()
        return Link(row.id, TicketRef(row.site, row.ticket_id)) if row else None


def hashed(token: str) -> str:
    """A plain hash will do: the token is 256 random bits, nothing to guess."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
