"""The stand-in's state: records by table, the journal, and how the Table API shows them."""

import hashlib
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.servicenow.sandbox_columns import CHOICES, COLUMNS, DATES, JOURNALS, REFERENCES

Record = dict[str, str]
GUID = re.compile(r"[0-9a-f]{32}\Z", re.IGNORECASE)
CONDITION = re.compile(
    r"(?P<column>[a-z_][a-z0-9_.]*?)(?P<operator>!=|>=|<=|=|>|<|LIKE|STARTSWITH|IN)(?P<value>.*)\Z", re.DOTALL
)
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "LIKE": operator.contains,
    "STARTSWITH": str.startswith,
    "IN": lambda have, want: have in want.split(","),
}
KEPT_APART = {"note_id"}
"""What a journal row remembers for the stand-in's own pages, and never shows in the API."""


class Tables:
    """`apply` is the only way in: it takes the events that the ledger keeps."""

    def __init__(self, url: str, display_timezone: str) -> None:
        self.url, self._zone = url, ZoneInfo(display_timezone)
        self.records: dict[str, dict[str, Record]] = defaultdict(dict)
        self.journal: dict[str, list[Record]] = defaultdict(list)
        self.saves: dict[str, int] = defaultdict(int)
        self.children: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[tuple[str, str], str] = {}
        self._extra: dict[str, set[str]] = defaultdict(set)

    def add_column(self, table: str, column: str) -> None:
        self._extra[table].add(column)

    def has_column(self, table: str, column: str) -> bool:
        return column in COLUMNS.get(table, ()) or column in self._extra[table]

    def blank(self, table: str) -> Record:
        return dict.fromkeys((*COLUMNS[table], *sorted(self._extra[table])), "")

    def apply(self, event: Mapping[str, Any]) -> None:
        for save in event.get("saves", ()):
            self._put(save["table"], save["sys_id"], save["columns"])
        for row in event.get("journal", ()):
            self.journal[row["element_id"]].append(row)
        for gone in event.get("deletes", ()):
            self.records[gone["table"]].pop(gone["sys_id"], None)

    def _put(self, table: str, sys_id: str, columns: Mapping[str, str]) -> None:
        record = self.records[table].setdefault(sys_id, self.blank(table))
        if "parent_incident" in columns and record.get("parent_incident") != columns["parent_incident"]:
            self.children[record["parent_incident"]].discard(sys_id)
            self.children[columns["parent_incident"]].add(sys_id)
        record.update(columns)
        self._extra[table].update(name for name in columns if name not in COLUMNS[table])
        self.saves[sys_id] += 1
        for column in ("name", "user_name", "number"):
            if record.get(column):
                self._by_name[table, record[column].casefold()] = sys_id

    def find(self, table: str, key: str) -> str:
        """The sys_id of a record by sys_id, name, user name or number; `""` if there is none."""
        if key in self.records[table]:
            return key
        found = self._by_name.get((table, key.casefold()), "")
        return found if found in self.records[table] else ""

    def ticket(self, key: str) -> tuple[str, str]:
        """Table and sys_id of an incident or a change by number or sys_id."""
        for table in ("incident", "change_request"):
            if sys_id := self.find(table, key):
                return table, sys_id
        return "", ""

    def target(self, column: str, sys_id: str) -> tuple[str, Record]:
        """The record a reference column points at. Tasks that nobody created stand in `task` by number alone."""
        tables = (
            REFERENCES[column],
            *(("incident", "change_request", "problem") if column == "parent" else ()),
            "task",
        )
        for table in tables:
            if sys_id in self.records[table]:
                return table, self.records[table][sys_id]
        return REFERENCES[column], {}

    def rows(self, table: str) -> Iterable[Record]:
        if table == "sys_journal_field":
            return (row for rows in self.journal.values() for row in rows)
        return self.records[table].values()

    def query(self, table: str, query: str, filters: Mapping[str, str]) -> list[Record]:
        """AND-ed groups of OR-ed conditions; a part that is no condition on a known column is ignored, as ServiceNow
        does: more rows come than were asked for.
        """
        parts = [*query.split("^"), *(f"{name}={value}" for name, value in filters.items())]
        groups = self._groups(table, parts)
        alone = [group[0] for group in groups if len(group) == 1]
        exact = next((c["value"] for c in alone if c["column"] == "element_id" and c["operator"] == "="), None)
        rows = self.journal.get(exact, []) if table == "sys_journal_field" and exact else self.rows(table)
        found = [row for row in rows if all(any(self._meets(table, row, c) for c in group) for group in groups)]
        for part in reversed(parts):
            order = re.match(r"ORDERBY(DESC)?([a-z_.]+)\Z", part)
            if order and self._known(table, order[2]):
                found.sort(key=lambda row, column=order[2]: self.walk(table, row, column)[0], reverse=bool(order[1]))  # type: ignore[misc]
        return found

    def _groups(self, table: str, parts: list[str]) -> list[list[re.Match[str]]]:
        groups: list[list[re.Match[str]]] = []
        for part in parts:
            joined = part.startswith("OR") and not part.startswith("ORDERBY")
            condition = CONDITION.match(part.removeprefix("OR") if joined else part)
            if condition and self._known(table, condition["column"]):
                if joined and groups:
                    groups[-1].append(condition)
                else:
                    groups.append([condition])
        return groups

    def _known(self, table: str, column: str) -> bool:
        first, _, rest = column.partition(".")
        return self.has_column(table, first) and (not rest or first in REFERENCES)

    def _meets(self, table: str, row: Record, condition: re.Match[str]) -> bool:
        have, want = self.walk(table, row, condition["column"])[0], condition["value"]
        return OPERATORS[condition["operator"]](have.casefold(), want.casefold())

    def walk(self, table: str, record: Mapping[str, str], path: str) -> tuple[str, str, str]:
        """A dot-walked value with the table and column it was found in."""
        first, _, rest = path.partition(".")
        value = record.get(first, "")
        if not rest:
            return value, table, first
        table, there = self.target(first, value)
        return self.walk(table, there, rest)

    def shown(self, table: str, record: Mapping[str, str], params: Mapping[str, str]) -> dict[str, Any]:
        """A record as `sysparm_display_value`, `sysparm_fields` and `sysparm_exclude_reference_link` ask for it."""
        names = [n for n in params.get("sysparm_fields", "").split(",") if n]
        display = params.get("sysparm_display_value", "false")
        links = params.get("sysparm_exclude_reference_link", "false") != "true"
        kept = [n for n in names if self._known(table, n)] if names else [n for n in record if n not in KEPT_APART]
        return {name: self._value(self.walk(table, record, name), display, record, links=links) for name in kept}

    def _value(self, found: tuple[str, str, str], display: str, record: Mapping[str, str], *, links: bool) -> Any:
        value, table, column = found
        # A journal's raw value is empty; its display value is the whole history.
        if column in JOURNALS and column != "value":
            value = ""
        label = self.label(table, column, value, record) if display != "false" else ""
        pair = {"display_value": label, "value": value}
        if column in REFERENCES and value and links:
            link = f"{self.url}/api/now/table/{self.target(column, value)[0]}/{value}"
            if display == "all":
                return {**pair, "link": link}
            return {"display_value": label, "link": link} if display == "true" else {"link": link, "value": value}
        if display == "all":
            return pair
        return label if display == "true" else value

    def label(self, table: str, column: str, value: str, record: Mapping[str, str]) -> str:
        """What people see: a choice's label, a reference's name, a time in the reader's zone."""
        if column in JOURNALS:
            return self._history(record.get("sys_id", ""), column)
        if not value:
            return ""
        if column in REFERENCES:
            there = self.target(column, value)[1]
            return there.get("name") or there.get("number") or ""
        if column in DATES:
            moment = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(self._zone)
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        return CHOICES.get((table, column), {}).get(value, value)

    def _history(self, sys_id: str, element: str) -> str:
        title = {"comments": "Additional comments", "work_notes": "Work notes"}[element]
        rows = [row for row in self.journal.get(sys_id, ()) if row["element"] == element]
        return "".join(
            f"{self.label('', 'sys_created_on', row['sys_created_on'], row)} - {self.person(row['sys_created_by'])} "
            f"({title})\n{row['value']}\n\n"
            for row in reversed(rows)
        )

    def person(self, user_name: str) -> str:
        sys_id = self.find("sys_user", user_name)
        return self.records["sys_user"][sys_id]["name"] if sys_id else user_name

    def typed(self, table: str, record: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The Change API's way: numbers and booleans typed, times with a third, internal form."""
        for column, value in record.items():
            shown: dict[str, Any] = {
                "display_value": self.label(table, column, value, record),
                "value": _typed(column, value),
            }
            if column in JOURNALS:
                shown["value"] = ""
            if column in DATES:
                shown["display_value_internal"] = shown["display_value"]
            yield column, shown


def _typed(column: str, value: str) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if column not in REFERENCES and re.fullmatch(r"-?\d{1,9}", value):
        return float(value)
    return value


def made_up_id(table: str, name: str) -> str:
    """The same name always gets the same sys_id, so that a stand-in started afresh knows old payloads."""
    return hashlib.md5(f"{table}:{name}".encode(), usedforsecurity=False).hexdigest()
