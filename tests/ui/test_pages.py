"""The pages: what they show, what they never show, and to whom."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import flask
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from core.decisions import Reason
from core.notes import Audience, NoteState
from core.promises import PromiseState
from core.sightings import Unmapped
from core.tickets import Parent, Person, Ticket, TicketRef
from tests.support.memory_views import MemoryViews
from tests.support.socketed import socketed
from tests.ui.pages import house
from ui.blueprint import blueprint
from ui.views import DeadRow, Health, NoteRow, Overview, PromiseRow, SilenceCount, SilenceRow, StoryView

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
REF = TicketRef("acme-snow", "incident:1c74")
STORY_URL = "/tickets/acme-snow/incident:1c74"
HERE = {"Host": "localhost:8080"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}&lt;"


class Clock:
    def now(self) -> datetime:
        return NOW


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def note(state: NoteState = NoteState.WRITTEN, audience: Audience = Audience.REQUESTER, **more) -> NoteRow:
    given = {
        "id": "n1",
        "ref": REF,
        "moment": "opened",
        "at": ago(50),
        "text": "Card payments are down.\nUse cash.",
        "key": "INC60",
        "rule": "card-outage",
    }
    return NoteRow(audience=audience, state=state, **{**given, **more})


def promise(**more) -> PromiseRow:
    given = {
        "ref": REF,
        "audience": Audience.REQUESTER,
        "due": NOW + timedelta(minutes=30),
        "made_at": ago(5),
        "key": "INC60",
        "rule": "card-outage",
    }
    return PromiseRow(**{**given, **more})


TICKET = Ticket(
    "acme-snow", "servicenow", "incident", "INC60", REF.id, url="https://acme.example/nav", title="Card declined",
    state="on_hold", hold_reason="vendor", priority="P1", service="CARD-GW", affected_users=300, parent=Parent("p", "INC1"),
    requester=Person("u", "Till robot", "service_account"), opened_at=ago(55), planned_start=ago(10), planned_end=NOW,
)  # fmt: skip
STORY = StoryView(
    REF,
    TICKET,
    notes=(note(), note(audience=Audience.AGENTS, text="Do not restart tills.", id="n2")),
    promises=(promise(due=ago(20), state=PromiseState.KEPT_LATE, ended_at=ago(18)), promise()),
    silences=(
        SilenceRow(ago(40), "acknowledged", Reason.SAID_BY_HUMAN, Audience.REQUESTER, "Eva wrote at 12:20.", "rule-x"),
    ),
    unmapped=(Unmapped("state", "Waiting on store"),),
)


class Site:
    """The pages over given views, with a client that stands at the machine itself."""

    def __init__(self, views: MemoryViews | None = None, *, pages_open: bool = False) -> None:
        self.views = views or MemoryViews()
        self.app = flask.Flask(__name__)
        self.app.register_blueprint(blueprint(house(self.views, pages_open=pages_open)))

    def get(self, path: str, headers: dict[str, str] | None = None, address: str = "127.0.0.1"):
        client = self.app.test_client()
        return client.get(
            path, headers=HERE if headers is None else headers, environ_base={"REMOTE_ADDR": address}, buffered=True
        )


class Words(HTMLParser):
    """The text of a page, and its tags, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.pieces, self.tags = "", [], []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data
        self.pieces.append(data)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


def words(answer) -> str:
    return " ".join(" ".join(Words(answer.text).pieces).split())


def told(story: StoryView = STORY, path: str = STORY_URL):
    return Site(MemoryViews(stories={story.ref: story})).get(path)


def test_the_front_page_shows_promises_by_due_time():
    later = promise(key="OPS-2", due=NOW + timedelta(hours=2), ref=TicketRef("acme-jira", "7"))
    late = promise(key="OPS-1", due=ago(4))
    said = words(Site(MemoryViews(Overview(promises=(later, promise(), late)))).get("/"))
    assert said.index("OPS-1") < said.index("INC60") < said.index("OPS-2")
    assert "Late: Fri 20 Nov 2026, 12:56 UTC 4 minutes ago" in said
    assert "in 30 minutes" in said
    assert "in 2 hours" in said


def test_the_front_page_shows_notes_and_counts_of_silence():
    seen = Overview(
        notes=(note(),), silences=(SilenceCount(Reason.NO_RULE, 3), SilenceCount(Reason.GATED, 41)), since=ago(1440)
    )
    said = words(Site(MemoryViews(seen)).get("/"))
    assert "Card payments are down. Use cash." in said
    assert "A gate forbids speaking here. 41" in said
    assert said.index("gated") < said.index("no_rule"), "the most frequent first"
    assert "since Thu 19 Nov 2026, 13:00 UTC" in said


@pytest.mark.parametrize("state", [NoteState.DRAFT, NoteState.IN_DOUBT, NoteState.REFUSED, NoteState.STOPPED])
def test_notes_that_need_a_person_stand_apart_with_what_to_do(state):
    waits = note(state, problem="Jira said: You do not have permission.", text="Waiting words.")
    for said in (
        words(Site(MemoryViews(Overview(attention=(waits,)))).get("/")),
        words(told(StoryView(REF, TICKET, notes=(waits, note())))),
    ):
        part = said.split("Needs a person")[1]
        assert "Waiting words." in part
        assert "Jira said: You do not have permission." in part
        assert "What to do: " in part
        assert "Open the panel of" in part


def test_the_front_page_shows_what_could_not_be_handled():
    rows = (
        DeadRow(7, TicketRef("acme", "1"), NOW, "KeyError: <b>'fields'</b>", "OPS-1"),
        DeadRow(8, TicketRef("acme", "2"), NOW, "Payroll leak", "OPS-2", held_by="secret"),
    )
    shown = words(Site(MemoryViews(Overview(dead=rows))).get("/"))
    assert "KeyError: <b>'fields'</b>" in shown
    assert "held by the gate secret" in shown
    assert "Payroll leak" not in shown
    assert "OPS-2" not in shown


def test_an_empty_front_page_says_what_to_do_next():
    said = words(Site().get("/"))
    assert "Needs a person" not in said
    for next_step in ("open or change a ticket", "/hooks/<site>", "will be counted here"):
        assert next_step in said


def test_a_story_tells_everything():
    said = words(told())
    for part in (
        "INC60: Card declined", "Incident in ServiceNow", "on hold, waiting for a supplier", "P1, the most urgent",
        "300 people", "Till robot (an account, not a person)", "Part of INC1",
        "Fri 20 Nov 2026, 12:50 UTC to Fri 20 Nov 2026, 13:00 UTC",
        "To requester (public)", "Card payments are down. Use cash.", "rule card-outage",
        "To agents (internal)", "Do not restart tills.",
        "kept, but late", "work began", "An agent had just said it. Eva wrote at 12:20.", "said_by_human by rule-x",
        "state “Waiting on store”",
    ):  # fmt: skip
        assert part in said


def test_a_story_leads_to_the_panel_where_one_acts():
    assert f'href="{STORY_URL.replace("/tickets/", "/panel/")}"' in told().text


def test_words_are_shown_word_for_word():
    assert "Card payments are down.\nUse cash." in told().text


def test_a_story_that_is_hardly_known():
    said = words(told(StoryView(REF, served=False, not_served_because="Project WEB is not served.")))
    for part in (
        "incident:1c74",
        "Project WEB is not served.",
        "Nothing was said",
        "Nothing was promised",
        "it will be read shortly",
    ):
        assert part in said


def test_an_internal_note_that_came_out_public_raises_an_alarm():
    story = StoryView(REF, TICKET, notes=(note(audience=Audience.AGENTS, public=True),))
    assert "This internal note came out public." in words(told(story))
    assert "came out public" not in words(told())


def test_a_held_ticket_shows_its_gate_and_nothing_else():
    answer = told(StoryView(**{**vars(STORY), "held_by": ("confidential", "board")}))
    said = words(answer)
    assert "This ticket is held" in said
    assert "confidential , board" in said
    for secret in (
        "INC60",
        "Card",
        "CARD-GW",
        "Till robot",
        "Eva",
        "cash",
        "promis",
        "Waiting on store",
        "incident:1c74",
    ):
        assert secret not in answer.text


def test_rows_of_a_held_ticket_show_its_gate_and_nothing_else():
    held = {"held_by": "confidential", "key": "SEC-1", "rule": "secret-rule"}
    seen = Overview(
        (promise(**held),),
        (note(text="Secret words.", **held),),
        (note(NoteState.REFUSED, problem="Secret problem.", text="Secret words.", **held),),
    )
    answer = Site(MemoryViews(seen)).get("/")
    assert answer.text.count("held by the gate confidential") == 3
    for secret in ("SEC-1", "Secret", "secret-rule", "1c74", "opened"):
        assert secret not in answer.text


def test_hostile_text_is_text():
    ticket = TICKET.evolve(
        title=HOSTILE, key=HOSTILE, service=HOSTILE, url="javascript:alert(1)", requester=Person("x", HOSTILE)
    )
    story = StoryView(
        REF, ticket, served=False, not_served_because=HOSTILE, notes=(note(text=HOSTILE, rule=HOSTILE, problem=HOSTILE, moment=HOSTILE),),
        promises=(promise(rule=HOSTILE),), unmapped=(Unmapped(HOSTILE, HOSTILE),),
        silences=(SilenceRow(NOW, HOSTILE, Reason.GATED, None, HOSTILE, HOSTILE),),
    )  # fmt: skip
    front = MemoryViews(Overview((promise(key=HOSTILE),), (note(key=HOSTILE, text=HOSTILE),)))
    for answer in (told(story), Site(front).get("/")):
        page = Words(answer.text)
        assert HOSTILE in page.text
        assert "img" not in {tag for tag, _ in page.tags}
        assert all("/assets/" in attrs["src"] for tag, attrs in page.tags if tag == "script")
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"]
        assert not [attrs for _, attrs in page.tags if "javascript" in str(attrs.get("href"))]


def test_any_text_is_text():
    views = MemoryViews(Overview(), {REF: StoryView(REF, TICKET.evolve(title="t"), notes=(note(text="t"),))})
    site = Site(views)
    calm = {tag for tag, _ in Words(site.get(STORY_URL).text).tags}

    @given(st.text(max_size=60), st.text(max_size=60))
    @runs(max_examples=60, deadline=None)
    def whatever_is_said(title, said):
        views.stories[REF] = StoryView(REF, TICKET.evolve(title=title, state=said), notes=(note(text=said),))
        page = Words(site.get(STORY_URL).text)
        assert calm >= {tag for tag, _ in page.tags}

    whatever_is_said()


def test_an_id_with_slashes_and_odd_letters_has_a_page():
    ref = TicketRef("acme-snow", "incident:a/b ü?")
    site = Site(MemoryViews(Overview(promises=(promise(ref=ref, key=""),)), {ref: StoryView(ref)}))
    (link,) = [
        attrs["href"] for tag, attrs in Words(site.get("/").text).tags if tag == "a" and "/tickets/" in attrs["href"]
    ]
    assert site.get(link).status_code == 200


def test_an_unknown_ticket_and_an_unknown_page_are_told_in_words():
    for path, expected in ((STORY_URL, "does not know this ticket"), ("/nowhere", "There is no such page")):
        answer = Site().get(path)
        assert answer.status_code == 404
        assert expected in words(answer)
        assert "front page" in words(answer)


def test_a_store_that_does_not_answer_is_told_in_words():
    site = Site(MemoryViews(broken=True))
    for path in ("/", STORY_URL):
        answer = site.get(path)
        assert answer.status_code == 503
        assert "cannot read its store" in words(answer)


def test_health():
    answer = Site(MemoryViews(broken=True)).get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_readiness():
    assert Site().get("/readyz").json == {"status": "ready", "reasons": []}
    tired = Site(MemoryViews(state=Health(("No rules are loaded.",)))).get("/readyz")
    assert (tired.status_code, tired.json["reasons"]) == (503, ["No rules are loaded."])
    broken = Site(MemoryViews(broken=True)).get("/readyz")
    assert broken.status_code == 503
    assert "The database is locked." in broken.json["reasons"][0]


@pytest.mark.parametrize(
    "path", ["/", STORY_URL, "/nowhere", "/healthz", "/readyz", "/assets/liaison.css", "/sign-in", "/enter/x"]
)
def test_the_browser_is_told_to_run_nothing_and_keep_nothing(path):
    answer = Site().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("answer", [Site().get("/"), told(), Site().get("/nowhere")], ids=["front", "story", "nowhere"])
def test_everything_a_page_loads_is_its_own(answer):
    page = Words(answer.text)
    tags = [tag for tag, _ in page.tags]
    loaded = [attrs["href"] for tag, attrs in page.tags if tag == "link"]
    assert loaded
    assert all(Site().get(address).status_code == 200 for address in loaded)
    assert not {"style", "iframe", "form"} & set(tags)
    scripts = [attrs["src"] for tag, attrs in page.tags if tag == "script"]
    assert scripts
    assert all(Site().get(address).status_code == 200 for address in scripts)
    assert {"header", "nav", "main", "footer", "h1"} <= set(tags)
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "192.168.1.4", "::2", "fe80::1", "", "unix", "127.0.0.1.evil", "0.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", STORY_URL])
def test_pages_are_for_people_at_the_machine(address, path):
    answer = Site(MemoryViews(stories={REF: STORY})).get(path, address=address)
    assert answer.status_code == 403
    assert "This page is not for you" in words(answer)
    assert "INC60" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example:80",
        "127.0.0.2",
        "[::2]",
        "",
        "localhost:80:80",
    ],
)
def test_another_name_in_host_is_refused(host):
    assert Site().get("/", {"Host": host}).status_code in {400, 403}


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
def test_a_proxy_before_us_is_refused_whatever_it_says(name):
    assert Site().get("/", {**HERE, name: "127.0.0.1"}).status_code == 403
    assert Site().get("/", {**HERE, name: ""}).status_code == 403


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "localhost"),
        ("127.8.8.8", "127.0.0.1:8080"),
        ("::1", "[::1]:8080"),
        ("::ffff:127.0.0.1", "LOCALHOST:1"),
    ],
)
def test_people_at_the_machine_may_look(address, host):
    assert Site().get("/", {"Host": host}, address).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/assets/liaison.css"])
def test_health_answers_anyone(path):
    assert (
        Site().get(path, {"Host": "liaison.acme.example", "X-Forwarded-For": "1.2.3.4"}, "10.0.0.7").status_code == 200
    )


def test_open_pages_are_open():
    assert Site(pages_open=True).get("/", {"Host": "liaison.acme.example"}, "10.0.0.7").status_code == 200


def test_pages_refuse_every_method_that_changes_something():
    client = Site().app.test_client()
    assert [client.post(path, headers=HERE).status_code for path in ("/", STORY_URL, "/healthz")] == [405, 405, 405]


@pytest.fixture
def port() -> Iterator[int]:
    with socketed(Site().app) as port:
        yield port


def test_a_proxy_is_seen_through_a_real_server(port):
    """Waitress removes these headers unless it is told not to: then a proxy's visitors would count as ours."""

    def status(headers: dict[str, str]) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as line:
            line.request("GET", "/", headers=headers)
            return line.getresponse().status

    assert status({}) == 200
    assert status({"X-Forwarded-For": "10.0.0.7"}) == 403
    assert status({"Forwarded": "for=10.0.0.7"}) == 403
    assert status({"Host": "evil.example"}) == 403
