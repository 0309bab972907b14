"""Whatever happens in whatever order: no note stands twice, none is lost, and the store tells the truth."""

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app import tables
from app.clocks import DrivenClock
from core.errors import Unavailable
from core.notes import Audience
from core.sightings import Author, Comment
from tests.support.scripted import RULES, SITE, START, Bench, Killed, ScriptedPlatform, incident

FAULTS = ("in_doubt", "lost_reply", "unavailable", "paused_issue", "paused_site", "refused", "killed", "killed_after")
ENDS = {"written", "superseded", "withdrawn", "refused", "stopped"}
MAYBE = st.sampled_from(("", *FAULTS, ""))
SELDOM = st.sampled_from([False, False, True])
TICKETS = st.sampled_from(["1", "2"])


class Platforms(RuleBasedStateMachine):
    """Two tickets of one site; `joins` and `edits` make it a ServiceNow or a Jira."""

    joins, edits = False, True

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = DrivenClock(START)
        self.platform = ScriptedPlatform(self.clock)
        self.desk = Bench(
            self.folder, self.platform, self.clock, RULES, joins=self.joins, edits=self.edits, sites=(SITE,)
        )
        self.tickets = {}
        self.revision = 0
        self.spoken = 0

    def teardown(self):
        self.desk.close()
        shutil.rmtree(self.folder)

    def alive(self, do):
        """Does it; a process that dies on the way is started again."""
        try:
            do()
        except Killed:
            self.desk = self.desk.crash()

    def save(self, identity, *, fault="", now=True, **fields):
        """A person saves the ticket; with `now` it is attended to at once, and the next write goes as `fault` says."""
        self.revision += 1
        known = self.tickets.get(identity) or incident(identity)
        self.tickets[identity] = known.evolve(revision=f"{self.revision:06}", **fields)
        if fault:
            self.platform.faults.append(fault)
        self.desk.receive(self.tickets[identity])
        if now:
            self.alive(self.desk.drain)

    @initialize(fault=MAYBE)
    def opened(self, fault):
        self.save("1", fault=fault)

    @rule(identity=TICKETS, priority=st.sampled_from(["P1", "P2", "P3"]), fault=MAYBE, now=st.booleans())
    def prioritised(self, identity, priority, fault, now):
        self.save(identity, priority=priority, fault=fault, now=now)

    @rule(
        identity=TICKETS,
        state=st.sampled_from(["new", "in_progress", "in_progress", "resolved", "closed"]),
        fault=MAYBE,
        now=st.booleans(),
    )
    def worked(self, identity, state, fault, now):
        ended = state in ("resolved", "closed")
        self.save(identity, state=state, resolution="fixed" if ended else "", fault=fault, now=now)

    @rule(identity=TICKETS)
    def delivered_again(self, identity):
        if identity in self.tickets:
            self.desk.receive(self.tickets[identity])

    @rule(identity=TICKETS)
    def an_agent_speaks(self, identity):
        if identity in self.tickets:
            self.spoken += 1
            said = Comment(f"h{self.spoken}", self.clock.now(), Author.AGENT, "anna", public=True)
            self.desk.receive(self.tickets[identity], comment=said)

    @rule()
    def attended(self):
        self.alive(self.desk.drain)

    @rule(minutes=st.sampled_from([0.1, 1, 5, 31]))
    def time_passes(self, minutes):
        self.alive(lambda: self.desk.pass_(minutes=minutes))

    @rule(minutes=st.sampled_from([6, 31]), fault=st.sampled_from(FAULTS))
    def time_passes_and_the_platform_fails(self, minutes, fault):
        self.platform.faults.append(fault)
        self.alive(lambda: self.desk.pass_(minutes=minutes))

    @rule(blind=SELDOM)
    def the_history_can_be_read_or_not(self, blind):
        self.platform.blind = blind

    @rule(deaf=SELDOM)
    def the_records_can_be_read_or_not(self, deaf):
        self.platform.deaf = Unavailable("down") if deaf else None

    @rule()
    def a_person_deletes_the_living_notes(self):
        self.platform.standing = [
            s for s in self.platform.standing if s.letter.parts[0].audience is not Audience.AGENTS
        ]

    @rule()
    def crashed(self):
        self.desk = self.desk.crash()

    @rule(who=TICKETS)
    def a_person_retries_what_was_refused(self, who):
        for note in self.desk.rows(tables.notes):
            if note.state == "refused" and note.ticket_id == who:
                self.desk.steering.note("retry", note.id, "Eva")

    @invariant()
    def nothing_stands_twice(self):
        doubled = [marker for marker, count in Counter(self.platform.markers()).items() if count > 1]
        assert doubled == []

    @invariant()
    def what_is_called_written_was_written(self):
        written = {n.marker for n in self.desk.rows(tables.notes) if n.state == "written"}
        assert written <= set(self.platform.carried)

    @invariant()
    def one_promise_is_open_per_ticket(self):
        open_ones = Counter(p.ticket_id for p in self.desk.promises())
        assert all(count == 1 for count in open_ones.values())

    @invariant()
    def no_run_fails(self):
        """A failure would be a broken transition or a broken row: nothing that a platform does may cause one."""
        assert [w.failures for w in self.desk.rows(tables.wakeups) if w.failures] == []

    def teardown_checks(self):
        self.platform.faults, self.platform.blind, self.platform.deaf = [], False, None
        self.alive(lambda: self.desk.pass_(hours=1))
        open_notes = [(n.moment, n.audience, n.state) for n in self.desk.rows(tables.notes) if n.state not in ENDS]
        assert open_notes == []
        assert {d.state for d in self.desk.rows(tables.deliveries)} <= {"done"}
        carried = set(self.platform.carried)
        lost = [n.id for n in self.desk.rows(tables.notes) if n.state == "written" and n.marker not in carried]
        assert lost == []
        self.nothing_stands_twice()
        # words that the platform refused wait for a person, and their promise with them
        refused = {n.ticket_id for n in self.desk.rows(tables.notes) if n.state == "refused"}
        for identity, ticket in self.tickets.items():
            promises = [p for p in self.desk.promises() if p.ticket_id == identity and p.ticket_id not in refused]
            assert not (ticket.ended and promises)
            assert all(p.due > self.clock.now().isoformat() for p in promises)


class Checked(Platforms):
    def teardown(self):
        try:
            self.teardown_checks()
        finally:
            with suppress(OSError):
                super().teardown()


class OneRequest(Checked):
    joins, edits = True, False


@pytest.mark.parametrize("machine", [Checked, OneRequest])
def test_no_note_is_lost_or_doubled(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
