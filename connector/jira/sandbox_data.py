"""What the Jira stand-in keeps, and how Jira shows it: accounts, projects, issues, comments."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connector.jira import names
from connector.jira.comment import adf_text, wiki_text
from connector.jira.schema import INTERNAL
from core.sites import Flavour
from core.tickets import State

Json = dict[str, Any]

THIN = ("summary", "issuetype", "project", "assignee", "priority", "status")
"""The fields that Cloud's comment events carry."""

LINK_TYPES = {
    "Duplicate": ("is duplicated by", "duplicates"),
    "Parent/Child": ("is parent of", "is child of"),
    "Problem/Incident": ("is caused by", "causes"),
    "Relates": ("relates to", "relates to"),
}
CUSTOM_FIELDS = {
    "customfield_10002": ("Organizations", "com.atlassian.servicedesk:sd-customer-organizations"),
    "customfield_10010": ("Request Type", "com.atlassian.servicedesk:vp-origin"),
    "customfield_10026": ("Request participants", "com.atlassian.servicedesk:sd-request-participants"),
    "customfield_10043": (
        "Affected services",
        "com.atlassian.jira.plugins.service-entity:service-entity-field-cftype",
    ),
}
PLAIN_FIELD = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
STARTING = frozenset({State.NEW, State.DRAFT})
ENDING = frozenset({State.RESOLVED, State.CLOSED, State.CANCELLED})


@dataclass(frozen=True)
class Account:
    """`type` is Cloud's accountType: `atlassian` (agents), `customer` or `app`. JQL reads dates in `timezone`."""

    name: str
    display: str
    type: str = "atlassian"
    email: str = ""
    timezone: str = "Etc/UTC"

    @property
    def id(self) -> str:
        return uuid5(NAMESPACE_URL, f"jira-account:{self.name}").hex[:24]

    def shown(self, flavour: Flavour, url: str) -> Json:
        if flavour is Flavour.CLOUD:
            link = {"self": f"{url}/rest/api/2/user?accountId={self.id}", "accountId": self.id}
            kind = {"accountType": self.type}
        else:
            link = {"self": f"{url}/rest/api/2/user?username={self.name}", "name": self.name, "key": self.name}
            kind = {"emailAddress": self.email}
        return {**link, "displayName": self.display, "active": True, "timeZone": self.timezone, **kind}


ACCOUNTS = (
    Account("liaison", "Liaison", "app", "liaison@acme.example"),
    Account("anna", "Anna Agent", "atlassian", "anna@acme.example"),
    Account("ben", "Ben Engineer", "atlassian", "ben@acme.example"),
    Account("carla", "Carla Customer", "customer", "carla@acme.example"),
    Account("monitoring", "Monitoring", "app", "monitoring@acme.example"),
)


@dataclass
class Comment:
    """`adf` or `text` is the body, whichever it was written in. `visibility` names a role or group."""

    id: str
    issue: str
    author: str
    created: datetime
    updated: datetime
    text: str = ""
    adf: Json | None = None
    visibility: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)

    @property
    def public(self) -> bool:
        """As Jira Service Management takes it: public unless the property says `internal: true`, a boolean."""
        value = self.properties.get(INTERNAL)
        return not (isinstance(value, Mapping) and value.get("internal") is True)

    @property
    def internal(self) -> bool:
        return bool(self.visibility) or not self.public

    @property
    def words(self) -> str:
        return adf_text(self.adf) if self.adf else wiki_text(self.text)

    def body(self, version: str) -> Json | str:
        if version == "3":
            return self.adf or as_adf(self.text)
        return adf_text(self.adf) if self.adf else self.text


@dataclass
class Issue:
    """`fields` as Jira shows them, but people, parent and links by name and key."""

    id: str
    key: str
    project: str
    type: str
    reporter: str
    created: datetime
    updated: datetime
    fields: Json = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.fields["status"]["name"])


def to_event(thing: Issue | Comment) -> Json:
    """One thing for the ledger; the comments of an issue have their own lines."""
    plain = asdict(thing)
    plain.pop("comments", None)
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}


def from_event(shape: type[Any], event: Mapping[str, Any]) -> Any:
    times = {k: datetime.fromisoformat(event[k]) for k in ("created", "updated")}
    return shape(**{**event, **times})


def jira_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def as_adf(text: str) -> Json:
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def status(name: str) -> Json:
    """A status with the category that Jira's templates give it."""
    known = {names.STATE_NAMES[kind].get(names.plain_name(name)) for kind in names.STATE_NAMES} - {None}
    first = "new" if known and known <= STARTING else "done" if known and known <= ENDING else "indeterminate"
    number = uuid5(NAMESPACE_URL, name).int % 10_000
    return {"name": name, "id": str(number), "statusCategory": {"key": first, "name": first.title()}}


def is_done(found: Mapping[str, Any]) -> bool:
    return bool(found["statusCategory"]["key"] == "done")


NAMED = frozenset({"priority", "resolution", "security"})


def stored(fields: Mapping[str, Any]) -> Json:
    """Fields as kept: bare names become the objects Jira shows."""
    return {name: _stored(name, value) for name, value in fields.items()}


def _stored(name: str, value: Any) -> Any:
    if name in NAMED and isinstance(value, str):
        return {"name": value, "id": str(uuid5(NAMESPACE_URL, value).int % 100)}
    if name == "components":
        return [{"name": one} if isinstance(one, str) else one for one in value]
    if name in {"assignee", "reporter", "parent"} and isinstance(value, Mapping):
        return value.get("name") or value.get("accountId") or value.get("id") or value.get("key")
    return value


def links(issue: Issue, others: Iterable[Issue]) -> list[tuple[str, str, str]]:
    """Link type, `outwardIssue` or `inwardIssue`, and the other issue's key."""
    own = [(one["type"], "outwardIssue", one["to"]) for one in issue.fields.get("links", ())]
    theirs = [
        (one["type"], "inwardIssue", other.key)
        for other in others
        for one in other.fields.get("links", ())
        if one["to"] == issue.key
    ]
    return own + theirs
