"""Whom an impact reaches: the people on the ticket's own service, and every service that needs it. Pure.

The level is that of the worst impact the rules state; where they state none, nothing is derived.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from core.decisions import Impact
from rules.catalogue import Catalogue, Crowd, Service
from rules.subjects import View
from rules.tongues import Tongue, tongue
from rules.whereabouts import at_place

MOST = 5
"""So many services are told of one by one; the others together, by name."""
BETWEEN = "/"
"""Stands in the id of what is derived, between the impact and the service; no id in a rules file can hold it."""
REST = "more"


@dataclass(frozen=True)
class Reached:
    """A service that needs another one, itself or by way of others. `path` leads from it down to that one."""

    service: Service
    path: tuple[Service, ...]

    @property
    def in_words(self) -> str:
        """As "card payments need the payment hub, which needs the store network"."""
        names = [service.name for service in self.path]
        steps = [f"{_need(name)} {below}" for name, below in pairwise(names)]
        return f"{names[0]} {', which '.join(steps)}"


def reached(catalogue: Catalogue, own: Service) -> tuple[Reached, ...]:
    """All that need a service, each once by its shortest path; the nearest first, then where most people are."""
    found: list[Reached] = []
    ring, seen = [Reached(own, (own,))], {own.id}
    while ring:
        nearest: dict[str, Reached] = {}
        for one in ring:
            for service in catalogue.needing(one.service.id):
                if service.id not in seen:
                    nearest.setdefault(service.id, Reached(service, (service, *one.path)))
        seen |= nearest.keys()
        ring = sorted(nearest.values(), key=lambda one: (-one.service.people, one.service.id))
        found += ring
    return tuple(found)


def derived(stated: tuple[Impact, ...], view: View, language: str) -> Iterator[Impact]:
    """What follows from the impacts that the rules state, the worst of them first; in the agents' language."""
    own = view.catalogue.service_of(view.ticket) if stated else None
    if own is None:
        return
    worst, said = stated[0], tongue(language)
    crowd, tell = _crowd(own, view, said), _tell(own, said)
    users = said.say("reach", "users").format(service=_name(own, said), people=crowd) if crowd else ""
    if users or tell:
        yield _impact(worst, own.id, f"{users} {tell}".strip())
    others = reached(view.catalogue, own)
    for one in others[:MOST]:
        crowd, tell = _crowd(one.service, view, said), _tell(one.service, said)
        who = f"{_name(one.service, said)}, {crowd}" if crowd else _name(one.service, said)
        also = said.say("reach", "also").format(service=who)
        yield _impact(worst, one.service.id, f"{also} {tell}".strip(), one.in_words)
    if others[MOST:]:
        names = ", ".join(_name(one.service, said) for one in others[MOST:])
        yield _impact(worst, REST, said.say("reach", "more").format(count=len(others) - MOST, services=names))


def is_derived(impact: Impact) -> bool:
    """Whether no rule states it: it follows from the catalogue."""
    return BETWEEN in impact.id


def _impact(worst: Impact, about: str, statement: str, path: str = "") -> Impact:
    return Impact(f"{worst.id}{BETWEEN}{about}", worst.level, statement, worst.rule, path)


def _crowd(service: Service, view: View, said: Tongue) -> str:
    """How many use it; `""` where the catalogue does not say."""
    return said.say("reach", "and").join(_group(group, view, said) for group in service.audiences)


def _tell(service: Service, said: Tongue) -> str:
    """Who speaks for the people there, as a sentence; `""` where the catalogue names nobody."""
    names = ", ".join(f"{person} ({part})" for part, person in service.liaisons.items())
    return said.say("reach", "tell").format(names=names) if names else ""


def _group(group: Crowd, view: View, said: Tongue) -> str:
    name = said.say("reach", "closed").format(group=group.name) if _closed(group, view) else group.name
    if not group.people:
        return name
    form = "one" if group.people == 1 else "other"
    return said.say("reach_people", form).format(count=said.number(group.people), group=name)


def _closed(group: Crowd, view: View) -> bool:
    """Whether its hours are over just now, where the ticket's people are."""
    hours = view.calendars.get(group.hours)
    if hours is None:
        return False
    opening = next(at_place(hours, view.catalogue, view.ticket, view.zone).openings(view.now, view.zone), None)
    return opening is not None and opening[0] > view.now


def _name(service: Service, said: Tongue) -> str:
    return service.said("name", said.code)


def _need(name: str) -> str:
    return "need" if name.endswith("s") and not name.endswith("ss") else "needs"
