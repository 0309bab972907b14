"""A page that breaks while it answers a secret address: the reason goes into the log, the secret never."""

import http.client
import logging
import re
from contextlib import closing

import flask
import pytest

from app.discretion import DISCREET, HIDDEN
from app.links import Links
from app.serving import Server
from app.settings import Listen
from app.surfaces.door import StoredDoor
from core.times import SystemClock
from tests.support.world import world

TOKEN = "Zm9yLXRoZS1yZXF1ZXN0ZXItYWxvbmUtMTIzNDU2Nzg5MA"


@pytest.fixture
def one(tmp_path):
    with world(tmp_path) as one:
        yield one


def get(url: str, path: str, method: str = "GET", **more):
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, path, **more)
        answer = connection.getresponse()
        return answer, answer.read().decode()


def breaks(monkeypatch, owner, name):
    def broken(_self, token, *_rest):
        try:
            {}[token]
        except KeyError as error:
            raise RuntimeError(f"nothing at /t/{token} ({token!r})") from error

    monkeypatch.setattr(owner, name, broken)


@pytest.mark.parametrize("path", ["", "/calendar.ics", "/feed.xml", "?from=/t/somewhere-else-1"])
def test_a_page_of_a_requester_that_breaks_tells_no_log_its_address(one, monkeypatch, caplog, capfd, path):
    breaks(monkeypatch, Links, "follow")
    with caplog.at_level(logging.DEBUG):
        answer, body = get(one.server.url, f"/t/{TOKEN}{path}")
    assert answer.status == 500
    assert "RuntimeError" in caplog.text, "the reason is there"
    assert f"/t/{HIDDEN}" in caplog.text
    everywhere = (
        caplog.text + "".join(map(str, (vars(record) for record in caplog.records))) + "".join(capfd.readouterr())
    )
    assert TOKEN not in everywhere
    assert TOKEN not in body


def test_a_one_time_link_that_breaks_tells_no_log_its_address(one, monkeypatch, caplog):
    breaks(monkeypatch, StoredDoor, "let_in")
    url = one.server.url
    answer, body = get(url, f"/enter/{TOKEN}")
    cookie, token = answer.getheader("Set-Cookie").partition(";")[0], re.search('csrf_token" value="([^"]+)', body)[1]
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    assert get(url, f"/enter/{TOKEN}", "POST", body=f"csrf_token={token}", headers=headers)[0].status == 500
    assert "RuntimeError" in caplog.text
    assert TOKEN not in caplog.text


def test_a_server_that_breaks_beyond_the_pages_tells_no_log_either(caplog):
    def broken(_environ, _start):
        raise RuntimeError(TOKEN)

    app = flask.Flask("broken")
    app.wsgi_app = broken
    server = Server(app, Listen(port=0))
    server.start()
    try:
        assert get(server.url, f"/t/{TOKEN}")[0].status == 500
    finally:
        server.stop()
    assert "RuntimeError" in caplog.text
    assert TOKEN not in caplog.text


def test_other_words_stay_as_they_are():
    record = logging.LogRecord("x", logging.ERROR, "", 0, "Ticket %s at /tickets/%s/%d", ("OPS-1", "acme", 7), None)
    assert DISCREET.filter(record)
    assert record.getMessage() == "Ticket OPS-1 at /tickets/acme/7"


def test_links_in_the_store_are_hashes(one):
    key = one.on_snow(who="caller", short_description="Till 3")
    token = Links(one.liaison.store, SystemClock()).new(one.ref(key), "Eva").removeprefix("/t/")
    with one.liaison.store.read() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())
    assert "link new" in dump
    assert token not in dump
