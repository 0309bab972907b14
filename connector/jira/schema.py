"""Every shape in which Jira shows an issue, read into Liaison's words.

Shapes: webhooks of Cloud, Data Center and Server 7; Automation's bare issue at the root (numeric id, no
`webhookEvent`); REST v2 and v3 answers. A field of a wrong type counts as missing; only a body without any issue id is
an error.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connector.jira import names, shapes
from connector.jira.custom import CustomFields, custom_fields, field_types
from connector.jira.remarks import remark
from connector.jira.shapes import issue_id, load
from core.errors import PayloadError
from core.notes import Audience
from core.sightings import Author, Comment, Sighting, Snapshot, Unmapped
from core.sites import Serves, Site
from core.tickets import Approval, Kind, Parent, Person, State, Ticket, TicketRef
from core.times import iso

SERVICE_DESK = "service_desk"
NO_REQUESTS = frozenset({"story", "epic", "sub-task", "subtask", "problem", "[system] problem"})
"""Issue types that nobody asked for from outside: served only where `serves` names them."""
MARKER = "liaison.note"
INTERNAL = "sd.public.comment"
CHANGES = frozenset({"change", "[system] change", "change request", "[system] change request"})
NEEDED = ("summary", "status", "type", "project", "created", "updated")
ISSUE_PATH = re.compile(r"/issue/([0-9]{1,19})(?:/|$)", re.ASCII)

CHILD_OF = frozenset({"is child of", "is a child of", "child of", "is part of", "belongs to", "is child incident of"})
PARENT_OF = frozenset({"is parent of", "is a parent of", "parent of", "has part", "is parent incident of"})
CAUSED_BY = frozenset({"is caused by", "caused by"})


@dataclass(frozen=True)
class People:
    """Who is who on an issue, by every handle a platform may use for them (account id, key, name, e-mail)."""

    reporter: frozenset[str] = frozenset()
    assignee: frozenset[str] = frozenset()
    participants: frozenset[str] = frozenset()


NOBODY = People()


def ticket_id(body: Mapping[str, Any]) -> str:
    """The issue id a delivery is about, `""` where there is none. Cheap: for the moment before anything is stored."""
    issue, comment = body.get("issue"), body.get("comment")
    if isinstance(issue, Mapping):
        found = issue_id(issue.get("id")) or _id_in(issue.get("self"))
        if found:
            return found
    if not isinstance(issue, Mapping) and ("fields" in body or "key" in body):  # Automation: the issue is the body
        return issue_id(body.get("id")) or _id_in(body.get("self"))
    worklog = body.get("worklog")
    if isinstance(worklog, Mapping) and issue_id(worklog.get("issueId")):
        return issue_id(worklog.get("issueId"))
    return _id_in(comment.get("self")) if isinstance(comment, Mapping) else ""


def _id_in(link: Any) -> str:
    found = ISSUE_PATH.search(link) if isinstance(link, str) else None
    return found[1] if found else ""


def sight(
    site: Site, body: Mapping[str, Any], received_at: datetime, types: Mapping[str, str] | None = None
) -> Sighting:
    """One delivery, understood. `types` tells what the custom fields are (`schema.custom` by field id), where known.

    Raises PayloadError where there is no issue in it.
    """
    found = ticket_id(body)
    if not found:
        raise PayloadError(
            "this delivery names no issue: none of issue.id, id, comment.self and worklog.issueId holds an issue id",
            where=f"site {site.name}",
            hint="Send issue and comment events here, or Automation's issue data.",
        )
    event = load(shapes.Event, body)
    issue = body.get("issue", None if "webhookEvent" in body else body)
    name = event.get("name", "")
    shot = snapshot(site, issue, types, issue=found) if _has_fields(issue) else None
    thin = name.startswith("comment_") or not complete(site, issue, types)
    comment = None if "deleted" in name + event.get("detail", "") else _comment(site, body, event, received_at, types)
    return Sighting(
        ref=TicketRef(site.name, found),
        at=event.get("timestamp") or (comment and comment.at) or received_at,
        snapshot=shot,
        complete=not thin,
        comment=comment,
        gone=name == "jira:issue_deleted",
        actor=actor(event.get("user", {})),
        changed=tuple(item["field"] for item in event.get("changelog", {}).get("items", ()) if "field" in item),
    )


def _has_fields(issue: Any) -> bool:
    return isinstance(issue, Mapping) and isinstance(issue.get("fields"), Mapping)


def complete(site: Site, issue: Any, types: Mapping[str, str] | None = None) -> bool:
    """Whether the issue says all that a read would: not trimmed, its project's type known, no field unexplained.

    Of an issue that is not served nothing more need be known. Webhooks carry custom fields without their schema:
    until a read has told what a field is, a snapshot from a webhook could lack the service that the next read
    shows, and that would look like a change of scope.
    """
    if not _has_fields(issue):
        return False
    raw = issue["fields"]
    fields = load(shapes.Fields, raw)
    if any(name not in fields for name in NEEDED) or not fields["project"].get("type"):
        return False
    project, type_name = fields["project"], fields["type"].get("name", "")
    listed = _kind(site, project.get("key", ""), type_name)[1]
    if _not_served_because(site, "", type_name, project, listed=listed):
        return True
    known = {*(types or {}), *site.fields.values(), *field_types(issue)}
    return all(value is None or not name.startswith("customfield_") or name in known for name, value in raw.items())


def snapshot(
    site: Site, body: Mapping[str, Any], types: Mapping[str, str] | None = None, *, issue: str = ""
) -> Snapshot:
    """The issue of a REST answer or a webhook's `issue`, with what the site says about speaking in it."""
    found = issue or issue_id(body.get("id"))
    if not found:
        raise PayloadError("this issue has no id", where=f"site {site.name}")
    fields = load(shapes.Fields, body.get("fields"))
    custom = custom_fields(site, body, types or {})
    key = load(shapes.Issue, body).get("key", "")
    project, type_name = fields.get("project", {}), fields.get("type", {}).get("name", "")
    kind, listed = _kind(site, project.get("key", ""), type_name)
    ticket, unmapped = _ticket(site, kind, Ticket(site.name, "jira", kind, key, found), fields, custom)
    because = _not_served_because(site, key or f"issue {found}", type_name, project, listed=listed)
    return Snapshot(ticket, not because, because, sinks(site, project.get("type", "")), unmapped)


def _kind(site: Site, project: str, type_name: str) -> tuple[str, Serves | None]:
    wanted = (project.casefold(), type_name.casefold())
    for serves in site.serves:
        projects, types = ({one.casefold() for one in listed} for listed in (serves.projects, serves.types))
        if (not projects or wanted[0] in projects) and (not types or wanted[1] in types):
            return (serves.kind if serves.kind in set(Kind) else Kind.INCIDENT), serves
    return str(Kind.CHANGE if wanted[1] in CHANGES else Kind.INCIDENT), None


def _not_served_because(
    site: Site, key: str, type_name: str, project: Mapping[str, str], *, listed: Serves | None
) -> str:
    kind, where = type_name or "issue of unknown type", project.get("type", "").replace("_", " ")
    article = "an" if kind[:1].casefold() in "aeiou" else "a"
    if site.serves:
        return "" if listed else f"{key} is {article} {kind} in {_named(project)}, which this site does not serve"
    if project.get("type") == SERVICE_DESK and type_name.casefold() not in NO_REQUESTS:
        return ""
    return f"{key} is {article} {kind} in {f'a {where} project' if where else 'a project of unknown type'}"


def _named(project: Mapping[str, str]) -> str:
    return f"project {project['key']}" if "key" in project else "an unknown project"


def sinks(site: Site, project_type: str) -> frozenset[Audience]:
    """The audiences Jira can tell apart here. Outside service desks every viewer reads every comment."""
    if project_type == SERVICE_DESK:
        found = {Audience.AGENTS, Audience.REQUESTER}
    else:
        found = {Audience.AGENTS} if project_type and site.agents_visibility else set()
    return frozenset(audience for audience in found if audience in site.speaks)


def _ticket(
    site: Site, kind: str, bare: Ticket, fields: Mapping[str, Any], custom: CustomFields
) -> tuple[Ticket, tuple[Unmapped, ...]]:
    status = fields.get("status", {})
    category = status.get("category", {}).get("key", "")
    state, phase, hold_reason, no_state = names.state(site, kind, status.get("name", ""), category)
    priority, no_priority = names.priority(site, fields.get("priority", ""))
    resolved = fields.get("resolution", "")
    resolution = names.stock("resolution", resolved) if resolved else ""
    no_resolution = () if resolution or not resolved else (Unmapped("resolution", resolved),)
    updated = fields.get("updated")
    ticket = bare.evolve(
        url=f"{site.url.rstrip('/')}/browse/{bare.key}" if bare.key else "",
        title=fields.get("summary", ""),
        description=fields.get("description", ""),
        environment=fields.get("environment", ""),
        security_level=fields.get("security", ""),
        labels=fields.get("labels", ()),
        components=fields.get("components", ()),
        assignee=fields.get("assignee", {}).get("display", "") or actor(fields.get("assignee", {})),
        requester=requester(site, fields.get("reporter", {})),
        state=state,
        phase=phase,
        hold_reason=hold_reason,
        priority=priority,
        resolution=resolution,
        opened_at=fields.get("created"),
        updated_at=updated,
        resolved_at=fields.get("resolved"),
        revision=iso(updated) if updated else "",
        subtasks_done=_done(fields.get("subtasks", ())),
        **_family(site, kind, fields),
        **(_change(state, status.get("name", ""), resolved) if kind == Kind.CHANGE else {"close_code": resolved}),
    )
    canonical, no_custom = custom.canonical(ticket)
    return ticket.evolve(**canonical), (*no_state, *no_priority, *no_resolution, *no_custom)


def _change(state: str, status: str, resolution: str) -> dict[str, str]:
    """What a change's status tells beside its state: Jira's workflows reach "scheduled" only through approval."""
    refused = names.plain_name(status) in {"declined", "rejected"}
    waiting = Approval.REQUESTED if state == State.AUTHORIZE else ""
    approval = Approval.REJECTED if refused else Approval.APPROVED if state in names.APPROVED_STATES else waiting
    code = names.stock("close_code", status) or names.stock("close_code", resolution) or resolution
    return {"approval": str(approval), "close_code": code if state in {State.REVIEW, State.CLOSED} else ""}


def _done(subtasks: Iterable[Mapping[str, Any]]) -> float | None:
    """The share of sub-tasks whose status is in the category "done"."""
    found = [s.get("fields_", {}).get("status", {}).get("category", {}).get("key") == "done" for s in subtasks]
    return sum(found) / len(found) if found else None


def _family(site: Site, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    links = [(phrase, other) for link in fields.get("links", ()) for phrase, other in _ends(link)]
    parent = fields.get("parent", {})
    if _is_epic(parent):
        parent = {}
    parent = parent or next((other for phrase, other in links if phrase in CHILD_OF), {})
    return {
        "parent": _parent(site, kind, parent) if parent else None,
        "children_count": sum(phrase in PARENT_OF for phrase, _ in links) if links else None,
        "duplicate_of": next((_key(other) for phrase, other in links if phrase == "duplicates"), ""),
        "caused_by": next((_key(other) for phrase, other in links if phrase in CAUSED_BY), ""),
        "problem": next((_key(other) for _, other in links if _type(other) in {"problem", "[system] problem"}), ""),
    }


def _ends(link: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """How this issue stands to the other: with `outwardIssue` the outward phrase says it, else the inward one."""
    kind = link.get("type", {})
    for end in ("outward", "inward"):
        if other := link.get(end):
            phrase = names.plain_name(kind.get(end, ""))
            own = "duplicates" if end == "outward" and kind.get("name", "").casefold() == "duplicate" else phrase
            yield own, other


def _is_epic(parent: Mapping[str, Any]) -> bool:
    kind = parent.get("fields_", {}).get("type", {})
    return kind.get("name", "").casefold() == "epic" or kind.get("level", "0") not in {"0", "-1"}


def _type(other: Mapping[str, Any]) -> str:
    return str(other.get("fields_", {}).get("type", {}).get("name", "")).casefold()


def _key(other: Mapping[str, Any]) -> str:
    return str(other.get("key") or other.get("id") or "")


def _parent(site: Site, kind: str, parent: Mapping[str, Any]) -> Parent | None:
    fields = parent.get("fields_", {})
    status = fields.get("status", {})
    state, *_ = names.state(site, kind, status.get("name", ""), status.get("category", {}).get("key", ""))
    priority, _ = names.priority(site, fields.get("priority", ""))
    if "id" not in parent:
        return None
    return Parent(parent["id"], parent.get("key", ""), state=state, priority=priority)


def handles(user: Mapping[str, str]) -> frozenset[str]:
    known = (user.get(k, "") for k in ("account_id", "key", "name", "email"))
    return frozenset(one.casefold() for one in known if one)


def actor(user: Mapping[str, str]) -> str:
    """How Jira identifies the account for good: account id on Cloud, key on Data Center, name on old servers."""
    return user.get("account_id") or user.get("key") or user.get("name") or ""


def _is_bot(site: Site, user: Mapping[str, str]) -> bool:
    names_of_bots = {bot.casefold() for bot in site.bots}
    return bool(names_of_bots & {*handles(user), user.get("display", "").casefold()})


def requester(site: Site, user: Mapping[str, str]) -> Person:
    if _is_bot(site, user) or user.get("account_type") == "app":
        kind = "service_account"
    else:
        kind = "person" if user.get("account_type") in {"atlassian", "customer"} else ""
    return Person(actor(user), user.get("display", ""), kind)


def people(site: Site, issue: Any, types: Mapping[str, str] | None = None) -> People:
    if not _has_fields(issue):
        return NOBODY
    fields = load(shapes.Fields, issue["fields"])
    participants = custom_fields(site, issue, types or {}).participants()
    return People(
        handles(fields.get("reporter", {})),
        handles(fields.get("assignee", {})),
        frozenset(one for user in participants for one in handles(load(shapes.User, user))),
    )


def _comment(
    site: Site,
    body: Mapping[str, Any],
    event: Mapping[str, Any],
    received_at: datetime,
    types: Mapping[str, str] | None,
) -> Comment | None:
    found = comment(site, body.get("comment"), people(site, body.get("issue"), types), at=received_at)
    edited = "comment_updated" in event.get("name", "") or "comment_edited" in event.get("detail", "")
    if found is None or not edited:
        return found
    return replace(found, edited=edited)


def comment(site: Site, body: Any, who: People = NOBODY, *, at: datetime) -> Comment | None:
    """A comment of a webhook or a REST answer; None where there is none in it. `at` stands in for a missing date."""
    found = load(shapes.Comment, body)
    if "id" not in found:
        return None
    marker, public, author = marker_of(body), public_of(body), found.get("author", {})
    created, updated = found.get("created"), found.get("updated")
    edited = bool(created and updated and updated > created)
    return Comment(
        id=found["id"],
        at=(updated if edited else created) or at,
        author=Author.LIAISON if marker else author_of(site, author, who, internal=public is False),
        author_id=actor(author),
        public=public,
        marker=marker,
        text=remark(body.get("body")),
        edited=edited,
        author_name=author.get("display", ""),
    )


def author_of(site: Site, user: Mapping[str, str], who: People, *, internal: bool) -> Author:
    """Who wrote, as far as Jira tells. That somebody is an agent follows from an internal comment, from being the
    assignee, or from an account that is neither the reporter's nor a participant's where those are known.
    """
    mine, kind = handles(user), user.get("account_type", "")
    if mine & {own.casefold() for own in (site.account, site.auth.user) if own}:
        return Author.LIAISON
    if kind == "app" or _is_bot(site, user):
        return Author.BOT
    if kind == "customer" or mine & (who.reporter | who.participants):
        return Author.CUSTOMER
    known = mine and (internal or mine & who.assignee or who.reporter)
    return Author.AGENT if known else Author.UNKNOWN


def public_of(body: Any) -> bool | None:
    """Whether customers read a comment: False where a role or group is named, else `jsdPublic`, else the property
    that Data Center keeps instead (absent from an expanded list: public by default), else unknown.
    """
    found = load(shapes.Comment, body)
    if found.get("visibility"):
        return False
    if "public" in found:
        return bool(found["public"])
    listed = properties(body)
    if listed is None:
        return None
    value = listed.get(INTERNAL)
    return not (isinstance(value, Mapping) and value.get("internal") in {True, "true"})


def properties(body: Any) -> dict[str, Any] | None:
    """Comment properties by key; None where the answer was not expanded, which is not the same as none."""
    listed = body.get("properties") if isinstance(body, Mapping) else None
    if not isinstance(listed, list):
        return None
    return {
        one["key"]: one.get("value") for one in listed if isinstance(one, Mapping) and isinstance(one.get("key"), str)
    }


def marker_of(body: Any) -> str:
    value = (properties(body) or {}).get(MARKER)
    found = value.get("id") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""
