"""Who sent it: every way a signature can be right, and wrong."""

from datetime import timedelta

import pytest

from tests.webhooks.sending import NEW, NOW, OLD, hub, in_base64, liaison, mac

BODY = b'{"issue": {"id": "10040"}, "word": "Z\xc3\xbcrich"}'
RECORD = b'{"table": "incident", "sys_id": "1c741bd70b2322007518478d83673af3"}'
FOR_AUTOMATION = NEW.encode().decode("latin-1")
"""As HTTP carries it: a header is bytes, and WSGI shows them as latin-1."""


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_both_secrets_are_good_while_one_is_exchanged(door, secret):
    assert door.jira(BODY, secret).status_code == 202
    assert door.snow(RECORD, secret).status_code == 202


@pytest.mark.parametrize(
    "spell",
    [
        bytes.hex,
        lambda digest: digest.hex().upper(),
        in_base64,
        lambda digest: "sha256=" + in_base64(digest),
        lambda digest: f"SHA256={digest.hex()}",
    ],
)
def test_servicenow_signs_in_base64_or_hex(door, spell):
    assert door.send("acme-snow", RECORD, liaison(RECORD, spell=spell)).status_code == 202


def test_automation_sends_the_secret_itself(door):
    assert door.send("acme-jira", BODY, {"X-Liaison-Secret": FOR_AUTOMATION}).status_code == 202
    assert door.send("acme-jira", BODY, {"X-Liaison-Secret": FOR_AUTOMATION + "x"}).status_code == 401


def test_a_wrong_signature_is_not_excused_by_a_right_secret(door):
    assert door.send("acme-jira", BODY, {**hub(BODY, "wrong"), "X-Liaison-Secret": FOR_AUTOMATION}).status_code == 401


def test_servicenow_has_no_plain_secret(door):
    assert door.send("acme-snow", RECORD, {"X-Liaison-Secret": FOR_AUTOMATION}).status_code == 401


WRONG = {
    "nothing": {},
    "empty": {"X-Hub-Signature": ""},
    "another secret": hub(BODY, "wrong"),
    "another body": hub(BODY + b" "),
    "no method": {"X-Hub-Signature": mac(BODY, NEW).hex()},
    "no digest": {"X-Hub-Signature": "sha256="},
    "half a digest": {"X-Hub-Signature": f"sha256={mac(BODY, NEW).hex()[:32]}"},
    "two digests": {"X-Hub-Signature": f"sha256={mac(BODY, NEW).hex()},sha256=00"},
    "not hexadecimal": {"X-Hub-Signature": "sha256=" + "zz" * 32},
    "not ascii": {"X-Hub-Signature": "sha256=" + "é" * 64},
    "empty secret": hub(BODY, ""),
    "empty plain secret": {"X-Liaison-Secret": ""},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_jira_signatures_that_do_not_hold(door, headers):
    answer = door.send("acme-jira", BODY, headers)
    assert (answer.status_code, answer.json["status"]) == (401, "refused")
    assert door.inbox.deliveries == []


@pytest.mark.parametrize("method", ["sha1", "md5", "sha512", "none", "hmac-sha256"])
def test_the_method_is_read_and_only_sha256_accepted(door, method):
    answer = door.send("acme-jira", BODY, {"X-Hub-Signature": f"{method}={mac(BODY, NEW).hex()}"})
    assert answer.status_code == 401
    assert "method" in answer.json["reason"]
    assert "sha256" in answer.json["next"]


def test_the_time_is_part_of_what_is_signed(door):
    headers = liaison(RECORD)
    moved = {**headers, "X-Liaison-Timestamp": str(int(headers["X-Liaison-Timestamp"]) + 1)}
    assert door.send("acme-snow", RECORD, moved).status_code == 401


@pytest.mark.parametrize("missing", ["X-Liaison-Timestamp", "X-Liaison-Signature"])
def test_servicenow_sends_both_headers(door, missing):
    headers = {name: value for name, value in liaison(RECORD).items() if name != missing}
    answer = door.send("acme-snow", RECORD, headers)
    assert answer.status_code == 401
    assert missing in answer.json["reason"]


@pytest.mark.parametrize(
    "sent", ["2026-11-20T13:00:00Z", "1795179600000", "-1", "1e9", "１７９５１７９６００", "0x10", "9" * 400]
)
def test_a_time_that_is_no_unix_time(door, sent):
    headers = {
        "X-Liaison-Timestamp": sent.encode().decode("latin-1"),
        "X-Liaison-Signature": in_base64(mac(f"{sent}.".encode() + RECORD, NEW)),
    }
    answer = door.send("acme-snow", RECORD, headers)
    assert answer.status_code == 401
    assert "seconds" in answer.json["reason"]


@pytest.mark.parametrize("drift", [-301, 301, -86400, 86400])
def test_a_stale_time_is_told_with_the_servers_time(door, drift):
    answer = door.send("acme-snow", RECORD, liaison(RECORD, at=NOW + timedelta(seconds=drift)))
    assert answer.status_code == 401
    assert "stale" in answer.json["reason"]
    assert "2026-11-20 13:00:00 UTC" in answer.json["reason"]
    assert str(int(NOW.timestamp())) in answer.json["reason"]


@pytest.mark.parametrize("drift", [-300, 300])
def test_five_minutes_either_way_are_allowed(door, drift):
    assert door.send("acme-snow", RECORD, liaison(RECORD, at=NOW + timedelta(seconds=drift))).status_code == 202


def test_a_stranger_does_not_learn_the_servers_time(door):
    answer = door.send("acme-snow", RECORD, liaison(RECORD, "wrong", NOW + timedelta(days=1)))
    assert "stale" not in answer.json["reason"]


@pytest.mark.parametrize("headers", [{}, hub(BODY, ""), {"X-Liaison-Secret": ""}])
def test_a_site_without_secrets_trusts_nobody(door, headers):
    answer = door.send("bare", BODY, headers)
    assert answer.status_code == 401
    assert "webhook.secrets" in answer.json["next"]
