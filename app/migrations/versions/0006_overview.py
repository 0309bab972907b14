"""How tickets stand, and counters by day: the overview reads them and walks through nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

OPEN, HELD = sa.text("is_open = 1"), sa.text("held = 1")
UNREAD = sa.text("written_at IS NOT NULL AND grade IS NULL AND audience = 'requester'")
READ, HARD = sa.text("grade IS NOT NULL"), sa.text("hard = 1")
TO_READERS = sa.text("state != 'open' AND audience != 'agents'")
LISTED = ["held", "impact_rank", "opened_at", "site", "service", "impact", "priority", "key", "id"]
INDEXES = (
    ("tickets_open", "tickets", LISTED, OPEN),
    ("tickets_held", "tickets", ["site", "id"], HELD),
    ("notes_unread", "notes", ["written_at"], UNREAD),
    ("notes_read", "notes", ["service", "written_at", "site", "ticket_id"], READ),
    ("notes_hard", "notes", ["written_at", "site", "service", "ticket_id"], HARD),
    ("promises_by_end", "promises", ["state", "ended_at", "site", "service", "ticket_id"], TO_READERS),
)


def upgrade() -> None:
    for table, name, default in (
        ("tickets", "is_open", "0"),
        ("tickets", "held", "0"),
        ("tickets", "impact_rank", "3"),
        ("notes", "hard", "0"),
    ):
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default=default))
    for table, name in (("tickets", "opened_at"), ("tickets", "impact"), ("notes", "service")):
        op.add_column(table, sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("notes", sa.Column("grade", sa.Float(), nullable=True))
    _counters()
    _fill()
    for index, table, columns, where in INDEXES:
        op.create_index(index, table, columns, unique=False, sqlite_where=where, postgresql_where=where)


def _counters() -> None:
    for table, names in (
        ("promise_days", (("day", sa.String), ("site", sa.String), ("service", sa.String), ("state", sa.String))),
        ("spoken_days", (("day", sa.String), ("site", sa.String), ("service", sa.String), ("rule", sa.String))),
        ("grade_days", (("day", sa.String), ("site", sa.String), ("grade", sa.Integer), ("hard", sa.Integer))),
    ):
        op.create_table(
            table,
            *(sa.Column(name, sort(), nullable=False) for name, sort in names),
            sa.Column("number", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint(*(name for name, _ in names)),
            sqlite_with_rowid=False,
        )


def _fill() -> None:
    """What stands in the store. Impacts come with the next words in a ticket; written words are read by and by."""
    op.execute(
        "UPDATE tickets SET held = COALESCE(json_array_length(memory, '$.gates'), 0) > 0, "
        "opened_at = COALESCE(json_extract(newest, '$.ticket.opened_at'), ''), "
        "is_open = json_extract(newest, '$.served') AND NOT COALESCE(json_extract(memory, '$.gone'), 0) "
        "AND COALESCE(json_extract(newest, '$.ticket.state'), '') NOT IN ('resolved', 'closed', 'cancelled') "
        "WHERE newest IS NOT NULL"
    )
    op.execute(
        "INSERT INTO promise_days (day, site, service, state, number) "
        "SELECT substr(ended_at, 1, 10), site, service, state, count(*) FROM promises "
        "WHERE state != 'open' AND audience != 'agents' AND NOT EXISTS "
        "(SELECT 1 FROM tickets t WHERE t.site = promises.site AND t.id = promises.ticket_id AND t.held) "
        "GROUP BY 1, 2, 3, 4"
    )
