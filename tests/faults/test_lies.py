"""The short form of `make faults`, first part: a Liaison that breaks a promise on purpose is caught."""

from tests.faults import controls


def test_a_broken_promise_is_caught():
    assert controls.together(controls.LIES) == dict.fromkeys(controls.LIES, "")
