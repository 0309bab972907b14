"""`liaison rules backtest`: recorded events under one rule set, or under two side by side, on all cores.

Every ticket lives by itself (`app.rehearsal`), so tickets are dealt out to processes in bundles.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from app.connectors import MAKERS
from app.rehearsal import Life, Rehearsal, Said, Slot, StageClock, without_words
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


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded delivery: as it was received, and when."""

    site: str
    ticket: str
    at: datetime
    body: bytes


@dataclass(frozen=True)
class Course:
    """What a bundle is played with. `against` None: there is nothing to compare with."""

    sites: tuple[Site, ...]
    rules: tuple[Path, ...]
    against: tuple[Path, ...] | None
    until: datetime


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
    tickets: dict[tuple[str, str], list[Event]] = {}
    last, count = datetime.min.replace(tzinfo=UTC), 0
    for event in events:
        tickets.setdefault((event.site, event.ticket), []).append(event)
        last, count = max(last, event.at), count + 1
    if not count:
        raise LiaisonError("there are no events to try the rules on.")
    course = Course(tuple(sites), tuple(rules), tuple(against) if against is not None else None, last + AFTERWARDS)
    result, done = Result(), 0
    for played, part in _played(course, _bundles(tickets), workers):
        result.add(part)
        done += played
        advance(done, count)
    return result


def _bundles(tickets: Mapping[tuple[str, str], list[Event]]) -> Iterator[list[list[Event]]]:
    every = list(tickets.values())
    for start in range(0, len(every), BUNDLE):
        yield [sorted(events, key=lambda event: event.at) for events in every[start : start + BUNDLE]]


def _played(course: Course, bundles: Iterable[list[list[Event]]], workers: int) -> Iterator[tuple[int, Result]]:
    if workers == 1:
        stage = Stage(course)
        for bundle in bundles:
            yield sum(map(len, bundle)), stage.play(bundle)
        return
    context = multiprocessing.get_context("spawn")  # a thread of ours must not be forked away
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_open, initargs=(course,)) as pool:
        running = {pool.submit(_play, bundle): sum(map(len, bundle)) for bundle in bundles}
        for one in as_completed(running):
            yield running[one], one.result()


_stage: "Stage | None" = None
"""A process's own."""


def _open(course: Course) -> None:
    global _stage  # noqa: PLW0603 - the pool's way to give each process something of its own
    _stage = Stage(course)


def _play(bundle: list[list[Event]]) -> Result:
    assert _stage is not None
    return _stage.play(bundle)


class Stage:
    """The rules loaded, and connectors that only understand: they ask nobody."""

    def __init__(self, course: Course) -> None:
        zones = {site.name: site.timezone for site in course.sites}
        self._until, self._clock = course.until, StageClock()
        self._connectors: dict[str, Connector] = {
            site.name: MAKERS[site.platform](site, self._clock) for site in course.sites
        }
        languages = {site.name: site.language for site in course.sites}
        self._book = Rulebook(course.rules, zones, languages)
        self._against = Rulebook(course.against, zones, languages) if course.against is not None else None

    def play(self, bundle: Iterable[list[Event]]) -> Result:
        result = Result()
        for events in bundle:
            self._one(events, result)
        return result

    def _one(self, events: list[Event], result: Result) -> None:
        connector = self._connectors[events[0].site]
        sightings = list(self._seen(connector, events, result))
        if not sightings:
            return
        ref = sightings[0].ref
        # side by side every word counts; alone, those that are shown
        reads = _every if self._against else lambda slot: _wants_more(result.samples, slot)
        life = self._life(connector, self._book, ref, sightings, reads)
        _sample(life, result.samples)
        if self._against:
            before = self._life(connector, self._against, ref, sightings, _every)
            # held by one of the two is held: a report for many readers shows nothing of it
            if life.held or before.held:
                life, before = life.sealed(), before.sealed()
            _compare(before, life, result)
            result.before.append(without_words(before))
        result.lives.append(without_words(life))

    def _life(
        self,
        connector: Connector,
        book: Rulebook,
        ref: TicketRef,
        sightings: list[Sighting],
        reads: Callable[[Slot], bool],
    ) -> Life:
        return Rehearsal(connector, book, ref, self._clock, reads).play(sightings, self._until)

    @staticmethod
    def _seen(connector: Connector, events: list[Event], result: Result) -> Iterator[Sighting]:
        for event in events:
            try:
                yield replace(connector.sight(orjson.loads(event.body), event.at), at=event.at)
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
        if one.words == other.words and one.due == other.due:
            return None
        same_rule = one.rule == other.rule
        what = "another time" if one.due != other.due and same_rule else "other words"
        return what, *slot, one.rule, other.rule
    return ("said now", *slot, "", other.rule) if other else ("silent now", *slot, one.rule if one else "", "")
