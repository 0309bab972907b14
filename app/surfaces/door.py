"""`ui.access.Door` over the store: a link that works once. Only its hash is kept."""

import hashlib
import secrets
from datetime import timedelta

import orjson
from sqlalchemy import delete, insert

from app import tables
from app.store import Store, Transaction, recalled
from core.times import Clock, from_iso, iso
from ui.access import LOCAL_ADMIN, Person

LINK = "one_time_link"
LASTS = timedelta(hours=1)
M = tables.meta


class StoredDoor:
    """`clock` is the wall's: a demo's runs ahead of it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def new_link(self) -> str:
        """The path of a new link; the one before works no longer."""
        token = secrets.token_urlsafe(32)
        kept = orjson.dumps({"hash": hashed(token), "until": iso(self._clock.now() + LASTS)}).decode()

        def keep(tx: Transaction) -> None:
            tx.execute(delete(M).where(M.c.name == LINK))
            tx.execute(insert(M).values(name=LINK, value=kept))

        self._store.write(keep)
        return f"/enter/{token}"

    def let_in(self, token: str) -> Person | None:
        return LOCAL_ADMIN if self._store.write(lambda tx: self._used(tx, token)) else None

    def _used(self, tx: Transaction, token: str) -> bool:
        value = recalled(tx, LINK)
        if value is None:
            return False
        kept = orjson.loads(value)
        if not secrets.compare_digest(kept["hash"], hashed(token)):
            return False
        tx.execute(delete(M).where(M.c.name == LINK))
        return from_iso(kept["until"]) > self._clock.now()


def hashed(token: str) -> str:
    """A plain hash will do: the token is 256 random bits, nothing to guess."""
    return hashlib.sha256(token.encode()).hexdigest()
