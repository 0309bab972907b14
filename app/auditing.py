"""Who decided what: kept apart from the journal, which is about tickets."""

from datetime import datetime

from sqlalchemy import insert

from app import tables
from app.store import Transaction
from core.times import iso


def record(tx: Transaction, at: datetime, who: str, what: str, detail: str) -> None:
    tx.execute(insert(tables.audit).values(at=iso(at), who=who, what=what, detail=detail))
