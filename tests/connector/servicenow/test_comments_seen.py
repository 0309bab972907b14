"""Comments that arrive with a save, and who wrote them."""

from datetime import UTC, datetime

import pytest

from core.sightings import Author
from tests.connector.servicenow.bodies import NOTE_ID, capture, envelope, sight


def comment(*, configured=None, **columns):
    columns = {"comments": "We see it too.", "changed": ["comments"], **columns}
    return sight(envelope(**columns), **(configured or {})).comment


def test_a_comment_in_the_save_is_seen():
    seen = comment()
    assert (seen.text, seen.public, seen.author, seen.author_id) == ("We see it too.", True, Author.AGENT, "david.loo")
    assert seen.id == "e1a258df7843581fc91394a1e760c9d4"
    assert seen.at == datetime(2016, 12, 13, 18, 46, 44, tzinfo=UTC)


def test_a_work_note_is_internal():
    seen = comment(comments="", work_notes="Restarted it.", changed=["work_notes"])
    assert (seen.text, seen.public, seen.author) == ("Restarted it.", False, Author.AGENT)


def test_of_two_the_public_one_counts():
    assert comment(work_notes="Internal.", changed=["work_notes", "comments"]).text == "We see it too."


@pytest.mark.parametrize("changed", [[], ["state"], ["work_notes"]])
def test_a_journal_text_that_this_save_did_not_write_is_no_comment(changed):
    assert comment(changed=changed) is None


def test_the_caller_is_a_customer():
    assert comment(sys_updated_by="eva.brandt").author is Author.CUSTOMER


def test_without_the_callers_user_name_a_public_author_is_unknown():
    assert comment(**{"caller_id.user_name": ""}).author is Author.UNKNOWN
    internal = comment(comments="", work_notes="x", changed=["work_notes"], **{"caller_id.user_name": ""})
    assert internal.author is Author.AGENT


def test_a_configured_bot_is_a_bot():
    assert comment(configured={"bots": ("David.Loo",)}).author is Author.BOT


def test_our_own_comment_is_ours_and_the_snapshot_stays():
    body = envelope(
        comments="Ours.", changed=["comments", NOTE_ID, "state"], sys_updated_by="liaison", **{NOTE_ID: "m-1"}
    )
    sighting = sight(body)
    assert (sighting.comment.author, sighting.comment.marker) == (Author.LIAISON, "m-1")
    assert sighting.snapshot.ticket.state == "in_progress"
    assert sighting.complete


def test_our_note_is_known_by_its_id_where_the_account_is_another():
    seen = comment(changed=["comments", NOTE_ID], sys_updated_by="integration", **{NOTE_ID: "m-1"})
    assert (seen.author, seen.marker) == (Author.LIAISON, "m-1")


def test_a_note_id_of_an_earlier_save_is_no_marker():
    seen = comment(**{NOTE_ID: "m-1"})
    assert (seen.author, seen.marker) == (Author.AGENT, "")


def test_without_an_event_id_the_text_and_time_make_one():
    body = envelope(comments="We see it too.", changed=["comments"])
    del body["event_id"]
    one, same = sight(body).comment, sight(body).comment
    other = sight({**body, "record": {**body["record"], "comments": "Another."}}).comment
    assert one.id == same.id != other.id


def test_a_whole_history_as_display_value_is_cut_to_its_newest_entry():
    history = capture("rapid7_incident_journal_display_value.json")["result"]["comments"]
    seen = comment(comments={"value": "", "display_value": history})
    assert seen.text == "RRN:rrn:investigation:us:11111111-1111-1111-1111-111111111111:investigation:ABCDEF543210"


def test_flat_events_carry_no_comment():
    body = {**envelope()["record"], "comments": "x", "table": "incident", "changed_fields": ["comments"]}
    assert sight(body).comment is None
