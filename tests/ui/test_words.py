"""Plain words for everything, and time in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions import Reason
from core.moments import MomentKind
from core.notes import Audience, NoteState
from core.promises import Cause, PromiseState
from core.tickets import HoldReason, Kind, Phase, Priority, Resolution, State, Ticket
from ui import words
from ui.views import NEEDS_A_PERSON

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "vocabulary"),
    [
        (words.AUDIENCES, Audience), (words.STATES, State), (words.PHASES, Phase), (words.HOLDS, HoldReason),
        (words.PRIORITIES, Priority), (words.RESOLUTIONS, Resolution), (words.KINDS, Kind), (words.MOMENTS, MomentKind),
        (words.NOTES, NoteState), (words.PROMISES, PromiseState), (words.CAUSES, Cause), (words.REASONS, Reason), (words.NEXT_STEPS, NEEDS_A_PERSON),
    ],
)  # fmt: skip
def test_every_member_has_words(said, vocabulary):
    assert set(said) == set(vocabulary)
    assert all(said.values())
    assert not any("_" in text for text in said.values())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "now"),
        (59, "now"),
        (-59, "now"),
        (60, "in 1 minute"),
        (-60, "1 minute ago"),
        (3599, "in 59 minutes"),
        (3600, "in 1 hour"),
        (-86399, "23 hours ago"),
        (-86400, "1 day ago"),
        (200000, "in 2 days"),
    ],
)
def test_distances(seconds, expected):
    assert words.distance(NOW + timedelta(seconds=seconds), NOW) == expected


def test_times_are_told_in_utc():
    assert (
        words.when(datetime(2026, 11, 21, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "Fri 20 Nov 2026, 23:30 UTC"
    )


def test_unknown_values_keep_their_own_words():
    odd = Ticket("s", "other", "request", "K", "1", state="parked", priority="P9")
    facts = dict(words.facts(odd))
    assert facts == {"What": "Ticket in other", "State": "parked", "Priority": "P9"}
    assert words.moment("launched") == "launched"


@given(st.text())
def test_only_web_addresses_are_links(text):
    found = words.web_address(text)
    assert found in {"", text}
    assert not found or found.strip().lower().startswith(("http:", "https:"))
