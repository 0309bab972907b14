"""Connectors by site: one per thread, because neither the `jira` package nor `pysnow` claims thread safety."""

import threading
from collections.abc import Callable, Mapping

from connector.jira.client import JiraConnector
from connector.servicenow.client import ServiceNowConnector
from core.errors import SettingsError
from core.ports import Connector
from core.sites import Platform, Site
from core.times import Clock

MAKERS: dict[Platform, Callable[[Site, Clock], Connector]] = {
    Platform.JIRA: JiraConnector,
    Platform.SERVICENOW: ServiceNowConnector,
}


class Connectors:
    def __init__(self, sites: Mapping[str, Site], clock: Clock) -> None:
        self.sites, self._clock = sites, clock
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
            mine[site] = MAKERS[found.platform](found, self._clock)
        return mine[site]
