"""Where Liaison remembers: SQLAlchemy Core over SQLite, one writer with group commit, readers beside it."""

import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from app import tables
from core.errors import StoreError

T = TypeVar("T")
Transaction = Connection
Look = sqlite3.Connection
"""What prepared statements read through, beside the writer: see `Store.look`."""
BATCH = 256
MOST_WAITING = 1024
"""Jobs that may wait for the writer: beyond that memory would grow with them, so who asks is refused at once."""
WRITER = "store writer"
BUSY_SECONDS = 10
UNFIT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What the store will not take however often it is asked."""
HINTS = {
    "SQLITE_CORRUPT": "The file is damaged: stop Liaison, restore a backup, or try `.recover` of sqlite3 on a copy.",
    "SQLITE_READONLY": "Let Liaison's user write to the file and its folder.",
}
LOG_BYTES = 64 * 1024 * 1024
"""What is left of a write-ahead log that grew while somebody read for long."""
log = logging.getLogger("liaison.store")


class Store:
    """Open with `Store(url)`; `close` when done. Threads may share it.

    `write(fn)` runs `fn(transaction)` on the writer thread, each in a savepoint of its own so that one failure
    leaves its neighbours alone, and returns its result only after the commit is on disk (WAL,
    `synchronous=FULL`). Raises what `fn` raised, or StoreError when the database or the commit failed: a permanent one
    where the database will not take what `fn` writes.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _open(url)
        self._jobs: queue.SimpleQueue[tuple[Callable[[Transaction], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._door = threading.Lock()
        self._idle: deque[Look] = deque()
        self.trouble = ""
        """Why the last commit failed; nothing once one succeeds."""

    def upgrade(self) -> None:
        """Bring the tables to the newest revision; safe to repeat."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._engine.connect() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        except CommandError as error:
            raise StoreError(
                f"the store cannot be upgraded: {error}.",
                where=self.url,
                hint="Was it made by a newer Liaison? Install that one.",
            ) from error
        except SQLAlchemyError as error:
            raise StoreError(
                f"the store cannot be opened: {_short(error)}.",
                where=self.url,
                hint=_hint(error) or "Check the path and its rights.",
            ) from error

    def start(self) -> None:
        self._writer = threading.Thread(target=self._write_all, name=WRITER, daemon=True)
        self._writer.start()

    def close(self, patience: float | None = None) -> None:
        """What was submitted is written first, for as many seconds as there is patience."""
        with self._door:  # nothing comes after the end mark, so nobody waits for ever
            writer, self._writer = self._writer, None
            if writer:
                self._jobs.put(None)
        if writer:
            writer.join(patience)
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    def write(self, fn: Callable[[Transaction], T]) -> T:
        return self.submit(fn).result()

    def submit(self, fn: Callable[[Transaction], T]) -> "Future[T]":
        future: Future[T] = Future()
        with self._door:
            if not self._writer:
                raise StoreError("the store is closed.", where=self.url)
            if self._jobs.qsize() >= MOST_WAITING:
                raise StoreError("too much waits to be stored.", where=self.url, hint="Is the disk slow or locked?")
            self._jobs.put((fn, future))
        return future

    def checkpoint(self) -> None:
        """Leave nothing in the write-ahead log: what was erased is then in no file any more, as far as SQLite goes.

        Raises StoreError where somebody reads or writes for so long that it cannot be done.
        """
        with self.read() as connection:
            driver: Any = connection.connection.driver_connection
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError(
                "the write-ahead log is in use, and still holds what was erased.",
                where=self.url,
                hint="Erase again when less is going on.",
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading; never write through it, never ask for it inside `write`."""
        assert threading.current_thread() is not self._writer, "reading inside a write waits for itself"
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    @contextmanager
    def look(self) -> Iterator[Look]:
        """As `read`, for prepared statements alone: what SQLAlchemy adds to a connection costs more than a look."""
        assert threading.current_thread() is not self._writer, "reading inside a write waits for itself"
        try:
            driver = self._idle.pop() if self._idle else self._connected()
        except IndexError:  # another thread was faster
            driver = self._connected()
        try:
            driver.execute("BEGIN")
            yield driver
            driver.execute("COMMIT")
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._unreadable(error) from error
        finally:
            if driver.in_transaction:
                driver.rollback()
            self._idle.append(driver)

    def _unreadable(self, error: Exception) -> StoreError:
        return StoreError(f"the store cannot be read: {_short(error)}.", where=self.url, hint=_hint(error))

    def _connected(self) -> Look:
        """A connection of our own, kept until the store is closed."""
        try:
            made = self._engine.raw_connection()
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error
        driver: Look = made.driver_connection  # type: ignore[assignment]
        made.detach()
        return driver

    def _write_all(self) -> None:
        with self._engine.connect() as connection:
            while jobs := self._take():
                self._commit(connection, jobs)

    def _take(self) -> list[tuple[Callable[[Transaction], Any], "Future[Any]"]]:
        """Wait for one job, then take whatever else is waiting: they share one commit."""
        first = self._jobs.get()
        jobs = [] if first is None else [first]
        while jobs and len(jobs) < BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:  # closing: finish these, then come back for the end mark
                self._jobs.put(None)
                break
            jobs.append(job)
        return jobs

    def _commit(self, connection: Connection, jobs: list[tuple[Callable[[Transaction], Any], "Future[Any]"]]) -> None:
        """One transaction for all of them. It is the driver's own: SQLAlchemy's costs more than a delivery does."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            driver: Any = connection.connection.driver_connection
            driver.execute("BEGIN IMMEDIATE")
            for fn, future in jobs:
                try:
                    done.append((future, self._run(connection, fn)))
                except _RolledBack:
                    raise
                except (SQLAlchemyError, sqlite3.Error) as error:
                    future.set_exception(self._nothing_stored(error))
                except Exception as error:  # noqa: BLE001 - handed to the caller who submitted it
                    future.set_exception(error)
            driver.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - out of memory, too: a writer that ends lets everybody wait for ever
            _take_back(connection)
            self.trouble = _short(error)
            for _, future in jobs:
                if not future.done():
                    future.set_exception(self._nothing_stored(error))
            return
        self.trouble = ""
        for future, result in done:
            future.set_result(result)

    def _run(self, connection: Connection, fn: Callable[[Transaction], T]) -> T:
        """`fn` in a savepoint. On a full disk SQLite may take back the whole transaction: then nobody's is stored."""
        driver: Any = connection.connection.driver_connection
        driver.execute("SAVEPOINT job")
        try:
            result = fn(connection)
            driver.execute("RELEASE job")
        except Exception as error:
            if not driver.in_transaction:
                raise _RolledBack(_short(error)) from error
            try:
                driver.execute("ROLLBACK TO job")
                driver.execute("RELEASE job")
            except (sqlite3.Error, MemoryError) as failed:  # half of it would be committed with its neighbours
                raise _RolledBack(_short(failed)) from error
            raise
        return result

    def _nothing_stored(self, error: Exception) -> StoreError:
        problem = StoreError(f"nothing was stored: {_short(error)}.", where=self.url, hint=_hint(error))
        problem.__cause__ = error
        problem.permanent = isinstance(getattr(error, "orig", error), UNFIT)
        return problem


class _RolledBack(Exception):
    """The database took the whole transaction back, or has to."""


def _take_back(connection: Connection) -> None:
    """Nothing of the transaction stays. Where not even that works the connection is given up, and the next is new."""
    try:
        driver: Any = connection.connection.driver_connection
        if driver.in_transaction:
            driver.execute("ROLLBACK")
    except (SQLAlchemyError, sqlite3.Error, MemoryError) as error:
        log.error("The store's writer opens the database anew: %s.", _short(error))  # noqa: TRY400 - it says all
        connection.invalidate()
        connection.rollback()  # SQLAlchemy's own: it lets nobody reconnect before


def remembered(store: Store, name: str, default: str) -> str:
    """A named value that is set once and stays: returns the stored one, storing `default` the first time."""

    def ask(tx: Transaction) -> str:
        found = recalled(tx, name)
        if found is None:
            tx.execute(insert(tables.meta).values(name=name, value=default))
            return default
        return found

    return store.write(ask)


def recalled(connection: Connection, name: str) -> str | None:
    """A named value, None where there is none."""
    found = connection.execute(select(tables.meta.c.value).where(tables.meta.c.name == name)).scalar()
    return None if found is None else str(found)


def recall(tx: Transaction, name: str, value: str) -> None:
    """Give a named value, whatever it was before."""
    statement = upsert(tables.meta).values(name=name, value=value)
    value_now = {"value": statement.excluded.value}
    tx.execute(statement.on_conflict_do_update(index_elements=[tables.meta.c.name], set_=value_now))


def _open(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        raise StoreError(
            f"{make_url(url).get_backend_name()} is not supported yet.", where="store", hint="Use sqlite:///liaison.db."
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # sqlite3 would open transactions by itself, and later than BEGIN IMMEDIATE needs: savepoints then fail
        connection.isolation_level = None
        # secure_delete: what was erased or written over is on no page any more; not every SQLite does so by itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if threading.current_thread().name != WRITER:  # the writer begins and commits by itself
            connection.exec_driver_sql("BEGIN")

    return engine


def _hint(error: Exception) -> str:
    """What to do about a file that will not get better by itself."""
    name = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
    return next((hint for code, hint in HINTS.items() if name.startswith(code)), "")


def _short(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error) or type(error).__name__
    return said.splitlines()[0]
