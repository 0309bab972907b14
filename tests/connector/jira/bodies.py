"""Jira bodies for tests: the captures, and a service-desk issue made by hand on their model."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from core.sites import Platform, Site

CAPTURES = sorted((Path(__file__).parents[2] / "payloads" / "jira").glob("*.json"))
RECEIVED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

ISSUE = {
    "id": "10001",
    "self": "https://acme.atlassian.net/rest/api/2/issue/10001",
    "key": "OPS-1",
    "fields": {
        "summary": "Card payments fail",
        "description": "Since ten o'clock.",
        "issuetype": {"name": "[System] Incident", "subtask": False},
        "project": {"id": "10000", "key": "OPS", "projectTypeKey": "service_desk"},
        "status": {"name": "Work in progress", "statusCategory": {"key": "indeterminate"}},
        "priority": {"name": "Highest"},
        "resolution": None,
        "security": None,
        "reporter": {"accountId": "carla", "displayName": "Carla Customer", "accountType": "customer"},
        "assignee": {"accountId": "anna", "displayName": "Anna Agent", "accountType": "atlassian"},
        "labels": ["drill"],
        "components": [{"name": "card-gw"}],
        "issuelinks": [],
        "subtasks": [],
        "created": "2026-11-20T19:50:00.000+0100",
        "updated": "2026-11-20T20:00:00.123+0100",
        "resolutiondate": None,
    },
}


def capture(name):
    return json.loads(next(path for path in CAPTURES if path.stem == name).read_text("utf-8"))


def site(**changes):
    return Site(**{"name": "acme", "platform": Platform.JIRA, "url": "https://acme.atlassian.net", **changes})


def issue(**fields):
    made = deepcopy(ISSUE)
    made["fields"].update(fields)
    return made


def event(name="jira:issue_updated", **body):
    return {"timestamp": 1763665200123, "webhookEvent": name, "issue": issue(), **body}
