"""How ServiceNow is asked what changed, where it does not do as it was asked."""

from datetime import UTC, datetime

import pytest

from connector.servicenow import changes as module
from connector.servicenow.changes import changes, tables
from core.errors import Unavailable
from core.sites import Platform, Serves, Site

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SITE = Site("acme", Platform.SERVICENOW, "https://acme.example", serves=(Serves("incident"),))


def row(number, at="2026-11-21 10:00:00", **other):
    return {
        "sys_id": f"{number:032x}",
        "sys_updated_on": at,
        "sys_mod_count": "0",
        "sys_class_name": "incident",
        **other,
    }


def found(*pages):
    """The numbers of the rows found when ServiceNow answers with these pages, then with nothing."""
    waiting = iter(pages)
    listed = changes(SITE, NOW, lambda *_: next(waiting, []), lambda _, __, row: row["sys_updated_on"])
    return [int(one.ticket_id.partition(":")[2], 16) for one in listed]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(module, "PAGES", 20)


@pytest.mark.parametrize(
    ("serves", "served"),
    [
        ((), ("incident", "change_request")),
        ((Serves("change"),), ("change_request",)),
        ((Serves("incident", tables=("u_fault", "incident")), Serves("change")), ("u_fault", "incident", "change_request")),
    ],
)  # fmt: skip
def test_the_tables_that_are_served(serves, served):
    assert tables(Site("acme", Platform.SERVICENOW, "https://acme.example", serves=serves)) == served


def test_rows_that_nobody_asked_for_are_passed_over():
    """An ignored query part adds rows; others have no time, or an id that is none."""
    assert found([row(1, "2026-11-21 09:59:59"), row(2)]) == [2]
    assert found([row(1, ""), row(2)]) == [2]
    assert found([row(1, sys_id="../x"), row(2)]) == [2]


def test_a_record_of_a_table_that_extends_this_one_is_a_ticket_of_its_own_table():
    assert found([row(1, sys_class_name="u_fault"), row(2)]) == [2]


def test_the_next_page_begins_with_the_last_time_again():
    at = [f"2026-11-21 10:00:0{second}" for second in range(3)]
    assert found([row(1, at[0]), row(2, at[1]), row(3, at[2])], [row(3, at[2]), row(4, at[2])]) == [1, 2, 3, 4]


def test_pages_that_are_not_sorted_cannot_be_turned():
    with pytest.raises(Unavailable, match="did not come as they were asked for"):
        found([row(1, "2026-11-21 10:00:02"), row(2), row(3)], [row(4)])


def test_the_same_page_again_and_again_is_no_answer():
    page = [row(1), row(2), row(3)]
    with pytest.raises(Unavailable, match="did not come as they were asked for"):
        found(*[page] * 9)


def test_pages_without_an_end_are_not_turned_for_ever():
    pages = ([row(3 * n + k, f"2026-11-21 10:00:{n + k // 2:02}") for k in range(3)] for n in range(60))
    with pytest.raises(Unavailable, match="do not come to an end"):
        found(*pages)
