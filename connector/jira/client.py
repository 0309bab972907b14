"""One Jira site through the `jira` package: read an issue, write a note once, find a note by its marker.

Only this module imports `jira`. Its own retries would write the same comment four times over, and its error handling
stumbles over odd answers, so requests go through its authenticated session with both left out.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Any
from urllib.parse import quote

import orjson
import requests
from jira import JIRA
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from connector import whole
from connector.jira import answers, changes, limits, schema, shapes
from connector.jira.comment import body as comment_body
from connector.jira.custom import field_types
from connector.jira.schema import INTERNAL, MARKER
from connector.jira.shapes import issue_id, load
from core.errors import NotThere, Paused, PlatformError, Refused, Unavailable
from core.notes import Letter, Part, Written
from core.quotas import Meter, Quota, Unmetered
from core.sightings import Author, Comment, Found, Sighting, Snapshot
from core.sites import Flavour, Site
from core.tickets import TicketRef
from core.times import Clock

ATTEMPTS = 3
FIELDS = "*all,-comment,-worklog,-attachment"
PAGE = 100
PAGES = 100
SKEW = timedelta(days=1)
"""How far Jira's clock and ours may lie apart when a note is looked for: one that is missed is written twice."""

KNOWN = 10_000
"""Issues whose project type is remembered."""


class JiraConnector:
    """See `core.ports.Connector`. `sleep` waits between the attempts of a read; `meter` counts the requests."""

    joins_audiences = False
    edits_notes = True

    def __init__(
        self,
        site: Site,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
        meter: Meter | None = None,
    ) -> None:
        self.site = site
        self._clock, self._sleep, self._meter = clock, sleep, meter or Unmetered()
        self._version = "3" if site.flavour is Flavour.CLOUD else "2"
        self._base = f"{site.url.rstrip('/')}/rest/api/{self._version}"
        self._jira = _client(site, self._version)
        self._session = self._jira._session  # noqa: SLF001 - comment properties are beyond the package's methods
        self._session.trust_env = False
        self._leave_by = inf
        self._types: dict[str, str] = {}
        self._project_types: dict[str, str] = {}

    def close(self) -> None:
        self._session.close()

    def sight(self, body: Mapping[str, Any], received_at: datetime) -> Sighting:
        return schema.sight(self.site, body, received_at, self._types)

    def read(self, ref: TicketRef) -> Snapshot:
        return schema.snapshot(self.site, self._issue(ref), self._types)

    def comment(self, ref: TicketRef, comment: Comment) -> Comment | None:
        if not issue_id(comment.id):
            return None
        try:
            found = self._get(ref, f"/issue/{ref.id}/comment/{comment.id}", expand="properties")
        except NotThere:
            return None
        seen = schema.comment(self.site, found, at=comment.at)
        if seen and seen.author is Author.UNKNOWN:
            who = schema.people(self.site, self._issue(ref), self._types)
            seen = schema.comment(self.site, found, who, at=comment.at)
        return seen

    def comments(self, ref: TicketRef, since: datetime) -> tuple[Comment, ...]:
        """By when they were written first: a later edit makes nobody's words older or younger."""
        try:
            listed = [(self._at(one), one) for one in self._comments(ref, since)]
        except Refused:
            return ()
        seen = [schema.comment(self.site, one, at=at) for at, one in listed]
        if any(one and one.author is Author.UNKNOWN for one in seen):
            who = schema.people(self.site, self._issue(ref), self._types)
            seen = [schema.comment(self.site, one, who, at=at) for at, one in listed]
        first = (replace(one, at=at, edited=False) for (at, _), one in zip(listed, seen, strict=True) if one)
        return tuple(sorted(first, key=lambda one: one.at))

    def changes(self, since: datetime) -> Iterator[Found]:
        return changes.changes(self.site, since, self._clock.now(), self._search)

    def write(self, letter: Letter) -> Written:
        (part,) = letter.parts  # requester and agents are two comments here, each with its own marker
        ref = letter.ref
        desk = self._project_type(ref) == schema.SERVICE_DESK
        if part.audience not in schema.sinks(self.site, self._project_type(ref)):
            raise Refused(
                f"a note for {part.audience} cannot be kept to its readers in this issue, so it was not written",
                where=self._where(ref),
                hint="Outside service desks internal notes need agents_visibility: a role or a group.",
            )
        save = self._edit if letter.edits else self._add
        self._leave_by = letter.leave_by
        try:
            answer = save(letter, part, desk=desk)
        finally:
            self._leave_by = inf
        return self._written(ref, letter.marker, answer)

    def hide(self, ref: TicketRef, written: Written) -> bool:
        """Deletes the comment: its property can be set later, but the mails about it leave at once."""
        if not written.comment_id:
            return False
        try:
            self._call("DELETE", ref, f"/issue/{ref.id}/comment/{written.comment_id}", {}, b"")
        except PlatformError:
            return False
        return True

    def find(self, ref: TicketRef, marker: str, since: datetime) -> Written | None:
        for comment in self._comments(ref, since - SKEW):
            if self._marker(ref, comment) == marker:
                return self._written(ref, marker, comment)
        return None

    def _add(self, letter: Letter, part: Part, *, desk: bool) -> dict[str, Any]:
        properties = [{"key": MARKER, "value": {"id": letter.marker, "audience": str(part.audience)}}]
        if desk:  # `internal` must be a boolean: Jira takes any other value for public
            properties.append({"key": INTERNAL, "value": {"internal": part.internal}})
        body = self._body(part, desk=desk) | {"properties": properties}
        return self._put("POST", letter.ref, f"/issue/{letter.ref.id}/comment", body)

    def _edit(self, letter: Letter, part: Part, *, desk: bool) -> dict[str, Any]:
        if not issue_id(letter.edits):
            raise NotThere(f"{letter.edits!r} is no comment id of Jira's", where=self._where(letter.ref))
        path = f"/issue/{letter.ref.id}/comment/{letter.edits}"
        mails = "true" if letter.calls else "false"
        return self._put("PUT", letter.ref, path, self._body(part, desk=desk), notifyUsers=mails)

    def _body(self, part: Part, *, desk: bool) -> dict[str, Any]:
        """Outside service desks an edit repeats the restriction: a comment saved without one is open to everybody."""
        found: dict[str, Any] = {"body": comment_body(self.site.flavour, part.paragraphs)}
        if not desk and part.internal:
            ((kind, value),) = list(self.site.agents_visibility.items())[:1]
            found["visibility"] = {"type": kind, "value": value}
        return found

    def _written(self, ref: TicketRef, marker: str, answer: Mapping[str, Any]) -> Written:
        """Visibility is read back. Where that fails the note stands all the same, and `public` stays unknown."""
        comment = schema.comment(self.site, answer, at=self._clock.now())
        if comment is None:
            return Written(marker)
        public = comment.public
        if public is None:
            with suppress(PlatformError):
                path = f"/issue/{ref.id}/comment/{comment.id}"
                public = schema.public_of(self._get(ref, path, expand="properties"))
        return Written(marker, comment.id, public, comment.at)

    def _comments(self, ref: TicketRef, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Comments since a time, newest first where Jira sorts them; where it does not, all pages are looked at."""
        start = 0
        for _ in range(PAGES):
            page = self._get(
                ref,
                f"/issue/{ref.id}/comment",
                expand="properties",
                orderBy="-created",
                startAt=str(start),
                maxResults=str(PAGE),
            )
            listed = page.get("comments")
            if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
                raise Unavailable("Jira's list of comments cannot be read", where=self._where(ref))
            times = [self._at(one) for one in listed]
            yield from (one for one, at in zip(listed, times, strict=True) if at >= since)
            start += len(listed)
            total = page.get("total")
            newest_first = times == sorted(times, reverse=True)
            if not listed or (isinstance(total, int) and start >= total) or (newest_first and times[-1] < since):
                return
        raise Unavailable(f"this issue has more than {start} comments to look at", where=self._where(ref))

    def _at(self, comment: Mapping[str, Any]) -> datetime:
        created = load(shapes.Comment, comment).get("created")
        return created if isinstance(created, datetime) else self._clock.now()

    def _marker(self, ref: TicketRef, comment: Mapping[str, Any]) -> str:
        """The marker of a listed comment. A list that ignored `expand=properties` says nothing: then each is asked."""
        found = issue_id(comment.get("id"))
        if schema.properties(comment) is not None or not found:
            return schema.marker_of(comment)
        try:
            answer = self._get(ref, f"/comment/{found}/properties/{MARKER}")
        except NotThere:
            return ""
        return schema.marker_of({"properties": [answer]})

    def _issue(self, ref: TicketRef, fields: str = FIELDS) -> dict[str, Any]:
        issue = self._get(ref, f"/issue/{ref.id}", expand="names,schema", fields=fields)
        if issue_id(issue.get("id")) != ref.id:
            raise Unavailable(f"Jira answered about issue {issue.get('id')!r} instead", where=self._where(ref))
        self._types.update(field_types(issue))
        self._know_project(ref, issue)
        return issue

    def _know_project(self, ref: TicketRef, issue: dict[str, Any]) -> None:
        """Older Data Centers leave the project's type out of an issue: it is asked for and filled in."""
        project = load(shapes.Fields, issue.get("fields")).get("project", {})
        if "type" not in project and (named := project.get("id") or project.get("key")):
            asked = self._get(ref, f"/project/{quote(named, safe='')}")
            project = {**project, "type": shapes.text(asked.get("projectTypeKey"))}
            issue["fields"]["project"] = {**issue["fields"]["project"], "projectTypeKey": project["type"]}
        if len(self._project_types) >= KNOWN:
            self._project_types.clear()
        self._project_types[ref.id] = project.get("type", "")

    def _project_type(self, ref: TicketRef) -> str:
        if not self._project_types.get(ref.id):
            self._issue(ref, "project")
        return self._project_types[ref.id]

    def _get(self, ref: TicketRef, path: str, **params: str) -> dict[str, Any]:
        return self._reads(lambda: answers.content(self._call("GET", ref, path, params), self._where(ref)))

    def _search(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        where = f"site {self.site.name}, search"
        return self._reads(lambda: answers.content(self._send("GET", where, path, params), where))

    def _reads(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A read, tried a few times: `Unavailable` alone is worth another attempt."""
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(0.5, max=4),
            retry=retry_if_exception_type(Unavailable),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(ask)

    def _put(self, method: str, ref: TicketRef, path: str, body: Mapping[str, Any], **params: str) -> dict[str, Any]:
        """A write: one request, never tried again here."""
        response = self._call(method, ref, path, params, orjson.dumps(body))
        return answers.content(response, self._where(ref), writing=True)

    def _call(
        self, method: str, ref: TicketRef, path: str, params: Mapping[str, str], data: bytes | None = None
    ) -> requests.Response:
        if not issue_id(ref.id):
            raise NotThere(f"{ref.id!r} is no issue id of Jira's", where=self._where(ref))
        return self._send(method, self._where(ref), path, params, data, ref.id if data is not None else "")

    def _send(
        self,
        method: str,
        where: str,
        path: str,
        params: Mapping[str, str],
        data: bytes | None = None,
        issue: str = "",
    ) -> requests.Response:
        writing = data is not None
        if writing and time.monotonic() > self._leave_by:
            raise Unavailable("the request was held up for too long and did not leave", where=where)
        send = requests.Session.request  # past the package's override, which retries and dies on odd error bodies
        said: list[Quota] = []
        self._meter.leave(issue)
        try:
            answer = send(
                self._session,
                method,
                self._base + path,
                params=params,
                data=data,
                timeout=self.site.timeout,
                allow_redirects=False,
                stream=True,
            )
            said += limits.quotas(answer.headers, method, path)
            response = whole.read(answer, self.site.timeout[1])
        except requests.RequestException as error:
            raise answers.silence(error, where, writing=writing) from None
        finally:
            self._meter.back(said)
        wrong = answers.problem(response, where, self._clock.now(), writing=writing)
        if isinstance(wrong, Paused):
            self._meter.stop(wrong)
        if wrong:
            raise wrong
        return response

    def _where(self, ref: TicketRef) -> str:
        return f"site {self.site.name}, issue {ref.id}"


def _client(site: Site, version: str) -> JIRA:
    """A client that asks nothing on its own. A token alone is a Data Center personal access token."""
    token = site.auth.token.value
    return JIRA(
        options={"server": site.url.rstrip("/"), "rest_api_version": version, "check_update": False},
        basic_auth=(site.auth.user, token) if site.auth.user else None,
        token_auth=None if site.auth.user else token,
        max_retries=0,
        timeout=site.timeout,
        get_server_info=False,
    )
