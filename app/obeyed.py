"""Which comments with commands were attended to: each works once, however often and by whatever way it is seen."""

from datetime import timedelta
from hashlib import sha256

from app.commands import has_commands, plain
from app.memory import Memory
from core.sightings import Author, Comment
from core.times import from_iso, iso

KEPT = 100
"""Comments with commands that a ticket remembers; older ones are too old to be obeyed."""
SAME = timedelta(seconds=2)
"""A journal's row and its record's save need not be stamped in the same second, and have ids of their own."""
EDIT = "edit:"


def commanding(comment: Comment) -> bool:
    """Whether it is an agent's internal comment with commands. Never one whose readers or author are not known."""
    internal = comment.author is Author.AGENT and comment.public is False and not comment.marker
    return internal and has_commands(comment.text)


def obeyed(memory: Memory, comment: Comment) -> bool:
    return any(_same(comment, *line.split(" ", 2)) for line in memory.commands)


def _same(comment: Comment, at: str, words: str, identity: str) -> bool:
    if identity in {comment.id, _name(comment)}:
        return True
    return not comment.edited and words == _words(comment) and abs(from_iso(at) - comment.at) <= SAME


def remember(memory: Memory, comment: Comment) -> None:
    words = "-" if comment.edited else _words(comment)
    memory.commands = [*memory.commands, f"{iso(comment.at)} {words} {_name(comment)}"][-KEPT:]


def _name(comment: Comment) -> str:
    return f"{EDIT}{comment.id}" if comment.edited else comment.id


def _words(comment: Comment) -> str:
    return sha256(" ".join(plain(comment.text).split()).encode()).hexdigest()[:16]
