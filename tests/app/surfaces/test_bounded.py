"""Pages ask the store a fixed number of questions, each by an index: they are as fast with a hundred thousand tickets as with one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from app import tables
from app.links import Links
from app.plans import NotePlan, Pledge
from app.store import Store
from app.surfaces.house import house
from core.decisions import Message
from core.notes import Audience
from core.times import SystemClock, iso
from tests.support.world import world
from tests.ui.pages import Browser

LARGE = {"notes", "tickets", "journal", "promises", "deliveries", "links", "feedback", "audit", "wakeups"}
WHOLE = re.compile(r"^SCAN (\w+)(?! USING (?:COVERING )?INDEX)")
WRITTEN = NotePlan(
    Message(Audience.REQUESTER, "opened", "any", "We look.", "rules.yaml:1"), Pledge.NEW, SystemClock().now()
)


@pytest.fixture
def one(tmp_path):
    with world(tmp_path) as one:
        yield one


@contextmanager
def asked(store: Store, monkeypatch) -> Iterator[list[str]]:
    """Every statement that the store is asked, with its values."""
    said: list[str] = []
    look = Store.look

    @contextmanager
    def traced(self):
        with look(self) as connection:
            connection.set_trace_callback(said.append)
            try:
                yield connection
            finally:
                connection.set_trace_callback(None)

    def before(_connection, cursor, *_rest):
        cursor.connection.set_trace_callback(said.append)

    def after(_connection, cursor, *_rest):
        cursor.connection.set_trace_callback(None)

    monkeypatch.setattr(Store, "look", traced)
    engine = store._engine
    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
        monkeypatch.undo()


def much(one, key: str, number: int) -> None:
    """As months of work leave it: words, promises and silences, of this ticket and of others."""
    ref, now = one.ref(key), one.clock.now()
    common = {"moment": "opened", "audience": "requester", "rule": "any"}

    def keep(tx):
        for n in range(number):
            at = iso(now - timedelta(minutes=n))
            mine = {"site": ref.site, "ticket_id": ref.id}
            note = {
                "id": f"many-{n}",
                "occurrence": str(n),
                "state": "written",
                "plan": WRITTEN.dumps(),
                "text": "We look.",
            }
            tx.execute(insert(tables.notes).values(**mine, **common, **note, planned_at=at, written_at=at))
            ended = {"made_by": "note", "due": at, "made_at": at, "state": "kept", "ended_at": at}
            tx.execute(insert(tables.promises).values(**mine, id=f"p-{n}", audience="requester", **ended))
            tx.execute(
                insert(tables.journal).values(**mine, at=at, what="silent", reason="no_rule", audience="requester")
            )
            tx.execute(insert(tables.tickets).values(site=ref.site, id=f"other-{n}", key=f"OTHER-{n}"))

    one.liaison.store.write(keep)


def paths(one, key):
    at, link = one.ref(key), Links(one.liaison.store, SystemClock()).new(one.ref(key), "Eva")
    return {
        "front": "/",
        "story": f"/tickets/{at}",
        "story by key": f"/tickets/{at.site}/{key}",
        "panel": f"/panel/{at}",
        "the part of it that is asked for every 15 seconds": f"/panel-now/{at}",
        "why": f"/panel-why/{at}",
        "timeline": link,
        "calendar": f"{link}/calendar.ics",
        "feed": f"{link}/feed.xml",
    }


def test_the_number_of_questions_does_not_grow_with_what_there_is(one, monkeypatch):
    key = one.on_snow(who="caller", short_description="Till 3", caller_id="nora.klein")
    one.pass_(minutes=3)
    browser = Browser(house(one.liaison))

    def counts():
        found = {}
        for name, path in paths(one, key).items():
            with asked(one.liaison.store, monkeypatch) as said:
                assert browser.get(path).status_code == 200, name
            found[name] = len([text for text in said if text.lstrip().startswith("SELECT")])
        return found

    few = counts()
    assert min(few.values()) > 0, "the questions are heard"
    much(one, key, 40)
    assert counts() == few
    assert max(few.values()) <= 25


def test_every_question_is_answered_by_an_index(one, monkeypatch):
    key = one.on_snow(who="caller", short_description="Till 3", caller_id="nora.klein")
    one.pass_(minutes=3)
    much(one, key, 200)
    browser, slow = Browser(house(one.liaison)), []
    for name, path in paths(one, key).items():
        with asked(one.liaison.store, monkeypatch) as said:
            browser.get(path)
        with one.liaison.store.read() as connection:
            driver = connection.connection.driver_connection
            for text in {text for text in said if text.lstrip().startswith("SELECT")}:
                plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {text}")]
                whole = [found[1] for line in plan if (found := WHOLE.match(line))]
                slow += [f"{name}: {text}" for table in whole if table in LARGE]
    assert slow == []


def test_a_walk_through_a_whole_table_is_found(one):
    with one.liaison.store.read() as connection:
        driver = connection.connection.driver_connection
        (plan,) = driver.execute("EXPLAIN QUERY PLAN SELECT * FROM notes WHERE problem = 'x'").fetchall()
    assert WHOLE.match(plan[3])[1] in LARGE
