"""Whatever a stranger or a broken platform sends, through a whole Liaison to the end: an answer, and no trace of harm."""

import logging
from collections import Counter
from pathlib import Path

import orjson
import pytest
import requests
from sqlalchemy import select

from app import tables
from connector.jira.sandbox import hub_signature
from connector.servicenow.sandbox import timestamped_signature
from tests.support.hostile import BODIES, PAYLOADS, SIGNATURES, TYPES, twisted
from tests.support.world import SECRET

D = tables.deliveries
FINE = frozenset({200, 202, *range(400, 500)})


class Sender:
    """Sends as each platform signs, and follows everything to its end."""

    def __init__(self, world, caplog):
        self.world, self.caplog = world, caplog
        self.session = requests.Session()
        self.sign = {"servicenow": timestamped_signature(SECRET, world.clock), "jira": hub_signature(SECRET)}

    def send(self, site, body, **changes):
        headers = {"Content-Type": "application/json", **self.sign[site](body), **changes}
        return self.session.post(f"{self.world.server.url}/hooks/{site}", body, headers=headers, timeout=10)

    def states(self):
        with self.world.liaison.store.read() as connection:
            return Counter(connection.execute(select(D.c.state)).scalars())

    def end(self):
        """Nothing waits any more after the last try, nothing raised, and nobody was told anything odd."""
        self.world.driver.settle()
        for _ in range(3):
            self.world.pass_(seconds=31)
        with self.world.liaison.store.read() as connection:
            left = connection.execute(select(D.c.key, D.c.problem).where(D.c.state == "pending")).all()
        assert left == []
        bad = [r for r in self.caplog.records if r.exc_info or r.levelno >= logging.ERROR]
        assert [r.getMessage() for r in bad] == []


@pytest.fixture
def sender(world, caplog):
    caplog.set_level(logging.INFO)
    found = Sender(world, caplog)
    yield found
    found.session.close()


@pytest.mark.parametrize("site", ["jira", "servicenow"])
def test_every_hostile_body_is_answered_and_followed_to_its_end(sender, site):
    for name, body in BODIES.items():
        answer = sender.send(site, body)
        assert answer.status_code in FINE, name
        assert set(answer.json()) == {"status", "reason", "next"}, name
    sender.end()


@pytest.mark.parametrize("site", ["jira", "servicenow"])
def test_every_hostile_signature_is_refused(sender, site):
    body = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "1"}}'
    for name, headers in SIGNATURES.items():
        answer = sender.session.post(
            f"{sender.world.server.url}/hooks/{site}",
            body,
            headers={"Content-Type": "application/json", **headers},
            timeout=10,
        )
        assert 400 <= answer.status_code < 500, name
    sender.end()


@pytest.mark.parametrize("kind", TYPES)
def test_wrong_types_in_every_place_of_a_signed_body(sender, kind):
    """Values of real payloads in turn become something else: understood, or set aside with its reason."""
    world, first = sender.world, 0
    keys = {
        "jira": world.on_jira(project="OPS", type="Incident", fields={"summary": "Till 3"}),
        "servicenow": world.on_snow(short_description="Till 3"),
    }
    ids = {site: world.ref(key).id.removeprefix("incident:") for site, key in keys.items()}
    for site, path in PAYLOADS:
        for place, body in twisted(path, kind, ids[site], first):
            answer = sender.send(site, body)
            assert answer.status_code in FINE, (path.name, place)
            world.driver.settle()
        first += 300
    sender.end()
    assert sender.states()["done"] > 30


@pytest.mark.parametrize("site", ["jira", "servicenow"])
@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-16", "application/json; charset=x", ""])
def test_other_content_types_are_refused(sender, site, kind):
    assert sender.send(site, b'{"a": 1}', **{"Content-Type": kind}).status_code == 415
    sender.end()


def test_after_all_that_an_honest_ticket_is_served(sender):
    for site in ("jira", "servicenow"):
        for body in BODIES.values():
            sender.send(site, body)
    key = sender.world.on_snow(short_description="Till 3 is down", caller_id="marta")
    sender.world.pass_(minutes=5)
    assert sender.world.said(key)


def test_the_corpus_is_hostile():
    assert len(BODIES) > 40
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(BODIES["lone surrogate"])
    assert all(Path(path).exists() for _, path in PAYLOADS)
