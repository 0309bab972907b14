"""What is kept for how long, and what is left of somebody who wants to be forgotten."""

import json
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, insert, update

from app import retention, tables
from app import store as stores
from app.settings import Keep
from core.errors import StoreError
from core.sightings import Accepted, Delivery
from core.tickets import Person, TicketRef
from core.times import iso
from tests.support.scripted import START, bench, incident, snapshot_of

D, J, N, P, T = tables.deliveries, tables.journal, tables.notes, tables.promises, tables.tickets
KEEP = Keep(timedelta(days=30), timedelta(days=400))
ONE = TicketRef("acme", "1")
MARTA = Person("u-4711", "Marta Muster", "person")


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def prune(desk, keep=KEEP, **later):
    return retention.prune(desk.store, keep, START + timedelta(**later))


def deliver(desk, key, state="done", received_at=START):
    row = {"site": "acme", "key": key, "ticket_id": "1", "body": b"words", "headers": '{"a":"b"}'}
    desk.store.write(lambda tx: tx.execute(insert(D).values(**row, received_at=iso(received_at), state=state)))


@pytest.mark.parametrize("state", ["done", "ignored", "dead", "dropped"])
def test_a_handled_delivery_goes_after_its_days_and_not_before(desk, state):
    deliver(desk, "k", state)
    assert prune(desk, days=30).deliveries == 0
    assert prune(desk, days=30, seconds=1).deliveries == 1
    assert desk.rows(D) == []


def test_a_pending_delivery_stays_for_ever(desk):
    deliver(desk, "k", "pending")
    assert prune(desk, days=4000).deliveries == 0
    assert desk.rows(D)[0].body == b"words"


def test_a_body_that_goes_early_leaves_its_key_known_for_thirty_days(desk):
    deliver(desk, "k")
    week = Keep(timedelta(days=7))
    done = prune(desk, week, days=8)
    assert (done.bodies, done.deliveries) == (1, 0)
    (row,) = desk.rows(D)
    assert (row.body, row.headers) == (b"", "{}")
    again = Delivery("acme", "k", "1", b"words", START + timedelta(days=8))
    assert desk.inbox.accept(again) is Accepted.SEEN
    assert prune(desk, week, days=8).bodies == 0
    assert prune(desk, week, days=31).deliveries == 1


def test_the_journal_and_what_has_ended_go_after_their_days(desk):
    desk.happen(incident())
    desk.happen(incident(state="resolved", resolution="fixed", revision="0002"))
    assert {n.state for n in desk.rows(N)} == {"written"}
    assert {p.state for p in desk.rows(P)} == {"kept"}
    done = prune(desk, days=399)
    assert (done.journal, done.notes, done.promises) == (0, 0, 0)
    done = prune(desk, days=401)
    assert (desk.rows(J), desk.rows(N), desk.rows(P)) == ([], [], [])
    assert done.notes == 4


def test_what_is_open_stays_whatever_its_age(desk):
    desk.happen(incident())
    desk.store.write(lambda tx: tx.execute(update(N).where(N.c.audience == "agents").values(state="in_doubt")))
    prune(desk, days=4000)
    assert {(n.audience, n.state) for n in desk.rows(N)} == {("requester", "written"), ("agents", "in_doubt")}
    assert [p.state for p in desk.rows(P)] == ["open"]


def test_many_rows_go_in_pieces_and_stopping_leaves_the_rest(desk, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 3)
    for n in range(10):
        deliver(desk, f"k{n}")
    turns = iter([True, True, False])
    done = retention.prune(desk.store, KEEP, START + timedelta(days=31), go_on=lambda: next(turns, False))
    assert (done.deliveries, len(desk.rows(D))) == (6, 4)
    assert prune(desk, days=31).deliveries == 4


def test_pruning_never_holds_more_than_a_piece_in_memory(desk, monkeypatch):
    """Of a store that was never pruned, millions of rows go at once."""
    monkeypatch.setattr(retention, "PIECE", 3)
    for n in range(10):
        deliver(desk, f"k{n}")
    asked = []
    event.listen(desk.store._engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    assert prune(desk, days=31).deliveries == 10
    looks = [statement for statement in asked if statement.startswith("SELECT deliveries.id")]
    assert len(looks) >= 4
    assert all("LIMIT" in statement for statement in looks)


def test_nothing_is_said_again_after_pruning(desk):
    ticket = incident()
    desk.happen(ticket)
    desk.happen(incident(state="resolved", resolution="fixed", revision="0002"))
    before = list(desk.platform.writes)
    desk.clock.move(START + timedelta(days=401))
    prune(desk, days=401)
    desk.happen(incident(state="resolved", resolution="fixed", revision="0002", title="edited"))
    desk.pass_(hours=1)
    assert desk.platform.writes == before


# --- erasing -------------------------------------------------------------------------------------------------------------


def of_marta(identity="1", **fields):
    about = {"title": "Marta's payslip", "description": "Marta Muster cannot see it", "fields": {"phone": "0151-4711"}}
    return incident(identity, **({"requester": MARTA} | about | fields))


def everything(folder):
    """All bytes of the store's files."""
    return b"".join(path.read_bytes() for path in folder.glob("liaison.db*"))


def test_nothing_of_a_requester_is_left_in_any_file(desk, tmp_path):
    desk.happen(of_marta())
    desk.receive(of_marta(revision="0002"))
    assert b"Muster" in everything(tmp_path)
    done = retention.erase(desk.store, desk.clock, "u-4711", "Eva")
    assert (done.tickets, done.deliveries, done.notes) == (1, 2, 2)
    for word in (b"Muster", b"payslip", b"u-4711", b"0151-4711"):
        assert word not in everything(tmp_path)
    (row,) = desk.rows(tables.audit)
    assert (row.who, row.what) == ("Eva", "erase")


@pytest.fixture
def _careless_sqlite():
    """A SQLite that leaves what is deleted on its pages, as most builds do; Debian's does not."""

    def leave(connection, _record):
        connection.execute("PRAGMA secure_delete=OFF")

    event.listen(Engine, "connect", leave)
    yield
    event.remove(Engine, "connect", leave)


@pytest.mark.usefixtures("_careless_sqlite")
def test_nothing_is_left_of_earlier_words_on_any_page(tmp_path):
    with bench(tmp_path) as desk:
        for n in range(1, 20):
            desk.happen(of_marta(revision=f"{n:04}", title=f"Marta's payslip {'x' * (n * 37 % 400)}"))
            desk.happen(incident(str(100 + n)))
        retention.erase(desk.store, desk.clock, "u-4711", "Eva")
        for word in (b"Muster", b"payslip", b"u-4711", b"0151-4711"):
            assert word not in everything(tmp_path)


@pytest.mark.parametrize("identity", ["u-4711", "Märta/1"])
def test_bodies_and_notes_elsewhere_that_name_the_person_go_too(desk, tmp_path, identity):
    """A ticket that is somebody else's by now, an event that concerned no ticket, a dead letter, ASCII or not."""
    marta = Person(identity, "Marta Muster", "person")
    desk.happen(of_marta(requester=marta))
    desk.happen(incident(requester=Person("u-9", "Max"), revision="0002"))
    for n, state in enumerate(("ignored", "dead", "done")):
        body = json.dumps({"user": "Marta Muster", "id": identity}, ensure_ascii=bool(n)).encode()
        row = {"site": "acme", "key": f"k{n}", "ticket_id": "", "body": body, "received_at": iso(START), "state": state}
        desk.store.write(lambda tx, row=row: tx.execute(insert(D).values(**row)))
    done = retention.erase(desk.store, desk.clock, identity, "Eva")
    assert (done.tickets, done.deliveries, done.notes, done.waiting) == (0, 4, 1, 0)
    assert b"Muster" not in everything(tmp_path)
    assert {n.person for n in desk.rows(N)} <= {"", "u-9"}
    assert [d.state for d in desk.rows(D)] == ["done", "done", "ignored", "dropped", "done"]
    assert desk.rows(D)[1].body


def test_what_waits_to_be_handled_is_not_thrown_away_but_counted(desk):
    desk.receive(of_marta())
    assert retention.erase(desk.store, desk.clock, "u-4711", "Eva").waiting == 1
    desk.drain()
    assert len(desk.platform.letters()) == 2
    done = retention.erase(desk.store, desk.clock, "u-4711", "Eva")
    assert (done.tickets, done.waiting) == (1, 0)


def test_a_log_that_cannot_be_emptied_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.1)
    with bench(tmp_path) as desk:
        other = sqlite3.connect(tmp_path / "liaison.db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT * FROM meta").fetchall()
        desk.happen(of_marta())
        with pytest.raises(StoreError, match="still holds what was erased"):
            retention.erase(desk.store, desk.clock, "u-4711", "Eva")
        other.close()
        retention.erase(desk.store, desk.clock, "u-4711", "Eva")


def test_other_people_are_left_alone(desk):
    desk.happen(of_marta())
    desk.happen(of_marta("2", requester=Person("u-47", "Max")))
    retention.erase(desk.store, desk.clock, "u-4711", "Eva")
    other = TicketRef("acme", "2")
    assert "payslip" in desk.rows(T, other)[0].newest
    assert desk.rows(D, other)[0].body
    assert all(n.text for n in desk.rows(N, other))


def test_the_journal_keeps_its_counts_without_a_sentence(desk):
    desk.happen(of_marta())
    before = [(j.what, j.moment, j.audience) for j in desk.rows(J)]
    retention.erase(desk.store, desk.clock, "u-4711", "Eva")
    assert [(j.what, j.moment, j.audience) for j in desk.rows(J)] == before
    assert {j.detail for j in desk.rows(J)} == {""}


def test_the_promise_is_kept_and_nothing_said_twice_after_erasing(desk):
    desk.happen(of_marta())
    desk.pass_(minutes=1)
    retention.erase(desk.store, desk.clock, "u-4711", "Eva")
    desk.platform.tickets[ONE] = snapshot_of(incident(requester=Person("u-0"), revision="0002"))
    desk.happen(incident(requester=Person("u-0"), revision="0002"))
    assert [(n.audience, n.moment) for n in desk.rows(N)] == [("requester", "opened"), ("agents", "opened")]
    desk.pass_(minutes=30)
    assert desk.notes()["requester", "update_due"] == "written"


def test_a_runner_cannot_write_the_old_words_back(desk, monkeypatch):
    desk.happen(of_marta())
    real = desk.attendant._consider

    def meanwhile(*about):
        plan = real(*about)
        monkeypatch.setattr(desk.attendant, "_consider", real)
        retention.erase(desk.store, desk.clock, "u-4711", "Eva")
        return plan

    monkeypatch.setattr(desk.attendant, "_consider", meanwhile)
    desk.receive(of_marta(revision="0002"))
    desk.platform.tickets[ONE] = snapshot_of(incident(revision="0003"))
    desk.drain()
    assert "payslip" not in json.dumps([row.newest for row in desk.rows(T)])


def test_an_unknown_requester_is_audited_as_nobody(desk):
    desk.happen(of_marta())
    assert retention.erase(desk.store, desk.clock, "u-4", "Eva") == retention.Erased()
    assert "0 tickets" in desk.rows(tables.audit)[0].detail
