"""Small statements that several modules share."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, bindparam, case
from sqlalchemy.dialects.sqlite import insert as upsert

from app import tables
from app.prepared import Prepared
from app.store import Transaction
from core.tickets import Priority, TicketRef
from core.times import from_iso

NEW = Prepared(
    upsert(tables.tickets)
    .values(site=bindparam("site"), id=bindparam("id"), key="", generation=0, fence=0, memory="{}")
    .on_conflict_do_nothing()
)


def of(table: Table, ref: TicketRef) -> ColumnElement[bool]:
    """The rows of one ticket."""
    column = table.c.id if table is tables.tickets else table.c.ticket_id
    return and_(table.c.site == ref.site, column == ref.id)


def bound(table: Table) -> ColumnElement[bool]:
    """As `of`, for prepared statements: the ticket's `of_site` and `of_id` come when they run."""
    column = table.c.id if table is tables.tickets else table.c.ticket_id
    return and_(table.c.site == bindparam("of_site"), column == bindparam("of_id"))


def urgency_of(priority: ColumnElement[str]) -> ColumnElement[int]:
    """0 for P1 to 4 for P5; a ticket without a priority counts as P3."""
    order = list(Priority)
    return case({str(p): order.index(p) for p in order}, value=priority, else_=order.index(Priority.P3))


def ticket_row(tx: Transaction, ref: TicketRef) -> None:
    """Make sure the ticket has a row."""
    NEW.run(tx, site=ref.site, id=ref.id)


def time(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
