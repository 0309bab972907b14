"""What must be true of every promise, whatever happened: each sentence here is one way to break it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from app import tables
from core.tickets import TicketRef
from core.times import from_iso, iso
from tests.simulation.places import CADENCES, is_open, stands_open, zone_of
from tests.simulation.weeks import Seen, Weeks
from tests.simulation.words import promised

MINUTE = timedelta(minutes=1)
SETTLED = timedelta(minutes=15)
"""After that long without anything new all that settles has settled, and who just spoke has been heard."""
SETTLES = timedelta(minutes=5)
"""So long a resolution may still be taken back, in the shipped rules."""
RULES = {name.lower(): name for name in CADENCES}
OPEN_MINUTES = {"P1": 60, "P2": 120, "P4": 360, "P5": 600}
LIVE = {"new", "in_progress", "on_hold"}


@dataclass
class Watcher:
    """Looks at each ticket right before anything new happens to it."""

    problems: list[str] = field(default_factory=list)
    looks: int = 0

    def __call__(self, weeks: Weeks, ref: TicketRef) -> None:
        seen, now = weeks.seen.get(ref), weeks.bench.clock.now()
        if seen is None or now - seen.touched < SETTLED or _stopped_lately(weeks, now):
            return
        self.looks += 1
        store = weeks.bench.rows(tables.promises, ref)
        mine = [p for p in store if p.audience == "requester" and p.state == "open"]
        overdue = [p for p in mine if from_iso(p.due) <= now - MINUTE]
        if seen.ticket.kind == "incident" and _owes(seen) and not mine:
            self.problems.append(
                f"{ref} at {iso(now)}: a live ticket ({seen.ticket.state}, {seen.ticket.priority}) without a promise"
            )
        if _is_over(seen) and mine:
            self.problems.append(
                f"{ref} at {iso(now)}: a promise stands in a ticket that is over ({seen.ticket.state})"
            )
        if _waits(seen) and _heard_since(weeks, ref, seen.touched) > 2:
            self.problems.append(f"{ref} at {iso(now)}: we wait for the requester, and remind them again and again")
        self.problems += [f"{ref} at {iso(now)}: {p.due} has passed and is still open" for p in overdue]


def _stopped_lately(weeks: Weeks, now: datetime) -> bool:
    return any(start <= now <= end + SETTLED for start, end in weeks.stops)


def _heard_since(weeks: Weeks, ref: TicketRef, since: datetime) -> int:
    """The words of ours that the requester read: that we wait, and one reminder."""
    notes = weeks.bench.rows(tables.notes, ref)
    return sum(n.audience == "requester" and n.state == "written" and n.written_at >= iso(since) for n in notes)


def _owes(seen: Seen) -> bool:
    return not seen.gone and seen.ticket.state in LIVE and not _waits(seen)


def _waits(seen: Seen) -> bool:
    return seen.ticket.state == "on_hold" and seen.ticket.hold_reason == "requester" and seen.asked


def _is_over(seen: Seen) -> bool:
    return seen.gone or seen.ticket.ended


def broken_truths(weeks: Weeks) -> list[str]:
    """Every broken truth, as a sentence."""
    promises, notes = weeks.bench.rows(tables.promises), weeks.bench.rows(tables.notes)
    return [
        *_said_twice(weeks),
        *_left_over(weeks, notes),
        *(problem for p in promises for problem in _of_end(weeks, p)),
        *(problem for p in _given(promises) for problem in _of_time(weeks, p)),
        *(problem for n in notes if n.state == "written" for problem in _of_note(weeks, n)),
        *_at_once(promises),
        *_asleep(weeks, promises),
        *_broken_words(promises, notes),
    ]


def _said_twice(weeks: Weeks) -> Iterator[str]:
    for marker, count in Counter(weeks.bench.platform.markers()).items():
        if count > 1:
            yield f"note {marker} stands {count} times"
    words = Counter(
        (s.ref, s.at, part.paragraphs)
        for s in weeks.bench.platform.standing
        for part in s.letter.parts
        if not part.internal
    )
    for (ref, at, _), count in words.items():
        if count > 1:
            yield f"{ref} at {iso(at)}: the same words {count} times"


def _left_over(weeks: Weeks, notes: list) -> Iterator[str]:
    for note in notes:
        if note.state in {"planned", "sending", "in_doubt", "stopped", "refused"}:
            yield f"{note.site}/{note.ticket_id}: {note.moment} to {note.audience} is left {note.state}: {note.problem}"
    for delivery in weeks.bench.rows(tables.deliveries):
        if delivery.state != "done":
            yield f"{delivery.site}/{delivery.ticket_id}: a delivery is left {delivery.state}: {delivery.problem}"


def _given(promises: list) -> list:
    """A time that was given once may stand on under another rule: an urgent ticket keeps its earlier time."""
    first = {}
    for promise in sorted(promises, key=lambda p: p.made_at):
        first.setdefault((promise.site, promise.ticket_id, promise.due), promise)
    return list(first.values())


def _where(promise: Any) -> str:
    return f"{promise.site}/{promise.ticket_id}: the promise for {promise.due} (rule {promise.rule})"


def _of_time(weeks: Weeks, promise: Any) -> Iterator[str]:
    """Due after it was made, in an open hour, and not later than its cadence says."""
    where, due, made = _where(promise), from_iso(promise.due), from_iso(promise.made_at)
    place = weeks.seen[TicketRef(promise.site, promise.ticket_id)].ticket.location
    calendar = CADENCES.get(RULES.get(promise.rule, ""), "always")
    if due <= made:
        yield f"{where} was made at {promise.made_at}: in the past"
    if not stands_open(calendar, promise.site, place, due):
        yield f"{where} falls into a closed hour of {calendar} in {place or promise.site}"
    most = None if _is_reminder(weeks, promise) else OPEN_MINUTES.get(RULES.get(promise.rule, ""))
    if most and _open_minutes(calendar, promise.site, place, made, due) > most + 1:
        yield f"{where} is later than {most} open minutes after {promise.made_at}"


def _is_reminder(weeks: Weeks, promise: Any) -> bool:
    """That we remind them once of our question is promised by a pace of its own."""
    note = _note(weeks, promise, promise.made_by)
    return "question" in promise.made_by or (note is not None and '"pledge":"remind"' in note.plan)


def _note(weeks: Weeks, promise: Any, by: str) -> Any:
    """The note that made the promise, or kept it; None where it was no note."""
    notes = weeks.bench.rows(tables.notes, TicketRef(promise.site, promise.ticket_id))
    return next((n for n in notes if by == f"note {n.id}"), None)


def _open_minutes(calendar: str, site: str, place: str, start: datetime, end: datetime) -> int:
    minutes = int((end - start) / MINUTE)
    return sum(is_open(calendar, site, place, start + n * MINUTE) for n in range(minutes))


def _of_end(weeks: Weeks, promise: Any) -> Iterator[str]:
    """In time, with a state; later only where everything was stopped. An end that was found afterwards settles first:
    nobody reads "still working on it" five minutes before "solved".
    """
    if promise.state == "open":
        return
    where, due = _where(promise), from_iso(promise.due)
    if not promise.ended_at:
        yield f"{where} has ended as {promise.state} without a time"
        return
    ended = from_iso(promise.ended_at)
    grace = max((end for start, end in weeks.stops if start <= due + MINUTE and due <= end), default=due)
    note = _note(weeks, promise, promise.kept_by) if grace > due else None
    if note and note.moment == "resolved":
        grace += SETTLES
    if ended > max(due, grace) + MINUTE:
        yield f"{where} ended as {promise.state} at {promise.ended_at}: too late"
    if promise.state == "missed" and grace == due:
        yield f"{where} was missed, and nothing was stopped"


def _of_note(weeks: Weeks, note: Any) -> Iterator[str]:
    """The words say the time that the store remembers, and it is still to come when they are read."""
    if note.audience != "requester":
        return
    where = f"{note.site}/{note.ticket_id}: {note.moment} at {note.written_at}"
    written = from_iso(note.written_at)
    place = weeks.seen[TicketRef(note.site, note.ticket_id)].ticket.location
    said = promised(note.text, written, zone_of(note.site, place))
    kept_to_ourselves = (
        said is None and "need your answer" in note.text
    )  # that we remind them need not be said each time
    if said != (from_iso(note.promise_due) if note.promise_due else None) and not kept_to_ourselves:
        yield f"{where} says {note.text[-70:]!r} ({said}) and promises {note.promise_due}"
    if said and said <= written:
        yield f"{where} promises the past: {note.text[-70:]!r}"


def _at_once(promises: list) -> Iterator[str]:
    """One open promise per ticket and audience at every time."""
    by_reader = defaultdict(list)
    for promise in promises:
        by_reader[promise.site, promise.ticket_id, promise.audience].append(promise)
    for (site, ticket, audience), mine in by_reader.items():
        mine.sort(key=lambda p: (p.made_at, p.ended_at or "9"))
        for one, other in pairwise(mine):
            # a comment's promise counts from the comment, which may be a little older than what it keeps
            if (one.ended_at or "9") > other.made_at and "agent's" not in other.made_by:
                yield f"{site}/{ticket}: {audience} has two promises at {other.made_at}: {one.due} and {other.due}"


def _asleep(weeks: Weeks, promises: list) -> Iterator[str]:
    """An open promise wakes its ticket."""
    wakeups = {(w.site, w.ticket_id): w.due for w in weeks.bench.rows(tables.wakeups)}
    for promise in promises:
        if promise.state == "open" and wakeups.get((promise.site, promise.ticket_id), "9") > promise.due:
            yield f"{promise.site}/{promise.ticket_id}: nothing wakes the ticket for {promise.due}"


def _broken_words(promises: list, notes: list) -> Iterator[str]:
    """Whatever the words promise stands in the store, or stood there."""
    known = {(p.site, p.ticket_id, p.audience, p.due) for p in promises}
    for note in notes:
        if note.state == "written" and note.promise_due:
            key = (note.site, note.ticket_id, note.audience, note.promise_due)
            if key not in known:
                yield f"{note.site}/{note.ticket_id}: {note.moment} promises {note.promise_due}, and nothing keeps it"
