"""What changed on a Jira site since a time: for whatever webhooks missed.

The search asks for ids and times alone, so that a quiet site costs little; the engine reads what is new. Newest first:
an issue that changes while pages are turned jumps to the front, so that others are seen twice rather than not at all,
and is found by the next look.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from connector.jira import schema
from connector.jira.shapes import issue_id
from core.errors import Unavailable
from core.sightings import Found
from core.sites import Flavour, Site

FIELDS = "updated,project,issuetype"
PAGE = 100
PAGES = 1000
OVERLAP = 10
"""So many issues of a page are asked for again with the next: where some were deleted meanwhile, all others move up."""
MINUTE = timedelta(minutes=1)

Page = Mapping[str, Any]
Ask = Callable[[str, Mapping[str, str]], Page]
"""A path below the REST address and its parameters, to a JSON object; tried again where that helps."""


def changes(site: Site, since: datetime, now: datetime, ask: Ask) -> Iterator[Found]:
    """Raises what `ask` raises, and Unavailable where the pages have no end."""
    turned = _cloud if site.flavour is Flavour.CLOUD else _data_center
    for page in turned(jql(site, since, now), ask):
        issues = page.get("issues")
        if not isinstance(issues, list):
            raise Unavailable("Jira's list of changed issues cannot be read", where=f"site {site.name}")
        yield from (found for issue in issues if (found := _found(site, issue)))


def jql(site: Site, since: datetime, now: datetime) -> str:
    """The time is relative: JQL reads a date in the account's own time zone, and knows minutes only."""
    minutes = max(-((since - now) // MINUTE), 0) + 1
    listed = dict.fromkeys(project for serves in site.serves for project in serves.projects)
    everywhere = not site.serves or any(not serves.projects for serves in site.serves)
    where = "" if everywhere else f"project in ({', '.join(map(_quoted, listed))}) AND "
    return f"{where}updated >= -{minutes}m ORDER BY updated DESC"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cloud(query: str, ask: Ask) -> Iterator[Page]:
    """Pages hang together by a token; there is no count."""
    params = {"jql": query, "fields": FIELDS, "maxResults": str(PAGE)}
    for _ in range(PAGES):
        page = ask("/search/jql", params)
        yield page
        token = page.get("nextPageToken")
        if page.get("isLast") is True or not isinstance(token, str) or not token:
            return
        if token == params.get("nextPageToken"):
            break
        params = {**params, "nextPageToken": token}
    raise Unavailable("Jira's pages of changed issues do not come to an end", where="/search/jql")


def _data_center(query: str, ask: Ask) -> Iterator[Page]:
    start = 0
    for _ in range(PAGES):
        params = {"jql": query, "fields": FIELDS, "maxResults": str(PAGE), "startAt": str(start)}
        page = ask("/search", params)
        yield page
        count, total = len(page["issues"]), page.get("total")
        if not count or (isinstance(total, int) and start + count >= total):
            return
        start += max(count - OVERLAP, (count + 1) // 2)
    raise Unavailable("Jira's pages of changed issues do not come to an end", where="/search")


def _found(site: Site, issue: Any) -> Found | None:
    """None for what is not served. An old Data Center does not tell a project's type: then reading will tell."""
    if not isinstance(issue, Mapping) or not issue_id(issue.get("id")):
        return None
    seen = schema.snapshot(site, issue)
    if not seen.ticket.revision or not (seen.served or _untold(site, issue)):
        return None
    fields = {"updated": issue["fields"]["updated"]}
    thin = {"id": seen.ticket.id, "key": seen.ticket.key, "fields": fields}
    return Found(seen.ticket.id, seen.ticket.revision, orjson.dumps(thin))


def _untold(site: Site, issue: Mapping[str, Any]) -> bool:
    project = issue["fields"].get("project")
    return not site.serves and not (isinstance(project, Mapping) and project.get("projectTypeKey"))
