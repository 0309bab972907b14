"""What a template may read: typed values made from the ticket, the catalogue and the facts of the moment."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from core.decisions import Facts, Impact
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Kind, Ticket
from core.values import value
from rules.catalogue import Catalogue, Location, folded
from rules.progress import progress, state_in_words
from rules.spoken import Reader, zone_named
from rules.tongues import ENGLISH, Tongue, tongue

SAID_TO_ALL = frozenset(
    {
        *("service", "location", "window", "next_update", "promised", "since", "opened"),
        *("planned_start", "planned_end", "late", "reminder", "parent"),
        *("ticket", "progress", "affected_users"),
    }
)
SAID_TO_AGENTS = SAID_TO_ALL | {
    *("impacts", "requester", "requester_reads", "why_silent", "next_notice", "check_in", "key_users", "overrun")
}


# A platform's key, and nothing that only stands where a key should: it is said to customers as it is.
KEY = re.compile(r"[A-Z][A-Z0-9_]{0,19}-?[0-9]{1,12}")


def is_key(text: str) -> bool:
    return bool(KEY.fullmatch(text)) and text.isascii()


@value
class Said:
    """A time in words; the words are also what it reads as a whole."""

    text: str
    time: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Kin:
    """The ticket that speaks for this one; as a whole it reads as where its work stands."""

    progress: str
    next_update: Any

    def __str__(self) -> str:
        return self.progress


@dataclass(frozen=True)
class Spoken:
    """An impact statement as a template sees it; as a whole it reads as its statement."""

    id: str
    level: str
    statement: str

    def __str__(self) -> str:
        return self.statement


@dataclass(frozen=True)
class KeyUsers:
    """Who can tell whether a service works; as a whole it reads as how many they are."""

    text: str
    names: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Missing:
    """A value for which there is no honest stand-in. It counts as false, and notes when somebody prints it:
    an error raised here would be swallowed on the way through minijinja.
    """

    path: str
    asked: list[str] = field(repr=False)

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        self.asked.append(self.path)
        return ""

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("_"):
            raise AttributeError(name)
        return Missing(f"{self.path}.{name}", self.asked)


@value
class Scene:
    """Everything a message is made from. `asked` collects the missing values that the template printed."""

    catalogue: Catalogue
    ticket: Ticket
    audience: Audience
    facts: Facts
    zone: str
    impacts: Collection[Impact] = ()
    asked: list[str] = field(default_factory=list)
    language: str = ENGLISH

    def context(self, wanted: frozenset[str] | None = None) -> dict[str, Any]:
        """The values of the slot's vocabulary, and nothing besides; of those the wanted ones, where it says which."""
        names = SAID_TO_ALL if self.audience in CUSTOMER_FACING else SAID_TO_AGENTS
        return {name: getattr(self, f"_{name}")() for name in (names if wanted is None else names & wanted)}

    @cached_property
    def reader(self) -> Reader:
        """The reader's zone is the place's, else the site's; the latter is named where places differ."""
        place = self.catalogue.location_of(self.ticket)
        if place and place.timezone:
            return Reader(self.facts.now, place.timezone, language=self.language)
        elsewhere = {_zone(other) for other in self.catalogue.locations if other.timezone} - {self.zone}
        return Reader(self.facts.now, self.zone, names_zone=bool(elsewhere), language=self.language)

    @property
    def tongue(self) -> Tongue:
        return tongue(self.language)

    def _service(self) -> SimpleNamespace:
        service = self.catalogue.service_of(self.ticket)
        return SimpleNamespace(
            name=service.said("name", self.language) if service else self._nameless(),
            people_can=service.said("people_can", self.language) if service else "",
            workaround=service.said("workaround", self.language) if service else "",
        )

    def _location(self) -> SimpleNamespace:
        place = self.catalogue.location_of(self.ticket)
        return SimpleNamespace(name=place.said("name", self.language) if place else self._word("location"))

    def _affected_users(self) -> Any:
        """A count and nothing else: it comes from a field that people may have filled with words."""
        count: object = self.ticket.affected_users
        return count if type(count) is int and count > 0 else self._missing("affected_users")

    def _nameless(self) -> str:
        """A service the catalogue does not know: customers never read its raw name, agents do."""
        if self.audience in CUSTOMER_FACING:
            return self._word(f"service_of_{self._kind}")
        return self.ticket.service or self.ticket.ci or self._word("service_for_agents")

    def _window(self) -> Any:
        start, end = self.ticket.planned_start, self.ticket.planned_end
        return Said(self.reader.window(start, end)) if start and end and start < end else self._missing("window")

    def _next_update(self) -> Any:
        return self._promise("next_update", self.facts.next_update)

    def _promised(self) -> Any:
        return self._promise("promised", self.facts.promised)

    def _late(self) -> Any:
        return Said(self.reader.duration(self.facts.late)) if self.facts.late else self._missing("late")

    def _reminder(self) -> Any:
        due = self.facts.reminder
        return Said(self.reader.on(due), self.reader.time(due)) if due else self._missing("reminder")

    def _parent(self) -> Any:
        facts = self.facts
        if facts.parent is None:
            return self._missing("parent")
        # its reader is somebody else: "your report" would be wrong
        said = progress(facts.parent, Audience.CUSTOMERS, self.reader, facts.parent_since)
        return Kin(said, self._promise("parent.next_update", facts.parent_update))

    def _since(self) -> Any:
        since = self.facts.since
        return Said(self.reader.since_when(since), self.reader.time(since)) if since else self._missing("since")

    def _opened(self) -> Any:
        return self._fact("opened", self.ticket.opened_at)

    def _planned_start(self) -> Any:
        return self._fact("planned_start", self.ticket.planned_start)

    def _planned_end(self) -> Any:
        return self._fact("planned_end", self.ticket.planned_end)

    def _promise(self, name: str, moment: datetime | None) -> Any:
        return Said(self.reader.by(moment), self.reader.time(moment)) if moment else self._missing(name)

    def _fact(self, name: str, moment: datetime | None) -> Any:
        return Said(self.reader.at(moment), self.reader.time(moment)) if moment else self._missing(name)

    def _ticket(self) -> SimpleNamespace:
        ticket = self.ticket
        key = ticket.key if is_key(ticket.key) or self.audience not in CUSTOMER_FACING else self._word("key")
        state = state_in_words(ticket, self.language) or self._missing("ticket.state")
        seen = SimpleNamespace(key=key, kind=self._word(self._kind), state=state)
        if self.audience in CUSTOMER_FACING:
            return seen
        inside = ("title", "description", "priority", "group", "assignee", "location", "service", "hold_reason")
        raw = {name: getattr(ticket, name) for name in (*inside, "close_code", "url")}
        return SimpleNamespace(**vars(seen), **raw)

    def _impacts(self) -> tuple[Spoken, ...]:
        return tuple(Spoken(i.id, str(i.level), i.statement) for i in self.impacts)

    def _requester(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.ticket.requester.name)

    def _requester_reads(self) -> Any:
        return self.facts.requester_reads or self._missing("requester_reads")

    def _why_silent(self) -> Any:
        return self.facts.why_silent or self._missing("why_silent")

    def _next_notice(self) -> Any:
        return self._fact("next_notice", self.facts.next_notice)

    def _check_in(self) -> Any:
        return self._fact("check_in", self.facts.check_in)

    def _key_users(self) -> Any:
        """Of the ticket's place, where the catalogue names any there; else all of the service's."""
        service, place = self.catalogue.service_of(self.ticket), self.catalogue.location_of(self.ticket)
        by_place = {folded(name): people for name, people in service.key_users.items()} if service else {}
        here = next((by_place[n] for n in map(folded, (place.id, place.name)) if n in by_place), ()) if place else ()
        names = here or tuple(dict.fromkeys(name for people in by_place.values() for name in people))
        if not names:
            return self._missing("key_users")
        said = self.tongue.say("key_users", "one" if len(names) == 1 else "other")
        return KeyUsers(said.format(count=self.tongue.number(len(names))), ", ".join(names))

    def _overrun(self) -> Any:
        end = self.ticket.planned_end
        over = (self.ticket.actual_end or self.facts.now) - end if end else timedelta(0)
        return Said(self.reader.duration(over)) if over >= timedelta(minutes=1) else self._missing("overrun")

    def _progress(self) -> str:
        return self.facts.progress or progress(self.ticket, self.audience, self.reader, self.facts.since)

    @property
    def _kind(self) -> str:
        return str(Kind.CHANGE if self.ticket.kind == Kind.CHANGE else Kind.INCIDENT)

    def _word(self, name: str) -> str:
        return self.tongue.say("words", name)

    def _missing(self, name: str) -> Missing:
        return Missing(name, self.asked)


def _zone(place: Location) -> str:
    return zone_named(place.timezone).key
