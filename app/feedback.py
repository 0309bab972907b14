"""What requesters say on their page about our updates: an internal note for the agents, and a row that is counted."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from app import journal, letters, tables
from app.engine import Engine
from app.journal import Entry, What
from app.links import Link
from app.plans import NotePlan, Pledge
from app.store import Store, Transaction
from core.decisions import Message
from core.moments import MomentKind
from core.notes import Audience, NoteState, Paragraph, Style, note_id
from core.tickets import TicketRef
from core.times import iso
from rules.tongues import ENGLISH, tongue
from ui.timeline_views import LONGEST, Verdict

F, N = tables.feedback, tables.notes
RULE = "requester page"
ERASED = "What the requester wrote here was erased."
MOST = 10
"""Of one link within an hour: nobody floods a ticket."""
WITHIN = timedelta(hours=1)
BLANKS = re.compile(r"[^\S\n]+")
LINES = re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class Said:
    """`about`: the id of the update, `""` for the ticket; `at`: when it was written, as "14:05 today".

    `language`: the site's, which its agents read.
    """

    verdict: Verdict
    words: str = ""
    about: str = ""
    at: str = ""
    language: str = ENGLISH

    @property
    def told(self) -> str:
        """To the agents, and what they may do about it."""
        own = partial(tongue(self.language).say, "feedback")
        which = own("of").format(at=self.at)
        return f"{own(self.verdict).format(which=which)} {own(f'{self.verdict}_next')}".strip()


def take(store: Store, engine: Engine, link: Link, said: Said, now: datetime) -> bool:
    """Keep it, and plan the note; whether there was room for it. The same said twice is said once."""
    taken = store.write(lambda tx: _take(tx, engine, link, said, now))
    engine.nudge()
    return taken


def _take(tx: Transaction, engine: Engine, link: Link, said: Said, now: datetime) -> bool:
    ref = link.ref
    identity = _identity(link, said)
    if tx.execute(select(F.c.id).where(F.c.id == identity)).first():
        return True
    recent = select(func.count()).where(F.c.link == link.id, F.c.at > iso(now - WITHIN))
    if tx.execute(recent).scalar_one() >= MOST:
        return False
    mine = {"id": identity, "site": ref.site, "ticket_id": ref.id}
    tx.execute(upsert(F).values(**mine, link=link.id, note_id=said.about, verdict=said.verdict, at=iso(now)))
    tx.execute(upsert(N).values(**mine, **_note(said, now, identity)).on_conflict_do_nothing())
    journal.write(tx, ref, now, [Entry(What.HEARD, reason=said.verdict, note_id=said.about)])
    engine.wake(tx, ref)
    return True


def _identity(link: Link, said: Said) -> str:
    occurrence = "\x1f".join(("page", str(link.id), said.about, said.verdict, said.words))
    return note_id(link.ref, MomentKind.ANSWERED, Audience.AGENTS, occurrence)


def _note(said: Said, now: datetime, identity: str) -> dict[str, str]:
    message = Message(Audience.AGENTS, MomentKind.ANSWERED, RULE, "", "")
    literal = "\n\n".join(filter(None, (said.told, said.words)))
    return {
        "moment": MomentKind.ANSWERED,
        "occurrence": f"page-{identity}",
        "audience": Audience.AGENTS,
        "state": NoteState.PLANNED,
        "plan": NotePlan(message, Pledge.NONE, now, literal=literal).dumps(),
        "rule": RULE,
        "planned_at": iso(now),
    }


def paragraphs(literal: str, language: str) -> tuple[Paragraph, ...]:
    """The note as agents read it: ours first, then what the requester wrote, as a quotation."""
    told, *words = letters.paragraphs(literal)
    quoted = (Paragraph(paragraph.text, Style.QUOTE) for paragraph in words)
    return (told, *quoted, Paragraph(tongue(language).say("feedback", "from"), Style.SMALL))


def cleaned(text: str) -> str:
    """What they wrote, without what cannot be seen, blank lines and mentions; at most `LONGEST` letters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else " " for c in lines)
    words = LINES.sub("\n", BLANKS.sub(" ", seen)).strip()[:LONGEST]
    return words.replace("[~", "(~")


def of_link(connection: Connection, link: Link) -> dict[str, Verdict]:
    """What was said by this link about which update."""
    rows = connection.execute(select(F.c.note_id, F.c.verdict).where(F.c.link == link.id).order_by(F.c.at))
    return {row.note_id: Verdict(row.verdict) for row in rows if row.note_id}


def counted(connection: Connection, since: datetime) -> dict[tuple[TicketRef, Verdict], int]:
    """How often requesters said what about which ticket since then."""
    query = select(F.c.site, F.c.ticket_id, F.c.verdict, func.count()).where(F.c.at >= iso(since))
    rows = connection.execute(query.group_by(F.c.site, F.c.ticket_id, F.c.verdict))
    return {(TicketRef(site, identity), Verdict(verdict)): number for site, identity, verdict, number in rows}
