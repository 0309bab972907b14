"""The journal: what was said, and for each moment that stayed silent, the named reason."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert

from app import tables
from app.prepared import Prepared
from app.store import Transaction
from core.decisions import Reason
from core.tickets import TicketRef
from core.times import iso
from core.values import value

J = tables.journal
WRITE = Prepared(insert(J).values({name: bindparam(name) for name in J.c.keys() if name != "id"}))  # noqa: SIM118


class What(StrEnum):
    SAID = "said"
    SILENT = "silent"
    PROMISED = "promised"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    MISSED = "missed"  # a promise ended, and no word had come in time
    FAILED = "failed"  # a note was refused, stopped or is in doubt: a person may have to act
    DECIDED = "decided"  # by a named person
    FOUND = "found"  # a note in doubt stood in the ticket after all
    HEARD = "heard"  # what the requester said of our words; `reason` is their verdict, `note_id` the words


@value
class Entry:
    """One line. `detail` is a sentence for a person; never a customer's or an agent's free text."""

    what: What
    moment: str = ""
    audience: str = ""
    reason: Reason | str = ""
    detail: str = ""
    rule: str = ""
    note_id: str = ""
    rule_set: str = ""


def silent(
    reason: Reason, detail: str = "", *, moment: str = "", audience: str = "", rule: str = "", rule_set: str = ""
) -> Entry:
    return Entry(What.SILENT, moment, audience, reason, detail, rule, rule_set=rule_set)


def write(tx: Transaction, ref: TicketRef, at: datetime, entries: list[Entry]) -> None:
    for entry in entries:
        WRITE.run(tx, at=iso(at), site=ref.site, ticket_id=ref.id, **_row(entry))


def _row(entry: Entry) -> dict[str, str]:
    names = ("what", "moment", "audience", "reason", "detail", "rule", "note_id", "rule_set")
    return {name: str(getattr(entry, name)) for name in names}
