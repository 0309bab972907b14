"""What would be said: a look at a ticket as in earnest, of which nothing is kept and nothing leaves.

The same code considers and puts into words as when it is done, so what is shown beforehand is what goes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from app import budgeting, claims, diary, families, snapshots
from app.composing import Composer
from app.connectors import Connectors
from app.consider import consider
from app.desk import desk
from app.families import Kin
from app.memory import Memory
from app.plans import NewNote, NotePlan, Plan
from app.promising import open_promises
from app.rhythm import Case
from app.rulebook import Rulebook
from app.store import Store
from app.truth import of_this_life
from core.decisions import Decision, Mode
from core.moments import BY_AGENTS, Moment, MomentKind
from core.notes import Audience, NoteState, plain
from core.promises import Promise
from core.sightings import Comment
from core.tickets import TicketRef

R = Audience.REQUESTER


@dataclass(frozen=True)
class At:
    """A clock that stands at the time of which one asks."""

    time: datetime

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Foreseen:
    """What an order would do. `done`: whether it would do anything; `answer` says what, or why not. `words` are all
    that the requester would read, `""` where nothing would be said to them.
    """

    done: bool = False
    answer: str = ""
    words: str = ""


@dataclass(frozen=True)
class Next:
    """What goes out next by itself. `words` empty: nothing, because of `because`. `draft`: it waits for approval."""

    at: datetime | None = None
    words: str = ""
    rule: str = ""
    because: str = ""
    draft: bool = False


@dataclass(frozen=True)
class Known:
    """A ticket that has a snapshot, as it stands in the store."""

    case: Case
    kin: Kin | None


class Foresight:
    def __init__(self, store: Store, rulebook: Rulebook, connectors: Connectors) -> None:
        self._store, self._rulebook, self._connectors = store, rulebook, connectors

    def known(self, ref: TicketRef, now: datetime) -> Known | None:
        """None where no snapshot of the ticket is known."""
        site = self._connectors.sites.get(ref.site)
        with self._store.look() as look:
            row = claims.ROW.run(look, of_site=ref.site, of_id=ref.id).fetchone()
            newest = snapshots.load(row[4]) if row else None
            if site is None or newest is None:
                return None
            promises, speaking = open_promises(look, ref), claims.speaking(look, ref)
            ear = budgeting.ear(ref, newest.ticket.requester.id, now, self._rulebook.budgeted)
            heard = budgeting.heard(look, ear) if ear else ()
            kin = families.kin(look, newest.ticket)
        case = Case(
            ref,
            site,
            now,
            Memory.from_dict(orjson.loads(row[2])),
            snapshots.load(row[3]),
            newest,
            promises=promises,
            speaking=speaking,
            desk=desk(self._rulebook, self._store, site, ref),
            budget=lambda ticket, moment: self._rulebook.budget(ticket, moment, now, site),
            heard=heard,
        )
        return Known(case, kin)

    def decision(self, known: Known) -> Decision:
        """What the rules say of the ticket as it stands."""
        case = known.case
        assert case.newest is not None
        held = tuple(gate for gate in case.memory.held if gate not in case.memory.lifted)
        ticket = of_this_life(case.newest.ticket, case.memory)
        return self._rulebook.decide(ticket, Moment(MomentKind.UPDATE_DUE, "", case.now), case.now, held)

    def order(self, known: Known, comment: Comment) -> Foreseen:
        """What this comment's commands would do."""
        plan = self._considered(replace(known.case, comments=(comment,)))
        answer = next((n.plan.literal for n in plan.notes if n.moment is MomentKind.ANSWERED), "")
        mine = [n for n in plan.notes if n.occurrence.partition(":")[0] == comment.id]
        said = (self._words(known, plan, n.plan, n.occurrence, known.case.now)[0] for n in mine if _to_requester(n))
        return Foreseen(bool(plan.audited), answer.partition("\n\n")[2], "\n\n".join(filter(None, said)))

    def next(self, known: Known) -> Next:
        """At the next time at which something may be said by itself, if nothing changes before."""
        case = known.case
        at = min(self._times(case), default=None)
        if at is None:
            return Next(because="Nothing is promised, so nothing goes out by itself.")
        at = max(at, case.now)
        plan = self._considered(replace(case, now=at))
        note = next((n for n in plan.notes if _to_requester(n) and n.moment not in BY_AGENTS), None)
        if note is None:
            why = next((e.detail for e in reversed(plan.entries) if e.reason and e.audience in (R, "")), "")
            return Next(at, because=why or "No rule has words for that time. Please write to them yourself.")
        words, problem = self._words(known, plan, note.plan, note.occurrence, at)
        message = note.plan.message
        return Next(at, words, message.rule, problem, message.mode is Mode.DRAFT)

    def words(self, known: Known, plan: NotePlan, occurrence: str) -> tuple[str, str]:
        """Of a note that waits, as they would leave now; or `""` and why there are none."""
        return self._words(known, Plan(known.case.memory), plan, occurrence, known.case.now)

    def _times(self, case: Case) -> Iterable[datetime]:
        memory = case.memory
        if memory.settle_until:
            yield memory.settle_until
        for promise in case.promises:
            if promise.audience is R and R not in case.speaking:
                yield promise.due
        for kind in (MomentKind.NOTICE, MomentKind.CHECK_IN):
            if at := diary.coming(memory, kind, case.now):
                yield at

    def _considered(self, case: Case) -> Plan:
        book, site = self._rulebook, case.site
        return consider(
            case,
            book.decide,
            lambda cadence, ticket, made_at: book.next_due(cadence, ticket, made_at, site),
            book.appointments,
        )

    def _words(self, known: Known, plan: Plan, note: NotePlan, occurrence: str, at: datetime) -> tuple[str, str]:
        case = known.case
        assert case.newest is not None
        audience, connector = note.message.audience, self._connectors.of(case.site.name)
        for _ in range(2):
            composed = Composer(self._rulebook, At(at)).compose(
                case.newest.ticket,
                [(note, occurrence)],
                plan.memory,
                _still_open(case.promises, plan),
                connector,
                kin=known.kin,
            )
            if audience not in composed.later:
                break
            at = composed.later[audience]  # as it leaves when the quiet hours end
        if audience in composed.same:
            return plan.memory.told, ""
        return plain(composed.parts.get(audience, ())), composed.stopped.get(audience, "")


def _to_requester(note: NewNote) -> bool:
    return note.plan.message.audience is R and note.state in (NoteState.PLANNED, NoteState.DRAFT)


def _still_open(promises: Iterable[Promise], plan: Plan) -> list[Promise]:
    kept = {one.audience for one in plan.kept}
    return [p for p in promises if p.audience not in plan.withdrawn and p.audience not in kept]
