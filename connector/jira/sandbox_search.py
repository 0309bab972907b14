"""Search as the Jira stand-in knows it: `/search` where it still exists, `/search/jql` on Cloud."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Response, jsonify, request
from werkzeug.exceptions import BadRequest

from connector.jira.sandbox_data import Issue, Json
from connector.jira.sandbox_routes import json_object, refuse, selected
from core.sites import Flavour

if TYPE_CHECKING:
    from connector.jira.sandbox import JiraStandIn


def search_routes(jira: "JiraStandIn") -> None:
    app = jira.app

    @app.route("/rest/api/<version>/search", methods=["GET", "POST"])
    def search(version: str) -> Response:
        if jira.flavour is Flavour.CLOUD:
            return refuse(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
        asked = _asked()
        start, most = int(asked.get("startAt", 0)), int(asked.get("maxResults", 50))
        with jira.lock:
            found = _matching(jira, str(asked.get("jql", "")))
            page = [
                _found(jira, issue, version, asked.get("fields") or "*all") for issue in found[start : start + most]
            ]
        return jsonify({"startAt": start, "maxResults": most, "total": len(found), "issues": page})

    @app.route("/rest/api/<version>/search/jql", methods=["GET", "POST"])
    def search_jql(version: str) -> Response:
        if jira.flavour is not Flavour.CLOUD:
            return refuse(404, "null for uri: " + request.path)
        asked = _asked()
        start, most = int(asked.get("nextPageToken") or 0), int(asked.get("maxResults", 50))
        with jira.lock:
            found = _matching(jira, str(asked.get("jql", "")))
            page = [_found(jira, issue, version, asked.get("fields") or "id") for issue in found[start : start + most]]
        last = start + most >= len(found)
        return jsonify({"issues": page, "isLast": last} | ({} if last else {"nextPageToken": str(start + most)}))


def _asked() -> Json:
    return json_object() if request.method == "POST" else dict(request.args)


def _found(jira: "JiraStandIn", issue: Issue, version: str, fields: str | list[str]) -> Json:
    wanted = fields if isinstance(fields, str) else ",".join(fields)
    if wanted == "id":
        return {"id": issue.id}
    shown = jira.shown_issue(issue, version)
    return {**shown, "fields": selected(shown["fields"], wanted)}


def _matching(jira: "JiraStandIn", jql: str) -> list[Issue]:
    """The little JQL that polling needs: `project`, `key`, `id`, `updated >=`, joined by AND, ordered by `updated`."""
    where, _, order = re.sub(r"\s+", " ", jql).partition("ORDER BY")
    clauses = [clause.strip() for clause in re.split(r" AND ", where, flags=re.IGNORECASE) if clause.strip()]
    if not clauses and jira.flavour is Flavour.CLOUD:
        raise BadRequest(response=refuse(400, "Unbounded JQL queries are not allowed here. Please add a restriction."))
    found = [i for i in jira.issues.values() if all(_holds(jira, i, clause) for clause in clauses)]
    return sorted(found, key=lambda i: (i.updated, int(i.id)), reverse="DESC" in order.upper())


def _holds(jira: "JiraStandIn", issue: Issue, clause: str) -> bool:
    parsed = re.fullmatch(r"(\w+) ?(=|>=|in) ?(.+)", clause, re.IGNORECASE)
    if not parsed:
        raise BadRequest(response=refuse(400, f"Error in the JQL Query: {clause!r} is not understood."))
    name, operator, value = parsed[1].lower(), parsed[2].lower(), parsed[3].strip().strip("()")
    if name == "updated" and operator == ">=":
        return issue.updated >= _since(jira, value.strip("'\""))
    listed = [one.strip().strip("'\"") for one in value.split(",")]
    return {"project": issue.project, "key": issue.key, "id": issue.id, "issuekey": issue.key}.get(name) in listed


def _since(jira: "JiraStandIn", value: str) -> datetime:
    """JQL knows minutes, in the account's own time zone, or `-5m`."""
    if ago := re.fullmatch(r"-(\d+)([mhd])", value):
        return jira.clock.now() - timedelta(minutes=int(ago[1]) * {"m": 1, "h": 60, "d": 1440}[ago[2]])
    try:
        local = datetime.fromisoformat(value.replace("/", "-"))
        return local.replace(tzinfo=ZoneInfo(jira.accounts[jira.account].timezone))
    except ValueError:
        raise BadRequest(response=refuse(400, f"Date value '{value}' is invalid.")) from None
