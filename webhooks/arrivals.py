"""Which delivery it is and which ticket it concerns: as little reading of the body as that takes.

Ticket ids agree with `TicketRef.id`: Jira's issue id as text, ServiceNow's `<table>:<sys_id>`.
"""

import hashlib
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from werkzeug.datastructures import Headers

from core.sightings import Delivery
from core.sites import Platform, Site
from webhooks.answers import NotJson

IDENTIFIER = "X-Atlassian-Webhook-Identifier"
KEPT_HEADERS = (IDENTIFIER, "X-Atlassian-Webhook-Retry", "X-Atlassian-Webhook-Flow", "Content-Type")
"""What helps to understand a delivery later. Never a header that carries a secret or a signature."""

JIRA_EVENTS = frozenset(
    {"jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "comment_updated"}
)
SERVICENOW_TABLES = ("incident", "change_request")
SERVICENOW_OPERATIONS = frozenset({"insert", "update"})
"""Manifest.yaml lists exactly these; a test holds the two together."""

DIGEST_LASTS = timedelta(hours=1)

ISSUE_ID = re.compile(r"[1-9][0-9]{0,18}")
# Data Center's comment events name their issue nowhere else.
COMMENT_OF_ISSUE = re.compile(r"/issue/([1-9][0-9]{0,18})/comment/")
TABLE = re.compile(r"[a-z][a-z0-9_]{0,79}")
# 32 hexadecimal digits as a rule; records that came with the product also have readable ones.
SYS_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")
DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,200}")
OUR_KEYS = ("digest:", "poll:")

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Arrival:
    """`ticket_id` is `""` where the event concerns no ticket; `because` and `next_step` then say why."""

    key: str
    ticket_id: str = ""
    because: str = ""
    next_step: str = ""


class ConcernsNoTicket(Exception):
    """Not an error: most platforms send more than was asked for."""

    def __init__(self, because: str, next_step: str) -> None:
        super().__init__(because)
        self.because, self.next_step = because, next_step


def read(raw: bytes) -> Body:
    """The JSON object in the body. Raises NotJson for everything else, however deep, odd or long."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        what = f"The body is not JSON: {error}." if raw else "The body is empty."
        raise NotJson(what, "Send one JSON object in UTF-8 (RFC 8259: no NaN, no single surrogates).") from error
    if not isinstance(body, dict):
        raise NotJson(f"The body is JSON, but {KINDS[type(body)]}.", "Send one JSON object, one event in each request.")
    return body


KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def delivery(site: Site, headers: Headers, raw: bytes, now: datetime) -> tuple[Delivery, Arrival]:
    arrival = identify(site, headers, read(raw), raw)
    by_digest = arrival.key.startswith("digest:")
    return Delivery(
        site=site.name,
        key=arrival.key,
        ticket_id=arrival.ticket_id,
        body=raw,
        received_at=now,
        expires_at=now + DIGEST_LASTS if by_digest else None,
        headers={name: headers[name][:200] for name in KEPT_HEADERS if name in headers},
    ), arrival


def identify(site: Site, headers: Headers, body: Body, raw: bytes) -> Arrival:
    key = delivery_key(site, headers, body) or f"digest:{hashlib.sha256(raw).hexdigest()}"
    try:
        return Arrival(key, TICKET_OF[site.platform](site, body))
    except ConcernsNoTicket as event:
        return Arrival(key, because=event.because, next_step=event.next_step)


def delivery_key(site: Site, headers: Headers, body: Body) -> str:
    """The platform's own id of the delivery, `""` if it gives none that can be trusted to be one."""
    given = headers.get(IDENTIFIER) if site.platform is Platform.JIRA else body.get("event_id")
    text = plain(given)
    return text if DELIVERY_ID.fullmatch(text) and not text.startswith(OUR_KEYS) else ""


def issue_of(_site: Site, body: Body) -> str:
    event = body.get("webhookEvent")
    if event is not None and plain(event) not in JIRA_EVENTS:
        raise ConcernsNoTicket(
            f"Liaison does not listen to the event {shown(event)}.",
            f"Nothing to do; the webhook may be limited to {', '.join(sorted(JIRA_EVENTS))}.",
        )
    for found in issue_ids(body):
        if ISSUE_ID.fullmatch(found):
            return found
    raise ConcernsNoTicket(
        "There is no issue with a usable id in the event.",
        "Send Jira's own issue events, or the issue itself ('Issue data (Jira format)' in an Automation rule).",
    )


def issue_ids(body: Body) -> list[str]:
    """Where the issue's id may stand, best first. An Automation rule sends the bare issue, with a numeric id."""
    comment = body.get("comment")
    link = comment.get("self") if isinstance(comment, dict) else None
    in_link = COMMENT_OF_ISSUE.search(link[:2000]) if isinstance(link, str) else None
    return [
        plain(field_of(body, "issue", "id")),
        plain(body.get("id")) if "fields" in body or "key" in body else "",
        in_link[1] if in_link else "",
    ]


def record_of(site: Site, body: Body) -> str:
    operation = plain(body.get("operation", body.get("event")))
    if operation and operation.lower() not in SERVICENOW_OPERATIONS:
        raise ConcernsNoTicket(
            f"Liaison does not listen to the operation {shown(operation)}.",
            f"Nothing to do; the business rule may be limited to {' and '.join(sorted(SERVICENOW_OPERATIONS))}.",
        )
    table, sys_id = record_ids(body)
    if not (TABLE.fullmatch(table) and SYS_ID.fullmatch(sys_id)):
        raise ConcernsNoTicket(
            "There is no record with a usable table and sys_id in the event.",
            "Send {event_id, table, operation, sent_at, changed_fields, record} with record.sys_id.",
        )
    if table not in tables_of(site):
        raise ConcernsNoTicket(
            f"The table {table} is not served.", "Add it under serves of this site in liaison.yaml if it should be."
        )
    return f"{table}:{sys_id}"


def record_ids(body: Body) -> tuple[str, str]:
    """Table and sys_id: the nested envelope; the flat one; flat records of other integrations, whose own `sys_id`
    is that of a subscription (Mattermost's plug-in).
    """
    if isinstance(body.get("record"), dict):
        table = plain(body.get("table")) or plain(field_of(body, "record", "sys_class_name"))
        return table, plain(field_of(body, "record", "sys_id"))
    if body.get("table"):
        return plain(body.get("table")), plain(body.get("sys_id"))
    return plain(body.get("record_type")), plain(body.get("record_id"))


def tables_of(site: Site) -> frozenset[str]:
    return frozenset(SERVICENOW_TABLES).union(*(serves.tables for serves in site.serves))


TICKET_OF = {Platform.JIRA: issue_of, Platform.SERVICENOW: record_of}


def field_of(body: Body, outer: str, inner: str) -> Any:
    inside = body.get(outer)
    return inside.get(inner) if isinstance(inside, dict) else None


def plain(value: Any) -> str:
    """Text or a whole number as text, also out of ServiceNow's `{value, display_value}`; everything else `""`."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def shown(value: Any) -> str:
    """Only what `plain` can read: the repr of a deeply nested value would be a RecursionError."""
    return textwrap.shorten(repr(plain(value)[:200]), 60, placeholder="…")
