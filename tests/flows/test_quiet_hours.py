"""Quiet hours of the requester: what is kept back, what is said in the morning, and what is promised into the night."""

import pytest

from app import tables
from tests.support.world import world

RULES = """
version: 1
calendars: {office: {timezone: location, days: mon-fri, open: "08:00-18:00"}}
quiet: [{tell: requester, outside: office, unless: {priority: P1}}]
rules:
  - id: any
    when: {kind: incident}
    messages:
      requester:
        opened: "We look into it. We will write again {{ next_update.text }}."
        update_due: "Still on it. We will write again {{ next_update.text }}."
        raised: "More urgent now. We will write again {{ next_update.text }}."
        lowered: "Less urgent now. We will write again {{ next_update.text }}."
        resolved: {default: "Done."}
        reopened: "Back again. We will write again {{ next_update.text }}."
      agents: {opened: "Have a look.", raised: "Look sooner.", resolved: "Over."}
    cadence: {requester: {every: 4h}}
"""


@pytest.fixture
def evening(tmp_path):
    """A Friday in Berlin: opened at ten, the first word at 10:02."""
    with world(tmp_path, RULES) as one:
        yield one


def opened(one, priority="3"):
    key = one.on_snow(short_description="x", caller_id="eva", priority=priority)
    one.pass_(minutes=3)
    return key


def promises(one, key):
    return [(p.state, p.due[:16]) for p in one.rows(tables.promises, key)]


def test_a_promise_that_would_fall_into_the_night_moves_to_the_morning_and_the_words_say_so(evening):
    key = opened(evening)
    evening.pass_(hours=4)
    assert evening.said(key)[-1].endswith("We will write again by 08:00 on Monday.")
    assert promises(evening, key)[-1] == ("open", "2026-11-23T07:00")


def test_what_happens_at_night_is_said_in_the_morning_as_one_message_with_the_newest_truth(evening):
    key = opened(evening)
    evening.pass_(hours=9)  # 19:02
    before = len(evening.said(key))
    evening.on_snow(key, priority="2")
    evening.pass_(hours=1)
    evening.on_snow(key, priority="4")
    evening.pass_(hours=1)
    assert len(evening.said(key)) == before
    assert ("raised", "requester", "quiet_hours") in evening.silences(key)
    assert len([e for e in evening.entries(key, internal=True) if "Look sooner" in e.text]) == 1
    evening.pass_(hours=59)
    assert evening.said(key)[before:] == ["Less urgent now. We will write again by 12:00 today."]
    assert all(state in {"kept", "open"} for state, _ in promises(evening, key))


def test_what_was_undone_in_the_night_is_not_said(evening):
    """Who has not read that it is solved is not told that it is open again, and gets the word that was promised."""
    key = opened(evening)
    evening.pass_(hours=9)
    evening.on_snow(key, state="6", close_code="Solved (Permanently)")
    evening.pass_(hours=1)
    evening.on_snow(key, state="2")
    evening.pass_(hours=1)
    before = len(evening.said(key))
    evening.pass_(hours=60)
    assert evening.said(key)[before:] == ["Still on it. We will write again by 12:00 today."]


def test_a_ticket_solved_and_closed_in_the_night_is_told_to_be_solved(evening):
    key = opened(evening)
    evening.pass_(hours=9)
    before = len(evening.said(key))
    evening.on_snow(key, state="6", close_code="Solved (Permanently)")
    evening.pass_(hours=1)
    evening.on_snow(key, state="7", close_code="Solved (Permanently)")
    evening.pass_(hours=70)
    assert evening.said(key)[before:] == ["Done."]
    assert "open" not in {state for state, _ in promises(evening, key)}


def test_excepted_tickets_are_spoken_to_at_any_hour(evening):
    key = opened(evening, priority="1")
    evening.pass_(hours=12)
    assert len(evening.said(key)) == 4


def test_a_promise_made_before_it_became_quiet_is_kept_when_that_ends(evening):
    """No longer urgent, its updates rest until the morning; the reason is named."""
    key = opened(evening, priority="1")
    evening.pass_(hours=8, minutes=30)  # 18:32, promised 22:02
    evening.on_snow(key, priority="3")
    evening.pass_(hours=10)
    said = len(evening.said(key))
    assert ("update_due", "requester", "quiet_hours") in evening.silences(key)
    evening.pass_(hours=52)
    assert len(evening.said(key)) == said + 1


def test_an_agents_words_wait_for_the_morning_and_the_agent_is_told(evening):
    key = opened(evening)
    evening.pass_(hours=9)
    before = len(evening.said(key))
    evening.on_snow(key, work_notes="/liaison say We found it.")
    answer = evening.entries(key, internal=True)[-1].text
    assert answer.startswith("It is quiet hours for the requester. They read this at 08:00 on Monday 23 November:")
    assert len(evening.said(key)) == before
    evening.pass_(hours=61)
    assert evening.said(key)[before].startswith("We found it.")


def test_a_time_that_an_agent_wishes_for_moves_out_of_the_night(evening):
    key = opened(evening)
    evening.on_snow(key, work_notes="/liaison next 22:00")
    answer = evening.entries(key, internal=True)[-1].text
    assert answer.startswith(
        "22:00 today is in the quiet hours of the requester. The next word comes by 08:00 on Monday."
    )
    assert promises(evening, key)[-1] == ("open", "2026-11-23T07:00")


ASKS = RULES.replace(
    '        reopened: "Back',
    '        check_in: "Does all work well again?"\n        reopened: "Back',
).replace(
    "    cadence: {requester: {every: 4h}}",
    "    cadence: {requester: {every: 4h}}\n    closing: {after: 6h, calendar: always}",
)


@pytest.fixture
def asking(tmp_path):
    """The same evening, and six hours after the end the requester is asked whether all is well."""
    with world(tmp_path, ASKS) as one:
        yield one


def test_a_check_in_that_falls_into_the_night_is_asked_in_the_morning(asking):
    key = opened(asking)
    asking.pass_(hours=7)  # 17:02
    asking.on_snow(key, state="6", close_code="Solved (Permanently)")
    asking.pass_(hours=7)
    assert asking.said(key)[-1] == "Done."
    assert ("check_in", "requester", "quiet_hours") in asking.silences(key)
    asking.pass_(hours=60)
    assert asking.said(key)[-1] == "Does all work well again?"


def test_a_check_in_of_the_night_is_not_asked_where_work_went_on_again(asking):
    key = opened(asking)
    asking.pass_(hours=7)
    asking.on_snow(key, state="6", close_code="Solved (Permanently)")
    asking.pass_(hours=7)
    asking.on_snow(key, state="2")
    asking.pass_(hours=60)
    assert "Does all work well again?" not in asking.said(key)


CHANGE = """
version: 1
calendars: {office: {timezone: location, days: mon-fri, open: "08:00-18:00"}}
quiet: [{tell: requester, outside: office}]
rules: []
"""
OLD = {"start_date": "2026-11-26 09:00:00", "end_date": "2026-11-26 11:00:00"}
NEW = {"start_date": "2026-11-27 09:00:00", "end_date": "2026-11-27 11:00:00"}


@pytest.fixture
def planning(tmp_path):
    with world(tmp_path, CHANGE) as one:
        yield one


def changed(one, key="", **fields):
    body = {"as": "nils", "table": "change_request", "fields": fields}
    key = one.snow.change(key, body)["number"]
    one.driver.settle()
    one.pass_(minutes=5)
    return key


def test_a_window_that_is_moved_at_night_and_moved_back_is_not_told(planning):
    """For the reader nothing has changed."""
    key = changed(planning, short_description="x", **OLD)
    changed(planning, key, state="-2", approval="approved")
    assert len(planning.said(key)) == 1
    planning.pass_(hours=9)
    changed(planning, key, **NEW)
    changed(planning, key, **OLD)
    planning.pass_(hours=63)
    assert not any("has moved" in text for text in planning.said(key))


def test_a_window_that_is_moved_back_for_a_while_only_is_told_as_it_is(planning):
    key = changed(planning, short_description="x", **OLD)
    changed(planning, key, state="-2", approval="approved")
    planning.pass_(hours=9)
    for times in (NEW, OLD, NEW):
        changed(planning, key, **times)
    planning.pass_(hours=63)
    (said,) = [text for text in planning.said(key) if "has moved" in text]
    assert "The new time is Friday 27 November, 10:00 to 12:00 (Berlin time)." in said


def test_a_change_that_is_announced_and_moved_at_night_is_announced_with_its_newest_time(planning):
    """Who never read the first time is not told that it has moved."""
    planning.pass_(hours=9)
    key = changed(planning, short_description="x", **OLD)
    changed(planning, key, state="-2", approval="approved")
    changed(planning, key, **NEW)
    planning.pass_(hours=61)
    (said,) = planning.said(key)
    assert said.startswith("We plan a change to one of our services: Friday 27 November, 10:00 to 12:00")


def test_a_change_that_is_called_off_and_planned_again_at_night_is_told_only_where_its_time_is_new(planning):
    key = changed(planning, short_description="x", **OLD)
    changed(planning, key, state="-2", approval="approved")
    before = planning.said(key)
    planning.pass_(hours=9)
    changed(planning, key, state="4")
    changed(planning, key, state="-2", approval="approved")
    planning.pass_(hours=61)
    assert planning.said(key) == before


def test_who_has_read_that_it_is_solved_is_told_in_the_morning_that_it_is_open_again(evening):
    key = opened(evening)
    evening.pass_(hours=6)
    evening.on_snow(key, state="6", close_code="Solved (Permanently)")
    evening.pass_(hours=4)
    assert evening.said(key)[-1] == "Done."
    evening.on_snow(key, state="2", close_code="")
    evening.pass_(hours=61)
    assert evening.said(key)[-1].startswith("Back again.")


def test_agents_do_not_read_that_words_go_out_in_quiet_hours(tmp_path):
    """Urgent when it was promised, not any more when it falls due: nobody but them can keep it before the morning."""
    with world(tmp_path, RULES.replace("{every: 4h}", "{every: 4h, remind: 5m}")) as one:
        key = opened(one, priority="1")
        one.pass_(hours=8, minutes=30)  # 18:32, promised 22:02
        one.on_snow(key, priority="3")
        one.pass_(hours=3, minutes=27)
        note = one.entries(key, internal=True)[-1].text
        assert "The next word is promised for 22:02 today, and nothing goes out by itself." in note
        assert "Please write to the requester before then." in note
