"""One suite for every platform: its client against its own stand-in."""

from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from connector.sandbox import Fault
from core.errors import InDoubt, NotThere, Paused, Refused, Unavailable
from core.notes import Audience
from core.tickets import TicketRef
from tests.contract.harness import MARKER, letter
from tests.contract.jira import JiraDataCenterHarness, JiraHarness
from tests.contract.servicenow import ServiceNowHarness

HARNESSES = {"jira-cloud": JiraHarness, "jira-data-center": JiraDataCenterHarness, "servicenow": ServiceNowHarness}


@pytest.fixture(params=list(HARNESSES))
def harness(request):
    made = HARNESSES[request.param]()
    yield made
    made.close()


@pytest.fixture
def ref(harness):
    return harness.create(title="Card payments fail", description="Since ten o'clock.", priority="P1")


def break_writes(harness, kind, **how):
    harness.standin.faults.append(Fault(kind, method=harness.write_method, path=harness.write_path, **how))


def noted(harness, ref):
    """The notes in the ticket: entries with a marker."""
    return [entry for entry in harness.entries(ref) if entry.marker]


def since(harness):
    return harness.clock.now() - timedelta(minutes=1)


def test_a_ticket_is_read_into_canonical_words(harness, ref):
    snapshot = harness.connector.read(ref)
    ticket = snapshot.ticket
    assert (ticket.site, ticket.id, ticket.kind) == (ref.site, ref.id, "incident")
    assert (ticket.title, ticket.priority, ticket.state) == ("Card payments fail", "P1", "new")
    assert "Since ten o'clock." in ticket.description
    assert snapshot.served
    assert {Audience.AGENTS, Audience.REQUESTER} <= snapshot.sinks
    assert ticket.opened_at == harness.clock.now()


def test_a_change_is_read_as_a_change(harness):
    assert harness.connector.read(harness.create(title="Update the shop", kind="change")).ticket.kind == "change"


@pytest.mark.parametrize(("audience", "internal"), [(Audience.AGENTS, True), (Audience.REQUESTER, False)])
def test_a_note_is_seen_by_its_audience_alone(harness, ref, audience, internal):
    written = harness.connector.write(letter(ref, "We are looking into it.", audience=audience))
    (entry,) = harness.entries(ref)
    assert (entry.internal, entry.text.strip()) == (internal, "We are looking into it.")
    assert written.marker == entry.marker == MARKER
    assert written.public in {not internal, None}


def test_a_written_note_is_found_by_its_marker(harness, ref):
    harness.connector.write(letter(ref, "Hello."))
    found = harness.connector.find(ref, MARKER, since(harness))
    assert found is not None
    assert found.marker == MARKER


def test_a_note_is_found_though_our_clock_is_hours_ahead(harness, ref):
    harness.connector.write(letter(ref, "Hello."))
    assert harness.connector.find(ref, MARKER, since(harness) + timedelta(hours=2)) is not None


def test_an_absent_marker_is_absent(harness, ref):
    assert harness.connector.find(ref, MARKER, since(harness)) is None
    harness.connector.write(letter(ref, "Hello.", marker="11111111-1111-5111-8111-111111111111"))
    assert harness.connector.find(ref, MARKER, since(harness)) is None


def test_a_lost_reply_is_in_doubt_and_the_note_is_found_once(harness, ref):
    break_writes(harness, "lost_reply")
    with pytest.raises(InDoubt):
        harness.connector.write(letter(ref, "Hello."))
    assert harness.connector.find(ref, MARKER, since(harness)).marker == MARKER
    assert len(noted(harness, ref)) == 1


def test_a_reset_before_anything_was_done_is_in_doubt_and_nothing_is_found(harness, ref):
    break_writes(harness, "reset")
    with pytest.raises(InDoubt):
        harness.connector.write(letter(ref, "Hello."))
    assert harness.connector.find(ref, MARKER, since(harness)) is None
    assert harness.entries(ref) == []


def test_a_server_error_on_a_write_is_in_doubt_and_not_tried_again(harness, ref):
    break_writes(harness, "status", status=503)
    with pytest.raises(InDoubt) as caught:
        harness.connector.write(letter(ref, "Hello."))
    assert caught.value.status == 503
    assert harness.entries(ref) == []


def test_a_page_in_place_of_an_answer_leaves_a_write_in_doubt(harness, ref):
    break_writes(harness, "html")
    with pytest.raises(InDoubt):
        harness.connector.write(letter(ref, "Hello."))


def test_a_rate_limit_pauses_until_the_time_it_names(harness, ref):
    break_writes(harness, "status", status=429, headers={"Retry-After": "17"})
    with pytest.raises(Paused) as caught:
        harness.connector.write(letter(ref, "Hello."))
    assert caught.value.until - harness.clock.now() == timedelta(seconds=17)
    assert harness.entries(ref) == []


def test_a_missing_ticket_is_not_there(harness, ref):
    table, colon, _ = ref.id.rpartition(":")
    nobody = TicketRef(ref.site, f"{table}{colon}{'9' * (32 if colon else 6)}")
    with pytest.raises(NotThere):
        harness.connector.read(nobody)
    with pytest.raises(NotThere):
        harness.connector.write(letter(nobody, "Hello."))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_what_to_do(harness, ref, status):
    break_writes(harness, "status", status=status)
    with pytest.raises(Refused) as caught:
        harness.connector.write(letter(ref, "Hello."))
    assert caught.value.status == status
    assert caught.value.hint
    harness.standin.faults.append(Fault("status", path=harness.read_path, status=status, times=9))
    with pytest.raises(Refused):
        harness.connector.read(ref)


@pytest.mark.parametrize("kind", ["html", "reset", "lost_reply", "status"])
def test_a_read_that_keeps_failing_is_unavailable(harness, ref, kind):
    harness.standin.faults.append(Fault(kind, method="GET", path=harness.read_path, times=9))
    with pytest.raises(Unavailable):
        harness.connector.read(ref)


def test_a_read_is_tried_again(harness, ref):
    harness.standin.faults.append(Fault("status", method="GET", path=harness.read_path, status=503))
    assert harness.connector.read(ref).ticket.id == ref.id


def test_a_list_that_cannot_be_had_is_never_taken_for_absence(harness, ref):
    harness.connector.write(letter(ref, "Hello."))
    harness.standin.faults.append(Fault("status", method="GET", status=503, times=99))
    with pytest.raises(Unavailable):
        harness.connector.find(ref, MARKER, since(harness))


def test_a_platform_that_is_not_there_is_unavailable(harness, ref):
    harness.connector.read(ref)
    harness.standin.stop()
    with pytest.raises(Unavailable):
        harness.connector.write(letter(ref, "Hello."))


HOSTILE = [
    "h1. Not a title\n* not a list\n# nor this\n|| nor | a table |",
    "{quote}{code}{color:red}[link|http://evil.example] [~admin] !image.png! *b* _i_ -s- +u+ ^a^ ~b~ ??c??",
    "[code]<script>alert(1)</script>[/code] <b>bold</b> &lt; &#123;",
    "@carla C:\\temp\\new \\\\ (!) :) --- ${x} {{y}}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_text_loses_its_power_and_keeps_its_words(harness, ref, text):
    harness.connector.write(letter(ref, text, audience=Audience.REQUESTER))
    (entry,) = harness.entries(ref)
    assert harness.active_markup(ref) == []
    for word in ("Not a title", "evil.example", "alert(1)", "temp"):
        assert (word in text) == (word in entry.text)


def test_characters_of_all_scripts_are_kept(harness, ref):
    text = "Grüße, 你好, مرحبا, 😀👩‍👩‍👧, naïve – „quoted“ … ½ Ω"
    harness.connector.write(letter(ref, text))
    assert text in harness.entries(ref)[0].text


def test_a_very_long_text_is_written(harness, ref):
    harness.connector.write(letter(ref, "Everything is slow today. " * 2_000))
    (entry,) = harness.entries(ref)
    assert entry.text.startswith("Everything is slow today. Everything")
    assert entry.marker == MARKER


def test_a_note_that_came_out_public_is_taken_away_where_the_platform_can(harness, ref):
    """Whatever `hide` answers is what happened; a note that is gone already cannot be hidden."""
    written = harness.connector.write(letter(ref, "For agents."))
    hidden = harness.connector.hide(ref, written)
    assert hidden is (not noted(harness, ref))
    assert harness.connector.hide(ref, written) is False


def test_a_letter_that_was_held_up_does_not_leave(harness, ref):
    """A writer that was frozen between its intent and the socket: somebody else may be looking for the note by now."""
    late = replace(letter(ref, "Too late."), leave_by=monotonic() - 1)
    with pytest.raises(Unavailable, match="did not leave"):
        harness.connector.write(late)
    assert noted(harness, ref) == []
    harness.connector.write(letter(ref, "In time."))
    assert len(noted(harness, ref)) == 1
