"""What is of no ticket that a confidential gate holds: asked of an index in which only those few stand."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, text

from app import tables

H = tables.tickets.alias("kept_silent")


def unheld(table: Any) -> ColumnElement[bool]:
    """Rows of `table`, by `site` and `ticket_id`, that may be shown by name."""
    mine = and_(H.c.site == table.c.site, H.c.id == table.c.ticket_id)
    # written as the index says it, or the row itself would be read
    return ~exists().where(mine, text("kept_silent.held = 1"))
