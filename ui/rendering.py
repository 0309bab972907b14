"""Pages out of templates, with what every page carries: who looks, the time, the browser's orders."""

import gzip
import secrets

import flask

from ui import guards, words

SMALL = 1024
"""Bytes below which packing saves nothing."""
PACKED = 6


def page(template: str, code: int = 200, **shown: object) -> flask.Response:
    """A page, or a part of one for htmx: `liaison/<template>`, with `words`."""
    return flask.make_response(flask.render_template(f"liaison/{template}", words=words, **shown), code)


def message(title: str, *sentences: str, code: int = 200) -> flask.Response:
    """A page that says something in words; the last sentence says what to do next."""
    return page("message.html", code, title=title, sentences=sentences)


def framed_by(origin: str) -> None:
    """Let pages of this origin frame the page that is being made."""
    flask.g.framed_by = origin


def keeps_opener() -> None:
    """Let the page that is being made answer the page that opened its window, by messages alone."""
    flask.g.keeps_opener = True


def style_nonce() -> str:
    """For the page with the editor: styles that CodeMirror adds carry it. The same for all of one page."""
    if "style_nonce" not in flask.g:
        flask.g.style_nonce = secrets.token_urlsafe(16)
    return str(flask.g.style_nonce)


def protected(response: flask.Response) -> flask.Response:
    response.headers.update(guards.POLICY)
    if flask.g.get("keeps_opener"):
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    response.headers.setdefault("Cache-Control", guards.NOT_KEPT)
    policy = guards.content_policy(flask.g.get("framed_by", ""), flask.g.get("style_nonce", ""))
    response.headers["Content-Security-Policy"] = policy
    return response


def packed(response: flask.Response) -> flask.Response:
    """Text goes compressed. Other sites' pages cannot make our cookie come along with requests whose answers they
    measure (SameSite), which is what compressed secrets were stolen by.
    """
    if not takes_gzip(flask.request) or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    if not (response.mimetype or "").startswith("text/") or len(response.get_data()) < SMALL:
        return response
    response.set_data(gzip.compress(response.get_data(), PACKED, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def takes_gzip(request: flask.Request) -> bool:
    return request.accept_encodings.quality("gzip") > 0
