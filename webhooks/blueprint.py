"""`POST /hooks/<site>`: verify, identify, store, answer 202."""

import logging
from collections.abc import Callable, Mapping

import flask
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from core.errors import StoreError
from core.ports import Inbox
from core.sightings import Accepted
from core.sites import Site
from core.times import Clock
from webhooks import answers, arrivals, signatures

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024
"""Bytes of a body. Jira's largest captured event has 30 kB; Atlassian's own limit is 25 MB."""

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


def blueprint(
    sites: Mapping[str, Site], inbox: Inbox, clock: Clock, wake_hint: Callable[[], None] | None = None
) -> flask.Blueprint:
    """Webhooks of all sites, by name. `wake_hint` is called after a stored delivery that concerns a ticket, so that
    a worker need not wait for its next look.
    """
    hooks = flask.Blueprint("hooks", __name__)

    # All methods and all that is below come here, so that whoever mistypes the address hears in JSON what is wrong.
    @hooks.route("/hooks/", defaults={"site": ""}, methods=METHODS, provide_automatic_options=False)
    @hooks.route("/hooks/<site>", methods=METHODS, provide_automatic_options=False)
    @hooks.route("/hooks/<path:site>", methods=METHODS, provide_automatic_options=False)
    def receive(site: str) -> flask.Response:
        try:
            answer = accepted(site_of(sites, site), inbox, clock)
        except answers.Refusal as refusal:
            answer = answers.refused(refusal)
            note(site, answer)
        if answer.status == "stored" and wake_hint:
            wake_hint()
        return answer.response()

    return hooks


def accepted(site: Site, inbox: Inbox, clock: Clock) -> answers.Answer:
    now = clock.now()
    body = bounded_body()
    signatures.verify(site, flask.request.headers, body, now)
    json_in_utf_8()
    arrival = arrivals.arrival(site, flask.request.headers, body, now)
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


def site_of(sites: Mapping[str, Site], name: str) -> Site:
    if flask.request.method != "POST":
        raise answers.WrongMethod("This address takes webhooks, by POST.", "Let the platform send its webhook here.")
    if name not in sites:
        raise answers.UnknownSite(
            "There is no site of that name.", "Use /hooks/<name> with the name of a site in liaison.yaml."
        )
    return sites[name]


def bounded_body() -> bytes:
    """The body, never more than LARGEST of it in memory, whatever Content-Length claims or leaves out."""
    # One byte more than allowed, so that werkzeug lets a body of exactly LARGEST pass, chunked or not.
    flask.request.max_content_length = LARGEST + 1
    try:
        body = flask.request.get_data(cache=False)
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


def json_in_utf_8() -> None:
    kind, parameters = flask.request.mimetype, flask.request.mimetype_params
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or parameters.get("charset", "utf-8").lower() not in UTF_8:
        raise answers.WrongType(
            "The content type is not JSON in UTF-8.", "Send the header 'Content-Type: application/json; charset=utf-8'."
        )
    if flask.request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise answers.WrongType("The body is compressed.", "Send it without a Content-Encoding.")


def note(site: str, answer: answers.Answer) -> None:
    """One line per refusal: no body, no header, nothing that a stranger could fill the log with."""
    log.warning(
        "refused a webhook: site=%.80r status=%d from=%s: %s",
        site,
        answer.code,
        flask.request.remote_addr,
        answer.reason,
    )
