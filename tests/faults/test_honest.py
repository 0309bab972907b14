"""The short form of `make faults`, second part: in the scenes where a lie is caught, an honest Liaison is not."""

from tests.faults import controls


def test_an_honest_liaison_comes_through_the_same_scenes():
    assert controls.together(controls.HONEST) == dict.fromkeys(controls.HONEST, "")
