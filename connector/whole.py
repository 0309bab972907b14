"""Answers in whole, and in time: a read time-out counts between bytes, so one that dribbles would hold on forever."""

import time

import requests
from urllib3.exceptions import HTTPError

PIECE = 16_384
LARGEST = 32 * 1024 * 1024
"""Bytes. A page of records is far below; anything larger is not an answer to what we ask."""


def read(response: requests.Response, seconds: float) -> requests.Response:
    """Read the body of a response that was asked for with `stream=True`, within `seconds` in all.

    Raises ReadTimeout or another RequestException; the connection is closed then.
    """
    try:
        content = _body(response, time.monotonic() + seconds)
    except (HTTPError, OSError) as error:  # incomplete reads, resets, time-outs, broken encodings
        response.close()
        raise requests.ConnectionError(error) from error
    if content is None:
        response.close()
        raise requests.ReadTimeout(f"the answer was not complete after {seconds:.0f} seconds")
    response._content = content  # noqa: SLF001 - where requests itself keeps what it has read
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return response


def _body(response: requests.Response, until: float) -> bytes | None:
    """None when it is too late, or too much. A full piece would wait for the dribble: take what is there."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.raw.read1(PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > until or size > LARGEST:
            return None
    return b"".join(pieces)
