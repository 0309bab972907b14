"""Every text of the shipped packs, as a requester and an agent read it: with nothing configured, and with a catalogue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import rules
from core.decisions import Facts
from core.moments import AFTERWARDS, TERMINAL, Moment
from core.moments import MomentKind as M
from core.notes import Audience
from core.tickets import Parent, Person, Ticket

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
RETAIL = HERE.parent.parent / "examples" / "retail" / "catalogue.yaml"
STATES = {
    M.OPENED: {"state": "new"},
    M.WAITING_FOR_REQUESTER: {"state": "on_hold", "hold_reason": "requester"},
    M.WAITING_FOR_VENDOR: {"state": "on_hold", "hold_reason": "vendor"},
    M.PHASE_CHANGED: {"state": "in_progress", "phase": "fix_running"},
    M.JOINED: {"state": "new", "parent": Parent("9", major=True)},
    M.RESOLVED: {"state": "resolved", "resolution": "fixed"},
    M.CLOSED: {"state": "closed", "resolution": "fixed"},
    M.CANCELLED: {"state": "cancelled"},
}
INCIDENT = (
    *(M.OPENED, M.ACKNOWLEDGED, M.RAISED, M.LOWERED, M.PHASE_CHANGED, M.SCOPE_CHANGED, M.WAITING_FOR_REQUESTER),
    *(M.WAITING_FOR_VENDOR, M.RESUMED, M.JOINED, M.LEFT_FAMILY, M.UPDATE_DUE, M.RESOLVED, M.REOPENED, M.CLOSED),
    *(M.CANCELLED, M.CHECK_IN, M.REPLIED),
)
CHANGE = (
    *(M.OPENED, M.ANNOUNCED, M.REJECTED, M.RESCHEDULED, M.STARTED, M.DELAYED, M.UPDATE_DUE, M.FINISHED, M.FAILED),
    *(M.REOPENED, M.CLOSED, M.CANCELLED, M.NOTICE, M.CHECK_IN, M.REPLIED),
)


def ticket(kind, moment, **fields):
    base = {
        "site": "s",
        "platform": "servicenow",
        "kind": kind,
        "key": "X1",
        "id": "1",
        "state": "in_progress" if kind == "incident" else "implement",
        "requester": Person("7", "Eva Brandt", "person"),
        "opened_at": NOW - timedelta(minutes=20),
        "title": "gw-03.prod.local down, ORA-00942",
        "description": "see https://wiki.acme.local",
    }
    if kind == "change":
        base |= {"planned_start": NOW + timedelta(days=2), "planned_end": NOW + timedelta(days=2, hours=2)}
    return Ticket(**base | (STATES.get(moment, {}) if kind == "incident" else {}) | fields)


def read(book, kind, moment, row=0, **fields):
    """All that is said of one moment, one line a reader. `row`: how many of the same were said before it."""
    about = ticket(kind, moment, **fields)
    what = Moment(moment, "1", NOW, before=about, row=row)
    decision = rules.decide(book, book.catalogue, about, what, NOW)
    of = {k: f"major, {v.state}" if isinstance(v, Parent) else v for k, v in fields.items()}
    lines = [f"== {kind} {moment}{f' again {row}' if row else ''}{' '.join(f' {k}={v}' for k, v in of.items())}"]
    for audience in (Audience.REQUESTER, Audience.AGENTS):
        message = decision.messages.get(audience)
        if message is None:
            lines.append(f"{audience}: silent, {decision.silences[audience].reason}")
            continue
        cadence = decision.cadences.get(Audience.REQUESTER)
        due = None
        if cadence and moment not in TERMINAL:
            due = rules.next_due(book, cadence, about, made_at=NOW, first=False, zone="Europe/Berlin")
        facts = Facts(NOW, due, NOW - timedelta(minutes=20))
        if moment is M.UPDATE_DUE:
            facts = replace(facts, promised=NOW)
        if moment is M.WAITING_FOR_REQUESTER and not row:
            facts = replace(facts, next_update=None, reminder=NOW + timedelta(days=2))
        if about.parent and not about.ended:
            outage = ticket("incident", M.PHASE_CHANGED, parent=None)
            facts = replace(facts, parent=outage, parent_since=NOW - timedelta(minutes=20), parent_update=due or NOW)
        words = rules.render(book, book.catalogue, message, about, what, facts, zone="Europe/Berlin")
        assert words.leak == "" or audience is Audience.AGENTS
        lines.append(f"{audience}: {words.text}")
    if moment not in TERMINAL | AFTERWARDS:
        lines += [f"impact: {i.statement} ({i.level})" for i in decision.impacts]
    return "\n".join(lines)


def everything(book, **about):
    parts = [read(book, "incident", m, priority="P3", **about) for m in INCIDENT]
    parts += [read(book, "incident", m, priority=p, **about) for p in ("P1", "P2", "P5") for m in (M.OPENED, M.RAISED)]
    endings = ("workaround", "withdrawn", "declined", "not_found", "")
    parts += [read(book, "incident", M.RESOLVED, resolution=r, **about) for r in endings]
    parts += [read(book, "incident", M.UPDATE_DUE, row, priority="P1", **about) for row in (1, 2, 3)]
    parts += [read(book, "incident", M.WAITING_FOR_REQUESTER, 1, priority="P3", **about)]
    open_one, ended = Parent("9", major=True, state="in_progress"), Parent("9", major=True, state="resolved")
    parts += [read(book, "incident", M.REOPENED, priority="P3", parent=parent, **about) for parent in (open_one, ended)]
    parts += [read(book, "incident", m, priority="P3", parent=ended, **about) for m in (M.JOINED, M.RESOLVED)]
    parts += [read(book, "change", m, **about) for m in CHANGE]
    parts += [read(book, "change", M.RESCHEDULED, state="scheduled", **about)]
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize(
    ("name", "paths", "about"),
    [
        ("packs_alone", [], {}),
        ("packs_with_catalogue", [RETAIL], {"service": "Store Network", "location": "BER-01"}),
    ],
)
def test_every_shipped_text_reads_as_agreed(name, paths, about, request):
    text = everything(rules.load(paths), **about)
    golden = HERE / f"{name}.txt"
    if request.config.getoption("--accept"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_packs_and_the_example_have_nothing_wrong():
    """Warnings count, too."""
    assert rules.check([]) == ()
    wrong = [p.message for p in rules.check([RETAIL.parent])]
    assert wrong == []


def test_the_examples_own_tests_pass():
    results = rules.run_tests(rules.load([RETAIL.parent]))
    assert len(results) >= 4
    assert [r.failures for r in results if not r.passed] == []
