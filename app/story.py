"""The story that `liaison demo` plays: a Friday afternoon at a retailer, the Sunday night after it, and the Monday.

Times are Berlin time. To add a scene: a line in STEPS, and what the requester must hear in EXPECTED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 20, 13, 30, tzinfo=BERLIN)
SNOW, JIRA = "servicenow", "jira"


@dataclass(frozen=True)
class Step:
    """`ticket` is the story's own name; its first step creates it. `parent` names another ticket of the story."""

    at: datetime
    site: str
    ticket: str
    caption: str
    body: Mapping[str, Any]
    parent: str = ""


def friday(clock: str) -> datetime:
    return _on(20, clock)


def sunday(clock: str) -> datetime:
    return _on(22, clock)


def monday(clock: str) -> datetime:
    return _on(23, clock)


def _on(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


def _snow(at: datetime, ticket: str, who: str, caption: str, *, parent: str = "", **fields: Any) -> Step:
    return Step(at, SNOW, ticket, caption, {"as": who, "fields": fields}, parent)


def _change(at: datetime, ticket: str, who: str, caption: str, **fields: Any) -> Step:
    return Step(at, SNOW, ticket, caption, {"as": who, "table": "change_request", "fields": fields})


def _jira(at: datetime, ticket: str, who: str, caption: str, **body: Any) -> Step:
    return Step(at, JIRA, ticket, caption, {"as": who, **body})


SOLVED = {"state": "6", "close_code": "Solved (Permanently)"}

STEPS = (
    _change(
        friday("13:35"),
        "shop update",
        "nils.okafor",
        "Nils asks for a change of the online shop",
        short_description="Upgrade shop platform to 4.2, drain nodes, run DB migration",
        business_service="Online Shop",
        location="Head office",
        start_date="2026-11-22 01:00:00",
        end_date="2026-11-22 03:00:00",
        type="normal",
        risk="3",
    ),
    _change(
        friday("13:40"), "shop update", "cab", "The change is approved and scheduled", state="-2", approval="approved"
    ),
    _snow(
        friday("13:50"),
        "cards",
        "eva.brandt",
        "Eva, who runs the Berlin stores, reports failing cards",
        short_description="Card declined on terminals, several stores",
        caller_id="eva.brandt",
        business_service="Card Gateway",
        location="Berlin",
        priority="2",
        category="payments",
    ),
    _snow(
        friday("13:58"),
        "cards",
        "jonas.weber",
        "The desk raises it to the highest priority and calls it a major incident",
        priority="1",
        u_affected_users="300",
        major_incident_state="accepted",
        work_notes="pos-gw-03.prod.acme.local 10.4.7.12 failing over, see https://wiki.acme.local/gw",
    ),
    _snow(
        friday("14:01"),
        "leak",
        "sam.ito",
        "A security ticket: nobody may hear about it",
        short_description="Possible leak of staff passwords",
        caller_id="sam.ito",
        business_service="Mail",
        priority="1",
        category="security",
    ),
    _snow(friday("14:03"), "cards", "jonas.weber", "Jonas starts to work", state="2", assigned_to="jonas.weber"),
    _snow(
        friday("14:05"),
        "store mitte",
        "mara.lindt",
        "A store reports the same",
        short_description="Kartenzahlung geht nicht",
        caller_id="mara.lindt",
        business_service="Card Gateway",
        location="BER-01",
        priority="3",
    ),
    _snow(
        friday("14:06"), "store mitte", "desk", "The desk sees at once that it belongs to the outage", parent="cards"
    ),
    _snow(
        friday("14:08"),
        "store steglitz",
        "ole.krause",
        "A second store reports it",
        short_description="Terminal zeigt Fehler 91",
        caller_id="ole.krause",
        business_service="Card Gateway",
        location="BER-02",
        priority="3",
    ),
    _jira(
        friday("14:10"),
        "payslip",
        "carla",
        "Carla asks about her pay",
        type="Incident",
        fields={"summary": "My November pay is wrong", "components": ["Payroll"], "priority": "Medium"},
    ),
    _snow(friday("14:16"), "store steglitz", "desk", "The desk joins it to the outage, too", parent="cards"),
    _jira(friday("14:25"), "payslip", "anna", "Anna starts to work", status="In Progress"),
    _jira(
        friday("14:40"),
        "payslip",
        "anna",
        "Anna asks Carla a question",
        comment={"text": "Hi Carla, which line of the payslip looks wrong to you?", "public": True},
    ),
    _jira(friday("14:55"), "payslip", "anna", "Anna waits for the answer", status="Waiting for customer"),
    _snow(friday("15:10"), "cards", "jonas.weber", "The cause is found, the fix is running", u_phase="fix_running"),
    _snow(friday("15:25"), "cards", "jonas.weber", "Resolved; the stores' tickets with it", **SOLVED),
    _jira(
        friday("15:40"),
        "payslip",
        "carla",
        "Carla answers",
        comment={"text": "The bonus is missing.", "public": True},
        status="Waiting for support",
    ),
    _snow(friday("15:50"), "cards", "eva.brandt", "It fails again: reopened", state="2", u_phase="cause_sought"),
    _snow(friday("15:51"), "store mitte", "desk", "The first store's ticket is reopened", state="2"),
    _snow(friday("15:52"), "store steglitz", "desk", "The second store's ticket is reopened", state="2"),
    _jira(friday("16:30"), "payslip", "anna", "Anna corrects the pay", status="Resolved"),
    _snow(friday("16:35"), "cards", "jonas.weber", "Resolved for good", **SOLVED),
    _snow(friday("18:00"), "cards", "jonas.weber", "Closed", state="7"),
    _change(sunday("02:00"), "shop update", "nils.okafor", "The change starts", state="-1"),
    _change(sunday("04:40"), "shop update", "nils.okafor", "The change ends, late", state="0", close_code="successful"),
    _change(sunday("09:00"), "shop update", "nils.okafor", "The change is closed", state="3"),
    _snow(
        monday("17:05"),
        "cards",
        "eva.brandt",
        "Eva answers the question whether all is well",
        comments="All fine here.",
    ),
)
END = monday("18:00")

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "shop update": ("announced", "notice", "notice", "started", "delayed", "update_due", "finished", "check_in"),
    "cards": (
        "opened",
        "raised",
        "acknowledged",
        "update_due",
        "update_due",
        "phase_changed",
        "resolved",
        "reopened",
        "update_due",
        "resolved",
        "check_in",
    ),
    "store mitte": ("joined", "resolved", "reopened", "resolved"),
    "store steglitz": ("opened", "joined", "resolved", "reopened", "resolved"),
    "payslip": ("opened", "acknowledged", "waiting_for_requester", "resumed", "resolved"),
    "leak": (),
}
