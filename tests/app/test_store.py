"""The store: what `write` returned is on disk, and one failure leaves its neighbours alone."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, text

from app import store as stores
from app import tables
from app.store import Store, remembered
from core.errors import StoreError

M = tables.meta


def put(name, value="x"):
    def fn(tx):
        tx.execute(insert(M).values(name=name, value=value))
        return name

    return fn


def names(store):
    with store.read() as connection:
        return set(connection.execute(select(M.c.name)).scalars())


def held(store):
    """Stops the writer until it is released, so that what is submitted meanwhile shares one commit."""
    entered, go = threading.Event(), threading.Event()

    def wait(_tx):
        entered.set()
        go.wait(10)

    first = store.submit(wait)
    entered.wait(10)
    return go, first


def test_many_writers_at_once_each_get_their_own_result(store):
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: store.write(put(f"n{n}")), range(300)))
    assert results == [f"n{n}" for n in range(300)]
    assert len(names(store)) == 300


def test_waiting_writes_share_one_commit(store):
    statements = []
    store.write(lambda tx: tx.connection.driver_connection.set_trace_callback(statements.append))
    statements.clear()
    go, first = held(store)
    futures = [store.submit(put(f"n{n}")) for n in range(50)]
    go.set()
    first.result()
    assert [f.result() for f in futures] == [f"n{n}" for n in range(50)]
    assert statements.count("COMMIT") == 2


def test_a_failing_write_leaves_its_neighbours_and_nothing_of_itself(store):
    def fails(tx):
        put("half")(tx)
        raise ValueError("no")

    go, _ = held(store)
    before, broken, after = store.submit(put("a")), store.submit(fails), store.submit(put("b"))
    go.set()
    assert (before.result(), after.result()) == ("a", "b")
    with pytest.raises(ValueError, match="no"):
        broken.result()
    assert names(store) == {"a", "b"}


def test_a_result_comes_only_after_the_commit_is_there_for_others(store, tmp_path):
    with sqlite3.connect(tmp_path / "liaison.db") as other:
        for n in range(20):
            store.write(put(f"n{n}"))
            assert other.execute("select count(*) from meta").fetchone() == (n + 1,)
    other.close()


def test_an_uncommitted_write_is_not_seen(store):
    seen = []

    def fn(tx):
        put("a")(tx)
        thread = threading.Thread(target=lambda: seen.append(names(store)))
        thread.start()
        thread.join()

    store.write(fn)
    assert seen == [set()]


def test_a_transaction_that_the_database_rolled_back_stores_nothing_and_says_so(store):
    """On a full disk SQLite may roll the whole transaction back under us: then no write of the batch is stored."""
    go, _ = held(store)
    before = store.submit(put("a"))
    broken = store.submit(lambda tx: tx.execute(text("insert or rollback into meta (name, value) values ('a', 'b')")))
    after = store.submit(put("c"))
    go.set()
    for future in (before, broken, after):
        with pytest.raises(StoreError):
            future.result(5)
    assert names(store) == set()
    assert store.write(put("d")) == "d"


def test_a_full_database_says_so_and_works_again_when_there_is_room(store):
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def fill(tx):
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        tx.execute(insert(M).values(name="big", value="x" * 100_000))

    go, _ = held(store)
    futures = [store.submit(put("a")), store.submit(fill), store.submit(put("b"))]
    go.set()
    outcomes = [f.exception(10) for f in futures]
    assert isinstance(outcomes[1], StoreError)
    assert "full" in str(outcomes[1])
    stored = {name for name, failed in zip(("a", "fill", "b"), outcomes, strict=True) if failed is None}
    assert names(store) == stored
    with pytest.raises(StoreError):
        store.write(fill)
    assert "full" in store.trouble
    store.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 1000000"))
    assert store.write(put("c")) == "c"
    assert store.trouble == ""


class Failing:
    """A driver's connection on which some statements fail, once each."""

    def __init__(self, driver, failures):
        self._driver, self._failures = driver, failures

    def execute(self, statement, *given):
        if statement in self._failures:
            raise self._failures.pop(statement)
        return self._driver.execute(statement, *given)

    def __getattr__(self, name):
        return getattr(self._driver, name)


@pytest.fixture
def failing(store, monkeypatch):
    """Statements of the writer, by their text, and how each fails."""
    failures = {}
    pool = store._engine.pool
    real = type(pool).connect

    def connect(self):
        fairy = real(self)
        fairy._connection_record.dbapi_connection = fairy.dbapi_connection = Failing(fairy.dbapi_connection, failures)
        return fairy

    store.close()
    with monkeypatch.context() as patch:
        patch.setattr(type(pool), "connect", connect)
        store.start()
        assert store.write(put("before")) == "before"
        yield failures


IO_ERROR = sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize(
    "failures",
    [
        {"BEGIN IMMEDIATE": MemoryError()},
        {"COMMIT": MemoryError()},
        {"COMMIT": IO_ERROR, "ROLLBACK": IO_ERROR},
        {"COMMIT": MemoryError(), "ROLLBACK": MemoryError()},
    ],
)
def test_the_writer_outlives_whatever_the_database_does(store, failing, failures):
    """A writer that ended would let everybody wait for ever, and no webhook be acknowledged again."""
    failing |= failures
    with pytest.raises(StoreError, match=r"nothing was stored: (disk I/O error|MemoryError)\."):
        store.submit(put("a")).result(5)
    assert not failing
    assert store.submit(put("b")).result(5) == "b"
    assert names(store) == {"before", "b"}


def test_half_of_a_write_that_cannot_be_taken_back_is_not_committed_with_its_neighbours(store, failing):
    def fails(tx):
        put("half")(tx)
        failing["ROLLBACK TO job"] = IO_ERROR
        raise ValueError("no")

    go, _ = held(store)
    futures = [store.submit(put("a")), store.submit(fails), store.submit(put("b"))]
    go.set()
    for future in futures:
        with pytest.raises(StoreError, match="nothing was stored"):
            future.result(5)
    assert names(store) == {"before"}
    assert store.submit(put("c")).result(5) == "c"


def test_reading_inside_a_write_is_refused(store):
    def fn(_tx):
        with store.read():
            pass

    with pytest.raises(AssertionError, match="waits for itself"):
        store.write(fn)


def test_a_closed_store_refuses(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(put("a"))


def test_closing_finishes_what_was_submitted(store):
    go, _ = held(store)
    futures = [store.submit(put(f"n{n}")) for n in range(10)]
    closing = threading.Thread(target=store.close)
    closing.start()
    go.set()
    closing.join(10)
    assert [f.result(5) for f in futures] == [f"n{n}" for n in range(10)]


def test_whoever_writes_while_the_store_closes_gets_an_answer(store):
    """Either it was stored or it was refused; nobody waits for ever."""
    go, _ = held(store)
    closing = threading.Thread(target=store.close)
    closing.start()
    while store._jobs.qsize() == 0:
        time.sleep(0.01)
    answers = []

    def write():
        try:
            answers.append(store.submit(put("late")).result(5))
        except StoreError as error:
            answers.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.05)
    go.set()
    thread.join(10)
    closing.join(10)
    assert len(answers) == 1
    assert answers[0] == "late" or "closed" in str(answers[0])


def test_upgrading_twice_changes_nothing(store):
    store.write(put("a"))
    store.upgrade()
    assert names(store) == {"a"}


def test_a_store_of_a_newer_liaison_is_refused_in_words(store):
    store.write(lambda tx: tx.execute(text("update alembic_version set version_num = 'ffff'")))
    with pytest.raises(StoreError, match="newer"):
        store.upgrade()


@pytest.mark.parametrize("place", ["missing/folder/x.db", "folder", "file/x.db", "text.db"])
def test_an_unusable_path_is_said_in_words(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "text.db").write_text("this is no database, whatever its name says, and it is long enough")
    store = Store(f"sqlite:///{tmp_path}/{place}")
    with pytest.raises(StoreError, match="the store cannot be opened") as caught:
        store.upgrade()
    assert place in str(caught.value)
    assert "Check the path" in str(caught.value)
    store.close()


def test_other_databases_are_refused_by_name():
    with pytest.raises(StoreError, match="postgresql is not supported yet"):
        Store("postgresql://x/y")


def test_a_locked_database_is_an_error_in_words_for_every_writer_and_soon(tmp_path, monkeypatch):
    """Every waiting write fails after one wait, not one after the other; and all is well when the lock is gone."""
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.3)
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    store.upgrade()
    store.start()
    other = sqlite3.connect(tmp_path / "liaison.db", isolation_level=None)
    go, _ = held(store)
    futures = [store.submit(put(f"n{n}")) for n in range(20)]
    go.set()
    futures[-1].result(10)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    go, _ = threading.Event(), None
    futures = [store.submit(put(f"m{n}")) for n in range(20)]
    for future in futures:
        with pytest.raises(StoreError, match="locked"):
            future.result(20)
    assert time.monotonic() - began < 3
    other.execute("ROLLBACK")
    other.close()
    assert store.write(put("a")) == "a"
    store.close()


def test_the_disk_is_asked_for_certainty(store):
    with store._engine.connect() as connection:
        ask = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert ask == ["wal", 2, 1]
    on_writer = store.write(
        lambda tx: [tx.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("synchronous", "foreign_keys")]
    )
    assert on_writer == [2, 1]


def test_a_note_without_its_ticket_cannot_be_stored(store):
    row = {
        "id": "n",
        "site": "s",
        "ticket_id": "1",
        "moment": "opened",
        "occurrence": "1",
        "audience": "agents",
        "state": "planned",
        "plan": "{}",
        "planned_at": "",
    }
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.write(lambda tx: tx.execute(insert(tables.notes).values(row)))


def test_what_is_remembered_stays_what_it_was_at_first(store):
    assert remembered(store, "since", "one") == "one"
    assert remembered(store, "since", "two") == "one"
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(M)).scalar() == 1


def damage(file, table):
    with sqlite3.connect(file) as look:
        (page,) = look.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = look.execute("PRAGMA page_size").fetchone()
    look.close()
    with file.open("r+b") as whole:
        whole.seek((page - 1) * size)
        whole.write(b"\xa5" * size)


@pytest.mark.parametrize("table", ["meta", "alembic_version"])
def test_a_damaged_file_says_what_to_do(tmp_path, table):
    first = Store(f"sqlite:///{tmp_path}/liaison.db")
    first.upgrade()
    first.close()
    damage(tmp_path / "liaison.db", table)
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    with pytest.raises(StoreError, match="restore a backup"):
        use(store)
    store.close()


def use(store):
    store.upgrade()
    store.start()
    store.write(put("one"))


def test_a_store_that_may_not_be_written_says_whose_right_is_missing(store):
    def forbidden(_tx):
        refused = sqlite3.OperationalError("attempt to write a readonly database")
        refused.sqlite_errorname = "SQLITE_READONLY"
        raise refused

    with pytest.raises(StoreError, match="Let Liaison's user write"):
        store.write(forbidden)


def test_a_log_that_grew_while_somebody_read_for_long_shrinks_again(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "LOG_BYTES", 100_000)
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    use(store)
    log = tmp_path / "liaison.db-wal"
    with store.read() as reading:
        reading.execute(select(func.count()).select_from(M))
        for number in range(20):
            store.write(put(f"long{number}", "x" * 500_000))
    assert log.stat().st_size > 5_000_000
    for number in range(5):
        store.write(put(f"short{number}"))
    assert log.stat().st_size <= 100_000
    store.close()
