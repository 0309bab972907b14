"""A backtest says what Liaison would have said: word for word what the real pipeline wrote of the same record."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from app import backtest, cli, rehearsal
from app.backtest import BESIDE, events_site, from_files
from app.backtest_figures import figures
from app.backtest_report import Names, ordered, page
from app.replay import AFTERWARDS
from core.decisions import Reason
from core.errors import PayloadError, RulesError

SAMPLE = Path(__file__).parent.parent / "payloads" / "servicenow" / "uci_events_raw.ndjson"
OURS = """
version: 1
rules:
  - id: ours
    when: {kind: incident, priority: P3}
    messages:
      requester:
        opened: "We have it. {% if next_update %}Next word {{ next_update.text }}.{% endif %}"
        acknowledged: none
    cadence: {requester: {every: 5d}}
"""
BUDGET = "version: 1\nbudget: {requester: 1 per 1d}\n"
OLD = """
version: 1
rules:
  - {id: old, when: {kind: incident, age: {above: 2h}}, cadence: {requester: {every: 1h}}}
"""
TIMES = ("opened_at", "sys_created_on", "sys_updated_on", "resolved_at", "closed_at")
SECRET = """
version: 1
gates:
  - {id: hush, when: {state: [resolved, closed]}, silence: all, sticky: true}
"""


def play(rules=(), against=None, files=(SAMPLE,), workers=1):
    return backtest.backtest(
        from_files(files),
        [events_site("UTC", "en")],
        list(rules),
        list(against) if against is not None else None,
        workers=workers,
        advance=lambda _done, _of: None,
    )


@pytest.fixture
def ours(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(OURS)
    return path


def replayed(files, rules, tmp_path):
    """Through server, store and stand-in: what each note said."""
    chosen = [word for path in rules for word in ("--rules", str(path))]
    command = [sys.executable, "-m", "app.cli", "replay", *map(str, files), "--work", str(tmp_path), "--lanes", "1"]
    subprocess.run([*command, *chosen, "--json"], capture_output=True, check=True, timeout=120)
    (database,) = tmp_path.rglob("store.db")
    with sqlite3.connect(database) as store:
        return store.execute("SELECT ticket_id, audience, moment, text FROM notes WHERE state = 'written'").fetchall()


@pytest.fixture
def every_word(monkeypatch):
    monkeypatch.setattr(backtest, "AFTERWARDS", AFTERWARDS)
    monkeypatch.setattr(backtest, "SAMPLES", 10_000)
    monkeypatch.setattr(backtest, "without_words", lambda life: life)


def spoken(result):
    return [(life.ref.id, str(one.audience), str(one.moment), one.words) for life in result.lives for one in life.said]


@pytest.mark.usefixtures("every_word")
def test_it_says_what_the_real_pipeline_said(tmp_path):
    """Every word to everybody, in every ticket: replayed through server, store and stand-in, and rehearsed."""
    rows = replayed([SAMPLE], [], tmp_path)
    said = spoken(play())
    assert len(said) > 20
    assert sorted(said) == sorted(rows)


@pytest.mark.usefixtures("every_word")
def test_a_budget_counts_what_one_person_heard_in_all_their_tickets(tmp_path):
    """As in earnest: three tickets of one person on one day."""
    files, rules = [of_one_person(tmp_path)], [tmp_path / "budget.yaml"]
    rules[0].write_text(BUDGET)
    said = spoken(play(rules, files=files))
    assert len(said) < len(spoken(play(files=files)))
    assert sorted(said) == sorted(replayed(files, rules, tmp_path / "work"))
    alone, together = play(rules, files=files), play(rules, files=files, workers=2)
    assert figures(together.lives).to_dict() == figures(alone.lives).to_dict()
    assert dict(figures(alone.lives).silences)[Reason.BUDGET] > 0


def of_one_person(tmp_path):
    """The sample's tickets as if one person had opened them all, one shortly after the other."""
    events = [orjson.loads(line) for line in SAMPLE.read_text().splitlines()]
    firsts = {}
    for event in events:
        event["record"]["caller_id"] = events[0]["record"]["caller_id"]
        firsts.setdefault(event["record"]["sys_id"], datetime.fromisoformat(event["sent_at"]))
    begin = min(firsts.values())
    for event in events:
        place = list(firsts).index(event["record"]["sys_id"])
        earlier = firsts[event["record"]["sys_id"]] - begin - timedelta(minutes=7 * place)
        for holder, name in [(event, "sent_at"), *((event["record"], name) for name in TIMES)]:
            if holder.get(name):
                holder[name] = str(datetime.fromisoformat(holder[name]) - earlier)
    path = tmp_path / "one.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, sorted(events, key=lambda event: event["sent_at"]))))
    return path


def test_a_ticket_that_changes_hands_ties_both_people():
    """Whose tickets they are decides what is played together."""
    record = backtest.Record([[]] * 5, 0, datetime.now(UTC))
    tied = record.by_person([{"a"}, {"b"}, {"c"}, {"b", "c"}, set()])
    assert sorted(map(list, tied.groups)) == [[0], [1, 2, 3], [4]]


def test_unread_words_change_nothing():
    """Where nobody reads the agents' notes their words are left out, and all that is counted stays."""
    alone, beside = play(), play(against=[])
    assert figures(alone.lives).to_dict() == figures(beside.lives).to_dict()
    assert alone.samples == beside.samples


def every_save(monkeypatch):
    """As if each save said something new."""
    monkeypatch.setattr(rehearsal.Rehearsal, "_says_nothing_new", lambda _self, _before: False)


def looks(monkeypatch):
    counted = Counter()
    look = rehearsal.Rehearsal._look
    monkeypatch.setattr(
        rehearsal.Rehearsal, "_look", lambda *given, **more: counted.update("l") or look(*given, **more)
    )
    return counted


def test_saves_that_say_nothing_new_are_passed_over_and_change_nothing(monkeypatch):
    counted = looks(monkeypatch)
    short = play()
    passed_over, counted["l"] = counted["l"], 0
    every_save(monkeypatch)
    assert play() == short
    assert passed_over < counted["l"]


def test_where_rules_ask_for_the_time_no_save_is_passed_over(monkeypatch, tmp_path):
    """What was not so when the ticket was new may be so by now."""
    old = tmp_path / "old.yaml"
    old.write_text(OLD)
    counted = looks(monkeypatch)
    play([old])
    passed_over, counted["l"] = counted["l"], 0
    every_save(monkeypatch)
    play([old])
    assert passed_over == counted["l"]


def test_rules_with_a_mistake_are_named_from_every_process(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nrules: [{id: x, wen: {}}]\n")
    with pytest.raises(RulesError, match=r"bad\.yaml:2:17: 'wen' means nothing here"):
        play([path], workers=2)


def test_processes_side_by_side_say_the_same(monkeypatch):
    """How the tickets are dealt out changes nothing, nor who is ready first: the same examples are shown."""
    monkeypatch.setattr("app.backtest.BUNDLE", 3)
    alone, together = play(), play(workers=2)
    assert figures(together.lives).to_dict() == figures(alone.lives).to_dict()
    assert alone.samples
    assert together.samples == alone.samples


def test_a_change_of_rules_is_told_in_groups(ours):
    """What is said in other words, at another time, now, or not any more; each with words to read."""
    result = play([ours], [])
    assert result.changes["other words and time", "requester", "opened", "incident", "ours"] > 0
    assert result.changes["silent now", "requester", "acknowledged", "incident", ""] > 0
    for change, samples in result.change_samples.items():
        assert samples, change
    shown = page(result, Names("ours.yaml", "those in use"))
    assert "rule incident before, ours after" in shown
    assert "We have it. Next word" in shown


def test_other_words_are_told_apart_from_another_time(ours, tmp_path):
    """Who changes both reads of both; what only follows, such as a time in the agents' note, comes last."""
    later, reworded, both = (tmp_path / name for name in ("later.yaml", "reworded.yaml", "both.yaml"))
    later.write_text(OURS.replace("every: 5d", "every: 6d"))
    reworded.write_text(OURS.replace("We have it.", "We have your report."))
    both.write_text(reworded.read_text().replace("every: 5d", "every: 6d"))
    for path, what in ((later, "another time"), (reworded, "other words"), (both, "other words and time")):
        result = play([path], [ours])
        opened = {change[0] for change in result.changes if change[1:3] == ("requester", "opened")}
        assert opened == {what}
        assert {change[0] for change in result.changes if change[1] == "agents"} <= {BESIDE, "said now", "silent now"}
        beside = [change[0] == BESIDE for change, _ in ordered(result)]
        assert beside == sorted(beside)


def test_the_same_rules_change_nothing():
    result = play([], [])
    assert not result.changes
    assert "Not one word would have been different" in page(result, Names("these", "those"))


def test_a_ticket_that_becomes_confidential_is_in_no_report(tmp_path):
    """It had spoken before the gate fired: even so nothing of it stands in the figures, the page or the JSON."""
    rules = tmp_path / "hush.yaml"
    rules.write_text(SECRET)
    open_ones = {life.key for life in play().lives if life.said}
    result = play([rules])
    held = [life for life in result.lives if life.held]
    assert held
    hidden = open_ones - {life.key for life in result.lives}
    assert hidden
    told = page(result, Names("hush.yaml")) + json.dumps(figures(result.lives).to_dict(), default=str)
    assert not [key for key in hidden if key in told]
    assert figures(result.lives).held == len(held)


def test_a_ticket_held_by_one_of_two_rule_sets_is_in_no_comparison(tmp_path):
    rules = tmp_path / "hush.yaml"
    rules.write_text(SECRET)
    result = play([rules], [])
    assert all(life.held for life in result.before if life.ref in {one.ref for one in result.lives if one.held})
    samples = [sample for found in result.change_samples.values() for sample in found]
    held = {life.ref.id for life in result.lives if life.held}
    keys = {life.key for life in play().lives if life.ref.id in held}
    assert keys
    assert not [sample for sample in samples if sample.ticket in keys]


def test_the_command_writes_a_page_and_json(tmp_path, ours):
    html = tmp_path / "report.html"
    words = ["rules", "backtest", str(SAMPLE), "--rules", str(ours), "--against", str(ours), "--workers", "1"]
    done = CliRunner().invoke(cli.main, [*words, "--html", str(html), "--json"])
    assert done.exit_code == 0, done.output
    told = orjson.loads(done.stdout)
    assert told["changes"] == []
    assert told["messages"] == figures(play([ours]).lives).messages
    text = html.read_text()
    assert "What these rules would have said" in text
    assert "<script" not in text
    assert "http" not in text.replace("https://backtest.invalid", "")


def test_markup_in_a_ticket_stays_text(tmp_path):
    """Keys and names come from tickets: none of them is markup in the page."""
    lines = SAMPLE.read_text().splitlines()
    first = orjson.loads(lines[0])
    identity = first["record"]["sys_id"]
    hostile = "<script>alert(1)</script>"
    spoilt = tmp_path / "events.ndjson"
    records = [orjson.loads(line) for line in lines]
    mine = [one for one in records if one["record"]["sys_id"] == identity]
    for one in mine:
        one["record"]["number"] = hostile
    spoilt.write_bytes(b"\n".join(map(orjson.dumps, mine)))
    result = play(files=[spoilt])
    assert result.lives[0].key == hostile
    shown = page(result, Names(hostile))
    assert hostile not in shown
    assert "&lt;script&gt;" in shown


def test_a_file_that_is_no_record_is_named_with_its_line(tmp_path):
    bad = tmp_path / "bad.ndjson"
    bad.write_text('\n{"webhookEvent": "jira:issue_updated"}\n')
    with pytest.raises(PayloadError, match=r"bad\.ndjson:2: a backtest takes ServiceNow envelopes"):
        list(from_files([bad]))


def test_long_silence_and_many_messages_stand_out(tmp_path):
    """Rules that write every hour for weeks are the first thing that a reader learns."""
    rules = tmp_path / "often.yaml"
    rules.write_text("version: 1\nrules: [{id: often, when: {kind: incident}, cadence: {requester: {every: 1h}}}]\n")
    shown = page(play([rules]), Names("often.yaml"))
    assert "with more than 20 messages" in shown
