"""What Liaison remembers of a note that stands in the ticket, in earnest and in a rehearsal alike. Pure."""

from datetime import datetime

from app.memory import Memory
from core.moments import MomentKind
from core.notes import Written


def agents_told(memory: Memory, moment: str, comment_id: str, meaning: str) -> None:
    """An answer to a command is a note of its own, beside the living one."""
    if moment != MomentKind.ANSWERED:
        memory.living_comment, memory.agents_meaning = comment_id, meaning


def reader_told(memory: Memory, moment: str, text: str, due: datetime | None, now: datetime) -> None:
    """`due`: the time that the words promise."""
    memory.told, memory.told_at = text, now
    memory.holding = memory.holding + 1 if moment == MomentKind.UPDATE_DUE else 0
    if due == memory.next_at:
        memory.next_at = None


def left(memory: Memory, written: Written, now: datetime) -> None:
    """How the ticket stands after our note."""
    if not (written.alone and memory.left_at):
        memory.left_at = now
    memory.left_as = written.revision
