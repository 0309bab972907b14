"""What a delivery or an answer holds: which record, what happened to it, and its columns.

Four shapes are understood: our business rule's nested envelope (`{event_id, table, operation, sent_at,
changed_fields, record}`), the flat one of senders that mix event and columns (with `record_type` and `record_id` where
`sys_id` means a subscription), and an answer of the Table or Change API (`{"result": {...}}` or a list of one).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, TypeVar

from marshmallow import Schema, fields, missing

from connector.servicenow.cells import EMPTY, SAFE_ID, Cell, cell, scalar, text, time
from connector.servicenow.vocabulary import PREFIXES
from core.errors import PayloadError
from core.values import value

TABLE = re.compile(r"[a-z][a-z0-9_]{1,79}\Z")
DELETES = {"delete", "deleted"}
T = TypeVar("T")


class Lenient(fields.Field[T]):
    """A field that reads any value and never complains: what has the wrong type is missing."""

    def __init__(self, read: Callable[[Any], T], absent: T, *, data_key: str | None = None) -> None:
        super().__init__(data_key=data_key)
        self.read, self.absent = read, absent

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> T:  # noqa: ARG002 - marshmallow's signature
        return self.absent if value is missing else self.read(value)


class Eyes:
    """Reads the columns that a schema of lenient fields declares. As no field ever complains, nothing is collected:
    this costs a third of what marshmallow's own loading does, and a record has eighty columns.
    """

    def __init__(self, schema: Schema) -> None:
        columns = schema.load_fields.items()
        self._columns = [(name, one.data_key or name, one.read, one.absent) for name, one in columns]  # type: ignore[attr-defined]
        self._absent = {key: absent for _, key, _, absent in self._columns}
        self._readers = {key: read for _, key, read, _ in self._columns}

    def load(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return {name: read(record[key]) if key in record else absent for name, key, read, absent in self._columns}

    def by_key(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The same under the names that the columns have in a record."""
        readers = self._readers
        return self._absent | {key: readers[key](raw) for key, raw in record.items() if key in readers}


def word() -> Lenient[str]:
    return Lenient(_word, "")


def _word(raw: Any) -> str:
    """Ids and times come once: as cells they would drive out of memory what comes again."""
    return text(raw) if type(raw) is str else cell(raw).code


def column(name: str | None = None) -> Lenient[Cell]:
    return Lenient(cell, EMPTY, data_key=name)


def _words(raw: Any) -> tuple[str, ...]:
    items = raw.split(",") if isinstance(raw, str) else raw
    return tuple(word for item in items if (word := scalar(item))) if isinstance(items, list) else ()


def _columns(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


class EnvelopeSchema(Schema):
    event_id = word()
    table = word()
    record_type = word()
    record_id = word()
    sys_id = word()
    operation = word()
    event = word()
    sent_at = word()
    changed_fields = Lenient[tuple[str, ...]](_words, ())
    record = Lenient[Mapping[str, Any]](_columns, {})


class RecordSchema(Schema):
    """What tells which record it is."""

    sys_id = word()
    sys_class_name = column()
    number = word()


@value
class Envelope:
    """`sent_at` is UTC by contract. `nested` tells our business rule's own shape: comments stand only there."""

    table: str
    sys_id: str
    record: Mapping[str, Any]
    event_id: str = ""
    deleted: bool = False
    sent_at: datetime | None = None
    changed: tuple[str, ...] = field(default=())
    nested: bool = False


ENVELOPE, RECORD = Eyes(EnvelopeSchema()), Eyes(RecordSchema())


def envelope(body: Mapping[str, Any]) -> Envelope:
    """The record in a body. Raises PayloadError where table or sys_id cannot be told."""
    body = _unwrapped(body)
    outer = ENVELOPE.load(body)
    record = outer["record"] or body
    inner = RECORD.load(record)
    sys_id = _first("sys_id", SAFE_ID, outer["record_id"], inner["sys_id"], outer["sys_id"])
    named = (outer["table"], outer["record_type"], _class(inner["sys_class_name"]), _by_number(inner["number"]))
    return Envelope(
        table=_first("table", TABLE, *(name.lower() for name in named)),
        sys_id=sys_id,
        record=record,
        event_id=outer["event_id"],
        deleted=bool(DELETES & {outer["operation"].lower(), outer["event"].lower()}),
        sent_at=time(outer["sent_at"]),
        changed=outer["changed_fields"],
        nested=record is not body,
    )


def _unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise PayloadError(f"a ServiceNow body is a JSON object, this is a {type(body).__name__}")
    if body.get("error"):
        words = body["error"].get("message") if isinstance(body["error"], Mapping) else body["error"]
        raise PayloadError(f"this is an error of ServiceNow, not a record: {scalar(words) or 'no message'}")
    if "result" not in body:
        return body
    result = body["result"]
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    if isinstance(result, list):
        raise PayloadError(f"one record is expected, this answer has {len(result)}")
    if not isinstance(result, Mapping):
        raise PayloadError("the answer's `result` is no record")
    return result


def _first(what: str, shape: re.Pattern[str], *candidates: str) -> str:
    for candidate in candidates:
        if shape.match(candidate):
            return candidate
    seen = ", ".join(repr(c[:40]) for c in candidates if c) or "nothing"
    raise PayloadError(
        f"no {what} can be told from this body (seen: {seen})",
        hint="Send the envelope {event_id, table, operation, sent_at, changed_fields, record} with record.sys_id.",
    )


def _class(name: Cell) -> str:
    """`change_request`, or its label `Change Request` where a payload has only display values."""
    return name.code.lower().replace(" ", "_")


def _by_number(number: str) -> str:
    return PREFIXES.get(number[:3].upper(), "")
