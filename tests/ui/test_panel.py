"""The agent panel: what it shows, to whom, and what it passes on."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from core.decisions import Reason
from core.notes import Audience, NoteState
from core.tickets import Ticket, TicketRef
from tests.support.memory_panel import MemoryPanel
from tests.ui.pages import NOW, Browser, house, person
from ui.access import Role
from ui.panel_views import Because, Coming, Escalation, LinkRow, Near, Ordered, PanelView, Waiting, Why
from ui.views import NoteRow, PromiseRow, SilenceRow

REF = TicketRef("acme", "incident:1")
PATH = "/panel/acme/incident:1"
R = Audience.REQUESTER
TICKET = Ticket(
    site="acme", platform="jira", kind="incident", id="incident:1", key="OPS-1", title="Till 3 is down",
    state="in_progress", service="tills", affected_users=12, location="Mitte",
)  # fmt: skip
HOSTILE = "<script>alert(1)</script>[code]<b>x</b>[/code]{{7*7}}\u202e\"'><img src=x onerror=alert(1)>"
ACTIONS = ("Send now", "Approve and send", "Change it", "Mute", "Drop")


def view(**more):
    given = {
        "key": "OPS-1",
        "ticket": TICKET,
        "impact": "Customers cannot pay by card.",
        "impact_level": "high",
        "promise": PromiseRow(REF, R, NOW + timedelta(minutes=12), NOW),
        "coming": Coming(NOW + timedelta(minutes=12), "Still on it.", "tills"),
        "waiting": (Waiting("note-1", NoteState.DRAFT, "opened", "We look into it.", rule="any"),),
        "escalations": (Escalation(NOW, "", done=True), Escalation(NOW + timedelta(minutes=17), "the team lead")),
        "because": {"n": Because("any", "Anything", "rules.yaml:8", "kind incident and priority P1")},
        "links": (LinkRow(7, NOW, NOW + timedelta(days=30)),),
        "crowds": ("stores (about 1,200 people)",),
        "told": (NoteRow("n", REF, R, "raised", NoteState.WRITTEN, NOW, "More urgent now.", rule="any"),),
        "silences": (SilenceRow(NOW, "scope_changed", Reason.SAID_BY_HUMAN, R),),
        "ordered": (Ordered(NOW, "The requester now reads it."),),
        "phrases": {"cause-found": "We have found the cause."},
        "zone": "Europe/Berlin",
    }
    return PanelView(REF, **(given | more))


def browser(seen=None, role=Role.AGENT, **more):
    port = MemoryPanel({REF: seen or view()}, **more)
    browser = Browser(house(panel=port, origins={"acme": "https://acme.example"}), person(role) if role else None)
    return browser, port


def test_it_shows_what_an_agent_needs_to_know():
    text = browser()[0].get(PATH).text
    for part in ("Customers cannot pay by card.", "12 people", "in 12 minutes", "Still on it.", "We look into it.",
                 "More urgent now.", "became more urgent", "An agent had just said it.", "The requester now reads it."):  # fmt: skip
        assert part in text


def test_it_says_who_is_told_when_nobody_writes():
    text = browser()[0].get(PATH).text
    assert "you were reminded" in text
    assert "if nobody has written, Liaison tells the team lead" in text
    assert "This word is late." not in text
    late = PromiseRow(REF, R, NOW - timedelta(minutes=1), NOW)
    assert "This word is late." in browser(view(promise=late))[0].get(PATH).text


def test_a_panel_that_was_left_open_says_that_more_has_happened():
    one, port = browser()
    asked = re.search(r'hx-get="(/panel-now/[^"]+stands=[^"]+)"', one.get(PATH).text)[1]
    assert "Something has happened" not in one.get(asked).text
    for more in (
        {"waiting": ()},
        {"told": ()},
        {"silences": ()},
        {"muted": "Muted by Eva."},
        {"ticket": replace(TICKET, state="resolved")},
    ):
        port.tickets[REF] = view(**more)
        assert "Something has happened" in one.get(asked).text, more
    assert "Something has happened" not in one.get(asked.partition("?")[0]).text


def test_why_this_is_said_as_a_person_reads_it():
    text = browser()[0].get(PATH).text
    assert "“Anything” <code>any</code>" in text
    assert "It speaks when: kind incident and priority P1." in text
    own = view(because={"n": Because("/liaison say by Eva", own_words=True)})
    assert "These are an agent&#39;s own words" in browser(own)[0].get(PATH).text.replace("agent's", "agent&#39;s")


def test_why_shows_the_winner_what_it_beat_and_what_nearly_spoke():
    why = Why(
        Because("down", "Nobody can pay", "rules.yaml:9", "priority is P1"), speaks=True,
        beaten=(("incident", "it is on the layer normal"),), pace=(("every 30 minutes", "by 15:00 today", "slow"),),
        gates=(("secret", "category is security"),), limits=("They have heard 2 of 3 today.",),
        near=(Near("watched", "We watch", ("phase is missing, the rule wants monitoring",)),),
    )  # fmt: skip
    one, port = browser()
    port.because = why
    text = one.get("/panel-why/acme/incident:1").text
    for part in ("“Nobody can pay”", "priority is P1", "layer normal", "Every 30 minutes", "by 15:00 today",
                 "category is security", "2 of 3 today", "the rule wants monitoring", f'href="{PATH}"'):  # fmt: skip
        assert part in text
    port.because = Why(silence="No rule has words for this.")
    text = one.get("/panel-why/acme/incident:1").text
    assert "Nothing would be said" in text
    assert "No rule gives a pace" in text
    assert one.get("/panel-why/acme/other").status_code == 303


def test_a_new_link_is_shown_once_and_nowhere_kept():
    one, port = browser()
    answer = one.post("/panel-link/acme/incident:1")
    assert answer.status_code == 200
    assert 'value="http://localhost:8080/t/a-new-link"' in answer.text
    assert "no internal note" in answer.text
    assert port.asked == [("link", REF.id, "Eva Example")]
    assert "a-new-link" not in str(answer.headers)
    assert "a-new-link" not in one.get(PATH).text
    with one.client.session_transaction() as session:
        assert "a-new-link" not in str(dict(session))


def test_a_link_is_ended():
    one, port = browser()
    answer = one.post("/panel-link/acme/incident:1", {"end": "7"})
    assert answer.headers["Location"] == f"{PATH}#page"
    assert port.asked == [("unlink", REF.id, "7", "Eva Example")]
    assert "Whoever opens it now sees nothing." in one.get(PATH).text
    for odd in ("x", "-1", "²", "9" * 40, "7 or 1"):
        assert one.post("/panel-link/acme/incident:1", {"end": odd}).status_code == 303


def test_no_link_leads_to_what_may_not_be_shown():
    one, _ = browser(refuses="This ticket is held, so nothing was done.")
    answer = one.post("/panel-link/acme/incident:1")
    assert answer.status_code == 422
    assert "This ticket is held" in answer.text
    assert "/t/" not in answer.text


def test_agents_may_act_and_others_read():
    assert all(action in browser()[0].get(PATH).text for action in ACTIONS)
    for role in (Role.VIEWER, Role.EDITOR, None):
        text = browser(role=role)[0].get(PATH).text
        assert "Customers cannot pay by card." in text
        forms = re.findall('<form[^>]*action="([^"]*)', text.partition("<main")[2])
        assert forms == (["/panel-leave/acme/incident:1"] if role else [])


def test_its_own_site_may_frame_it_and_nobody_else():
    policy = browser()[0].get(PATH).headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://acme.example")
    other = Browser(house(panel=MemoryPanel({TicketRef("b", "1"): view()}), origins={"acme": "https://acme.example"}))
    assert other.get("/panel/b/1").headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_who_is_not_signed_in_is_led_to_a_window_of_its_own():
    rooms = house(panel=MemoryPanel({REF: view()}), origins={"acme": "https://acme.example"}, provider=object())
    answer = Browser(rooms).get(PATH)
    assert answer.status_code == 401
    assert "Till 3" not in answer.text
    assert f'href="/sign-in?next={PATH}" target="_blank"' in answer.text.replace("%2F", "/").replace("%3A", ":")
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors https://acme.example")


@pytest.mark.parametrize("path", [PATH, "/panel-now/acme/incident:1"])
def test_of_a_held_ticket_only_the_gate_is_shown(path):
    answer = browser(view(held_by=("secret",)))[0].get(path)
    assert "Till 3" not in answer.text
    assert "Customers cannot pay" not in answer.text
    assert "secret" in answer.text or answer.headers["HX-Refresh"] == "true"


def test_an_order_is_passed_on_with_its_form_and_its_agent():
    one, port = browser()
    once = re.search(r'name="once" value="([^"]+)"', one.get(PATH).text)[1]
    answer = one.post("/panel-order/acme/incident:1", {"verb": "say", "text": "We found it.", "once": once})
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    assert port.asked == [("order", REF.id, "say", "We found it.", once, "Eva Example")]
    assert "on its way" in one.get(PATH).text


@pytest.mark.parametrize("verb", ["say", "next", "mute", "fact"])
def test_what_is_refused_is_said_beside_what_was_typed(verb):
    one, _ = browser(refuses="Not sent: it would show a customer a host name.")
    answer = one.post("/panel-order/acme/incident:1", {"verb": verb, "text": "db01 is down", "once": "x" * 16})
    assert answer.status_code == 422
    assert answer.text.count("Not sent: it would show a customer a host name.") == 1
    if verb in ("say", "next"):
        assert "db01 is down" in answer.text
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors https://acme.example")


def test_typing_is_answered_with_a_part_of_the_page():
    one, port = browser()
    form = {"verb": "say", "text": "We found it."}
    answer = one.post("/panel-preview/acme/incident:1", form, {"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "We found it." in answer.text
    assert "Say what they can do." in answer.text
    assert port.asked == [("preview", REF.id, "say", "We found it.", "Eva Example")]
    whole = one.post("/panel-preview/acme/incident:1", form)
    assert "<html" in whole.text
    assert whole.text.count("We found it.") == 2


@pytest.mark.parametrize(
    ("verb", "said"), [("approve", "Approved"), ("drop", "Dropped"), ("reword", "Your words go out")]
)
def test_a_draft_is_decided_on(verb, said):
    one, port = browser()
    form = {"verb": verb, "note": "note-1", "text": "Mine."}
    assert one.post("/panel-note/acme/incident:1", form).status_code == 303
    assert port.asked == [("decide", REF.id, verb, "note-1", "Mine.", "Eva Example")]
    assert said in one.get(PATH).text


def test_a_draft_that_cannot_be_decided_on_keeps_what_was_typed():
    one, _ = browser(refuses="Not done: this note is written.")
    answer = one.post("/panel-note/acme/incident:1", {"verb": "reword", "note": "note-1", "text": "Mine."})
    assert answer.status_code == 422
    assert "Not done: this note is written." in answer.text
    assert "Mine." in answer.text


def test_empty_states_say_what_to_do():
    bare = PanelView(REF, "OPS-1", TICKET, coming=Coming(because="Nothing is promised."))
    text = browser(bare)[0].get(PATH).text
    for part in ("No rule says what this means", "No time is promised.", "Nothing is promised.", "Nothing yet.",
                 "No moment was passed over in silence."):  # fmt: skip
        assert part in text


def test_a_muted_ticket_offers_to_speak_again_and_a_silent_one_says_why():
    text = browser(view(muted="Muted by Eva."))[0].get(PATH).text
    assert "Muted by Eva. The requester hears nothing from Liaison until somebody unmutes it." in text
    text = browser(view(muted="Muted by Eva.", muted_until=NOW + timedelta(hours=1)))[0].get(PATH).text
    assert f'until <time datetime="{(NOW + timedelta(hours=1)).isoformat()}"' in text
    assert "Unmute" in text
    assert "Still on it." not in text
    text = browser(view(silent_because="The project is not served."))[0].get(PATH).text
    assert "The project is not served." in text
    assert "Send now" not in text


def test_a_silent_ticket_that_speaks_since_is_shown_anew_by_itself():
    """One that was not read yet, above all: its panel looks again and again."""
    one, port = browser(view(silent_because="Liaison has not read it yet."))
    poll = unescape(re.search(r'hx-get="([^"]+)" hx-trigger="every 15s"', one.get(PATH).text)[1])
    assert "HX-Refresh" not in one.get(poll).headers
    port.tickets[REF] = view()
    assert one.get(poll).headers["HX-Refresh"] == "true"


def test_what_is_to_be_typed_is_shown_as_code():
    answer = Ordered(NOW, "Write `/liaison next 16:00` <b>.")
    assert "Write <code>/liaison next 16:00</code> &lt;b&gt;." in browser(view(ordered=(answer,)))[0].get(PATH).text


def test_unknown_tickets_and_a_broken_store_are_said_in_words():
    one, port = browser()
    assert one.get("/panel/acme/none").status_code == 404
    assert one.get("/panel-now/acme/none").headers["HX-Refresh"] == "true"
    port.broken = True
    assert one.get(PATH).status_code == 503


def test_hostile_words_stay_words_in_every_place():
    ticket = TICKET.evolve(title=HOSTILE, service=HOSTILE, location=HOSTILE, key=HOSTILE)
    seen = view(
        ticket=ticket, key=HOSTILE, impact=HOSTILE, impact_level=HOSTILE,
        coming=Coming(NOW, HOSTILE, HOSTILE),
        waiting=(Waiting("note-1", NoteState.STOPPED, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        told=(NoteRow("n", REF, R, HOSTILE, NoteState.WRITTEN, NOW, HOSTILE, rule=HOSTILE),),
        silences=(SilenceRow(NOW, HOSTILE, Reason.NO_RULE, R, HOSTILE, HOSTILE),),
        ordered=(Ordered(NOW, HOSTILE), Ordered(NOW, words=HOSTILE)),
        phrases={HOSTILE: HOSTILE}, zone=HOSTILE,
    )  # fmt: skip
    one, _ = browser(seen, refuses=HOSTILE)
    for answer in (
        one.get(PATH),
        one.post("/panel-order/acme/incident:1", {"verb": "say", "text": HOSTILE, "once": HOSTILE}),
        one.post("/panel-note/acme/incident:1", {"verb": "reword", "note": "note-1", "text": HOSTILE}),
        one.post("/panel-preview/acme/incident:1", {"verb": "say", "text": HOSTILE}, {"HX-Request": "true"}),
    ):
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "<b>x" not in answer.text
        assert "49" not in re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text).partition("<main")[2]


def policy(answer):
    return answer.headers["Content-Security-Policy"]


def test_whatever_a_panel_answers_can_be_read_in_its_frame():
    """Also signed out meanwhile, a page that is too old, a role too small, a broken store: never an empty frame."""
    panel = MemoryPanel({REF: view()})
    rooms = house(panel=panel, origins={"acme": "https://acme.example"})
    nobody, reader, agent = Browser(rooms), Browser(rooms, person(Role.VIEWER)), Browser(rooms, person(Role.AGENT))
    say = {"verb": "say", "text": "Hello", "once": "x" * 16}
    order = "/panel-order/acme/incident:1"
    for answer, code in (
        (nobody.ask("POST", order, data=say), 401),
        (reader.ask("POST", order, data=say), 403),
        (agent.ask("POST", order, data=say), 400),
        (agent.get("/panel/acme/other"), 404),
    ):
        assert answer.status_code == code
        assert policy(answer).endswith("frame-ancestors https://acme.example"), code
        assert f'href="{PATH}"' in answer.text or code == 404
        assert 'aria-label="Main"' not in answer.text, "the pages of the menu open in no frame"
    assert "So nothing was sent." in nobody.ask("POST", order, data=say).text
    panel.broken = True
    assert policy(agent.get(PATH)).endswith("frame-ancestors https://acme.example")
    assert policy(agent.get("/panel/other/1")).endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("part", ["order", "note", "preview", "link", "enter", "leave"])
def test_an_address_that_takes_forms_leads_back_to_the_panel(part):
    answer = browser()[0].get(f"/panel-{part}/acme/incident:1")
    assert (answer.status_code, answer.headers["Location"].replace("%3A", ":")) == (303, PATH)
