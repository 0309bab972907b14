"""Clients that dribble their bytes cost an honest sender nothing: no thread is theirs before their request is whole."""

import selectors
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import requests

from app.clocks import DrivenClock
from app.liaison import Liaison
from app.serving import THREADS, Server
from app.settings import Listen, Settings
from connector.jira.sandbox import hub_signature
from core.sites import Platform, Secret, Site
from tests.support.scripted import START

SITE = Site("acme", Platform.JIRA, "https://x.example", webhook_secrets=(Secret("s"),), speak_from=START)
HEAD = b"POST /hooks/acme HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
BODY = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "1"}}'


@pytest.fixture
def liaison(tmp_path):
    found = Liaison(Settings(f"sqlite:///{tmp_path}/liaison.db", sites=(SITE,)), DrivenClock(START))
    yield found
    found.close()


@pytest.fixture
def server(liaison):
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    yield server
    server.stop()


@contextmanager
def dribbling(server, count, start, *, every=0.05):
    """So many connections that send `start` and then a byte now and then, until the end. Gives their sockets."""
    host, port = server.url.removeprefix("http://").split(":")
    lines = [socket.create_connection((host, int(port)), timeout=5) for _ in range(count)]
    over = threading.Event()

    def dribble():
        while not over.wait(every):
            for line in lines:
                with suppress(OSError):  # the server was tired of it
                    line.send(b"x")

    for line in lines:
        line.sendall(start)
    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        yield lines
    finally:
        over.set()
        thread.join(5)
        for line in lines:
            line.close()


def honest(server, number):
    """Seconds until an honest webhook was acknowledged."""
    body = BODY.replace(b'"1"', b'"%d"' % number)
    headers = {"Content-Type": "application/json", **hub_signature("s")(body)}
    began = time.monotonic()
    answer = requests.post(f"{server.url}/hooks/acme", body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 202
    return time.monotonic() - began


PATIENCE = 10
"""Seconds. The others hold on for a minute: whoever waits for them waits longer than this."""


@pytest.mark.parametrize("count", [64, 250])
@pytest.mark.parametrize("start", [b"P", HEAD[:60], HEAD, HEAD + b"{"], ids=["line", "headers", "body", "in the body"])
def test_an_honest_sender_is_answered_while_others_dribble(server, count, start):
    assert count > THREADS
    with dribbling(server, count, start):
        time.sleep(0.3)
        assert max(honest(server, n) for n in range(5)) < PATIENCE


def test_who_reads_its_answers_slowly_holds_nobody_up(server):
    """64 that ask and never read; the answers wait in the server, not its threads."""
    with dribbling(server, 64, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4, every=60):
        assert max(honest(server, n) for n in range(5)) < PATIENCE


def test_who_falls_silent_is_hung_up_on(liaison, monkeypatch):
    monkeypatch.setattr("app.serving.SILENT_SECONDS", 1)
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    try:
        with dribbling(server, 3, HEAD, every=60) as lines, selectors.DefaultSelector() as heard:
            for line in lines:
                heard.register(line, selectors.EVENT_READ)
            assert heard.select(10)
    finally:
        server.stop()
