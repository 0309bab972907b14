"""A replay through the real pipeline: complete, and the same when it is killed on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import recording
from core.errors import LiaisonError

SAMPLE = Path(__file__).parent.parent / "payloads" / "servicenow" / "uci_events_raw.ndjson"


def command(work, *options):
    return [sys.executable, "-m", "app.cli", "replay", str(SAMPLE), "--work", str(work), "--json", *options]


def run(work, *options):
    done = subprocess.run(command(work, *options), capture_output=True, text=True, timeout=120, check=False)
    return json.loads(done.stdout), done.returncode


def essence(summary):
    return {name: summary[name] for name in ("comments", "tickets", "unattended", "lost", "doubled", "open_notes")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"))


def test_every_event_is_stored_attended_and_none_is_lost_or_doubled(whole):
    summary, code = whole
    assert code == 0
    assert summary["stored"] == summary["events"] == len(SAMPLE.read_bytes().splitlines())
    assert summary["comments"]["requester.opened"] > 0
    assert summary["silences"]


def test_replaying_the_same_again_changes_nothing(tmp_path, whole):
    run(tmp_path)
    again, code = run(tmp_path)
    assert code == 0
    assert again["seen"] == again["events"]
    assert essence(again) == essence(whole[0])


def test_lanes_side_by_side_say_the_same(tmp_path, whole):
    summary, code = run(tmp_path, "--lanes", "3")
    assert code == 0
    assert essence(summary) == essence(whole[0])
    assert summary["stored"] == summary["events"] == whole[0]["events"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lane-0", "lane-1", "lane-2"]


@pytest.mark.parametrize(("seconds", "lanes"), [(1.5, "1"), (3.0, "2")])
def test_killed_on_the_way_and_started_again_says_the_same(tmp_path, whole, seconds, lanes):
    process = subprocess.Popen(
        command(tmp_path, "--lanes", lanes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again, code = run(tmp_path)
    assert code == 0
    assert essence(again) == essence(whole[0])


def test_a_file_that_is_no_delivery_is_named_with_its_line(tmp_path):
    bad = tmp_path / "bad.ndjson"
    bad.write_text('\n{"webhookEvent": "jira:issue_updated"}\n')
    with pytest.raises(LiaisonError, match=r"bad\.ndjson:2: a replay takes ServiceNow envelopes"):
        recording.read([bad])
