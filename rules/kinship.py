"""What services rest on: needs that nothing offers, and needs that run in a circle."""

from collections.abc import Iterator, Mapping

from core.errors import Problem, Severity
from rules.catalogue import Catalogue, Service
from rules.suggestion import did_you_mean


def doubtful_needs(catalogue: Catalogue) -> Iterator[Problem]:
    known = {service.id: service for service in catalogue.services}
    for service in catalogue.services:
        for need in service.needs:
            if need not in known:
                hint = did_you_mean(need, known)
                message = f"{service.id} needs {need!r}, which is no service of the catalogue. {hint}".strip()
                yield Problem(*service.where, message, Severity.WARNING)
    yield from _circles(known)


def _circles(known: Mapping[str, Service]) -> Iterator[Problem]:
    """Each circle once, at its service with the smallest id. Without recursion: a chain may be long."""
    told: set[frozenset[str]] = set()
    for start in sorted(known):
        circle = _circle_from(start, known)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            path = " needs ".join((*circle, circle[0]))
            yield Problem(*known[start].where, f"services need each other in a circle: {path}. Take one need out.")


def _circle_from(start: str, known: Mapping[str, Service]) -> tuple[str, ...]:
    """A path of needs that leads back to where it started, () where there is none."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while paths:
        path = paths.pop()
        for need in known[path[-1]].needs:
            if need == start:
                return path
            if need in known and need not in seen:
                seen.add(need)
                paths.append((*path, need))
    return ()
