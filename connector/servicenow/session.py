"""The HTTP session that pysnow is given: it looks at every answer before pysnow, which trusts too much, gets to see it.

A 200 of ServiceNow may be a failure: a page ("Your instance is hibernating"), or `result` together with `error` (a
transaction that was cancelled). Errors leave here as the project's own; nothing is ever sent twice.
"""

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from math import inf
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.cookies import extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connector import whole
from connector.servicenow import limits
from core.errors import InDoubt, NotThere, Paused, PlatformError, Refused, Scope, Unavailable
from core.quotas import Meter, Quota, Unmetered
from core.sites import Auth, Site
from core.times import Clock

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
WRITE_PARAMS = {"sysparm_fields", "sysparm_display_value", "sysparm_exclude_reference_link"}
RATE_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=24)
EPOCH_SECONDS = 10**9
"""`X-RateLimit-Reset` is an epoch; a smaller number is taken for seconds to wait."""
UNDECIDED = {408, 409, 425}
OK = {200, 201}
PLAIN = {"data", "headers", "timeout", "stream"}


class _OneHost(HTTPAdapter):
    """The pool of the one host, without working out anew for each request that it is the same one."""

    _pool: ConnectionPool | None = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:  # noqa: ARG002 - requests' signature
        """No proxy is ever asked, so none is looked for."""
        return request.path_url


class CheckedSession(requests.Session):
    """Only to the configured host, without redirects and without what the environment says about proxies."""

    def __init__(self, site: Site, clock: Clock, meter: Meter | None = None) -> None:
        super().__init__()
        self._meter = meter or Unmetered()
        self.trust_env = False
        self.mount(site.url, _OneHost())
        self.auth = _auth(site.auth)
        self._site, self._clock = site, clock
        self.leave_by = inf

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises PlatformError for whatever is not a trustworthy answer."""
        where = f"{self._site.name} {method} {urlsplit(str(url)).path}"
        self._only_home(str(url), where)
        writes = str(method).upper() in WRITES
        if writes and time.monotonic() > self.leave_by:
            raise Unavailable("the request was held up for too long and did not leave", where=where)
        given = params(kwargs.pop("params", None) or {}, writes=writes)
        said: list[Quota] = []
        self._meter.leave()
        try:
            answer = self._sent(str(method), str(url), given, *args, **kwargs)
            said += limits.quotas(answer.headers, self._clock.now())
            response = whole.read(answer, self._site.timeout[1])
        except requests.RequestException as error:
            raise broken(error, where, writes=writes) from error
        finally:
            self._meter.back(said)
        try:
            check(response, where, self._clock.now(), writes=writes)
        except Paused as error:
            self._meter.stop(error)
            raise
        return response

    def _sent(self, method: str, url: str, query: dict[str, str], *args: Any, **kwargs: Any) -> requests.Response:
        """What pysnow asks for, without the half of requests that is of no use here (environment, hooks, redirects):
        it takes longer than ServiceNow's answer takes to read. Anything unusual goes the long way.
        """
        if args or kwargs.keys() - PLAIN or not url.isascii() or not isinstance(kwargs.get("data"), str | None):
            kwargs |= {"params": query, "allow_redirects": False, "stream": True}
            return super().request(method, url, *args, **kwargs)
        asked = requests.PreparedRequest()
        asked.method, asked.hooks = method.upper(), self.hooks
        asked.url = f"{url}?{_query(tuple(query.items()))}" if query else url
        asked.headers = CaseInsensitiveDict({**self.headers, **(kwargs.get("headers") or {})})
        if self.cookies:
            asked.prepare_cookies(self.cookies)
        body = kwargs.get("data")
        if body is not None:
            asked.body = body.encode()
            asked.headers["Content-Length"] = str(len(asked.body))
        asked.prepare_auth(self.auth, url)
        verify = True if self.verify is None else self.verify
        response = self.get_adapter(url).send(asked, stream=True, timeout=kwargs.get("timeout"), verify=verify)
        if "set-cookie" in response.headers:
            extract_cookies_to_jar(self.cookies, asked, response.raw)  # type: ignore[no-untyped-call]
        return response

    def _only_home(self, url: str, where: str) -> None:
        home, there = urlsplit(self._site.url), urlsplit(url)
        if (home.scheme, home.netloc) != (there.scheme, there.netloc):
            raise Refused(
                f"a request to {there.netloc} was stopped: this site is {home.netloc}",
                where=where,
                hint="Check the site's `url` in liaison.yaml.",
            )


@lru_cache(maxsize=64)
def _query(pairs: tuple[tuple[str, str], ...]) -> str:
    """Asked again and again: the same eighty columns of one more record. Commas may stand as they are (RFC 3986, 3.4);
    written as `%2C`, urllib3 takes four times as long to look through them.
    """
    return urlencode(pairs, safe=",")


def params(given: Mapping[str, Any], *, writes: bool) -> dict[str, str]:
    """Booleans in lower case, nothing empty, and on a write nothing of the query pysnow's resources share."""
    kept = {}
    for name, value in given.items():
        if value in (None, "", []) or (writes and name not in WRITE_PARAMS):
            continue
        kept[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return kept


def broken(error: requests.RequestException, where: str, *, writes: bool) -> PlatformError:
    """No answer. Nothing was done where no connection came about, or where only reading was asked for."""
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | ValueError):
        return Refused(
            f"the request cannot be made: {error}",
            where=where,
            hint="Check the site's `url` and `auth` in liaison.yaml.",
        )
    if not writes or never_left(error):
        return Unavailable(
            f"ServiceNow cannot be reached ({_why(error)})", where=where, hint="It is tried again by itself."
        )
    return InDoubt(
        f"the request left and no answer came ({_why(error)})",
        where=where,
        hint="The note is looked up by its id before anything is sent again.",
    )


def never_left(error: BaseException) -> bool:
    """Whether the connection failed before a byte of the request was sent."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        if isinstance(cause, ConnectTimeoutError | NewConnectionError | ssl.SSLCertVerificationError):
            return True
        seen.add(id(cause))
        pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return isinstance(error, requests.ConnectTimeout)


def check(response: requests.Response, where: str, now: datetime, *, writes: bool) -> None:
    """Status, content type and `error`, in that order; a write that cannot be trusted is in doubt."""
    status = response.status_code
    if status in OK:
        if problem := _untrustworthy(response):
            raise _failed(problem, where, status, writes=writes)
        return
    words = _words(response)
    if status == requests.codes.too_many_requests:
        raise Paused(
            f"ServiceNow asks for a pause: {words}", until=pause(response.headers, now), scope=Scope.SITE, where=where
        )
    if status == requests.codes.not_found:
        raise NotThere(f"ServiceNow has no such record, or hides it: {words}", where=where, status=status)
    if status in UNDECIDED or status not in range(300, 500):
        raise _failed(f"ServiceNow answered {status}: {words}", where, status, writes=writes)
    raise Refused(f"ServiceNow refused ({status}): {words}", where=where, hint=_advice(status), status=status)


def pause(headers: Mapping[str, str], now: datetime) -> datetime:
    """When a 429 ends: Retry-After in seconds or as a date, else X-RateLimit-Reset, else a minute."""
    until = _retry_after(headers.get("Retry-After", ""), now) or _reset(headers.get("X-RateLimit-Reset", ""), now)
    return min(max(until or now + RATE_PAUSE, now + timedelta(seconds=1)), now + LONGEST_PAUSE)


def _retry_after(text: str, now: datetime) -> datetime | None:
    try:
        return now + timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        pass
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _reset(text: str, now: datetime) -> datetime | None:
    try:
        number = float(text)
        return now + timedelta(seconds=number) if number < EPOCH_SECONDS else datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _untrustworthy(response: requests.Response) -> str:
    kind = response.headers.get("Content-Type", "")
    if "json" not in kind.lower():
        return f"ServiceNow answered with {kind or 'something'} instead of JSON, as it does while an instance sleeps"
    body = _json(response)
    if not isinstance(body, Mapping):
        return "ServiceNow's answer is no JSON object"
    response.json = lambda **_: body  # type: ignore[method-assign]  # pysnow asks for the same once more
    if body.get("error"):
        return f"ServiceNow answered {response.status_code} with an error in it: {_words(response)}"
    if not isinstance(body.get("result"), Mapping | list):
        return "ServiceNow's answer has no result"
    return ""


def _failed(what: str, where: str, status: int, *, writes: bool) -> PlatformError:
    if writes:
        return InDoubt(
            what, where=where, hint="The note is looked up by its id before anything is sent again.", status=status
        )
    return Unavailable(what, where=where, hint="It is tried again by itself.", status=status)


def _words(response: requests.Response) -> str:
    """ServiceNow's own words: message and detail of its error, else the beginning of the answer."""
    body = _json(response)
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        said = [text for key in ("message", "detail") if isinstance(text := error.get(key), str) and text]
        return ": ".join(dict.fromkeys(said)) or "no message"
    if isinstance(error, str):
        return error
    return " ".join(response.text.split())[:200] or response.reason or "no message"


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _advice(status: int) -> str:
    match status:
        case 401:
            return "Check the user and token under `auth` of this site in liaison.yaml."
        case 403:
            return "Give the account of this site the right to it (roles: itil, or what the access rules ask for)."
        case _ if status in range(300, 400):
            return "Redirects are not followed. Check the site's `url` in liaison.yaml."
    return "Correct what it names, then send the note again by hand."


def _why(error: requests.RequestException) -> str:
    return type(error).__name__


def _auth(auth: Auth) -> AuthBase | None:
    if auth.user:
        # As bytes: requests would write a str as Latin-1.
        return HTTPBasicAuth(auth.user.encode(), auth.token.value.encode())
    return Bearer(auth.token.value) if auth.token.value else None


class Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
