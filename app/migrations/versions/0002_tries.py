"""Deliveries that could not be handled: how often they were tried, and not before when again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("not_before", sa.String(), nullable=True))
    op.execute("UPDATE deliveries SET state = 'dead' WHERE state = 'unreadable'")
    op.create_index(
        "deliveries_dead",
        "deliveries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
