"""ServiceNow behind the contract suite."""

from connector.sandbox import Entry
from connector.servicenow.client import ServiceNowConnector
from connector.servicenow.sandbox import ServiceNowStandIn
from core.sites import Auth, Platform, Secret, Site
from core.tickets import TicketRef
from tests.contract.harness import clock

TABLES = {"incident": "incident", "change": "change_request"}
COLUMNS = {
    "title": "short_description",
    "service": "business_service",
    "requester": "caller_id",
    "group": "assignment_group",
}
NOTE_ID = "u_liaison_note_id"


class ServiceNowHarness:
    """`column` empty is a site that allows no column for the note id: notes carry a visible reference."""

    column = NOTE_ID
    write_method = "PATCH"
    write_path = r"/api/now/table/(incident|change_request)/"
    read_path = r"/api/now/table/(incident|change_request)/"

    def __init__(self) -> None:
        self.clock = clock()
        self.standin = ServiceNowStandIn(clock=self.clock, note_id_column=self.column)
        self.standin.start()
        self.connector = self.connect()

    def connect(self, **site) -> ServiceNowConnector:
        """Another client of the same stand-in; `site` changes its configuration."""
        configured = {
            "name": "acme-snow",
            "platform": Platform.SERVICENOW,
            "url": self.standin.url,
            "auth": Auth("liaison", Secret("liaison")),
            "account": "liaison",
            "note_id_column": self.column,
            "timeout": (2.0, 2.0),
        }
        return ServiceNowConnector(Site(**{**configured, **site}), self.clock, sleep=lambda _: None)

    def create(self, **canonical: str) -> TicketRef:
        kind = canonical.pop("kind", "incident")
        fields = {"caller_id": "carla", **self._fields(canonical)}
        made = self.standin.change("", {"as": "carla", "table": TABLES[kind], "fields": fields})
        return TicketRef("acme-snow", f"{TABLES[kind]}:{made['sys_id']}")

    def _fields(self, canonical) -> dict[str, str]:
        fields = {COLUMNS.get(name, name): value for name, value in canonical.items()}
        if "priority" in fields:
            fields["priority"] = fields["priority"].removeprefix("P")
        return fields

    def change(self, ref: TicketRef, **canonical: str) -> None:
        self._save(ref, "anna", self._fields(canonical))

    def say(self, ref: TicketRef, text: str, *, who: str = "anna", public: bool = True) -> None:
        self._save(ref, who, {"comments" if public else "work_notes": text})

    def _save(self, ref: TicketRef, who: str, fields: dict[str, str]) -> None:
        self.standin.change(ref.id.partition(":")[2], {"as": who, "fields": fields})

    def stay_apart(self) -> None:
        """It does already: the stand-in shows times in Los Angeles."""

    def entries(self, ref: TicketRef) -> list[Entry]:
        with self.standin.lock:
            sys_id = ref.id.partition(":")[2]
            return list(next((c.entries for c in self.standin.conversations() if c.id == sys_id), ()))

    def active_markup(self, ref: TicketRef) -> list[str]:
        """Journals render what stands between `[code]` and `[/code]`, and nothing else."""
        return [entry.html for entry in self.entries(ref) if entry.html]

    def close(self) -> None:
        self.connector.close()
        self.standin.stop()
