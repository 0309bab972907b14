"""One Jira or ServiceNow instance, as liaison.yaml describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.times import EPOCH


class Platform(StrEnum):
    JIRA = "jira"
    SERVICENOW = "servicenow"


class Flavour(StrEnum):
    """Which Jira. ServiceNow sites are always `CLOUD`."""

    CLOUD = "cloud"
    DATA_CENTER = "data_center"


@dataclass(frozen=True)
class Secret:
    """A value that never shows in a log, a traceback or a page. `source` says where it came from (`env:NAME`)."""

    value: str
    source: str = ""

    def __repr__(self) -> str:
        return f"Secret({self.source or '…'})"

    __str__ = __repr__


@dataclass(frozen=True)
class Auth:
    """`user` and `token` together are basic authentication; a token alone is a bearer token (a Data Center PAT)."""

    user: str = ""
    token: Secret = Secret("")


@dataclass(frozen=True)
class Serves:
    """Which tickets a site serves as `kind`. Empty means any: projects and issue types (Jira), tables (ServiceNow)."""

    kind: str
    projects: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Site:
    """`serves` empty: Jira issues in service-desk projects, ServiceNow's incident and change_request.

    `states` values are canonical states, optionally with a hold reason or a phase after a colon
    (`on_hold:requester`, `on_hold:vendor`, `in_progress:fix_running`). `bots` are accounts (account id, name or
    user name) whose comments keep no promise and whose tickets count as a service account's. `account` is the
    account Liaison itself writes with. `speak_from`: tickets opened earlier are adopted in silence. `pace`: the most
    requests a second, 0 for as many as the platform allows.
    """

    name: str
    platform: Platform
    url: str
    auth: Auth = field(default_factory=Auth)
    webhook_secrets: tuple[Secret, ...] = ()
    flavour: Flavour = Flavour.CLOUD
    serves: tuple[Serves, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, str] = field(default_factory=dict)
    agents_visibility: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    language: str = "en"
    note_id_column: str = ""
    account: str = ""
    bots: tuple[str, ...] = ()
    speak_from: datetime = EPOCH
    speaks: tuple[str, ...] = ("agents", "requester")
    timeout: tuple[float, float] = (5.0, 25.0)
    settle_seconds: float = 30.0
    pace: float = 0.0
