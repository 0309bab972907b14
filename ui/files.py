"""The files that pages load: small, ours, named by what is in them so that browsers keep them for a year."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import flask
from werkzeug.exceptions import NotFound

from ui.access import Open
from ui.rendering import takes_gzip
from ui.routing import Pages, route

FOLDER = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class File:
    body: bytes
    packed: bytes
    kind: str
    version: str


def register(pages: Pages) -> None:
    route(pages, "/assets/<path:name>", "asset", asset, needs=Open.ANYONE)
    pages.app_template_global("asset")(address)


def address(name: str) -> str:
    return flask.url_for("pages.asset", name=name, v=file(name).version)


def asset(name: str) -> flask.Response:
    if name not in names():
        raise NotFound
    found = file(name)
    packed = takes_gzip(flask.request)
    answer = flask.Response(found.packed if packed else found.body, content_type=found.kind)
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    if flask.request.args.get("v") == found.version:
        answer.headers["Cache-Control"] = A_YEAR
    return answer


@cache
def names() -> frozenset[str]:
    """What there is: no path that a visitor writes ever reaches the disk."""
    return frozenset(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


@cache
def file(name: str) -> File:
    path = FOLDER / name
    body = path.read_bytes()
    kind = KINDS.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = f"{kind}; charset=utf-8" if path.suffix in KINDS else kind
    return File(body, gzip.compress(body, mtime=0), text, hashlib.sha256(body).hexdigest()[:12])
