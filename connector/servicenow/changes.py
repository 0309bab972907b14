"""What changed on a ServiceNow instance since a time: for whatever webhooks missed.

Pages hang together by the last row's time and sys_id rather than by an offset: a record that changes meanwhile moves to
the end and pushes nobody out of sight. Times in a query are UTC, whatever the account's time zone is.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connector.servicenow import vocabulary
from connector.servicenow.cells import SAFE_ID, cell
from connector.servicenow.cells import time as utc
from core.errors import Unavailable
from core.sightings import Found
from core.sites import Site

COLUMNS = ("sys_id", "sys_class_name", "number", "sys_updated_on", "sys_mod_count")
PAGE = 200
PAGES = 5000

Row = Mapping[str, Any]
Ask = Callable[[str, str], list[Row]]
"""A table and a query, to at most PAGE rows with COLUMNS; tried again where that helps."""
Revise = Callable[[str, str, Row], str]
"""Table, sys_id and row, to the revision that a read of the record would have."""


def changes(site: Site, since: datetime, ask: Ask, revise: Revise) -> Iterator[Found]:
    """Raises what `ask` raises, and Unavailable where the pages have no end."""
    for table in tables(site):
        for row in _rows(table, since, ask):
            sys_id, actual = cell(row.get("sys_id")).code, cell(row.get("sys_class_name")).code
            revision = revise(table, sys_id, row)
            # a table shows the records of those that extend it, too: they are tickets of their own table, if at all
            if revision and actual in ("", table):
                body = {"table": table, "operation": "update", "record": {name: row.get(name) for name in COLUMNS}}
                yield Found(f"{table}:{sys_id}", revision, orjson.dumps(body))


def tables(site: Site) -> tuple[str, ...]:
    """The tables this site serves."""
    stock = {kind: table for table, kind in vocabulary.KINDS.items()}
    listed = [table for serves in site.serves for table in serves.tables or (stock[serves.kind],)]
    return tuple(dict.fromkeys(listed)) or tuple(vocabulary.KINDS)


def _rows(table: str, since: datetime, ask: Ask) -> Iterator[Row]:
    """Whole pages by time; where one second fills a page, the rest of that second by sys_id."""
    at, after = _text(since), ""
    seen: set[tuple[str, str]] = set()
    for _ in range(PAGES):
        within = f"sys_updated_on={at}^sys_id>{after}" if after else f"sys_updated_on>={at}"
        page = ask(table, f"{within}^ORDERBYsys_updated_on^ORDERBYsys_id")
        new = [row for row in page if _fits(row, at, only=bool(after)) and _key(row) not in seen]
        yield from new
        if len(page) >= PAGE:
            last = _last(new, table)
            at, after = last[0], last[1] if last[0] == at else ""
            seen = {key for key in (*seen, *map(_key, new)) if key[0] == at}
        elif after:
            at, after = _text(_moment(at) + timedelta(seconds=1)), ""
        else:
            return
    raise Unavailable("ServiceNow's pages of changed records do not come to an end", where=table)


def _fits(row: Row, at: str, *, only: bool) -> bool:
    """Whether the row was asked for: a query part that ServiceNow does not know is ignored, which adds rows."""
    updated, sys_id = _key(row)
    return bool(utc(updated) and SAFE_ID.match(sys_id)) and (updated == at if only else updated >= at)


def _last(new: list[Row], table: str) -> tuple[str, str]:
    """Where the next page begins."""
    keys = [_key(row) for row in new]
    times = [updated for updated, _ in keys]
    if not keys or times != sorted(times):
        raise Unavailable(
            "the changed records did not come as they were asked for, so their pages cannot be turned",
            where=table,
            hint="Let the account of this site read sys_updated_on and sys_id.",
        )
    return keys[-1]


def _key(row: Row) -> tuple[str, str]:
    return cell(row.get("sys_updated_on")).code, cell(row.get("sys_id")).code


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
