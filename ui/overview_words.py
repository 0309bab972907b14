"""What the overview calls its lists, and what to do where one is empty."""

from collections.abc import Mapping, Sequence

from ui.overview_views import NO_SERVICE, Show, Sort

LISTS = {
    Show.OPEN: "Open tickets",
    Show.DUE: "Promises that fall due within the hour",
    Show.OVERDUE: "Overdue promises",
    Show.KEPT: "Promises that were kept in time",
    Show.KEPT_LATE: "Promises that were kept late",
    Show.MISSED: "Promises that were missed",
    Show.SAID: "Updates that went out to requesters",
    Show.HARD: "Updates that are hard to read",
    Show.HELPED: "Updates that helped, requesters say",
    Show.NOT_HELPED: "Updates that did not help, requesters say",
    Show.HURTS: "“This hurts us more than you think”",
    Show.DEAD: "Webhooks that could not be handled",
    Show.IN_DOUBT: "Notes that may or may not stand in their ticket",
    Show.REFUSED: "Notes that the platform refused",
    Show.STOPPED: "Notes that the guard stopped",
}
SHORT = {
    Show.DEAD: "set aside",
    Show.REFUSED: "refused by the platform",
    Show.STOPPED: "stopped by the guard",
    Show.IN_DOUBT: "in doubt",
}
COUNTED = {
    Show.OPEN: ("ticket", "tickets"),
    **dict.fromkeys((Show.DUE, Show.OVERDUE, Show.KEPT, Show.KEPT_LATE, Show.MISSED), ("promise", "promises")),
    **dict.fromkeys((Show.SAID, Show.HARD), ("update", "updates")),
    **dict.fromkeys((Show.HELPED, Show.NOT_HELPED, Show.HURTS), ("answer", "answers")),
    Show.DEAD: ("webhook", "webhooks"),
    **dict.fromkeys((Show.IN_DOUBT, Show.REFUSED, Show.STOPPED), ("note", "notes")),
}
TIMES = {
    Show.OPEN: "Opened",
    Show.DUE: "Next word by",
    Show.OVERDUE: "Next word was due",
    **dict.fromkeys((Show.KEPT, Show.KEPT_LATE, Show.MISSED), "Ended"),
    **dict.fromkeys((Show.SAID, Show.HARD), "Written"),
    **dict.fromkeys((Show.HELPED, Show.NOT_HELPED, Show.HURTS), "Said"),
    Show.DEAD: "Received",
    **dict.fromkeys((Show.IN_DOUBT, Show.REFUSED, Show.STOPPED), "Planned"),
}
WORDS = {
    Show.OPEN: "",
    Show.DUE: "",
    Show.KEPT: "",
    Show.HURTS: "",
    **dict.fromkeys((Show.OVERDUE, Show.KEPT_LATE, Show.MISSED), "What kept the word back"),
    **dict.fromkeys((Show.SAID, Show.HARD), "What it said"),
    **dict.fromkeys((Show.HELPED, Show.NOT_HELPED), "The update it is about"),
    **dict.fromkeys((Show.DEAD, Show.IN_DOUBT, Show.REFUSED, Show.STOPPED), "Why"),
}
"""What the column of words is called; `""` where there is none."""
NEXT = {
    Show.OVERDUE: "Open a ticket and say something in it: any word to the requester keeps the promise.",
    Show.DUE: "Liaison writes by itself at that time. An agent who writes first keeps the promise, too.",
    Show.HARD: "Shorter sentences and plainer words help. The rule's editor says which.",
    Show.NOT_HELPED: "Open a ticket to read what was missing, and write it to them.",
    Show.HURTS: "Open the ticket, look at its priority again, and write to them.",
    Show.DEAD: "Try it again once the reason is gone. Everything else goes on meanwhile.",
    Show.REFUSED: "Put right what the platform named, most often a permission. Then try again.",
    Show.STOPPED: "Write to the requester yourself, and correct the rule. Try again where the guard was wrong.",
    Show.IN_DOUBT: "Liaison looks these up by itself. If one stays for long, look into its ticket.",
}
EMPTY = {
    Show.OPEN: "No ticket is open here. One appears with its platform's first webhook about it.",
    Show.DUE: "No promise falls due within the hour.",
    Show.OVERDUE: "No promise is overdue. Everybody who waits for a word knows when it comes.",
    Show.KEPT: "No promise was kept in this time. One is made with Liaison's first word in a ticket.",
    Show.KEPT_LATE: "No promise was kept late in this time.",
    Show.MISSED: "No promise was missed in this time.",
    Show.SAID: "Nothing went out to requesters in this time.",
    Show.HARD: "Every update in this time was easy to read.",
    Show.HELPED: "Nobody said so in this time. Requesters find the buttons on the page that their link opens.",
    Show.NOT_HELPED: "Nobody said so in this time.",
    Show.HURTS: "Nobody said so in this time.",
    Show.DEAD: "Every webhook was handled.",
    Show.IN_DOUBT: "No note is in doubt.",
    Show.REFUSED: "No note was refused.",
    Show.STOPPED: "No note was stopped.",
}
SORTS = {
    Sort.WORST: "worst impact first",
    Sort.NEWEST: "newest first",
    Sort.OLDEST: "oldest first",
    Sort.TICKET: "by ticket",
    Sort.SERVICE: "by service",
    Sort.PRIORITY: "by priority",
}
LEVELS = {"high": "High impact", "medium": "Medium impact", "low": "Low impact", "none": "No impact stated"}
KINDS = {"high": "alarm", "medium": "warm", "low": "", "none": ""}
BY_DAY = (Show.KEPT, Show.KEPT_LATE, Show.MISSED)
BY_SERVICE = (Show.OPEN, *BY_DAY, Show.SAID, Show.HARD)
TRIED_AGAIN = {
    Show.DEAD: "The webhook is handled again.",
    Show.REFUSED: "The note is written again.",
    Show.STOPPED: "The note goes to the guard again.",
}
COLUMNS = ("Ticket", "Site", "Title", "Service", "Priority", "Level", "Impact", "Time (UTC)", "Words", "Reading grade")


def number(show: Show, count: int) -> str:
    """As "1 ticket", "1,204 tickets"."""
    one, many = COUNTED[show]
    return f"{count:,} {one if count == 1 else many}"


def level(given: str) -> str:
    """A level as addresses have it."""
    return given or "none"


def periods(days: Sequence[int]) -> list[tuple[int, str]]:
    """As choices of a form."""
    return [(number, f"{number} days") for number in days]


def sites(names: Sequence[str]) -> list[tuple[str, str]]:
    return [("", "all sites"), *((name, name) for name in names)]


def service(names: Mapping[str, str], chosen: str) -> str:
    """As a heading says it; `""` where none is chosen."""
    return "no service of the catalogue" if chosen == NO_SERVICE else names.get(chosen, chosen)


def services(names: Mapping[str, str], chosen: str) -> list[tuple[str, str]]:
    named = sorted(names.items(), key=lambda pair: pair[1].casefold())
    left = [(chosen, f"{chosen}, no longer in the catalogue")] if chosen not in {"", NO_SERVICE, *names} else []
    return [("", "all services"), *named, *left, (NO_SERVICE, "not in the catalogue")]


def levels() -> list[tuple[str, str]]:
    return [("", "any impact"), *LEVELS.items()]


def orders(sorts: Sequence[Sort]) -> list[tuple[Sort, str]]:
    return [(sort, SORTS[sort]) for sort in sorts]
