"""How promises end, and what they are counted by; the most urgent wake up first; whom a note is for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ENDED = sa.text("state != 'open'")
FAMILY = sa.text("parent != ''")
WRITTEN = sa.text("person != '' AND written_at IS NOT NULL")
SOON = sa.text("person != '' AND state IN ('planned', 'sending', 'in_doubt')")


def upgrade() -> None:
    for table, names in (
        ("tickets", ("priority", "service", "team", "parent")),
        ("promises", ("priority", "service", "team", "cause")),
    ):
        for name in names:
            op.add_column(table, sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("promises", sa.Column("marked_at", sa.String(), nullable=True))
    op.add_column("wakeups", sa.Column("urgency", sa.Integer(), nullable=False, server_default="2"))
    op.create_index(
        "tickets_of_parent", "tickets", ["site", "parent"], unique=False, sqlite_where=FAMILY, postgresql_where=FAMILY
    )
    op.create_index(
        "promises_ended", "promises", ["ended_at"], unique=False, sqlite_where=ENDED, postgresql_where=ENDED
    )
    op.create_index("wakeups_urgent", "wakeups", ["urgency", "due"], unique=False)
    op.drop_index("wakeups_due", "wakeups")
    op.create_table(
        "tallies",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("state", "priority", "service", "cause"),
    )
    op.add_column("notes", sa.Column("person", sa.String(), nullable=False, server_default=""))
    for index, columns, where in (
        ("notes_to_person", ["site", "person", "written_at"], WRITTEN),
        ("notes_soon_to_person", ["site", "person"], SOON),
    ):
        op.create_index(index, "notes", columns, unique=False, sqlite_where=where, postgresql_where=where)
    _fill()


def _fill() -> None:
    """What the snapshots say of the tickets that are there. Their services are known when they are next looked at."""
    found = "COALESCE(json_extract(newest, '$.ticket.{}'), '')"
    columns = {"priority": "priority", "team": "group", "parent": "parent.id"}
    values = ", ".join(f"{column} = {found.format(path)}" for column, path in columns.items())
    op.execute(f"UPDATE tickets SET {values} WHERE newest IS NOT NULL")  # noqa: S608 - names of our own
    for name in ("priority", "team"):
        mine = f"SELECT {name} FROM tickets t WHERE t.site = promises.site AND t.id = promises.ticket_id"  # noqa: S608 - as above
        op.execute(f"UPDATE promises SET {name} = ({mine})")  # noqa: S608 - as above
    whose = "SELECT json_extract(t.newest, '$.ticket.requester.id') FROM tickets t"
    of_note = "WHERE t.site = notes.site AND t.id = notes.ticket_id"
    op.execute(f"UPDATE notes SET person = COALESCE(({whose} {of_note}), '') WHERE audience != 'agents'")  # noqa: S608 - as above
    op.execute(
        "INSERT INTO tallies (state, priority, service, cause, number) "
        "SELECT state, priority, service, cause, count(*) FROM promises GROUP BY state, priority, service, cause"
    )
