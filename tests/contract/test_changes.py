"""What every platform tells of what changed, and of what was said, since a time."""

from datetime import timedelta

import orjson
import pytest

from connector.jira import changes as jira_changes
from connector.sandbox import Fault
from connector.servicenow import changes as servicenow_changes
from core.errors import NotThere, Paused, Refused, Unavailable
from core.sightings import Author
from core.sites import Serves
from core.tickets import TicketRef
from tests.contract.harness import letter
from tests.contract.jira import JiraDataCenterHarness, JiraHarness
from tests.contract.servicenow import ServiceNowHarness

HARNESSES = {"jira-cloud": JiraHarness, "jira-data-center": JiraDataCenterHarness, "servicenow": ServiceNowHarness}
LIST = r"/search|/table/(incident|change_request)\?"


@pytest.fixture(params=list(HARNESSES))
def harness(request):
    made = HARNESSES[request.param]()
    yield made
    made.close()


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(jira_changes, "PAGE", 3)
    monkeypatch.setattr(servicenow_changes, "PAGE", 3)


def ids(harness, since, connector=None):
    return sorted(found.ticket_id for found in (connector or harness.connector).changes(since))


def asked(harness):
    """How many lists the stand-in was asked for, counted by a fault that does nothing."""
    count = Fault("delay", path=LIST, times=10_000)
    harness.standin.faults.append(count)
    return lambda: 10_000 - count.times


def test_nothing_changed_is_nothing(harness):
    assert ids(harness, harness.clock.now()) == []


def test_a_new_ticket_is_found(harness):
    since = harness.clock.now()
    harness.clock.pass_by(minutes=5)
    ref = harness.create(title="Card payments fail")
    assert ids(harness, since) == [ref.id]


def test_a_changed_ticket_is_found_and_an_unchanged_one_is_not(harness):
    changed, unchanged = harness.create(title="one"), harness.create(title="two")
    harness.clock.pass_by(hours=2)
    harness.change(changed, title="one, worse")
    found = ids(harness, harness.clock.now() - timedelta(hours=1))
    assert changed.id in found
    assert unchanged.id not in found


def test_a_comment_is_a_change(harness):
    ref = harness.create(title="one")
    harness.clock.pass_by(hours=2)
    harness.say(ref, "We have found it.")
    assert ids(harness, harness.clock.now() - timedelta(minutes=10)) == [ref.id]


def test_incidents_and_changes_are_found(harness):
    refs = [harness.create(title="one"), harness.create(title="two", kind="change")]
    assert ids(harness, harness.clock.now() - timedelta(minutes=1)) == sorted(ref.id for ref in refs)


def test_the_revision_is_the_tickets_own(harness):
    """So that it can be compared with what is stored, and grows with every change."""
    ref = harness.create(title="one")
    since = harness.clock.now()
    (first,) = harness.connector.changes(since)
    assert first.revision == harness.connector.read(ref).ticket.revision
    harness.clock.pass_by(seconds=61)
    harness.change(ref, title="two")
    (second,) = harness.connector.changes(since)
    assert second.revision == harness.connector.read(ref).ticket.revision > first.revision


def test_what_was_found_can_be_sighted_and_asks_to_be_read(harness):
    ref = harness.create(title="one")
    (found,) = harness.connector.changes(harness.clock.now())
    sighting = harness.connector.sight(orjson.loads(found.body), harness.clock.now())
    assert sighting.ref == ref
    assert not sighting.complete
    assert not sighting.gone
    assert sighting.comment is None


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 10])
def test_pages_are_turned_to_the_end(harness, count):
    since, refs = harness.clock.now(), []
    for number in range(count):
        harness.clock.pass_by(seconds=7)
        refs.append(harness.create(title=str(number)).id)
    assert sorted(set(ids(harness, since))) == sorted(refs)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("count", [3, 6, 8])
def test_many_changes_in_one_second_are_all_found(harness, count):
    """A bulk change or an import: more than a page, with the same time to the second."""
    since = harness.clock.now()
    before = [harness.create(title=f"before {n}").id for n in range(2)]
    harness.clock.pass_by(seconds=1)
    same = [harness.create(title=f"same {n}").id for n in range(count)]
    harness.clock.pass_by(seconds=1)
    after = [harness.create(title=f"after {n}").id for n in range(2)]
    assert sorted(set(ids(harness, since))) == sorted(before + same + after)


@pytest.mark.usefixtures("small_pages")
def test_tickets_that_change_while_pages_are_turned_push_nobody_out(harness):
    since, refs = harness.clock.now(), []
    for number in range(9):
        harness.clock.pass_by(seconds=7)
        refs.append(harness.create(title=str(number)))
    found, touched = [], {0: refs[4], 2: refs[0], 3: refs[7], 5: refs[2]}
    for number, one in enumerate(harness.connector.changes(since)):
        found.append(one.ticket_id)
        if number in touched:
            harness.clock.pass_by(seconds=7)
            harness.change(touched[number], title="again")
    everything, moved = {ref.id for ref in refs}, {ref.id for ref in touched.values()}
    assert everything - moved <= set(found)
    assert everything <= set(found) | set(ids(harness, since))


@pytest.mark.usefixtures("small_pages")
def test_pages_are_asked_for_as_they_are_taken(harness):
    since = harness.clock.now()
    for number in range(9):
        harness.clock.pass_by(seconds=7)
        harness.create(title=str(number))
    count = asked(harness)
    changes = harness.connector.changes(since)
    next(changes)
    assert count() == 1
    assert len(list(changes)) >= 8
    assert 3 <= count() <= 8


def test_the_time_zone_of_the_account_does_not_matter(harness):
    harness.stay_apart()
    old = harness.create(title="old")
    harness.clock.pass_by(hours=3)
    new = harness.create(title="new")
    assert ids(harness, harness.clock.now() - timedelta(minutes=30)) == [new.id]
    assert ids(harness, harness.clock.now() - timedelta(hours=4)) == sorted([old.id, new.id])


def test_a_time_without_whole_minutes_loses_nothing(harness):
    harness.clock.pass_by(seconds=1)
    ref = harness.create(title="one")
    harness.clock.pass_by(seconds=58)
    assert ids(harness, harness.clock.now() - timedelta(seconds=58)) == [ref.id]


def test_a_time_ahead_of_the_clock_is_no_error(harness):
    ids(harness, harness.clock.now() + timedelta(hours=1))


def test_only_what_is_served_is_found(harness):
    """Projects or tables that the site does not list are nobody's business."""
    if isinstance(harness, ServiceNowHarness):
        incident = harness.create(title="one")
        change = harness.create(title="two", kind="change")
        serves, other = (Serves("change"),), Serves("incident", tables=("incident",))
    else:
        made = harness.standin.change("", {"as": "carla", "project": "WEB", "type": "Story", "fields": {}})
        incident, change = TicketRef("acme-jira", made["id"]), harness.create(title="two")
        assert ids(harness, harness.clock.now()) == [change.id]
        serves, other = (
            (Serves("incident", projects=("OPS",)),),
            Serves("incident", projects=("WEB",), types=("Story",)),
        )
    some = harness.connect(serves=serves)
    assert ids(harness, harness.clock.now(), some) == [change.id]
    some.close()
    both = harness.connect(serves=(*serves, other))
    assert ids(harness, harness.clock.now(), both) == sorted([incident.id, change.id])
    both.close()


def test_an_issue_type_that_is_not_served_is_left_out():
    harness = JiraHarness()
    harness.create(title="one", kind="change")
    incident = harness.create(title="two")
    some = harness.connect(serves=(Serves("incident", types=("Incident",)),))
    assert ids(harness, harness.clock.now(), some) == [incident.id]
    some.close()
    harness.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 503, "times": 9}, Unavailable),
        ({"kind": "status", "status": 401}, Refused),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "9"}}, Paused),
        ({"kind": "html", "times": 9}, Unavailable),
        ({"kind": "reset", "times": 9}, Unavailable),
        ({"kind": "status", "status": 200, "body": {"issues": "none", "result": None, "error": {"message": "cut"}}, "times": 9}, Unavailable),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_list_that_cannot_be_had_is_an_error_and_never_an_empty_list(harness, fault, error):
    harness.create(title="one")
    harness.standin.faults.append(Fault(path=LIST, **fault))
    with pytest.raises(error):
        ids(harness, harness.clock.now())


def test_a_list_is_asked_for_again_after_a_stumble(harness):
    ref = harness.create(title="one")
    harness.standin.faults.append(Fault("status", path=LIST, status=502))
    assert ids(harness, harness.clock.now()) == [ref.id]


# --- what was said -----------------------------------------------------------------------------------------------------


def test_comments_since_a_time_are_told_with_author_and_reader(harness):
    ref = harness.create(title="one")
    harness.say(ref, "Too old.")
    harness.clock.pass_by(minutes=10)
    since = harness.clock.now()
    harness.say(ref, "We have found it.")
    harness.clock.pass_by(seconds=5)
    harness.say(ref, "Any news?", who="carla")
    harness.clock.pass_by(seconds=5)
    harness.say(ref, "It is gw-03.", public=False)
    seen = harness.connector.comments(ref, since)
    assert [(c.text.strip(), c.author, c.public) for c in seen] == [
        ("We have found it.", Author.AGENT, True),
        ("Any news?", Author.CUSTOMER, True),
        ("It is gw-03.", Author.AGENT, False),
    ]
    assert [c.at - since for c in seen] == [timedelta(seconds=s) for s in (0, 5, 10)]
    assert len({c.id for c in seen}) == 3


def test_our_own_notes_are_known_as_ours(harness):
    ref = harness.create(title="one")
    since = harness.clock.now()
    harness.connector.write(letter(ref, "Hello."))
    assert [c.author for c in harness.connector.comments(ref, since)] == [Author.LIAISON]


def test_nothing_said_is_nothing(harness):
    assert harness.connector.comments(harness.create(title="one"), harness.clock.now()) == ()


def test_comments_that_may_not_be_read_are_nothing(harness):
    ref = harness.create(title="one")
    harness.say(ref, "We have found it.")
    harness.standin.faults.append(Fault("status", path=r"/comment\?|sys_journal_field", status=403, times=9))
    assert harness.connector.comments(ref, harness.clock.now()) == ()


def test_comments_that_cannot_be_had_just_now_are_an_error(harness):
    ref = harness.create(title="one")
    harness.standin.faults.append(Fault("status", path=r"/comment\?|sys_journal_field", status=503, times=9))
    with pytest.raises(Unavailable):
        harness.connector.comments(ref, harness.clock.now())


def test_comments_of_an_impossible_ticket(harness):
    with pytest.raises(NotThere):
        harness.connector.comments(TicketRef(harness.connector.site.name, "../etc"), harness.clock.now())
