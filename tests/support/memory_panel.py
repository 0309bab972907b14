"""The agent panel's port in memory, for tests."""

from dataclasses import dataclass, field

from core.errors import StoreError
from core.tickets import TicketRef
from ui.access import Person
from ui.panel_views import NewLink, PanelView, Preview, Why


@dataclass
class MemoryPanel:
    """`refuses`: why nothing is done. `asked`: what it was asked to do."""

    tickets: dict[TicketRef, PanelView] = field(default_factory=dict)
    refuses: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False
    because: Why | None = None

    def panel(self, ref: TicketRef) -> PanelView | None:
        if self.broken:
            raise StoreError("The database is locked.")
        return self.tickets.get(ref)

    def preview(self, ref: TicketRef, verb: str, text: str, me: Person) -> Preview:
        self.asked.append(("preview", ref.id, verb, text, me.name))
        return Preview(refusal=self.refuses) if self.refuses else Preview(text, "Say what they can do.")

    def order(self, ref: TicketRef, verb: str, text: str, once: str, me: Person) -> Preview:
        self.asked.append(("order", ref.id, verb, text, once, me.name))
        return Preview(refusal=self.refuses)

    def decide(self, ref: TicketRef, verb: str, note: str, text: str, me: Person) -> str:
        self.asked.append(("decide", ref.id, verb, note, text, me.name))
        return self.refuses

    def why(self, ref: TicketRef) -> Why | None:
        return self.because if ref in self.tickets else None

    def link(self, ref: TicketRef, me: Person) -> NewLink:
        self.asked.append(("link", ref.id, me.name))
        return NewLink(refusal=self.refuses) if self.refuses else NewLink("/t/a-new-link")

    def unlink(self, ref: TicketRef, link: int, me: Person) -> bool:
        self.asked.append(("unlink", ref.id, str(link), me.name))
        return not self.refuses
