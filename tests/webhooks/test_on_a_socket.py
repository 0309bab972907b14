"""What only a real server shows: chunks, lengths that lie, bodies without end."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.socketed import socketed
from tests.webhooks.sending import Door, hub

ISSUE = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "10040"}}'
PATH = b"POST /hooks/acme-jira HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
MEGABYTE = 1024 * 1024


@pytest.fixture
def served(door: Door) -> Iterator[tuple[Door, int]]:
    with socketed(door.app) as port:
        yield door, port


def talk(port: int, *parts: bytes, shut: bool = False) -> bytes:
    """Send the parts, then read until the server closes. A server may close before it has read everything."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            for part in parts:
                line.sendall(part)
            if shut:
                line.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read(line)


def read(line: socket.socket) -> bytes:
    heard = b""
    try:
        while piece := line.recv(65536):
            heard += piece
    except ConnectionResetError:
        pass
    return heard


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head(body: bytes, *lines: bytes) -> bytes:
    signed = f"X-Hub-Signature: {hub(body)['X-Hub-Signature']}".encode()
    return PATH + b"".join(line + b"\r\n" for line in (signed, *lines)) + b"\r\n"


def chunked(body: bytes, size: int = 65536) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def test_a_body_with_its_length(served):
    door, port = served
    answer = talk(port, head(ISSUE, b"Content-Length: %d" % len(ISSUE)), ISSUE)
    assert status(answer) == 202
    assert b'"status":"stored"' in answer
    assert [kept.body for kept in door.inbox.deliveries] == [ISSUE]


def test_a_body_in_chunks(served):
    door, port = served
    assert status(talk(port, head(ISSUE, b"Transfer-Encoding: chunked"), chunked(ISSUE, 7))) == 202
    assert [kept.body for kept in door.inbox.deliveries] == [ISSUE]


@pytest.mark.parametrize("lines", [(b"Transfer-Encoding: chunked",), None], ids=["chunked", "with its length"])
def test_too_large_is_told_in_json(served, lines):
    door, port = served
    body = b'{"x": "' + b"x" * MEGABYTE + b'"}'
    sent = chunked(body) if lines else body
    answer = talk(port, head(body, *(lines or (b"Content-Length: %d" % len(body),))), sent)
    assert status(answer) == 413
    assert b'"status":"refused"' in answer
    assert door.inbox.deliveries == []


def test_exactly_one_megabyte_in_chunks(served):
    _, port = served
    body = b'{"x": "' + b"x" * (MEGABYTE - 9) + b'"}'
    assert len(body) == MEGABYTE
    assert status(talk(port, head(body, b"Transfer-Encoding: chunked"), chunked(body))) == 202


def test_a_length_that_claims_less_is_not_the_signed_body(served):
    door, port = served
    answer = talk(port, head(ISSUE, b"Content-Length: %d" % (len(ISSUE) - 5)), ISSUE)
    assert status(answer) == 401
    assert door.inbox.deliveries == []


def test_a_length_that_claims_more_stores_nothing(served):
    door, port = served
    talk(port, head(ISSUE, b"Content-Length: %d" % (len(ISSUE) + 5)), ISSUE, shut=True)
    assert door.inbox.deliveries == []


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1, 2", b"99999999999999999999"])
def test_a_length_that_is_none(served, length):
    door, port = served
    answer = talk(port, head(ISSUE, b"Content-Length: " + length), ISSUE)
    assert 400 <= status(answer) < 500
    assert door.inbox.deliveries == []


def test_no_body_at_all(served):
    door, port = served
    assert status(talk(port, head(b""))) == 400
    assert door.inbox.deliveries == []


def test_both_length_and_chunks_are_not_two_requests(served):
    """Request smuggling: what the length leaves over must not become a request of its own."""
    door, port = served
    second = head(ISSUE, b"Content-Length: %d" % len(ISSUE)) + ISSUE
    talk(port, head(b"{}", b"Content-Length: 2", b"Transfer-Encoding: chunked"), b"0\r\n\r\n", second)
    assert door.inbox.deliveries == []
