from datetime import timedelta

from app.clocks import DrivenClock
from app.patience import Patience
from tests.support.scripted import START, Jumping


def test_a_time_that_jumps_ahead_settles_no_doubt():
    clock = Jumping(START)
    patience = Patience(clock)
    patience.begin("n1")
    clock.move(START + timedelta(hours=1))
    assert patience.left("n1", 30) == timedelta(seconds=30)
    clock.seconds += 30
    assert patience.left("n1", 30) == timedelta(0)


def test_a_doubt_from_before_the_start_is_waited_out_anew():
    clock = Jumping(START)
    patience = Patience(clock)
    assert patience.left("n1", 30) == timedelta(seconds=30)
    clock.seconds += 10
    assert patience.left("n1", 30) == timedelta(seconds=20)


def test_a_second_doubt_of_the_same_note_is_waited_out_again():
    clock = Jumping(START)
    patience = Patience(clock)
    patience.begin("n1")
    clock.seconds += 60
    patience.end("n1")
    patience.begin("n1")
    assert patience.left("n1", 30) == timedelta(seconds=30)


def test_a_clock_that_is_driven_alone_counts_by_its_own_time():
    assert Patience(DrivenClock(START)).left("n1", 30) == timedelta(0)
