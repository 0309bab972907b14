"""The heart: one look at one ticket. Idempotent; safe to run any number of times.

claim → understand the deliveries → read the record where they are thin → consider → one commit, which makes the claim
good → write the notes.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any

import orjson
from sqlalchemy import bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from app import (
    auditing,
    budgeting,
    claims,
    dead,
    diary,
    endings,
    families,
    hearing,
    journal,
    moving,
    noted,
    ordered,
    promising,
    snapshots,
    standing,
    tables,
)
from app.budgeting import Crowded
from app.claims import ENDED_US, Claim, Known
from app.connectors import Connectors
from app.consider import consider
from app.desk import desk
from app.engine import EmbeddedEngine
from app.memory import Memory
from app.obeyed import commanding
from app.outbox import Outbox, Resting
from app.pauses import Pauses
from app.plans import Plan
from app.prepared import Prepared
from app.rhythm import Case
from app.rows import bound
from app.rulebook import Rulebook
from app.store import Look, Store, Transaction
from core.errors import Fenced, LiaisonError, NotThere, Paused, PayloadError, PlatformError, Refused, StoreError
from core.moments import BY_AGENTS
from core.notes import CUSTOMER_FACING, Audience, NoteState
from core.ports import Connector
from core.promises import Cause
from core.sightings import Author, Comment, Sighting, Snapshot
from core.tickets import Parent, Ticket, TicketRef
from core.times import AHEAD, Clock, iso

D, N, T = tables.deliveries, tables.notes, tables.tickets
_COUNTED_BY: dict[str, Any] = {name: bindparam(f"its_{name}") for name in ("priority", "service", "team", "parent")}
_SEEN: dict[str, Any] = {"newest": bindparam("last"), "key": bindparam("named"), **_COUNTED_BY}
_BASIS: dict[str, Any] = {"attended": bindparam("basis")}
_LEARNT = {"seen": _SEEN, "attended": _BASIS, "stands": standing.STANDS, "means": standing.MEANS}


@cache
def _learning(parts: tuple[str, ...]) -> Prepared:
    """One update for all of it: each writes the whole row anew."""
    columns = {name: value for part in parts for name, value in _LEARNT[part].items()}
    done = {"memory": bindparam("remembered"), "fence": T.c.fence + 1, "unfinished": 0}
    return Prepared(update(T).where(bound(T)).values(done | columns))


NEWEST = Prepared(select(func.max(D.c.id)))
DONE = Prepared(update(D).where(D.c.id == bindparam("delivery")).values(state="done"))
_LATER = {name: literal("") for name in ("text", "marker", "comment_id", "problem")} | {"attempts": literal(0)}
_DECIDED = ("id", "site", "ticket_id", "moment", "occurrence", "audience", "state", "plan", "rule", "rule_set")
# the same moment can never make two notes: whatever is decided again is already there
PLAN = Prepared(
    upsert(N)
    .values({**_LATER, **{n: bindparam(n) for n in (*_DECIDED, "person", "planned_at")}})
    .on_conflict_do_nothing()
)
WAITING = Prepared(
    select(N.c.id, N.c.moment).where(
        bound(N),
        N.c.audience == bindparam("whom"),
        or_(N.c.state == NoteState.PLANNED, N.c.state == NoteState.DRAFT),
    )
)
DROP = Prepared(
    update(N).where(N.c.id == bindparam("note")).values(state=bindparam("ending"), problem=bindparam("why"))
)
FAMILY = Prepared(select(T.c.newest, T.c.memory).where(bound(T)))
MARKED = Prepared(select(literal(1)).where(bound(N), N.c.marker == bindparam("mark")).limit(1))
WRITTEN_AS = Prepared(select(literal(1)).where(bound(N), N.c.comment_id == bindparam("mark")).limit(1))
STALE = timedelta(minutes=5)
RETRY = timedelta(seconds=30)
TURN = timedelta(milliseconds=50)
DOUBTFUL = 3
"""Claims in a row without an end after which each delivery is handled with care: one may end the whole process."""
log = logging.getLogger("liaison.attend")


@dataclass(frozen=True)
class Understood:
    """What a ticket's pending deliveries show together."""

    sightings: tuple[Sighting, ...]
    unreadable: dict[int, str]
    newest: Snapshot | None
    comments: tuple[Comment, ...]
    gone: bool


class Attendant:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        engine: EmbeddedEngine,
        connectors: Connectors,
        rulebook: Rulebook,
        outbox: Outbox,
        pauses: Pauses,
    ) -> None:
        self._store, self._clock, self._engine = store, clock, engine
        self._connectors, self._rulebook, self._outbox, self._pauses = connectors, rulebook, outbox, pauses
        self.told: Callable[[TicketRef], None] = lambda ref: log.debug("%s attended", ref)

    def attend(self, ref: TicketRef) -> None:
        """Raises Fenced when another runner took over."""
        claim = self._claim(ref)
        with self._ending(claim):
            self._look(self._connectors.of(ref.site), claim)
        self.told(ref)

    def _look(self, connector: Connector, claim: Claim) -> None:
        ref = claim.ref
        paused, halt = self._halted(ref)
        if paused and not claim.deliveries:
            # nothing has happened and nothing may be written: not even a question is asked before the pause ends
            self._store.write(lambda tx: self._pause(tx, connector, claim, paused, halt))
            return
        try:
            wary = any(d.suspect or claim.unfinished > DOUBTFUL for d in claim.deliveries)
            handled = self._one_by_one(connector, claim, wary=True) if wary else self._handle(connector, claim)
        except Exception as error:
            if _passes(error) or not claim.deliveries:
                raise
            log.exception("%s: %s deliveries are handled one by one: %s", ref, len(claim.deliveries), error)  # noqa: TRY401 - the first line alone is read
            handled = self._one_by_one(connector, claim)
        if handled and not handled.rested:
            self._send(connector, handled)

    @contextmanager
    def _ending(self, claim: Claim) -> Iterator[None]:
        """Where it comes to a bad end, it comes to an end all the same: the process lives."""
        try:
            yield
        except Exception:
            if claim.unfinished:
                with suppress(StoreError, Fenced):  # where something was committed, that has ended it
                    self._store.write(lambda tx: self._finish(tx, claim))
            raise

    @staticmethod
    def _finish(tx: Transaction, claim: Claim) -> None:
        claims.hold(tx, claim.ref, claim.fence)
        if claim.unfinished:
            claims.finish(tx, claim.ref)

    def _send(self, connector: Connector, claim: Claim) -> None:
        """Write what is planned, then rest: where all went well in one commit with the last note's result."""
        rest = Resting(lambda tx, memory: self._rest(tx, connector, claim, None, None, Known(memory, claim.newest)))
        self._outbox.send(claim.ref, claim.fence, rest, Known(claim.memory, claim.newest or claim.attended))
        if not rest.done:
            paused, halt = self._halted(claim.ref)
            self._store.write(lambda tx: self._hold_and_rest(tx, connector, claim, paused, halt))

    def _halted(self, ref: TicketRef) -> tuple[datetime | None, Cause | None]:
        """Until when nothing may be written to the ticket, and why."""
        paused = self._pauses.until(ref, self._clock.now())
        return paused, (Cause.ALARM if ref.site in self._pauses.alarms() else Cause.PAUSED) if paused else None

    def _claim(self, ref: TicketRef) -> Claim:
        """With the deliveries whose turn it is: one that failed waits for its next try."""
        with self._store.look() as look:
            claim = claims.glance(look, ref)
        if claim is None or self._risky(claim):
            claim = self._taken(ref)
        now = self._clock.now()
        return replace(claim, deliveries=tuple(d for d in claim.deliveries if not d.not_before or d.not_before <= now))

    def _taken(self, ref: TicketRef) -> Claim:
        return self._store.write(lambda tx: claims.take(tx, ref))

    def _risky(self, claim: Claim) -> bool:
        """Whether it may be one of its deliveries that ended the process before this one: then each try is counted."""
        return claim.unfinished > 0 or any(d.id <= self._inherited for d in claim.deliveries)

    @cached_property
    def _inherited(self) -> int:
        """The newest delivery that was there when this process first attended to any."""
        with self._store.look() as look:
            return int(NEWEST.run(look).fetchone()[0] or 0)

    def _handle(self, connector: Connector, claim: Claim, *, rests: bool = True) -> Claim | None:
        """None where the platform does not answer: then all of it is done later. `rests`: where no note is to be
        written, the ticket rests with the same commit.
        """
        try:
            seen = self._understand(connector, claim)
        except PlatformError as error:
            self._postpone(claim, error)
            return None
        try:
            return self._decide(connector, claim, seen, rests=rests, counts=True)
        except Crowded:
            return self._decide(connector, claim, seen, rests=rests, counts=False)

    def _decide(self, connector: Connector, claim: Claim, seen: Understood, *, rests: bool, counts: bool) -> Claim:
        """`counts`: raise Crowded where the requester has heard more meanwhile than was known."""
        case = self._case(connector, claim, seen)
        plan = self._consider(case)
        paused, halt = self._halted(claim.ref)
        done = replace(
            claim,
            fence=claim.fence + 1,
            unfinished=0,
            memory=plan.memory,
            newest=plan.newest or claim.newest,
            attended=plan.attended or claim.attended,
        )

        def commit(tx: Transaction) -> bool:
            if counts and self._heard(tx, claim, seen) != case.heard:
                raise Crowded
            if held := self._pauses.paces.held(claim.ref.site):
                promising.hinder(tx, claim.promises, min(held, case.now), cause=Cause.PAUSED)
            self._commit(tx, claim, seen, plan)
            if not rests or noted.leaving(tx, claim.ref):
                return False
            self._rest(tx, connector, claim, paused, halt, Known(done.memory, done.newest))
            return True

        return replace(done, rested=self._store.write(commit))

    def _one_by_one(self, connector: Connector, claim: Claim, *, wary: bool = False) -> Claim | None:
        """Each delivery alone, after all of them together failed: the one that breaks it must not hold the others.

        A ticket that breaks without any of them is not their fault: then this raises. `wary`: one of them may end the
        whole process, so a try is counted before it is made.
        """
        alone = claim
        turns = [(), *((d,) for d in claim.deliveries)] if claim.newest else [(d,) for d in claim.deliveries]
        for turn in turns:
            # the first claim's generation: what arrived since is looked at afterwards
            alone = replace(self._taken(claim.ref), generation=claim.generation, deliveries=turn)
            if wary and turn and self._fail(alone, ENDED_US):
                continue
            try:
                with self._ending(alone):
                    done = self._handle(connector, alone, rests=False)
                if not done:
                    return None
                alone = done
            except Exception as error:
                if _passes(error) or not turn:
                    raise
                self._fail(alone, f"{type(error).__name__}: {error}")
        return alone

    def _fail(self, claim: Claim, problem: str) -> bool:
        """Count a try of its delivery; whether that was the last."""
        (delivery,) = claim.deliveries
        log.error("%s: delivery %s cannot be handled: %s", claim.ref, delivery.id, problem)

        def fail(tx: Transaction) -> bool:
            claims.hold(tx, claim.ref, claim.fence)
            return delivery.id in dead.fail(tx, {delivery.id: problem}, self._clock.now())

        return self._store.write(fail)

    # --- understanding ---------------------------------------------------------------------------------------------

    def _understand(self, connector: Connector, claim: Claim) -> Understood:
        sightings: list[Sighting] = []
        unreadable: dict[int, str] = {}
        orders: list[Comment] = []
        for stored in claim.deliveries:
            try:
                if stored.ordered:
                    orders.append(ordered.comment(stored.body, stored.received_at))
                    continue
                sightings.append(connector.sight(orjson.loads(stored.body), stored.received_at))
            except PayloadError as error:
                unreadable[stored.id] = str(error)
            except Exception as error:  # noqa: BLE001 - whatever a body does to the connector, its neighbours flow
                unreadable[stored.id] = f"{type(error).__name__}: {error}"
        comments = (*self._comments(connector, claim, sightings), *orders)
        newest, gone = self._newest(connector, claim, sightings, comments)
        if newest and newest.served and not gone:
            comments += self._missed(connector, claim, newest, comments)
        return Understood(tuple(sightings), unreadable, newest, comments, gone)

    def _newest(
        self, connector: Connector, claim: Claim, sightings: list[Sighting], comments: tuple[Comment, ...]
    ) -> tuple[Snapshot | None, bool]:
        """The newest snapshot known, read afresh where what was sent is thin, contradictory or about to be promised."""
        gone = any(s.gone for s in sightings) or claim.memory.gone
        known = [s.snapshot for s in sightings if s.snapshot and s.complete]
        if claim.newest:
            known.append(claim.newest)
        newest = max(known, key=lambda s: s.ticket.revision, default=None)
        if not gone and (newest is None or self._must_read(claim, sightings, comments, newest, known)):
            try:
                newest = connector.read(claim.ref)
            except NotThere:
                return newest, True
        if newest is None or gone:
            return newest, gone
        newest = snapshots.settled_on(newest, claim.newest or claim.attended)
        return self._with_parent(connector, newest), False

    def _must_read(
        self,
        claim: Claim,
        sightings: list[Sighting],
        comments: tuple[Comment, ...],
        newest: Snapshot,
        known: list[Snapshot],
    ) -> bool:
        now = self._clock.now()
        own = {c.id for c in comments if c.author is Author.LIAISON}
        thin = any(not s.complete and not (s.comment and s.comment.id in own) for s in sightings)
        clash = any(snapshots.conflicting(newest, other) for other in known if other is not newest)
        due = any(p.due <= now for p in claim.promises) or diary.rings(claim.memory, now)
        late = claim.oldest_planned is not None and now - claim.oldest_planned > STALE
        # believed, a time to come would hide whatever happens until then
        ahead = newest.ticket.updated_at is not None and newest.ticket.updated_at - now > AHEAD
        return thin or clash or due or late or ahead

    def _with_parent(self, connector: Connector, newest: Snapshot) -> Snapshot:
        """The parent's own facts, from what is stored or by reading it: families are decided on them.

        A parent that a gate holds silent is not there: its children must not speak of it. Nor is a deleted one.
        """
        parent = newest.ticket.parent
        if parent is None:
            return newest
        ref = TicketRef(newest.ticket.site, parent.id)
        with self._store.look() as look:
            newest_of_it, memory = FAMILY.run(look, of_site=ref.site, of_id=ref.id).fetchone() or (None, None)
        stored = snapshots.load(newest_of_it)
        found = stored.ticket if stored else self._read_parent(connector, ref)
        if found is None:
            return newest
        known = Memory.from_dict(orjson.loads(memory)) if memory else Memory()
        if known.gone or self._rulebook.seals(found, self._clock.now(), tuple(known.held)):
            return replace(newest, ticket=newest.ticket.evolve(parent=None))
        full = Parent(parent.id, found.key, found.major, found.state, found.priority, found.resolution)
        return replace(newest, ticket=newest.ticket.evolve(parent=full))

    def _read_parent(self, connector: Connector, ref: TicketRef) -> Ticket | None:
        try:
            return connector.read(ref).ticket
        except (NotThere, Refused, PayloadError):
            return None

    def _comments(self, connector: Connector, claim: Claim, sightings: list[Sighting]) -> tuple[Comment, ...]:
        """Each comment once, ours recognised, and re-read where author or visibility are unknown."""
        found: dict[str, Comment] = {}
        for sighting in sightings:
            comment = sighting.comment
            if comment is None or sighting.gone:
                continue
            if sighting.aside and commanding(sighting.aside):
                found[sighting.aside.id] = sighting.aside
            if comment.edited and comment.id in found:
                continue  # what was first said is what counts
            if self._is_ours(claim.ref, comment):
                found[comment.id] = replace(comment, author=Author.LIAISON)
            elif comment.public is None or comment.author is Author.UNKNOWN:
                reread = self._reread(connector, claim.ref, comment)
                if reread:
                    found[comment.id] = reread
            else:
                found[comment.id] = comment
        return tuple(found.values())

    def _reread(self, connector: Connector, ref: TicketRef, comment: Comment) -> Comment | None:
        try:
            return connector.comment(ref, comment)
        except NotThere:
            return None

    def _missed(
        self, connector: Connector, claim: Claim, newest: Snapshot, heard: tuple[Comment, ...]
    ) -> tuple[Comment, ...]:
        """What people said that no webhook brought, where there is reason to look."""
        since = hearing.look_back(claim, newest, connector.site, self._clock.now())
        if since is None:
            return ()
        try:
            listed = connector.comments(claim.ref, since)
        except NotThere:
            return ()
        found = (*hearing.news(claim, heard, listed), *hearing.orders(claim, heard, listed))
        return tuple(c for c in found if not self._is_ours(claim.ref, c))

    def _is_ours(self, ref: TicketRef, comment: Comment) -> bool:
        """By the marker or the platform's comment id; both stand in our notes."""
        if comment.author is Author.LIAISON:
            return True
        if not comment.id:
            return False
        known, mark = (MARKED, comment.marker) if comment.marker else (WRITTEN_AS, comment.id)
        with self._store.look() as look:
            return known.run(look, of_site=ref.site, of_id=ref.id, mark=mark).fetchone() is not None

    # --- deciding and committing -----------------------------------------------------------------------------------

    def _case(self, connector: Connector, claim: Claim, seen: Understood) -> Case:
        site, now = connector.site, self._clock.now()
        heard: tuple[datetime, ...] = ()
        if self._rulebook.budgeted:
            with self._store.look() as look:
                heard = self._heard(look, claim, seen)
        return Case(
            ref=claim.ref,
            site=site,
            now=now,
            memory=claim.memory,
            attended=claim.attended,
            newest=seen.newest,
            comments=seen.comments,
            promises=claim.promises,
            gone=seen.gone,
            speaking=claim.speaking,
            desk=desk(self._rulebook, self._store, site, claim.ref),
            budget=lambda ticket, moment: self._rulebook.budget(ticket, moment, now, site),
            heard=heard,
        )

    def _heard(self, look: Look | Transaction, claim: Claim, seen: Understood) -> tuple[datetime, ...]:
        """When the requester was told something, as far as a budget asks."""
        person = seen.newest.ticket.requester.id if seen.newest else ""
        ear = budgeting.ear(claim.ref, person, self._clock.now(), self._rulebook.budgeted)
        return budgeting.heard(look, ear) if ear else ()

    def _consider(self, case: Case) -> Plan:
        site = case.site
        return consider(
            case,
            self._rulebook.decide,
            lambda cadence, ticket, made_at: self._rulebook.next_due(cadence, ticket, made_at, site),
            self._rulebook.appointments,
        )

    def _commit(self, tx: Transaction, claim: Claim, seen: Understood, plan: Plan) -> None:
        """Snapshot, journal, notes and promises in one transaction, if the claim still holds."""
        ref, now = claim.ref, self._clock.now()
        claims.hold(tx, ref, claim.fence)
        self._mark_deliveries(tx, claim, seen)
        self._learn(tx, claim, plan)
        entries = [*plan.entries, *self._promises(tx, ref, plan)]
        self._notes(tx, ref, plan, now)
        if families.turned(claim.newest, plan.newest) or families.vanished(claim.memory, plan.memory):
            for child, later in families.children(tx, ref):
                self._engine.wake(tx, child, now + later)
        journal.write(tx, ref, now, entries)
        for who, what, detail in plan.audited:
            auditing.record(tx, now, who, what, detail)

    def _learn(self, tx: Transaction, claim: Claim, plan: Plan) -> None:
        """What is known of the ticket from now on."""
        learnt: dict[str, dict[str, Any]] = {}
        if plan.newest:
            about = endings.subject(plan.newest.ticket, self._rulebook.current.catalogue)
            seen = {"last": snapshots.dump(plan.newest), "named": plan.newest.ticket.key}
            learnt["seen"] = seen | {f"its_{name}": value for name, value in about.items()}
        if plan.attended:
            same = plan.attended is plan.newest
            learnt["attended"] = {"basis": learnt["seen"]["last"] if same else snapshots.dump(plan.attended)}
        if newest := plan.newest or claim.newest:
            learnt["stands"] = standing.stands(plan.memory, newest)
            if means := standing.means(plan.notes):
                learnt["means"] = means
        values = {name: value for part in learnt.values() for name, value in part.items()}
        _learning(tuple(learnt)).run(
            tx, of_site=claim.ref.site, of_id=claim.ref.id, remembered=plan.memory.dumps(), **values
        )

    def _mark_deliveries(self, tx: Transaction, claim: Claim, seen: Understood) -> None:
        for stored in claim.deliveries:
            if stored.id not in seen.unreadable:
                DONE.run(tx, delivery=stored.id)
        for identity, problem in seen.unreadable.items():
            log.warning("%s: delivery %s cannot be read: %s", claim.ref, identity, problem)
        dead.fail(tx, seen.unreadable, self._clock.now())

    def _promises(self, tx: Transaction, ref: TicketRef, plan: Plan) -> list[journal.Entry]:
        entries = []
        for kept in plan.kept:
            opened = promising.open_promises(tx, ref)
            entries += promising.keep(tx, opened, kept.audience, at=kept.at, by=kept.by)
        entries += endings.account(tx, ref, plan, self._clock.now())
        entries += [
            promising.make(tx, ref, p.audience, p.due, at=p.made_at, by=p.made_by, rule=p.rule)
            for p in {p.audience: p for p in plan.promises}.values()  # one open promise for an audience: the last
        ]
        for audience, (due, by) in plan.moved.items():
            entries += moving.move(tx, ref, audience, due, by)
        return entries

    def _notes(self, tx: Transaction, ref: TicketRef, plan: Plan, now: datetime) -> None:
        for audience in plan.drop_notes:
            self._drop(tx, ref, audience, plan)
        for note in plan.notes:
            message = note.plan.message
            row = {
                "id": note.id,
                "site": ref.site,
                "ticket_id": ref.id,
                "moment": note.moment,
                "occurrence": note.occurrence,
                "audience": message.audience,
                "state": note.state,
                "plan": note.plan.dumps(),
                "rule": message.rule,
                "rule_set": note.rule_set,
                "planned_at": iso(now),
                "person": _person(plan) if message.audience in CUSTOMER_FACING else "",
            }
            PLAN.run(tx, **row)

    def _drop(self, tx: Transaction, ref: TicketRef, audience: Audience, plan: Plan) -> None:
        """What waits for the audience, except a note that was decided again: it is still the one to say."""
        state = NoteState.SUPERSEDED if plan.notes else NoteState.WITHDRAWN
        again = {note.id for note in plan.notes}
        for identity, moment in WAITING.run(tx, of_site=ref.site, of_id=ref.id, whom=audience).fetchall():
            if identity not in again and (plan.drop_words or moment not in BY_AGENTS):
                DROP.run(tx, note=identity, ending=state, why="something newer is said instead")

    # --- afterwards ------------------------------------------------------------------------------------------------

    def _pause(
        self, tx: Transaction, connector: Connector, claim: Claim, paused: datetime | None, halt: Cause | None
    ) -> None:
        self._finish(tx, claim)
        self._rest(tx, connector, claim, paused, halt)

    def _hold_and_rest(
        self, tx: Transaction, connector: Connector, claim: Claim, paused: datetime | None, halt: Cause | None
    ) -> None:
        claims.hold(tx, claim.ref, claim.fence)
        self._rest(tx, connector, claim, paused, halt)

    def _rest(
        self,
        tx: Transaction,
        connector: Connector,
        claim: Claim,
        paused: datetime | None,
        halt: Cause | None,
        its: Known | None = None,
    ) -> None:
        """In a transaction that holds the claim. `its`: what the ticket's row says by now, where that is known."""
        opened, now = promising.open_promises(tx, claim.ref), self._clock.now()
        promising.hinder(tx, opened, now, until=paused, cause=halt)
        wake = claims.next_wake(tx, claim, opened, connector.site, now, its or claims.known(tx, claim.ref))
        if wake and paused:
            # when a pause ends the quota is short: the most urgent go first
            wake = max(wake, paused) + TURN * claims.urgency(tx, claim.ref)
        self._engine.rest(tx, claim.ref, wake)

    def _postpone(self, claim: Claim, error: PlatformError) -> None:
        """The platform does not answer: nothing is decided on guesses, the deliveries keep waiting."""
        until = getattr(error, "until", None) or self._clock.now() + (STALE if error.permanent else RETRY)
        log.warning("%s: read later, at %s: %s", claim.ref, iso(until), error)
        cause = Cause.PAUSED if isinstance(error, Paused) else Cause.PLATFORM_DOWN
        cause = Cause.REFUSED if error.permanent else cause

        def rest(tx: Transaction) -> None:
            self._finish(tx, claim)
            opened = promising.open_promises(tx, claim.ref)
            promising.hinder(tx, opened, self._clock.now(), until=until, cause=cause)
            self._engine.rest(tx, claim.ref, until)

        self._store.write(rest)


def _passes(error: Exception) -> bool:
    """Whether it says nothing against what is being handled: another runner, a store or a platform that is down or odd.
    What the store will never take is another matter.
    """
    return isinstance(error, LiaisonError) and not (isinstance(error, StoreError) and error.permanent)


def _person(plan: Plan) -> str:
    return plan.newest.ticket.requester.id if plan.newest else ""
