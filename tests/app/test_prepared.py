import importlib
import pkgutil
import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import bindparam, literal, or_, select

import app
from app import claims, promising, tables
from app.prepared import Prepared
from app.store import Store
from core.promises import PromiseState

D, M = tables.deliveries, tables.meta


@pytest.fixture
def raw(tmp_path: Path) -> sqlite3.Connection:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    store.upgrade()
    store.close()
    return sqlite3.connect(tmp_path / "store.db")


def plan(raw: sqlite3.Connection, statement: Prepared) -> str:
    """As SQLite makes it before any value is bound."""
    statement.run(raw, of_site="x", of_id="x").fetchall()
    sql = statement._sql
    return " ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?")))


@pytest.mark.parametrize(
    ("statement", "index"), [(claims.PENDING, "deliveries_pending"), (promising.OPEN, "promises_one_open")]
)
def test_an_index_over_few_rows_is_found_before_values_are_bound(
    raw: sqlite3.Connection, statement: Prepared, index: str
) -> None:
    assert f"USING INDEX {index}" in plan(raw, statement)


WALKS = re.compile(
    r"SCAN (?:tickets|notes|deliveries|promises|journal|wakeups)(?! USING INDEX (?:notes_open|deliveries_(?:pending|dead)))"
    r"|SEARCH \w+ .*\(site=\?\)$",
    re.MULTILINE,
)
"""Through a whole table, or all of a site's part of it; an index over the few rows that still wait is no such thing."""


def test_no_prepared_statement_walks_through_all_tickets_or_what_is_kept_of_them(raw: sqlite3.Connection) -> None:
    modules = [importlib.import_module(m.name) for m in pkgutil.iter_modules(app.__path__, "app.")]
    found = {
        id(s): (f"{m.__name__}.{name}", s) for m in modules for name, s in vars(m).items() if isinstance(s, Prepared)
    }
    walking = {}
    for name, statement in found.values():
        statement._compile()
        marks = [None] * statement._sql.count("?")
        steps = "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement._sql}", marks))
        if WALKS.search(steps):
            walking[name] = steps
    assert len(found) > 50
    assert walking == {}


def test_what_is_the_same_in_every_run_is_no_parameter(raw: sqlite3.Connection) -> None:
    quoted = Prepared(
        select(literal("it's ? : %s"), literal(7), M.c.value).where(M.c.name == bindparam("named")).limit(3)
    )
    raw.execute("INSERT INTO meta (name, value) VALUES ('n', 'v')")
    assert quoted.run(raw, named="n").fetchall() == [("it's ? : %s", 7, "v")]
    assert quoted._sql.count("?") == 2


def test_enums_and_parts_of_a_list_are_no_parameters(raw: sqlite3.Connection) -> None:
    either = Prepared(select(D.c.id).where(or_(*(D.c.state == state for state in (PromiseState.OPEN, "dead")))))
    assert either.run(raw).fetchall() == []
    assert "?" not in either._sql
