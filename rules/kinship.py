"""What services rest on: needs that nothing offers, and needs that run in a circle."""

from collections.abc import Iterator, Mapping, Sequence

from core.errors import Problem, Severity
from rules.catalogue import Catalogue, Service, spot
from rules.suggestion import did_you_mean

SHOWN = 5  # of a long circle, at each end
Needs = Mapping[str, Sequence[str]]


def doubtful_needs(catalogue: Catalogue) -> Iterator[Problem]:
    known = {service.id: service for service in catalogue.services}
    for service in catalogue.services:
        for need in service.needs:
            if need not in known:
                hint = did_you_mean(need, known)
                message = f"{service.id} needs {need!r}, which is no service of the catalogue. {hint}".strip()
                yield Problem(*spot(service, "needs", need), message, Severity.WARNING)
    yield from _circles(known)


def _circles(known: Mapping[str, Service]) -> Iterator[Problem]:
    """Each service that is in one is told of in one, at the smallest id. Without recursion: a chain may be long."""
    told: set[str] = set()
    within = _winding(known)
    for start in sorted(within):
        circle = () if start in told else _circle_from(start, within)
        if circle:
            told.update(circle)
            path = " needs ".join((*_shortened(circle), circle[0]))
            need = circle[1] if len(circle) > 1 else start
            where = spot(known[start], "needs", need)
            yield Problem(*where, f"services need each other in a circle: {path}. Take one need out.")


def _shortened(circle: Sequence[str]) -> Sequence[str]:
    """As many as a person reads."""
    rest = len(circle) - 2 * SHOWN
    return (*circle[:SHOWN], f"({rest} more)", *circle[-SHOWN:]) if rest > 1 else circle


def _winding(known: Mapping[str, Service]) -> Needs:
    """Without the services that are in no circle: neither what they need nor who needs them leads back to them."""
    needs: Needs = {name: [need for need in service.needs if need in known] for name, service in known.items()}
    for _ in range(2):
        needs = _turned(_trimmed(needs))
    return needs


def _trimmed(needs: Needs) -> Needs:
    """Without those whose needs come to an end."""
    needed_by = _turned(needs)
    left = {name: len(some) for name, some in needs.items()}
    ends = [name for name, count in left.items() if not count]
    while ends:
        name = ends.pop()
        del left[name]
        for above in needed_by[name]:
            left[above] -= 1
            if not left[above]:
                ends.append(above)
    return {name: [need for need in needs[name] if need in left] for name in left}


def _turned(needs: Needs) -> Needs:
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, some in needs.items():
        for need in some:
            needed_by[need].append(name)
    return needed_by


def _circle_from(start: str, needs: Needs) -> tuple[str, ...]:
    """A path of needs that leads back to where it started, () where there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for need in needs[here]:
            if need == start:
                path = [here]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return tuple(reversed(path))
            if need not in came_from:
                came_from[need] = here
                waiting.append(need)
    return ()
