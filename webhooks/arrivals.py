"""Which delivery it is and which ticket it concerns: as little reading of the body as that takes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from werkzeug.datastructures import Headers

from core.sightings import ORDERED, POLLED, Delivery
from core.sites import Platform, Site
from webhooks import issues, records
from webhooks.answers import NotJson
from webhooks.identities import Body, ConcernsNoTicket, plain

IDENTIFIER = "X-Atlassian-Webhook-Identifier"
KEPT_HEADERS = (IDENTIFIER, "X-Atlassian-Webhook-Retry", "X-Atlassian-Webhook-Flow", "Content-Type")
"""What helps to understand a delivery later. Never a header that carries a secret or a signature."""
LONGEST_HEADER = 200

DIGEST_LASTS = timedelta(hours=1)
DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,200}")
OUR_KEYS = ("digest:", POLLED, ORDERED)

TICKET_OF = {Platform.JIRA: issues.ticket_id, Platform.SERVICENOW: records.ticket_id}
KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


@dataclass(frozen=True)
class Arrival:
    """`delivery.ticket_id` is `""` where the event concerns no ticket; `because` and `next_step` then say why."""

    delivery: Delivery
    because: str = ""
    next_step: str = ""


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


def arrival(site: Site, headers: Headers, raw: bytes, now: datetime) -> Arrival:
    """Raises NotJson."""
    body = read(raw)
    given = delivery_key(site, headers, body)
    common: Mapping[str, Any] = {
        "site": site.name,
        "key": given or f"digest:{hashlib.sha256(raw).hexdigest()}",
        "body": raw,
        "received_at": now,
        "expires_at": None if given else now + DIGEST_LASTS,
        "headers": {name: headers[name][:LONGEST_HEADER] for name in KEPT_HEADERS if name in headers},
    }
    try:
        return Arrival(Delivery(ticket_id=TICKET_OF[site.platform](site, body), **common))
    except ConcernsNoTicket as event:
        return Arrival(Delivery(ticket_id="", **common), event.because, event.next_step)


def delivery_key(site: Site, headers: Headers, body: Body) -> str:
    """The platform's own id of the delivery, `""` if it gives none that can be trusted to be one."""
    given = headers.get(IDENTIFIER) if site.platform is Platform.JIRA else body.get("event_id")
    text = plain(given)
    return text if DELIVERY_ID.fullmatch(text) and not text.startswith(OUR_KEYS) else ""
