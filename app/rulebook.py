"""The rules in force: loaded, asked, and replaced only by rules that load without errors."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import rules
from core.appointments import Appointment, Course
from core.decisions import Cadence, Decision, Facts, Impact, Message, Words
from core.errors import RulesError
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.sites import Site
from core.tickets import Ticket
from rules.budgets import budget_on
from rules.cache import Cache
from rules.dictation import advice_on, leak_in
from rules.language import Budget
from rules.quiet import Quiet, quiet_at
from rules.spoken import Reader
from rules.tongues import ENGLISH, tongue
from rules.whereabouts import language_of

log = logging.getLogger("liaison.rules")


class Rulebook:
    """`paths` are rules files or folders; the shipped packs always stand below them. `zones` and `languages`: of the
    sites, by name, for people whose own are not known. `kept`: a folder for what takes long to read. Raises
    RulesError.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        zones: Mapping[str, str] | None = None,
        languages: Mapping[str, str] | None = None,
        kept: Path | None = None,
    ) -> None:
        self._cache = Cache(kept) if kept else None
        self._paths, self._zones, self._languages = tuple(paths), zones or {}, languages or {}
        self._loading = threading.Lock()
        self._stamp = self._files()
        self.current = rules.load(self._paths, cache=self._cache)
        self.problem = ""

    def reload(self) -> bool:
        """Look for changed files, and whether there are any; broken ones never replace working rules."""
        with self._loading:  # whoever began to read later has read the newer files
            stamp = self._files()
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            self._load()
            return True

    def _load(self) -> None:
        try:
            self.current, self.problem = rules.load(self._paths, cache=self._cache), ""
            log.info("Rules reloaded: %s rules, set %s.", len(self.current.rules), self.current.hash[:12])
        except RulesError as error:
            self.problem = str(error)
            log.error("The changed rules are not used, the old ones stay. %s", error)  # noqa: TRY400 - a user's mistake

    def decide(self, ticket: Ticket, moment: Moment, now: datetime, held: tuple[str, ...] = ()) -> Decision:
        book = self.current
        zone, language = self._zones.get(ticket.site, "UTC"), self._languages.get(ticket.site, ENGLISH)
        return rules.decide(book, book.catalogue, ticket, moment, now, held=held, zone=zone, language=language)

    def seals(self, ticket: Ticket, now: datetime, held: tuple[str, ...] = ()) -> bool:
        """Whether a gate holds the ticket silent for everybody."""
        return self.decide(ticket, Moment(MomentKind.UPDATE_DUE, "", now), now, held).sealed

    def appointments(
        self, ticket: Ticket, earlier: Ticket | None, now: datetime, course: Course
    ) -> tuple[Appointment, ...]:
        """`earlier`: the ticket as last attended to."""
        book, zone = self.current, self._zones.get(ticket.site, "UTC")
        return rules.appointments(book, book.catalogue, ticket, now, course=course, earlier=earlier, zone=zone)

    def render(
        self, message: Message, ticket: Ticket, moment: Moment, facts: Facts, site: Site, impacts: Sequence[Impact] = ()
    ) -> Words:
        book = self.current
        return rules.render(
            book,
            book.catalogue,
            message,
            ticket,
            moment,
            facts,
            zone=site.timezone,
            impacts=impacts,
        )

    def next_due(self, cadence: Cadence, ticket: Ticket, made_at: datetime, site: Site) -> datetime:
        due = rules.next_due(self.current, cadence, ticket, made_at=made_at, first=False, zone=site.timezone)
        quiet = self.quiet(Audience.REQUESTER, ticket, due, site)
        return quiet.until if quiet else due

    def quiet(self, audience: Audience, ticket: Ticket, at: datetime, site: Site) -> Quiet | None:
        """The quiet hours of an audience at a time, None where it may be spoken to."""
        return quiet_at(self.current, ticket, audience, at, site.timezone)

    def budget(self, ticket: Ticket, moment: Moment, now: datetime, site: Site) -> Budget | None:
        """What limits the words to the requester of a ticket at a moment, None where nothing does."""
        return budget_on(self.current, ticket, moment, now, site.timezone)

    @property
    def budgeted(self) -> timedelta | None:
        """As far back as messages count; None where there is no budget."""
        return self.current.budget.within if self.current.budget else None

    def shipped(self) -> frozenset[str]:
        """The rules that Liaison brings along, by id."""
        return self.current.shipped

    def phrases(self, language: str = ENGLISH) -> Mapping[str, str]:
        """What agents may pick, by name, as it is said to a reader of that language."""
        return {name: phrase.text(language) for name, phrase in self.current.phrases.items()}

    def phrase(self, name: str, language: str) -> str:
        """A phrase as part of a message in that language, `""` where there is none."""
        known = self.current.phrases.get(name)
        return known.said_in(language) if known else ""

    def language(self, ticket: Ticket, site: Site) -> str:
        """What the requester reads, as far as Liaison speaks it."""
        wanted = language_of(self.current.catalogue, ticket, Audience.REQUESTER, site.language)
        return tongue(wanted).code

    def sentence(self, name: str, due: datetime, now: datetime, ticket: Ticket, site: Site, language: str) -> str:
        """One of Liaison's own about a promise: `next`, when the next word comes; `late`, that one has not come."""
        reader = replace(self._reader(now, ticket, site), language=language)
        return tongue(language).say("sentences", name).format(by=reader.by(due))

    def leak(self, text: str, ticket: Ticket) -> str:
        """What the guard finds in an agent's own words to a customer."""
        return leak_in(self.current, text, ticket.key)

    def advice(self, text: str, ticket: Ticket) -> tuple[str, ...]:
        """How an agent could have said it better."""
        return tuple(advice_on(self.current, text, ended=ticket.ended))

    def zone(self, ticket: Ticket, site: Site) -> str:
        """In which the ticket's people read the clock."""
        place = self.current.catalogue.location_of(ticket)
        return (place.timezone if place else "") or site.timezone

    def due_text(self, due: datetime, now: datetime, ticket: Ticket, site: Site) -> str:
        """As "by 14:30 today", for agents, in the zone in which the requester reads it."""
        return self._reader(now, ticket, site).by(due)

    def clock_text(self, at: datetime, now: datetime, ticket: Ticket, site: Site) -> str:
        """As "14:05 today", for agents, in the zone in which the requester reads it."""
        return self._reader(now, ticket, site).at(at)

    def appointment_text(self, at: datetime, now: datetime, ticket: Ticket, site: Site) -> str:
        """As "on Friday at 10:00", for agents, in the zone in which the requester reads it."""
        return self._reader(now, ticket, site).on(at)

    def time_text(self, at: datetime, now: datetime, ticket: Ticket, site: Site) -> str:
        """As "14:05", in the zone in which the requester reads it."""
        return self._reader(now, ticket, site).time(at)

    def _reader(self, now: datetime, ticket: Ticket, site: Site) -> Reader:
        return Reader(now, self.zone(ticket, site), language=site.language)

    def _files(self) -> tuple[tuple[str, int, int], ...]:
        found = [f for path in self._paths for f in ([path] if path.is_file() else sorted(path.rglob("*.y*ml")))]
        return tuple(_stamp(file) for file in found)


def _stamp(file: Path) -> tuple[str, int, int]:
    """Zeros for what is gone or leads nowhere: editors leave such files beside the one under edit."""
    try:
        found = file.stat()
    except OSError:
        return str(file), 0, 0
    return str(file), found.st_mtime_ns, found.st_size
