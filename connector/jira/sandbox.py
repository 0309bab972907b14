"""A stand-in for Jira: the endpoints Liaison and the plain `jira` package use, with Jira's awkward habits.

Comments in service desks are public unless a boolean property says otherwise; an edit without a restriction lifts it;
Cloud speaks ADF and accounts, Data Center wiki markup and user names; comment events are thin.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Response, g, request
from werkzeug.exceptions import BadRequest

from connector.jira.sandbox_data import (
    ACCOUNTS,
    CUSTOM_FIELDS,
    LINK_TYPES,
    PLAIN_FIELD,
    THIN,
    Account,
    Comment,
    Issue,
    Json,
    as_adf,
    from_event,
    is_done,
    jira_time,
    links,
    status,
    stored,
    to_event,
)
from connector.jira.sandbox_limits import PER_ISSUE, REASONS, IssueWrites, limit_headers, over_limit, too_many
from connector.jira.sandbox_routes import COMMENTS_AT_ONCE, NoSuch, comment_routes, issue_routes, refuse, site_routes
from connector.jira.sandbox_search import search_routes
from connector.jira.schema import INTERNAL, MARKER
from connector.sandbox import Allowance, Conversation, Entry, Fault, StandIn, Telling
from connector.sandbox_faults import COMMON_KINDS, WRITES
from core.sites import Flavour
from core.times import Clock

PROJECTS = {"OPS": "service_desk", "WEB": "software"}
ROLES = ("Service Desk Team", "Administrators")
ISSUE_PATH = re.compile(r"/rest/api/[23]/issue/([^/]+)")
TWINS = {
    "comment_created": "issue_commented",
    "comment_updated": "issue_comment_edited",
    "comment_deleted": "issue_comment_deleted",
}
FIRST = {"issue": 10_000, "comment": 20_000}


def hub_signature(secret: str) -> Callable[[bytes], Mapping[str, str]]:
    """Signs a body as Jira Cloud's admin webhooks do: `X-Hub-Signature: sha256=<hex>`."""

    def sign(raw: bytes) -> Mapping[str, str]:
        return {"X-Hub-Signature": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}

    return sign


class JiraStandIn(StandIn):
    """`account` is the one Liaison writes with; `token` its password, API token and PAT, and everybody else's.

    `notified` lists the comment ids that Jira would have mailed about.

    On request: `comment_moves` are a service desk's automations, the status that a public comment by `agents` or
    `customers` brings an open issue into; `write_limits` are Jira's own per issue; `comments_at_once` is the most that
    a page of comments holds, whatever was asked for; `tells_deletions` sends `comment_deleted`.
    """

    kinds = COMMON_KINDS | REASONS

    def __init__(
        self,
        *,
        flavour: Flavour = Flavour.CLOUD,
        account: str = "liaison",
        token: str = "stand-in",  # noqa: S107 - a stand-in has no secrets
        projects: Mapping[str, str] | None = None,
        accounts: Iterable[Account] = (),
        fields: Mapping[str, tuple[str, str]] | None = None,
        roles: Iterable[str] = ROLES,
        clock: Clock | None = None,
        ledger: Path | None = None,
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
        comment_moves: Mapping[str, str] | None = None,
        write_limits: bool = False,
        comments_at_once: int = COMMENTS_AT_ONCE,
        tells_deletions: bool = False,
    ) -> None:
        self.flavour, self.token = flavour, token
        self.comment_moves, self.write_limits = dict(comment_moves or {}), write_limits
        self.comments_at_once, self.tells_deletions = comments_at_once, tells_deletions
        self._writes = IssueWrites()
        self.account = account
        self.projects = dict(projects or PROJECTS)
        self.accounts = {one.name: one for one in (*ACCOUNTS, *accounts)}
        self.custom_fields = {**CUSTOM_FIELDS, **(fields or {})}
        self.roles = frozenset(roles)
        self.issues: dict[str, Issue] = {}
        self.notified: list[str] = []
        self._last = dict(FIRST)
        super().__init__(clock=clock, ledger=ledger, port=port, tls=tls)
        self.app.before_request(self._authenticate)
        self.app.before_request(self._limit)
        site_routes(self)
        issue_routes(self)
        comment_routes(self)
        search_routes(self)

    @property
    def user(self) -> str:
        """What Liaison signs in with."""
        return self.accounts[self.account].email

    def account_id(self, name: str) -> str:
        """How this Jira identifies the account for good."""
        return self.accounts[name].id if self.flavour is Flavour.CLOUD else name

    # State

    def apply(self, event: Mapping[str, Any]) -> None:
        if "account" in event:
            self.accounts[event["account"]["name"]] = Account(**event["account"])
        if "issue" in event:
            issue: Issue = from_event(Issue, event["issue"])
            known = self.issues.get(issue.id)
            issue.comments = known.comments if known else {}
            self.issues[issue.id] = issue
            self._last["issue"] = max(self._last["issue"], int(issue.id))
        if "comment" in event:
            comment: Comment = from_event(Comment, event["comment"])
            self.issues[comment.issue].comments[comment.id] = comment
            self._last["comment"] = max(self._last["comment"], int(comment.id))
        if "gone" in event:
            self.issues.pop(event["gone"], None)
        if "uncommented" in event:
            self.issues[event["from"]].comments.pop(event["uncommented"], None)

    def tell(self, event: Mapping[str, Any]) -> Telling:
        if "comment" in event:
            comment: Comment = from_event(Comment, event["comment"])
            yield self._told(comment, "edited" if comment.id in self.issues[comment.issue].comments else "written")
        elif comment_id := event.get("uncommented"):
            yield self._told(self.issues[event["from"]].comments[comment_id], "deleted")

    def _told(self, comment: Comment, what: str) -> Any:
        id_, author = comment.id, comment.author
        return comment.updated, comment.issue, what, id_, _marker(comment), comment.internal, author, comment.words

    def found(self, named: str) -> Issue:
        issue = self.issues.get(named) or next((i for i in self.issues.values() if i.key == named.upper()), None)
        if issue is None:
            raise NoSuch(response=refuse(404, "Issue does not exist or you do not have permission to see it."))
        return issue

    def next_id(self, thing: str) -> str:
        return str(self._last[thing] + 1)

    def person(self, name: str, kind: str = "atlassian") -> Account:
        """The account by name, account id or e-mail; a name nobody knows becomes a new account."""
        known = next((a for a in self.accounts.values() if name in (a.name, a.id, a.email)), None)
        if known:
            return known
        display = name.replace(".", " ").replace("-", " ").title()
        new = {"name": name, "display": display, "type": kind, "email": f"{name}@acme.example"}
        self.commit({"account": new})
        return self.accounts[name]

    # Changes from outside (story, tests)

    def change(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create: `{as, project, type, fields, status}`. Change: `{as, fields, status, comment, uncomment, delete}`.

        `comment` is `{text, public}`, `uncomment` the id of a comment to delete. `as_type` (`atlassian`, `customer`,
        `app`) describes a new account.
        """
        known = {"as", "as_type", "project", "type", "fields", "status", "comment", "uncomment", "delete"}
        unknown = body.keys() - known
        if unknown:
            raise BadRequest(f"unknown keys: {', '.join(sorted(unknown))}")
        with self.lock:
            who = self.person(body.get("as", "anna"), body.get("as_type", "atlassian"))
            if not key:
                issue = self.create(who, body)
            else:
                issue = self.found(key)
                if gone := issue.comments.get(str(body.get("uncomment", ""))):
                    self.drop_comment(gone, who)
                self.save(who, issue, body)
            return {"id": issue.id, "key": issue.key}

    def create(self, who: Account, body: Mapping[str, Any]) -> Issue:
        wanted, fields = body.get("project", next(iter(self.projects))), dict(body.get("fields", {}))
        project = next((key for key in self.projects if wanted in (key, self.shown_project(key)["id"])), None)
        if project is None:
            raise BadRequest(response=refuse(400, project=f"project {wanted!r} is not one of {list(self.projects)}"))
        now = self.clock.now()
        number = 1 + max((int(i.key.split("-")[1]) for i in self.issues.values() if i.project == project), default=0)
        reporter = self.person(fields.pop("reporter", None) or who.name).name
        fields = {"summary": "", **stored(fields), "status": status(body.get("status", "Open"))}
        fields.setdefault("priority", stored({"priority": "Medium"})["priority"])
        kind = body.get("type", "Incident")
        issue = Issue(self.next_id("issue"), f"{project}-{number}", project, kind, reporter, now, now, fields)
        self.commit({"issue": to_event(issue)})
        self._hook("jira:issue_created", issue, who, "issue_created", items=[])
        if "comment" in body:
            self.save(who, self.issues[issue.id], {"comment": body["comment"]})
        return self.issues[issue.id]

    def save(self, who: Account, issue: Issue, body: Mapping[str, Any]) -> None:
        """One save: fields, status and a comment at once, as a transition's screen allows."""
        if body.get("delete"):
            self.commit({"gone": issue.id})
            self._hook("jira:issue_deleted", issue, who, "")
            return
        changes = self._changes(issue, body)
        comment = self._said(issue, who, body["comment"]) if body.get("comment") else None
        if not changes and comment is None:
            return
        now = self.clock.now()
        issue = self._kept(issue, now, changes)
        if comment:
            self.commit({"comment": to_event(comment)})
            self.notified.append(comment.id)
        if changes:
            kind = "issue_generic" if "status" in changes else "issue_updated"
            self._hook("jira:issue_updated", self.issues[issue.id], who, kind, _items(issue, changes), comment)
        if comment:
            self.comment_hooks("comment_created", issue, who, comment, twin=not changes)
            self._automate(comment)

    def _kept(self, issue: Issue, now: datetime, changes: Mapping[str, Any]) -> Issue:
        """The issue before the change; the changed one is committed. `updated` moves with every save and comment."""
        event = to_event(issue)
        self.commit({"issue": {**event, "updated": now.isoformat(), "fields": {**event["fields"], **changes}}})
        return issue

    def _changes(self, issue: Issue, body: Mapping[str, Any]) -> Json:
        fields = stored(body.get("fields", {}))
        if "status" in body:
            fields["status"] = status(body["status"])
            done, was = is_done(fields["status"]), is_done(issue.fields["status"])
            if done and not was:
                fields.setdefault("resolution", stored({"resolution": "Done"})["resolution"])
                fields["resolutiondate"] = jira_time(self.clock.now())
            elif was and not done:
                fields |= {"resolution": None, "resolutiondate": None}
        return {name: value for name, value in fields.items() if issue.fields.get(name) != value}

    def _said(self, issue: Issue, who: Account, said: Mapping[str, Any]) -> Comment:
        now, internal = self.clock.now(), not said.get("public", True) and who.type != "customer"
        properties: Json = {INTERNAL: {"internal": True}} if internal else {}
        return Comment(
            self.next_id("comment"), issue.id, who.name, now, now, text=str(said.get("text", "")), properties=properties
        )

    def keep_comment(self, comment: Comment, *, created: bool, notify: bool, who: Account) -> None:
        """A comment saved through REST."""
        issue = self._kept(self.issues[comment.issue], self.clock.now(), {})
        self.commit({"comment": to_event(comment)})
        if notify:
            self.notified.append(comment.id)
        self.comment_hooks("comment_created" if created else "comment_updated", issue, who, comment, twin=True)
        if created:
            self._automate(comment)

    def drop_comment(self, comment: Comment, who: Account) -> None:
        self.commit({"uncommented": comment.id, "from": comment.issue})
        if self.tells_deletions:
            self.comment_hooks("comment_deleted", self.issues[comment.issue], who, comment, twin=True)

    def _automate(self, comment: Comment) -> None:
        """JSM's stock automation: a public comment of either side moves the issue into the other side's court."""
        issue = self.issues[comment.issue]
        side = "customers" if self.accounts[comment.author].type == "customer" else "agents"
        moved = self.comment_moves.get(side)
        desk = self.projects[issue.project] == "service_desk"
        if moved and desk and not comment.internal and not is_done(issue.fields["status"]):
            self.save(self.person("automation", "app"), issue, {"status": moved})

    # What Jira shows

    def shown_issue(self, issue: Issue, version: str = "2") -> Json:
        """The issue with all its fields, as `GET` and webhooks show it."""
        url = f"{self.url}/rest/api/{version}"
        fields: Json = dict.fromkeys(("description", "assignee", "resolution", "resolutiondate", "security"))
        fields |= {name: value for name, value in issue.fields.items() if name not in {"links", "parent"}}
        if version == "3" and isinstance(fields["description"], str):
            fields["description"] = as_adf(fields["description"])
        fields["assignee"] = self._shown_account(issue.fields.get("assignee"))
        fields |= {
            "reporter": self._shown_account(issue.reporter),
            "creator": self._shown_account(issue.reporter),
            "issuetype": {"name": issue.type, "subtask": False, "id": "10001"},
            "project": self.shown_project(issue.project),
            "labels": issue.fields.get("labels", []),
            "components": issue.fields.get("components", []),
            "issuelinks": self._shown_links(issue),
            "subtasks": [],
            "created": jira_time(issue.created),
            "updated": jira_time(issue.updated),
        }
        if issue.fields.get("parent"):
            fields["parent"] = self._shown_other(issue.fields["parent"])
        return {"id": issue.id, "self": f"{url}/issue/{issue.id}", "key": issue.key, "fields": fields}

    def shown_project(self, key: str) -> Json:
        number = str(10_000 + list(self.projects).index(key))
        return {"id": number, "key": key, "name": key.title(), "projectTypeKey": self.projects[key],
                "self": f"{self.url}/rest/api/2/project/{number}"}  # fmt: skip

    def _shown_account(self, name: str | None) -> Json | None:
        return self.person(name).shown(self.flavour, self.url) if name else None

    def _shown_links(self, issue: Issue) -> list[Json]:
        found = []
        for kind, end, key in links(issue, self.issues.values()):
            inward, outward = LINK_TYPES[kind]
            named = {"name": kind, "inward": inward, "outward": outward}
            found.append({"id": "1", "type": named, end: self._shown_other(key)})
        return found

    def _shown_other(self, key: str) -> Json:
        other = self.found(key)
        shown = {name: other.fields[name] for name in ("summary", "status", "priority") if name in other.fields}
        return {"id": other.id, "key": other.key, "fields": {**shown, "issuetype": {"name": other.type}}}

    def shown_comment(self, comment: Comment, version: str = "2", *, expanded: bool = False) -> Json:
        author = self._shown_account(comment.author)
        shown: Json = {
            "self": f"{self.url}/rest/api/{version}/issue/{comment.issue}/comment/{comment.id}",
            "id": comment.id,
            "author": author,
            "updateAuthor": author,
            "body": comment.body(version),
            "created": jira_time(comment.created),
            "updated": jira_time(comment.updated),
        }
        if self.flavour is Flavour.CLOUD:  # Data Center tells by the comment's property alone
            shown["jsdPublic"] = comment.public
        if comment.visibility:
            shown["visibility"] = comment.visibility
        if expanded:
            shown["properties"] = [{"key": k, "value": v} for k, v in comment.properties.items()]
        return shown

    def names_and_schema(self, fields: Mapping[str, Any]) -> tuple[Json, Json]:
        custom = {i: self.custom_fields.get(i, (i, PLAIN_FIELD)) for i in fields if re.fullmatch(r"customfield_\d+", i)}
        named = {i: custom[i][0] if i in custom else i.title() for i in fields}
        schema: Json = {i: {"type": "string", "system": i} for i in fields if i not in custom}
        return named, schema | {i: {"type": "any", "custom": kind} for i, (_, kind) in custom.items()}

    # Webhooks

    def _hook(
        self,
        event: str,
        issue: Issue,
        who: Account,
        detail: str,
        items: list[Json] | None = None,
        comment: Comment | None = None,
    ) -> None:
        body: Json = {"timestamp": self._milliseconds(), "webhookEvent": event}
        if detail:
            body["issue_event_type_name"] = detail
        body |= {"user": who.shown(self.flavour, self.url), "issue": self.shown_issue(issue)}
        if comment:
            body["comment"] = self.shown_comment(comment)
        if items is not None:
            body["changelog"] = {"id": str(self._milliseconds()), "items": items}
        self._send(body)

    def comment_hooks(self, event: str, issue: Issue, who: Account, comment: Comment, *, twin: bool) -> None:
        """Cloud: a thin issue and no user. Data Center: no issue, and the same again as an issue event."""
        body: Json = {"timestamp": self._milliseconds(), "webhookEvent": event, "comment": self.shown_comment(comment)}
        issue = self.issues[issue.id]
        if self.flavour is Flavour.CLOUD:
            whole = self.shown_issue(issue)
            body["issue"] = {**whole, "fields": {name: whole["fields"].get(name) for name in THIN}}
        self._send(body)
        if twin and self.flavour is Flavour.DATA_CENTER:
            detail = TWINS[event]
            self._hook("jira:issue_updated", issue, who, detail, comment=comment)

    def _send(self, body: Json) -> None:
        self.post(body, {"X-Atlassian-Webhook-Identifier": str(uuid4()), "X-Atlassian-Webhook-Flow": "Primary"})

    def _milliseconds(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def automation_body(self, key: str) -> Json:
        """What Automation's "send web request" posts as issue data: the issue at the root, its id a number."""
        shown = self.shown_issue(self.found(key))
        return {**shown, "id": int(shown["id"])}

    def conversations(self) -> Iterable[Conversation]:
        for issue in self.issues.values():
            entries = tuple(self._entry(comment) for comment in issue.comments.values())
            reporter = self.person(issue.reporter).display
            yield Conversation(issue.key, issue.id, issue.fields["summary"], issue.status, reporter, entries)

    def _entry(self, comment: Comment) -> Entry:
        author = self.person(comment.author).display
        return Entry(comment.created, author, comment.words, comment.internal, _marker(comment))

    def limited(self, fault: Fault) -> Response:
        return too_many(fault.kind, fault.wait)

    def limit_headers(self, allowance: Allowance) -> Mapping[str, str]:
        return limit_headers(allowance, self.clock.now(), self.flavour)

    def over_limit(self, allowance: Allowance) -> Response:
        return over_limit(allowance, self.clock.now(), self.flavour)

    def _limit(self) -> Response | None:
        written = ISSUE_PATH.match(request.path)
        if not (self.write_limits and written and request.method in WRITES):
            return None
        with self.lock:
            wait = self._writes.wait(self.found(written[1]).id, self.clock.now())
        return too_many(PER_ISSUE, wait) if wait else None

    def _authenticate(self) -> Response | None:
        if not request.path.startswith("/rest/") or request.path.endswith("/serverInfo"):
            return None
        if self.flavour is Flavour.DATA_CENTER and request.path.startswith("/rest/api/3/"):
            return refuse(404, "null for uri: " + request.path)
        with self.lock:
            g.account = self._signed_in()
        return None if g.account else refuse(401, "Client must be authenticated to access this resource.")

    def _signed_in(self) -> Account | None:
        signed = request.authorization
        if signed is None:
            return None
        if signed.type == "bearer" and self.flavour is Flavour.DATA_CENTER:
            return self.accounts[self.account] if signed.token == self.token else None
        known = (a for a in self.accounts.values() if signed.username in (a.name, a.email))
        return next(known, None) if signed.password == self.token else None


def _marker(comment: Comment) -> str:
    marker = comment.properties.get(MARKER)
    return str(marker.get("id", "")) if isinstance(marker, Mapping) else ""


def _items(before: Issue, changes: Mapping[str, Any]) -> list[Json]:
    items = []
    for name, value in changes.items():
        if name == "resolutiondate":
            continue
        old = before.fields.get(name)
        items.append({"field": name, "fieldId": name, "fieldtype": "jira", "from": None, "to": None,
                      "fromString": _label(old), "toString": _label(value)})  # fmt: skip
    return items


def _label(value: Any) -> str | None:
    return value.get("name") if isinstance(value, Mapping) else None if value is None else str(value)
