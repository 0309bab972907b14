"""Who may look. Until signing in is configured, pages answer people at this very machine and nobody else."""

import re
from ipaddress import IPv6Address, ip_address

import flask

# Another name in Host means that a page elsewhere talks to us through a visitor's browser (DNS rebinding).
OUR_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
# A proxy stands before us: the loopback address is its own, not the visitor's.
FROM_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")

POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every page tells the browser: nothing from elsewhere, no scripts at all, nowhere framed or kept."""


def refusal(request: flask.Request) -> str:
    """Why this visitor may not look, as a sentence; `""` if they may. What a proxy claims is never believed."""
    if not is_loopback(request.remote_addr or ""):
        return "You are not at the machine on which Liaison runs."
    if any(name in request.headers for name in FROM_A_PROXY):
        return "Your request came through a proxy, so Liaison cannot tell who is looking."
    if not OUR_HOST.fullmatch(request.headers.get("Host", "")):
        return "The address in your browser is not one of this machine's own names."
    return ""


def is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inner or found).is_loopback
