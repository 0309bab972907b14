"""The fence: a runner whose claim was taken over commits nothing more."""

import pytest

from app import claims, tables
from core.errors import Fenced, Unavailable
from core.notes import Audience
from core.tickets import TicketRef
from tests.support.scripted import bench, incident

REF = TicketRef("acme", "1")
EVERYTHING = (tables.tickets, tables.deliveries, tables.wakeups, tables.notes, tables.promises, tables.journal)


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def everything(desk):
    return [desk.rows(table) for table in EVERYTHING]


def after(desk, monkeypatch, owner, name, *, nth=1):
    """Another runner claims the ticket right after the nth call of `owner.name`; what was stored then is kept."""
    real, calls, kept = getattr(owner, name), [], []

    def call(*args, **named):
        try:
            return real(*args, **named)
        finally:
            calls.append(1)
            if len(calls) == nth:
                desk.overtake(REF)
                kept.append(everything(desk))

    monkeypatch.setattr(owner, name, call)
    return kept


def test_each_claim_raises_the_fence(desk):
    first = desk.store.write(lambda tx: claims.take(tx, REF))
    second = desk.store.write(lambda tx: claims.take(tx, REF))
    assert second.fence == first.fence + 1
    with pytest.raises(Fenced, match="another runner"):
        desk.store.write(lambda tx: claims.hold(tx, REF, first.fence))
    desk.store.write(lambda tx: claims.hold(tx, REF, second.fence))


def test_a_claim_of_one_ticket_does_not_touch_another(desk):
    other = TicketRef("acme", "2")
    mine = desk.store.write(lambda tx: claims.take(tx, other))
    desk.overtake(REF)
    desk.store.write(lambda tx: claims.hold(tx, other, mine.fence))


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("attendant", "_understand"),
        ("attendant", "_consider"),
        ("connector", "sight"),
        ("connector", "write"),
        ("composer", "compose"),
    ],
)
def test_a_runner_that_was_overtaken_commits_nothing_from_then_on(desk, monkeypatch, part, name):
    desk.receive(incident())
    owner = {
        "attendant": desk.attendant,
        "connector": desk.connectors.of("acme"),
        "composer": desk.outbox._composer,
    }[part]
    kept = after(desk, monkeypatch, owner, name)
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert everything(desk) == kept[0]


@pytest.mark.parametrize("name", ["_understand", "_consider"])
def test_of_two_looks_that_began_alike_one_counts(desk, monkeypatch, name):
    desk.receive(incident())
    real, others = getattr(desk.attendant, name), []

    def slow(*about):
        found = real(*about)
        if not others:
            others.append(desk.attendant)
            desk.attend(REF)  # another runner's whole look, from the same fence
        return found

    monkeypatch.setattr(desk.attendant, name, slow)
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert set(desk.notes().values()) == {"written"}
    assert len(desk.platform.writes) == len(desk.platform.standing) == 2


def test_a_look_that_decides_nothing_is_one_commit(desk, monkeypatch):
    """No claim is written beforehand: of what came since the start none can have ended a process."""
    desk.happen(incident())
    desk.receive(incident())
    writes, write = [], desk.store.write
    monkeypatch.setattr(desk.store, "write", lambda fn: writes.append(fn) or write(fn))
    desk.attend(REF)
    assert len(writes) == 1
    again = desk.crash()
    again.receive(incident())
    row = again.rows(tables.tickets)[0]
    monkeypatch.setattr(again.attendant, "_understand", lambda *_: pytest.fail("after the claim"))
    with pytest.raises(pytest.fail.Exception):
        again.attend(REF)
    assert again.rows(tables.tickets)[0].fence == row.fence + 1, "what was there at the start is claimed in writing"
    again.close()


@pytest.mark.parametrize("fault", ["in_doubt", "unavailable", "paused_issue", "refused", "lost_reply"])
def test_whatever_the_platform_answers_an_overtaken_runner_does_not_record_it(desk, monkeypatch, fault):
    desk.receive(incident())
    desk.platform.faults = [fault]
    kept = after(desk, monkeypatch, desk.connectors.of("acme"), "write")
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert everything(desk) == kept[0]


def test_an_overtaken_runner_that_could_not_send_does_not_put_the_ticket_to_rest(desk, monkeypatch):
    desk.receive(incident())
    desk.platform.faults = ["unavailable"]
    kept = after(desk, monkeypatch, desk.outbox, "send")
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert everything(desk) == kept[0]


def test_a_ticket_rests_with_the_result_of_its_last_note(desk, monkeypatch):
    """Nothing is left to commit once the note is recorded: whoever claims the ticket then is not disturbed."""
    desk.receive(incident())
    kept = after(desk, monkeypatch, desk.outbox, "send")
    desk.attend(REF)
    assert everything(desk) == kept[0]


def test_an_overtaken_runner_does_not_postpone_the_ticket_either(desk, monkeypatch):
    desk.receive(ref=REF)
    desk.platform.deaf = Unavailable("down")
    kept = after(desk, monkeypatch, desk.connectors.of("acme"), "read")
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert everything(desk) == kept[0]


def test_an_overtaken_runner_does_not_settle_a_doubt(desk, monkeypatch):
    desk.platform.faults = ["lost_reply"]
    desk.happen(incident())
    desk.clock.move(desk.engine.next_due())
    kept = after(desk, monkeypatch, desk.connectors.of("acme"), "find")
    with pytest.raises(Fenced):
        desk.attend(REF)
    assert everything(desk) == kept[0]


@pytest.mark.parametrize("name", ["write", "compose"])
def test_the_new_runner_finishes_what_the_overtaken_one_began(desk, monkeypatch, name):
    desk.receive(incident())
    owner = desk.connectors.of("acme") if name == "write" else desk.outbox._composer
    after(desk, monkeypatch, owner, name)
    with pytest.raises(Fenced):
        desk.attend(REF)
    desk.pass_(minutes=2)
    assert set(desk.notes().values()) == {"written"}
    assert len(desk.platform.letters(Audience.REQUESTER)) == 1
    assert len(desk.platform.standing) == 2


def test_a_delivery_that_arrives_while_attending_is_attended_to_at_once(desk, monkeypatch):
    """The generation tells: the run that began before it must not put the ticket to sleep."""
    connector, real, arrived = desk.connectors.of("acme"), desk.connectors.of("acme").write, []

    def write(letter):
        if not arrived:
            arrived.append(1)
            desk.receive(incident(priority="P1", revision="0002"))
        return real(letter)

    monkeypatch.setattr(connector, "write", write)
    desk.receive(incident())
    desk.attend(REF)
    assert desk.engine.next_due() == desk.clock.now()
    desk.drain()
    assert desk.notes()["requester", "raised"] == "written"
    assert [d.state for d in desk.rows(tables.deliveries)] == ["done", "done"]
