"""The web application on a real port."""

import http.client
import json
import socket
import threading

import pytest

from app.clocks import DrivenClock
from app.liaison import Liaison
from app.serving import Server
from app.settings import Listen, Settings
from core.sites import Platform, Secret, Site
from tests.support.scripted import START

SITE = Site("acme", Platform.JIRA, "https://x.example", webhook_secrets=(Secret("s"),), speak_from=START)


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


def ask(server, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_pages_answer_people_at_the_machine(server):
    assert ask(server, "/")[0] == 200
    assert ask(server, "/healthz")[0] == 200
    assert ask(server, "/readyz")[0] == 200


@pytest.mark.parametrize(
    "header", ["X_Forwarded_For", "Forwarded", "X_Forwarded_Host", "X_Forwarded_Proto", "X_Real_IP", "Via"]
)
def test_pages_refuse_who_comes_through_a_proxy(server, header):
    """The proxy's own address is loopback; its visitor may be anybody."""
    assert ask(server, "/", **{header: "203.0.113.9"})[0] == 403


def test_pages_refuse_another_name_for_this_machine(server):
    assert ask(server, "/", Host="evil.example")[0] == 403


def test_webhooks_answer_through_a_proxy(server):
    status, _, body = ask(
        server, "/hooks/acme", "POST", b"{}", Content_Type="application/json", X_Forwarded_For="203.0.113.9"
    )
    assert status == 401
    assert json.loads(body)


@pytest.mark.parametrize("size", [1_048_577, 3_000_000])
def test_a_body_that_is_too_big_is_answered_in_json(server, size):
    status, headers, body = ask(server, "/hooks/acme", "POST", b"x" * size, Content_Type="application/json")
    assert (status, headers["Content-Type"]) == (413, "application/json")
    assert json.loads(body)


def test_no_answer_names_the_server_software(server):
    assert ask(server, "/healthz")[1].get("Server") is None


def test_stopping_is_clean_and_the_port_is_free_again(liaison):
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    port = int(server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)):  # somebody keeps a connection open
        assert ask(server, "/healthz")[0] == 200
        server.stop()
    for thread in threading.enumerate():
        if thread.name.startswith(("web", "waitress")):
            thread.join(10)  # none waits for that connection; on a busy machine one may be about to end
            assert not thread.is_alive()
    again = Server(liaison.web(), Listen(port=port))
    again.start()
    assert ask(again, "/healthz")[0] == 200
    again.stop()


def test_a_site_without_a_time_speaks_from_its_installation_on(tmp_path):
    settings = Settings(f"sqlite:///{tmp_path}/liaison.db", sites=(Site("acme", Platform.JIRA, "https://x.example"),))
    clock = DrivenClock(START)
    for _ in range(2):
        found = Liaison(settings, clock)
        assert found.sites["acme"].speak_from == START
        found.close()
        clock.move(START.replace(year=2027))


def test_running_and_stopping_leave_no_thread_behind(liaison):
    thread = threading.Thread(target=liaison.run)
    thread.start()
    liaison.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("target", [b"http://[::1/hooks/acme", b"//[/", b"http://[x]/hooks/acme"])
def test_an_address_that_is_none_is_answered_and_leaves_no_traceback(server, caplog, target):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            b"POST " + target + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        assert line.recv(65536).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert not caplog.records
