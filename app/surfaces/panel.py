"""`ui.panel_views.PanelViews` over the store."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from app import command_words as words
from app import ordered, tables
from app.commands import Verb, commands
from app.engine import EmbeddedEngine
from app.foresight import Foresight, Known
from app.links import Links
from app.plans import NotePlan
from app.rows import of
from app.steering import Steering
from app.surfaces import panel_reasons
from core.decisions import Reason
from core.errors import LiaisonError
from core.moments import MomentKind
from core.notes import Audience, NoteState
from core.sightings import ORDERED, Accepted
from core.tickets import TicketRef
from core.times import Clock, SystemClock, from_iso
from ui.access import Person
from ui.panel_views import (
    Because,
    Coming,
    LinkRow,
    NewLink,
    Ordered,
    PanelView,
    Preview,
    Waiting,
    Why,
)
from ui.views import NoteRow, StoryView

if TYPE_CHECKING:
    from app.liaison import Liaison

N, D = tables.notes, tables.deliveries
R = Audience.REQUESTER
DECIDES = {"approve", "drop", "reword"}
ORDERS = {Verb.SAY, Verb.FACT, Verb.NEXT, Verb.MUTE, Verb.UNMUTE}
UNDECIDED = (NoteState.DRAFT, NoteState.STOPPED, NoteState.REFUSED)
MOST = 3
"""Of what was ordered of late."""
EXPLAINED = 20
"""Words of which the panel says why."""
FORESEEN = "foreseen"
UNTOLD = {Reason.OWN_ECHO}
"""Silences that agents need not know of."""
QUIET = "It is quiet hours"
RELOAD = "This form is too old. Reload the page, then try again."
HELD = "This ticket is held, so nothing was done."
UNKNOWN = "Liaison does not serve this ticket, so nothing was done."
DONE_ALREADY = "This was ordered already. It is done once."


class StoredPanel:
    """`wall`: by which links expire."""

    def __init__(self, liaison: "Liaison", wall: Clock | None = None) -> None:
        self._liaison = liaison
        self._links = Links(liaison.store, wall or SystemClock())
        self._engine: EmbeddedEngine = liaison.engine
        self._foresight = Foresight(liaison.store, liaison.rulebook, liaison.connectors)
        self._steering = Steering(liaison.store, liaison.engine, liaison.clock)

    # --- looking ---------------------------------------------------------------------------------------------------

    def panel(self, ref: TicketRef) -> PanelView | None:
        story = self._liaison.views.story(ref)
        if story is None:
            return None
        ref, key = story.ref, (story.ticket.key if story.ticket else "") or story.ref.id
        known = self._known(ref)
        held = self._held(story, known)
        if held:
            return PanelView(ref, held_by=held)
        if known is None or not story.served:
            return PanelView(ref, key, story.ticket, silent_because=story.not_served_because or UNSEEN)
        assert known.case.newest is not None
        ticket, site = known.case.newest.ticket, known.case.site
        decision, catalogue = self._foresight.decision(known), self._liaison.rulebook.current.catalogue
        impacts = () if ticket.ended else decision.impacts
        coming = self._foresight.next(known)
        to_requester = [note for note in story.notes if note.audience is R]
        told = tuple(reversed([note for note in to_requester if note.state is NoteState.WRITTEN]))
        service, place = catalogue.service_of(ticket), catalogue.location_of(ticket)
        promise = next((p for p in known.case.promises if p.audience is R), None)
        return PanelView(
            ref,
            key,
            ticket,
            impact=impacts[0].statement if impacts else "",
            impact_level=impacts[0].level if impacts else "",
            also=tuple(impact.statement for impact in impacts[1:]),
            service=service.name if service else "",
            place=place.name if place else "",
            crowds=tuple(_crowd(crowd.name, crowd.people) for crowd in service.audiences) if service else (),
            muted=story.muted,
            muted_until=story.muted_until,
            promise=next((p for p in story.promises if p.audience is R and p.ended_at is None), None),
            escalations=tuple(panel_reasons.escalations(known, decision.cadences.get(R), promise)),
            coming=Coming(coming.at, coming.words, coming.rule, coming.because, coming.draft),
            waiting=tuple(self._waiting(known, note) for note in to_requester if note.state in UNDECIDED),
            told=told,
            because=self._because(told[:EXPLAINED]),
            silences=tuple(s for s in story.silences if s.audience in (R, None) and s.reason not in UNTOLD),
            ordered=self._ordered(ref),
            phrases=self._liaison.rulebook.phrases(self._liaison.rulebook.language(ticket, site)),
            links=tuple(LinkRow(one.id, one.made_at, one.expires_at) for one in self._links.working(ref)),
            zone=self._liaison.rulebook.zone(ticket, site),
        )

    def why(self, ref: TicketRef) -> Why | None:
        known = self._open(ref)
        return None if isinstance(known, Preview) else panel_reasons.why(self._liaison.rulebook, known)

    def _because(self, told: tuple[NoteRow, ...]) -> dict[str, Because]:
        query = select(N.c.id, N.c.plan).where(N.c.id.in_([note.id for note in told]))
        with self._liaison.store.read() as connection:
            rows = connection.execute(query).all()
        return {row.id: panel_reasons.because(self._liaison.rulebook, NotePlan.loads(row.plan)) for row in rows}

    def _known(self, ref: TicketRef) -> Known | None:
        return self._foresight.known(ref, self._liaison.clock.now())

    def _held(self, story: StoryView, known: Known | None) -> tuple[str, ...]:
        """The gates that hold it: those of the last look, else those of the rules that are in force since."""
        if story.held_by or known is None:
            return story.held_by
        decision = self._foresight.decision(known)
        return tuple(decision.gates) if decision.sealed else ()

    def _waiting(self, known: Known, note: NoteRow) -> Waiting:
        said, problem = note.text, ""
        plan, occurrence = self._plan(note.id)
        if not said:
            said, problem = self._foresight.words(known, plan, occurrence)
        return Waiting(note.id, note.state, note.moment, said or plan.literal, note.problem or problem, note.rule)

    def _plan(self, note: str) -> tuple[NotePlan, str]:
        with self._liaison.store.read() as connection:
            row = connection.execute(select(N.c.plan, N.c.occurrence).where(N.c.id == note)).one()
        return NotePlan.loads(row.plan), row.occurrence

    def _ordered(self, ref: TicketRef) -> tuple[Ordered, ...]:
        """What is under way, and the newest answers."""
        with self._liaison.store.read() as connection:
            waits = connection.execute(
                select(D.c.key, D.c.received_at, D.c.body).where(of(D, ref), D.c.state == "pending").order_by(D.c.id)
            ).all()
            done = connection.execute(
                select(N.c.planned_at, N.c.plan)
                .where(of(N, ref), N.c.moment == MomentKind.ANSWERED, N.c.occurrence.startswith(ordered.PANEL))
                .order_by(N.c.planned_at.desc())
                .limit(MOST)
            ).all()
        under_way = [
            Ordered(at := from_iso(row.received_at), words=_in_words(ordered.comment(row.body, at).text))
            for row in waits
            if row.key.startswith(ORDERED)
        ]
        answers = [Ordered(from_iso(row.planned_at), NotePlan.loads(row.plan).literal) for row in done]
        return (*reversed(under_way), *answers)

    # --- acting ----------------------------------------------------------------------------------------------------

    def preview(self, ref: TicketRef, verb: str, text: str, me: Person) -> Preview:
        known = self._open(ref)
        if isinstance(known, Preview):
            return known
        if verb not in ORDERS:
            return self._of_note(known, verb, text)
        if because := self._unfit(verb, text):
            return Preview(refusal=because)
        now = self._liaison.clock.now()
        order = ordered.delivery(known.case.ref, FORESEEN, ordered.command(Verb(verb), text), (me.id, me.name), now)
        seen = self._foresight.order(known, ordered.comment(order.body, now))
        if not seen.done:
            return Preview(refusal=seen.answer or UNKNOWN)
        if verb not in (Verb.SAY, Verb.FACT) or not seen.words:
            return Preview(seen.words, seen.answer)
        assert known.case.newest is not None
        advice = self._liaison.rulebook.advice(text, known.case.newest.ticket) if verb == Verb.SAY else ()
        hours = lead if (lead := seen.answer.partition("“")[0].strip()).startswith(QUIET) else ""
        return Preview(seen.words, " ".join([hours, *advice]).strip())

    def order(self, ref: TicketRef, verb: str, text: str, once: str, me: Person) -> Preview:
        if verb not in ORDERS:
            return Preview(refusal=RELOAD)
        story = self._liaison.views.story(ref)
        now, said = self._liaison.clock.now(), ordered.command(Verb(verb), text)
        try:
            delivery = ordered.delivery(story.ref if story else ref, once, said, (me.id, me.name), now)
        except ValueError:
            return Preview(refusal=RELOAD)
        if self._is_known(delivery.site, delivery.key):
            return Preview(answer=DONE_ALREADY)
        seen = self.preview(ref, verb, text, me)
        if not seen.refusal and self._liaison.inbox.accept(delivery) is Accepted.SEEN:
            return Preview(answer=DONE_ALREADY)
        return seen

    def decide(self, ref: TicketRef, verb: str, note: str, text: str, me: Person) -> str:
        known = self._open(ref)
        if isinstance(known, Preview):
            return known.refusal
        if verb not in DECIDES or not self._is_of(known.case.ref, note):
            return RELOAD
        if verb == "reword" and (refusal := self._of_note(known, note, text).refusal):
            return refusal
        try:
            if verb == "reword":
                self._steering.reword(note, text.strip(), me.name)
            else:
                self._steering.note(verb, note, me.name)
        except LiaisonError as error:
            return f"Not done: {error.what} Reload the page to see how it stands."
        self._engine.nudge()
        return ""

    def link(self, ref: TicketRef, me: Person) -> NewLink:
        known = self._open(ref)
        if isinstance(known, Preview):
            return NewLink(refusal=known.refusal)
        return NewLink(self._links.new(known.case.ref, me.name))

    def unlink(self, ref: TicketRef, link: int, me: Person) -> bool:
        """Also for a ticket that is held: ending never tells anything."""
        story = self._liaison.views.story(ref)
        return self._links.end(story.ref if story else ref, link, me.name)

    def _open(self, ref: TicketRef) -> Known | Preview:
        """The ticket, or why nothing may be done in it."""
        story = self._liaison.views.story(ref)
        known = self._known(story.ref) if story else None
        if story is None or known is None or not story.served:
            return Preview(refusal=UNKNOWN)
        return Preview(refusal=HELD) if self._held(story, known) else known

    def _unfit(self, verb: str, text: str) -> str:
        if verb == Verb.SAY and not text.strip():
            return "Write the words first."
        if verb == Verb.SAY and ordered.too_many_lines(text.strip()):
            return "Not sent: it has more than ten lines. Say it in fewer."
        return words.unsayable(text.strip() or "-", "")

    def _of_note(self, known: Known, note: str, text: str) -> Preview:
        """An agent's words in the place of a note that waits."""
        if not self._is_of(known.case.ref, note):
            return Preview(refusal=RELOAD)
        assert known.case.newest is not None
        ticket, rulebook, text = known.case.newest.ticket, self._liaison.rulebook, text.strip()
        if not text:
            return Preview(refusal="Write the words first.")
        if because := words.unsayable(text, rulebook.leak(text, ticket)):
            return Preview(refusal=because)
        plan, occurrence = self._plan(note)
        said, problem = self._foresight.words(known, plan.reworded(text), occurrence)
        return Preview(said, " ".join(rulebook.advice(text, ticket)), problem)

    def _is_of(self, ref: TicketRef, note: str) -> bool:
        """Whether it is a note to the requester of this very ticket."""
        mine = select(N.c.id).where(of(N, ref), N.c.id == note, N.c.audience == R)
        with self._liaison.store.read() as connection:
            return connection.execute(mine).first() is not None

    def _is_known(self, site: str, key: str) -> bool:
        with self._liaison.store.read() as connection:
            return connection.execute(select(D.c.id).where(D.c.site == site, D.c.key == key)).first() is not None


def _in_words(order: str) -> str:
    """`Say: We found it.`, as the agent typed it."""
    found = commands(order)
    verb = found[0].verb or "" if found else ""
    return ": ".join(filter(None, (verb.capitalize(), "\n".join(one.rest for one in found))))


UNSEEN = "Liaison has heard of this ticket, but has not read it yet. It does so in a moment."


def _crowd(name: str, people: int) -> str:
    return f"{name} (about {people:,} people)" if people else name
