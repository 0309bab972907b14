"""How often each rule spoke: counted by day where a note is written, so that nobody ever counts notes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.prepared import Prepared
from app.store import Store, Transaction
from core.times import iso

K = tables.spoken
_ONE = upsert(K).values(day=bindparam("day"), rule=bindparam("rule"), number=1)
ONE_MORE = Prepared(_ONE.on_conflict_do_update(index_elements=["day", "rule"], set_={"number": K.c.number + 1}))
SINCE = Prepared(select(K.c.rule, func.sum(K.c.number)).where(K.c.day > bindparam("day")).group_by(K.c.rule))
KEPT = timedelta(days=90)


def count(tx: Transaction, rule: str, at: datetime) -> None:
    """A note in the rule's words was written."""
    if rule:
        ONE_MORE.run(tx, day=_day(at), rule=rule)


def by_rule(store: Store, now: datetime, days: int) -> Mapping[str, int]:
    """Today and the days before it, so many in all. Raises StoreError."""
    with store.look() as look:
        return dict(SINCE.run(look, day=_day(now - timedelta(days=days))).fetchall())


def forget(tx: Transaction, now: datetime) -> None:
    """The days that nobody asks about any more."""
    tx.execute(K.delete().where(K.c.day < _day(now - KEPT)))


def _day(at: datetime) -> str:
    return iso(at)[:10]
