"""What a named person may decide."""

import pytest

from app import claims, tables
from core.errors import Fenced, LiaisonError
from core.notes import Audience
from core.sightings import Author, Comment
from core.tickets import TicketRef
from tests.support.scripted import RULES, START, bench, incident

REF = TicketRef("acme", "1")
R = Audience.REQUESTER
DRAFTS = RULES.replace("    when: {kind: incident}", "    mode: draft\n    when: {kind: incident}")
GATE = (
    RULES + "gates:\n  - {id: secret, when: {category: security}, silence: all, sticky: true, because: It is secret.}\n"
)


def test_an_approved_draft_is_sent_with_fresh_facts(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        desk.pass_(minutes=12)
        assert desk.platform.writes == []
        reads = desk.platform.reads
        desk.steering.note("approve", desk.note("requester", "opened").id, "Eva")
        desk.drain()
        assert desk.platform.letters(R) == ["We look into it. We will write again by 09:42 today."]
        assert desk.platform.reads > reads


def test_a_note_is_found_by_the_beginning_of_its_id(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        assert desk.steering.note("drop", desk.note("requester", "opened").id[:8], "Eva") == REF
        assert desk.notes()["requester", "opened"] == "withdrawn"


@pytest.mark.parametrize(("identity", "said"), [("", "more than one note"), ("zz", "no note"), ("%", "no note")])
def test_an_unclear_id_is_refused(tmp_path, identity, said):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        with pytest.raises(LiaisonError, match=said):
            desk.steering.note("approve", identity, "Eva")


def test_a_dropped_draft_cannot_be_approved(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        identity = desk.note("requester", "opened").id
        desk.steering.note("drop", identity, "Eva")
        with pytest.raises(LiaisonError, match="this note is withdrawn, so there is nothing to approve"):
            desk.steering.note("approve", identity, "Eva")


def test_every_decision_is_audited_and_journaled_under_its_name(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        desk.steering.note("approve", desk.note("requester", "opened").id, "Eva")
        assert [(a.who, a.what) for a in desk.rows(tables.audit)] == [("Eva", "note approve")]
        assert [j.detail for j in desk.rows(tables.journal) if j.what == "decided"] == ["Approve by Eva."]


def test_a_refused_decision_leaves_no_trace(tmp_path):
    with bench(tmp_path, rules=DRAFTS) as desk:
        desk.happen(incident())
        with pytest.raises(LiaisonError):
            desk.steering.note("retry", desk.note("requester", "opened").id, "Eva")
        assert desk.rows(tables.audit) == []


def test_a_lifted_gate_lets_the_ticket_speak(tmp_path):
    with bench(tmp_path, rules=GATE) as desk:
        desk.happen(incident(category="security"))
        desk.happen(incident(revision="0002"))
        desk.steering.lift(REF, "secret", "Eva", "it was a mistake")
        desk.happen(incident(revision="0003", priority="P1"))
        assert len(desk.platform.letters(R)) == 1


def test_a_gate_that_still_applies_fires_again_after_lifting(tmp_path):
    with bench(tmp_path, rules=GATE) as desk:
        desk.happen(incident(category="security"))
        desk.steering.lift(REF, "secret", "Eva", "it was a mistake")
        desk.happen(incident(category="security", revision="0003", priority="P1"))
        assert desk.platform.writes == []


def test_lifting_what_does_not_hold_says_what_does(tmp_path):
    with bench(tmp_path, rules=GATE) as desk:
        desk.happen(incident(category="security"))
        with pytest.raises(LiaisonError, match="Held by: secret"):
            desk.steering.lift(REF, "other", "Eva", "why not")


def test_a_gate_lifted_while_the_ticket_is_attended_to_stays_lifted(tmp_path):
    with bench(tmp_path, rules=GATE) as desk:
        desk.happen(incident(category="security"))
        claim = desk.store.write(lambda tx: claims.take(tx, REF))
        desk.steering.lift(REF, "secret", "Eva", "it was a mistake")
        with pytest.raises(Fenced):
            desk.store.write(lambda tx: claims.hold(tx, REF, claim.fence))


def test_a_gate_that_is_lifted_within_minutes_of_an_agents_words_does_not_stop_the_ticket(tmp_path):
    """The agent's comment led to a promise, the gate withdrew it, and the same comment leads to one again."""
    waiting = {"state": "on_hold", "hold_reason": "requester"}
    with bench(tmp_path) as desk:
        desk.happen(incident(state="in_progress"))
        desk.pass_(minutes=1)
        said = Comment("h1", desk.clock.now(), Author.AGENT, "anna", public=True)
        desk.happen(incident(state="in_progress", revision="0002"), comment=said)
        for turn, fields in enumerate([waiting, {"state": "in_progress"}, waiting, {"state": "in_progress"}]):
            desk.pass_(minutes=1)
            desk.happen(incident(revision=f"001{turn}", **fields))
        assert desk.rows(tables.wakeups)[0].failures == 0
        assert [p.due > START.isoformat() for p in desk.promises()] == [True]


def test_ending_an_alarm_that_is_none_is_refused(tmp_path):
    with bench(tmp_path) as desk, pytest.raises(LiaisonError, match="there is no alarm"):
        desk.steering.end_alarm("acme", "Eva")
