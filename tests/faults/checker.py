"""The judge: what was acknowledged, what the store says, what stands on the platforms."""

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from app.connectors import MAKERS
from connector.sandbox_views import Line, doubled
from core.tickets import Ticket, TicketRef
from core.times import SystemClock, from_iso, iso
from tests.faults.stage import INSIDE, Stage

HANDLED = {"done", "ignored", "unreadable", "dead", "dropped"}
COUNT_OPEN = "SELECT count(*) FROM notes WHERE state IN ('planned', 'sending', 'in_doubt')"
ALL_OPEN = COUNT_OPEN.replace("count(*)", "*")
WAITING = """SELECT min(due) FROM wakeups w WHERE
EXISTS (SELECT 1 FROM deliveries d WHERE d.site = w.site AND d.ticket_id = w.ticket_id AND d.state = 'pending') OR
EXISTS (SELECT 1 FROM notes n WHERE n.site = w.site AND n.ticket_id = w.ticket_id
        AND n.state IN ('planned', 'sending', 'in_doubt'))"""

UNPLEDGED = """SELECT n.* FROM notes n WHERE n.state = 'written' AND n.audience = 'requester'
AND n.promise_due IS NOT NULL AND n.moment NOT IN ('resolved', 'closed', 'cancelled') AND NOT EXISTS
(SELECT 1 FROM promises p WHERE p.site = n.site AND p.ticket_id = n.ticket_id AND p.made_by = 'note ' || n.id)"""
STALE = """SELECT n.site, n.ticket_id, n.moment, n.sending_at, m.moment AS newer, m.planned_at FROM notes n
JOIN notes m ON m.site = n.site AND m.ticket_id = n.ticket_id AND m.audience = n.audience AND m.rowid > n.rowid
WHERE n.state = 'written' AND n.audience = 'requester' AND m.planned_at > n.planned_at AND n.sending_at > m.planned_at
AND m.state != 'withdrawn'"""
OVERSLEPT = """SELECT * FROM wakeups w WHERE due > ? AND EXISTS (SELECT 1 FROM deliveries d WHERE d.site = w.site
AND d.ticket_id = w.ticket_id AND d.state = 'pending' AND d.not_before IS NULL)"""
LONGEST_WAIT = timedelta(minutes=6)
"""Longer than whatever is tried again."""
ASLEEP = "had work and nothing to wake it"


@dataclass
class Verdict:
    acknowledged: int = 0
    handled: int = 0
    committed: int = 0
    notes: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    transient: int = 0
    leaks: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.leaks or self.other)


def quiet(stage: Stage, seconds: float) -> bool:
    """Faults off, and everything that is due done. Where work waits for a time, the clock jumps there."""
    stage.calm()
    until, since = time.monotonic() + seconds, None
    start = time.monotonic()
    while time.monotonic() < until:
        stage.watch()
        time.sleep(0.2)
        busy = stage.courier.busy() or _work(stage)
        if busy:
            since = None
            # only when all that is late has happened may time run faster than it does
            if time.monotonic() > start + 5 and not stage.courier.busy():
                _hurry(stage)
        else:
            since = since or time.monotonic()
            if time.monotonic() > since + 1.5:
                return True
    return False


def _work(stage: Stage) -> int:
    now = iso(stage.clock.now())
    with stage.rows() as ask:
        counts = (
            ask("SELECT count(*) FROM deliveries WHERE state = 'pending'"),
            ask(COUNT_OPEN),
            ask("SELECT count(*) FROM wakeups WHERE due <= ?", now),
            ask("SELECT count(*) FROM promises WHERE state = 'open' AND due <= ?", now),
        )
        return sum(found[0][0] for found in counts)


def _hurry(stage: Stage):
    now = stage.clock.now()
    with stage.rows() as ask:
        (due,) = ask(WAITING)[0]
        for row in ask(OVERSLEPT, iso(now + LONGEST_WAIT)):
            stage.overslept.append(
                f"{row['site']} {row['ticket_id']}: a delivery waits, and nobody comes before {row['due']}"
            )
        soonest = ask("SELECT min(due) FROM wakeups")[0][0]
    if due and from_iso(due) > now and soonest > iso(now):
        stage.clock.jump((from_iso(due) - now).total_seconds() + 0.05)


def judge(stage: Stage, tickets) -> Verdict:
    verdict = Verdict()
    lines = {site: _lines(stage, site) for site in stage.sites}
    _deliveries(stage, verdict)
    _truth(stage, verdict, tickets)
    _notes(stage, verdict, lines)
    _moments(stage, verdict, tickets)
    _promises(stage, verdict)
    if not stage.clock.went_back:
        _order(stage, verdict)
    verdict.other += [line for line in stage.log().splitlines() if ASLEEP in line] + stage.overslept
    for site, said in lines.items():
        ended, ever = doubled(said), doubled(said, ever=True)
        verdict.doubled += [
            f"{site}: note {note} stands {len(found)} times\n{_history(stage, note, found)}"
            for note, found in ended.items()
        ]
        verdict.transient += len(ever) - len(ended)
        verdict.committed += sum(1 for one in said if one.note_id and one.what == "written")
        public = [one for one in said if one.note_id and not one.internal]
        verdict.leaks += [f"{site} {one.ticket}: {one.text}" for one in public if INSIDE in one.text]
    if stage.died:
        verdict.other.append(f"Liaison ended by itself: {stage.died}\n{stage.log_tail()}")
    return verdict


def _history(stage: Stage, note: str, found: list[Line]) -> str:
    """What to look at first where a note stands twice. The store's times are those of the clock that jumps."""
    with stage.rows() as ask:
        row = dict(ask("SELECT * FROM notes WHERE id = ?", note)[0])
        said = [tuple(r) for r in ask("SELECT at, what, reason, detail FROM journal WHERE note_id = ?", note)]
    row.pop("plan")
    lines = [f"platform {iso(one.at)} {one.what} as {one.comment}: {one.text[:60]}" for one in found]
    return "\n".join(f"    {line}" for line in [*lines, str(row), *map(str, said)])


def _lines(stage: Stage, site: str) -> list[Line]:
    return [Line(**{**one, "at": from_iso(one["at"])}) for one in stage.ask(site, "/sandbox/ledger")["lines"]]


def _deliveries(stage: Stage, verdict: Verdict):
    with stage.rows() as ask:
        stored = {(row["site"], bytes(row["body"])): row["state"] for row in ask("SELECT * FROM deliveries")}
    acknowledged = {(one.site, one.raw): one for one in stage.courier.acknowledged}
    verdict.acknowledged = len(acknowledged)
    for key, one in acknowledged.items():
        state = stored.get(key)
        if state in HANDLED:
            verdict.handled += 1
        else:
            verdict.lost.append(f"{one.site}: acknowledged with {one.status}, {state or 'not stored'}: {one.raw[:80]}")


def _truth(stage: Stage, verdict: Verdict, tickets):
    """Every ticket's last state was attended to."""
    with stage.rows() as ask:
        rows = {(row["site"], row["id"]): row["attended"] for row in ask("SELECT site, id, attended FROM tickets")}
        keys = {(row["site"], row["key"]): row["id"] for row in ask("SELECT site, key, id FROM tickets")}
        now = iso(stage.clock.now())
        for row in ask("SELECT * FROM promises WHERE state = 'open' AND due <= ?", now):
            verdict.other.append(f"{row['site']} {row['ticket_id']}: promised for {row['due']}, and no word")
        for row in ask(ALL_OPEN):
            verdict.other.append(f"{row['site']}: note {row['id']} is still {row['state']}: {row['problem']}")
    readers = {name: MAKERS[site.platform](site, SystemClock()) for name, site in stage.sites.items()}
    for ticket in tickets:
        identity = keys.get((ticket.site, ticket.key))
        attended = rows.get((ticket.site, identity)) if identity else None
        if attended is None:
            verdict.lost.append(f"{ticket.site} {ticket.key}: never attended to")
            continue
        seen = Ticket.from_dict(json.loads(attended)["ticket"])
        real = readers[ticket.site].read(TicketRef(ticket.site, identity)).ticket
        if (seen.state, seen.priority) != (real.state, real.priority):
            what = f"attended as {seen.state} {seen.priority}, it is {real.state} {real.priority}"
            verdict.lost.append(f"{ticket.site} {ticket.key}: {what}")


def _notes(stage: Stage, verdict: Verdict, lines: dict[str, list[Line]]):
    """What the store calls written stands there once; what stands there, the store knows."""
    standing, comments = _standing(lines)
    with stage.rows() as ask:
        notes = ask("SELECT * FROM notes")
    known = {(note["site"], note["id"]): note for note in notes}
    for note in notes:
        if note["state"] != "written":
            continue
        verdict.notes += 1
        if (note["site"], note["marker"]) not in standing and (note["site"], note["comment_id"]) not in comments:
            verdict.lost.append(f"{note['site']}: note {note['id']} is written, but stands nowhere")
        internal = note["audience"] == "agents"
        same = [standing[note["site"], marker] for marker in {note["id"], note["marker"]}]
        saves = {one.save for found in same for one in found if one.internal is internal}
        if len(saves) > 1:
            verdict.doubled.append(f"{note['site']}: {note['moment']} {note['occurrence']} said {len(saves)} times")
    for (site, marker), found in standing.items():
        states = {n["state"] for n in notes if n["site"] == site and marker in (n["id"], n["marker"])}
        if found and "written" not in states:
            what = f"{states or 'unknown'} ({known[site, marker]['problem'] if (site, marker) in known else ''})"
            verdict.other.append(f"{site}: note {marker} stands there, but the store calls it {what}")


def _standing(lines: dict[str, list[Line]]):
    """Liaison's comments that were not taken away: the lines that wrote them by note id, and their own ids."""
    gone = {(site, one.ticket, one.comment) for site, said in lines.items() for one in said if one.what == "deleted"}
    standing, comments = defaultdict(list), set()
    for site, said in lines.items():
        for one in said:
            if one.note_id and (site, one.ticket, one.comment) not in gone:
                comments.add((site, one.comment))
                if one.what == "written":
                    standing[site, one.note_id].append(one)
    return standing, comments


def _promises(stage: Stage, verdict: Verdict):
    """Where words that stand name the time of the next ones, that was written down."""
    with stage.rows() as ask:
        for note in ask(UNPLEDGED):
            what = f"{note['moment']} {note['id']} promises {note['promise_due']}"
            verdict.lost.append(f"{note['site']} {note['ticket_id']}: {what}, and nobody knows")


def _order(stage: Stage, verdict: Verdict):
    """Nothing left after something newer for the same reader had been planned."""
    with stage.rows() as ask:
        for note in ask(STALE):
            what = f"{note['moment']} left at {note['sending_at']}, {note['newer']} was planned at {note['planned_at']}"
            verdict.other.append(f"{note['site']} {note['ticket_id']}: stale words, {what}")


def _moments(stage: Stage, verdict: Verdict, tickets):
    """No moment is said more often than it happened."""
    with stage.rows() as ask:
        said = Counter(
            (row["site"], row["key"], row["moment"])
            for row in ask(
                "SELECT n.site, t.key, n.moment FROM notes n JOIN tickets t ON t.site = n.site AND t.id = n.ticket_id "
                "WHERE n.state = 'written' AND n.audience = 'requester'"
            )
        )
    for ticket in tickets:
        for moment in ("opened", "raised", "resolved", "reopened"):
            happened = 1 if moment == "opened" else ticket.happened[moment]
            count = said[ticket.site, ticket.key, moment]
            if count > happened:
                verdict.doubled.append(f"{ticket.site} {ticket.key}: {moment} {happened} times, said {count} times")
