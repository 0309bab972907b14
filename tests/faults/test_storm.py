"""The short form of `make faults`, third part: an honest Liaison comes through a storm, and a power cut."""

import pytest

from tests.faults import power
from tests.faults.storm import storm


def test_a_short_storm_loses_nothing_and_says_nothing_twice():
    found = storm(1, 12, pauses=(0.1, 1.0))
    assert found.verdict.good, found.verdict
    assert found.injected.total() > 30
    assert found.verdict.acknowledged > 30
    assert found.verdict.notes > 10


def test_every_202_leaves_after_its_fdatasync():
    _skipped_or(power.check())


def test_a_202_before_its_fdatasync_is_seen():
    found = power.check("early")
    if found.startswith("skipped"):
        pytest.skip(found)
    assert "was not written" in found or "before its fdatasync" in found


def _skipped_or(problem: str):
    if problem.startswith("skipped"):
        pytest.skip(problem)
    assert not problem
