"""What the terminal shows of tickets: comments as they are written, conversations, silences."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text
from sqlalchemy import select

from app import tables
from app.journal import What
from app.liaison import Liaison
from app.rows import of
from connector.sandbox import Conversation, Entry
from core.decisions import Reason
from core.notes import Audience, NoteState
from core.tickets import TicketRef

N, J, T = tables.notes, tables.journal, tables.tickets
COLOUR = {Audience.AGENTS: "yellow", Audience.REQUESTER: "green"}


class Teller:
    """Prints each comment once, as it happens, with why it was written; and why a sealed ticket stays silent."""

    def __init__(self, liaison: Liaison, console: Console, zone: tzinfo) -> None:
        self._liaison, self._console, self._zone = liaison, console, zone
        self._notes: set[str] = set()
        self._line = 0

    def scene(self, at: datetime, caption: str) -> None:
        self._console.print(f"\n[bold]{at.astimezone(self._zone):%a %H:%M}  {caption}[/bold]")

    def tell(self, ref: TicketRef) -> None:
        with self._liaison.store.read() as connection:
            key = connection.execute(select(T.c.key).where(of(T, ref))).scalar() or ref.id
            written = connection.execute(
                select(N).where(of(N, ref), N.c.state == NoteState.WRITTEN).order_by(N.c.written_at)
            ).all()
            sealed = connection.execute(
                select(J).where(of(J, ref), J.c.what == What.SILENT, J.c.reason == Reason.GATED, J.c.id > self._line)
            ).all()
        for note in [n for n in written if n.id not in self._notes]:
            self._notes.add(note.id)
            self._note(key, note)
        for row in sealed:
            self._line = max(self._line, row.id)
            self._console.print(
                Padding(Text(f"{key} stays silent. {row.detail} (gate {row.rule})", "dim"), (0, 0, 0, 4))
            )

    def _note(self, key: str, note: object) -> None:
        audience = Audience(note.audience)  # type: ignore[attr-defined]
        at = datetime.fromisoformat(note.written_at).astimezone(self._zone)  # type: ignore[attr-defined]
        head = Text.assemble((f"{at:%H:%M} {key} ", "dim"), (f"to {_reader(audience)}", COLOUR[audience]))
        why = Text(f"because of rule {note.rule}, moment {note.moment}", "dim")  # type: ignore[attr-defined]
        body = Text(note.text)  # type: ignore[attr-defined]
        self._console.print(Padding(Group(head, Padding(body, (0, 0, 0, 2)), why), (0, 0, 0, 4)))


def _reader(audience: Audience) -> str:
    return "the agents, internally" if audience is Audience.AGENTS else "the requester"


def addresses(console: Console, liaison: str, stand_ins: Mapping[str, str]) -> None:
    console.print(f"Liaison            {liaison}/", highlight=False)
    for name, url in stand_ins.items():
        console.print(f"{name:<18} {url}/", highlight=False)


def show(conversation: Conversation, console: Console, zone: tzinfo) -> None:
    """A ticket's conversation twice: as an agent and as the requester sees it."""
    views = {"an agent": conversation.entries, "the requester": [e for e in conversation.entries if not e.internal]}
    for reader, entries in views.items():
        title = f"{conversation.key} as {reader} sees it: {conversation.title if reader == 'an agent' else ''}"
        lines = [_entry(e, zone) for e in entries] or [Text("Nothing was said.", "dim")]
        console.print(Panel(Group(*lines), title=title.rstrip(": "), title_align="left"))


def _entry(entry: Entry, zone: tzinfo) -> Text:
    head = f"{entry.at.astimezone(zone):%a %H:%M} {entry.author}{' (internal)' if entry.internal else ''}\n"
    return Text.assemble((head, "yellow" if entry.internal else "green"), entry.text, "\n")
