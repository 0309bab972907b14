"""Which ServiceNow record an event concerns: `TicketRef.id` is `<table>:<sys_id>`."""

import re

from core.sites import Site
from webhooks.identities import Body, ConcernsNoTicket, inside, plain, shown

TABLES = ("incident", "change_request")
OPERATIONS = frozenset({"insert", "update", "delete"})
"""manifest.yaml lists exactly these; a test holds the two together."""

TABLE = re.compile(r"[a-z][a-z0-9_]{1,79}")
# A GUID as a rule; records that come with the product have readable ids.
SYS_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,63}")
PREFIXES = {"INC": "incident", "CHG": "change_request"}


def ticket_id(site: Site, body: Body) -> str:
    """Raises ConcernsNoTicket."""
    event = body.get("operation") or body.get("event")
    if event and plain(event).lower() not in OPERATIONS:
        raise ConcernsNoTicket(
            f"Liaison does not listen to the operation {shown(event)}.",
            f"Nothing to do; the business rule may be limited to {', '.join(sorted(OPERATIONS))}.",
        )
    if body.get("error"):
        raise ConcernsNoTicket(
            "This is an error message of ServiceNow, not an event.", "Send the record, not what a request was answered."
        )
    outer = unwrapped(body)
    record = inside(outer, "record") or outer
    sys_id = first(SYS_ID, plain(outer.get("record_id")), plain(record.get("sys_id")), plain(outer.get("sys_id")))
    table = first(TABLE, *tables(outer, record))
    if not (table and sys_id):
        raise ConcernsNoTicket(
            "There is no record with a usable table and sys_id in the event.",
            "Send {event_id, table, operation, sent_at, changed_fields, record} with record.sys_id.",
        )
    if table not in served(site):
        raise ConcernsNoTicket(
            f"The table {table} is not served.", "Add it under serves of this site in liaison.yaml if it should be."
        )
    return f"{table}:{sys_id}"


def unwrapped(body: Body) -> Body:
    """Some senders pass on an answer of the Table API: `{"result": {...}}`, or a list of one."""
    result = body.get("result")
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    return result if isinstance(result, dict) else body


def tables(outer: Body, record: Body) -> tuple[str, ...]:
    """What names the table, best first: the envelope, other integrations' `record_type` (whose `sys_id` is that of a
    subscription), the record's class or its label, the letters of its number.
    """
    label = plain(record.get("sys_class_name")).lower().replace(" ", "_")
    by_number = PREFIXES.get(plain(record.get("number"))[:3].upper(), "")
    return plain(outer.get("table")).lower(), plain(outer.get("record_type")).lower(), label, by_number


def first(shape: re.Pattern[str], *candidates: str) -> str:
    return next((candidate for candidate in candidates if shape.fullmatch(candidate)), "")


def served(site: Site) -> frozenset[str]:
    return frozenset(TABLES).union(*(serves.tables for serves in site.serves))
