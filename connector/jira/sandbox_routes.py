"""The REST endpoints of the Jira stand-in: the site, issues, comments."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Response, g, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from connector.jira.comment import LIMIT, adf_text
from connector.jira.sandbox_data import Comment, Json, status
from core.sites import Flavour

if TYPE_CHECKING:
    from connector.jira.sandbox import JiraStandIn

PAGE = 100
COMMENTS_AT_ONCE = 5000
"""The most comments in a page, whatever `maxResults` says. Jira Cloud lowers it as it likes."""


class NoSuch(HTTPException):
    code = 404


def refuse(code: int, *messages: str, **errors: str) -> Response:
    answer = jsonify({"errorMessages": list(messages), "errors": errors})
    answer.status_code = code
    return answer


def site_routes(jira: "JiraStandIn") -> None:
    app = jira.app

    @app.get("/rest/api/<version>/serverInfo")
    def server_info(version: str) -> Response:  # noqa: ARG001 - the same on both
        cloud = jira.flavour is Flavour.CLOUD
        numbers = [1001, 0, 0] if cloud else [9, 12, 0]
        return jsonify({"baseUrl": jira.url, "version": ".".join(map(str, numbers)), "versionNumbers": numbers,
                        "deploymentType": "Cloud" if cloud else "Server", "serverTitle": "Stand-in"})  # fmt: skip

    @app.get("/rest/api/<version>/myself")
    def myself(version: str) -> Response:  # noqa: ARG001 - the same on both
        return jsonify({**g.account.shown(jira.flavour, jira.url), "emailAddress": g.account.email})

    @app.get("/rest/api/<version>/project/<key>")
    def project(version: str, key: str) -> Response:  # noqa: ARG001 - the same on both
        found = next((p for p in map(jira.shown_project, jira.projects) if key in (p["key"], p["id"])), None)
        return jsonify(found) if found else refuse(404, f"No project could be found with key '{key}'.")

    @app.get("/rest/api/<version>/field")
    def fields(version: str) -> Response:  # noqa: ARG001 - the same on both
        custom = jira.custom_fields.items()
        return jsonify(
            [{"id": i, "name": name, "custom": True, "schema": {"custom": kind}} for i, (name, kind) in custom]
        )


def issue_routes(jira: "JiraStandIn") -> None:
    app = jira.app

    @app.post("/rest/api/<version>/issue")
    def create(version: str) -> tuple[Response, int]:
        fields = dict(json_object().get("fields") or {})
        project = fields.pop("project", None) or {}
        body = {"project": project.get("key") or project.get("id", ""),
                "type": (fields.pop("issuetype", None) or {}).get("name", "Task"),
                "fields": {k: _plain(v) for k, v in fields.items()}}  # fmt: skip
        with jira.lock:
            issue = jira.create(g.account, body)
            link = f"{jira.url}/rest/api/{version}/issue/{issue.id}"
            return jsonify({"id": issue.id, "key": issue.key, "self": link}), 201

    @app.get("/rest/api/<version>/issue/<named>")
    def read(version: str, named: str) -> Response:
        with jira.lock:
            shown = jira.shown_issue(jira.found(named), version)
            issue = jira.found(named)
            visible = [c for c in issue.comments.values() if _visible(c)]
            shown["fields"]["comment"] = {"comments": [jira.shown_comment(c, version) for c in visible],
                                          "total": len(visible), "startAt": 0, "maxResults": len(visible)}  # fmt: skip
            shown["fields"] = selected(shown["fields"], request.args.get("fields", "*all"))
            found_names, schema = jira.names_and_schema(shown["fields"])
        expand = request.args.get("expand", "").split(",")
        return jsonify(shown | ({"names": found_names} if "names" in expand else {})
                       | ({"schema": schema} if "schema" in expand else {}))  # fmt: skip

    @app.put("/rest/api/<version>/issue/<named>")
    def edit(version: str, named: str) -> tuple[str, int]:  # noqa: ARG001 - the same on both
        fields = {k: _plain(v) for k, v in (json_object().get("fields") or {}).items()}
        with jira.lock:
            jira.save(g.account, jira.found(named), {"fields": fields})
        return "", 204

    @app.delete("/rest/api/<version>/issue/<named>")
    def delete(version: str, named: str) -> tuple[str, int]:  # noqa: ARG001 - the same on both
        with jira.lock:
            jira.save(g.account, jira.found(named), {"delete": True})
        return "", 204

    @app.get("/rest/api/<version>/issue/<named>/transitions")
    def transitions(version: str, named: str) -> Response:  # noqa: ARG001 - any status can be reached from any
        listed = ("Open", "In Progress", "Pending", "Waiting for customer", "Resolved", "Closed")
        return jsonify({"transitions": [{"id": str(n), "name": s, "to": status(s)} for n, s in enumerate(listed, 1)]})

    @app.post("/rest/api/<version>/issue/<named>/transitions")
    def transition(version: str, named: str) -> tuple[str, int]:
        offered = transitions(version, named).get_json()["transitions"]
        wanted = str((json_object().get("transition") or {}).get("id", ""))
        chosen = next((t["name"] for t in offered if t["id"] == wanted), None)
        if chosen is None:
            raise BadRequest(response=refuse(400, "It seems that you have tried to perform an invalid operation."))
        with jira.lock:
            jira.save(g.account, jira.found(named), {"status": chosen})
        return "", 204


COMMENTS = "/rest/api/<version>/issue/<named>/comment"


def _shown(jira: "JiraStandIn", comment: Comment, version: str) -> Response:
    return jsonify(jira.shown_comment(comment, version, expanded="properties" in request.args.get("expand", "")))


def _visible(comment: Comment) -> bool:
    return g.account.type != "customer" or not comment.internal


def _commented(jira: "JiraStandIn", named: str, comment_id: str) -> Comment:
    comment = jira.found(named).comments.get(comment_id)
    if comment is None or not _visible(comment):
        raise NoSuch(response=refuse(404, f"Can not find a comment for the id: {comment_id}."))
    return comment


def comment_routes(jira: "JiraStandIn") -> None:
    app, path = jira.app, COMMENTS

    @app.get(path)
    def comments(version: str, named: str) -> Response:
        start = int(request.args.get("startAt", 0))
        most = min(int(request.args.get("maxResults", PAGE)), jira.comments_at_once)
        with jira.lock:
            found = [c for c in jira.found(named).comments.values() if _visible(c)]
            found.sort(key=lambda c: (c.created, int(c.id)), reverse=request.args.get("orderBy") == "-created")
            expanded = "properties" in request.args.get("expand", "")
            page = [jira.shown_comment(c, version, expanded=expanded) for c in found[start : start + most]]
        return jsonify({"startAt": start, "maxResults": most, "total": len(found), "comments": page})

    @app.post(path)
    def add_comment(version: str, named: str) -> tuple[Response, int]:
        with jira.lock:
            issue, now = jira.found(named), jira.clock.now()
            comment = Comment(jira.next_id("comment"), issue.id, g.account.name, now, now)
            _fill(jira, comment, json_object(), version)
            jira.keep_comment(comment, created=True, notify=True, who=g.account)
            return _shown(jira, comment, version), 201

    _one_comment_routes(jira)


def _one_comment_routes(jira: "JiraStandIn") -> None:
    app, path = jira.app, COMMENTS

    @app.get(f"{path}/<comment_id>")
    def read_comment(version: str, named: str, comment_id: str) -> Response:
        with jira.lock:
            return _shown(jira, _commented(jira, named, comment_id), version)

    @app.put(f"{path}/<comment_id>")
    def edit_comment(version: str, named: str, comment_id: str) -> Response:
        with jira.lock:
            old = _commented(jira, named, comment_id)
            comment = Comment(old.id, old.issue, old.author, old.created, jira.clock.now(), properties=old.properties)
            _fill(jira, comment, json_object(), version)
            notify = request.args.get("notifyUsers", "true") != "false"
            jira.keep_comment(comment, created=False, notify=notify, who=g.account)
            return _shown(jira, comment, version)

    @app.delete(f"{path}/<comment_id>")
    def delete_comment(version: str, named: str, comment_id: str) -> tuple[str, int]:  # noqa: ARG001 - the same on both
        with jira.lock:
            jira.drop_comment(_commented(jira, named, comment_id), g.account)
        return "", 204

    def anywhere(comment_id: str) -> Comment:
        found = next((i.comments[comment_id] for i in jira.issues.values() if comment_id in i.comments), None)
        if found is None or not _visible(found):
            raise NoSuch(response=refuse(404, f"Can not find a comment for the id: {comment_id}."))
        return found

    @app.get("/rest/api/<version>/comment/<comment_id>/properties")
    def comment_properties(version: str, comment_id: str) -> Response:
        here = f"{jira.url}/rest/api/{version}/comment/{comment_id}/properties"
        with jira.lock:
            keys = list(anywhere(comment_id).properties)
        return jsonify({"keys": [{"self": f"{here}/{key}", "key": key} for key in keys]})

    @app.get("/rest/api/<version>/comment/<comment_id>/properties/<key>")
    def comment_property(version: str, comment_id: str, key: str) -> Response:  # noqa: ARG001 - the same on both
        with jira.lock:
            found = anywhere(comment_id)
            if key not in found.properties:
                return refuse(404, f"The property with key '{key}' does not exist.")
            return jsonify({"key": key, "value": found.properties[key]})


def _fill(jira: "JiraStandIn", comment: Comment, body: Json, version: str) -> None:
    """Body, restriction and properties as Jira checks and keeps them."""
    text = body.get("body")
    if version == "3":
        if not (isinstance(text, dict) and text.get("type") == "doc" and isinstance(text.get("content"), list)):
            raise BadRequest(response=refuse(400, comment="Comment body is not valid!"))
        comment.adf = text
    else:
        if not isinstance(text, str):
            raise BadRequest(response=refuse(400, comment="Comment body can not be empty!"))
        comment.text = text
    if not comment.words.strip():
        raise BadRequest(response=refuse(400, comment="Comment body can not be empty!"))
    if len(adf_text(comment.adf) if comment.adf else comment.text) > LIMIT:
        long = f"The entered text is too long. It exceeds the allowed limit of {LIMIT:,} characters."
        raise BadRequest(response=refuse(400, comment=long))
    comment.visibility = body.get("visibility") or {}
    if comment.visibility.get("type") == "role" and comment.visibility.get("value") not in jira.roles:
        raise BadRequest(response=refuse(400, commentLevel="The role is not one of this project's."))
    comment.properties = comment.properties | {p["key"]: p["value"] for p in body.get("properties") or []}


def json_object() -> Json:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest(response=refuse(400, "There was an error parsing JSON."))
    return body


def selected(fields: Json, wanted: str) -> Json:
    listed = [one.strip() for one in wanted.split(",")]
    left_out = {one[1:] for one in listed if one.startswith("-")}
    named = {one for one in listed if not one.startswith(("*", "-"))}
    whole = any(one.startswith("*") for one in listed) or not named
    return {name: value for name, value in fields.items() if name not in left_out and (whole or name in named)}


def _plain(value: Any) -> Any:
    return adf_text(value) if isinstance(value, Mapping) and value.get("type") == "doc" else value
