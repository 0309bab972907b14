"""`liaison.yaml`: one installation. What may stand in it is in `app/settings_schema.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from marshmallow import ValidationError
from marshmallow.experimental.context import Context

from app import document, settings_words
from app.settings_schema import InstallationSchema
from app.settings_values import Source, absolute, age, interval
from core.errors import Problem, SettingsError, Severity
from core.sites import Flavour, Platform, Secret, Site


@dataclass(frozen=True)
class Listen:
    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True)
class Keep:
    """How long things are kept. `bodies` of deliveries that were handled; `journal`, with ended notes and promises."""

    bodies: timedelta = timedelta(days=30)
    journal: timedelta = timedelta(days=400)


@dataclass(frozen=True)
class SigningIn:
    """An OpenID Connect provider. `roles`: which value of the claim gives which role."""

    issuer: str
    client_id: str
    client_secret: Secret
    roles_claim: str = "roles"
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """`store` is a database URL, its path absolute. `rules` is an absolute path, None for the shipped pack alone.

    `speak_from` holds the sites that state one; every other site speaks from its installation time, which only the
    store knows. `pages_open`, `metrics_open`: they answer beyond loopback. `public_url`: where people reach the pages,
    without a slash at its end; `""` is this machine alone. `poll`: how often sites are asked what changed, None for
    never. `one_processor`: all its threads stay together on one. `warnings` are doubtful but usable.
    """

    store: str
    rules: Path | None = None
    sites: tuple[Site, ...] = ()
    listen: Listen = Listen()
    workers: int = 16
    one_processor: bool = True
    pages_open: bool = False
    public_url: str = ""
    signing_in: SigningIn | None = None
    metrics_open: bool = False
    poll: timedelta | None = None
    keep: Keep = Keep()
    speak_from: Mapping[str, datetime] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    path: Path | None = None

    def site(self, name: str) -> Site | None:
        return next((site for site in self.sites if site.name == name), None)


def load(path: Path, env: Mapping[str, str]) -> Settings:
    """Read one installation. `env` is where `env:NAME` looks; `file:PATH` and paths are relative to the file.

    Raises SettingsError with everything that is wrong, at once (`.problems`).
    """
    read = document.read(path)
    problems, installation = list(read.problems), {}
    try:
        with Context(Source(env, path.absolute().parent)):
            installation = InstallationSchema().load(read.content if isinstance(read.content, dict) else [])
    except ValidationError as error:
        problems += settings_words.problems(read, InstallationSchema(), error.messages_dict)
    if problems:
        raise SettingsError(in_words(path, problems), problems=tuple(sorted(set(problems))))
    return settings(installation, path, read)


def in_words(path: Path, problems: list[Problem]) -> str:
    count = len(set(problems))
    lines = "\n".join(str(problem) for problem in sorted(set(problems)))
    return f"{count} {'problem' if count == 1 else 'problems'} in {path}:\n{lines}"


def settings(installation: Mapping[str, Any], path: Path, read: document.Document) -> Settings:
    sites: tuple[Site, ...] = tuple(installation["sites"])
    host, port = installation["listen"]
    return Settings(
        store=absolute(installation["store"], path.absolute().parent),
        rules=installation["rules"],
        sites=sites,
        listen=Listen(host, port),
        workers=installation["workers"],
        one_processor=installation["processors"] == "one",
        pages_open=installation["pages"] == "open",
        public_url=(installation["public_url"] or "").rstrip("/"),
        signing_in=SigningIn(**installation["signing_in"]) if installation["signing_in"] else None,
        metrics_open=installation["metrics"] == "open",
        poll=interval(installation["poll"]),
        keep=Keep(**{name: age(text) for name, text in installation["keep"].items()}),
        speak_from={s.name: s.speak_from for i, s in enumerate(sites) if read.at(("sites", i, "speak_from"))},
        warnings=tuple(warnings(sites, read)),
        path=path.absolute(),
    )


def warnings(sites: tuple[Site, ...], read: document.Document) -> Iterator[Problem]:
    for index, site in enumerate(sites):
        for message in doubts(site, stated=read.at(("sites", index)) or {}):
            place = read.place(("sites", index))
            yield Problem(str(read.path), place.line, place.column, f"{site.name}: {message}", Severity.WARNING)


def doubts(site: Site, stated: Mapping[str, Any]) -> Iterator[str]:
    if not site.webhook_secrets:
        yield "no webhook.secrets, so every webhook is refused; add one and give it to the platform, too."
    if site.platform is Platform.SERVICENOW and not site.note_id_column:
        yield (
            "no note_id_column, so every note carries a visible [ref:…] by which it is found again; "
            "add a text column of 40 characters to the tables and name it here."
        )
    if site.flavour is Flavour.DATA_CENTER and "flavour" not in stated:
        yield "taken for a Data Center, since its address is not Atlassian's; state the flavour to be sure."
    for name in site.fields:
        if meant := settings_words.meant_field(name):
            yield f"fields.{name} is a field of your own; did you mean {meant!r}?"
