"""A gate that is written today holds tickets at once, also those that nothing happens to."""

import pytest

from app import tables
from tests.support.world import RULES, world

GATE = "gates:\n  - {id: pay, when: {category: payroll}, silence: all, because: Pay is nobody else's business.}\n"
PAGES = ("/", "/overview", "/overview/tickets.csv", "/overview/tickets.csv?show=said")


@pytest.fixture
def one(tmp_path):
    with world(tmp_path, RULES) as made:
        made.liaison.heeding.heed(lambda: True)
        yield made


def opened(one, **fields):
    key = one.on_snow(short_description="Pay is wrong", caller_id="eva", **fields)
    one.pass_(minutes=3)
    return key


def written(one, text):
    """The rules file, as an admin writes it anew."""
    (one.liaison.settings.rules / "rules.yaml").write_text(text)
    one.liaison.rulebook.reload()
    return one.liaison.heeding.heed(lambda: True)


def held(one, key):
    return one.liaison.views.story(one.ref(key)).held_by


def key_on_pages(one, key):
    pages = one.liaison.web().test_client()
    shown = {path: pages.get(path, headers={"Host": "localhost"}).text for path in PAGES}
    return {path for path, text in shown.items() if key in text}


def states(one, key):
    return {promise.state for promise in one.rows(tables.promises, key)}


def test_a_new_gate_holds_a_quiet_ticket_at_once(one):
    payroll, other = opened(one, category="payroll"), opened(one, category="network")
    assert states(one, payroll) == {"open"}
    assert written(one, RULES + GATE) == 1
    one.driver.settle()
    assert held(one, payroll) == ("pay",)
    assert states(one, payroll) == {"withdrawn"}
    assert not held(one, other)
    assert states(one, other) == {"open"}


def test_a_ticket_that_is_looked_at_in_the_very_moment_of_a_new_gate_is_looked_at_again(one, monkeypatch):
    """The look under way has decided by the old rules, and must not put the ticket to sleep."""
    payroll = opened(one, category="payroll")
    attendant, decided = one.liaison.attendant, []
    honest = attendant._consider

    def consider(case):
        plan = honest(case)
        if not decided:
            decided.append(case.ref)
            assert written(one, RULES + GATE) == 1
        return plan

    monkeypatch.setattr(attendant, "_consider", consider)
    one.on_snow(payroll, impact="1")
    assert decided == [one.ref(payroll)]
    assert states(one, payroll) == {"withdrawn"}


def test_a_gate_that_is_taken_back_holds_nothing_any_more(one):
    payroll = opened(one, category="payroll")
    written(one, RULES + GATE)
    one.driver.settle()
    assert written(one, RULES) == 1
    one.driver.settle()
    assert not held(one, payroll)


def test_an_ended_ticket_is_not_shown_either(one):
    payroll = opened(one, category="payroll")
    one.on_snow(payroll, state="7", close_code="Solved (Permanently)")
    one.pass_(minutes=10)
    assert held(one, payroll) == ()
    assert key_on_pages(one, payroll) == {"/", "/overview/tickets.csv?show=said"}
    assert written(one, RULES + GATE) == 1
    one.driver.settle()
    assert held(one, payroll) == ("pay",)
    assert key_on_pages(one, payroll) == set()


def test_rules_with_the_same_gates_wake_nobody(one):
    opened(one, category="payroll")
    written(one, RULES + GATE)
    assert written(one, "# the same\n" + RULES + GATE) == 0


def test_what_was_cut_off_is_done_the_next_time(one):
    opened(one, category="payroll")
    (one.liaison.settings.rules / "rules.yaml").write_text(RULES + GATE)
    one.liaison.rulebook.reload()
    assert one.liaison.heeding.heed(lambda: False) == 0
    assert one.liaison.heeding.heed(lambda: True) == 1
