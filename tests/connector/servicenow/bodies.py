"""Captured bodies, and what the tests build on them."""

import json
from datetime import UTC, datetime
from pathlib import Path

from connector.servicenow.schema import Reader
from core.sites import Auth, Platform, Secret, Site

FOLDER = Path(__file__).parents[2] / "payloads" / "servicenow"
CAPTURES = sorted(FOLDER.glob("*.json"))
RECEIVED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NOTE_ID = "u_liaison_note_id"
CALLER = "5137153cc611227c000bbd1bd8cd2005"
LOCATION = "108752c8c611227501d4ab0e392ba97f"


def capture(name):
    return json.loads((FOLDER / name).read_text())


def events(values):
    return [json.loads(line) for line in (FOLDER / f"uci_events_{values}.ndjson").read_text().splitlines()]


def site(**changes):
    given = {
        "name": "acme-snow",
        "platform": Platform.SERVICENOW,
        "url": "https://acme.service-now.com",
        "auth": Auth("liaison", Secret("secret")),
        "account": "liaison",
        "note_id_column": NOTE_ID,
    }
    return Site(**{**given, **changes})


def reference(name, sys_id="0" * 32):
    return {"value": sys_id, "display_value": name}


RECORD = {
    "sys_id": "1c741bd70b2322007518478d83673af3",
    "sys_class_name": "incident",
    "number": "INC0000060",
    "short_description": "Unable to connect to email",
    "description": "Since ten.",
    "state": "2",
    "hold_reason": "",
    "priority": "3",
    "impact": "2",
    "urgency": "2",
    "category": "network",
    "close_code": "",
    "business_service": reference("Email", "27d32778c0a8000b00db970eeaa60f16"),
    "cmdb_ci": "",
    "location": reference("Berlin Mitte", LOCATION),
    "assignment_group": reference("Network", "287ebd7da9fe198100f92cc8d1d2154e"),
    "assigned_to": "",
    "caller_id": reference("Eva Brandt", CALLER),
    "caller_id.user_name": "eva.brandt",
    "parent_incident": "",
    "opened_at": "2016-12-12 15:19:57",
    "sys_updated_on": "2016-12-13 18:46:44",
    "sys_updated_by": "david.loo",
    "sys_mod_count": "7",
    "comments": "",
    "work_notes": "",
}
CHANGE = {
    **RECORD,
    "sys_class_name": "change_request",
    "number": "CHG0000024",
    "state": "-5",
    "type": "normal",
    "risk": reference("High", "2"),
    "approval": "not requested",
    "start_date": "2016-12-20 01:00:00",
    "end_date": "2016-12-20 03:00:00",
    "requested_by": reference("Eva Brandt", CALLER),
}


def envelope(*, table="incident", operation="update", changed=(), **columns):
    base = CHANGE if table == "change_request" else RECORD
    return {
        "event_id": "e1a258df7843581fc91394a1e760c9d4",
        "table": table,
        "operation": operation,
        "sent_at": "2016-12-13 18:46:44",
        "changed_fields": list(changed),
        "record": {**base, **columns},
    }


def sight(body, **changes):
    return Reader(site(**changes)).sight(body, RECEIVED)


def ticket(*, configured=None, **columns):
    return sight(envelope(**columns), **(configured or {})).snapshot.ticket


def change(*, configured=None, **columns):
    return sight(envelope(table="change_request", **columns), **(configured or {})).snapshot.ticket
