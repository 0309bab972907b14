"""`ui.access.Provider` over OpenID Connect: authorization code with PKCE, state and nonce, by Authlib.

Of all that the provider names, only what is at the issuer's own address is asked; redirects are not followed.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from app.settings import SigningIn
from core.times import Clock
from ui.access import Begun, NotSignedIn, Person, Role, with_included

log = logging.getLogger(__name__)

SCOPE = "openid profile email"
SECONDS = 10.0
LEEWAY = 60
"""Seconds that the clocks may lie apart."""
KEPT = 3600.0
"""Seconds for which what the provider says of itself is believed."""
AGAIN = 60.0
"""Seconds between two looks for a key that is not known: made-up tokens must not make us ask."""
LARGEST = 512 * 1024
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the provider has: none at all, or one by a shared secret, is not believed."""
NAMES = ("name", "preferred_username", "email")
TRY_AGAIN = "Try again. If it stays so, tell whoever looks after Liaison: the reason is in its log."
NO_ROLE = "Ask whoever looks after Liaison to give one of your groups a role."


class OpenIdProvider:
    def __init__(self, settings: SigningIn, public_url: str, clock: Clock) -> None:
        """`clock` is the wall's."""
        self.name = urlsplit(settings.issuer).netloc
        self._settings, self._clock = settings, clock
        self._back = f"{public_url}/sign-in/back"
        self._lock = threading.Lock()
        self._known: Known | None = None

    def begin(self) -> Begun:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._session() as session:
            endpoint = self._about(session).authorization_endpoint
            address, _ = session.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return Begun(address, state, nonce, verifier)

    def finish(self, begun: Begun, answer: Mapping[str, str]) -> Person:
        if "error" in answer or not answer.get("code"):
            log.warning("%s did not sign somebody in: %.200r", self.name, answer.get("error"))
            raise NotSignedIn(f"{self.name} did not sign you in.", hint="Sign in again, or ask there why.")
        try:
            claims = self._claims(begun, answer["code"])
        except (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("the answer of %s is not believed: %s: %.300s", self.name, type(error).__name__, error)
            raise NotSignedIn(f"Liaison cannot trust the answer of {self.name}.", hint=TRY_AGAIN) from error
        return self._person(claims)

    def _claims(self, begun: Begun, code: str) -> Mapping[str, Any]:
        with self._session() as session:
            about = self._about(session)
            token = session.fetch_token(
                about.token_endpoint, code=code, code_verifier=begun.verifier, allow_redirects=False
            )
            claims = self._checked(session, about, token, begun.nonce)
            if found(claims, self._settings.roles_claim) is None and about.userinfo_endpoint:
                session.token = token
                more = got(session.get(about.userinfo_endpoint, allow_redirects=False))
                if more.get("sub") == claims["sub"]:  # else it speaks of somebody else
                    return {**more, **claims}
            return claims

    def _checked(self, session: Any, about: "Known", token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        try:
            read = jwt.decode(token["id_token"], about.keys, registry=REGISTRY)
        except InvalidKeyIdError:
            read = jwt.decode(token["id_token"], self._newer_keys(session, about), registry=REGISTRY)
        options = {
            "iss": {"essential": True, "value": about.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        wanted = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, options, wanted)
        claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY)
        return dict(claims)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        name = next((str(claims[part]) for part in NAMES if claims.get(part)), str(claims["sub"]))
        given = self._settings.roles
        roles = {Role(given[value]) for value in values(found(claims, self._settings.roles_claim)) if value in given}
        if not roles:
            raise NotSignedIn(
                f"{self.name} knows you as {name}, but nothing there gives you a role.", hint=NO_ROLE, who=name
            )
        return Person(str(claims["sub"]), name, with_included(roles))

    def _session(self) -> Any:
        session = OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret.value,
            scope=SCOPE,
            redirect_uri=self._back,
            code_challenge_method="S256",
            default_timeout=SECONDS,
        )
        session.trust_env = False  # no proxy and no password that the environment names
        return session

    def _about(self, session: Any) -> "Known":
        """What the provider says of itself. Raises NotSignedIn."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known.at > KEPT:
                self._known = self._ask(session)
            return self._known

    def _ask(self, session: Any) -> "Known":
        issuer = self._settings.issuer.rstrip("/")
        try:
            said = got(session.get(f"{issuer}{WELL_KNOWN}", withhold_token=True, allow_redirects=False))
            known = Known(said, issuer)
            known.keys = keys(session, known)
        except (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("%s does not say how to sign in there: %s: %.300s", issuer, type(error).__name__, error)
            raise NotSignedIn(f"{self.name} does not answer as it should.", hint=TRY_AGAIN) from error
        return known

    def _newer_keys(self, session: Any, about: "Known") -> KeySet:
        with self._lock:
            if time.monotonic() - about.keys_at > AGAIN:
                about.keys, about.keys_at = keys(session, about), time.monotonic()
            return about.keys


class Known:
    """What a provider says of itself. Raises ValueError where it is another, or names an address that we do not ask."""

    def __init__(self, said: Mapping[str, Any], issuer: str) -> None:
        self.issuer = str(said["issuer"])
        if self.issuer.rstrip("/") != issuer:
            raise ValueError(f"it calls itself {self.issuer[:200]!r}, not {issuer!r}")
        self.authorization_endpoint = encrypted(str(said["authorization_endpoint"]), issuer)
        self.token_endpoint = same_host(str(said["token_endpoint"]), issuer)
        self.jwks_uri = same_host(str(said["jwks_uri"]), issuer)
        self.userinfo_endpoint = str(said.get("userinfo_endpoint") or "")
        if self.userinfo_endpoint and not is_same_host(self.userinfo_endpoint, issuer):
            # Microsoft's is; the ID token has the roles there
            log.info("%s is not asked: it is not at the issuer's own address", self.userinfo_endpoint)
            self.userinfo_endpoint = ""
        self.at = self.keys_at = time.monotonic()
        self.keys = KeySet([])


WELL_KNOWN = "/.well-known/openid-configuration"
REGISTRY = JWSRegistry(algorithms=list(SIGNED_BY), strict_check_header=False)


def keys(session: Any, known: Known) -> KeySet:
    return KeySet.import_key_set(got(session.get(known.jwks_uri, withhold_token=True, allow_redirects=False)))  # type: ignore[arg-type]


def got(answer: Any) -> dict[str, Any]:
    """Raises ValueError for what is no small JSON object, a redirect above all."""
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise ValueError(f"{answer.url} answered {answer.status_code}")
    if len(answer.content) > LARGEST or not isinstance(answer.json(), dict):
        raise ValueError(f"{answer.url} answered something else than asked")
    return dict(answer.json())


def same_host(address: str, issuer: str) -> str:
    if not is_same_host(address, issuer):
        raise ValueError(
            f"it names {address[:200]!r}, which is not at the issuer's own address {urlsplit(issuer).netloc!r}"
        )
    return address


def is_same_host(address: str, issuer: str) -> bool:
    one, other = urlsplit(address), urlsplit(issuer)
    return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())


def encrypted(address: str, issuer: str) -> str:
    """Where browsers go; another host of the provider's is theirs to choose."""
    return address if urlsplit(address).scheme == "https" else same_host(address, issuer)


def found(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name; else the way that its dots lead. None where there is nothing."""
    if path in claims:
        return claims[path]
    inner: Any = claims
    for part in path.split("."):
        inner = inner.get(part) if isinstance(inner, Mapping) else None
    return inner


def values(claim: Any) -> Iterable[str]:
    """A claim is one text or several."""
    several = claim if isinstance(claim, list) else [claim]
    return [value for value in several if isinstance(value, str)]
