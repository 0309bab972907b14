"""How tickets stand, counted in the commit of every look at them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import tables
from app.reading import Reader
from tests.support.scripted import RULES, bench, incident

T, D, G, S = tables.tickets, tables.promise_days, tables.grade_days, tables.spoken_days
GATED = (
    RULES
    + """
gates:
  - {id: confidential, when: {category: security}, silence: all, sticky: true, because: The ticket is confidential.}
"""
)


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path, rules=GATED) as found:
        yield found


def stands(desk, identity="1"):
    columns = (T.c.is_open, T.c.held, T.c.impact, T.c.impact_rank)
    with desk.store.read() as connection:
        return tuple(connection.execute(select(*columns).where(T.c.id == identity)).one())


def test_an_open_ticket_stands_with_its_worst_impact(desk):
    ticket = incident()
    desk.happen(ticket)
    assert stands(desk) == (1, 0, "work", 1)
    desk.happen(ticket.evolve(state="resolved", resolution="fixed", revision="2", resolved_at=desk.clock.now()))
    assert stands(desk)[0] == 0


def test_a_gate_that_fires_later_holds_it(desk):
    ticket = incident()
    desk.happen(ticket)
    desk.happen(ticket.evolve(category="security", revision="2"))
    assert stands(desk)[:2] == (1, 1)


def test_a_ticket_that_is_gone_is_not_open(desk):
    desk.happen(incident())
    desk.happen(ref=incident().ref, gone=True)
    assert stands(desk)[0] == 0


def test_promises_are_counted_by_the_day_they_ended(desk):
    desk.happen(incident())
    desk.pass_(minutes=95)
    with desk.store.read() as connection:
        rows = connection.execute(select(D.c.day, D.c.site, D.c.state, D.c.number)).all()
    assert [tuple(row) for row in rows] == [("2026-11-20", "acme", "kept", 3)]


def test_what_went_out_is_read_once_however_often_it_is_asked(desk):
    desk.happen(incident())
    desk.pass_(minutes=35)
    reader = Reader(desk.store)
    assert (reader.read(), reader.read(), reader.read(timedelta(seconds=1))) == (2, 0, 0)
    with desk.store.read() as connection:
        assert connection.execute(select(func.sum(S.c.number))).scalar() == 2
        assert connection.execute(select(func.sum(G.c.number), func.sum(G.c.hard))).one() == (2, 0)
        assert connection.execute(select(S.c.rule).distinct()).scalars().all() == ["any"]
