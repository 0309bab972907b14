"""Every captured payload, posted to a running Liaison: answered rightly, attended to, and never a comment anywhere."""

import logging
from pathlib import Path

import orjson
import pytest
import requests
from sqlalchemy import select

from app import tables
from connector.jira.sandbox import hub_signature
from connector.servicenow.sandbox import timestamped_signature
from tests.support.world import SECRET

PAYLOADS = Path(__file__).parent.parent / "payloads"


def captures(platform):
    """By content: two documents may show the same answer."""
    return list({p.read_bytes(): p for p in sorted((PAYLOADS / platform).glob("*.json"))}.values())


D = tables.deliveries


def post(world, site, raw):
    sign = hub_signature(SECRET) if site == "jira" else timestamped_signature(SECRET, world.clock)
    headers = {"Content-Type": "application/json", **sign(raw)}
    return requests.post(f"{world.server.url}/hooks/{site}", data=raw, headers=headers, timeout=10)


def states(world):
    with world.liaison.store.read() as connection:
        return {row.state for row in connection.execute(select(D.c.state))}


@pytest.mark.parametrize(("site", "paths"), [("jira", captures("jira")), ("servicenow", captures("servicenow"))])
def test_every_capture_is_stored_attended_to_and_silent(world, site, paths, caplog):
    """None of these tickets stands in the stand-in, or is served: whatever must be re-read turns out to be gone."""
    with caplog.at_level(logging.ERROR):
        for path in paths:
            answer = post(world, site, path.read_bytes())
            assert answer.status_code == 202, (path.name, answer.text)
            assert answer.json()["status"] in ("stored", "ignored"), path.name
            world.driver.settle()
            assert post(world, site, path.read_bytes()).status_code == 200, path.name
        world.pass_(hours=3)
    assert [r.getMessage() for r in caplog.records] == []
    assert "pending" not in states(world)
    for stand_in in (world.snow, world.jira):
        assert all(not c.entries for c in stand_in.conversations())


@pytest.mark.parametrize(
    "change",
    [
        lambda body: {**body, "issue": {**body["issue"], "id": 10040}},
        lambda body: {**body, "issue": {**body["issue"], "fields": None}},
        lambda body: {**body, "issue": {**body["issue"], "fields": {"summary": 7, "status": [], "priority": "x"}}},
        lambda body: {**body, "user": None, "changelog": {"items": None}},
        lambda body: {k: v for k, v in body.items() if k != "webhookEvent"},
        lambda body: body["issue"],
        lambda body: {**body, "unknown": {"deep": [[[[[]]]]]}},
    ],
    ids=["numeric id", "null fields", "stray types", "nulls", "no event", "bare issue", "unknown fields"],
)
def test_odd_shapes_of_a_known_event_are_attended_to(world, change, caplog):
    body = orjson.loads((PAYLOADS / "jira" / "cloud-issue_updated-resolved.json").read_bytes())
    with caplog.at_level(logging.ERROR):
        answer = post(world, "jira", orjson.dumps(change(body)))
        world.pass_(hours=1)
    assert answer.status_code == 202
    assert [r.getMessage() for r in caplog.records] == []
    assert "pending" not in states(world)
