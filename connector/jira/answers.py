"""What Jira's answers, and the lack of one, mean: the error tree of `core` from HTTP."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError
from typing import Any

import orjson
import requests
from requests import Response
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.exceptions import SSLError as ConnectionSSLError

from core.errors import InDoubt, NotThere, Paused, PlatformError, Refused, Scope, Unavailable

SERVER_ERROR, TOO_MANY = 500, 429
UNDONE = frozenset({409, 425})
PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(days=1)
SHOWN = 500
"""Characters of the platform's own words that are shown."""

HINTS = {
    400: "Jira cannot use what was sent: see its own words.",
    401: "Check auth.user and auth.token of this site in liaison.yaml: Jira does not accept them.",
    403: "Give Liaison's account the permissions to browse the project and to add comments in it.",
    410: "Jira has removed this part of its API: update Liaison.",
    413: "The text is too long for Jira.",
}


def unsent(error: requests.RequestException) -> bool:
    """Whether it is certain that no byte of the request left: no connection, no name, no trusted certificate."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, ConnectionSSLError):
        return any(isinstance(part, SSLCertVerificationError) for part in (reason.__context__, *reason.args))
    return isinstance(reason, NewConnectionError)


def silence(error: requests.RequestException, where: str, *, writing: bool) -> PlatformError:
    """The error for a request without an answer. The original is never shown: it may carry credentials."""
    kind = type(error).__name__
    if unsent(error):
        return Unavailable(f"Jira cannot be reached ({kind}); nothing was sent", where=where)
    if writing:
        return InDoubt(f"the request left and no answer came ({kind}); it may have been done", where=where)
    return Unavailable(f"Jira did not answer ({kind})", where=where)


def problem(response: Response, where: str, now: datetime, *, writing: bool) -> PlatformError | None:
    """What is wrong with an answer; None for a 2xx."""
    status = response.status_code
    if response.ok and not response.is_redirect and status < 300:  # noqa: PLR2004 - the end of HTTP's "success"
        return None
    said = _said(response)
    if status < 400:  # noqa: PLR2004 - HTTP's "redirection"; a login page or another host, never followed
        hint = "Set the site's url to Jira's final address, the one the browser shows."
        return Refused("Jira answers with a redirect, which is not followed", where=where, hint=hint, status=status)
    if status == TOO_MANY:
        until, scope = _until(response.headers, now), _scope(response.headers)
        return Paused(f"Jira asks to slow down until {until:%H:%M:%S} UTC", until=until, scope=scope, where=where)
    return _error(status, said, where, writing=writing)


def _error(status: int, said: str, where: str, *, writing: bool) -> PlatformError:
    if status >= SERVER_ERROR or status == 408:  # noqa: PLR2004 - "request timeout": how much arrived is unknown
        doubt: type[PlatformError] = InDoubt if writing else Unavailable
        return doubt(f"Jira answered {status}: {said}", where=where, status=status)
    if status in UNDONE:
        return Unavailable(f"Jira answered {status}: {said}", where=where, status=status)
    if status == 404:  # noqa: PLR2004 - "not found"
        return NotThere(f"Jira has no such issue or comment, or hides it: {said}", where=where, status=status)
    return Refused(f"Jira refused ({status}): {said}", where=where, hint=HINTS.get(status, ""), status=status)


def content(response: Response, where: str, *, writing: bool = False) -> dict[str, Any]:
    """The JSON object of a 2xx. Anything else in its place is no answer (proxies and log-in pages answer 200)."""
    try:
        found = orjson.loads(response.content)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    doubt: type[PlatformError] = InDoubt if writing else Unavailable
    kind = response.headers.get("Content-Type", "no content type")
    raise doubt(f"Jira's answer cannot be read ({kind})", where=where, status=response.status_code)


def _until(headers: Mapping[str, str], now: datetime) -> datetime:
    wanted = headers.get("Retry-After", "") or headers.get("X-RateLimit-Reset", "")
    return now + min(max(_wait(wanted.strip(), now), timedelta(seconds=1)), LONGEST_PAUSE)


def _wait(wanted: str, now: datetime) -> timedelta:
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 9:  # noqa: PLR2004 - more digits are no seconds
        return timedelta(seconds=int(wanted))
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(wanted)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)) - now
        except (ValueError, TypeError, OverflowError):
            continue
    return PAUSE


def _scope(headers: Mapping[str, str]) -> Scope:
    """`RateLimit-Reason` names what is exhausted; without one the whole site rests."""
    reason = headers.get("RateLimit-Reason", "").strip().casefold()
    return {"jira-burst-based": Scope.ENDPOINT, "jira-per-issue-on-write": Scope.ISSUE}.get(reason, Scope.SITE)


def _said(response: Response) -> str:
    """Jira's own words: `errorMessages`, `errors`, `message`, or what kind of page came instead."""
    try:
        found = orjson.loads(response.content)
    except ValueError:
        found = None
    said = _messages(found) if isinstance(found, Mapping) else []
    denied = response.headers.get("X-Authentication-Denied-Reason", "")
    if denied:
        said.append(denied)
    return "; ".join(said)[:SHOWN] or f"no words ({response.headers.get('Content-Type', 'no content')})"


def _messages(body: Mapping[str, Any]) -> list[str]:
    listed, by_field = body.get("errorMessages"), body.get("errors")
    said = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if isinstance(by_field, Mapping):
        said += [f"{name}: {one}" for name, one in by_field.items() if isinstance(one, str)]
    said += [body[name] for name in ("message", "errorMessage") if isinstance(body.get(name), str)]
    return said
