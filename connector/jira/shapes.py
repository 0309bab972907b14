"""Jira's JSON as marshmallow reads it: unknown keys are left out, and a value of the wrong type counts as missing.

Nothing here raises for any JSON: platforms, apps and admins send stray types, and a delivery is worth what it says.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, fields

from connector.jira.comment import adf_text

ID = re.compile(r"[0-9]{1,19}", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MILLISECONDS = 1000


def issue_id(value: Any) -> str:
    """An issue or comment id: digits, as text or number (Automation sends a number), else `""`."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    text = str(value).strip() if isinstance(value, str) or 0 <= value < 10**19 else ""
    return text if ID.fullmatch(text) else ""


def text(value: Any) -> str:
    """Plain text of a string, a number or an ADF document, else `""`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return adf_text(value)
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def moment(value: Any, zone: str = "UTC") -> datetime | None:
    """A time in UTC from ISO 8601, milliseconds since 1970, or `{iso8601, epochMillis}`; a bare date is its midnight.

    A time without an offset is local to `zone`.
    """
    try:
        if isinstance(value, Mapping):
            return moment(value.get("iso8601") or value.get("epochMillis"), zone)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / MILLISECONDS, UTC)
        if isinstance(value, str):
            return _parsed(value.strip(), zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError, RecursionError):
        return None
    return None


def _parsed(value: str, zone: str) -> datetime:
    if DAY.fullmatch(value):
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


class Id(fields.Field[str]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return issue_id(value)


class Text(fields.Field[str]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return text(value)


class Name(fields.Field[str]):
    """The name of `{name: ...}`; Automation and hand-made bodies send the bare name."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        named = value.get("name") or value.get("value") if isinstance(value, Mapping) else value
        return named.strip() if isinstance(named, str) else ""


class Time(fields.Field[datetime | None]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime | None:
        return moment(value)


class Truth(fields.Field[bool | None]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool | None:
        return value if isinstance(value, bool) else None


class Part(fields.Field[dict[str, Any]]):
    """A nested object; anything else reads as an empty one."""

    def __init__(self, shape: type[Schema], **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.shape = shape

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        return load(self.shape, value)


class Parts(fields.Field[list[dict[str, Any]]]):
    """The objects of a list; whatever else stands in it is left out."""

    def __init__(self, shape: type[Schema], **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.shape = shape

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return [load(self.shape, one) for one in value if one] if isinstance(value, list) else []


class Texts(fields.Field[tuple[str, ...]]):
    """A list of strings or of named things (labels, components)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        read = Name()
        found = (read._deserialize(one) for one in value) if isinstance(value, list) else ()  # noqa: SLF001 - ours
        return tuple(one for one in found if one)


class Shape(Schema):
    class Meta:  # noqa: D106 - marshmallow reads it
        unknown = EXCLUDE


class User(Shape):
    account_id = Text(data_key="accountId")
    key = Text()
    name = Text()
    email = Text(data_key="emailAddress")
    display = Text(data_key="displayName")
    account_type = Text(data_key="accountType")


class UserField(Part):
    """A user object, or a bare user name (Server, scripts)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        return load(User, {"name": value} if isinstance(value, str) else value)


class Category(Shape):
    key = Text()


class Status(Shape):
    name = Text()
    category = Part(Category, data_key="statusCategory")


class StatusField(Part):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Status, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        return load(Status, {"name": value} if isinstance(value, str) else value)


class IssueType(Shape):
    name = Text()
    level = Text(data_key="hierarchyLevel")


class Project(Shape):
    id = Id()
    key = Text()
    type = Text(data_key="projectTypeKey")


class LinkedFields(Shape):
    status = StatusField()
    priority = Name()
    type = Part(IssueType, data_key="issuetype")


class Linked(Shape):
    """Another issue as a link, a parent or a sub-task shows it."""

    id = Id()
    key = Text()
    fields_ = Part(LinkedFields, data_key="fields")


class LinkType(Shape):
    name = Text()
    inward = Text()
    outward = Text()


class Link(Shape):
    type = Part(LinkType)
    inward = Part(Linked, data_key="inwardIssue")
    outward = Part(Linked, data_key="outwardIssue")


class Fields(Shape):
    summary = Text()
    description = Text()
    environment = Text()
    status = StatusField()
    priority = Name()
    resolution = Name()
    security = Name()
    type = Part(IssueType, data_key="issuetype")
    project = Part(Project)
    reporter = UserField()
    assignee = UserField()
    labels = Texts()
    components = Texts()
    parent = Part(Linked)
    links = Parts(Link, data_key="issuelinks")
    subtasks = Parts(Linked)
    created = Time()
    updated = Time()
    resolved = Time(data_key="resolutiondate")


class Issue(Shape):
    id = Id()
    self = Text()
    key = Text()


class Restriction(Shape):
    value = Text()
    identifier = Text()


class Comment(Shape):
    id = Id()
    self = Text()
    author = UserField()
    body = Text()
    created = Time()
    updated = Time()
    public = Truth(data_key="jsdPublic")
    visibility = Part(Restriction)


class Changed(Shape):
    field = Text()


class Changelog(Shape):
    items = Parts(Changed)


class Event(Shape):
    name = Text(data_key="webhookEvent")
    detail = Text(data_key="issue_event_type_name")
    timestamp = Time()
    user = UserField()
    changelog = Part(Changelog)


@cache
def _schema(shape: type[Schema]) -> Schema:
    return shape()


def load(shape: type[Schema], value: Any) -> dict[str, Any]:
    """What `shape` finds in `value`; keys that are absent, null or of another type are absent here."""
    if not isinstance(value, Mapping):
        return {}
    present = {k: v for k, v in value.items() if v is not None and isinstance(k, str)}
    found: dict[str, Any] = _schema(shape).load(present)
    return {k: v for k, v in found.items() if v not in (None, "", {}, [], ())}
