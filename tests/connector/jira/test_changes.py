"""How Jira is asked what changed, and what an edit does to the age of words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.jira.changes import changes, jql
from connector.jira.sandbox_data import to_event
from core.errors import Unavailable
from core.sites import Flavour, Platform, Serves, Site
from tests.contract.jira import JiraHarness

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SITE = Site("acme", Platform.JIRA, "https://acme.example")
DATA_CENTER = replace(SITE, flavour=Flavour.DATA_CENTER)


@pytest.mark.parametrize(("seconds", "minutes"), [(-60, 1), (0, 1), (1, 2), (60, 2), (61, 3), (7200, 121)])
def test_the_time_is_relative_and_reaches_a_minute_too_far(seconds, minutes):
    """Jira knows minutes, and reads a date in the account's time zone."""
    query = jql(SITE, NOW - timedelta(seconds=seconds), NOW)
    assert query == f"updated >= -{minutes}m ORDER BY updated DESC"


@pytest.mark.parametrize(
    ("serves", "where"),
    [
        ((Serves("incident", projects=("OPS",)), Serves("change", projects=("OPS", "NET"))), 'project in ("OPS", "NET") AND '),
        ((Serves("incident", projects=('A" OR "B',)),), r'project in ("A\" OR \"B") AND '),
        ((Serves("incident", projects=("OPS",)), Serves("change", types=("Change",))), ""),
    ],
)  # fmt: skip
def test_only_the_projects_that_are_served_are_searched(serves, where):
    assert jql(replace(SITE, serves=serves), NOW, NOW).partition("updated")[0] == where


def endless(path, params):
    del params
    more = {"nextPageToken": "same"} if path.endswith("jql") else {}
    return {"issues": [{"id": "1", "fields": {}}], **more}


@pytest.mark.parametrize("site", [SITE, DATA_CENTER])
def test_pages_without_an_end_are_not_turned_for_ever(site):
    with pytest.raises(Unavailable, match="do not come to an end"):
        list(changes(site, NOW, NOW, endless))


@pytest.mark.parametrize("site", [SITE, DATA_CENTER])
def test_a_list_that_is_no_list_is_no_answer(site):
    with pytest.raises(Unavailable, match="cannot be read"):
        list(changes(site, NOW, NOW, lambda *_: {"issues": {}}))


def issue(**fields):
    return {"id": "7", "key": "OPS-7", "fields": {"updated": "2026-11-21T09:00:00.000+0000", **fields}}


@pytest.mark.parametrize(
    ("found", "count"),
    [
        (issue(project={"key": "OPS", "projectTypeKey": "service_desk"}), 1),
        (issue(project={"key": "WEB", "projectTypeKey": "software"}), 0),
        (issue(project={"key": "OPS"}), 1),  # an old Data Center: reading will tell
        (issue(updated=None), 0),
        ({"id": "x", "fields": {}}, 0),
        ("OPS-7", 0),
        ({"id": "7"}, 0),
    ],
)
def test_odd_entries_are_passed_over(found, count):
    page = {"issues": [found], "total": 1, "isLast": True}
    assert len(list(changes(DATA_CENTER, NOW, NOW, lambda *_: page))) == count
    assert len(list(changes(SITE, NOW, NOW, lambda *_: page))) == count


def test_nobody_is_passed_over_where_issues_are_deleted_while_pages_are_turned():
    listed = [issue(project={"key": "OPS"}) | {"id": str(n), "key": f"OPS-{n}"} for n in range(1, 251)]

    def ask(path, params):
        del path
        start, most = int(params["startAt"]), int(params["maxResults"])
        page = {"issues": listed[start : start + most], "total": len(listed)}
        del listed[:3]  # before the next page is asked for
        return page

    found = [one.ticket_id for one in changes(DATA_CENTER, NOW, NOW, ask)]
    assert set(found) == {str(n) for n in range(1, 251)}
    assert len(found) < 300


def test_an_edit_makes_nobodys_words_younger():
    harness = JiraHarness()
    ref = harness.create(title="one")
    harness.say(ref, "We have fuond it.")
    said = harness.clock.now()
    harness.clock.pass_by(minutes=10)
    (comment,) = harness.standin.issues[ref.id].comments.values()
    harness.standin.commit(
        {"comment": to_event(replace(comment, updated=harness.clock.now(), text="We have found it."))}
    )
    (seen,) = harness.connector.comments(ref, said)
    assert (seen.at, seen.edited, seen.text) == (said, False, "We have found it.")
    assert harness.connector.comments(ref, said + timedelta(minutes=1)) == ()
    harness.close()
