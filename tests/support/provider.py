"""An OpenID Connect provider on loopback, which signs with a key of its own, and lies on request."""

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import flask
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.socketed import socketed

CLIENT, SECRET = "liaison", "the client's secret"


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class StandInProvider:
    """`claims` replace those of the ID token (None takes one away), `about` what it says of itself.

    `signs_with` may be a key that it does not publish; `header` the token's header. `asked` lists the paths that came.
    `published` are further keys. `answers` replaces the answer of a path by (status, body, headers).
    """

    url: str = ""
    key: RSAKey = field(default_factory=lambda: new_key("one"))
    signs_with: Any = None
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refuses: str = ""
    published: list[Any] = field(default_factory=list)

    def app(self) -> flask.Flask:
        app = flask.Flask("provider")
        app.before_request(self.noted)
        app.get("/.well-known/openid-configuration")(self.configuration)
        app.get("/authorize")(self.authorize)
        app.post("/token")(self.token)
        app.get("/keys")(self.keys)
        app.get("/userinfo")(self.told)
        return app

    def noted(self) -> flask.Response | None:
        self.asked.append(flask.request.path)
        if flask.request.path in self.answers:
            status, body, headers = self.answers[flask.request.path]
            return flask.Response(body, status, headers)
        return None

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.about,
        }

    def authorize(self) -> flask.Response:
        asked = flask.request.args.to_dict()
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        back = {"state": asked["state"]}
        if self.refuses:
            back["error"] = self.refuses
        else:
            back["code"] = f"code-{len(self.codes)}"
            self.codes[back["code"]] = asked
        return flask.redirect(f"{asked['redirect_uri']}?{urlencode(back)}")

    def token(self) -> Any:
        form, who = flask.request.form, flask.request.authorization
        asked = self.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        known = who is not None and (who.username, who.password) == (CLIENT, SECRET)
        if not (asked and known and proof == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]):
            return {"error": "invalid_grant"}, 400
        return {"access_token": "an access token", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "248", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= {"name": "Eva Brandt", "groups": ["desk"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self.header, claims, self.signs_with or self.key, algorithms=[self.header["alg"]])

    def keys(self) -> Any:
        return {"keys": [*KeySet([self.key]).as_dict(private=False)["keys"], *self.published]}

    def told(self) -> Any:
        if flask.request.headers.get("Authorization") != "Bearer an access token":
            return {"error": "invalid_token"}, 401
        return self.userinfo


@contextmanager
def provider() -> Iterator[StandInProvider]:
    stand_in = StandInProvider()
    with socketed(stand_in.app()) as port:
        stand_in.url = f"http://127.0.0.1:{port}"
        yield stand_in
