"""Connectors by site: one per thread, because neither the `jira` package nor `pysnow` claims thread safety."""

import threading
from collections.abc import Mapping
from typing import Protocol

from app.pace import Paces
from connector.jira.client import JiraConnector
from connector.servicenow.client import ServiceNowConnector
from core.errors import SettingsError
from core.ports import Connector
from core.quotas import Meter
from core.sites import Platform, Site
from core.times import Clock


class Maker(Protocol):
    def __call__(self, site: Site, clock: Clock, *, meter: Meter | None = None) -> Connector: ...


MAKERS: dict[Platform, Maker] = {
    Platform.JIRA: JiraConnector,
    Platform.SERVICENOW: ServiceNowConnector,
}


class Connectors:
    """`paces`: what counts the requests of all threads together."""

    def __init__(self, sites: Mapping[str, Site], clock: Clock, paces: Paces | None = None) -> None:
        self.sites, self._clock, self._paces = sites, clock, paces
        self._mine = threading.local()

    def of(self, site: str) -> Connector:
        """This thread's connector for the site. Raises SettingsError for a site that is configured no more."""
        if site not in self.sites:
            raise SettingsError(
                "this site is not in liaison.yaml.", where=site, hint="Add it again or drop its tickets."
            )
        mine: dict[str, Connector] = self._mine.__dict__.setdefault("connectors", {})
        if site not in mine:
            found = self.sites[site]
            meter = self._paces.of(site) if self._paces else None
            mine[site] = MAKERS[found.platform](found, self._clock, meter=meter)
        return mine[site]
