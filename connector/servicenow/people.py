"""Who asked. What a payload does not say about a user is remembered from when it was said."""

from collections.abc import Mapping

from connector.servicenow.cells import Cell, Names
from core.sites import Site
from core.tickets import Person

REQUESTERS = ("caller_id", "requested_by", "opened_by")
DETAILS = ("user_name", "vip", "internal_integration_user", "web_service_access_only", "preferred_language", "location")
COLUMNS = {(role, detail): f"{role}.{detail}" for role in REQUESTERS for detail in DETAILS}
PERSON_COLUMNS = tuple(COLUMNS.values())


class People:
    def __init__(self, site: Site, names: Names) -> None:
        self._names = names
        self._bots = {bot.casefold() for bot in site.bots}

    def is_bot(self, *identity: str) -> bool:
        return bool(self._bots) and any(name.casefold() in self._bots for name in identity if name)

    def requester(self, cells: Mapping[str, Cell]) -> Person:
        """The caller of an incident, who requested a change, else who opened the record."""
        role = self._role(cells)
        if not role:
            return Person()
        who = cells[role]
        identity = who.sys_id
        detail = {name: self._detail(cells[COLUMNS[role, name]], identity, name) for name in DETAILS}
        name = who.name or self._names.of(identity)
        return Person(
            id=identity,
            name=name,
            kind=self._kind(detail, identity, name),
            vip={"true": True, "false": False}.get(detail["vip"]),
            language=detail["preferred_language"],
            location=detail["location"],
        )

    def user_name(self, cells: Mapping[str, Cell]) -> str:
        """The requester's user name, as it stands in `sys_updated_by`; `""` where it is not known."""
        role = self._role(cells)
        return self._detail(cells[COLUMNS[role, "user_name"]], cells[role].sys_id, "user_name") if role else ""

    def _role(self, cells: Mapping[str, Cell]) -> str:
        return next((role for role in REQUESTERS if cells[role].code), "")

    def _detail(self, cell: Cell, who: str, detail: str) -> str:
        """What the payload says, else what was said about this user earlier."""
        if not cell.said:
            return self._names.of(f"{who}.{detail}") if who else ""
        word = (cell.name or self._names.of(cell.sys_id)) if detail == "location" else cell.code
        if who:
            self._names.learn(f"{who}.{detail}", word)
        return word

    def _kind(self, detail: Mapping[str, str], sys_id: str, name: str) -> str:
        flags = detail["internal_integration_user"], detail["web_service_access_only"]
        if "true" in flags or self.is_bot(sys_id, name, detail["user_name"]):
            return "service_account"
        return "person" if any(flags) else ""
