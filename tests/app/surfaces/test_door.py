"""The link that works once, in a real store."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import tables
from app.clocks import DrivenClock
from app.surfaces.door import LASTS, StoredDoor
from tests.support.scripted import START
from ui.access import LOCAL_ADMIN


@pytest.fixture
def clock():
    return DrivenClock(START)


@pytest.fixture
def door(store, clock):
    return StoredDoor(store, clock)


def token(path: str) -> str:
    return path.removeprefix("/enter/")


def test_a_link_lets_the_admin_in_once(door):
    link = token(door.new_link())
    assert door.let_in(link) == LOCAL_ADMIN
    assert door.let_in(link) is None


def test_a_new_link_ends_the_one_before(door):
    old, new = token(door.new_link()), token(door.new_link())
    assert door.let_in(old) is None
    assert door.let_in(new) == LOCAL_ADMIN


@pytest.mark.parametrize(("after", "good"), [(LASTS - timedelta(seconds=1), True), (LASTS, False)])
def test_a_link_ends_by_itself(door, clock, after, good):
    link = token(door.new_link())
    clock.move(START + after)
    assert bool(door.let_in(link)) is good


def test_a_wrong_guess_neither_enters_nor_uses_the_link_up(door):
    link = token(door.new_link())
    for guess in ("", "x", link[:-1], link + "x", link.swapcase(), "é"):
        assert door.let_in(guess) is None
    assert door.let_in(link) == LOCAL_ADMIN


def test_without_a_link_nobody_enters(door):
    assert door.let_in("") is None


def test_only_a_hash_is_kept(door, store):
    link = token(door.new_link())
    with store.read() as connection:
        kept = connection.execute(select(tables.meta)).all()
    assert link not in str(kept)
    assert len(link) >= 43
