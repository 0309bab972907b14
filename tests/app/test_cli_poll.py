"""`liaison poll`: asking now what webhooks missed."""

import json

import pytest
from click.testing import CliRunner

from app.cli import main
from connector.jira.sandbox import JiraStandIn
from connector.servicenow.sandbox import ServiceNowStandIn

ENV = {"SNOW": "liaison", "JIRA": "stand-in"}


@pytest.fixture
def stand_ins():
    both = ServiceNowStandIn(), JiraStandIn()
    for one in both:
        one.start()
    yield both
    for one in both:
        one.stop()


@pytest.fixture
def config(tmp_path, stand_ins):
    snow, jira = stand_ins
    path = tmp_path / "liaison.yaml"
    path.write_text(f"""
sites:
  - {{name: snow, platform: servicenow, url: "{snow.url}", auth: {{user: liaison, token: "env:SNOW"}},
     webhook: {{secrets: ["env:SNOW"]}}, note_id_column: u_liaison_note_id, speak_from: 2026-01-01T00:00:00Z}}
  - {{name: desk, platform: jira, url: "{jira.url}", auth: {{user: "{jira.user}", token: "env:JIRA"}},
     webhook: {{secrets: ["env:JIRA"]}}, speak_from: 2026-01-01T00:00:00Z}}
""")
    return str(path)


def run(config, *words):
    return CliRunner(env=ENV).invoke(main, ["poll", *words, "--config", config])


def test_every_site_is_asked_and_twice_changes_nothing(config, stand_ins):
    snow, jira = stand_ins
    snow.change("", {"as": "eva", "fields": {"short_description": "x"}})
    jira.change("", {"as": "carla", "fields": {"summary": "y"}})
    jira.change("", {"as": "carla", "fields": {"summary": "z"}})
    first = run(config, "--json")
    assert first.exit_code == 0
    assert [(look["site"], look["found"], look["new"]) for look in json.loads(first.stdout)] == [
        ("snow", 1, 1),
        ("desk", 2, 2),
    ]
    again = run(config)
    assert again.exit_code == 0
    assert "desk: 2 changed since 20" in again.stdout
    assert again.stdout.count("0 of them unknown") == 2


def test_one_site_can_be_asked_alone(config):
    assert [look["site"] for look in json.loads(run(config, "desk", "--json").stdout)] == ["desk"]


def test_a_site_that_is_not_configured_is_named_with_those_that_are(config):
    got = run(config, "nobody")
    assert got.exit_code == 2
    assert got.stderr == "there is no site 'nobody'. liaison.yaml has snow, desk.\n"


def test_a_site_that_cannot_be_asked_does_not_keep_the_others_from_it(config, stand_ins, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    stand_ins[0].stop()
    got = run(config, "--json")
    assert got.exit_code == 2
    assert got.stderr.startswith("snow: ")
    assert [look["site"] for look in json.loads(got.stdout)] == ["desk"]
