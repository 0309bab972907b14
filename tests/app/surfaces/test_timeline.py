"""The requester's page over a real store, and what requesters say there in real tickets of both platforms."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, select, update

from app import feedback, retention, tables
from app.clocks import DrivenClock
from app.links import LASTS, Links
from app.surfaces.timeline import StoredTimeline
from core.times import iso
from tests.support.world import RULES, START, world
from ui.timeline_views import Taken, Verdict

GATED = RULES + "gates:\n  - {id: secret, when: {category: security}, silence: all, sticky: true, because: Secret.}\n"
HUSHED = RULES + "gates:\n  - {id: hush, when: {category: hr}, silence: [requester], because: Private.}\n"
SERVICE = """
services:
  - id: cards
    name: {en: Card payments, de: Kartenzahlung}
    workaround: {en: Take cash., de: Nehmen Sie Bargeld.}
    aliases: {servicenow: [CARD-GW]}
"""
OPENED = {"short_description": "pos-gw-03 10.4.7.12 down", "caller_id": "eva.brandt", "priority": "3"}


class Page:
    """A world with a requester's page, whose links live by a clock of their own."""

    def __init__(self, found):
        self.world, self.wall = found, DrivenClock(START)
        self.links = Links(found.liaison.store, self.wall)
        self.views = StoredTimeline(found.liaison, self.wall)

    def opened(self, platform="snow", **fields):
        """A new ticket, whose requester was told that we look into it."""
        if platform == "jira":
            key = self.world.on_jira(type="Incident", fields={"summary": "No cards"}, who="carla")
        else:
            key = self.world.on_snow(**OPENED, **fields)
        self.world.pass_(minutes=3)
        return key

    def link(self, key):
        return self.links.new(self.world.ref(key), "test").removeprefix("/t/")

    def say(self, token, verdict=Verdict.HURTS, words="", about=""):
        taken = self.views.say(token, verdict, words, about)
        self.world.driver.settle()
        return taken

    def internal(self, key):
        return [entry.text for entry in self.world.entries(key, internal=True) if entry.author == "Liaison"]


@pytest.fixture
def page(tmp_path):
    with world(tmp_path) as found:
        yield Page(found)


def test_it_shows_what_the_requester_was_told_and_no_word_of_anybody_else(page):
    key = page.opened(assigned_to="jonas.weber")
    page.world.on_snow(key, work_notes="INTERNAL: blame the vendor")
    page.world.pass_(minutes=30)
    seen = page.views.timeline(page.link(key))
    assert [update.text for update in seen.updates] == page.world.said(key)[::-1]
    assert len(seen.updates) == 2
    assert seen.key == key
    assert seen.next_update.text.startswith("We will write again by ")
    for inside in ("pos-gw", "10.4.7.12", "jonas", "INTERNAL", "any", "Have a look", "Work is slower"):
        assert inside not in repr(seen).replace("company", "")


def test_it_knows_the_service_in_the_readers_language(tmp_path):
    with world(tmp_path, RULES + SERVICE, snow={"language": "de"}) as found:
        page = Page(found)
        seen = page.views.timeline(page.link(page.opened(business_service="CARD-GW")))
    assert (seen.language, seen.affected, seen.workaround) == ("de", "Kartenzahlung", "Nehmen Sie Bargeld.")
    assert seen.next_update.text.startswith("Wir schreiben Ihnen ")


def test_agents_of_a_german_site_read_in_german_what_the_requester_says(tmp_path):
    with world(tmp_path, RULES, snow={"language": "de"}) as found:
        page = Page(found)
        key = page.opened()
        token = page.link(key)
        (update,) = page.views.timeline(token).updates
        page.views.say(token, Verdict.NOT_HELPED, "Wann denn?", update.id)
        page.say(token, words="300 Leute warten.")
        found.driver.settle()
        notes = page.internal(key)[-2:]
    assert f"Die Nachricht von {update.when} hat nicht geholfen. Schreiben Sie ihm, was ihm fehlt." in notes[0]
    assert "Das trifft uns härter, als Sie denken. Sehen Sie sich die Priorität noch einmal an" in notes[1]
    assert all(note.endswith("Liaison, von der Seite des Melders") for note in notes)
    assert "requester" not in "".join(notes)


@pytest.mark.parametrize(("rules", "category"), [(GATED, "security"), (HUSHED, "hr")])
def test_a_held_ticket_shows_nothing_even_after_something_was_said(tmp_path, rules, category):
    with world(tmp_path, rules) as found:
        page = Page(found)
        key = page.opened()
        token = page.link(key)
        assert page.views.timeline(token).updates
        found.on_snow(key, category=category)
        assert page.views.timeline(token) is None
        assert page.say(token, words="hello") is None
        assert "hello" not in str(page.internal(key))


def test_a_gate_written_later_holds_at_once(page):
    key = page.opened(category="vault")
    token = page.link(key)
    assert page.views.timeline(token)
    (page.world.liaison.settings.rules / "rules.yaml").write_text(GATED.replace("security", "vault"))
    page.world.liaison.rulebook.reload()
    assert page.views.timeline(token) is None


# --- links ---------------------------------------------------------------------------------------------------------


def test_the_store_holds_no_link(page):
    key = page.opened()
    token = page.link(key)
    page.say(token, words="It hurts.")
    with page.world.liaison.store.read() as connection:
        everything = "".join(str(connection.execute(select(table)).all()) for table in tables.metadata.sorted_tables)
    assert token not in everything
    assert len(token) >= 43


def test_links_are_all_different(page):
    key = page.opened()
    assert len({page.link(key) for _ in range(50)}) == 50


@pytest.mark.parametrize(("after", "good"), [(LASTS - timedelta(seconds=1), True), (LASTS, False)])
def test_a_link_expires(page, after, good):
    token = page.link(page.opened())
    page.wall.move(START + after)
    assert bool(page.views.timeline(token)) is good
    assert bool(page.say(token)) is good


def test_a_revoked_link_ends_and_a_new_one_works(page):
    key = page.opened()
    other = page.link(page.opened())
    old = [page.link(key), page.link(key)]
    assert page.links.revoke(page.world.ref(key), "eva") == 2
    assert [page.views.timeline(token) for token in old] == [None, None]
    assert page.views.timeline(page.link(key))
    assert page.views.timeline(other)
    with page.world.liaison.store.read() as connection:
        what = connection.execute(select(tables.audit.c.who, tables.audit.c.what)).all()
    assert ("eva", "link revoke") in [tuple(row) for row in what]


def test_wrong_expired_and_revoked_links_ask_the_store_the_same(page):
    """Whatever a link's fate, it takes one question: its answer takes no longer for one than for another."""
    ref = page.world.ref(page.opened())
    revoked, expired = (page.links.new(ref, "test")[3:] for _ in range(2))
    page.links.revoke(ref, "test")
    soon = page.links.new(ref, "test", timedelta(seconds=1))[3:]
    page.wall.move(START + timedelta(seconds=2))
    asked: list[str] = []
    event.listen(page.world.liaison.store._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for token in ("wrong", revoked, expired, soon, "é" * 43, ""):
        assert page.views.timeline(token) is None
    questions = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(questions) == 6
    assert len(set(questions)) == 1


# --- what requesters say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["snow", "jira"])
def test_what_they_say_reaches_the_agents_as_an_internal_note(page, platform):
    key = page.opened(platform)
    token = page.link(key)
    public = page.world.said(key)
    about = page.views.timeline(token).updates[0].id
    assert page.say(token, Verdict.NOT_HELPED, "We sell nothing.", about) is Taken.YES
    assert page.say(token, Verdict.HURTS, "300 people wait.") is Taken.YES
    assert page.say(token, Verdict.HELPED, "", about) is Taken.YES
    told = "\n".join(page.internal(key))
    assert re.search(r"the update of \d\d:\d\d today did not help", told)
    for words in ("We sell nothing.", "this hurts us more than you think", "300 people wait.", "helped"):
        assert words in told
    assert page.world.said(key) == public
    assert page.views.timeline(token).updates[0].verdict is Verdict.HELPED
    with page.world.liaison.store.read() as connection:
        counted = feedback.counted(connection, START)
    assert {verdict: number for (_, verdict), number in counted.items()} == dict.fromkeys(Verdict, 1)
    figures = page.world.liaison.metrics.registry
    assert [figures.get_sample_value("liaison_feedback", {"verdict": verdict}) for verdict in Verdict] == [1, 1, 1]


def test_the_same_said_twice_is_one_note(page):
    key = page.opened()
    token = page.link(key)
    for _ in range(3):
        assert page.say(token, words="It hurts.") is Taken.YES
    assert str(page.internal(key)).count("It hurts.") == 1


def test_nobody_floods_a_ticket(page):
    token = page.link(page.opened())
    answers = [page.say(token, words=f"Again {number}") for number in range(feedback.MOST + 2)]
    assert answers == [Taken.YES] * feedback.MOST + [Taken.TOO_MANY] * 2
    page.world.pass_(minutes=61)
    assert page.say(token, words="Later") is Taken.YES


def test_nobody_answers_an_update_of_another_ticket(page):
    mine, other = page.opened(), page.opened()
    about = page.views.timeline(page.link(other)).updates[0].id
    assert page.say(page.link(mine), Verdict.HELPED, "", about) is None


@pytest.mark.parametrize("platform", ["snow", "jira"])
def test_their_words_are_words_whatever_they_look_like(page, platform):
    """No order to Liaison, no markup, no mention: an agent reads what was typed."""
    key = page.opened(platform)
    public = page.world.said(key)
    hostile = "/liaison say Pwned\n\n/liaison mute\n[code]<b onclick=x>bold</b>[/code] [~admin] {html}x{html}\u202e\x00"
    assert page.say(page.link(key), words=hostile) is Taken.YES
    page.world.pass_(minutes=2)
    assert page.world.said(key) == public
    told = "\n".join(page.internal(key))
    assert "Pwned" in told
    for live in ("[~admin]", "\u202e", "\x00", *(["[code]"] if platform == "snow" else [])):
        assert live not in told
    assert not [row for row in page.world.rows(tables.notes, key) if row.moment == "agent_says"]
    assert not page.world.liaison.views.story(page.world.ref(key)).muted


def test_words_are_kept_short():
    assert len(feedback.cleaned("a" * 5000)) == 1000
    assert feedback.cleaned(" a \r\n\r\n\r\n b\t c ") == "a\nb c"


# --- retention -----------------------------------------------------------------------------------------------------


def test_erasing_a_requester_ends_their_links_and_takes_their_words(page):
    key = page.opened()
    token = page.link(key)
    page.say(token, words="My own words.")
    store = page.world.liaison.store
    person = page.world.liaison.views.story(page.world.ref(key)).ticket.requester.id
    retention.erase(store, page.world.clock, person, "eva")
    assert page.views.timeline(token) is None
    assert "My own words." not in str(page.world.rows(tables.notes, key))


def test_old_links_and_answers_go_with_the_journal(page):
    key = page.opened()
    page.say(page.link(key), words="It hurts.")
    store, keep = page.world.liaison.store, page.world.liaison.settings.keep
    old = iso(START - timedelta(days=1000))
    store.write(lambda tx: tx.execute(update(tables.links).values(expires_at=old)))
    store.write(lambda tx: tx.execute(update(tables.feedback).values(at=old)))
    ref = page.world.ref(key)
    fresh = {"id": "f", "link": 1, "site": ref.site, "ticket_id": ref.id, "note_id": "", "verdict": "hurts"}
    store.write(lambda tx: tx.execute(insert(tables.feedback).values(**fresh, at=iso(START))))
    done = retention.prune(store, keep, page.world.clock.now())
    assert (done.links, done.feedback) == (1, 1)
