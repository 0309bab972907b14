"""Weeks of tickets in five zones, over both changes of the clocks: every promise is kept, and said truly."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LiaisonError
from rules.spoken import Reader
from tests.simulation.controls import CONTROLS
from tests.simulation.places import PLACES
from tests.simulation.truths import Watcher, broken_truths
from tests.simulation.weeks import PERIODS, weeks
from tests.simulation.words import promised


def problems_of(folder, period, *, tickets, seed=1, broken=()):
    run = weeks(folder, period, seed=seed, tickets=tickets, broken=broken)
    run.watch = watcher = Watcher()
    try:
        run.play()
        return [*watcher.problems, *broken_truths(run)], len(run.bench.promises(None))
    except LiaisonError as error:
        return [*watcher.problems, str(error)], 0
    finally:
        run.bench.close()


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: period.name[:4])
def test_every_promise_of_some_weeks_is_kept(tmp_path, period):
    """The long form of this is `make weeks`."""
    found, promises = problems_of(tmp_path, period, tickets=20)
    assert found == []
    assert promises > 100


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.__name__)
def test_a_broken_rhythm_is_seen(tmp_path, control):
    """Each way to break a promise is reported in its own words."""
    found, _ = problems_of(tmp_path, PERIODS[0], tickets=6, broken=[control])
    assert any(CONTROLS[control] in problem for problem in found), found


minutes = st.integers(0, 60 * 24 * 365 * 2).map(lambda n: datetime.fromtimestamp(1514764800 + n * 60, UTC))


@given(minutes, st.integers(1, 60 * 24 * 30), st.sampled_from([zone for zone, _, _ in PLACES.values()]))
def test_the_words_of_a_promise_have_one_meaning(now, ahead, zone):
    """A reader with a clock and a calendar arrives at the very minute that was meant."""
    due = datetime.fromtimestamp(now.timestamp() + ahead * 60, UTC)
    reader = Reader(now, zone)
    assert promised(f"We will write again {reader.by(due)}.", now, zone) == due
    assert promised(f"We will remind you once, {reader.on(due)}.", now, zone) == due
