"""The values in liaison.yaml: each says what is wrong with it as the rest of a sentence that begins with its name."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields
from marshmallow.experimental.context import Context

from app.settings_words import did_you_mean, shown
from core.sites import Flavour, Secret
from core.tickets import HoldReason, Phase, Priority, State
from core.times import from_iso
from rules.cadence import parse_duration
from ui.access import Role

SITE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
COLUMN = re.compile(r"[a-z][a-z0-9_]{0,79}")
RATE = re.compile(r"([0-9]{1,7})/([smh])")
PER = {"s": 1, "m": 60, "h": 3600}
LEAST_RATE, MOST_RATE = 10 / 3600, 1000
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
# Fields that say which ticket it is: a custom field in their place would mix tickets up.
NOT_CONFIGURABLE = frozenset({"site", "platform", "kind", "key", "id", "url", "revision", "fields"})
# Where Atlassian itself hosts Jira; api.atlassian.com carries requests of scoped tokens.
CLOUD_HOSTS = (".atlassian.net", ".atlassian.com", ".jira.com", ".atlassian-us-gov-mod.net")
LARGEST_SECRET = 64 * 1024
NEVER = "never"
LEAST_AGE, MOST_AGE = timedelta(days=1), timedelta(days=3650)
LEAST_INTERVAL, MOST_INTERVAL = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Source:
    """Where references lead: the environment, and the folder of liaison.yaml."""

    env: Mapping[str, str]
    folder: Path


def source() -> Source:
    return Context[Source].get()


class Among(fields.String):
    """One of a few words."""

    def __init__(self, choices: Iterable[str], what: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices, self.what = [str(choice) for choice in choices], what

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in self.choices:
            raise ValidationError(not_among(text, self.choices, self.what))
        return text


def not_among(text: str, choices: Iterable[str], what: str) -> str:
    return f"{shown(text)!r} is not a {what}{did_you_mean(text, choices)}"


def referred(text: str) -> str | None:
    """What `env:NAME` or `file:PATH` leads to, None if it is neither. Raises ValidationError where it leads nowhere."""
    if text.startswith("env:"):
        return from_environment(text.removeprefix("env:").strip())
    if text.startswith("file:"):
        return from_file(source().folder / Path(text.removeprefix("file:").strip()).expanduser())
    return None


def from_environment(name: str) -> str:
    if name not in source().env:
        raise ValidationError(f"leads to the environment variable {shown(name)}, which is not set; set it.")
    if not source().env[name].strip():
        raise ValidationError(f"leads to the environment variable {shown(name)}, which is empty; set it.")
    return source().env[name].strip()


def from_file(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            text = opened.read(LARGEST_SECRET).decode().strip()
    except UnicodeDecodeError as error:
        raise ValidationError(f"leads to {path}, which is not text in UTF-8.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValidationError(f"leads to {path}, which cannot be read: {reason}.") from error
    if not text:
        raise ValidationError(f"leads to {path}, which is empty.")
    return text


class SecretRef(fields.Field[Secret]):
    """`env:NAME` or `file:PATH`. A literal is an error, and is not repeated in its message."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Secret:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, str):
            raise ValidationError("must be one reference: env:NAME or file:PATH.")
        secret = referred(value)
        if secret is None:
            raise ValidationError(
                "is a literal secret, and whoever reads the file could use it; put it into an environment variable "
                "or a file, write env:NAME or file:PATH here, and change the secret."
            )
        return Secret(secret, value)


class Text(fields.String):
    """A text, or a reference like a secret's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = referred(text)
        return text if found is None else found


class Texts(fields.List[str]):
    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(validate=not_blank), load_default=(), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class Names(fields.Field[dict[str, str]]):
    """A mapping of the admin's names to values. `check` gives the mistake in one entry, or `""`."""

    def __init__(self, check: Callable[[str, str], str], **options: Any) -> None:
        super().__init__(load_default={}, **options)
        self.check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, dict):
            raise ValidationError("must be a mapping: one 'name: value' in a line.")
        if wrong := {name: [message] for name, kept in value.items() if (message := self.mistake(name, kept))}:
            raise ValidationError(wrong)
        return value

    def mistake(self, name: str, kept: Any) -> str:
        if kept is None or not str(kept).strip():
            return "is empty; give it a value or remove the line."
        return self.check(name, kept) if isinstance(kept, str) else "must be one text, not a list or a mapping."


class Seconds(fields.Float):
    def __init__(self, **options: Any) -> None:
        super().__init__(validate=between(0, 600), **options)


class Interval(fields.String):
    """A duration, or `never`; stays the text that it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        interval(text)
        return text


def interval(text: str) -> timedelta | None:
    """None for `never`. Raises ValidationError for what is no duration, or a senseless one."""
    if text == NEVER:
        return None
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise ValidationError(f"{shown(text)!r} is not a duration; write it like 5m or 1h, or {NEVER}.") from error
    if not LEAST_INTERVAL <= found <= MOST_INTERVAL:
        raise ValidationError(f"must be between 1m and 1d, or {NEVER}, not {shown(text)}.")
    return found


class Rate(fields.String):
    """Requests in a time; becomes requests a second."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return rate(super()._deserialize(value, attr, data, **kwargs))


def rate(text: str) -> float:
    """Requests a second. Raises ValidationError."""
    found = RATE.fullmatch(text.replace(" ", ""))
    per_second = int(found[1]) / PER[found[2]] if found else 0.0
    if not found or not LEAST_RATE <= per_second <= MOST_RATE:
        raise ValidationError(f"{shown(text)!r} is no pace from 10/h to 1000/s; write it like 50/s, 600/m or 5000/h.")
    return per_second


class Age(fields.String):
    """How long something is kept; stays the text that it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        age(text)
        return text


def age(text: str) -> timedelta:
    """Raises ValidationError for what is no duration, or a senseless one."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise ValidationError(f"{shown(text)!r} is not a duration; write it like 30d.") from error
    if not LEAST_AGE <= found <= MOST_AGE:
        raise ValidationError(f"must be between 1d and 3650d, not {shown(text)}.")
    return found


class Time(fields.Field[datetime]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:  # noqa: ARG002 - marshmallow's signature
        try:
            return from_iso(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(
                f"{shown(value)!r} is not a time with its zone; write it like 2026-11-20T08:00:00+01:00."
            ) from error


class Address(fields.Field[tuple[str, int]]):
    """`host:port`, an IPv6 host in brackets."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, int]:  # noqa: ARG002 - marshmallow's signature
        try:
            parts = urlsplit(f"//{value}")
            if isinstance(value, str) and parts.hostname and parts.netloc == value and parts.port is not None:
                return parts.hostname, parts.port
        except ValueError:
            pass
        raise ValidationError(f"{shown(value)!r} is not host:port; write it like 127.0.0.1:8080.")


class StoreUrl(fields.String):
    """A database URL. One that carries a password is given by reference."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        stated = super()._deserialize(value, attr, data, **kwargs)
        url = referred(stated)
        if url is None:
            url = stated
            if "@" in url.partition("://")[2].split("/")[0]:
                raise ValidationError(
                    "holds a password in plain sight; write env:NAME or file:PATH with the whole URL."
                )
        absolute(url, source().folder)
        return url


def absolute(url: str, folder: Path) -> str:
    """The database URL with its path made absolute. Raises ValidationError where it is none that Liaison knows."""
    scheme, _, path = url.partition("://")
    if scheme.startswith("postgresql"):
        raise ValidationError("names PostgreSQL, which this version does not run on yet; use sqlite:///liaison.db.")
    if scheme != "sqlite" or not path.startswith("/") or path == "/":
        raise ValidationError("is not a database URL; write it like sqlite:///liaison.db.")
    return f"sqlite:///{folder / Path(path[1:]).expanduser()}"


class Folder(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        path = source().folder / Path(super()._deserialize(value, attr, data, **kwargs)).expanduser()
        if not path.exists():
            raise ValidationError(f"leads to {path}, which does not exist; create it or correct the path.")
        return path.resolve()


def not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("is empty; give it a value or remove it.")


def some_site(sites: list[Any]) -> None:
    if not sites:
        raise ValidationError("lists no site; add one Jira or ServiceNow instance.")


def site_name(text: str) -> None:
    if not SITE_NAME.fullmatch(text):
        raise ValidationError(
            f"{shown(text)!r} cannot stand in an address; use letters, digits, dots and dashes, at most 63."
        )


def site_url(text: str) -> None:
    """Raises ValidationError unless it is https, or http on this very machine."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValidationError(f"{shown(text)!r} is not an address: {error}.") from error
    if parts.username or parts.password:
        raise ValidationError("holds an account or a password; they belong into auth.")
    if parts.scheme not in {"http", "https"} or not host or text.strip() != text:
        raise ValidationError(f"{shown(text)!r} is not an address; write it like https://acme.example.")
    if parts.query or parts.fragment:
        raise ValidationError(f"{shown(text)!r} must end with the host or a path, without '?' or '#'.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValidationError(f"{shown(text)!r} is not encrypted; write it with https://.")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def flavour_at(url: str) -> Flavour:
    """Atlassian hosts Cloud under its own names. A stand-in on this machine is Cloud unless it says otherwise."""
    host = urlsplit(url).hostname or ""
    return Flavour.CLOUD if host.endswith(CLOUD_HOSTS) or is_loopback(host) else Flavour.DATA_CENTER


def field_mistake(name: str, _kept: str) -> str:
    if not FIELD_NAME.fullmatch(name):
        return "cannot be a name in rules; use small letters, digits and '_'."
    if name in NOT_CONFIGURABLE:
        return "says which ticket it is and cannot come from another field; choose another name."
    return ""


STATES = [str(state) for state in State]


def state_mistake(_name: str, value: str) -> str:
    """A canonical state; after a colon, where it has one, a hold reason (`on_hold:vendor`) or a phase."""
    state, colon, detail = value.partition(":")
    if state not in STATES:
        return not_among(state, STATES, "state")
    fitting = {State.ON_HOLD: list(map(str, HoldReason)), State.IN_PROGRESS: list(map(str, Phase))}.get(
        State(state), []
    )
    if colon and detail not in fitting:
        what = "hold reason" if state == State.ON_HOLD else "phase"
        return not_among(detail, fitting, f"{what} of {state}")
    return ""


def priority_mistake(_name: str, value: str) -> str:
    return "" if value in list(Priority) else not_among(value, Priority, "priority")


def role_mistake(_name: str, value: str) -> str:
    return "" if value in list(Role) else not_among(value, Role, "role")


def reader_mistake(name: str, _value: str) -> str:
    return "" if name in READERS else not_among(name, READERS, "kind of reader")


READERS = ("role", "group")


def one_reader(names: Mapping[str, str]) -> None:
    if len(names) > 1:
        raise ValidationError("names a role and a group; Jira limits a comment to one of them.")


def timezone(text: str) -> None:
    if text not in available_timezones():
        raise ValidationError(not_among(text, sorted(available_timezones()), "time zone"))


def language(text: str) -> None:
    if not LANGUAGE.fullmatch(text):
        raise ValidationError(f"{shown(text)!r} is not a language; write it like en, de or de-AT.")


def column(text: str) -> None:
    if text and not COLUMN.fullmatch(text):
        raise ValidationError(f"{shown(text)!r} cannot be a column; use its name, such as u_liaison_note_id.")


def between(least: float, most: float) -> Callable[[float], None]:
    def check(number: float) -> None:
        if not least <= number <= most:
            raise ValidationError(f"must be between {least:g} and {most:g}, not {number:g}.")

    return check
