"""`liaison rules backtest`: recorded events under one rule set, or under two side by side, on all cores.

Every ticket lives by itself (`app.rehearsal`), so tickets are dealt out to processes in bundles. Only a budget ties
those of one person together: then these are in one bundle, and are played in the order of their times.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from app import garbage
from app.connectors import MAKERS
from app.rehearsal import Ears, Life, Rehearsal, Said, Slot, StageClock, without_words
from app.rulebook import Rulebook
from core.errors import LiaisonError, PayloadError
from core.ports import Connector
from core.sightings import Sighting
from core.sites import Auth, Platform, Secret, Site
from core.tickets import TicketRef
from core.times import EPOCH

SITE = "events"
BUNDLE = 250
AFTERWARDS = timedelta(days=2)
"""How long after the last event of all a ticket is followed: check-ins and promises may still fall due."""
SAMPLES = 3
LATEST = "sent_at"


class Event(NamedTuple):
    """One recorded delivery: as it was received, and when."""

    site: str
    ticket: str
    at: datetime
    body: bytes


@dataclass(frozen=True)
class Course:
    """What bundles are played with. `against` None: there is nothing to compare with."""

    sites: tuple[Site, ...]
    rules: tuple[Path, ...]
    against: tuple[Path, ...] | None


BESIDE = "other details"
"""What follows of another change: the same text of a rule, with another fact in it, such as a time."""
DIFFER = {
    (False, False): BESIDE,
    (False, True): "other words",
    (True, False): "another time",
    (True, True): "other words and time",
}
"""By whether the time that is promised is another, and whether the text of the rule is."""
Change = tuple[str, str, str, str, str]
"""What changed, audience, moment, the rule before, the rule after."""


@dataclass(frozen=True)
class Sample:
    """Words in which one ticket's reader would have read it; `before` in a comparison only."""

    ticket: str
    words: str
    before: str = ""


@dataclass
class Result:
    """Of one rule set: every life, without its words, and samples of the words. In a comparison also `changes`."""

    lives: list[Life] = field(default_factory=list)
    samples: dict[Slot, list[Sample]] = field(default_factory=dict)
    before: list[Life] = field(default_factory=list)
    changes: Counter[Change] = field(default_factory=Counter)
    changed_tickets: dict[Change, int] = field(default_factory=dict)
    change_samples: dict[Change, list[Sample]] = field(default_factory=dict)
    unreadable: int = 0

    def add(self, other: "Result") -> None:
        self.lives += other.lives
        self.before += other.before
        self.changes += other.changes
        self.unreadable += other.unreadable
        for change, count in other.changed_tickets.items():
            self.changed_tickets[change] = self.changed_tickets.get(change, 0) + count
        _more(self.samples, other.samples)
        _more(self.change_samples, other.change_samples)


def _more(kept: dict[Any, list[Sample]], found: Mapping[Any, list[Sample]]) -> None:
    for key, samples in found.items():
        kept[key] = [*kept.get(key, ()), *samples][:SAMPLES]


# --- what was recorded ------------------------------------------------------------------------------------------------


def from_files(paths: Iterable[Path]) -> Iterator[Event]:
    """ServiceNow envelopes, one in a line. Raises PayloadError naming file and line."""
    for path in paths:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _event(line, f"{path}:{number}")


def _event(line: bytes, where: str) -> Event:
    try:
        plain = orjson.loads(line)
        identity = plain["record"]["sys_id"]
        ticket = identity["value"] if isinstance(identity, dict) else identity
        return Event(SITE, str(ticket), datetime.fromisoformat(plain[LATEST]).replace(tzinfo=UTC), line)
    except orjson.JSONDecodeError as error:
        raise PayloadError(f"this is not JSON: {error}.", where=where) from error
    except (KeyError, TypeError, ValueError) as error:
        wanted = "a backtest takes ServiceNow envelopes with table, operation, sent_at and record (with its sys_id)."
        raise PayloadError(wanted, where=where) from error


def events_site(timezone: str, language: str) -> Site:
    """A site for events from files; it speaks from the first one on."""
    auth = Auth("backtest", Secret("backtest"))
    return Site(
        name=SITE,
        platform=Platform.SERVICENOW,
        url="https://backtest.invalid",
        auth=auth,
        account="liaison",
        note_id_column="u_liaison_note_id",
        timezone=timezone,
        language=language,
        speak_from=EPOCH,
    )


# --- playing ----------------------------------------------------------------------------------------------------------


def backtest(
    events: Iterable[Event],
    sites: Sequence[Site],
    rules: Sequence[Path],
    against: Sequence[Path] | None = None,
    *,
    workers: int,
    advance: Callable[[int, int], None],
) -> Result:
    """`advance` is told how many events are done, of how many. Raises LiaisonError where there is nothing to play."""
    course = Course(tuple(sites), tuple(rules), tuple(against) if against is not None else None)
    result, done = Result(), 0
    with _players(course, workers) as played:
        record = _recorded(events)
        for count, part in played(record):
            result.add(part)
            done += count
            advance(done, record.count)
    return result


@dataclass(frozen=True)
class Record:
    """All events by ticket, and until when each ticket is followed. `groups`: tickets that stay together, by place."""

    tickets: Sequence[list[Event]]
    count: int
    until: datetime
    groups: Sequence[Sequence[int]] = ()

    def bundles(self) -> Iterator[list[list[Event]]]:
        bundle: list[list[Event]] = []
        for group in self.groups or [[place] for place in range(len(self.tickets))]:
            bundle += [sorted(self.tickets[place], key=lambda event: event.at) for place in group]
            if len(bundle) >= BUNDLE:
                yield bundle
                bundle = []
        if bundle:
            yield bundle

    def by_person(self, people: Sequence[set[str]]) -> "Record":
        """With the tickets of one person in one bundle. `people`: whose each is, in the order of the bundles."""
        circles = Circles()
        for whose in people:
            circles.join(whose)
        groups: dict[str, list[int]] = {}
        for place, whose in enumerate(people):
            groups.setdefault(circles.head(min(whose)) if whose else f"#{place}", []).append(place)
        return replace(self, groups=list(groups.values()))


class Circles:
    """Who belongs together: a ticket that passed from one person to another ties the two."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, people: Iterable[str]) -> None:
        first, *others = sorted(map(self.head, people)) or [""]
        for other in others:
            if other != first:
                self._above[other] = first

    def head(self, person: str) -> str:
        while person in self._above:
            person = self._above[person]
        return person


def _recorded(events: Iterable[Event]) -> Record:
    tickets: dict[tuple[str, str], list[Event]] = {}
    last, count = datetime.min.replace(tzinfo=UTC), 0
    for event in events:
        tickets.setdefault((event.site, event.ticket), []).append(event)
        last, count = max(last, event.at), count + 1
    if not count:
        hint = "Files are empty, or the store keeps no deliveries of that time: see --since, and `keep.bodies`."
        raise LiaisonError("there are no events to try the rules on.", hint=hint)
    return Record(list(tickets.values()), count, last + AFTERWARDS)


Played = Callable[[Record], Iterator[tuple[int, "Result"]]]
"""Plays a record bundle by bundle: how many events each had, and what came of them."""


@contextmanager
def _players(course: Course, workers: int) -> Iterator[Played]:
    if workers == 1:
        yield partial(_alone, Stage(course))
        return
    with ProcessPoolExecutor(workers, mp_context=_context(), initializer=_open, initargs=(course,)) as pool:
        budgeted = pool.submit(_budgeted)  # with the first task all start: they load the rules while events are read
        yield partial(_side_by_side, pool, budgeted)


def _context() -> multiprocessing.context.BaseContext:
    """A thread of ours must not be forked away: processes are forked from one that has no threads and has read this
    module once for all of them; where there is no such thing, each begins anew.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _alone(stage: "Stage", record: Record) -> Iterator[tuple[int, "Result"]]:
    if stage.budgeted:
        record = record.by_person([whose for one in record.bundles() for whose in stage.people(one)])
    for one in record.bundles():
        yield sum(map(len, one)), stage.play(one, record.until)


def _side_by_side(
    pool: ProcessPoolExecutor, budgeted: "Future[bool]", record: Record
) -> Iterator[tuple[int, "Result"]]:
    if budgeted.result():
        found = pool.map(_people, map(_packed, record.bundles()))
        record = record.by_person([whose for some in found for whose in some])
    running = {pool.submit(_play, _packed(one), record.until): sum(map(len, one)) for one in record.bundles()}
    try:
        for one, events in running.items():  # in the order of the bundles: the same examples are shown each time
            yield events, one.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_stage: "Stage | LiaisonError"
"""A process's own, or why there is none."""


def _open(course: Course) -> None:
    global _stage  # noqa: PLW0603 - the pool's way to give each process something of its own
    try:
        _stage = Stage(course)
    except LiaisonError as error:  # raised here, it would end the process, and nobody would learn why
        _stage = error
    garbage.settle()


def _opened() -> "Stage":
    if isinstance(_stage, LiaisonError):
        raise _stage
    return _stage


def _budgeted() -> bool:
    return _opened().budgeted


Packed = list[list[tuple[str, str, datetime, bytes]]]
"""A bundle on its way to another process: plain tuples take a third of the time of events there."""


def _packed(bundle: list[list[Event]]) -> Packed:
    return [[(*event,) for event in events] for events in bundle]


def _unpacked(bundle: Packed) -> list[list[Event]]:
    return [[Event(*event) for event in events] for events in bundle]


def _people(bundle: Packed) -> list[set[str]]:
    return _opened().people(_unpacked(bundle))


def _play(bundle: Packed, until: datetime) -> Result:
    return _opened().play(_unpacked(bundle), until)


@dataclass(frozen=True)
class Part:
    """What was seen of one ticket, and by whom."""

    connector: Connector
    sightings: list[Sighting]

    @classmethod
    def seen(cls, connector: Connector, events: list[Event], result: Result) -> "Part":
        return cls(connector, list(_sightings(connector, events, result)))

    @property
    def ref(self) -> TicketRef:
        return self.sightings[0].ref


class Stage:
    """The rules loaded, and connectors that only understand: they ask nobody."""

    def __init__(self, course: Course) -> None:
        zones = {site.name: site.timezone for site in course.sites}
        self._clock = StageClock()
        self._sites = course.sites
        self._connectors = self._made()
        languages = {site.name: site.language for site in course.sites}
        self._book = Rulebook(course.rules, zones, languages)
        self._against = Rulebook(course.against, zones, languages) if course.against is not None else None

    def _made(self) -> dict[str, Connector]:
        return {site.name: MAKERS[site.platform](site, self._clock) for site in self._sites}

    @property
    def budgeted(self) -> bool:
        """Whether what people may hear in one ticket hangs on what they heard in another."""
        return any(book and book.budgeted for book in (self._book, self._against))

    def people(self, bundle: Iterable[list[Event]]) -> list[set[str]]:
        """Whose each ticket is, or was: ids of requesters, with their sites."""
        connectors = self._made()  # of their own: those that play learn names in the order in which they play
        return [set(_requesters(_sightings(connectors[events[0].site], events, Result()))) for events in bundle]

    def play(self, bundle: Iterable[list[Event]], until: datetime) -> Result:
        """`until`: how long tickets are followed that nothing ends. With budgets, nobody has tickets in two bundles."""
        result = Result()
        made = (Part.seen(self._connectors[events[0].site], events, result) for events in bundle)
        parts = (part for part in made if part.sightings)
        for together in [list(parts)] if self.budgeted else ([part] for part in parts):
            self._play(together, until, result)
        return result

    def _play(self, parts: Sequence[Part], until: datetime, result: Result) -> None:
        if self._against is None:
            # alone, only the words that are shown count
            for life in self._lives(self._book, parts, until, lambda slot: _wants_more(result.samples, slot)):
                _sample(life, result.samples)
                result.lives.append(without_words(life))
            return
        lives, earlier = (self._lives(book, parts, until, _every) for book in (self._book, self._against))
        for life, before in zip(lives, earlier, strict=True):
            # held by one of the two is held: a report for many readers shows nothing of it
            held = life.held or before.held
            one, other = (before.sealed(), life.sealed()) if held else (before, life)
            _sample(other, result.samples)
            _compare(one, other, result)
            result.before.append(without_words(one))
            result.lives.append(without_words(other))

    def _lives(
        self, book: Rulebook, parts: Sequence[Part], until: datetime, reads: Callable[[Slot], bool]
    ) -> list[Life]:
        """All tickets at once, in the order of their times."""
        ears = Ears()
        played = [Rehearsal(part.connector, book, part.ref, self._clock, reads, ears) for part in parts]
        steps = [one.steps(part.sightings, until) for one, part in zip(played, parts, strict=True)]
        waiting = [(at, place) for place, one in enumerate(steps) if (at := next(one, None))]
        heapify(waiting)
        while waiting:
            _, place = waiting[0]
            at = next(steps[place], None)
            if at:
                heapreplace(waiting, (at, place))
            else:
                heappop(waiting)
        return [one.end() for one in played]


def _requesters(sightings: Iterable[Sighting]) -> Iterator[str]:
    for one in sightings:
        if one.snapshot and one.snapshot.ticket.requester.id:  # whom the platform does not name has no budget
            yield f"{one.ref.site}/{one.snapshot.ticket.requester.id}"


def _sightings(connector: Connector, events: list[Event], result: Result) -> Iterator[Sighting]:
    for event in events:
        try:
            sighting = connector.sight(orjson.loads(event.body), event.at)
            yield sighting if sighting.at == event.at else replace(sighting, at=event.at)
        except (PayloadError, orjson.JSONDecodeError):
            result.unreadable += 1


# --- comparing --------------------------------------------------------------------------------------------------------


def _every(_slot: Slot) -> bool:
    return True


def _wants_more(samples: Mapping[Slot, list[Sample]], slot: Slot) -> bool:
    return len(samples.get(slot, ())) < SAMPLES


def _sample(life: Life, samples: dict[Slot, list[Sample]]) -> None:
    for one in life.said:
        kept = samples.setdefault((one.audience, one.moment, one.rule), [])
        if len(kept) < SAMPLES and all(sample.ticket != life.key for sample in kept):
            kept.append(Sample(life.key, one.words))


def _compare(before: Life, after: Life, result: Result) -> None:
    """What the two rule sets would have said differently; the n-th word of a kind is compared with the n-th."""
    seen: set[Change] = set()
    old, new = _by_slot(before), _by_slot(after)
    for slot in sorted(old.keys() | new.keys()):
        one, other = old.get(slot), new.get(slot)
        change = _change(slot[:2], one, other)
        if change is None:
            continue
        result.changes[change] += 1
        if change not in seen:
            seen.add(change)
            result.changed_tickets[change] = result.changed_tickets.get(change, 0) + 1
        kept = result.change_samples.setdefault(change, [])
        if len(kept) < SAMPLES:
            sample = Sample(after.key, other.words if other else "", one.words if one else "")
            if all(sample.ticket != earlier.ticket for earlier in kept):
                kept.append(sample)


def _by_slot(life: Life) -> dict[tuple[str, str, int], Said]:
    counts: Counter[tuple[str, str]] = Counter()
    slots: dict[tuple[str, str, int], Said] = {}
    for one in life.said:
        slot = (str(one.audience), str(one.moment))
        slots[*slot, counts[slot]] = one
        counts[slot] += 1
    return slots


def _change(slot: tuple[str, str], one: Said | None, other: Said | None) -> Change | None:
    if one and other:
        told = one.words != other.words, one.due != other.due, one.template != other.template
        return (DIFFER[told[1:]], *slot, one.rule, other.rule) if any(told[:2]) else None
    return ("said now", *slot, "", other.rule) if other else ("silent now", *slot, one.rule if one else "", "")
