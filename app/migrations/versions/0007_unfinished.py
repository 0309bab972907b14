"""Claims that came to no end: a delivery that ends the whole process is found out and set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("unfinished", sa.Integer(), nullable=False, server_default="0"))
