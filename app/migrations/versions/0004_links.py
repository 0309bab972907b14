"""Links for requesters, and what they say by them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TICKET = (["site", "ticket_id"], ["tickets.site", "tickets.id"])


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(*TICKET),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index("links_of_ticket", "links", ["site", "ticket_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("link", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("note_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(*TICKET),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("feedback_of_link", "feedback", ["link", "at"], unique=False)
    op.create_index("feedback_by_time", "feedback", ["at"], unique=False)
