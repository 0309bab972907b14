"""Connections that are kept, as the platforms keep them: answers stay apart, and a stopped stand-in is gone."""

import http.client
from urllib.parse import urlsplit

import pytest

from connector.sandbox import Fault


@pytest.fixture
def connection(harness):
    harness.standin.keeps_connections = True
    made = http.client.HTTPConnection(urlsplit(harness.standin.url).netloc, timeout=5)
    yield made
    made.close()


def asked(connection, method="GET", path="/sandbox/faults", body=None):
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_connection_serves_one_request_after_the_other(connection):
    assert asked(connection) == 200
    kept = connection.sock
    assert kept is not None
    assert asked(connection) == 200
    assert connection.sock is kept


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(connection):
    assert asked(connection, "PATCH", "/nowhere", '{"a": "' + "x" * 50_000 + '"}') >= 400
    assert asked(connection) == 200


def test_while_faults_are_about_every_request_has_its_own(harness, connection):
    harness.standin.faults.append(Fault("status", status=503, path="/never"))
    assert asked(connection) == 200
    assert connection.sock is None


def test_a_stopped_stand_in_answers_nobody_over_a_connection_it_had_kept(harness, connection):
    assert asked(connection) == 200
    connection.auto_open = False
    harness.standin.stop()
    with pytest.raises((http.client.HTTPException, OSError)):
        asked(connection)
