"""Custom fields: the ones a site configures by name, and the ones Jira Service Management brings, found by what
they are (`schema.custom`), never by their id or their translated name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from connector.jira import names
from connector.jira.shapes import moment, text
from core.sightings import Unmapped
from core.sites import Site
from core.tickets import TIMES, Person, Ticket

REQUEST_TYPE = "com.atlassian.servicedesk:vp-origin"
ORGANISATIONS = "com.atlassian.servicedesk:sd-customer-organizations"
PARTICIPANTS = "com.atlassian.servicedesk:sd-request-participants"
SERVICES = "com.atlassian.jira.plugins.service-entity:service-entity-field-cftype"
APPROVALS = "com.atlassian.servicedesk.approvals-plugin:sd-approvals"

IDENTITY = frozenset({"site", "platform", "kind", "key", "id", "url", "revision", "fields", "parent", "requester"})
SETTABLE = frozenset(f.name for f in fields(Ticket)) - IDENTITY
LISTS = frozenset({"labels", "components"})
WHOLE = frozenset({"affected_users", "children_count"})
STOCKED = frozenset({"priority", "resolution", "hold_reason", "phase", "approval"})
TRUE, FALSE = frozenset({"yes", "true", "1", "major", "ja", "oui"}), frozenset({"no", "false", "0", "nein", "non"})
PERSON = frozenset(f.name for f in fields(Person))
NAMES = ("value", "displayName", "name", "label", "title", "key")


def unwrap(value: Any, depth: int = 0) -> Any:
    """The plain value of Jira's wrapping: options, users, versions, groups, organisations, lists of them."""
    if depth > 4 or value is None or isinstance(value, (str, int, float, bool)):  # noqa: PLR2004 - no field nests deeper
        return value if depth <= 4 else None  # noqa: PLR2004 - as above
    if isinstance(value, list):
        return [found for one in value if (found := unwrap(one, depth + 1)) is not None]
    if not isinstance(value, Mapping):
        return None
    if value.get("type") == "doc":
        return text(value)
    if isinstance(value.get("requestType"), Mapping):
        return unwrap(value["requestType"], depth + 1)
    named = next((value[name] for name in NAMES if isinstance(value.get(name), (str, int, float))), None)
    child = value.get("child")
    return [named, unwrap(child, depth + 1)] if isinstance(child, Mapping) and named is not None else named


def words(value: Any) -> str:
    """One text: the first of a list, the innermost of a cascading choice."""
    plain = unwrap(value)
    if isinstance(plain, list):
        plain = (plain[-1] if isinstance(value, Mapping) else plain[0]) if plain else ""
    return text(plain).strip() if not isinstance(plain, list) else ""


def number(value: Any) -> float | None:
    plain = unwrap(value)
    try:
        return float(plain) if isinstance(plain, (str, int, float)) and not isinstance(plain, bool) else None
    except (ValueError, OverflowError):
        return None


def whole(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and abs(found) < 10**12 else None


def truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    said = words(value).casefold()
    return True if said in TRUE else False if said in FALSE else None


def many(value: Any) -> tuple[str, ...]:
    plain = unwrap(value)
    listed = plain if isinstance(plain, list) else [plain]
    return tuple(text(one) for one in listed if text(one))


@dataclass(frozen=True)
class CustomFields:
    """The custom fields of one issue. `types`: what each is, by its id."""

    site: Site
    values: Mapping[str, Any]
    types: Mapping[str, str]

    def of_type(self, wanted: str) -> Any:
        return next((self.values[i] for i, found in self.types.items() if found == wanted and self.values.get(i)), None)

    def participants(self) -> list[Any]:
        found = self.of_type(PARTICIPANTS)
        return found if isinstance(found, list) else []

    def canonical(self, ticket: Ticket) -> tuple[dict[str, Any], tuple[Unmapped, ...]]:
        """The ticket's attributes that custom fields decide, and what could not be mapped."""
        found: dict[str, Any] = self._by_type(ticket)
        extra: dict[str, Any] = {}
        unmapped: list[Unmapped] = []
        person: dict[str, Any] = {}
        for name, field_id in self.site.fields.items():
            value = self.values.get(field_id)
            owner, _, detail = name.partition(".")
            own = name not in SETTABLE and not (owner == "requester" and detail in PERSON)
            if own and field_id not in self.values:
                extra[name] = None  # declared, and not to be read: gates with `unknown: hold` fire
            if value is None:
                continue
            if owner == "requester" and detail in PERSON:
                person[detail] = truth(value) if detail == "vip" else words(value)
            elif name in SETTABLE:
                known = self._attribute(name, value)
                if known in ("", None, ()):
                    unmapped.append(Unmapped(name, words(value)))
                else:
                    found[name] = known
            else:
                extra[name] = unwrap(value)
        found["fields"] = {**found.get("fields", {}), **extra}
        if person:
            found["requester"] = replace(ticket.requester, **person)
        return found, tuple(unmapped)

    def _by_type(self, ticket: Ticket) -> dict[str, Any]:
        asked = words(self.of_type(REQUEST_TYPE) or self._request_type())
        found = {
            "service": words(self.of_type(SERVICES)),
            "organisation": words(self.of_type(ORGANISATIONS)),
            "category": asked,
            "approval": self._approval() if ticket.kind == "change" else "",
            "fields": {"request_type": asked} if asked else {},
        }
        return {name: value for name, value in found.items() if value}

    def _request_type(self) -> Any:
        """A request type shows itself by its shape also where no schema came along (webhooks)."""
        shaped = (v for v in self.values.values() if isinstance(v, Mapping))
        return next((v for v in shaped if isinstance(v.get("requestType"), Mapping)), None)

    def _approval(self) -> str:
        listed = self.of_type(APPROVALS)
        decided = (
            listed[-1].get("finalDecision") if isinstance(listed, list) and isinstance(listed[-1], Mapping) else ""
        )
        return names.stock("approval", decided) if isinstance(decided, str) else ""

    def _attribute(self, name: str, value: Any) -> Any:
        if name in LISTS:
            return many(value)
        if name in TIMES:
            return moment(unwrap(value), self.site.timezone)
        if name in STOCKED:
            return self._stocked(name, words(value))
        reader: Callable[[Any], Any] = whole if name in WHOLE else READERS.get(name, words)
        return reader(value)

    def _stocked(self, name: str, said: str) -> str:
        if name == "priority":
            return names.priority(self.site, said)[0]
        return names.stock(name, said)


def _lowered(field: str) -> Callable[[Any], str]:
    return lambda value: names.stock(field, words(value)) or words(value).casefold()


READERS: Mapping[str, Callable[[Any], Any]] = {
    "major": truth,
    "subtasks_done": number,
    "risk": _lowered("risk"),
    "type": _lowered("type"),
}


def custom_fields(site: Site, issue: Mapping[str, Any], types: Mapping[str, str]) -> CustomFields:
    """The custom fields of an issue; its own `schema` (REST `expand=schema`) beats what was known before."""
    values = issue.get("fields")
    return CustomFields(site, values if isinstance(values, Mapping) else {}, {**types, **field_types(issue)})


def field_types(issue: Mapping[str, Any]) -> dict[str, str]:
    """`schema.custom` by field id, from a read with `expand=schema`; a field without one is known, and plain."""
    schema = issue.get("schema")
    if not isinstance(schema, Mapping):
        return {}
    found: Iterable[tuple[Any, Any]] = ((i, s.get("custom")) for i, s in schema.items() if isinstance(s, Mapping))
    return {i: kind if isinstance(kind, str) else "" for i, kind in found if isinstance(i, str)}
