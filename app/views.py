"""`ui.views.Views` over the store."""

from dataclasses import replace

from app.findings import Findings
from app.pauses import Pauses
from app.room import Room
from app.rulebook import Rulebook
from app.store import Store
from core.errors import StoreError
from core.moments import Moment, MomentKind
from core.tickets import TicketRef
from core.times import Clock
from ui.views import Health, StoryView


class StoredViews(Findings):
    def __init__(self, store: Store, clock: Clock, rulebook: Rulebook, pauses: Pauses) -> None:
        super().__init__(store)
        self._clock, self._rulebook, self._pauses = clock, rulebook, pauses
        self._room = Room(store.url)

    def story(self, ref: TicketRef) -> StoryView | None:
        """Held also by gates that were written since its last look: an ended ticket may never have another."""
        found = super().story(ref)
        if found is None or found.held_by or found.ticket is None:
            return found
        moment = Moment(MomentKind.UPDATE_DUE, "", self._clock.now())
        decision = self._rulebook.decide(found.ticket, moment, moment.at)
        return replace(found, held_by=decision.gates) if decision.sealed else found

    def health(self) -> Health:
        reasons: list[str] = []
        try:
            reasons += [f"{site}: {what}" for site, what in self._pauses.alarms().items()]
            self._room.check()
        except StoreError as error:
            reasons.append(str(error))
        if self._store.trouble:
            reasons.append(f"The store cannot be written: {self._store.trouble}.")
        if self._rulebook.problem:
            reasons.append(f"The changed rules are not used: {self._rulebook.problem}")
        return Health(tuple(reasons), self._rulebook.current.hash)
