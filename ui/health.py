"""Whether Liaison lives, and whether it can work: for machines, so it answers anyone and tells of no ticket."""

import flask

from core.errors import StoreError
from ui.access import Open
from ui.house import House
from ui.routing import Pages, route


def register(pages: Pages, house: House) -> None:
    def readyz() -> flask.Response:
        try:
            reasons = list(house.views.health().reasons)
        except StoreError as error:
            reasons = [f"The store does not answer: {error.what}"]
        answer = flask.jsonify(status="not ready" if reasons else "ready", reasons=reasons)
        answer.status_code = 503 if reasons else 200
        return answer

    route(pages, "/healthz", "healthz", healthz, needs=Open.ANYONE)
    route(pages, "/readyz", "readyz", readyz, needs=Open.ANYONE)


def healthz() -> flask.Response:
    """The process lives and answers; whether it can work is readyz's question."""
    return flask.jsonify(status="alive")
