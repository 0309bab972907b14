"""`ui.timeline_views.TimelineViews` over the store: what a requester may see of their ticket, and nothing else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid5

import orjson
from sqlalchemy import select

from app import families, feedback, promising, snapshots, tables
from app.families import Kin
from app.feedback import Said
from app.links import Link, Links
from app.memory import Memory
from app.rows import of
from app.truth import as_told, of_this_life, waits_for_requester
from core.decisions import Decision, Facts, Reason
from core.moments import Moment, MomentKind
from core.notes import NAMESPACE, Audience, NoteState
from core.promises import Promise
from core.sites import Site
from core.tickets import Kind, Ticket, TicketRef
from core.times import Clock, SystemClock, from_iso
from rules.context import Scene, is_key
from rules.spoken import Reader
from ui.timeline_views import Planned, Taken, Timeline, Update, Verdict

if TYPE_CHECKING:
    from app.liaison import Liaison

N, T = tables.notes, tables.tickets
R = Audience.REQUESTER
MOST = 100
"""Updates of one ticket that are shown, the newest."""
NAMES = frozenset({"service", "location", "progress", "parent", "window"})


@dataclass(frozen=True)
class Shown:
    """A ticket that its requester may see."""

    site: Site
    ticket: Ticket
    memory: Memory
    decision: Decision


class StoredTimeline:
    """`wall`: by which links expire."""

    def __init__(self, liaison: "Liaison", wall: Clock | None = None) -> None:
        self._liaison = liaison
        self._links = Links(liaison.store, wall or SystemClock())

    def timeline(self, token: str) -> Timeline | None:
        link = self._links.follow(token)
        shown = self._shown(link.ref) if link else None
        return self._timeline(link, shown) if link and shown else None

    def say(self, token: str, verdict: Verdict, words: str, about: str) -> Taken | None:
        link = self._links.follow(token)
        shown = self._shown(link.ref) if link else None
        if link is None or shown is None:
            return None
        at, language = "", shown.site.language
        if verdict is not Verdict.HURTS:
            updates = self._updates(link, self._reader(shown, language))  # as all that agents read
            found = next((update for update in updates if update.id == about), None)
            if found is None:
                return None
            at = found.when
        said = Said(verdict, feedback.cleaned(words), about if at else "", at, language)
        liaison = self._liaison
        taken = feedback.take(liaison.store, liaison.engine, link, said, liaison.clock.now())
        return Taken.YES if taken else Taken.TOO_MANY

    # --- what may be seen ------------------------------------------------------------------------------------------

    def _shown(self, ref: TicketRef) -> Shown | None:
        """None for what a gate holds, by the rules of now or of the last look, and for what is not served any more."""
        site = self._liaison.sites.get(ref.site)
        with self._liaison.store.read() as connection:
            row = connection.execute(select(T.c.newest, T.c.memory).where(of(T, ref))).first()
        snapshot = snapshots.load(row.newest) if row else None
        if site is None or row is None or snapshot is None or not snapshot.served:
            return None
        memory = Memory.from_dict(orjson.loads(row.memory))
        now = self._liaison.clock.now()
        moment = Moment(MomentKind.UPDATE_DUE, "", now)
        decision = self._liaison.rulebook.decide(of_this_life(snapshot.ticket, memory), moment, now, tuple(memory.held))
        silence = decision.silences.get(R)
        gated = silence is not None and silence.reason is Reason.GATED
        if memory.gone or memory.gates or decision.sealed or gated:
            return None
        return Shown(site, as_told(snapshot.ticket, memory), memory, decision)

    def _timeline(self, link: Link, shown: Shown) -> Timeline:
        ticket, memory = shown.ticket, shown.memory
        kin = self._kin(shown)
        language = self._liaison.rulebook.language(ticket, shown.site)
        reader = self._reader(shown, language)
        said = self._said(shown, kin, language)
        workaround = "" if ticket.ended else said["service"].workaround
        asked = waits_for_requester(ticket) and not memory.answered
        return Timeline(
            name=str(uuid5(NAMESPACE, f"page\x1f{link.ref}")),
            language=language,
            change=ticket.kind == Kind.CHANGE,
            affected=said["service"].name,
            progress=str(said["parent"] if kin else said["progress"]),
            key=ticket.key if is_key(ticket.key) else "",
            place=said["location"].name if ticket.location else "",
            workaround=workaround,
            asked=asked,
            ended=ticket.ended,
            next_update=None if memory.resting else self._next(shown, kin, language),
            window=_window(ticket, reader),
            updates=self._updates(link, reader),
        )

    def _said(self, shown: Shown, kin: Kin | None, language: str) -> dict[str, Any]:
        rulebook = self._liaison.rulebook
        facts = Facts(
            self._liaison.clock.now(),
            since=shown.memory.state_since,
            progress=rulebook.phrase(shown.memory.fact, language),
            parent=kin.ticket if kin else None,
            parent_since=kin.since if kin else None,
        )
        zone = shown.site.timezone
        return Scene(rulebook.current.catalogue, shown.ticket, R, facts, zone, language=language).context(NAMES)

    def _kin(self, shown: Shown) -> Kin | None:
        """The parent, where it speaks for this ticket and may be spoken of."""
        silence, parent = shown.decision.silences.get(R), shown.ticket.parent
        if parent is None or silence is None or silence.reason is not Reason.FOLLOWS_PARENT:
            return None
        if self._shown(TicketRef(shown.ticket.site, parent.id)) is None:
            return None
        with self._liaison.store.look() as look:
            return families.kin(look, shown.ticket)

    def _next(self, shown: Shown, kin: Kin | None, language: str) -> Planned | None:
        """A promise of ours that is overdue is owned up to; a parent's was made to somebody else."""
        now = self._liaison.clock.now()
        promise = self._promise(shown.ticket.ref)
        due = promise.due if promise else kin.next_update if kin else None
        if due is None or (promise is None and due <= now):
            return None
        name = "next" if due > now else "late"
        said = self._liaison.rulebook.sentence(name, due, now, shown.ticket, shown.site, language)
        return Planned(due, said)

    def _promise(self, ref: TicketRef) -> Promise | None:
        with self._liaison.store.look() as look:
            return next((p for p in promising.open_promises(look, ref) if p.audience is R), None)

    def _updates(self, link: Link, reader: Reader) -> tuple[Update, ...]:
        """Only what stands in the ticket, and was said to them."""
        query = select(N.c.id, N.c.text, N.c.written_at).where(
            of(N, link.ref), N.c.audience == R, N.c.state == NoteState.WRITTEN, N.c.text != ""
        )
        with self._liaison.store.read() as connection:
            verdicts = feedback.of_link(connection, link)
            rows = connection.execute(query.order_by(N.c.written_at.desc(), N.c.planned_at.desc()).limit(MOST)).all()
        times = [from_iso(row.written_at) for row in rows]
        return tuple(
            Update(row.id, at, reader.at(at), row.text, verdicts.get(row.id))
            for row, at in zip(rows, times, strict=True)
        )

    def _reader(self, shown: Shown, language: str) -> Reader:
        zone = self._liaison.rulebook.zone(shown.ticket, shown.site)
        return Reader(self._liaison.clock.now(), zone, language=language)


def _window(ticket: Ticket, reader: Reader) -> Planned | None:
    start, end = ticket.planned_start, ticket.planned_end
    if ticket.kind != Kind.CHANGE or start is None or end is None or start >= end:
        return None
    return Planned(start, reader.window(start, end), end)
