"""Dead letters: one delivery that cannot be handled holds nobody else."""

import pytest

from app import tables
from app.dead import DeadLetters
from app.findings import Findings
from core.errors import LiaisonError, PayloadError, StoreError, Unavailable
from core.sightings import Accepted, Delivery
from core.tickets import TicketRef
from tests.support.scripted import RULES, START, bench, incident

D = tables.deliveries
ONE = TicketRef("acme", "1")
SECRET_GATE = "gates:\n  - {id: secret, when: {category: security}, silence: all, because: It is secret.}\n"


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def states(desk):
    return [d.state for d in desk.rows(D)]


def poison(desk, monkeypatch, error, word=b"poison"):
    """Whatever holds the word breaks the connector."""
    connector = desk.connectors.of("acme")
    real = connector.sight

    def sight(body, received_at):
        if word.decode() in str(body):
            raise error
        return real(body, received_at)

    monkeypatch.setattr(connector, "sight", sight)


def poison_deciding(desk, monkeypatch, error):
    """Nothing is odd about reading it; deciding breaks."""
    real = desk.rulebook.decide

    def decide(ticket, *about, **more):
        if "poison" in ticket.title:
            raise error
        return real(ticket, *about, **more)

    monkeypatch.setattr(desk.rulebook, "decide", decide)


@pytest.mark.parametrize("error", [PayloadError("no such shape"), KeyError("fields"), RecursionError("too deep")])
def test_a_delivery_that_cannot_be_read_is_set_aside_after_three_tries(desk, monkeypatch, error):
    poison(desk, monkeypatch, error)
    desk.happen(incident(title="a poison"))
    assert states(desk) == ["pending"]
    desk.pass_(seconds=30)
    assert (states(desk), desk.rows(D)[0].tries) == (["pending"], 2)
    desk.pass_(seconds=30)
    assert states(desk) == ["dead"]
    assert str(error.args[0]) in desk.rows(D)[0].problem


def test_its_neighbours_of_the_same_ticket_are_handled_at_once(desk, monkeypatch):
    poison(desk, monkeypatch, KeyError("fields"))
    desk.receive(incident(title="a poison", priority="P1", revision="0002"))
    desk.platform.tickets.clear()
    desk.happen(incident())
    assert states(desk) == ["pending", "done"]
    assert desk.notes()["requester", "opened"] == "written"


def test_a_delivery_that_breaks_deciding_is_found_among_its_neighbours(desk, monkeypatch):
    poison_deciding(desk, monkeypatch, ZeroDivisionError("odd"))
    desk.happen(incident())
    desk.receive(incident(title="poison", priority="P1", revision="0003"))
    desk.receive(incident(priority="P2", revision="0002"))
    desk.drain()
    assert states(desk) == ["done", "pending", "done"]
    assert desk.notes()["requester", "raised"] == "written"
    desk.pass_(minutes=1)
    assert states(desk) == ["done", "dead", "done"]
    assert "ZeroDivisionError: odd" in desk.rows(D)[1].problem


def test_other_tickets_flow(desk, monkeypatch):
    poison_deciding(desk, monkeypatch, ZeroDivisionError("odd"))
    desk.receive(incident("1", title="poison"))
    desk.happen(incident("2"))
    assert desk.notes(TicketRef("acme", "2"))["requester", "opened"] == "written"


def test_what_breaks_without_any_delivery_is_not_their_fault(desk, monkeypatch):
    """The ticket itself is broken: it is tried later and later, and nothing is set aside."""
    desk.happen(incident())

    def broken(*_about, **_more):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("app.attend.consider", broken)
    desk.receive(incident(priority="P1", revision="0002"))
    for _ in range(5):
        desk.engine.drain(desk.attendant.attend, limit=5)
        desk.clock.move(desk.engine.next_due())
    assert states(desk) == ["done", "pending"]
    assert desk.rows(D)[1].tries == 0


@pytest.mark.parametrize("error", [Unavailable("down"), StoreError("locked"), PayloadError("an odd answer")])
def test_a_platform_or_store_that_fails_sets_nothing_aside(desk, error):
    desk.platform.deaf = error
    desk.receive(ref=ONE)
    for _ in range(6):
        desk.engine.drain(desk.attendant.attend, limit=5)
        desk.clock.move(desk.engine.next_due())
    assert (states(desk), desk.rows(D)[0].tries) == (["pending"], 0)


class Killed(BaseException):
    """As a process ends that runs out of memory: nothing is caught, nothing more is written."""


def test_a_delivery_that_ends_the_whole_process_is_set_aside_in_the_end_and_its_neighbours_flow(desk, monkeypatch):
    """Whoever starts Liaison again and again would otherwise start it for ever."""
    one = desk
    one.receive(incident(title="a poison"))
    one.receive(incident(priority="P1", revision="0002"))
    deaths = 0
    for _ in range(12):
        poison(one, monkeypatch, Killed())
        try:
            one.pass_(minutes=1)
            break
        except Killed:
            deaths += 1
            one = one.crash()
    assert states(one) == ["dead", "done"]
    assert one.rows(D)[0].problem == "Liaison ended while it handled this."
    assert one.notes()["requester", "opened"] == "written"
    assert deaths == 5
    one.close()


def test_one_who_is_killed_twice_in_the_same_look_handles_it_as_ever_the_third_time(desk, monkeypatch):
    one = desk
    one.receive(incident(title="a poison"))
    for _ in range(2):
        poison(one, monkeypatch, Killed())
        with pytest.raises(Killed):
            one.drain()
        one = one.crash()
    one.drain()
    assert (states(one), one.rows(D)[0].tries) == (["done"], 0)
    one.close()


def test_what_the_store_will_never_take_is_set_aside(desk, monkeypatch):
    """Asked again it would say no again, and the ticket would hear nothing any more."""
    real = desk.attendant._learn

    def learn(tx, claim, plan):
        if plan.newest and "poison" in plan.newest.ticket.title:
            tx.execute(tables.meta.insert(), [{"name": "x", "value": "x"}] * 2)
        real(tx, claim, plan)

    monkeypatch.setattr(desk.attendant, "_learn", learn)
    desk.happen(incident())
    desk.receive(incident(title="poison", revision="0003"))
    desk.receive(incident(priority="P1", revision="0002"))
    desk.drain()
    assert states(desk) == ["done", "pending", "done"]
    assert desk.notes()["requester", "raised"] == "written"
    desk.pass_(minutes=1)
    assert states(desk) == ["done", "dead", "done"]
    assert "UNIQUE" in desk.rows(D)[1].problem


def test_news_in_a_burst_do_not_use_up_the_tries(desk, monkeypatch):
    poison(desk, monkeypatch, KeyError("x"))
    desk.happen(incident(title="poison"))
    for n in range(2, 6):
        desk.happen(incident(revision=f"000{n}"))
    assert states(desk) == ["pending", "done", "done", "done", "done"]
    assert desk.rows(D)[0].tries == 1


def test_news_that_come_while_deliveries_are_handled_one_by_one_are_not_lost(desk, monkeypatch):
    poison_deciding(desk, monkeypatch, ZeroDivisionError("odd"))
    desk.happen(incident())
    real, sent = desk.attendant._fail, []

    def fail(claim, error):
        if not sent:
            sent.append(1)
            desk.receive(incident(priority="P1", revision="0009"))
        return real(claim, error)

    monkeypatch.setattr(desk.attendant, "_fail", fail)
    desk.happen(incident(title="poison", revision="0002"))
    assert states(desk) == ["done", "pending", "done"]


# --- what people do ------------------------------------------------------------------------------------------------------


@pytest.fixture
def letters(desk):
    return DeadLetters(desk.store, desk.engine, desk.clock)


@pytest.fixture
def dead(desk, monkeypatch):
    with monkeypatch.context() as broken:
        poison(desk, broken, PayloadError("no such shape"))
        desk.happen(incident(title="a poison"))
        desk.pass_(minutes=1)
    return desk.rows(D)[0].id


def test_a_replay_handles_it_as_if_it_had_just_arrived(desk, letters, dead):
    assert letters.replay(dead, "Eva") == ONE
    desk.drain()
    assert states(desk) == ["done"]
    assert desk.notes()["requester", "opened"] == "written"
    assert [(a.who, a.what) for a in desk.rows(tables.audit)] == [("Eva", "dead replay")]
    assert letters.all() == []


def test_what_is_dropped_stays_known_and_is_not_handled(desk, letters, dead):
    letters.drop(dead, "Eva")
    desk.pass_(hours=1)
    (row,) = desk.rows(D)
    assert row.state == "dropped"
    assert desk.inbox.accept(Delivery("acme", row.key, "1", b"{}", START)) is Accepted.SEEN
    assert [a.what for a in desk.rows(tables.audit)] == ["dead drop"]


def test_one_shows_its_body(letters, dead):
    assert b"a poison" in letters.one(dead).body
    assert letters.all()[0].body == b""


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_only_the_dead_are_replayed_or_dropped(desk, letters, verb):
    desk.happen(incident())
    with pytest.raises(LiaisonError, match="no dead delivery has the id"):
        getattr(letters, verb)(desk.rows(D)[0].id, "Eva")


def test_the_front_page_is_told(desk, dead):
    (row,) = Findings(desk.store).overview().dead
    assert (row.id, row.ref) == (dead, ONE)
    assert "no such shape" in row.problem


def test_a_held_ticket_shows_neither_problem_nor_body(tmp_path, monkeypatch):
    with bench(tmp_path, rules=RULES + SECRET_GATE) as desk:
        desk.happen(incident(category="security"))
        poison(desk, monkeypatch, PayloadError("Payroll leak"))
        desk.happen(incident(category="security", title="poison", revision="0002"))
        desk.pass_(minutes=2)
        (letter,) = DeadLetters(desk.store, desk.engine, desk.clock).all()
        assert (letter.held_by, letter.problem) == ("secret", "")
        assert DeadLetters(desk.store, desk.engine, desk.clock).one(letter.id).body == b""
