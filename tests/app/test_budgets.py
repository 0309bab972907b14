"""A person's budget over all their tickets: what it keeps quiet, what goes out all the same, and where it is counted."""

from datetime import timedelta

import pytest

from app import budgeting, tables
from app.budgeting import Ear
from core.decisions import Reason
from core.sightings import Author, Comment
from core.tickets import Person
from tests.support.scripted import RULES, bench, incident

BUDGET = RULES + "budget: {requester: 2 per 1d, unless: {priority: P1}}\n"
MARA, OLE = Person(id="mara"), Person(id="ole")


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path, rules=BUDGET) as found:
        yield found


def ticket(identity, requester=MARA, **fields):
    return incident(identity, requester=requester, **fields)


def opened(desk, *identities, **fields):
    for identity in identities:
        desk.happen(ticket(identity, **fields))


def to_requester(desk, identity):
    """Moments that stand in the ticket for its requester, in their order."""
    rows = [n for n in desk.rows(tables.notes, ticket(identity).ref) if n.audience == "requester"]
    return [n.moment for n in sorted(rows, key=lambda n: n.written_at or "") if n.state == "written"]


def swallowed(desk, identity):
    return [moment for moment, _, reason in desk.reasons(ticket(identity).ref) if reason == Reason.BUDGET]


def test_a_third_ticket_of_one_person_opens_in_silence_and_agents_read_why(desk):
    opened(desk, "1", "2", "3")
    assert [to_requester(desk, one) for one in "123"] == [["opened"], ["opened"], []]
    assert swallowed(desk, "3") == ["opened"]
    line = next(j for j in desk.rows(tables.journal, ticket("3").ref) if j.reason == Reason.BUDGET)
    assert line.detail.startswith("They may read 2 messages in 24 hours, and have read 2 (")
    assert "as many messages as the rules allow" in desk.platform.writes[-1].parts[-1].paragraphs[-2].text


def test_another_person_is_counted_by_themselves(desk):
    opened(desk, "1", "2")
    opened(desk, "3", requester=OLE)
    assert to_requester(desk, "3") == ["opened"]


def test_somebody_whom_the_platform_does_not_name_has_no_budget(desk):
    opened(desk, "1", "2", "3", requester=Person())
    assert to_requester(desk, "3") == ["opened"]


def test_an_urgent_ticket_speaks_and_uses_the_budget_up(desk):
    opened(desk, "1", "2", priority="P1")
    opened(desk, "3", priority="P1")
    assert to_requester(desk, "3") == ["opened"]
    opened(desk, "4")
    assert swallowed(desk, "4") == ["opened"]


def test_what_was_promised_is_said_and_the_end_too(desk):
    opened(desk, "1", "2")
    desk.pass_(minutes=31)
    assert to_requester(desk, "1") == ["opened", "update_due"]
    desk.happen(ticket("1", state="resolved", resolution="fixed", revision="0002"))
    assert to_requester(desk, "1") == ["opened", "update_due", "resolved"]
    assert swallowed(desk, "1") == []


def test_a_swallowed_raise_leaves_the_promise_and_the_update_tells_how_it_stands(desk):
    opened(desk, "1", "2")
    desk.happen(ticket("1", priority="P2", revision="0002"))
    assert swallowed(desk, "1") == ["raised"]
    assert [p.due for p in desk.promises() if p.ticket_id == "1"] == ["2026-11-20T09:30:00.000Z"]
    desk.pass_(minutes=31)
    assert to_requester(desk, "1") == ["opened", "update_due"]


def test_a_raise_at_the_time_of_a_promise_gives_way_to_the_promised_update(desk):
    """Both fall into one look: the raise is over the budget, the update is owed."""
    opened(desk, "1", "2")
    desk.clock.move(desk.clock.now() + timedelta(minutes=30))
    desk.happen(ticket("1", priority="P2", revision="0002"))
    assert to_requester(desk, "1") == ["opened", "update_due"]
    assert swallowed(desk, "1") == ["raised"]


def test_the_window_slides(desk):
    opened(desk, "1", "2")
    for one in "12":
        desk.happen(ticket(one, state="resolved", resolution="fixed", revision="0002"))
    desk.pass_(hours=23, minutes=59)
    opened(desk, "3")
    assert swallowed(desk, "3") == ["opened"]
    desk.pass_(minutes=2)
    opened(desk, "4")
    assert to_requester(desk, "4") == ["opened"]


def test_an_agents_own_words_go_out_and_count(desk):
    opened(desk, "1")
    desk.pass_(minutes=5)
    order = Comment("h1", desk.clock.now(), Author.AGENT, "anna", public=False, text="/liaison say We found it.")
    desk.happen(ticket("1"), comment=order)
    assert to_requester(desk, "1") == ["opened", "agent_says"]
    opened(desk, "2")
    assert swallowed(desk, "2") == ["opened"]


def test_what_waits_in_another_ticket_counts_and_what_waits_in_this_one_gives_way(desk):
    desk.platform.faults += ["unavailable"] * 8
    opened(desk, "1", "2")
    ear = Ear("mara", desk.clock.now() - timedelta(days=1), ticket("1").ref)
    with desk.store.look() as look:
        assert len(budgeting.heard(look, ear)) == 1


def test_a_message_in_another_ticket_while_this_one_is_considered_counts(desk, monkeypatch):
    """The race of two tickets: the second decides anew with what the first has said meanwhile."""
    opened(desk, "1")
    consider = desk.attendant._consider
    looks = []

    def slow(case):
        looks.append(len(case.heard))
        plan = consider(case)
        if len(looks) == 1:
            monkeypatch.setattr(desk.attendant, "_consider", consider)
            desk.receive(ticket("3"))
            desk.attend(ticket("3").ref)
            monkeypatch.setattr(desk.attendant, "_consider", slow)
        return plan

    monkeypatch.setattr(desk.attendant, "_consider", slow)
    desk.receive(ticket("2"))
    desk.attend(ticket("2").ref)
    assert looks == [1, 2]
    assert swallowed(desk, "2") == ["opened"]


def test_counting_walks_through_an_index(desk):
    """However many messages a person ever got: only those in the window are read."""
    for query, index in ((budgeting.WRITTEN, "notes_to_person"), (budgeting.SOON, "notes_soon_to_person")):
        sql = str(query._statement.compile(compile_kwargs={"literal_binds": False}))
        names = {name: "x" for name in ("site", "person", "since") if f":{name}" in sql}
        with desk.store.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", names).all()
        assert index in str(plan)


def test_without_a_budget_everything_is_said(tmp_path):
    with bench(tmp_path, rules=RULES) as desk:
        opened(desk, "1", "2", "3")
        assert to_requester(desk, "3") == ["opened"]
