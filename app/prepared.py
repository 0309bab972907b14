"""Statements of the hot paths, written in SQLAlchemy Core and compiled once.

Building and looking up a Core statement costs more than running it on SQLite: a delivery takes five of them. A prepared
one hands its SQL and values straight to the driver, in the transaction it is given.

What is the same in every run stands in the SQL itself. As a parameter, a state would hide the partial indexes (`WHERE
state = 'pending'`) until it is bound, and SQLite plans such a statement anew each time it runs, which takes longer than
running it (https://sqlite.org/c3ref/prepare.html, the third difference).
"""

import sqlite3
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import BindParameter

from app.store import Look, Transaction


class _Literal(SQLiteCompiler):
    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
        if bindparam.required or not isinstance(bindparam.value, str | int):
            return str(super().visit_bindparam(bindparam, *args, **options))  # type: ignore[no-untyped-call]
        return str(self.render_literal_value(bindparam.value, bindparam.type))


DIALECT = sqlite.dialect()
DIALECT.statement_compiler = _Literal


class Prepared:
    """`statement` names its values with `bindparam`. Values go to the driver as they are given; rows come as tuples."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._sql = ""
        self._names: tuple[str, ...] = ()
        self._fixed: dict[str, Any] = {}

    def run(self, tx: Transaction | Look, **values: Any) -> sqlite3.Cursor:
        """Raises what SQLAlchemy would: OperationalError where the driver could not do it."""
        if not self._sql:
            self._compile()
        given = {**self._fixed, **values} if self._fixed else values
        driver: Look = tx if isinstance(tx, Look) else tx.connection.dbapi_connection  # type: ignore[assignment]
        try:
            return driver.execute(self._sql, [given[name] for name in self._names])
        except sqlite3.Error as error:
            raise OperationalError(self._sql, None, error) from error

    def _compile(self) -> None:
        compiled = self._statement.compile(dialect=DIALECT)
        self._names = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._sql = str(compiled)
