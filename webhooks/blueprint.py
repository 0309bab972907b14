"""`POST /hooks/<site>`: verify, identify, store, answer 202."""

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import flask
from werkzeug import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from core.errors import StoreError
from core.ports import Inbox
from core.sightings import Accepted
from core.sites import Site
from core.times import Clock
from webhooks import answers, arrivals, signatures

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask.sansio.blueprints import BlueprintSetupState

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024
"""Bytes of a body. Jira's largest captured event has 30 kB; Atlassian's own limit is 25 MB."""

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


def blueprint(
    sites: Mapping[str, Site],
    inbox: Inbox,
    clock: Clock,
    counted: Callable[[str, int], None] | None = None,
) -> flask.Blueprint:
    """Webhooks of all sites, by name. `counted` hears of every answer: the site as it was named, and the status."""
    hooks = flask.Blueprint("hooks", __name__)

    def answered(request: Request, site: str) -> answers.Answer:
        try:
            answer = accepted(request, site_of(request, sites, site), inbox, clock)
        except answers.Refusal as refusal:
            answer = answers.refused(refusal)
            note(request, site, answer)
        if counted:
            counted(site, answer.code)
        return answer

    # All methods and all that is below come here, so that whoever mistypes the address hears in JSON what is wrong.
    @hooks.route("/hooks/", defaults={"site": ""}, methods=METHODS, provide_automatic_options=False)
    @hooks.route("/hooks/<site>", methods=METHODS, provide_automatic_options=False)
    @hooks.route("/hooks/<path:site>", methods=METHODS, provide_automatic_options=False)
    def receive(site: str) -> flask.Response:
        return answered(flask.request, site).response()

    @hooks.record
    def take_the_short_way(state: "BlueprintSetupState") -> None:
        app = state.app
        assert isinstance(app, flask.Flask)
        app.wsgi_app = ShortWay(app.wsgi_app, sites, answered)  # type: ignore[method-assign]  # as Flask documents it

    return hooks


class ShortWay:
    """The well-formed address of a known site, past Flask: its contexts and routing take as long as all else that a
    delivery needs. Every other request goes on to Flask.
    """

    def __init__(
        self, onward: "WSGIApplication", sites: Mapping[str, Site], answered: Callable[[Request, str], answers.Answer]
    ) -> None:
        self._onward, self._answered = onward, answered
        self._sites = {f"/hooks/{site}": site for site in sites}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        site = self._sites.get(environ["PATH_INFO"])
        if site is None or environ["REQUEST_METHOD"] != "POST":
            return self._onward(environ, start_response)
        answer = self._answered(Request(environ), site)
        body, headers = answer.wire()
        start_response(f"{answer.code:d} {HTTPStatus(answer.code).phrase}", headers)
        return [body]


def accepted(request: Request, site: Site, inbox: Inbox, clock: Clock) -> answers.Answer:
    now = clock.now()
    body = bounded_body(request)
    signatures.verify(site, request.headers, body, now)
    json_in_utf_8(request)
    arrival = arrivals.arrival(site, request.headers, body, now)
    try:
        outcome = inbox.accept(arrival.delivery)
    except StoreError as error:
        raise answers.CannotStore(
            "The delivery could not be stored.", "Send it again later; Liaison's log says what is wrong with the store."
        ) from error
    if outcome is Accepted.SEEN:
        return answers.seen()
    if not arrival.delivery.ticket_id:
        return answers.ignored(arrival.because, arrival.next_step)
    return answers.stored()


def site_of(request: Request, sites: Mapping[str, Site], name: str) -> Site:
    if request.method != "POST":
        raise answers.WrongMethod("This address takes webhooks, by POST.", "Let the platform send its webhook here.")
    if name not in sites:
        raise answers.UnknownSite(
            "There is no site of that name.", "Use /hooks/<name> with the name of a site in liaison.yaml."
        )
    return sites[name]


def bounded_body(request: Request) -> bytes:
    """The body, never more than LARGEST of it in memory, whatever Content-Length claims or leaves out."""
    # One byte more than allowed, so that werkzeug lets a body of exactly LARGEST pass, chunked or not.
    request.max_content_length = LARGEST + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise too_large() from error
    except ClientDisconnected as error:
        raise answers.NotJson("The body ended before its Content-Length.", "Send the whole body.") from error
    if len(body) > LARGEST:
        raise too_large()
    return body


def too_large() -> answers.TooLarge:
    return answers.TooLarge(
        f"The body is larger than {LARGEST} bytes.", "Send fewer fields: Liaison reads the record itself where it must."
    )


def json_in_utf_8(request: Request) -> None:
    kind, parameters = request.mimetype, request.mimetype_params
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or parameters.get("charset", "utf-8").lower() not in UTF_8:
        raise answers.WrongType(
            "The content type is not JSON in UTF-8.", "Send the header 'Content-Type: application/json; charset=utf-8'."
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise answers.WrongType("The body is compressed.", "Send it without a Content-Encoding.")


def note(request: Request, site: str, answer: answers.Answer) -> None:
    """One line per refusal: no body, no header, nothing that a stranger could fill the log with."""
    log.warning(
        "refused a webhook: site=%.80r status=%d from=%s: %s",
        site,
        answer.code,
        request.remote_addr,
        answer.reason,
    )
