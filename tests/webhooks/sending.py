"""Platforms' side of a webhook: sites, signatures, and a server's side to send to."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import flask
from werkzeug.test import TestResponse

from core.sites import Platform, Secret, Serves, Site
from tests.support.inbox import MemoryInbox
from webhooks.blueprint import blueprint

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
NEW, OLD = "new-secret-ümlaut", "old-secret"
SECRETS = (Secret(NEW, "env:NEW"), Secret(OLD, "env:OLD"))
JIRA = Site("acme-jira", Platform.JIRA, "https://acme.atlassian.net", webhook_secrets=SECRETS)
SNOW = Site(
    "acme-snow",
    Platform.SERVICENOW,
    "https://acme.service-now.com",
    webhook_secrets=SECRETS,
    serves=(Serves("incident", tables=("incident", "u_store_incident")), Serves("change", tables=("change_request",))),
)
BARE = Site("bare", Platform.JIRA, "https://bare.atlassian.net", webhook_secrets=(Secret("", "env:EMPTY"),))
SITES = {site.name: site for site in (JIRA, SNOW, BARE)}


@dataclass
class StoppedClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Door:
    """A running app with its inbox; `jira` and `snow` send a body signed as that platform signs it."""

    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    clock: StoppedClock = field(default_factory=StoppedClock)

    def __post_init__(self) -> None:
        self.app = flask.Flask(__name__)
        self.app.register_blueprint(blueprint(SITES, self.inbox, self.clock))
        self.client = self.app.test_client()

    def send(
        self, site: str, body: bytes, headers: dict[str, str], content_type: str | None = "application/json"
    ) -> TestResponse:
        return self.client.post(f"/hooks/{site}", data=body, headers=headers, content_type=content_type)

    def jira(self, body: bytes, secret: str = NEW, **headers: str) -> TestResponse:
        return self.send("acme-jira", body, {**hub(body, secret), **dashed(headers)})

    def snow(self, body: bytes, secret: str = NEW, **headers: str) -> TestResponse:
        return self.send("acme-snow", body, {**liaison(body, secret, self.clock.now()), **dashed(headers)})


def dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def mac(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def hub(body: bytes, secret: str = NEW) -> dict[str, str]:
    return {"X-Hub-Signature": f"sha256={mac(body, secret).hex()}"}


def in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def liaison(
    body: bytes, secret: str = NEW, at: datetime = NOW, spell: Callable[[bytes], str] = in_base64
) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    return {"X-Liaison-Timestamp": sent, "X-Liaison-Signature": spell(mac(f"{sent}.".encode() + body, secret))}
