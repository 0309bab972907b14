"""The pages' port in memory, for tests."""

from dataclasses import dataclass, field

from core.errors import StoreError
from core.tickets import TicketRef
from ui.views import Health, Overview, StoryView


@dataclass
class MemoryViews:
    seen: Overview = field(default_factory=Overview)
    stories: dict[TicketRef, StoryView] = field(default_factory=dict)
    state: Health = field(default_factory=Health)
    broken: bool = False

    def overview(self) -> Overview:
        self.check()
        return self.seen

    def story(self, ref: TicketRef) -> StoryView | None:
        self.check()
        return self.stories.get(ref)

    def health(self) -> Health:
        self.check()
        return self.state

    def check(self) -> None:
        if self.broken:
            raise StoreError("The database is locked.")
