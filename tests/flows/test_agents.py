"""What an agent's commands in internal comments do, on both platforms, and what everybody reads then."""

import re
from datetime import timedelta

import pytest

from app import tables
from tests.support.world import world

RULES = """
version: 1
phrases: {engaged: Our supplier is working on it with us.}
rules:
  - id: any
    when: {kind: incident}
    messages:
      requester:
        opened: "We look into it. We will write again {{ next_update.text }}."
        update_due: "Still on it. {{ progress }} We will write again {{ next_update.text }}."
        progressed: "{{ progress }} We will write again {{ next_update.text }}."
        resolved: {default: "Done."}
        raised: "More urgent now. {{ progress }} We will write again {{ next_update.text }}."
      agents: {opened: "Have a look."}
    cadence: {requester: {every: 30m}}
"""

EXAMPLES = "Write 16:00, tomorrow 09:00, monday 09:00 or 2h."


@pytest.fixture(params=["servicenow", "jira"])
def desk(request, tmp_path):
    with world(tmp_path, RULES) as one:
        yield Desk(one, request.param)


class Desk:
    """One ticket on one of the platforms, opened at 10:00 in Berlin and first spoken about at 10:02."""

    def __init__(self, one, site):
        self.world, self.site = one, site
        if site == "servicenow":
            self.key = one.on_snow(short_description="x", caller_id="eva", priority="2")
        else:
            self.key = one.on_jira(who="carla", fields={"summary": "x", "priority": "High"})
        one.pass_(minutes=3)
        self.before = len(self.said)

    def note(self, text, *, who="", public=False):
        if self.site == "servicenow":
            column = "comments" if public else "work_notes"
            self.world.on_snow(self.key, who=who or "agent.smith", **{column: text})
        else:
            self.world.on_jira(self.key, who=who or "anna", comment={"text": text, "public": public})

    def change(self, **fields):
        if self.site == "servicenow":
            self.world.on_snow(self.key, **{"short_description": "y", **fields.get("snow", {})})
        else:
            self.world.on_jira(self.key, **fields["jira"])

    @property
    def said(self):
        return self.world.said(self.key)

    @property
    def news(self):
        return self.said[self.before :]

    @property
    def answers(self):
        """What Liaison answered agents, in order, without its last line."""
        entries = self.world.entries(self.key, internal=True)
        mine = [e.text for e in entries if e.author == "Liaison" and "answering a command" in e.text]
        return [text.rpartition("\n")[0].strip() for text in mine]

    @property
    def promises(self):
        return [(p.state, p.due[11:16]) for p in self.world.rows(tables.promises, self.key)]


def test_an_earlier_time_is_kept_without_a_word_before(desk):
    desk.note("/liaison next 10:15")
    assert desk.answers == ["The requester hears from us by 10:15 today, and not by 10:32 today."]
    assert desk.news == []
    desk.world.pass_(minutes=13)
    assert len(desk.news) == 1
    assert desk.news[0].startswith("Still on it.")


def test_a_later_time_is_told_at_once_and_keeps_the_old_promise(desk):
    """Nobody waits for a time that was moved behind their back."""
    desk.note("/liaison next 12:00")
    assert desk.news == ["We have your report. Work on it has not started yet. We will write again by 12:00 today."]
    told = "The requester was promised one by 10:32 today, so they are told the new time now."
    assert desk.answers == [f"The next word comes by 12:00 today. {told}"]
    assert desk.promises == [("kept", "09:32"), ("open", "11:00")]
    desk.world.pass_(minutes=110)
    assert len(desk.news) == 1
    desk.world.pass_(minutes=10)
    assert len(desk.news) == 2


def test_a_time_that_nobody_was_told_moves_in_silence(desk):
    """After an agent's own words the rhythm goes on unspoken: there is nothing to correct."""
    desk.note("Looking into it now.", public=True)
    desk.note("/liaison next 2h")
    desk.world.pass_(minutes=100)
    assert desk.news == []
    desk.world.pass_(minutes=25)
    assert len(desk.news) == 1


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ("next 09:00", "09:00 is over for today. Write tomorrow 09:00. Nothing was changed."),
        ("next 10:32", "The requester hears from us by 10:32 today already. Nothing was changed."),
        ("next 11d", "That is more than ten days away. Nobody waits so long for a word. Nothing was changed."),
        ("next soon", f"“soon” is no time that I can read. {EXAMPLES} Nothing was changed."),
        ("next", f"When? {EXAMPLES} Nothing was changed."),
        ("nxet 16:00", "I do not know “nxet”. Did you mean next? Nothing was done."),
        ("unmute", "This ticket is not muted."),
        ("say", "Say what? Write the words behind the command, on the same line."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_answered_with_why(desk, wish, answer):
    desk.note(f"/liaison {wish}")
    assert desk.answers == [answer]
    assert desk.news == []
    assert desk.promises == [("open", "09:32")]


def test_own_words_go_out_under_the_agents_name_and_keep_the_promise(desk):
    desk.note("for you: gw-03 again\n/liaison say We found the cause.\ngw-03.prod.local is dead")
    assert [line for line in desk.news[0].split("\n") if line] == [
        "We found the cause.",
        "We will write again by 10:33 today.",
    ]
    assert desk.answers[0].startswith(
        "The requester now reads: “We found the cause.” The lines beneath it were not sent."
    )
    assert desk.promises == [("kept", "09:32"), ("open", "09:33")]
    note = next(n for n in desk.world.rows(tables.notes, desk.key) if n.moment == "agent_says")
    who = "agent.smith" if desk.site == "servicenow" else "Anna"
    assert note.rule.startswith(f"/liaison say by {who}")
    with desk.world.liaison.store.read() as connection:
        audited = connection.execute(tables.audit.select()).all()
    assert [row.what for row in audited] == ["/liaison say"]
    assert audited[0].who.startswith(who)


def test_words_with_a_time_of_their_own_are_left_alone(desk):
    desk.note("/liaison next 12:00\n/liaison say We found it. You hear from us at 12:00.")
    assert desk.news[-1] == "We found it. You hear from us at 12:00."
    assert desk.promises[-1] == ("open", "11:00")


def test_what_would_leak_is_not_sent_and_the_agent_reads_why(desk):
    desk.note("/liaison say The host gw-03.prod.local is down.")
    assert desk.news == []
    assert desk.answers == [
        'Not sent: it would show a customer a host name ("gw-03.prod.local"). Say it in other words.'
    ]
    assert desk.promises == [("open", "09:32")]


def test_words_of_the_trade_go_out_and_the_agent_is_told_a_plainer_one(desk):
    desk.note("/liaison say The failover is done and it works again.")
    assert desk.news[0].startswith("The failover is done and it works again.")
    assert "For the next time: You said “works again”, and the ticket is still open." in desk.answers[0]
    assert "'failover' is a word of the trade." in desk.answers[0]


@pytest.mark.parametrize(
    "text", ["See {% if ticket %}this{% endif %}", "[code]<b>bold</b>[/code] is bold", "<script>alert(1)</script>"]
)
def test_markup_that_a_platform_might_render_is_not_sent(desk, text):
    desk.note(f"/liaison say {text}")
    assert desk.news == []
    assert desk.answers[0].startswith("Not sent: it would show a customer ")
    assert "<b>" not in desk.world.entries(desk.key, internal=True)[-1].html


def test_what_looks_like_markup_stays_text(desk):
    text = "*big* {color:red}red{color} !image.png! h1. x & 2 < 3"
    desk.note(f"/liaison say {text}")
    assert desk.news[0].startswith(text)


def test_a_phrase_goes_out_at_once_and_stays_the_progress_until_the_state_changes(desk):
    desk.note("/liaison fact Engaged")
    engaged = "Our supplier is working on it with us."
    assert desk.news == [f"{engaged} We will write again by 10:33 today."]
    assert desk.answers == [f"The requester now reads: “{engaged}”"]
    desk.world.pass_(minutes=31)
    assert desk.news[1] == f"Still on it. {engaged} We will write again by 11:03 today."
    desk.change(snow={"state": "2"}, jira={"status": "In Progress"})
    desk.world.pass_(minutes=40)
    assert engaged not in desk.news[-1]


def test_an_unknown_phrase_is_answered_with_the_list(desk):
    desk.note("/liaison fact engagd")
    assert desk.answers[0].startswith("There is no phrase “engagd”. Did you mean engaged? Nothing was sent. There are:")
    assert "• engaged: Our supplier is working on it with us." in desk.answers[0]
    assert desk.news == []


def test_a_muted_ticket_is_silent_until_it_is_not(desk):
    """And what had been promised is kept as soon as Liaison speaks again."""
    desk.note("/liaison mute")
    assert "They were promised a word by 10:32 today: write to them yourself." in desk.answers[0]
    desk.change(snow={"priority": "1"}, jira={"fields": {"priority": "Highest"}})
    desk.world.pass_(hours=2)
    assert desk.news == []
    assert ("raised", "requester", "muted") in desk.world.silences(desk.key)
    assert desk.promises == [("withdrawn", "09:32")]
    story = desk.world.liaison.views.story(desk.world.ref(desk.key))
    assert story.muted
    desk.note("/liaison unmute")
    assert desk.answers[-1] == "I speak again. What was promised before comes now."
    assert len(desk.news) == 1
    assert desk.news[0].startswith("Still on it.")


def test_a_mute_for_a_time_ends_by_itself(desk):
    desk.note("/liaison mute 1h")
    assert desk.answers[0].startswith("Muted until 11:03 today.")
    desk.world.pass_(minutes=58)
    assert desk.news == []
    desk.world.pass_(minutes=5)
    assert len(desk.news) == 1


def test_a_mute_that_ends_before_the_promised_time_breaks_nothing(desk):
    """So nobody is asked to write in Liaison's place."""
    desk.note("/liaison mute 10m")
    assert desk.answers[0].startswith("Muted until")
    assert "write to them yourself" not in desk.answers[0]
    desk.world.pass_(minutes=31)
    assert len(desk.news) == 1


def test_an_agent_may_still_say_something_in_a_muted_ticket(desk):
    desk.note("/liaison mute")
    desk.note("/liaison say We found it.")
    assert desk.news == ["We found it."]
    desk.world.pass_(hours=2)
    assert len(desk.news) == 1


def test_why_names_the_rule_and_the_silences_since(desk):
    desk.note("Looking into it.", public=True)
    desk.change(snow={"priority": "1"}, jira={"fields": {"priority": "Highest"}})
    desk.world.pass_(minutes=3)
    desk.note("/liaison why")
    told = desk.answers[-1]
    assert told.startswith("The requester last heard from me at 10:02 today: opened (moment opened, rule any).")
    assert "raised, nothing said: An agent has just written to the requester. (said_by_human, any)" in told
    assert "The next word comes by 10:33 today (rule any)." in told


def test_help_is_a_list_and_no_line_of_it_is_a_command(desk):
    desk.note("/liaison")
    assert all(usage in desk.answers[0] for usage in ("next 16:00", "say …", "fact PHRASE", "mute", "unmute", "why"))
    desk.world.pass_(minutes=5)
    assert len(desk.answers) == 1


def test_a_customers_command_does_nothing(desk):
    """Nor does a public comment of an agent, nor a robot's internal one."""
    who = "eva" if desk.site == "servicenow" else "carla"
    desk.note("/liaison mute", who=who, public=True)
    desk.note("/liaison mute", public=True)
    assert desk.answers == []
    assert not any(n.moment == "answered" for n in desk.world.rows(tables.notes, desk.key))


def test_several_commands_are_done_in_order_and_answered_together(desk):
    desk.note("/liaison fact engaged\n  /LIAISON Next 12:30\nthanks\n/liaison nonsense")
    assert len(desk.answers) == 1
    parts = [line for line in desk.answers[0].split("\n") if line]
    assert parts[0] == "The requester now reads: “Our supplier is working on it with us.”"
    assert parts[1] == "The requester hears from us by 12:30 today. The words on their way to them say so."
    assert desk.news == ["Our supplier is working on it with us. We will write again by 12:30 today."]
    assert desk.promises[-1] == ("open", "11:30")


def test_words_right_after_an_agents_own_comment_are_not_swallowed(desk):
    desk.note("Hello, I am on it.", public=True)
    desk.note("/liaison fact engaged")
    desk.note("/liaison say One more thing.")
    assert [text.partition("\n")[0] for text in desk.news] == [
        "Our supplier is working on it with us. We will write again by 10:33 today.",
        "One more thing.",
    ]


def test_a_ticket_that_has_ended_promises_nothing_more(desk):
    desk.change(snow={"state": "6", "close_code": "Solved (Permanently)"}, jira={"status": "Resolved"})
    desk.world.pass_(minutes=6)
    desk.note("/liaison next 2h\n/liaison fact engaged\n/liaison say If it fails again, reply here.")
    assert desk.news[-1] == "If it fails again, reply here."
    assert "This ticket has ended, so nothing more is promised." in desk.answers[0]
    assert all(state != "open" for state, _ in desk.promises)


@pytest.mark.parametrize("order", ["/liaison next 4h", "/liaison fact engaged"])
def test_an_order_that_is_read_when_the_promise_is_overdue_is_one_message_with_one_time(desk, order):
    """Written while Liaison was down: the update that is due must not take the agent's time back in the same minute."""
    desk.world.clock.move(desk.world.clock.now() + timedelta(minutes=45))
    desk.note(order)
    desk.world.pass_(minutes=5)
    (said,) = desk.news
    assert said.startswith("We said we would write by 10:32 today, and we are late.")
    by = re.findall(r"by (\d\d:\d\d) today", said)[-1]
    assert by == ("14:48" if "next" in order else "11:18")
    assert [state for state, _ in desk.promises] == ["kept_late", "open"]
    assert desk.promises[-1][1] == f"{int(by[:2]) - 1:02}{by[2:]}"


@pytest.fixture
def shipped(tmp_path):
    """The shipped words, on ServiceNow: one save holds fields and a command."""
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        key = one.on_snow(short_description="x", caller_id="eva", priority="2")
        one.pass_(minutes=5)
        yield one, key


@pytest.mark.parametrize("order", ["next 16:00", "fact cause-found", "say We found it."])
def test_a_command_saved_together_with_news_is_one_message(shipped, order):
    one, key = shipped
    one.on_snow(key, state="2", work_notes=f"/liaison {order}")
    one.pass_(minutes=5)
    (said,) = one.said(key)[1:]
    assert said.endswith("We will write again by 16:00 today." if "next" in order else "by 11:05 today.")
    assert ("acknowledged", "requester", "said_by_human") in one.silences(key)
    assert [p.state for p in one.rows(tables.promises, key)] == ["kept", "open"]


def test_an_earlier_time_saved_together_with_news_stands_in_its_words(shipped):
    one, key = shipped
    one.on_snow(key, state="2", work_notes="/liaison next 10:30")
    assert one.said(key)[-1].endswith("We will write again by 10:30 today.")


def test_an_end_saved_together_with_words_of_an_agent_is_told_as_well(shipped):
    one, key = shipped
    one.on_snow(key, state="6", close_code="Solved (Permanently)", work_notes="/liaison say Thank you for waiting.")
    one.pass_(minutes=6)
    assert [text[:24] for text in one.said(key)[1:]] == ["Thank you for waiting.", "We have solved the probl"]


def test_jira_mails_about_an_escalation_although_the_note_is_edited(tmp_path):
    rules = RULES.replace("{every: 30m}", "{every: 30m, when_missed: escalate, escalate: [{after: 5m, tell: lead}]}")
    with world(tmp_path, rules) as one:
        key = one.on_jira(who="carla", fields={"summary": "x", "priority": "High"})
        one.pass_(minutes=31)
        before = len(one.jira.notified)
        one.pass_(minutes=10)
        (note,) = [entry.text for entry in one.entries(key, internal=True)]
        assert "Escalated to lead" in note
        assert len(one.jira.notified) > before


@pytest.mark.parametrize("by", ["hand", "time"])
def test_who_was_kept_from_hearing_that_it_is_solved_hears_it_when_the_ticket_speaks_again(desk, by):
    desk.note("/liaison mute" if by == "hand" else "/liaison mute 1h")
    done = {"state": "6", "close_code": "Solved (Permanently)"}
    desk.change(snow=done, jira={"status": "Resolved", "fields": {"resolution": "Done"}})
    desk.world.pass_(minutes=40)
    assert desk.news == []
    if by == "hand":
        desk.note("/liaison unmute")
        assert desk.answers[-1] == "I speak again. The requester is told now what has become of it."
    desk.world.pass_(hours=2)
    assert desk.news == ["Done."]
    desk.world.pass_(hours=40)
    assert desk.news == ["Done."]


def test_an_end_that_was_taken_back_while_muted_is_told_nobody(shipped):
    one, key = shipped
    one.on_snow(key, work_notes="/liaison mute 2h")
    one.on_snow(key, state="6", close_code="Solved (Permanently)")
    one.pass_(minutes=20)
    one.on_snow(key, state="2", close_code="")
    one.pass_(hours=3)
    assert not any("solved the problem" in text for text in one.said(key))
    assert [p.state for p in one.rows(tables.promises, key)][-1] == "open"


def test_agents_do_not_read_that_a_requester_knows_who_was_told_nothing(shipped):
    one, key = shipped
    one.on_snow(key, work_notes="/liaison mute")
    one.on_snow(key, state="6", close_code="Solved (Permanently)")
    one.pass_(minutes=10)
    note = one.entries(key, internal=True)[-1].text
    assert "The requester was told nothing: the ticket is muted" in note
    assert "the requester knows" not in note
    assert "Our work is done. If they reply" in note


def test_a_note_in_a_journal_that_only_reminds_repeats_nothing(shipped):
    one, key = shipped
    one.pass_(minutes=56)
    note = one.entries(key, internal=True)[-1].text
    assert note.startswith("At 11:02 today this goes out unless you write first:")
    assert "/liaison next" in note


def test_a_time_ordered_in_the_save_that_reopens_is_the_time_that_everybody_reads(tmp_path):
    with world(tmp_path, RULES) as one:
        key = one.on_snow(short_description="x", caller_id="eva", priority="2")
        one.pass_(minutes=3)
        one.on_snow(key, state="6", close_code="Solved (Permanently)")
        one.pass_(minutes=60)
        one.on_snow(key, state="2", work_notes="/liaison next 3h")  # at 11:03
        one.pass_(minutes=6)
        again = one.said(key)[-1]
        assert "again" in again.casefold()
        assert "14:03" in again
        answer = next(e.text for e in one.entries(key, internal=True) if "The requester hears from us" in e.text)
        assert "14:03" in answer
        assert [p.due[11:16] for p in one.rows(tables.promises, key) if p.state == "open"] == ["13:03"]
