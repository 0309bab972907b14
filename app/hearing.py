"""Words that no webhook brought: where to look for them, and which of those found are news. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.claims import Claim
from app.memory import Memory
from app.obeyed import commanding, obeyed
from core.notes import CUSTOMER_FACING
from core.sightings import Author, Comment, Snapshot
from core.sites import Site

SAME = timedelta(seconds=2)
"""The same words, told twice: a journal's row and its record's save need not be stamped in the same second."""


def look_back(claim: Claim, newest: Snapshot, site: Site, now: datetime) -> datetime | None:
    """Since when to look for words that were missed; None: not at all. `newest`: as it was read just now.

    A ticket that polling found: since it was last seen. A promise that is due: since it was made, for an agent
    who wrote meanwhile kept it, and saying "nothing new" after their words is worse than silence. Whoever writes saves
    the ticket: where nobody but us has saved it since, nobody wrote (decision 0016).
    """
    times = [p.made_at for p in claim.promises if p.due <= now and p.audience in CUSTOMER_FACING]
    if times and _untouched(claim.memory, newest, min(times)):
        times = []
    if any(delivery.polled for delivery in claim.deliveries):
        last = claim.newest.ticket.updated_at if claim.newest else None
        times.append(last or site.speak_from)
    return min(times, default=None)


def _untouched(memory: Memory, newest: Snapshot, since: datetime) -> bool:
    alone = memory.left_at is not None and memory.left_at <= since
    return alone and newest.ticket.revision == memory.left_as != ""


def news(claim: Claim, heard: Iterable[Comment], listed: Iterable[Comment]) -> tuple[Comment, ...]:
    """Public words that are not ours, and that neither this batch of webhooks nor an earlier one brought."""
    known = [c for c in heard if c.public]
    return tuple(c for c in listed if c.public and not _old(c, claim) and not any(_same(c, k) for k in known))


def orders(claim: Claim, heard: Iterable[Comment], listed: Iterable[Comment]) -> tuple[Comment, ...]:
    """Agents' commands that no webhook brought."""
    known = [c for c in heard if not c.public]
    found = (c for c in listed if commanding(c) and not obeyed(claim.memory, c))
    return tuple(c for c in found if not any(c.id == k.id or _same_words(c, k) for k in known))


def _same_words(one: Comment, other: Comment) -> bool:
    return _same(one, other) and one.text.split() == other.text.split()


def _old(comment: Comment, claim: Claim) -> bool:
    if comment.author is Author.LIAISON or comment.marker:
        return True
    memory = claim.memory
    spoke = {Author.AGENT: memory.agent_spoke_at, Author.CUSTOMER: memory.customer_spoke_at}.get(comment.author)
    return spoke is not None and comment.at <= spoke + SAME


def _same(one: Comment, other: Comment) -> bool:
    return one.id == other.id or (one.author is other.author and abs(one.at - other.at) <= SAME)
