"""Who sent it: each platform's proof, checked on the raw bytes, before anything is parsed.

Any secret of the site is good: while one is exchanged for another, both are. An empty secret never is, since anybody
can sign with it.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from werkzeug.datastructures import Headers

from core.sites import Platform, Site
from webhooks.answers import NotAuthentic

HUB = "X-Hub-Signature"
SECRET = "X-Liaison-Secret"  # noqa: S105 - the name of a header
TIMESTAMP = "X-Liaison-Timestamp"
SIGNATURE = "X-Liaison-Signature"

DRIFT = timedelta(minutes=5)
METHODS = {"sha256": "sha256"}
# Ten digits last until 2286; milliseconds have thirteen.
UNIX_SECONDS = re.compile(r"[0-9]{1,11}")
# A base64 digest ends in "=", so a method counts as named only where something follows the sign.
NAMED = re.compile(r"([A-Za-z0-9-]{1,20})=(.*[^=].*)")
HEX = re.compile(r"[0-9A-Fa-f]{64}")


def verify(site: Site, headers: Headers, body: bytes, now: datetime) -> None:
    """Return if the body is from whoever holds one of the site's secrets. Raises NotAuthentic."""
    secrets = [secret.value.encode() for secret in site.webhook_secrets if secret.value]
    if not secrets:
        raise NotAuthentic(
            f"The site {site.name} has no webhook secret, so nothing can be trusted to come from it.",
            "Configure webhook.secrets of this site in liaison.yaml, and the same secret at the sender.",
        )
    SCHEMES[site.platform](headers, body, secrets, now)


def jira(headers: Headers, body: bytes, secrets: Iterable[bytes], _now: datetime) -> None:
    """Admin webhooks sign (WebSub's `X-Hub-Signature: method=hex`); Automation cannot, and sends a secret header."""
    if HUB in headers:
        if not signed(digest_named_in(headers[HUB], HUB, required=True), body, secrets):
            raise NotAuthentic(
                f"The signature in {HUB} does not fit the body.",
                "Compare the secret of the webhook in Jira with webhook.secrets of this site in liaison.yaml.",
            )
    elif SECRET in headers:
        if not any(hmac.compare_digest(raw(headers[SECRET]), secret) for secret in secrets):
            raise NotAuthentic(
                f"The secret in {SECRET} is not one of this site's.",
                "Compare the header of the Automation rule with webhook.secrets of this site in liaison.yaml.",
            )
    else:
        raise NotAuthentic(
            f"Neither {HUB} nor {SECRET} was sent.",
            f"Give the webhook in Jira a secret, or add the header {SECRET} to the Automation rule's web request.",
        )


def servicenow(headers: Headers, body: bytes, secrets: Iterable[bytes], now: datetime) -> None:
    """HMAC-SHA256 over `<timestamp>.<raw body>`: base64, as CertificateEncryption.generateMac gives it, or hex."""
    if not (headers.get(TIMESTAMP) and headers.get(SIGNATURE)):
        raise NotAuthentic(
            f"{TIMESTAMP} and {SIGNATURE} must both be sent.",
            "Let the business rule send the unix time in seconds, and the HMAC-SHA256 of '<timestamp>.<body>'.",
        )
    sent = headers[TIMESTAMP].strip()
    if not UNIX_SECONDS.fullmatch(sent):
        raise NotAuthentic(
            f"{TIMESTAMP} is not a unix time in whole seconds.",
            f"Send seconds since 1970, not milliseconds or a date; the server's time is {int(now.timestamp())}.",
        )
    given = digest_named_in(headers[SIGNATURE], SIGNATURE, required=False)
    if not signed(given, f"{sent}.".encode() + body, secrets):
        raise NotAuthentic(
            f"The signature in {SIGNATURE} does not fit '<timestamp>.<body>'.",
            "Compare the secret with webhook.secrets of this site; sign the exact bytes that are sent, as UTF-8.",
        )
    fresh(int(sent), now)


SCHEMES = {Platform.JIRA: jira, Platform.SERVICENOW: servicenow}


def fresh(sent: int, now: datetime) -> None:
    """Told only to who signed rightly: a stale delivery is a replay, or a clock that is wrong."""
    if abs(sent - now.timestamp()) > DRIFT.total_seconds():
        raise NotAuthentic(
            f"The delivery is stale: it was signed for {sent}, and the server's time is "
            f"{int(now.timestamp())} ({now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC).",
            "Sign at the moment of sending, and set both clocks by NTP; five minutes either way are allowed.",
        )


def digest_named_in(header: str, name: str, *, required: bool) -> bytes | None:
    """The digest in `method=digest`, None if unreadable. The method is read, never assumed."""
    text = header.strip()
    if named := NAMED.fullmatch(text):
        method, text = named[1], named[2]
        if method.lower() not in METHODS:
            raise NotAuthentic(
                f"{name} uses a method that is not accepted.", f"Sign with one of: {', '.join(METHODS)}."
            )
    elif required:
        raise NotAuthentic(f"{name} does not name its method.", f"Send '{name}: sha256=<hexadecimal digest>'.")
    return decoded(text)


def decoded(text: str) -> bytes | None:
    if HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def signed(given: bytes | None, content: bytes, secrets: Iterable[bytes]) -> bool:
    macs = (hmac.digest(secret, content, METHODS["sha256"]) for secret in secrets)
    return given is not None and any(hmac.compare_digest(given, mac) for mac in macs)


def raw(header: str) -> bytes:
    """The header's own bytes: WSGI hands them over as latin-1 (PEP 3333)."""
    return header.encode("latin-1", errors="replace")
