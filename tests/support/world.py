"""A whole Liaison between real stand-ins, with a clock the test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import tables
from app.clocks import DrivenClock
from app.driving import Driver
from app.liaison import Liaison
from app.serving import Server
from app.settings import Listen, Settings
from connector.jira.sandbox import JiraStandIn, hub_signature
from connector.sandbox import Entry, Fault, Hooks
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.sites import Auth, Platform, Secret, Site
from core.tickets import TicketRef
from tests.support.stores import ready

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECRET = "test-secret"
RULES = """
version: 1
rules:
  - id: any
    when: {kind: incident}
    impact: {id: work, level: medium, statement: Work is slower.}
    messages:
      requester:
        opened: "We look into {{ service.name }}. We will write again {{ next_update.text }}."
        raised: "More urgent now. We will write again {{ next_update.text }}."
        update_due: "Still on it. {{ progress }} We will write again {{ next_update.text }}."
        resolved: {fixed: "Solved.", default: "Done.", duplicate: none}
        reopened: "Back again. We will write again {{ next_update.text }}."
      agents:
        opened: "Have a look."
    cadence: {requester: {every: 30m}}
"""


@dataclass
class World:
    liaison: Liaison
    server: Server
    clock: DrivenClock
    snow: ServiceNowStandIn
    jira: JiraStandIn
    driver: Driver

    def pass_(self, **time: float) -> None:
        """Let time pass; whatever falls due happens at its own time."""
        self.driver.advance(self.clock.now() + timedelta(**time))

    def on_snow(self, key: str = "", *, who: str = "agent.smith", **fields: Any) -> str:
        """Create or change a ServiceNow incident, and attend to what is due at once."""
        answer = self.snow.change(key, {"as": who, "fields": fields})
        self.driver.settle()
        return str(answer["number"])

    def on_jira(self, key: str = "", *, who: str = "anna", **body: Any) -> str:
        answer = self.jira.change(key, {"as": who, **body})
        self.driver.settle()
        return str(answer["key"])

    def entries(self, key: str, *, internal: bool | None = None) -> list[Entry]:
        found = next(c for site in (self.snow, self.jira) for c in site.conversations() if c.key == key)
        return [e for e in found.entries if internal is None or e.internal is internal]

    def said(self, key: str) -> list[str]:
        """What Liaison wrote to the requester, word for word."""
        return [e.text for e in self.entries(key, internal=False) if e.author == "Liaison"]

    def ref(self, key: str) -> TicketRef:
        return self.liaison.views.find(key)[0]

    def silences(self, key: str) -> list[tuple[str, str, str]]:
        """(moment, audience, reason) of every silent moment, in order."""
        j, ref = tables.journal, self.ref(key)
        with self.liaison.store.read() as connection:
            rows = connection.execute(
                select(j.c.moment, j.c.audience, j.c.reason)
                .where(j.c.site == ref.site, j.c.ticket_id == ref.id, j.c.what == "silent")
                .order_by(j.c.id)
            )
            return [tuple(row) for row in rows]

    def reasons(self, key: str) -> set[str]:
        return {reason for _, _, reason in self.silences(key)}

    def rows(self, table: Any, key: str) -> list[Any]:
        ref = self.ref(key)
        with self.liaison.store.read() as connection:
            return list(connection.execute(select(table).where(table.c.site == ref.site, table.c.ticket_id == ref.id)))

    def fault(self, site: str, **fault: Any) -> None:
        stand_in = self.snow if site == "servicenow" else self.jira
        stand_in.faults.append(Fault(**fault))


@contextmanager
def world(
    tmp_path: Path, rules: str = RULES, *, snow: dict[str, Any] | None = None, jira: dict[str, Any] | None = None
) -> Iterator[World]:
    """`snow` and `jira` change the sites' settings."""
    (tmp_path / "rules").mkdir(exist_ok=True)
    (tmp_path / "rules" / "rules.yaml").write_text(rules)
    clock = DrivenClock(START)
    now_in, jira_in = ServiceNowStandIn(clock=clock), JiraStandIn(clock=clock)
    now_in.start()
    jira_in.start()
    sites = (
        _site(Platform.SERVICENOW, now_in.url, Auth("liaison", Secret("liaison")), snow),
        _site(
            Platform.JIRA,
            jira_in.url,
            Auth(jira_in.user, Secret(jira_in.token)),
            {"account": jira_in.account_id("liaison"), **(jira or {})},
        ),
    )
    settings = Settings(
        f"sqlite:///{tmp_path}/liaison.db", tmp_path / "rules", sites, speak_from={s.name: s.speak_from for s in sites}
    )
    ready(tmp_path / "liaison.db")
    liaison = Liaison(settings, clock)
    server = Server(liaison.web(), Listen(port=0))
    server.start()
    now_in.hooks = business_rule(f"{server.url}/hooks/servicenow", SECRET, clock, 0.01)
    jira_in.hooks = Hooks(f"{server.url}/hooks/jira", hub_signature(SECRET), 0.01)
    try:
        yield World(liaison, server, clock, now_in, jira_in, Driver(liaison, clock, (now_in.hooks, jira_in.hooks)))
    finally:
        now_in.stop()
        jira_in.stop()
        server.stop()
        liaison.close()


def _site(platform: Platform, url: str, auth: Auth, changes: dict[str, Any] | None) -> Site:
    site = Site(
        name=str(platform),
        platform=platform,
        url=url,
        auth=auth,
        account="liaison",
        webhook_secrets=(Secret(SECRET),),
        note_id_column="u_liaison_note_id" if platform is Platform.SERVICENOW else "",
        timezone="Europe/Berlin",
        speak_from=START,
    )
    return replace(site, **(changes or {}))
