"""Every name a template may use, once: check, the docs and the trial rendering all read it from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from core.notes import CUSTOMER_FACING, Audience


@dataclass(frozen=True)
class Name:
    """A dotted name as a template writes it. `optional`: it can be missing, so a text asks `{% if … %}` first."""

    path: str
    meaning: str
    example: str
    optional: bool = False


FOR_EVERYBODY = (
    Name(
        "service.name",
        "the catalogue's name, or “the service you reported” (“one of our services”)",
        "card payments",
    ),
    Name("service.people_can", "what people do with it; may be empty", "pay by card"),
    Name("service.workaround", "what to do meanwhile; may be empty", "You can pay in cash or with vouchers."),
    Name("location.name", "the catalogue's name, or “your location”", "Berlin Mitte"),
    Name("ticket.key", "the ticket's own key", "INC0012345"),
    Name("ticket.kind", "“report” for an incident, “change”", "report"),
    Name("ticket.state", "the state in words", "being worked on"),
    Name("progress", "one honest sentence about where the work stands", "We are looking for the cause."),
    Name("next_update", "as next_update.text; ask whether there is one", "by 14:30 today", optional=True),
    Name("next_update.text", "when the next word comes", "by 14:30 today", optional=True),
    Name("next_update.time", "its time alone", "14:30", optional=True),
    Name("promised", "as promised.text; ask whether there was one", "by 14:00 today", optional=True),
    Name("promised.text", "the time promised before this message", "by 14:00 today", optional=True),
    Name("promised.time", "its time alone", "14:00", optional=True),
    Name("late", "by how much a promised update is late; ask whether it is", "40 minutes", optional=True),
    Name("reminder", "as reminder.text; ask whether there is one", "on Friday at 10:00", optional=True),
    Name("reminder.text", "when the requester is reminded of our question", "on Friday at 10:00", optional=True),
    Name(
        "parent",
        "as parent.progress; ask whether a parent ticket speaks",
        "We are looking for the cause.",
        optional=True,
    ),
    Name("parent.progress", "one honest sentence about where its work stands", "We are looking for the cause."),
    Name("parent.next_update", "when its requester hears next; ask first", "by 14:30 today", optional=True),
    Name("since", "as since.text", "14:05 today", optional=True),
    Name("since.text", "since when it is in this state", "14:05 today", optional=True),
    Name("opened", "as opened.text", "13:50 today", optional=True),
    Name("opened.text", "when it was reported", "13:50 today", optional=True),
    Name("planned_start", "as planned_start.text", "02:00 on Sunday 22 November", optional=True),
    Name("planned_start.text", "when a change starts", "02:00 on Sunday 22 November", optional=True),
    Name("planned_start.time", "its time alone", "02:00", optional=True),
    Name("planned_end", "as planned_end.text", "04:00 on Sunday 22 November", optional=True),
    Name("planned_end.text", "when a change ends", "04:00 on Sunday 22 November", optional=True),
    Name("planned_end.time", "its time alone", "04:00", optional=True),
    Name("window", "as window.text", "Sunday 22 November, 02:00 to 04:00 (Berlin time)", optional=True),
    Name("window.text", "from when to when", "Sunday 22 November, 02:00 to 04:00 (Berlin time)", optional=True),
    Name("affected_users", "how many people are affected", "300", optional=True),
)

FOR_AGENTS = (
    Name("ticket.title", "as the platform has it; may be empty", "Card declined"),
    Name("ticket.description", "as the platform has it; may be empty", "Since 13:45 every card is declined."),
    Name("ticket.priority", "P1 to P5; may be empty", "P1"),
    Name("ticket.group", "may be empty", "Payments"),
    Name("ticket.assignee", "may be empty", "Ada Wong"),
    Name("ticket.location", "as the platform has it; may be empty", "BER-01"),
    Name("ticket.service", "as the platform has it; may be empty", "CARD-GW-PROD"),
    Name("ticket.hold_reason", "requester, vendor, problem, change or evidence; may be empty", "vendor"),
    Name("ticket.close_code", "as the platform has it; may be empty", "Solved (Permanently)"),
    Name("ticket.url", "where agents open it; may be empty", "the ticket's address"),
    Name("impacts", "the business-impact statements, for `{% for impact in impacts %}`", "", optional=True),
    Name("requester.name", "may be empty", "Eva Brandt"),
    Name("next_notice", "as next_notice.text", "02:00 tomorrow", optional=True),
    Name("next_notice.text", "when people are next reminded of a change", "02:00 tomorrow", optional=True),
    Name("next_notice.time", "its time alone", "02:00", optional=True),
    Name("check_in", "as check_in.text", "09:00 on Monday 23 November", optional=True),
    Name("check_in.text", "when people are asked whether all is well", "09:00 on Monday 23 November", optional=True),
    Name("check_in.time", "its time alone", "09:00", optional=True),
    Name("key_users", "as key_users.text", "3 key users", optional=True),
    Name("key_users.text", "how many people can tell whether the service works", "3 key users", optional=True),
    Name("key_users.names", "who they are", "Ada Wong, Eva Brandt", optional=True),
    Name("overrun", "as overrun.text", "40 minutes", optional=True),
    Name("overrun.text", "by how much a change is, or was, late", "40 minutes", optional=True),
    Name("requester_reads", "the words the requester reads at this moment", "We are on it.", optional=True),
    Name(
        "why_silent",
        "why the requester is told nothing at this moment; ask whether it is so",
        "The requester is told when their quiet hours end.",
        optional=True,
    ),
)

IMPACT = ("statement", "level", "id")
LOOP = ("index", "first", "last", "length")
ITERABLE = frozenset({"impacts"})
FILTERS = {
    "capitalize": "the first letter large, the rest as it is",
    "lower": "all letters small",
    "upper": "all letters large",
    "trim": "without blanks at the ends",
    "join": "a list as one text, joined by the argument",
    "length": "how many",
    "default": "the argument where the value is missing or empty",
}


def names_for(audience: Audience | str) -> Mapping[str, Name]:
    """The vocabulary of a slot, by dotted name. Only agents may read the ticket's own words."""
    names = FOR_EVERYBODY if audience in CUSTOMER_FACING else FOR_EVERYBODY + FOR_AGENTS
    return {name.path: name for name in names}


def did_you_mean(wrong: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """A sentence with the nearest known name; `""` where nothing is near."""
    near = get_close_matches(wrong, list(known), n=1, cutoff=0.7)
    return f"Did you mean {near[0]}?" if near else ""
