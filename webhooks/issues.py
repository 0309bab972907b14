"""Which Jira issue an event concerns: `TicketRef.id` is its id as text."""

import re
from typing import Any

from core.sites import Site
from webhooks.identities import Body, ConcernsNoTicket, inside, plain, shown

EVENTS = frozenset(
    {"jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "comment_updated"}
)
"""manifest.yaml lists exactly these; a test holds the two together."""

ISSUE_ID = re.compile(r"[0-9]{1,19}")
ADDRESS = re.compile(r"/issue/([0-9]{1,19})(?:/|\Z)")
LONGEST_ADDRESS = 2000


def ticket_id(_site: Site, body: Body) -> str:
    """Raises ConcernsNoTicket."""
    event = body.get("webhookEvent")
    if event is not None and plain(event) not in EVENTS:
        raise ConcernsNoTicket(
            f"Liaison does not listen to the event {shown(event)}.",
            f"Nothing to do; the webhook may be limited to {', '.join(sorted(EVENTS))}.",
        )
    for found in candidates(body):
        if ISSUE_ID.fullmatch(found):
            return found
    raise ConcernsNoTicket(
        "There is no issue with a usable id in the event.",
        "Send Jira's own issue events, or the issue itself ('Issue data (Jira format)' in an Automation rule).",
    )


def candidates(body: Body) -> tuple[str, ...]:
    """Where the issue's id may stand, best first.

    Automation rules send the bare issue, with a numeric id; comment events of Server and Data Center name their
    issue in the address of the comment alone (captures in tests/payloads/jira).
    """
    bare = body if "issue" not in body and ("fields" in body or "key" in body) else {}
    issue = inside(body, "issue") or bare
    return plain(issue.get("id")), addressed(issue.get("self")), addressed(inside(body, "comment").get("self"))


def addressed(link: Any) -> str:
    found = ADDRESS.search(link[:LONGEST_ADDRESS]) if isinstance(link, str) else None
    return found[1] if found else ""
