"""`ui.overview_views.OverviewViews` over the store."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app import figures, listing
from app.dead import DeadLetters
from app.figures import Standing
from app.listing import Spot
from app.minute import Minute
from app.steering import Steering
from core.errors import LiaisonError, StoreError
from rules.language import Layer
from ui.overview_views import (
    FAILURES,
    NO_SERVICE,
    Gap,
    Item,
    Listed,
    Open,
    Overview,
    Pause,
    Query,
    Scope,
    Service,
    Show,
    Sort,
)

if TYPE_CHECKING:
    from app.liaison import Liaison

SOME = 5
"""Of each kind of failure, on the page itself."""
CATCH_UP = timedelta(milliseconds=20)
"""How long a page may read what went out just now; the rest is read beside."""
OF_THE_PAST = 600.0
"""Seconds for which it is good enough how things went out in the last weeks."""
WHOLE_ID = 36
UNNAMED = "Tickets of no service in the catalogue"


class StoredOverview:
    def __init__(self, liaison: "Liaison") -> None:
        self._liaison = liaison
        self._minute = Minute()
        self._dead = DeadLetters(liaison.store, liaison.engine, liaison.clock)
        self._steering = Steering(liaison.store, liaison.engine, liaison.clock)
        self.sites = tuple(site.name for site in liaison.settings.sites)

    # --- looking ---------------------------------------------------------------------------------------------------

    def overview(self, scope: Scope) -> Overview:
        return self._minute.ask(scope, lambda: self._overview(scope))

    def _overview(self, scope: Scope) -> Overview:
        now = self._liaison.clock.now()
        self._liaison.reader.read(CATCH_UP)
        with self._liaison.store.read() as connection:
            standing = self._standing(connection, scope.site)
            soon, overdue = figures.due(connection, scope.site, now)
            kept, days = figures.promised(connection, scope, now)
            spoken = self._minute.ask(
                ("spoken", scope), lambda: figures.spoken(connection, scope, now), fresh=OF_THE_PAST
            )
            failures = figures.failures(connection, scope.site)
            return Overview(
                scope,
                self.sites,
                counted_at=now,
                since=figures.since(scope, now),
                until=now,
                open=_by_impact(standing),
                services=self._by_service(standing),
                held=sum(one.number for one in standing if one.held),
                due=soon,
                overdue=overdue,
                kept=kept,
                days=days,
                gaps=self._gaps(spoken),
                reading=figures.reading(connection, scope, now),
                feedback=figures.feedback(connection, scope, now),
                failures=failures,
                failed=tuple(self._failed(connection, scope, failures, now)),
                **self._paused(scope.site, now),
            )

    def listed(self, query: Query, most: int) -> Listed:
        now = self._liaison.clock.now()
        with self._liaison.store.read() as connection:
            if query.show is Show.OPEN:
                total = sum(one.number for one in self._standing(connection, query.scope.site) if _in(one, query))
            else:
                total = figures.counted(connection, query, now)
            items = listing.page(connection, query, now, Spot(most + 1, most * (query.page - 1)))
        return Listed(tuple(items[:most]), total, more=len(items) > most)

    def services(self) -> Mapping[str, str]:
        return {service.id: service.name for service in self._liaison.rulebook.current.catalogue.services}

    def _standing(self, connection: Connection, site: str) -> list[Standing]:
        every = self._minute.ask("standings", lambda: figures.standings(connection))
        return [one for one in every if site in ("", one.site)]

    def _by_service(self, standing: list[Standing]) -> tuple[Service, ...]:
        names = self.services()
        opened: Counter[str] = Counter()
        high: Counter[str] = Counter()
        for one in standing:
            if not one.held:
                opened[one.service] += one.number
                high[one.service] += one.number * (one.rank == 0)
        made = [
            Service(service or NO_SERVICE, names.get(service, service or UNNAMED), opened[service], high[service])
            for service in opened
        ]
        return tuple(sorted(made, key=lambda one: (-one.high, -one.open, one.name)))

    def _gaps(self, spoken: list[tuple[str, str, int]]) -> tuple[Gap, ...]:
        own = {rule.id for rule in self._liaison.rulebook.current.rules if rule.layer is not Layer.PACK}
        said: Counter[str] = Counter()
        covered = set()
        for service, rule, number in spoken:
            said[service] += number
            if rule in own:
                covered.add(service)
        names = self.services()
        gaps = [
            Gap(service or NO_SERVICE, names.get(service, service or UNNAMED), number)
            for service, number in said.items()
            if service not in covered
        ]
        return tuple(sorted(gaps, key=lambda gap: (-gap.said, gap.name)))

    def _failed(
        self, connection: Connection, scope: Scope, failures: Mapping[Show, int], now: datetime
    ) -> list[tuple[Show, Item]]:
        some = Spot(SOME)
        return [
            (show, item)
            for show in FAILURES
            if failures[show]
            for item in listing.page(connection, Query(show, scope, sort=Sort.NEWEST), now, some)
        ]

    def _paused(self, site: str, now: datetime) -> dict[str, Any]:
        pauses = self._liaison.pauses
        alarms = [Pause(name, alarm=what) for name, what in pauses.alarms().items()]
        running = pauses.paused(now)
        waits = [Pause(name, until) for name, until in running.items() if name in self.sites]
        shown = tuple(pause for pause in (*alarms, *waits) if site in ("", pause.site))
        return {"pauses": shown, "paused_tickets": len(running) - len(waits)}

    # --- acting ----------------------------------------------------------------------------------------------------

    def retry(self, show: Show, identity: str, who: str) -> str:
        try:
            if show is Show.DEAD:
                self._dead.replay(int(identity), who)
            elif len(identity) == WHOLE_ID:  # a part of an id would do for a person at the command line
                self._steering.note("retry", identity, who)
            else:
                return NOT_THERE
        except StoreError:
            raise
        except ValueError:
            return NOT_THERE
        except LiaisonError as error:
            return f"Not done: {error.what} {error.hint}".rstrip()
        self._minute.forget()
        self._liaison.engine.nudge()
        return ""


def _by_impact(standing: list[Standing]) -> tuple[Open, ...]:
    found: Counter[tuple[int, str]] = Counter()
    for one in standing:
        if not one.held:
            found[one.rank, one.impact] += one.number
    worst = sorted(found, key=lambda key: (key[0], -found[key], key[1]))
    return tuple(Open(listing.NAMES.get(rank, ""), impact, found[rank, impact]) for rank, impact in worst)


def _in(one: Standing, query: Query) -> bool:
    service = "" if query.service == NO_SERVICE else query.service
    return (
        not one.held
        and (not query.service or one.service == service)
        and (query.level not in listing.LEVELS or one.rank == listing.LEVELS[query.level])
        and (not query.impact or one.impact == query.impact)
    )


NOT_THERE = "Not done: there is nothing of this name to try again. Reload the page to see how it stands."
