"""Clients that nobody here wrote work against the stand-ins: PySNC, pysnow and the `jira` package."""

import pysnc
import pysnow
import pytest
import requests
from jira import JIRA

from connector.servicenow.sandbox import ServiceNowStandIn
from core.errors import Unavailable
from core.sites import Flavour
from tests.contract.harness import clock, letter
from tests.contract.servicenow import ServiceNowHarness


class SecureHarness(ServiceNowHarness):
    def __init__(self, certificate):
        self.clock = clock()
        self.standin = ServiceNowStandIn(clock=self.clock, tls=certificate)
        self.standin.start()
        self.connector = self.connect()


@pytest.fixture
def secure(certificate):
    made = SecureHarness(certificate)
    yield made
    made.close()


@pytest.fixture
def client(secure, certificate):
    """PySNC takes https alone, and wants the certificate known."""
    with requests.Session() as session:
        session.auth, session.trust_env, session.verify = ("liaison", "liaison"), False, str(certificate[0])
        yield pysnc.ServiceNowClient(secure.standin.url, session)


def incidents(client, count):
    made = []
    for n in range(count):
        gr = client.GlideRecord("incident")
        gr.initialize()
        gr.short_description, gr.priority = f"Till {n:02}", str(1 + n % 3)
        made.append(str(gr.insert()))
    return made


def test_pysnc_creates_reads_updates_and_deletes(client, secure):
    gr = client.GlideRecord("incident")
    gr.initialize()
    gr.short_description, gr.caller_id, gr.state = "Till 7 is dark", "carla.cole", "1"
    sys_id = gr.insert()
    assert sys_id
    assert (gr.get_value("state"), gr.get_display_value("state")) == ("1", "New")
    assert gr.get_display_value("caller_id") == "Carla Cole"
    again = client.GlideRecord("incident")
    assert again.get(sys_id)
    again.state, again.work_notes = "2", "We are on it."
    assert again.update()
    assert (again.get_value("state"), again.get_display_value("state")) == ("2", "In Progress")
    assert again.get_value("work_notes") == ""
    assert "We are on it." in again.get_display_value("work_notes")
    assert [line.text for line in secure.standin.lines] == ["We are on it."]
    assert again.delete()
    assert not client.GlideRecord("incident").get(sys_id)


def test_pysnc_turns_pages(client):
    made = incidents(client, 25)
    gr = client.GlideRecord("incident", batch_size=10)
    gr.order_by("short_description")
    gr.query()
    assert gr.get_row_count() == 25
    assert [str(one.sys_id) for one in gr] == made


def test_pysnc_queries_with_and_and_or(client):
    incidents(client, 6)
    gr = client.GlideRecord("incident")
    gr.add_query("short_description", "LIKE", "Till")
    gr.add_query("priority", "1").add_or_condition("priority", "2")
    gr.query()
    assert sorted(str(one.priority) for one in gr) == ["1", "1", "2", "2"]


def test_pysnc_updates_many_in_one_batch(client, secure):
    incidents(client, 5)
    gr = client.GlideRecord("incident")
    gr.query()
    for one in gr:
        one.comments = f"Hello from {one.short_description}."
    assert gr.update_multiple()
    assert sorted(line.text for line in secure.standin.lines) == [f"Hello from Till {n:02}." for n in range(5)]


def test_a_batch_answers_for_each_of_its_requests(client):
    (sys_id,) = incidents(client, 1)
    answers = []
    gr = client.GlideRecord("incident")
    client.batch_api.get(gr, sys_id, answers.append)
    client.batch_api.get(gr, "0" * 32, answers.append)
    client.batch_api.execute()
    assert [one.status_code for one in answers] == [200, 404]
    assert answers[0].json()["result"]["short_description"] == {"display_value": "Till 00", "value": "Till 00"}


def test_a_batch_that_is_none_is_refused(secure, certificate):
    url = f"{secure.standin.url}/api/now/v1/batch"
    with requests.Session() as session:
        session.trust_env, session.verify, session.auth = False, str(certificate[0]), ("liaison", "liaison")
        answer = session.post(url, json={"batch_request_id": "1"}, timeout=5)
        assert (answer.status_code, "rest_requests" in answer.text) == (400, True)
        half = session.post(url, json={"batch_request_id": "1", "rest_requests": [{"id": "7"}]}, timeout=5).json()
        assert (half["serviced_requests"], half["unserviced_requests"]) == ([], [{"id": "7"}])
        session.auth = ("liaison", "wrong")
        assert session.post(url, json={"rest_requests": []}, timeout=5).status_code == 401


def test_our_client_speaks_tls_and_sends_nothing_to_a_stranger(secure, certificate):
    ref = secure.create(title="Till 7 is dark")
    with pytest.raises(Unavailable):
        secure.connector.write(letter(ref, "Hello."))
    assert secure.standin.lines == []
    secure.connector._client.session.verify = str(certificate[0])
    secure.connector.write(letter(ref, "Hello."))
    assert [line.text for line in secure.standin.lines] == ["Hello."]


@pytest.fixture
def now(snow):
    host = snow.standin.url.removeprefix("http://")
    made = pysnow.Client(host=host, use_ssl=False, user="liaison", password="liaison")
    made.session.trust_env = False
    yield made
    made.session.close()


def test_pysnow_creates_updates_pages_and_reads_labels(now, snow):
    incident = now.resource(api_path="/table/incident")
    numbers = [
        incident.create({"short_description": f"Till {n}", "caller_id": "carla.cole"})["number"] for n in range(7)
    ]
    changed = incident.update({"number": numbers[3]}, {"state": "2", "comments": "We are on it."})
    assert changed["state"] == "2"
    assert [line.text for line in snow.standin.lines] == ["We are on it."]
    query = pysnow.QueryBuilder().field("number").order_ascending()
    rows = now.resource(api_path="/table/incident").get(query=query, limit=4, offset=3, stream=False).all()
    assert [row["number"] for row in rows] == numbers[3:]
    labelled = now.resource(api_path="/table/incident")
    labelled.parameters.display_value = "all"
    row = labelled.get(query={"number": numbers[3]}).one()
    assert row["state"] == {"display_value": "In Progress", "value": "2"}
    assert row["caller_id"]["display_value"] == "Carla Cole"


@pytest.fixture
def package(any_jira):
    version = "3" if any_jira.flavour is Flavour.CLOUD else "2"
    signed = ("anna@acme.example", "stand-in")
    made = JIRA(
        any_jira.standin.url,
        basic_auth=signed,
        options={"rest_api_version": version},
        max_retries=0,
        get_server_info=True,
    )
    yield made
    made.close()


def test_the_jira_package_turns_pages(package, any_jira):
    keys = [any_jira.standin.change("", {"fields": {"summary": f"Till {n}"}})["key"] for n in range(7)]
    if any_jira.flavour is Flavour.CLOUD:
        first = package.enhanced_search_issues("project = OPS ORDER BY updated", maxResults=3, fields="summary")
        assert len(first) == 3
        second = package.enhanced_search_issues(
            "project = OPS ORDER BY updated", maxResults=3, fields="summary", nextPageToken=first.nextPageToken
        )
        found = [*first, *second]
    else:
        jql = "project = OPS ORDER BY updated"
        pages = [package.search_issues(jql, startAt=n, maxResults=3, fields="summary") for n in (0, 3)]
        found = [one for page in pages for one in page]
    assert [one.key for one in found] == keys[:6]
