"""Appointments: times at which a ticket deserves a word for its own sake, and what they are counted from."""

from datetime import datetime

from core.moments import MomentKind
from core.values import value


@value
class Appointment:
    """One occurrence of a notice, a milestone or a check-in.

    `name` is its occurrence: the same one however often the rules are asked, and another one for another planned
    window, opening or end. `at` may lie in the past: what is said is decided by who remembers the last look. Later
    than `good_until` it says nothing useful any more. `stands`: whether its own conditions hold now; before its time
    that means nothing yet. `timed` False: it is here because something changed in this moment.
    """

    kind: MomentKind
    name: str
    at: datetime
    good_until: datetime
    rule: str
    stands: bool = True
    timed: bool = True


@value
class Course:
    """What a ticket alone does not tell: what people were told of it, and when.

    `announced`: whether the window that is planned now is the one people know; `announced_at`: since when, None where
    that was before Liaison looked; `start`: when it begins as they know it. `begun`: when work on a change began.
    `ended`: when people were told that it is over. `reopened`: when it was last opened again.
    """

    announced: bool = False
    announced_at: datetime | None = None
    begun: datetime | None = None
    ended: datetime | None = None
    reopened: datetime | None = None
    start: datetime | None = None
