"""ServiceNow's Batch API in the stand-in: many requests in one, their bodies in base64, each answered for itself."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

Answer = Mapping[str, Any]
Handle = Callable[[str, str, Mapping[str, str], bytes], TestResponse]


def serviced(asked: Any, authorization: str, handle: Handle) -> Answer:
    """The answer to a batch. Raises ValueError where it cannot be read as a whole."""
    if not isinstance(asked, Mapping) or not isinstance(asked.get("rest_requests"), list):
        raise ValueError("rest_requests is missing")  # noqa: TRY004 - one kind of mistake, one error
    done, left = [], []
    for one in asked["rest_requests"]:
        try:
            done.append(_serviced(one, authorization, handle))
        except (ValueError, KeyError, TypeError, binascii.Error):
            left.append({"id": one.get("id")} if isinstance(one, Mapping) else {})
    return {
        "batch_request_id": str(asked.get("batch_request_id", "")),
        "serviced_requests": done,
        "unserviced_requests": left,
    }


def _serviced(one: Mapping[str, Any], authorization: str, handle: Handle) -> Answer:
    headers = {header["name"]: header["value"] for header in one.get("headers", ())}
    body = base64.b64decode(one.get("body", ""), validate=True)
    url = str(one["url"])
    if not url.startswith("/api/"):
        raise ValueError(url)
    with handle(one["method"], url, {**headers, "Authorization": authorization}, body) as answer:
        return {
            "id": one["id"],
            "status_code": answer.status_code,
            "status_text": answer.status.partition(" ")[2],
            "headers": [] if one.get("exclude_response_headers") else _headers(answer),
            "body": base64.b64encode(answer.get_data()).decode(),
            "execution_time": 1,
        }


def _headers(answer: Response) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in answer.headers.items()]
