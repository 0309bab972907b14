"""What a sender hears: always JSON with the status, the reason, and the next step for who set the webhook up."""

from dataclasses import dataclass, field
from http import HTTPStatus

import flask
import orjson

from core.errors import LiaisonError


class Refusal(LiaisonError):
    """A delivery that was not stored, and the HTTP status that says so. `hint` is the next step."""

    status = HTTPStatus.BAD_REQUEST
    word = "refused"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint=hint)


class NotAuthentic(Refusal):
    status = HTTPStatus.UNAUTHORIZED


class UnknownSite(Refusal):
    status = HTTPStatus.NOT_FOUND


class WrongMethod(Refusal):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    headers = (("Allow", "POST"),)


class NotJson(Refusal): ...


class TooLarge(Refusal):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class WrongType(Refusal):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class CannotStore(Refusal):
    """Both platforms send again after a 503: Jira five times, ServiceNow as the sending script decides."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    word = "unavailable"
    headers = (("Retry-After", "30"),)
    permanent = False


@dataclass(frozen=True)
class Answer:
    """`reason` and `next` are sentences for a person; senders need only the status code."""

    code: int
    status: str
    reason: str
    next: str
    headers: tuple[tuple[str, str], ...] = field(default=())

    def wire(self) -> tuple[bytes, list[tuple[str, str]]]:
        """Body and headers."""
        body = orjson.dumps({"status": self.status, "reason": self.reason, "next": self.next})
        length = ("Content-Length", str(len(body)))
        return body, [("Content-Type", "application/json"), length, *self.headers, ("Cache-Control", "no-store")]

    def response(self) -> flask.Response:
        body, headers = self.wire()
        return flask.Response(body, status=self.code, headers=headers)


NOTHING = "Nothing to do."


def stored() -> Answer:
    return Answer(HTTPStatus.ACCEPTED, "stored", "The delivery is on disk and its ticket will be looked at.", NOTHING)


def ignored(reason: str, next_step: str) -> Answer:
    return Answer(HTTPStatus.ACCEPTED, "ignored", reason, next_step)


def seen() -> Answer:
    return Answer(HTTPStatus.OK, "seen", "This delivery was already received and is not stored twice.", NOTHING)


def refused(refusal: Refusal) -> Answer:
    return Answer(refusal.status, refusal.word, refusal.what, refusal.hint, refusal.headers)
