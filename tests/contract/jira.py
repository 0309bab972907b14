"""Jira's two flavours behind the contract suite."""

from dataclasses import replace

from connector.jira.client import JiraConnector
from connector.jira.sandbox import JiraStandIn
from connector.sandbox import Entry
from core.sites import Auth, Flavour, Platform, Secret, Site
from core.tickets import TicketRef
from tests.connector.jira.markup import adf_markup, wiki_markup
from tests.contract.harness import clock

PRIORITIES = {"P1": "Highest", "P2": "High", "P3": "Medium", "P4": "Low", "P5": "Lowest"}


class JiraHarness:
    flavour = Flavour.CLOUD
    write_method = "POST"
    write_path = r"/issue/\d+/comment"
    read_path = r"/issue/\d+\?"

    def __init__(self) -> None:
        self.clock = clock()
        self.standin = JiraStandIn(flavour=self.flavour, clock=self.clock)
        self.standin.start()
        self.connector = self.connect()

    def connect(self, **site) -> JiraConnector:
        """Another client of the same stand-in; `site` changes its configuration."""
        auth = Auth(self.standin.user if self.flavour is Flavour.CLOUD else "", Secret("stand-in"))
        configured = {
            "name": "acme-jira",
            "platform": Platform.JIRA,
            "url": self.standin.url,
            "auth": auth,
            "flavour": self.flavour,
            "account": self.standin.account_id("liaison"),
            "timeout": (2.0, 2.0),
        }
        return JiraConnector(Site(**{**configured, **site}), self.clock, sleep=lambda _: None)

    def create(self, **canonical: str) -> TicketRef:
        fields = {"summary": "", "description": None, **self._fields(canonical)}
        kind = canonical.get("kind", "incident").title()
        made = self.standin.change("", {"as": "carla", "project": "OPS", "type": kind, "fields": fields})
        return TicketRef("acme-jira", made["id"])

    def _fields(self, canonical) -> dict[str, str]:
        names = {"title": "summary", "description": "description"}
        fields = {names[name]: value for name, value in canonical.items() if name in names}
        if "priority" in canonical:
            fields["priority"] = PRIORITIES[canonical["priority"]]
        return fields

    def change(self, ref: TicketRef, **canonical: str) -> None:
        self.standin.change(ref.id, {"as": "anna", "fields": self._fields(canonical)})

    def say(self, ref: TicketRef, text: str, *, who: str = "anna", public: bool = True) -> None:
        self.standin.change(ref.id, {"as": who, "comment": {"text": text, "public": public}})

    def stay_apart(self) -> None:
        mine = self.standin.accounts["liaison"]
        self.standin.accounts["liaison"] = replace(mine, timezone="Pacific/Auckland")

    def entries(self, ref: TicketRef) -> list[Entry]:
        with self.standin.lock:
            return list(next((c.entries for c in self.standin.conversations() if c.id == ref.id), ()))

    def active_markup(self, ref: TicketRef) -> list[str]:
        found = []
        for comment in self.standin.issues[ref.id].comments.values():
            found += adf_markup(comment.adf) if comment.adf else wiki_markup(comment.text)
        return found

    def close(self) -> None:
        self.connector.close()
        self.standin.stop()


class JiraDataCenterHarness(JiraHarness):
    flavour = Flavour.DATA_CENTER
