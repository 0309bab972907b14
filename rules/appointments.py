"""A ticket's appointments: notices ahead of a change, milestones on the way, the check-in after the end. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.appointments import Appointment, Course
from core.moments import Moment, MomentKind
from core.tickets import Kind, Resolution, State, Ticket
from core.times import iso
from core.values import value
from rules.catalogue import Catalogue
from rules.conditions import holds
from rules.countdown import after, afterwards, before
from rules.judgement import applies
from rules.language import Condition, Milestone, Rule, RuleSet
from rules.matcher import asks_for_change
from rules.subjects import ANYWHERE, View

M = MomentKind
OVER = frozenset({State.RESOLVED, State.CLOSED, State.REVIEW})
SOLVED = frozenset({"", Resolution.FIXED, Resolution.WORKAROUND})
ENOUGH = 4
"""A notice is left out where people were told less than a quarter of its time before."""
MILESTONE_KEEPS = timedelta(hours=1)
CHECK_IN_KEEPS = timedelta(days=1)


def appointments(
    rules: RuleSet,
    catalogue: Catalogue,
    ticket: Ticket,
    now: datetime,
    *,
    course: Course,
    earlier: Ticket | None = None,
    zone: str = ANYWHERE,
) -> tuple[Appointment, ...]:
    """Every appointment of a ticket as it is now, past ones included, in order of time.

    `earlier`: the ticket as last attended to, for milestones on a change. `zone`: the site's, for calendars whose
    place is not in the catalogue.
    """
    if course.ended is None and not course.announced:  # no end and no window that people were told of
        view = View(ticket, Moment(M.MILESTONE, "", now, earlier), now, catalogue, rules.calendars, zone)
        if not rules.milestone_matcher.matched(view):
            return ()  # as most looks at most tickets find it
    found = _Book(rules, catalogue, ticket, now, course, earlier, zone)
    return tuple(sorted(found.all(), key=lambda one: (one.at, one.kind, one.name)))


@value
class _Book:
    rules: RuleSet
    catalogue: Catalogue
    ticket: Ticket
    now: datetime
    course: Course
    earlier: Ticket | None
    zone: str

    def all(self) -> Iterator[Appointment]:
        yield from self._notices()
        yield from self._milestones()
        yield from self._closing()

    def _notices(self) -> Iterator[Appointment]:
        """Of the strongest rule that has any, while people know the window that is planned."""
        start = self.ticket.planned_start
        if start is None or not self.course.announced or self.ticket.state != State.SCHEDULED:
            return
        rule = next(iter(self.rules.notice_matcher.matched(self._view(M.NOTICE))), None)
        for notice in (rule.notices or ()) if rule else ():
            at = before(self.rules, self.ticket, start, notice.before, notice.calendar, self.zone)
            told = self.course.announced_at
            if rule and (told is None or (at - told) * ENOUGH >= start - at):
                name = f"{rule.id}/{_minutes(notice.before)}@{iso(start)}"
                yield Appointment(M.NOTICE, name, at, start, rule.id)

    def _milestones(self) -> Iterator[Appointment]:
        matcher = self.rules.milestone_matcher
        if not matcher.rules or (self.earlier is not None and _over(self.earlier)):
            return
        view = self._view(M.MILESTONE)
        for rule in matcher.matched(view):
            for milestone in rule.milestones:
                yield from self._milestone(rule, milestone, view)

    def _milestone(self, rule: Rule, milestone: Milestone, view: View) -> Iterator[Appointment]:
        stands = applies(milestone.when, milestone.unless, view)
        anchor = self._opening()
        if milestone.on is not None:
            if stands and self._reached(milestone.on, view):
                name = f"{rule.id}/{milestone.name}@{iso(anchor) if anchor else ''}"
                yield Appointment(M.MILESTONE, name, self.now, self.now, rule.id, timed=False)
        elif not _over(self.ticket):
            yield from self._timed(rule, milestone, stands=stands)

    def _timed(self, rule: Rule, milestone: Milestone, *, stands: bool) -> Iterator[Appointment]:
        begun = self.course.start if milestone.of else self._begun()
        planned = self._planned(milestone.of) if milestone.of else None
        if milestone.after is not None and begun:
            at = after(self.rules, self.ticket, begun, milestone.after, milestone.calendar, self.zone)
            name = f"{rule.id}/{milestone.name}@{iso(begun)}"
            yield Appointment(M.MILESTONE, name, at, at + MILESTONE_KEEPS, rule.id, stands)
        if milestone.before is not None and planned:
            at = before(self.rules, self.ticket, planned, milestone.before, milestone.calendar, self.zone)
            name = f"{rule.id}/{milestone.name}@{iso(planned)}"
            yield Appointment(M.MILESTONE, name, at, planned, rule.id, stands)

    def _closing(self) -> Iterator[Appointment]:
        """After an end that people were told of, while it has not been undone."""
        ended, ticket = self.course.ended, self.ticket
        if ended is None or ticket.state not in OVER or ticket.resolution not in SOLVED:
            return
        rule = next(iter(self.rules.closing_matcher.matched(self._view(M.CHECK_IN))), None)
        closing = rule.closing if rule else None
        if rule and closing and closing.after is not None:
            at = afterwards(self.rules, ticket, ended, closing.after, closing.calendar, self.zone)
            name = f"{rule.id}/closing@{iso(ended)}"
            yield Appointment(M.CHECK_IN, name, at, at + CHECK_IN_KEEPS, rule.id)

    def _opening(self) -> datetime | None:
        """What tells one life of the ticket from the next."""
        return self.course.reopened or self.ticket.opened_at

    def _begun(self) -> datetime | None:
        """Where `after` counts from: the start of a change, the opening of an incident."""
        return self.course.begun if self.ticket.kind == Kind.CHANGE else self._opening()

    def _planned(self, field: str) -> datetime | None:
        """A planned time that people know and that is still to come."""
        waits = self.ticket.state == State.SCHEDULED if field == "planned_start" else self.ticket.state in ONGOING
        time: datetime | None = getattr(self.ticket, field)
        return time if waits and self.course.announced else None

    def _reached(self, condition: Condition, view: View) -> bool:
        """Whether it holds now and did not before. What asks for a change is never true for longer than a moment."""
        if self.earlier is None or not holds(condition, view):
            return False
        then = View(self.earlier, Moment(M.MILESTONE, "", self.now), self.now, self.catalogue, self.rules.calendars)
        return asks_for_change(condition) or not holds(condition, then)

    def _view(self, kind: MomentKind) -> View:
        moment = Moment(kind, "", self.now, self.earlier)
        return View(self.ticket, moment, self.now, self.catalogue, self.rules.calendars, self.zone)


ONGOING = frozenset({State.SCHEDULED, State.IMPLEMENT})


def _over(ticket: Ticket) -> bool:
    return ticket.ended or ticket.state in OVER


def _minutes(length: timedelta) -> str:
    return f"{int(length.total_seconds() // 60)}m"
