"""What agents order in their panel: kept like a delivery, and attended to as the internal comment it stands for. Pure.

So an order takes the very way of a `/liaison` command, and works once however often it is sent.
"""

import html
import re
from datetime import datetime
from hashlib import sha256

import orjson

from app.commands import MOST, Verb
from core.errors import PayloadError
from core.sightings import ORDERED, Author, Comment, Delivery
from core.tickets import TicketRef

PANEL = "panel-"
"""How the id begins of a comment that stands for an order."""
LINES = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
ONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
LONGEST = 4000


def command(verb: Verb, text: str) -> str:
    """As an agent types it into a comment. Each line of words is a paragraph; whatever else they hold stays words."""
    lines = [" ".join(line.split()) for line in LINES.split(text[:LONGEST])]
    said = [line for line in lines if line] or [""]
    if verb is not Verb.SAY:
        said = [" ".join(said)]
    return "\n".join(f"/liaison {verb} {html.escape(line)}".rstrip() for line in said)


def too_many_lines(text: str) -> bool:
    return text.count("\n") >= MOST


def delivery(ref: TicketRef, once: str, text: str, who: tuple[str, str], now: datetime) -> Delivery:
    """`once` comes with the form: what is sent again with it is known. `who`: the agent's id and name.

    Raises ValueError for a `once` that no form of ours holds.
    """
    if not ONCE.fullmatch(once):
        raise ValueError("no form of ours holds this.")
    # the words belong to it: a form that was changed and sent again is another order
    digest = sha256("\x1f".join((ref.site, ref.id, who[0], text)).encode()).hexdigest()[:16]
    identity = f"{PANEL}{once}-{digest}"
    body = {"id": identity, "who": who[0], "name": who[1], "text": text}
    return Delivery(ref.site, f"{ORDERED}{identity}", ref.id, orjson.dumps(body), now)


def comment(body: bytes, at: datetime) -> Comment:
    """Raises PayloadError."""
    try:
        plain = orjson.loads(body)
        identity, who, name, text = (str(plain[part]) for part in ("id", "who", "name", "text"))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise PayloadError("an order of the panel cannot be read.") from error
    return Comment(identity, at, Author.AGENT, who, public=False, text=text, author_name=name)


def from_panel(identity: str) -> bool:
    return identity.startswith(PANEL)
