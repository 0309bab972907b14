"""On hold for the requester: updates rest, it is said once, they are reminded once, and a reply wakes them."""

from core.notes import Audience
from core.sightings import Author, Comment
from tests.support.scripted import RULES, bench, incident

R, A = Audience.REQUESTER, Audience.AGENTS
WAIT = (
    RULES.replace(
        '        waiting_for_requester: "We need your answer."\n',
        '        waiting_for_requester: ["We need your answer. We remind you once, {{ reminder.text }}.", "Still no answer."]\n',
    )
    .replace("        waiting_for_requester: none", '        waiting_for_requester: "We wait."')
    .replace("{every: 30m}", "{every: 30m, remind: 5m, remind_requester: 1d}")
)
HELD = {"state": "on_hold", "hold_reason": "requester"}


def waiting(one, minutes=20):
    """An incident in which an agent asked a question, and that is then put on hold."""
    one.happen(incident(state="in_progress"))
    one.agent_says(incident(state="in_progress"))
    one.pass_(minutes=minutes)
    one.happen(incident(revision="0002", **HELD))


def reply(one, ticket, identity="r1"):
    one.happen(ticket, comment=Comment(identity, one.clock.now(), Author.CUSTOMER, "eva", public=True, text="Yes."))


def test_the_wait_is_said_once_with_the_time_of_the_one_reminder(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        assert one.platform.letters(R)[-1] == "We need your answer. We remind you once, tomorrow at 09:20."
        assert "The requester is reminded once, tomorrow at 09:20." in one.platform.letters(A)[-1]
        one.pass_(hours=23)
        assert len(one.platform.letters(R)) == 2


def test_the_reminder_comes_once_and_then_nothing_more_is_promised(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.pass_(days=5)
        assert one.platform.letters(R)[2:] == ["Still no answer."]
        assert one.promises() == []
        assert one.engine.next_due() is None


def test_a_reply_takes_the_reminder_back_and_the_updates_go_on(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.pass_(hours=2)
        reply(one, incident(revision="0002", **HELD))
        assert [p.state for p in one.promises(None)][-2:] == ["withdrawn", "open"]
        assert "The requester has replied. Take the ticket up again" in one.platform.letters(A)[-1]
        one.pass_(minutes=30)
        assert one.platform.letters(R)[-1].startswith("Still on it.")
        one.pass_(days=2)
        assert "Still no answer." not in one.platform.letters(R)


def test_a_reply_that_ends_the_wait_is_answered_with_a_fresh_promise(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.pass_(hours=2)
        reply(one, incident(state="in_progress", revision="0003"))
        assert one.platform.letters(R)[-1] == "We go on. We will write again by 11:50 today."
        assert [p.state for p in one.promises(None)][-2:] == ["withdrawn", "open"]


def test_an_agents_second_question_does_not_cost_the_reminder(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.pass_(hours=2)
        one.agent_says(incident(revision="0002", **HELD), identity="h2")
        one.pass_(days=1)
        assert one.platform.letters(R)[-1] == "Still no answer."


def test_a_question_asked_in_the_same_breath_is_reminded_of_too(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one, minutes=1)
        assert ("waiting_for_requester", "requester", "said_by_human") in one.reasons()
        one.pass_(days=2)
        assert one.platform.letters(R)[-1] == "Still no answer."


def test_news_while_waiting_leaves_the_reminder_where_it_is(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        (due,) = [p.due for p in one.promises()]
        one.happen(incident(revision="0003", priority="P1", **HELD))
        assert [p.due for p in one.promises()] == [due]


def test_without_a_reminder_in_the_rules_the_updates_rest_until_the_reply(tmp_path):
    with bench(tmp_path / "b", rules=RULES) as one:
        waiting(one)
        assert one.promises() == []
        one.pass_(days=3)
        assert one.platform.letters(R)[-1] == "We need your answer."


def test_a_ticket_that_ends_while_it_waits_reminds_nobody(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.happen(incident(state="resolved", resolution="fixed", revision="0004"))
        one.pass_(days=3)
        assert one.platform.letters(R)[-1] == "Solved."
        assert one.promises() == []


def test_a_reminder_that_the_platform_holds_up_is_not_said_to_who_has_answered_meanwhile(tmp_path):
    with bench(tmp_path / "b", rules=WAIT) as one:
        waiting(one)
        one.pass_(hours=23, minutes=50)
        one.platform.faults = ["paused_site"]
        one.pass_(minutes=11)
        reply(one, incident(revision="0002", **HELD))
        one.pass_(hours=4)
        assert "Still no answer." not in one.platform.letters(R)


def test_a_reply_wakes_the_updates_also_where_nobody_was_to_be_reminded(tmp_path):
    """Rules without `remind_requester`: nothing is promised while we wait, and the answer starts the rhythm again."""
    plain = WAIT.replace(", remind_requester: 1d", "").replace(" We remind you once, {{ reminder.text }}.", "")
    with bench(tmp_path / "b", rules=plain) as one:
        waiting(one)
        assert one.promises() == []
        one.pass_(days=2)
        reply(one, incident(revision="0002", **HELD))
        assert len(one.promises()) == 1
        one.pass_(minutes=30)
        assert one.platform.letters(R)[-1].startswith("Still on it.")


def test_a_ticket_that_is_raised_late_is_paced_afresh(tmp_path):
    """However old it is: its slower pace counts from the day on which it became urgent."""
    slower = RULES.replace("{every: 30m}", "{every: 30m, stretch: {after: 1d, every: 10h}}")
    with bench(tmp_path / "b", rules=slower) as one:
        one.happen(incident(state="in_progress"))
        one.pass_(days=3)
        one.happen(incident(state="in_progress", priority="P1", revision="0002"))
        one.pass_(hours=10)  # the time that was promised already is kept first
        assert one.platform.letters(R)[-1].startswith("Still on it.")
        told = len(one.platform.letters(R))
        one.pass_(hours=2)
        assert len(one.platform.letters(R)) == told + 4
        one.pass_(days=2)
        told = len(one.platform.letters(R))
        one.pass_(hours=9)
        assert len(one.platform.letters(R)) <= told + 1
