"""A store of an older Liaison is brought up to date with what stands in it."""

import sqlite3
from contextlib import closing

from alembic import command
from alembic.config import Config
from sqlalchemy import select

from app import store as stores
from app import tables
from app.store import Store

OLD = (
    "INSERT INTO deliveries (site, key, ticket_id, body, headers, received_at, state, problem) VALUES (?,?,?,?,?,?,?,?)"
)


def upgraded_to(folder, revision):
    """A store as it was then."""
    store = Store(f"sqlite:///{folder}/liaison.db")
    config = Config()
    config.set_main_option("script_location", str(stores.Path(stores.__file__).parent / "migrations"))
    with store.read() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return store


def test_deliveries_that_could_not_be_read_become_dead_letters(tmp_path):
    store = upgraded_to(tmp_path, "0001")
    with closing(sqlite3.connect(tmp_path / "liaison.db")) as old:
        for state in ("unreadable", "done", "pending"):
            old.execute(OLD, ("acme", state, "1", b"{}", "{}", "2026-11-20T09:00:00+00:00", state, "odd"))
        old.commit()
    store.upgrade()
    with store.read() as connection:
        rows = connection.execute(select(tables.deliveries.c.key, tables.deliveries.c.state, tables.deliveries.c.tries))
        assert {tuple(row) for row in rows} == {
            ("unreadable", "dead", 0),
            ("done", "done", 0),
            ("pending", "pending", 0),
        }
    store.close()
