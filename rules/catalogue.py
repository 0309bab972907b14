"""What the business calls its services and places, and how a ticket's raw names find them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.errors import Problem, Severity
from core.tickets import Ticket
from rules.guard import leaks
from rules.tells import Tell
from rules.tongues import exactly

ANY_PLATFORM = ""
Words = Mapping[str, Mapping[str, str]]
"""What is said in several languages: by field, then by language."""
Where = tuple[str, int, int]
Spots = Mapping[tuple[str, ...], tuple[int, int]]
"""Line and column of what an entry says, by the keys that lead there and its text."""


@dataclass(frozen=True)
class Crowd:
    """People who use a service. `people`: about how many, 0 where nobody knows; `hours` is a calendar's name."""

    name: str
    people: int = 0
    hours: str = ""


@dataclass(frozen=True)
class Service:
    """`name` is the only name a customer ever reads; `aliases` are raw names by platform (`servicenow`, `jira`).

    `people_can` completes "you can …" ("pay by card"); `workaround` is one or more whole sentences. `needs`
    are the ids of what it rests on; `liaisons` speak for departments and `key_users` for places, to agents alone.
    """

    id: str
    name: str
    people_can: str = ""
    workaround: str = ""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    audiences: tuple[Crowd, ...] = ()
    liaisons: Mapping[str, str] = field(default_factory=dict)
    key_users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: Where = ("", 0, 0)
    words: Words = field(default_factory=dict)
    spots: Spots = field(default_factory=dict, repr=False, compare=False)

    @property
    def people(self) -> int:
        """About how many use it."""
        return sum(crowd.people for crowd in self.audiences)

    def said(self, what: str, language: str) -> str:
        """`name`, `people_can` or `workaround` in a language; in the plain one where it is not there."""
        return in_language(self.words, what, language) or str(getattr(self, what))


@dataclass(frozen=True)
class Location:
    """Where people are. `timezone` is an IANA name; `country` and `region` tell its holidays; `hours` is a calendar's
    name; `aliases` hold on every platform.
    """

    id: str
    name: str
    timezone: str = ""
    country: str = ""
    region: str = ""
    language: str = ""
    hours: str = ""
    aliases: tuple[str, ...] = ()
    where: Where = ("", 0, 0)
    words: Words = field(default_factory=dict)
    spots: Spots = field(default_factory=dict, repr=False, compare=False)

    def said(self, what: str, language: str) -> str:
        """`name` in a language; in the plain one where it is not there."""
        return in_language(self.words, what, language) or str(getattr(self, what))


def spot(owner: "Service | Location", *path: str) -> Where:
    """Where the text at the end of a path stands: as it is written, or folded. The entry itself where nobody knows."""
    *keys, text = path
    for known, at in owner.spots.items():
        if list(known[: len(keys)]) == keys and text in (known[-1], folded(known[-1])):
            return owner.where[0], *at
    return owner.where


def in_language(words: Words, what: str, language: str) -> str:
    return exactly(language, words.get(what, {})) or ""


def every(owner: "Service | Location", what: str) -> tuple[str, ...]:
    """All that is said for it, in whatever language."""
    return tuple(dict.fromkeys((str(getattr(owner, what)), *owner.words.get(what, {}).values())))


@dataclass(frozen=True)
class Catalogue:
    """Lookups are exact and case-folded, by id, name or the platform's own aliases; never by similarity."""

    services: tuple[Service, ...] = ()
    locations: tuple[Location, ...] = ()

    def service_of(self, ticket: Ticket) -> Service | None:
        """The ticket's service: by its service, then its configuration item, then its components. None: no hit."""
        for raw in (ticket.service, ticket.ci, *ticket.components) if self.services else ():
            found = self.service_named(raw, ticket.platform)
            if found:
                return found
        return None

    def location_of(self, ticket: Ticket) -> Location | None:
        """Where the people of this ticket are: the ticket's location, else the requester's."""
        for raw in (ticket.location, ticket.requester.location) if self.locations else ():
            found = self.location_named(raw)
            if found:
                return found
        return None

    def location_named(self, raw: str) -> Location | None:
        found = self._locations.get(folded(raw))
        return found[0] if found else None

    def needing(self, service: str) -> tuple[Service, ...]:
        """The services that rest on this one, by id."""
        return self._needing.get(service, ())

    def service_named(self, raw: str, platform: str = ANY_PLATFORM) -> Service | None:
        hits = self._services.get((ANY_PLATFORM, folded(raw))) or self._services.get((platform, folded(raw)))
        return hits[0] if hits else None

    @cached_property
    def named(self) -> Mapping[str, Mapping[str, str]]:
        """Every name by which a service, or a location, is found: folded, to the id of one that has it."""
        services = {name: found[0].id for (_, name), found in self._services.items()}
        return {"service": services, "location": {name: found[0].id for name, found in self._locations.items()}}

    @cached_property
    def _needing(self) -> Mapping[str, tuple[Service, ...]]:
        index: dict[str, tuple[Service, ...]] = {}
        for service in sorted(self.services, key=lambda s: s.id):
            for need in dict.fromkeys(service.needs):
                index[need] = (*index.get(need, ()), service)
        return index

    @cached_property
    def _services(self) -> Mapping[tuple[str, str], tuple[Service, ...]]:
        index: dict[tuple[str, str], tuple[Service, ...]] = {}
        for service in sorted(self.services, key=lambda s: s.id):
            for key in names_of_service(service):
                index[key] = (*index.get(key, ()), service)
        return index

    @cached_property
    def _locations(self) -> Mapping[str, tuple[Location, ...]]:
        index: dict[str, tuple[Location, ...]] = {}
        for location in sorted(self.locations, key=lambda place: place.id):
            names = (location.id, *every(location, "name"), *location.aliases)
            for key in sorted({folded(raw) for raw in names} - {""}):
                index[key] = (*index.get(key, ()), location)
        return index


def folded(raw: str) -> str:
    return " ".join(raw.split()).casefold()


def names_of_service(service: Service) -> Iterator[tuple[str, str]]:
    """Every (platform, folded name) under which a service is found, each once."""
    keys = {(ANY_PLATFORM, folded(name)) for name in (service.id, *every(service, "name"))}
    for platform, aliases in service.aliases.items():
        keys |= {(platform.casefold(), folded(alias)) for alias in aliases}
    yield from sorted(key for key in keys if key[1])


def problems(catalogue: Catalogue, more: tuple[Tell, ...] = ()) -> tuple[Problem, ...]:
    """Names that find two services or two places, and names that the leak guard would stop in every message."""
    return (*_double_services(catalogue), *_double_locations(catalogue), *_unspeakable(catalogue, more))


def _double_services(catalogue: Catalogue) -> Iterator[Problem]:
    index = catalogue._services  # noqa: SLF001 - the same module
    for (platform, name), hits in index.items():
        others = index.get((ANY_PLATFORM, name), ()) if platform else ()
        both = sorted({s.id: s for s in (*others, *hits)}.values(), key=lambda s: s.id)
        if len(both) > 1:
            on = f" on {platform}" if platform else ""
            yield _problem(
                _named_at(both[-1], platform, name),
                f"{name!r} names two services{on}: {both[0].id} and {both[-1].id}. "
                "Keep it with one of them, or a ticket cannot tell which is meant.",
            )


def _named_at(service: Service, platform: str, name: str) -> Where:
    at = [spot(service, "aliases", one, name) for one in service.aliases if one.casefold() == platform]
    return next((where for where in at if where != service.where), spot(service, name))


def _double_locations(catalogue: Catalogue) -> Iterator[Problem]:
    for name, hits in catalogue._locations.items():  # noqa: SLF001 - the same module
        if len(hits) > 1:
            yield _problem(
                spot(hits[-1], name),
                f"{name!r} names two locations: {hits[0].id} and {hits[-1].id}. Keep it with one of them.",
            )


def _unspeakable(catalogue: Catalogue, more: tuple[Tell, ...]) -> Iterator[Problem]:
    parts = ("name", "people_can", "workaround")
    spoken: list[tuple[Service | Location, str, str]] = []
    spoken += [
        (service, part, text) for service in catalogue.services for part in parts for text in every(service, part)
    ]
    spoken += [(place, "name", name) for place in catalogue.locations for name in every(place, "name")]
    for owner, part, text in spoken:
        for leak in leaks(text, more=more)[:1]:
            yield _problem(
                spot(owner, part, text),
                f"{owner.id}: {text!r} holds {leak.kind} ({leak.text!r}); the leak guard will stop every message "
                "with it. Write it as a customer would say it.",
            )


def _problem(where: Where, message: str) -> Problem:
    return Problem(*where, message, Severity.ERROR)
