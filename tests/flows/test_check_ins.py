"""The question of the next working day, after an incident that hit hard, with the shipped words on both platforms."""

import pytest

from app import tables
from tests.support.world import world


class OnSnow:
    def __init__(self, world):
        self.world = world
        self.key = world.on_snow(short_description="x", caller_id="eva", priority="1", state="2")

    def state(self, name):
        done = {"close_code": "Solved (Permanently)"} if name == "resolved" else {}
        state = {"resolved": "6", "closed": "7", "again": "2"}[name]
        self.world.on_snow(self.key, state=state, **done)

    def answer(self, text):
        self.world.on_snow(self.key, who="eva", comments=text)


class OnJira:
    def __init__(self, world):
        self.world = world
        fields = {"summary": "x", "priority": "Highest"}
        self.key = world.on_jira(who="carla", type="Incident", fields=fields, status="In Progress")

    def state(self, name):
        self.world.on_jira(self.key, status={"resolved": "Resolved", "closed": "Closed", "again": "In Progress"}[name])

    def answer(self, text):
        self.world.on_jira(self.key, who="carla", comment={"text": text, "public": True})


@pytest.fixture(params=[OnSnow, OnJira])
def incident(request, tmp_path):
    """Opened on a Friday at ten in Berlin, worked on, and resolved at half past ten."""
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        found = request.param(one)
        one.pass_(minutes=30)
        found.state("resolved")
        one.pass_(minutes=6)
        yield found


def moments(incident):
    notes = [n for n in incident.world.rows(tables.notes, incident.key) if n.written_at]
    return [(n.audience, n.moment) for n in sorted(notes, key=lambda n: n.written_at)]


def test_the_requester_is_asked_on_the_next_working_day_also_when_it_was_closed(incident):
    incident.world.pass_(hours=5)
    incident.state("closed")
    incident.world.pass_(days=2, hours=18)
    assert ("requester", "check_in") not in moments(incident)
    incident.world.pass_(hours=2)
    assert "Is everything fine with the service you reported now?" in incident.world.said(incident.key)[-1]
    before = len(incident.world.said(incident.key))
    incident.world.pass_(days=20)
    assert len(incident.world.said(incident.key)) == before


def test_the_answer_is_brought_to_the_agents_and_not_quoted_to_anybody(incident):
    incident.world.pass_(days=3, hours=1)
    incident.answer("No, till 4 on 10.1.2.3 is still down")
    incident.world.pass_(minutes=5)
    notes = incident.world.entries(incident.key, internal=True)
    assert "The requester answered the check-in: read their comment." in notes[-1].text
    assert not any(
        "till 4" in entry.text for entry in incident.world.entries(incident.key) if entry.author == "Liaison"
    )
    assert ("requester", "replied") not in moments(incident)


def test_who_reports_again_before_the_question_is_not_asked(incident):
    incident.world.pass_(days=2, hours=23)
    incident.state("again")
    incident.world.pass_(hours=3)
    assert ("requester", "check_in") not in moments(incident)


def test_a_ticket_that_hit_nobody_hard_is_not_asked_about(tmp_path):
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        key = one.on_snow(short_description="x", caller_id="eva", priority="4", state="2")
        one.pass_(minutes=30)
        one.on_snow(key, state="6", close_code="Solved (Permanently)")
        one.pass_(days=10)
        assert [n.moment for n in one.rows(tables.notes, key) if n.audience == "requester"] == ["opened", "resolved"]
