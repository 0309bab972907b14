"""Agents are helped in time: reminded before a promise is due, and their lead is told when nobody has written."""

import pytest

from app import tables
from core.notes import Audience
from tests.support.scripted import RULES, bench, incident

R, A = Audience.REQUESTER, Audience.AGENTS
REMIND = RULES.replace(
    "{every: 30m}", "{every: 30m, remind: 5m, escalate: [{after: 5m, tell: lead}, {after: 15m, tell: duty}]}"
)
ESCALATE = REMIND.replace("remind: 5m", "remind: 5m, when_missed: escalate")
DRAFT = REMIND.replace("remind: 5m", "remind: 5m, when_missed: draft")


def opened(tmp_path, rules, **options):
    return bench(tmp_path / "b", rules=rules, **options)


def test_the_agents_note_shows_the_very_words_that_go_out_and_how_to_change_the_time(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(minutes=25)
        (note,) = one.platform.letters(A)
        assert "At 09:30 today this goes out unless you write first:" in note
        assert "`/liaison next 10:00`" in note
        assert "Have a look." in note
        foretold = "Still on it. We will write again by 10:00 today."
        assert foretold in note
        one.pass_(minutes=5)
        assert one.platform.letters(R)[-1] == foretold


def test_nobody_is_reminded_of_what_was_kept_in_time(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(minutes=20)
        one.agent_says(incident())
        one.pass_(minutes=8)
        assert not any("unless you write first" in words for words in one.platform.letters(A))


def test_a_reminder_is_told_once(tmp_path):
    with opened(tmp_path, REMIND, edits=False) as one:
        one.happen(incident())
        one.pass_(minutes=26)
        one.happen(incident(revision="0002", title="Till 4, too"))
        one.pass_(minutes=2)
        assert sum("unless you write first" in words for words in one.platform.letters(A)) == 1


def test_what_agents_were_shown_beforehand_is_not_written_into_a_journal_again(tmp_path):
    rules = REMIND.replace("        update_due: none", '        update_due: "Nobody had written."')
    with opened(tmp_path, rules, joins=True, edits=False) as one:
        one.happen(incident())
        one.pass_(minutes=31)
        assert [words.splitlines()[0] for words in one.platform.letters(A)].count("Nobody had written.") == 0
        assert ("update_due", "agents", "same_words") in one.reasons()


def test_an_update_in_time_goes_on_from_the_time_that_was_promised(tmp_path):
    """Or the hours would drift: 14:31, 15:02, 15:33."""
    with opened(tmp_path, RULES) as one:
        one.happen(incident())
        one.clock.move(one.clock.now().replace(minute=30, second=20))
        one.drain()
        assert one.platform.letters(R)[-1].endswith("by 10:00 today.")


def test_where_a_person_must_write_nothing_goes_out_and_the_next_level_is_told_in_turn(tmp_path):
    with opened(tmp_path, ESCALATE) as one:
        one.happen(incident())
        one.pass_(minutes=25)
        assert "nothing goes out by itself" in one.platform.letters(A)[-1]
        one.pass_(minutes=5)
        assert "At 09:35 today this goes to lead." in one.platform.letters(A)[-1]
        one.pass_(minutes=5)
        assert (
            "Escalated to lead at 09:35: the update promised for 09:30 today has not gone out yet."
            in one.platform.letters(A)[-1]
        )
        one.pass_(minutes=10)
        assert "Escalated to duty at 09:45:" in one.platform.letters(A)[-1]
        one.pass_(minutes=60)
        assert len(one.platform.letters(R)) == 1
        (promise,) = one.promises()
        assert promise.state == "open"
        assert ("update_due", "requester", "silenced") in one.reasons()


def test_a_late_word_of_a_person_keeps_the_promise_that_was_escalated_and_the_rhythm_goes_on(tmp_path):
    with opened(tmp_path, ESCALATE) as one:
        one.happen(incident())
        one.pass_(minutes=40)
        one.agent_says(incident())
        assert [p.state for p in one.promises(None)] == ["kept_late", "open"]


def test_where_an_agent_approves_the_update_waits_and_is_escalated(tmp_path):
    with opened(tmp_path, DRAFT) as one:
        one.happen(incident())
        one.pass_(minutes=30)
        note = one.note("requester", "update_due")
        assert note.state == "draft"
        shown = one.platform.letters(A)[-1]
        assert f"liaison note approve {note.id[:8]}" in shown
        assert "Still on it. We will write again by 10:00 today." in shown
        one.pass_(minutes=5)
        assert "Escalated to lead" in one.platform.letters(A)[-1]
        one.steering.note("approve", note.id, "anna")
        one.drain()
        assert one.platform.letters(R)[-1].endswith("Still on it. We will write again by 10:05 today.")
        assert [p.state for p in one.promises(None)] == ["kept_late", "open"]


def test_an_update_that_the_platform_refuses_is_escalated(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(minutes=29)
        one.platform.faults = ["refused"]
        one.pass_(minutes=6)
        assert "Escalated to lead" in one.platform.letters(A)[-1]


def test_an_update_that_goes_out_in_the_end_is_not_reported_missing(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(minutes=29)
        one.platform.faults = ["unavailable"] * 4
        one.pass_(minutes=20)
        assert one.platform.letters(R)[-1].startswith("Still on it.")
        assert "Escalated" not in one.platform.letters(A)[-1]


def test_after_an_outage_the_highest_level_is_told_once(tmp_path):
    with opened(tmp_path, ESCALATE, edits=False) as one:
        one.happen(incident())
        one.clock.move(one.clock.now().replace(hour=11))
        one.drain()
        told = [words for words in one.platform.letters(A) if "Escalated" in words]
        assert len(told) == 1
        assert "lead, duty" in told[0]


def test_after_three_updates_without_news_the_lead_is_told_once(tmp_path):
    with opened(tmp_path, REMIND, edits=False) as one:
        one.happen(incident())
        one.pass_(minutes=85)
        assert not any("three updates in a row" in words for words in one.platform.letters(A))
        one.pass_(minutes=100)
        assert sum("three updates in a row" in words for words in one.platform.letters(A)) == 1


def test_news_in_between_begins_the_count_anew(tmp_path):
    with opened(tmp_path, REMIND, edits=False) as one:
        one.happen(incident())
        one.pass_(minutes=65)
        one.happen(incident(state="in_progress", revision="0002"))
        one.pass_(minutes=65)
        assert not any("three updates in a row" in words for words in one.platform.letters(A))


def test_a_first_word_that_waits_for_approval_is_escalated_at_its_time(tmp_path):
    rules = REMIND.replace("{every: 30m", "{first: 10m, every: 30m").replace("    when:", "    mode: draft\n    when:")
    with opened(tmp_path, rules) as one:
        one.happen(incident())
        one.pass_(minutes=11)
        assert "the first word to the requester was due at 09:10 today" in one.platform.letters(A)[-1]
        one.steering.note("approve", one.note("requester", "opened").id, "anna")
        one.pass_(minutes=20)
        assert sum("first word" in words for words in one.platform.letters(A)) == 1


def test_an_ended_ticket_reminds_and_escalates_nothing(tmp_path):
    with opened(tmp_path, ESCALATE) as one:
        one.happen(incident())
        one.pass_(minutes=20)
        one.happen(incident(state="resolved", resolution="fixed", revision="0002"))
        one.pass_(minutes=60)
        assert one.platform.letters(A) == ["It is over."] or "It is over." in one.platform.letters(A)[-1]
        assert one.engine.next_due() is None


@pytest.mark.parametrize("rules", [REMIND, ESCALATE, DRAFT])
def test_after_everything_was_told_nothing_wakes_the_ticket_again_and_again(tmp_path, rules):
    """A wake-up in the past that nobody takes back would be attended to for ever."""
    with opened(tmp_path, rules) as one:
        one.happen(incident())
        one.platform.faults = ["refused"] * 50
        one.pass_(hours=3)
        due = one.engine.next_due()
        assert due is None or due > one.clock.now()


def test_a_promise_that_was_kept_wakes_nobody_to_escalate_it(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(minutes=30)
        assert one.platform.letters(R)[-1] == "Still on it. We will write again by 10:00 today."
        assert f"{one.engine.next_due():%H:%M}" == "09:55", "the next reminder, and no look before it"


def test_what_is_remembered_of_rung_timers_does_not_grow(tmp_path):
    with opened(tmp_path, REMIND) as one:
        one.happen(incident())
        one.pass_(hours=12)
        memory = one.rows(tables.tickets)[0].memory
        assert memory.count("remind:") <= 2


@pytest.mark.parametrize(
    ("rules", "calls"), [(REMIND, {"three updates in a row"}), (ESCALATE, {"nothing goes", "lead", "duty"})]
)
def test_the_platform_mails_about_the_edited_note_only_where_somebody_must_act(tmp_path, rules, calls):
    with opened(tmp_path, rules) as one:
        one.happen(incident())
        one.pass_(minutes=125)
        edits = [letter for letter in one.platform.writes if letter.edits]
        mailed = ["\n".join(p.text for p in letter.parts[0].paragraphs) for letter in edits if letter.calls]
        assert all(any(call in words for words in mailed) for call in calls)
        assert not any("this goes out unless you write first" in words and "Escalated" not in words for words in mailed)
        assert len(mailed) == (1 if rules is REMIND else 4)
