"""Snapshots as JSON text, and what can be said of two of them."""

from functools import lru_cache
from typing import Any

import orjson

from core.notes import Audience
from core.sightings import Snapshot, Unmapped
from core.tickets import Ticket

ALWAYS = frozenset({"site", "platform", "kind", "key", "id", "title"})
"""What a ticket cannot be without, and what lists show of it."""


def dump(snapshot: Snapshot) -> str:
    """Without what the platform did not say, which is most of a ticket; 0 and False are said."""
    told = {k: v for k, v in snapshot.ticket.to_dict().items() if v or v == 0 or k in ALWAYS}
    plain: dict[str, Any] = {
        "ticket": told,
        "served": snapshot.served,
        "why": snapshot.not_served_because,
        "sinks": sorted(snapshot.sinks),
        "unmapped": [[u.field, u.value] for u in snapshot.unmapped],
    }
    return orjson.dumps(plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS, default=str).decode()


def load(text: str | None) -> Snapshot | None:
    return _loaded(text) if text else None


@lru_cache(maxsize=256)
def _loaded(text: str) -> Snapshot:
    """One look at a ticket reads the same text several times."""
    plain = orjson.loads(text)
    return Snapshot(
        ticket=Ticket.from_dict(plain["ticket"]),
        served=plain["served"],
        not_served_because=plain["why"],
        sinks=frozenset(Audience(s) for s in plain["sinks"]),
        unmapped=tuple(Unmapped(*u) for u in plain["unmapped"]),
    )


def conflicting(one: Snapshot, other: Snapshot) -> bool:
    """Equal revision, other content: neither can be trusted, the record must be read."""
    return one.ticket.revision == other.ticket.revision and dump(one) != dump(other)


def settled_on(newest: Snapshot, before: Snapshot | None) -> Snapshot:
    """The newest snapshot with what the platform failed to say taken from before.

    An unmapped state or priority is missing, not a change.
    """
    if before is None:
        return newest
    kept = {
        name: getattr(before.ticket, name)
        for name in ("state", "priority", "opened_at")
        if not getattr(newest.ticket, name) and getattr(before.ticket, name)
    }
    if not kept:
        return newest
    return Snapshot(
        newest.ticket.evolve(**kept), newest.served, newest.not_served_because, newest.sinks, newest.unmapped
    )
