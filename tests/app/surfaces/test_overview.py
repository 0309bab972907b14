"""The overview over a real store: what it counts, what it lists, what it never walks through."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.dialects import sqlite

from app import figures, listing, tables
from app.feedback import Said, take
from app.liaison import Liaison
from app.links import Link, Links
from app.minute import Minute
from app.surfaces.house import house
from app.surfaces.overview import StoredOverview
from benchmarks import pages as benchmark
from core.errors import Paused
from core.errors import Scope as Whole
from tests.support.world import RULES, world
from tests.ui.pages import Browser
from ui.overview_views import SORTS, Query, Scope, Show
from ui.timeline_views import Verdict

D, N, P, T = tables.deliveries, tables.notes, tables.promises, tables.tickets
HARD = "The unavailability of the aforementioned synchronisation necessitates comprehensive remediation activities."
CATALOGUE = """
services:
  - {id: tills, name: the tills, people_can: pay, aliases: {servicenow: [Tills]}}
  - {id: mail, name: e-mail, people_can: write, aliases: {servicenow: [Mail]}}
"""
OWN = (
    RULES.replace("{kind: incident}", "{kind: incident, service: tills}").replace(
        "work, level: medium", "queues, level: high"
    )
    + """
gates:
  - {id: secret, when: {category: security}, silence: all, because: It is secret.}
"""
)


@pytest.fixture
def one(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "catalogue.yaml").write_text("version: 1" + CATALOGUE)
    with world(tmp_path, OWN) as one:
        yield one


def opened(one, service="Tills", **more):
    fields = {"short_description": "Till 3", "caller_id": "nora.klein", "impact": "2", "urgency": "2"}
    return one.on_snow(who="caller", business_service=service, **(fields | more))


def seen(one, **scope):
    """Counted anew: what was counted may be a minute old."""
    return StoredOverview(one.liaison).overview(Scope(**scope))


def listed(one, show, **more):
    return StoredOverview(one.liaison).listed(Query(show, sort=SORTS[show][0], **more), 50)


def keys(one, show, **more):
    return [item.key for item in listed(one, show, **more).items]


def test_open_tickets_by_impact_and_service(one):
    till, mail = opened(one), opened(one, "Mail")
    one.pass_(minutes=5)
    found = seen(one)
    assert found.tickets == 2
    assert {(row.name, row.open) for row in found.services} == {("the tills", 1), ("e-mail", 1)}
    assert keys(one, Show.OPEN, impact="queues", level="high") == [till]
    assert [(row.level, row.impact) for row in found.open] == [("high", "queues"), ("medium", "work")]
    assert keys(one, Show.OPEN, service="mail") == [mail]
    assert set(keys(one, Show.OPEN)) == {till, mail}
    assert listed(one, Show.OPEN, service="tills").total == 1
    assert keys(one, Show.OPEN, scope=Scope(30, "jira")) == []


def test_promises_due_overdue_and_kept(one):
    key = opened(one)
    one.pass_(minutes=5)
    assert (seen(one).due, keys(one, Show.DUE)) == (1, [key])
    one.pass_(minutes=60)
    found = seen(one)
    assert (found.kept.kept, found.days[-1].kept, len(found.days)) == (2, 2, 30)
    assert (keys(one, Show.KEPT), listed(one, Show.KEPT, service="tills").total) == ([key, key], 2)
    assert keys(one, Show.KEPT, day="2026-11-20") == [key, key]
    assert keys(one, Show.KEPT, day="2026-11-19") == []
    one.fault("servicenow", kind="status", method="PATCH", status=403, times=100)
    one.pass_(minutes=90)
    found = seen(one)
    assert (found.overdue, keys(one, Show.OVERDUE)) == (1, [key])
    assert "refused" in listed(one, Show.OVERDUE).items[0].words


def test_services_that_speak_in_the_default_words_alone(one):
    opened(one), opened(one, "Mail")
    one.pass_(minutes=5)
    gaps = {gap.id: gap.name for gap in seen(one).gaps}
    assert gaps == {"mail": "e-mail"}
    assert [item.service for item in listed(one, Show.SAID, service="mail").items] == ["mail"]


def test_how_updates_read(one):
    key = opened(one)
    one.pass_(minutes=5)
    StoredOverview(one.liaison).overview(Scope())
    with one.liaison.store.read() as connection:
        (note,) = connection.execute(select(N.c.id).where(N.c.audience == "requester")).all()
    one.liaison.store.write(lambda tx: tx.execute(update(N).values(text=HARD, grade=None).where(N.c.id == note.id)))
    reading = seen(one).reading
    assert (reading.said, reading.hard, reading.share) == (2, 1, 0.5), "one is read twice here"
    (item,) = listed(one, Show.HARD).items
    assert (item.key, item.words, item.grade > 8) == (key, HARD, True)


def test_what_requesters_say(one):
    key = opened(one)
    one.pass_(minutes=5)
    links = Links(one.liaison.store, one.liaison.clock)
    links.new(one.ref(key), "test")
    link = Link(1, one.ref(key))
    for verdict in Verdict:
        take(one.liaison.store, one.liaison.engine, link, Said(verdict), one.clock.now())
    assert seen(one).feedback == {Show.HELPED: 1, Show.NOT_HELPED: 1, Show.HURTS: 1}
    assert [keys(one, show) for show in (Show.HELPED, Show.NOT_HELPED, Show.HURTS)] == [[key]] * 3


def test_a_refused_note_is_tried_again_as_the_command_line_does(one):
    one.fault("servicenow", kind="status", method="PATCH", status=403)
    key = opened(one)
    one.pass_(minutes=5)
    found = seen(one)
    assert found.failures[Show.REFUSED] == 2, "the words to both went in one request"
    item, other = listed(one, Show.REFUSED).items
    overview = StoredOverview(one.liaison)
    for each in (item, other):
        assert overview.retry(Show.REFUSED, each.id, "Eva Example") == ""
    one.driver.settle()
    assert one.said(key)
    assert overview.retry(Show.REFUSED, item.id, "Eva Example").startswith("Not done: this note is written")
    with one.liaison.store.read() as connection:
        done = [(row.who, row.what) for row in connection.execute(tables.audit.select())]
    assert done == [("Eva Example", "note retry")] * 2


@pytest.mark.parametrize(
    ("show", "identity"),
    [(Show.DEAD, "x"), (Show.DEAD, "77"), (Show.REFUSED, ""), (Show.REFUSED, "a"), (Show.STOPPED, "x" * 36)],
)
def test_what_is_not_there_cannot_be_tried_again(one, show, identity):
    opened(one)
    one.pass_(minutes=5)
    assert StoredOverview(one.liaison).retry(show, identity, "Eva").startswith("Not done: ")


def test_a_dead_letter_is_handled_again(one):
    key = opened(one)
    one.pass_(minutes=5)
    one.liaison.store.write(lambda tx: tx.execute(update(D).values(state="dead", problem="ValueError: odd")))
    (item, *_) = listed(one, Show.DEAD).items
    assert (item.key, item.words) == (key, "ValueError: odd")
    assert StoredOverview(one.liaison).retry(Show.DEAD, item.id, "Eva") == ""
    one.driver.settle()
    assert item.id not in {row.id for row in listed(one, Show.DEAD).items}


def test_a_site_that_asks_us_to_wait_is_told(one):
    until = one.clock.now() + timedelta(minutes=9)
    key = opened(one)
    one.liaison.pauses.pause(one.ref(key), Paused("slow down", until=until, scope=Whole.SITE))
    one.liaison.pauses.pause(one.ref(key), Paused("slow down", until=until, scope=Whole.ISSUE))
    one.liaison.pauses.alarm("jira", "A note came out public.")
    found = seen(one)
    assert [(pause.site, pause.until, pause.alarm) for pause in found.pauses] == [
        ("jira", None, "A note came out public."),
        ("servicenow", until, ""),
    ]
    assert found.paused_tickets == 1
    assert seen(one, site="jira").pauses[0].alarm


# --- what a gate holds -------------------------------------------------------------------------------------------------


def test_a_held_ticket_is_counted_and_never_named(one):
    key = opened(one, short_description="Zebra papers leaked")
    one.pass_(minutes=65)
    links = Links(one.liaison.store, one.liaison.clock)
    links.new(one.ref(key), "test")
    link = Link(1, one.ref(key))
    take(one.liaison.store, one.liaison.engine, link, Said(Verdict.HURTS), one.clock.now())
    one.on_snow(key, category="security")
    one.pass_(minutes=5)
    one.liaison.store.write(lambda tx: tx.execute(update(D).values(state="dead", problem="ValueError: Zebra")))
    found = seen(one)
    assert (found.held, found.tickets, found.services, found.due, found.overdue) == (1, 0, (), 0, 0)
    browser = Browser(house(one.liaison))
    for show in Show:
        for path in ("tickets", "tickets.csv"):
            text = browser.get(f"/overview/{path}?show={show}").text
            assert key not in text
            assert "Zebra" not in text
            assert one.ref(key).id not in text
    assert "Zebra" not in browser.get("/overview").text
    assert all(item.held for item in listed(one, Show.DEAD).items)


# --- what stands in fields ---------------------------------------------------------------------------------------------


def test_tricks_in_a_real_ticket_do_nothing(one):
    opened(one, short_description='=HYPERLINK("http://x")<script>alert(1)</script>[code]x[/code]\u202eevil')
    one.pass_(minutes=5)
    browser = Browser(house(one.liaison))
    text = browser.get("/overview/tickets").text
    assert "<script>alert" not in text
    assert "[code]" in text
    assert "'=HYPERLINK" in browser.get("/overview/tickets.csv").text


# --- how it is asked ---------------------------------------------------------------------------------------------------

FAT = ("tickets", "notes", "promises", "journal", "deliveries")
QUERIES = [
    Query(show, Scope(90, site), service=service, sort=sort)
    for show in Show
    for site in ("", "jira")
    for service in ("", "tills")
    for sort in SORTS[show]
]


def plan(connection, statement):
    sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A store with statistics as a large one has them, were there any."""
    folder = tmp_path_factory.mktemp("large")
    benchmark.fill(folder / "store.db", 2_000)
    liaison = Liaison(benchmark.installation(folder))
    yield liaison
    liaison.close()


PARTIAL = {"tickets_open", "tickets_held", "notes_open", "notes_hard", "deliveries_dead", "promises_due"}
"""Indexes in which only a part of their table stands."""


def walked(steps):
    """The steps that look at every row of a table that grows with each ticket."""
    found = []
    for step in steps:
        scan = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if scan and scan[1] in FAT and scan[2] not in PARTIAL:
            found.append(step)
    return found


def test_what_walks_through_a_table_is_found(large):
    with large.store.read() as connection:
        assert walked(plan(connection, select(N.c.id).where(N.c.text == "x"))) == ["SCAN notes"]
        assert walked(plan(connection, select(P.c.site, P.c.ticket_id).order_by(P.c.site)))


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: f"{q.show}-{q.scope.site}-{q.service}-{q.sort}")
def test_no_list_walks_through_a_table(large, query):
    with large.store.read() as connection:
        assert walked(plan(connection, listing.selected(query, large.clock.now()).limit(51))) == []


def test_no_number_walks_through_a_table(large):
    asked = []
    with large.store.read() as connection:

        def heard(_connection, _cursor, statement, parameters, _context, _many):
            if not statement.startswith("EXPLAIN"):
                asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", heard)
        now = large.clock.now()
        for scope in (Scope(90), Scope(7, "jira")):
            figures.standings(connection)
            figures.due(connection, scope.site, now)
            figures.promised(connection, scope, now)
            figures.spoken(connection, scope, now)
            figures.feedback(connection, scope, now)
            figures.failures(connection, scope.site)
            for show in set(Show) - {Show.OPEN}:
                figures.counted(connection, Query(show, scope, service="s1"), now)
        event.remove(connection, "before_cursor_execute", heard)
        assert len(asked) > 20
        for statement, parameters in asked:
            steps = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert walked(steps) == [], statement


def test_the_pages_that_are_measured_answer(large):
    assert {
        name: min(len(times), 3) for name, times in benchmark.measure(large, benchmark.PAGES, again=3).items()
    } == dict.fromkeys(benchmark.PAGES, 3)


def test_a_minute_is_not_counted_twice():
    passed, made = [0.0], []
    minute = Minute(lambda: passed[0])

    def make():
        made.append(passed[0])
        return len(made)

    assert [minute.ask("a", make), minute.ask("a", make), minute.ask("b", make)] == [1, 1, 2]
    passed[0] = 59.9
    assert minute.ask("a", make) == 1
    passed[0] = 60.0
    assert minute.ask("a", make) == 3
    minute.forget()
    assert minute.ask("a", make) == 4
