from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from app import bookmark, tables
from app.locking import only_one
from app.store import Store
from core.tickets import Ticket

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def say(store, times):
    line = {"at": "", "site": "s", "ticket_id": "1", "what": "said", "moment": "", "audience": "", "reason": ""}
    rows = [{**line, "detail": "", "rule": "", "note_id": "", "rule_set": ""}] * times
    store.write(lambda tx: tx.execute(insert(tables.journal), rows))


def started(store, now=NOW):
    """What a start notices."""
    with only_one(store.url) as mark:
        return bookmark.put_back(store, mark, now)


def test_a_store_that_only_goes_on_was_never_put_back(store):
    for _ in range(3):
        assert started(store) is None
        say(store, 2)


def test_one_that_knows_less_than_it_did_was(store, tmp_path):
    assert started(store) is None
    say(store, 3)
    assert started(store) is None
    (tmp_path / "copy").mkdir()
    copy = Store(f"sqlite:///{tmp_path}/copy/liaison.db")
    copy.upgrade()
    copy.start()
    (tmp_path / "liaison.db.lock").rename(tmp_path / "copy" / "liaison.db.lock")
    assert started(copy) == NOW
    assert started(copy, NOW + HOUR) == NOW, "told once, and remembered"
    say(copy, 1)
    (tmp_path / "copy" / "liaison.db.lock").write_text("9")
    assert started(copy, NOW + HOUR) == NOW + HOUR, "and once more"
    copy.close()


def test_one_that_comes_without_its_bookmark_may_have_been(store, tmp_path):
    say(store, 1)
    assert started(store) == NOW
    other = Path(f"{tmp_path}/liaison.db.lock")
    assert int(other.read_text()) == 1


def test_a_bookmark_from_before_there_were_any_says_nothing(store, tmp_path):
    (tmp_path / "liaison.db.lock").write_text("")
    say(store, 1)
    assert started(store) is None


@pytest.mark.parametrize(
    ("since", "opened", "now", "wary"),
    [
        (None, NOW - HOUR, NOW, False),
        (NOW, NOW - HOUR, NOW + HOUR, True),
        (NOW, None, NOW + HOUR, True),
        (NOW, NOW + HOUR, NOW + 2 * HOUR, False),  # opened since: all that was said of it is known
        (NOW, NOW - HOUR, NOW + 25 * HOUR, False),
    ],
)
def test_it_is_looked_for_in_tickets_from_before_and_for_a_day(since, opened, now, wary):
    ticket = Ticket("s", "jira", "incident", "K", "1", opened_at=opened)
    assert bookmark.forgotten(since, ticket, now) is wary
