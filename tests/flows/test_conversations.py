"""What requester and agents read, and when, in the courses a ticket takes."""

import pytest

from app import tables
from app.steering import Steering
from core.sites import Serves
from tests.support.world import world


def promises(world, key):
    return [(p.state, p.due[11:16]) for p in world.rows(tables.promises, key)]


def test_an_incident_is_announced_promised_updated_and_resolved(world):
    """The whole way, with the times people read (Berlin is one hour ahead)."""
    key = world.on_snow(short_description="x", caller_id="eva", priority="2")
    world.pass_(minutes=3)
    assert world.said(key) == ["We look into the service you reported. We will write again by 10:32 today."]
    world.pass_(minutes=30)
    assert world.said(key)[1:] == [
        "Still on it. We have had your report since 10:00. Work on it has not started yet. We will write again by 11:02 today."
    ]
    world.on_snow(key, state="6", close_code="Solved (Permanently)")
    world.pass_(minutes=6)
    assert world.said(key)[2:] == ["Solved."]
    assert [state for state, _ in promises(world, key)] == ["kept", "kept"]
    world.pass_(hours=8)
    assert len(world.said(key)) == 3


def test_nothing_is_said_while_an_agent_speaks_and_the_rhythm_goes_on_from_there(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="2")
    world.pass_(minutes=3)
    world.pass_(minutes=20)
    world.on_snow(key, comments="We found it, give us half an hour.")  # 09:23
    world.pass_(minutes=20)  # the old promise, 09:32, was kept by the agent
    assert len(world.said(key)) == 1
    assert promises(world, key)[0][0] == "kept"
    world.pass_(minutes=11)  # 09:54: half an hour after the agent's words
    assert len(world.said(key)) == 2


def test_a_comment_in_the_same_save_silences_the_moment(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=3)
    world.on_snow(key, priority="1", comments="We put more people on it.")
    world.pass_(minutes=5)
    assert len(world.said(key)) == 1
    assert ("raised", "requester", "said_by_human") in world.silences(key)


def test_a_work_note_or_the_callers_own_comment_keeps_no_promise(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="2")
    world.pass_(minutes=3)
    world.on_snow(key, work_notes="looking at gw-03")
    world.on_snow(key, who="eva", comments="Any news?")
    assert promises(world, key)[0][0] == "open"
    world.pass_(minutes=30)
    assert len(world.said(key)) == 2


def test_a_priority_that_bounces_back_before_it_settles_is_not_said(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=3)
    world.on_snow(key, priority="1")
    world.pass_(minutes=1)
    world.on_snow(key, priority="3")
    world.pass_(minutes=5)
    assert len(world.said(key)) == 1
    assert ("raised", "", "settling") in world.silences(key)


def test_opened_and_solved_before_it_settled_is_one_message(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=1)
    world.on_snow(key, state="6", close_code="Solved (Permanently)")
    world.pass_(minutes=10)
    assert world.said(key) == ["Solved."]
    assert ("opened", "", "superseded") in world.silences(key)


def test_reopened_says_so_and_promises_afresh(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=3)
    world.on_snow(key, state="6", close_code="Solved (Permanently)")
    world.pass_(minutes=6)
    world.on_snow(key, state="2")
    assert world.said(key)[-1] == "Back again. We will write again by 10:39 today."
    world.on_snow(key, state="6", close_code="Solved (Permanently)")
    world.pass_(minutes=6)
    assert world.said(key)[-1] == "Solved."
    assert world.said(key).count("Solved.") == 2


@pytest.mark.parametrize(
    ("close_code", "words"), [("Solved (Permanently)", "Solved."), ("Not Solved (Too Costly)", "Done."), ("", "Done.")]
)
def test_the_resolution_decides_the_words(world, close_code, words):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=3)
    world.on_snow(key, state="6", close_code=close_code)
    world.pass_(minutes=6)
    assert world.said(key)[-1] == words


def test_jira_agents_have_one_living_note_that_is_edited(world):
    """Edited without notifying anybody; the requester's words are comments of their own."""
    key = world.on_jira(who="carla", fields={"summary": "x", "priority": "Medium"})
    world.pass_(minutes=3)
    world.on_jira(key, fields={"priority": "Highest"})
    world.pass_(minutes=40)
    internal = world.entries(key, internal=True)
    assert len(internal) == 1
    assert "by 10:33 today" not in internal[0].text
    assert len(world.said(key)) == 3
    assert len(world.jira.notified) == len(set(world.jira.notified))


def test_a_deleted_living_note_is_written_anew(world):
    key = world.on_jira(who="carla", fields={"summary": "x"})
    world.pass_(minutes=3)
    issue = next(iter(world.jira.issues.values()))
    living = next(c for c in issue.comments.values() if c.internal)
    world.jira.commit({"uncommented": living.id, "from": issue.id})
    world.on_jira(key, fields={"priority": "Highest"})
    world.pass_(minutes=5)
    assert len(world.entries(key, internal=True)) == 1


def test_servicenow_agents_get_a_new_note_only_when_its_meaning_changed(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="2")
    world.pass_(hours=3)
    internal = world.entries(key, internal=True)
    assert len(world.said(key)) == 6
    assert len(internal) == 3  # opened, the first update that went out, and a word to the lead after the third
    assert ("update_due", "agents", "same_words") in world.silences(key)


def test_a_deleted_ticket_withdraws_its_promise_and_nothing_is_said(world):
    key = world.on_jira(who="carla", fields={"summary": "x"})
    world.pass_(minutes=3)
    ref = world.ref(key)
    world.on_jira(key, delete=True)
    world.pass_(hours=2)
    with world.liaison.store.read() as connection:
        rows = connection.execute(tables.promises.select().where(tables.promises.c.ticket_id == ref.id)).all()
    assert [row.state for row in rows] == ["withdrawn"]


def test_our_own_comments_come_back_and_are_recognised(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="2")
    world.pass_(minutes=3)
    assert "own_echo" in world.reasons(key)
    assert promises(world, key)[0][0] == "open"


def test_a_project_without_internal_comments_gets_none_unless_a_role_is_configured(tmp_path):
    serves = (Serves("incident", projects=("WEB",)),)
    with world(tmp_path, jira={"serves": serves}) as one:
        key = one.on_jira(project="WEB", fields={"summary": "x"})
        one.pass_(minutes=3)
        assert one.entries(key) == []
        assert {("opened", "requester", "no_sink"), ("opened", "agents", "no_sink")} <= set(one.silences(key))
    (tmp_path / "again").mkdir()
    role = {"role": "Service Desk Team"}
    with world(tmp_path / "again", jira={"serves": serves, "agents_visibility": role}) as one:
        key = one.on_jira(project="WEB", fields={"summary": "x"})
        one.pass_(minutes=3)
        assert [e.internal for e in one.entries(key)] == [True]


def test_words_that_cannot_be_made_are_replaced_by_the_packs_and_the_agents_are_told(tmp_path):
    rules = """
version: 1
rules:
  - id: hopeful
    when: {kind: incident}
    messages: {requester: {opened: "We will be done at {{ planned_end.time }}."}}
    cadence: {requester: {every: 30m}}
"""
    with world(tmp_path, rules) as one:
        key = one.on_snow(short_description="x", caller_id="eva")
        one.pass_(minutes=3)
        assert len(one.said(key)) == 1
        assert one.said(key)[0].startswith("Thank you for your report")
        assert "Held back: the words of rule hopeful cannot be made" in one.entries(key, internal=True)[0].text


def test_a_draft_waits_for_a_named_person(tmp_path):
    rules = """
version: 1
rules:
  - id: careful
    when: {kind: incident}
    mode: draft
    messages: {requester: {opened: "We look into it. We will write again {{ next_update.text }}."}}
    cadence: {requester: {every: 30m}}
"""
    with world(tmp_path, rules) as one:
        key = one.on_snow(short_description="x", caller_id="eva", priority="3")
        one.pass_(minutes=30)
        assert one.said(key) == []
        assert ("opened", "requester", "draft") in one.silences(key)
        draft = next(n for n in one.rows(tables.notes, key) if n.state == "draft")
        Steering(one.liaison.store, one.liaison.engine, one.clock).note("approve", draft.id, "Dana Lead")
        one.pass_(seconds=1)
        assert one.said(key) == ["We look into it. We will write again by 11:00 today."]


def test_a_child_of_a_major_incident_hears_little_and_is_promised_nothing(world):
    parent = world.on_snow(short_description="outage", caller_id="eva", priority="1", major_incident_state="accepted")
    child = world.on_snow(short_description="same", caller_id="mara", priority="3")
    world.pass_(minutes=3)
    assert len(world.said(child)) == 1
    world.on_snow(child, parent_incident=parent)
    assert promises(world, child)[-1][0] == "kept"
    world.pass_(hours=5)
    assert len(world.said(child)) == 2
    world.on_snow(child, priority="1")
    world.pass_(minutes=5)
    assert ("raised", "requester", "follows_parent") in world.silences(child)
    world.on_snow(parent, state="6", close_code="Solved (Permanently)")
    world.pass_(minutes=6)
    assert world.said(child)[-1] == "Solved."


def test_a_burst_of_deliveries_costs_one_message(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="3")
    world.pass_(minutes=3)
    for priority in ("2", "3", "1", "2", "1"):
        world.snow.change(key, {"as": "agent.smith", "fields": {"priority": priority}})
    world.pass_(minutes=3)
    assert len(world.said(key)) == 2
    assert world.said(key)[-1].startswith("More urgent now.")


def test_a_question_that_follows_the_wait_makes_it_a_real_one(world):
    """The status first, the question seconds later: as some desks work."""
    key = world.on_jira(who="carla", fields={"summary": "x"}, status="In Progress")
    world.pass_(minutes=3)
    world.on_jira(key, status="Waiting for customer")
    world.pass_(seconds=5)
    world.on_jira(key, comment={"text": "Which till?", "public": True})
    world.pass_(hours=3)
    assert len(world.said(key)) == 1  # the question stands for itself, and updates rest
    world.on_jira(key, who="carla", comment={"text": "Till 4"}, status="Waiting for support")
    assert ("resumed", "requester", "silenced") not in world.silences(key)
    assert len(world.said(key)) == 2


def test_the_very_same_words_are_not_said_twice_in_a_row(tmp_path):
    rules = """
version: 1
settle: {raised: 0m}
rules:
  - id: same
    when: {kind: incident}
    messages: {requester: {raised: "We put more people on it."}}
"""
    with world(tmp_path, rules) as one:
        key = one.on_snow(short_description="x", caller_id="eva", priority="3")
        one.pass_(minutes=3)
        for priority in ("2", "3", "1"):
            one.on_snow(key, priority=priority)
        assert one.said(key).count("We put more people on it.") == 1
        assert ("raised", "requester", "same_words") in one.silences(key)


def test_a_priority_given_late_is_a_raise(world):
    key = world.on_snow(short_description="x", caller_id="eva", priority="")
    world.pass_(minutes=3)
    world.on_snow(key, priority="1")
    world.pass_(minutes=3)
    assert world.said(key)[-1].startswith("More urgent now.")


def test_an_update_speaks_of_a_promise_only_to_who_was_given_one(tmp_path):
    """An agent's own words promise no time: what follows them was promised to nobody, but for our own count."""
    with world(tmp_path, "version: 1\nrules: []\n") as plain:
        key = plain.on_snow(short_description="x", caller_id="eva", priority="1")
        plain.pass_(minutes=3)
        plain.pass_(minutes=40)
        assert plain.said(key)[-1].startswith("Here is the update we promised. ")
        plain.on_snow(key, comments="We found it.")
        plain.pass_(hours=2)
        updates = plain.said(key)[2:]
        assert updates[0].startswith("Here is an update. ")
        assert updates[1].startswith("There is no news yet")
        (reminder,) = [e.text for e in plain.entries(key, internal=True) if "Here is an update." in e.text][-1:]
        assert "goes out unless you write first" in reminder
