"""The overview's port in memory, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from core.errors import StoreError
from ui.overview_views import Item, Listed, Overview, Query, Scope, Show

AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@dataclass
class MemoryOverview:
    """`asked`: the queries that pages made of addresses; `refuses`: why nothing is tried again."""

    seen: Overview = field(default_factory=lambda: Overview(Scope(), ("acme",), AT, AT, AT))
    items: tuple[Item, ...] = ()
    refuses: str = ""
    sites: tuple[str, ...] = ("acme",)
    names: dict[str, str] = field(default_factory=lambda: {"card-gateway": "card payments"})
    asked: list[Query] = field(default_factory=list)
    tried: list[tuple[Show, str, str]] = field(default_factory=list)
    broken: bool = False

    def overview(self, scope: Scope) -> Overview:
        if self.broken:
            raise StoreError("The database is locked.")
        return replace(self.seen, scope=scope, sites=self.sites)

    def listed(self, query: Query, most: int) -> Listed:
        self.asked.append(query)
        start = most * (query.page - 1)
        rest = self.items[start:]
        return Listed(rest[:most], len(self.items), more=len(rest) > most)

    def services(self) -> Mapping[str, str]:
        return self.names

    def retry(self, show: Show, identity: str, who: str) -> str:
        self.tried.append((show, identity, who))
        return self.refuses
