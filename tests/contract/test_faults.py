"""Every fault a stand-in can produce: which error it becomes on each platform, and what `find` says afterwards."""

import time
from datetime import timedelta

import pytest

from connector.jira.sandbox_limits import BURST, PER_ISSUE, QUOTA, TENANT_QUOTA
from connector.sandbox import Fault, FaultPlan, doubled
from connector.sandbox_faults import COMMON_KINDS, HOOK_KINDS
from connector.servicenow.sandbox_limits import RATE_LIMIT
from core.errors import InDoubt, Paused, Scope, Unavailable
from core.notes import Audience
from tests.contract.harness import MARKER, letter
from tests.contract.jira import JiraDataCenterHarness, JiraHarness
from tests.contract.servicenow import ServiceNowHarness

SHORT = (0.3, 0.3)
HOUR = timedelta(hours=1)


class ServiceNowReferenceHarness(ServiceNowHarness):
    column = ""

    def __init__(self) -> None:
        super().__init__()
        # A journal without a single row is taken for one that may not be read.
        other = self.standin.change("", {"as": "carla", "fields": {"short_description": "Another"}})
        self.standin.change(other["number"], {"as": "anna", "fields": {"comments": "Hello, Carla."}})


HARNESSES = {
    "jira-cloud": JiraHarness,
    "jira-data-center": JiraDataCenterHarness,
    "servicenow": ServiceNowHarness,
    "servicenow-reference": ServiceNowReferenceHarness,
}
JIRA = ["jira-cloud", "jira-data-center"]
SERVICENOW = ["servicenow", "servicenow-reference"]


@pytest.fixture(params=list(HARNESSES))
def harness(request):
    made = HARNESSES[request.param]()
    yield made
    made.close()


@pytest.fixture
def ref(harness):
    made = harness.create(title="Card payments fail", priority="P1")
    harness.connector.read(made)  # Jira asks once what kind of project it is
    return made


def break_writes(harness, kind, **how):
    fault = Fault(kind, method=harness.write_method, path=harness.write_path, **how)
    harness.standin.faults.append(fault)
    return fault


def hurry(harness):
    """A client that waits for answers for a moment only."""
    harness.connector.close()
    harness.connector = harness.connect(timeout=SHORT)


def write(harness, ref):
    return harness.connector.write(letter(ref, "Hello."))


def find(harness, ref):
    return harness.connector.find(ref, MARKER, harness.clock.now() - timedelta(minutes=5))


def lines(harness, ref):
    return [line for line in harness.standin.lines if line.ticket == ref.id]


def soon(seen):
    """What becomes true while the stand-in finishes what its client has given up on."""
    until = time.monotonic() + 5
    while not (found := seen()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


DONE_UNSEEN = {
    "the reply is lost": ("lost_reply", {}),
    "half of the answer comes": ("half_answer", {}),
    "the answer dribbles too slowly": ("slow_bytes", {"seconds": 2.0}),
    "a gateway answers 502 for it": ("status", {"status": 502, "committed": True}),
    "a gateway answers 504 for it": ("status", {"status": 504, "committed": True}),
    "a page comes in place of the answer": ("html", {"committed": True}),
    "the connection is accepted too late": ("slow_accept", {"seconds": 2.0}),
    "it takes longer than the time-out": ("delay", {"seconds": 2.0}),
}


@pytest.mark.parametrize("how", DONE_UNSEEN)
def test_a_write_that_was_done_unseen_is_in_doubt_and_found(harness, ref, how):
    kind, parts = DONE_UNSEEN[how]
    if "seconds" in parts:
        hurry(harness)
        harness.connector.read(ref)
    if kind == "slow_accept":
        harness.standin.faults.append(Fault(kind, **parts))
    else:
        break_writes(harness, kind, **parts)
    with pytest.raises(InDoubt):
        write(harness, ref)
    assert soon(lambda: lines(harness, ref)), "the stand-in never committed it"
    assert find(harness, ref).marker == MARKER
    assert doubled(harness.standin.lines) == {}
    assert harness.standin.injected == {kind: 1}


NOT_DONE = {
    "the connection is reset": ("reset", {}),
    "the platform answers 500": ("status", {"status": 500}),
    "the platform answers 408": ("status", {"status": 408}),
    "a page comes instead": ("html", {}),
}


@pytest.mark.parametrize("how", NOT_DONE)
def test_a_write_that_was_not_done_is_in_doubt_all_the_same_and_absent(harness, ref, how):
    kind, parts = NOT_DONE[how]
    break_writes(harness, kind, **parts)
    with pytest.raises(InDoubt):
        write(harness, ref)
    assert find(harness, ref) is None
    assert lines(harness, ref) == []


def test_a_late_commit_is_absent_first_and_present_later(harness, ref):
    break_writes(harness, "late_commit", seconds=12)
    with pytest.raises(InDoubt):
        write(harness, ref)
    assert find(harness, ref) is None
    harness.clock.pass_by(seconds=11)
    assert find(harness, ref) is None
    harness.clock.pass_by(seconds=1)
    assert find(harness, ref).marker == MARKER
    assert len(harness.entries(ref)) == 1


def test_who_does_not_wait_for_a_late_commit_doubles_the_note_and_the_ledger_says_so(harness, ref):
    """The negative control of the checker: this is what settle times are for."""
    break_writes(harness, "late_commit", seconds=12)
    with pytest.raises(InDoubt):
        write(harness, ref)
    write(harness, ref)
    assert doubled(harness.standin.lines) == {}
    harness.clock.pass_by(seconds=12)
    harness.standin.settle()
    ((note, (first, second)),) = doubled(harness.standin.lines).items()
    assert note == known_as(harness, MARKER)
    assert [line.text.split()[0] for line in (first, second)] == ["Hello."] * 2
    assert first.seq < second.seq
    assert first.save < second.save


@pytest.mark.parametrize("harness", SERVICENOW, indirect=True)
@pytest.mark.parametrize("committed", [True, False])
def test_a_cancelled_transaction_is_in_doubt_whether_it_was_committed_or_not(harness, ref, committed):
    break_writes(harness, "error_and_result", committed=committed)
    with pytest.raises(InDoubt, match="Transaction cancelled"):
        write(harness, ref)
    assert (find(harness, ref) is not None) is committed


@pytest.mark.parametrize("harness", SERVICENOW, indirect=True)
def test_a_transaction_that_runs_too_long_is_cut_off_and_in_doubt(harness, ref):
    harness.standin.longest = 0.1
    break_writes(harness, "delay", seconds=60)
    with pytest.raises(InDoubt, match="Transaction cancelled"):
        write(harness, ref)
    assert find(harness, ref) is None


@pytest.mark.parametrize("kind", ["delay", "slow_bytes"])
def test_a_slow_answer_within_the_time_out_is_an_answer(harness, ref, kind):
    break_writes(harness, kind, seconds=0.1, pieces=3)
    assert write(harness, ref).marker == MARKER


LIMITS = {QUOTA: Scope.SITE, TENANT_QUOTA: Scope.SITE, BURST: Scope.ENDPOINT, PER_ISSUE: Scope.ISSUE}


@pytest.mark.parametrize("harness", JIRA, indirect=True)
@pytest.mark.parametrize("reason", LIMITS)
def test_each_of_jiras_limits_pauses_what_it_names(harness, ref, reason):
    break_writes(harness, reason, seconds=16.2)
    with pytest.raises(Paused) as caught:
        write(harness, ref)
    assert (caught.value.scope, caught.value.until - harness.clock.now()) == (LIMITS[reason], timedelta(seconds=17))
    assert find(harness, ref) is None


@pytest.mark.parametrize("harness", SERVICENOW, indirect=True)
def test_servicenows_limit_pauses_the_site(harness, ref):
    break_writes(harness, RATE_LIMIT, seconds=17)
    with pytest.raises(Paused) as caught:
        write(harness, ref)
    assert (caught.value.scope, caught.value.until - harness.clock.now()) == (Scope.SITE, timedelta(seconds=17))


@pytest.mark.parametrize("harness", SERVICENOW, indirect=True)
def test_without_retry_after_the_reset_time_counts(harness, ref):
    reset = str(int(harness.clock.now().timestamp()) + 90)
    break_writes(harness, "status", status=429, headers={"X-RateLimit-Reset": reset})
    with pytest.raises(Paused) as caught:
        write(harness, ref)
    assert caught.value.until - harness.clock.now() == timedelta(seconds=90)


@pytest.mark.parametrize("harness", JIRA, indirect=True)
def test_jiras_own_limit_per_issue_pauses_that_issue_until_it_lets_in_again(harness, ref):
    harness.standin.write_limits = True
    other = harness.create(title="Another")
    for n in range(20):
        harness.connector.write(letter(ref, f"Number {n}.", marker=f"{n:08}-0000-5000-8000-000000000000"))
    with pytest.raises(Paused) as caught:
        write(harness, ref)
    assert caught.value.scope is Scope.ISSUE
    write(harness, other)
    harness.clock.at = caught.value.until
    assert write(harness, ref).marker == MARKER


READ_FAULTS = {
    "reset": {},
    "lost_reply": {},
    "late_commit": {},
    "half_answer": {},
    "html": {},
    "status": {"status": 502},
    "slow_bytes": {"seconds": 2.0},
    "delay": {"seconds": 2.0},
    "error_and_result": {},
}


@pytest.mark.parametrize("harness", ["jira-cloud", "servicenow"], indirect=True)
@pytest.mark.parametrize("kind", READ_FAULTS)
def test_a_read_is_tried_again_and_then_unavailable(harness, ref, kind):
    if kind not in harness.standin.kinds:
        assert kind == "error_and_result", "only ServiceNow answers with result and error at once"
        return
    if "seconds" in READ_FAULTS[kind]:
        hurry(harness)
    fault = Fault(kind, method="GET", path=harness.read_path, **READ_FAULTS[kind])
    harness.standin.faults.append(fault)
    assert harness.connector.read(ref).ticket.id == ref.id
    fault.times = 99
    with pytest.raises(Unavailable):
        harness.connector.read(ref)
    assert harness.standin.injected[kind] == 4, "one attempt that was made up for, and three that were not"


def test_a_read_that_is_rate_limited_pauses_at_once(harness, ref):
    kind = min(harness.standin.kinds - COMMON_KINDS - {"error_and_result"})
    harness.standin.faults.append(Fault(kind, seconds=5, times=9))
    with pytest.raises(Paused):
        harness.connector.read(ref)
    assert harness.standin.injected[kind] == 1


@pytest.mark.parametrize("kind", ["half_answer", "reset", "html", "status"])
def test_looking_a_note_up_tells_the_truth_or_nothing(harness, ref, kind):
    write(harness, ref)
    fault = Fault(kind, method="GET", **READ_FAULTS[kind])
    harness.standin.faults.append(fault)
    assert find(harness, ref).marker == MARKER
    fault.times = 99
    with pytest.raises(Unavailable):
        find(harness, ref)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_under_random_faults_no_write_is_lost_or_doubled_for_who_waits_and_looks(harness, ref, seed):
    """The way of the design by hand: write; in doubt wait, look, write again only where it is absent."""
    standin = harness.standin
    standin.plan = FaultPlan(seed, 0.5, standin.kinds - HOOK_KINDS - {"slow_accept"}, seconds=(0.0, 0.01))
    markers = [f"{n:08x}-0000-5000-8000-00000000000{seed}" for n in range(12)]
    for marker in markers:
        assert said(harness, letter(ref, "Hello.", marker=marker, audience=Audience.REQUESTER))
    assert standin.plan.injected.total() > 8
    assert standin.injected == standin.plan.injected
    assert standin.calm()
    assert [line.note_id for line in lines(harness, ref)] == [known_as(harness, marker) for marker in markers]


def said(harness, wanted):
    """Write, and where it is in doubt look until it can be told; what is absent is written again."""
    look = False
    for _ in range(200):
        harness.clock.pass_by(seconds=1)
        try:
            found = harness.connector.find(wanted.ref, wanted.marker, harness.clock.at - HOUR) if look else None
            if found:
                return found
            look = False
            return harness.connector.write(wanted)
        except InDoubt:
            look = True
        except (Paused, Unavailable):
            continue
    return None


def known_as(harness, marker):
    return marker if getattr(harness, "column", "column") else marker.replace("-", "")[:12]


@pytest.mark.parametrize("harness", JIRA, indirect=True)
def test_jira_takes_away_a_note_that_must_not_stand(harness, ref):
    written = write(harness, ref)
    assert harness.connector.hide(ref, written)
    assert find(harness, ref) is None


@pytest.mark.parametrize("harness", ["jira-cloud", "servicenow"], indirect=True)
def test_an_answer_that_dribbles_on_is_given_up(harness, ref):
    hurry(harness)
    harness.connector.read(ref)
    break_writes(harness, "slow_bytes", seconds=0.1, pieces=12)
    with pytest.raises(InDoubt):
        write(harness, ref)
