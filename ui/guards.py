"""Who may look. Until signing in is configured, pages answer people at this very machine and nobody else."""

import re
from ipaddress import IPv6Address, ip_address

import flask

# Another name in Host means that a page elsewhere talks to us through a visitor's browser (DNS rebinding).
OUR_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
# A proxy stands before us: the loopback address is its own, not the visitor's.
FROM_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")

POLICY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow, noarchive, nosnippet",
}
NOT_KEPT = "no-store"


def refusal(request: flask.Request) -> str:
    """Why this visitor may not look, as a sentence; `""` if they may. What a proxy claims is never believed."""
    if not is_loopback(request.remote_addr or ""):
        return "You are not at the machine on which Liaison runs."
    if any(name in request.headers for name in FROM_A_PROXY):
        return "Your request came through a proxy, so Liaison cannot tell who is looking."
    if not OUR_HOST.fullmatch(request.headers.get("Host", "")):
        return "The address in your browser is not one of this machine's own names."
    return ""


def from_elsewhere(request: flask.Request) -> bool:
    """Whether the browser says that another site's page made this request."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}


def content_policy(framed_by: str = "", style_nonce: str = "") -> str:
    """What the browser may load: nothing from elsewhere, no script inside a page.

    `framed_by`: the one origin that may frame the page. `style_nonce`: for styles that a script of ours adds.
    """
    styles = f"'self' 'nonce-{style_nonce}'" if style_nonce else "'self'"
    framing = framed_by or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self'; script-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {framing}"
    )


def is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inner or found).is_loopback
