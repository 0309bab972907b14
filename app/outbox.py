"""The outbox: every planned note is rendered, sent once, and its result recorded.

The intent is committed before a request leaves; an answer that cannot be trusted makes the note `in_doubt`, and
nothing else leaves for the ticket until its marker was looked for. There is no blind retry.
"""

import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from time import monotonic

from sqlalchemy import bindparam, select, update

from app import claims, diary, families, journal, promising, remembering, spoken, tables
from app.bookmark import forgotten
from app.claims import Known
from app.composing import Composed, Composer
from app.connectors import Connectors
from app.families import Kin
from app.journal import Entry, What
from app.memory import Memory
from app.noted import Noted, advice, move_to, open_notes
from app.patience import Patience
from app.pauses import Pauses
from app.plans import NotePlan, Pledge
from app.prepared import Prepared
from app.reminding import ANSWER, done_with, expect, promise_of
from app.rows import bound
from app.store import Store, Transaction
from core.decisions import Reason
from core.errors import InDoubt, LiaisonError, NotThere, Paused, PlatformError, Unavailable
from core.moments import AFTERWARDS, BY_AGENTS, TERMINAL, MomentKind
from core.notes import Audience, Letter, NoteState, Part, Written, plain
from core.ports import Connector
from core.promises import Promise
from core.sightings import Snapshot
from core.sites import Site
from core.tickets import Ticket, TicketRef
from core.times import EPOCH, Clock, iso

N, T, J = tables.notes, tables.tickets, tables.journal
HELD_BACK = "Held back: "
ELSEWHERE = Prepared(
    select(J.c.detail)
    .join(N, N.c.id == J.c.note_id)
    .where(bound(N), N.c.planned_at == bindparam("moment"), N.c.id != bindparam("mine"), J.c.what == What.FAILED)
    .where(J.c.detail.startswith(HELD_BACK))
    .limit(1)
)
LEAVES = 5.0
"""Seconds from the committed intent to the socket; long before anybody else would look for the note."""
S = NoteState
LONGEST_PAUSE = timedelta(minutes=5)
STEERED = BY_AGENTS | {MomentKind.PROGRESSED}
ENDS = frozenset({MomentKind.RESOLVED, MomentKind.CLOSED, MomentKind.CANCELLED})
SENT_FIRST = (Audience.REQUESTER, Audience.BUSINESS, Audience.CUSTOMERS, Audience.AGENTS)
log = logging.getLogger("liaison.outbox")


@dataclass(frozen=True)
class Facts:
    """What is stored of a ticket beside its notes."""

    snapshot: Snapshot | None
    memory: Memory
    promises: tuple[Promise, ...]


@dataclass
class Resting:
    """What ends a look at a ticket; done with the last note's result, or else by whoever asked for it."""

    do: Callable[[Transaction, Memory], None]
    done: bool = False

    def __call__(self, tx: Transaction, memory: Memory) -> None:
        """`memory`: what is stored of the ticket by now."""
        self.do(tx, memory)
        self.done = True


class Outbox:
    def __init__(self, store: Store, clock: Clock, connectors: Connectors, composer: Composer, pauses: Pauses) -> None:
        self._store, self._clock, self._connectors = store, clock, connectors
        self._composer, self._pauses = composer, pauses
        self._patience = Patience(clock)
        self.put_back: datetime | None = None
        """When the store was put back from a copy: what was said since is not known here."""

    def send(self, ref: TicketRef, fence: int, rest: Resting | None = None, known: Known | None = None) -> None:
        """Write what is planned for the ticket, as far as it may leave now. `known`: what was stored under this fence.
        Raises Fenced.
        """
        connector = self._connectors.of(ref.site)
        facts: Facts | None
        notes, facts = self._stored(ref, known)
        if not notes or self._pauses.until(ref, self._clock.now()):
            return
        if any(n.state is not S.PLANNED for n in notes):
            if not self._resolve_doubts(connector, ref, fence, notes):
                return
            notes, facts = self._stored(ref)
        planned = self._without_overtaken(ref, fence, notes, facts)
        waiting = [n for n in planned if not _later(n, self._clock.now())]
        letters = _letters(waiting, together=connector.joins_audiences)
        for more, letter_notes in zip(reversed(range(len(letters))), letters, strict=True):
            if not self._send_one(connector, ref, fence, letter_notes, facts, None if more else rest):
                return
            facts = None  # what was written is remembered

    def cut_off(self) -> None:
        """The process ends: whatever is being written now is in doubt. Who comes next looks it up."""
        problem = "Liaison was stopped while this was being written."
        doubt = {"state": S.IN_DOUBT, "doubt_since": N.c.sending_at, "problem": problem}
        self._store.write(lambda tx: tx.execute(update(N).where(N.c.state == S.SENDING).values(**doubt)))

    # --- doubts ----------------------------------------------------------------------------------------------------

    def _resolve_doubts(self, connector: Connector, ref: TicketRef, fence: int, notes: Sequence[Noted]) -> bool:
        """Whether nothing is in doubt any more. A note still `sending` was cut off by a crash: it is in doubt too."""
        for marker, group in _by_marker([n for n in notes if n.state in (S.SENDING, S.IN_DOUBT)]).items():
            # not a time to come: the clock may have been put back since
            since = min(group[0].doubt_since or group[0].sending_at or self._clock.now(), self._clock.now())
            if self._clock.now() < since + timedelta(seconds=connector.site.settle_seconds):
                self._move(ref, fence, group, S.IN_DOUBT, doubt_since=iso(since))
                return False
            if (left := self._patience.left(marker, connector.site.settle_seconds)) > timedelta(0):
                later = iso(self._clock.now() + left)
                self._move(ref, fence, group, S.IN_DOUBT, doubt_since=iso(since), not_before=later)
                return False
            if not self._look_up(connector, ref, fence, marker, group, since):
                return False
        return True

    def _look_up(
        self, connector: Connector, ref: TicketRef, fence: int, marker: str, group: list[Noted], since: datetime
    ) -> bool:
        sent = min(group[0].sending_at or since, self._clock.now())
        try:
            found = connector.find(ref, marker, sent)
        except NotThere:
            self._move(ref, fence, group, S.PLANNED, problem="the ticket is gone")
            return True
        except PlatformError as error:
            self._move(ref, fence, group, S.IN_DOUBT, doubt_since=iso(since), **self._again(group[0], error))
            return False
        self._patience.end(marker)
        if found and found.public and all(n.audience is Audience.AGENTS for n in group):
            return self._came_out_public(connector, ref, fence, group, found)
        if found:
            self._written(ref, fence, group, found, [Entry(What.FOUND, group[0].moment, note_id=group[0].id)])
        else:
            self._move(ref, fence, group, S.PLANNED, doubt_since=None, not_before=None)
        return True

    def _without_overtaken(self, ref: TicketRef, fence: int, notes: Sequence[Noted], facts: Facts) -> list[Noted]:
        """A planned note that waited or was in doubt may be stale by now: then it is not said late."""
        planned = [n for n in notes if n.state is S.PLANNED]
        kept = {p.id for p in facts.promises}
        ticket, now = facts.snapshot.ticket if facts.snapshot else None, self._clock.now()
        overtaken = [
            n
            for n in planned
            if _overtaken(n, planned, kept, ticket) or (ticket and diary.overtaken(n.moment, ticket, now))
        ]
        for note in overtaken:
            self._move(ref, fence, [note], S.SUPERSEDED, problem="something newer is said instead")
            line = journal.silent(
                Reason.SUPERSEDED, "It could not be said in time.", moment=note.moment, audience=note.audience
            )
            self._store.write(lambda tx, line=line: journal.write(tx, ref, self._clock.now(), [line]))  # type: ignore[misc]
        return [n for n in planned if n not in overtaken]

    # --- sending ---------------------------------------------------------------------------------------------------

    def _send_one(
        self,
        connector: Connector,
        ref: TicketRef,
        fence: int,
        notes: list[Noted],
        facts: Facts | None,
        rest: Resting | None,
    ) -> bool:
        """Whether the next letter may leave. `facts` None: they changed since they were read."""
        facts = facts or self._stored(ref)[1]
        composed = self._compose(connector, ref, fence, notes, facts)
        if not composed:
            return True
        leaving = [n for n in notes if n.audience in composed.parts]
        marker = leaving[0].id
        parts = tuple(Part(n.audience, composed.parts[n.audience]) for n in leaving)
        after = facts.memory.left_as
        letter = Letter(ref, marker, parts, edits=composed.edits, calls=composed.calls, after=after)
        self._store.write(lambda tx: self._intend(tx, ref, fence, leaving, composed, marker))
        letter = replace(letter, leave_by=monotonic() + min(LEAVES, connector.site.settle_seconds / 2))
        try:
            found = self._said_before(connector, letter, facts.snapshot)
            written = found or connector.write(letter)
        except PlatformError as error:
            return self._failed(ref, fence, leaving, letter, error)
        if any(p.internal for p in letter.parts) and written.public and len(letter.parts) == 1:
            return self._came_out_public(connector, ref, fence, leaving, written)
        entries = [Entry(What.FOUND, leaving[0].moment, note_id=marker)] if found else []
        self._written(ref, fence, leaving, written, entries, composed, rest)
        return True

    def _said_before(self, connector: Connector, letter: Letter, snapshot: Snapshot | None) -> Written | None:
        """The very note in the ticket, where the store was put back to a time before it was said."""
        ticket = snapshot.ticket if snapshot else None
        if letter.edits or not forgotten(self.put_back, ticket, self._clock.now()):
            return None
        since = ticket.opened_at if ticket and ticket.opened_at else EPOCH
        return connector.find(letter.ref, letter.marker, since)

    def _came_out_public(
        self, connector: Connector, ref: TicketRef, fence: int, notes: list[Noted], written: Written
    ) -> bool:
        """An internal note that everybody reads: stop the site, take it away where that can be done, tell people."""
        self._pauses.alarm(ref.site, f"An internal note came out public in {ref}: Liaison stopped writing here.")
        removed = connector.hide(ref, written)
        what = "It came out public and was removed." if removed else "It came out public and still stands there."
        self._move(ref, fence, notes, S.REFUSED, problem=what, comment_id=written.comment_id)
        self._tell(ref, notes, what)
        return False

    def _compose(
        self, connector: Connector, ref: TicketRef, fence: int, notes: list[Noted], facts: Facts
    ) -> Composed | None:
        """The words, right before they leave. Notes that turn out to need none are ended here."""
        if facts.snapshot is None:
            raise LiaisonError("notes without a snapshot.", where=str(ref))
        composed = self._composer.compose(
            facts.snapshot.ticket,
            [(n.plan, n.occurrence) for n in notes],
            facts.memory,
            facts.promises,
            connector,
            "" if connector.joins_audiences else self._held_back(ref, notes[0]),
            self._advice(ref) if connector.edits_notes and _only_reminds(notes) else None,
            self._kin(facts.snapshot.ticket),
        )
        by_audience = {n.audience: n for n in notes}
        entries = []
        for audience, problem in composed.stopped.items():
            self._move(ref, fence, [by_audience[audience]], S.STOPPED, problem=problem)
            entries.append(_held(by_audience[audience], problem))
        for audience in composed.same:
            self._move(ref, fence, [by_audience[audience]], S.SUPERSEDED, problem="the same words again")
            entries.append(
                journal.silent(
                    Reason.SAME_WORDS, "Nothing in it is new.", moment=by_audience[audience].moment, audience=audience
                )
            )
        for audience, until in composed.later.items():
            self._move(ref, fence, [by_audience[audience]], S.PLANNED, not_before=iso(until))
            line = f"It waits for the end of the quiet hours ({iso(until)[:16]}Z)."
            moment = by_audience[audience].moment
            entries.append(journal.silent(Reason.QUIET_HOURS, line, moment=moment, audience=audience))
        if entries:
            self._store.write(lambda tx: journal.write(tx, ref, self._clock.now(), entries))
        return composed if composed.parts else None

    def _kin(self, ticket: Ticket) -> Kin | None:
        if ticket.parent is None:
            return None
        with self._store.look() as look:
            return families.kin(look, ticket)

    def _advice(self, ref: TicketRef) -> NotePlan | None:
        with self._store.look() as look:
            return advice(look, ref)

    def _stored(self, ref: TicketRef, known: Known | None = None) -> tuple[list[Noted], Facts]:
        """What is stored of the ticket now; whether the claim still holds is asked when the intent is committed."""
        with self._store.look() as look:
            known = known or claims.known(look, ref)
            notes, promises = open_notes(look, ref), promising.open_promises(look, ref)
        return notes, Facts(known.newest, known.memory, promises)

    def _intend(
        self, tx: Transaction, ref: TicketRef, fence: int, notes: list[Noted], composed: Composed, marker: str
    ) -> None:
        claims.hold(tx, ref, fence)
        for note in notes:
            due = composed.promises.get(note.audience)
            move_to(
                tx,
                note,
                S.SENDING,
                text=plain(composed.parts[note.audience]),
                marker=marker,
                promise_due=iso(due) if due else None,
                sending_at=iso(self._clock.now()),
                problem=composed.held_back.get(note.audience, ""),
                attempts=note.attempts + 1,
            )
        held = [_held(n, composed.held_back[n.audience]) for n in notes if n.audience in composed.held_back]
        journal.write(tx, ref, self._clock.now(), held)

    def _held_back(self, ref: TicketRef, note: Noted) -> str:
        """What was held back from another letter of the same moment: the agents are told in theirs."""
        moment = iso(note.planned_at)
        with self._store.look() as look:
            found = ELSEWHERE.run(look, of_site=ref.site, of_id=ref.id, moment=moment, mine=note.id).fetchone()
        return found[0].removeprefix(HELD_BACK) if found else ""

    # --- results ---------------------------------------------------------------------------------------------------

    def _failed(self, ref: TicketRef, fence: int, notes: list[Noted], letter: Letter, error: PlatformError) -> bool:
        match error:
            case InDoubt():
                self._patience.begin(letter.marker)
                self._move(ref, fence, notes, S.IN_DOUBT, doubt_since=iso(self._clock.now()), problem=str(error))
                self._tell(ref, notes, f"It is not certain whether it was written: {error.what}")
                return False
            case Paused():
                self._pauses.pause(ref, error)
                self._move(ref, fence, notes, S.PLANNED, not_before=iso(error.until), problem=str(error))
                return False
            case Unavailable():
                self._move(ref, fence, notes, S.PLANNED, **self._again(notes[0], error))
                return False
            case NotThere() if letter.edits:  # somebody deleted our living note: write a new one
                self._store.write(lambda tx: self._forget_living(tx, ref, fence))
                self._move(ref, fence, notes, S.PLANNED)
                return False
            case _:
                self._move(ref, fence, notes, S.REFUSED, problem=str(error))
                self._tell(ref, notes, f"{self._site(ref).platform} refused it: {error}")
                return True

    def _forget_living(self, tx: Transaction, ref: TicketRef, fence: int) -> None:
        claims.hold(tx, ref, fence)
        memory = claims.memory(tx, ref)
        memory.living_comment = ""
        claims.save_memory(tx, ref, memory)

    def _tell(self, ref: TicketRef, notes: list[Noted], detail: str) -> None:
        entries = [Entry(What.FAILED, n.moment, n.audience, detail=detail, note_id=n.id) for n in notes]
        self._store.write(lambda tx: journal.write(tx, ref, self._clock.now(), entries))

    def _written(
        self,
        ref: TicketRef,
        fence: int,
        notes: list[Noted],
        written: Written,
        entries: list[Entry],
        composed: Composed | None = None,
        rest: Resting | None = None,
    ) -> None:
        def record(tx: Transaction) -> None:
            memory = self._record(tx, ref, fence, notes, written, entries, composed)
            if rest:
                rest(tx, memory)

        self._store.write(record)
        log.debug("%s: %s written as %s", ref, [n.id for n in notes], written.comment_id or written.marker)

    def _record(
        self,
        tx: Transaction,
        ref: TicketRef,
        fence: int,
        notes: list[Noted],
        written: Written,
        entries: list[Entry],
        composed: Composed | None,
    ) -> Memory:
        claims.hold(tx, ref, fence)
        now = self._clock.now()
        lines = list(entries)
        memory = claims.memory(tx, ref)
        for note in notes:
            said = move_to(tx, note, S.WRITTEN, comment_id=written.comment_id, written_at=iso(now), doubt_since=None)
            lines.append(
                Entry(What.SAID, note.moment, note.audience, "", "", said.rule, note_id=note.id, rule_set=note.rule_set)
            )
            spoken.count(tx, said.rule, now)
            if note.audience is Audience.AGENTS:
                remembering.agents_told(memory, note.moment, written.comment_id, composed.meaning if composed else "")
            else:
                remembering.reader_told(memory, note.moment, said.text, said.promise_due, now)
                lines += _pledge(tx, ref, note, said.promise_due, now, memory)
        remembering.left(memory, written, now)
        claims.save_memory(tx, ref, memory)
        journal.write(tx, ref, now, lines)
        return memory

    # --- states ----------------------------------------------------------------------------------------------------

    def _move(self, ref: TicketRef, fence: int, notes: Sequence[Noted], state: NoteState, **values: object) -> None:
        def move(tx: Transaction) -> None:
            claims.hold(tx, ref, fence)
            for note in notes:
                move_to(tx, note, state, **values)

        self._store.write(move)

    def _again(self, note: Noted, error: PlatformError) -> dict[str, object]:
        """Try again later, and later each time."""
        until = error.until if isinstance(error, Paused) else None
        pause = min(timedelta(seconds=2 ** min(note.attempts + 1, 10)), LONGEST_PAUSE)
        return {
            "not_before": iso(until or self._clock.now() + pause),
            "problem": str(error),
            "attempts": note.attempts + 1,
        }

    def _site(self, ref: TicketRef) -> Site:
        return self._connectors.sites[ref.site]


def _held(note: Noted, problem: str) -> Entry:
    return Entry(What.FAILED, note.moment, note.audience, detail=f"{HELD_BACK}{problem}", note_id=note.id)


def _pledge(
    tx: Transaction, ref: TicketRef, note: Noted, due: datetime | None, now: datetime, memory: Memory
) -> list[Entry]:
    """What the written note does to the promise of its audience."""
    pledge, by = note.plan.pledge, f"note {note.id}"
    opened = promising.open_promises(tx, ref)
    standing = [promise for promise in opened if promise.audience is note.audience]
    if pledge.idle(due, standing[0].due if standing else None):
        return []
    done_with(memory, standing)
    lines = promising.keep(tx, opened, note.audience, at=_stood(note, now), by=by)
    if pledge is not Pledge.END and due and note.moment not in TERMINAL:
        lines.append(promising.make(tx, ref, note.audience, due, at=now, by=by, rule=note.plan.paced_by))
        if note.plan.cadence:
            expect(memory, note.plan.cadence, now, due)
    return lines


def _of_a_promise(note: Noted) -> bool:
    return note.moment is MomentKind.UPDATE_DUE or note.occurrence.endswith(ANSWER)


def _only_reminds(notes: Sequence[Noted]) -> bool:
    return any(note.plan.prompts and not note.plan.message.template for note in notes)


def _stood(note: Noted, now: datetime) -> datetime:
    """Since when the words stand in the ticket: a note that was in doubt and is found was there all the time."""
    return note.sending_at if note.sending_at and note.state in (S.SENDING, S.IN_DOUBT) else now


def _overtaken(note: Noted, planned: Sequence[Noted], open_promises: AbstractSet[str], ticket: Ticket | None) -> bool:
    if note.moment in BY_AGENTS:
        return False
    others = [n for n in planned if n.moment not in BY_AGENTS]
    newer = any(n.audience is note.audience and n.planned_at > note.planned_at for n in others)
    promise = promise_of(note.occurrence) if _of_a_promise(note) else ""
    kept = promise != "" and promise not in open_promises
    return newer or kept or _untrue(note, ticket)


def _untrue(note: Noted, ticket: Ticket | None) -> bool:
    """Whether the ticket, or the parent it speaks of, has ended since or has not ended after all."""
    told = families.is_true(note.occurrence, ticket) if ticket else None
    if told is not None:
        return not told
    ended = ticket is not None and ticket.ended
    return not ended if note.moment in ENDS else ended and note.moment not in TERMINAL | AFTERWARDS


def _letters(notes: list[Noted], *, together: bool) -> list[list[Noted]]:
    """Requester before agents; where the platform writes both in one request, the notes of one moment together, and the
    answer to a command with the words it asked for.
    """
    ordered = sorted(notes, key=lambda n: (n.planned_at, SENT_FIRST.index(n.audience)))
    if not together:
        return [[n] for n in ordered]
    groups: dict[tuple[datetime, str, int], list[Noted]] = {}
    for note in ordered:
        order = note.occurrence.partition(":")[0] if note.moment in STEERED else ""
        place = next(n for n in count() if _free(groups.get((note.planned_at, order, n), ()), note))
        groups.setdefault((note.planned_at, order, place), []).append(note)
    return list(groups.values())


def _free(group: Sequence[Noted], note: Noted) -> bool:
    """A letter has one part for each audience."""
    return all(other.audience is not note.audience for other in group)


def _by_marker(notes: list[Noted]) -> dict[str, list[Noted]]:
    groups: dict[str, list[Noted]] = {}
    for note in notes:
        groups.setdefault(note.marker, []).append(note)
    return groups


def _later(note: Noted, now: datetime) -> bool:
    return note.not_before is not None and note.not_before > now
