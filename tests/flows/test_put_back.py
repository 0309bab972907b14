"""A store that is put back from a copy knows nothing of what was said since; the tickets do."""

import shutil
import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app import tables
from app.driving import Driver
from app.liaison import Liaison
from app.locking import only_one
from tests.support.world import world as open_world

MAKE = {
    "servicenow": lambda w: w.on_snow(short_description="x", caller_id="eva", priority="3"),
    "jira": lambda w: w.on_jira(who="carla", fields={"summary": "x"}),
}


@contextmanager
def put_back(world, copy, *, marked=True):
    """Another start, on the copy. What webhooks brought meanwhile is lost with the store."""
    store = world.liaison.settings.store.removeprefix("sqlite:///")
    world.snow.hooks = world.jira.hooks = None
    world.liaison.close()
    for end in ("", "-wal", "-shm"):
        Path(store + end).unlink(missing_ok=True)
    shutil.copy(copy, store)
    with only_one(world.liaison.settings.store) as mark:
        again = Liaison(world.liaison.settings, world.clock)
        if marked:
            again.go_on_from(mark)
        world.liaison, world.driver = again, Driver(again, world.clock, ())
        yield again
        again.close()


def copied(world, tmp_path):
    """As `.backup` of sqlite3 does while Liaison runs."""
    target = tmp_path / "copy.db"
    with sqlite3.connect(world.liaison.settings.store.removeprefix("sqlite:///")) as store:
        store.backup(made := sqlite3.connect(target))
    made.close()
    return target


def poll_until_quiet(world, site):
    for _ in range(5):
        found = world.liaison.reconciler.once(site).new
        world.driver.settle()
        world.pass_(minutes=3)
        if not found:
            return


@pytest.mark.parametrize("site", MAKE)
@pytest.mark.parametrize("marked", [True, False])
def test_what_was_said_since_the_copy_is_not_said_again(tmp_path, site, marked):
    with open_world(tmp_path) as world:
        with only_one(world.liaison.settings.store) as mark:
            world.liaison.go_on_from(mark)
            copy = copied(world, tmp_path)
            key = MAKE[site](world)
            world.pass_(minutes=3)
            before = [entry.text for entry in world.entries(key)]
            assert len(world.said(key)) == 1
            assert len(before) >= 2
            world.liaison.close()
        with put_back(world, copy, marked=marked):
            poll_until_quiet(world, site)
            after = [entry.text for entry in world.entries(key)]
            if not marked:
                assert len(world.said(key)) == 2, "the fault itself: without the bookmark it is said twice"
                return
            assert after == before
            assert {row.state for row in world.rows(tables.notes, key)} == {"written"}
            assert [p.state for p in world.rows(tables.promises, key)] == ["open"], "and its promise is kept"
            world.pass_(minutes=40)
            assert len(world.said(key)) == 2
            found = select(tables.journal.c.what).where(tables.journal.c.what == "found")
            with world.liaison.store.read() as connection:
                assert connection.execute(found).all()
