"""Bodies and signatures that nobody honest sends. Each has a name; large ones are made here, the same every time."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

PAYLOAD_FOLDER = Path(__file__).parents[1] / "payloads"
MEGABYTE = 1024 * 1024
NOISE = random.Random(3)  # the same noise every time


EVENT = """{"webhookEvent":"jira:issue_updated","timestamp":1,"issue":{"id":"10040","key":"OPS-1","fields":
{"summary":VALUE,"customfield_1":VALUE,"project":{"key":"OPS","projectTypeKey":"service_desk"}}}}"""
RECORD = """{"event_id":"EVENT","table":"incident","operation":"update","record":
{"sys_id":"1c741bd70b2322007518478d83673af3","number":"INC1","short_description":VALUE,"sys_mod_count":VALUE}}"""


def jira(value: str) -> bytes:
    """An issue event with any text, JSON or not, as its summary and in a custom field."""
    return EVENT.replace("VALUE", value).encode("utf-8", "surrogatepass")


def snow(value: str) -> bytes:
    event = str(NOISE.getrandbits(60))
    return RECORD.replace("EVENT", event).replace("VALUE", value).encode("utf-8", "surrogatepass")


VALUES = {
    "not a number": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "overflowing float": "1e400",
    "tiny float": "1e-400",
    "huge integer": "9" * 400,
    "enormous integer": "9" * 100_000,
    "integer beyond 64 bits": "18446744073709551616",
    "negative zero": "-0",
    "octal": "0777",
    "hexadecimal": "0xFF",
    "lone surrogate": '"\\ud800"',
    "lone low surrogate": '"\\udc00 x"',
    "surrogates swapped": '"\\udc00\\ud800"',
    "raw surrogate": '"\ud800"',
    "nul": '"\\u0000"',
    "raw nul": '"\0"',
    "control characters": '"\\u0001\\u001b[2J\\u0007"',
    "right to left override": '"\\u202egnp.exe"',
    "zero width": '"\\u200b\\u200d\\ufeff"',
    "combining pile": '"' + "e" + "\\u0301" * 5000 + '"',
    "script": '"<script>alert(1)</script>{{7*7}}${7*7}"',
    "sql": '"\'; DROP TABLE tickets; --"',
    "format": '"%s%n{0}{__class__}"',
    "depth bomb of lists": "[" * 10_000 + "]" * 10_000,
    "depth bomb of objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "modest depth": "[" * 900 + "]" * 900,
    "wide": "[" + ",".join("0" for _ in range(100_000)) + "]",
    "single quotes": "'x'",
    "trailing comma": "[1,]",
    "comment": "/* x */ 1",
    "true in capitals": "True",
    "long text": '"' + "x" * 900_000 + '"',
    "newlines": '"\\r\\nX-Header: 1\\r\\n\\r\\n"',
}
WHOLE = {
    "nothing": b"",
    "blank": b" \r\n\t ",
    "nul bytes": b"\0" * 100,
    "a megabyte of noise": NOISE.randbytes(MEGABYTE),
    "more than a megabyte": b'{"a":"' + b"x" * MEGABYTE + b'"}',
    "a megabyte of brackets": b"[" * MEGABYTE,
    "null": b"null",
    "number": b"1",
    "text": b'"x"',
    "list": b"[]",
    "list of events": b'[{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}]',
    "empty object": b"{}",
    "two documents": b"{}{}",
    "cut off": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"1',
    "utf-16": '{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}'.encode("utf-16"),
    "utf-32": '{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}'.encode("utf-32"),
    "latin-1": '{"webhookEvent":"jira:issue_updated","issue":{"id":"ä"}}'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + b'{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}',
    "overlong utf-8": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"\xc0\xaf"}}',
    "gzip": b"\x1f\x8b\x08\x00" + NOISE.randbytes(200),
    "form": b"payload=%7B%7D",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "duplicate keys": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"1"},"issue":{"id":"2","id":"3"}}',
    "duplicate keys of servicenow": b'{"event_id":"a","event_id":"b","table":"incident","table":"sys_user",'
    b'"operation":"update","record":{"sys_id":"1c741bd70b2322007518478d83673af3","sys_id":"2"}}',
    "id that climbs": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"../../rest/api/2/user","key":"../.."}}',
    "id with a query": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"1?expand=x#y","key":"A-1"}}',
    "very long id": b'{"webhookEvent":"jira:issue_updated","issue":{"id":"' + b"1" * 100_000 + b'"}}',
    "negative id": b'{"webhookEvent":"jira:issue_updated","issue":{"id":-1}}',
    "sys_id that climbs": b'{"event_id":"c","table":"incident","operation":"update","record":{"sys_id":"../sys_user"}}',
    "table of the admins": b'{"event_id":"d","table":"sys_user","operation":"update","record":{"sys_id":"1"}}',
    "proto": b'{"__proto__":{"a":1},"constructor":{"prototype":{}},"webhookEvent":"jira:issue_updated"}',
}
BODIES: dict[str, bytes] = {
    **WHOLE,
    **{name: jira(value) for name, value in VALUES.items()},
    **{f"{name}, in a record": snow(value) for name, value in VALUES.items()},
}

LONG = "a" * 8000
SIGNATURES: dict[str, dict[str, str]] = {
    "none": {},
    "empty": {"X-Hub-Signature": "", "X-Liaison-Signature": "", "X-Liaison-Timestamp": ""},
    "only the method": {"X-Hub-Signature": "sha256="},
    "another method": {"X-Hub-Signature": "md5=" + "0" * 32},
    "no method": {"X-Hub-Signature": "0" * 64},
    "zeroes": {"X-Hub-Signature": "sha256=" + "0" * 64},
    "not hexadecimal": {"X-Hub-Signature": "sha256=" + "zz" * 32},
    "not ascii": {"X-Hub-Signature": "sha256=" + "ä" * 64},
    "very long": {"X-Hub-Signature": "sha256=" + "0" * 8000, "X-Liaison-Signature": LONG, "X-Liaison-Timestamp": "1"},
    "many equal signs": {"X-Hub-Signature": "=" * 5000},
    "several": {"X-Hub-Signature": ", ".join(["sha256=" + "0" * 64] * 50)},
    "wrong secret": {"X-Liaison-Secret": "guess"},
    "long secret": {"X-Liaison-Secret": LONG},
    "time is text": {"X-Liaison-Timestamp": "now", "X-Liaison-Signature": "AAAA"},
    "time is not a number": {"X-Liaison-Timestamp": "nan", "X-Liaison-Signature": "AAAA"},
    "time without end": {"X-Liaison-Timestamp": "inf", "X-Liaison-Signature": "AAAA"},
    "time of many digits": {"X-Liaison-Timestamp": "9" * 5000, "X-Liaison-Signature": "AAAA"},
    "time before time": {"X-Liaison-Timestamp": "-99999999999999", "X-Liaison-Signature": "AAAA"},
    "time in other digits": {"X-Liaison-Timestamp": "²³", "X-Liaison-Signature": "AAAA"},
    "broken base64": {"X-Liaison-Timestamp": "1795165200", "X-Liaison-Signature": "=A=A"},
    "signature of nothing": {"X-Liaison-Timestamp": "1795165200", "X-Liaison-Signature": "="},
}

TYPES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "number": -1.5e300,
    "long number": 2**63,
    "empty text": "",
    "text": "\u202e{{ 7*7 }} ü",
    "list": [],
    "list of odd things": [None, {}, [[]], 1],
    "object": {},
    "object of odd things": {"id": [], "name": {"a": None}, "value": 1, "display_value": []},
}
PAYLOADS = (
    ("jira", PAYLOAD_FOLDER / "jira" / "cloud-issue_updated-resolved.json"),
    ("jira", PAYLOAD_FOLDER / "jira" / "cloud-comment_created.json"),
    ("servicenow", PAYLOAD_FOLDER / "servicenow" / "outbound_our_envelope.json"),
    ("servicenow", PAYLOAD_FOLDER / "servicenow" / "docs_table_get_one_incident.json"),
)
SHARE = 5
"""Each kind of value goes to every fifth place, another fifth for the next kind."""


def twisted(path: Path, kind: str, identity: str, first: int) -> Iterator[tuple[str, bytes]]:
    """The payload as one about the ticket of this id, again and again, each time newer and one more value replaced."""
    turn = list(TYPES).index(kind)
    for number, place in enumerate(places(about(path, identity, first))):
        if number % SHARE == turn % SHARE:
            whole = about(path, identity, first + number)
            inner = whole
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = TYPES[kind]
            yield "/".join(map(str, place)), orjson.dumps(whole)


def about(path: Path, identity: str, number: int) -> Any:
    whole = orjson.loads(path.read_bytes())
    minute, second = divmod(number, 60)
    if "issue" in whole:
        whole["issue"]["id"] = identity
        whole["timestamp"] = 1_795_165_200_000 + number
        whole["issue"]["fields"]["updated"] = f"2026-11-20T09:{minute:02}:{second:02}.000+0000"
        return whole
    record = whole.get("record") or whole.get("result") or whole
    record |= {"sys_id": identity, "sys_updated_on": f"2026-11-20 09:{minute:02}:{second:02}", "sys_mod_count": number}
    return {"event_id": f"{path.name}-{number}", "table": "incident", "operation": "update", "record": record}


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*before, step)
        yield from places(one, (*before, step))
