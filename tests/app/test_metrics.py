"""`/metrics`: counts that are right, cheap at any size, and tell nothing about anybody."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import flask
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from app.marking import Marker
from app.metrics import DEAD, OPEN_NOTES, OVERDUE, PENDING, WRITTEN, Metrics
from app.prepared import Prepared
from app.tallies import ALL
from core.errors import Unavailable
from tests.support.scripted import RULES, START, bench, incident
from tests.support.world import world

DOCS = Path(__file__).parent.parent.parent / "docs" / "settings.md"
TABLES = r"\b(promises|notes|tickets|deliveries|journal|wakeups)\b"
GATED = (
    RULES
    + """
gates:
  - {id: confidential, when: {category: security}, silence: all, sticky: true, because: The ticket is confidential.}
"""
)
CATALOGUE = """
services: [{id: tills, name: the tills, aliases: {jira: [tills]}}]
"""


class Scraped:
    def __init__(self, desk, *, everybody=False):
        self.metrics = Metrics(desk.store, desk.clock, desk.rulebook, desk.pauses, desk.sites)
        app = flask.Flask("x")
        app.register_blueprint(self.metrics.blueprint(everybody=everybody))
        self.client = app.test_client()

    def get(self, **from_where):
        return self.client.get("/metrics", **from_where)

    def text(self):
        answer = self.get()
        assert answer.status_code == 200
        return answer.text

    def values(self, name):
        return values(self.text(), name)


def values(text, name):
    """By the values of the labels, in the order of their names."""
    samples = [sample for family in parsed(text) for sample in family.samples if sample.name == name]
    return {tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in samples}


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path, rules=RULES.replace("rules:\n", CATALOGUE.lstrip() + "rules:\n", 1)) as found:
        yield found


def test_promises_by_how_they_ended(desk):
    seen = Scraped(desk)
    for number, priority in enumerate(("P1", "P3", "")):
        desk.happen(incident(str(number), priority=priority))
    assert seen.values("liaison_promises_open") == {("P1",): 1, ("P3",): 1, ("none",): 1}
    desk.platform.deaf = Unavailable("down")
    desk.pass_(minutes=40)
    assert seen.values("liaison_promises_overdue") == {(): 3}
    assert seen.values("liaison_promises_oldest_overdue_seconds") == {(): 600}
    desk.platform.deaf = None
    desk.pass_(minutes=1)
    assert seen.values("liaison_promises_total") == {
        ("kept_late", "P1"): 1,
        ("kept_late", "P3"): 1,
        ("kept_late", "none"): 1,
    }
    assert seen.values("liaison_promises_broken_total") == {("platform_down", "kept_late"): 3}
    assert seen.values("liaison_promises_overdue") == {(): 0}


def test_services_are_the_catalogues_and_no_raw_name(desk):
    """A label that people can write into a ticket would grow without end, and could tell what it must not."""
    seen = Scraped(desk)
    desk.happen(incident("1", service="tills"))
    desk.happen(incident("2", service="PAYROLL OF THE BOARD"))
    desk.pass_(minutes=31)
    assert seen.values("liaison_promises_by_service_total") == {("kept", "tills"): 1, ("kept", "other"): 1}
    assert "BOARD" not in seen.text()


def test_a_confidential_ticket_shows_nowhere(tmp_path):
    with bench(tmp_path, rules=GATED) as desk:
        seen = Scraped(desk)
        desk.happen(incident())
        desk.happen(incident(category="security", revision="0002"))
        assert seen.values("liaison_promises_total") == {}
        assert seen.values("liaison_promises_open") == {("P3",): 0}


def test_notes_written_since_the_start_and_those_that_wait(desk):
    seen = Scraped(desk)
    desk.happen(incident())
    desk.pass_(minutes=1)
    assert seen.values("liaison_notes_written_total") == {("requester",): 1, ("agents",): 1}
    desk.platform.faults = ["refused"]
    desk.pass_(minutes=40)
    assert seen.values("liaison_notes_written_total") == {("requester",): 1, ("agents",): 1}
    assert seen.values("liaison_notes") == {("requester", "refused"): 1}


def test_what_waits_and_what_stands_in_the_way(desk, monkeypatch):
    seen = Scraped(desk)
    desk.platform.faults = ["paused_site"]
    desk.happen(incident("1"))
    desk.receive(incident("2"))
    desk.pauses.alarm("acme", "An internal note came out public.")
    monkeypatch.setattr(desk.rulebook, "problem", "1 problem in the rules")
    assert seen.values("liaison_pauses_total") == {("site", "acme"): 1}
    assert seen.values("liaison_paused") == {(): 1}
    assert seen.values("liaison_deliveries") == {("pending",): 1, ("dead",): 0}
    assert seen.values("liaison_alarm") == {("acme",): 1}
    assert seen.values("liaison_rules_problem") == {(): 1}
    desk.clock.move(START + timedelta(hours=1))
    assert seen.values("liaison_paused") == {(): 0}


def test_a_real_server_counts_its_answers_and_its_looks(tmp_path):
    with world(tmp_path) as found:
        found.on_snow(short_description="Till", caller_id="eva")
        client = found.liaison.web().test_client()
        client.post("/hooks/servicenow", data=b"{}")
        client.post("/hooks/nobody%20knows", data=b"{}")
        text = client.get("/metrics").text
        seen = values(text, "liaison_webhooks_total")
        assert seen["servicenow", "202"] >= 1
        assert (seen["servicenow", "401"], seen["other", "404"]) == (1, 1)
        assert values(text, "liaison_attend_seconds_count")[()] >= 1


# --- who may look ------------------------------------------------------------------------------------------------------

ELSEWHERE = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
PROXIED = {"headers": {"X-Forwarded-For": "192.0.2.7"}}


@pytest.mark.parametrize("stranger", [ELSEWHERE, PROXIED, {"headers": {"Host": "liaison.example"}}])
def test_only_this_machine_may_look(desk, stranger):
    answer = Scraped(desk).get(**stranger)
    assert answer.status_code == 403
    assert "liaison_" not in answer.text
    assert "`metrics`" in answer.text


def test_open_metrics_answer_a_collector_elsewhere(desk):
    assert Scraped(desk, everybody=True).get(**ELSEWHERE).status_code == 200


def test_a_store_that_fails_is_told_in_words(desk):
    seen = Scraped(desk)
    Path(desk.store.url.removeprefix("sqlite:///")).unlink()
    desk.store._idle.clear()
    desk.store._engine.dispose()
    answer = seen.get()
    assert answer.status_code == 503
    assert "store" in answer.text


# --- cheap at any size -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [OPEN_NOTES, WRITTEN, PENDING, DEAD, OVERDUE], ids=range(5))
def test_nothing_walks_through_a_whole_table(desk, asked: Prepared):
    """Each search goes by an index that holds only what is still open, or only what is new."""
    asked._compile()
    path = desk.store.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as raw:
        plan = raw.execute(f"EXPLAIN QUERY PLAN {asked._sql}", ["2026"] * len(asked._names)).fetchall()
    raw.close()
    steps = [step[3] for step in plan if re.search(TABLES, step[3])]
    assert steps
    for step in steps:
        assert "SEARCH" in step or re.search(r"INDEX (deliveries_pending|deliveries_dead|notes_open)", step), steps


def test_tallies_stay_few_whatever_happens(desk):
    for number in range(30):
        desk.happen(incident(str(number), service=f"free text {number}"))
    desk.pass_(minutes=31)
    with desk.store.look() as look:
        assert len(ALL.run(look).fetchall()) == 2


# --- marking -----------------------------------------------------------------------------------------------------------


def test_what_falls_due_is_marked_once_with_the_time_it_was_seen(desk):
    desk.happen(incident())
    marker = Marker(desk.store, desk.clock)
    assert marker.mark() == 0
    desk.clock.move(START + timedelta(minutes=30, seconds=1))
    assert [marker.mark(), marker.mark(), Marker(desk.store, desk.clock).mark()] == [1, 0, 0]
    assert desk.promises()[0].marked_at == "2026-11-20T09:30:01.000Z"


def test_marking_takes_many_in_pieces(desk, monkeypatch):
    monkeypatch.setattr("app.marking.PIECE", 3)
    for number in range(10):
        desk.happen(incident(str(number)))
    desk.clock.move(START + timedelta(minutes=30))
    assert Marker(desk.store, desk.clock).mark() == 10
    assert {p.marked_at for p in desk.promises()} == {"2026-11-20T09:30:00.000Z"}


# --- the reference -----------------------------------------------------------------------------------------------------


def test_every_metric_is_told(tmp_path):
    with world(tmp_path) as found:
        names = {
            family.name + ("_total" if family.type == "counter" else "")
            for family in found.liaison.metrics.registry.collect()
        }
    told = set(re.findall(r"^\| `(liaison_\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == names
