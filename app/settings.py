"""`liaison.yaml`: one installation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.errors import Problem
from core.sites import Site


@dataclass(frozen=True)
class Listen:
    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True)
class Settings:
    """`store` is a database URL, its path absolute. `rules` is an absolute path.

    `speak_from` holds the sites that state one; every other site speaks from its installation time, which only the
    store knows. `pages_open`: pages answer beyond loopback. `warnings` are doubtful but usable.
    """

    store: str
    rules: Path | None = None
    sites: tuple[Site, ...] = ()
    listen: Listen = Listen()
    workers: int = 4
    pages_open: bool = False
    speak_from: Mapping[str, datetime] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    path: Path | None = None

    def site(self, name: str) -> Site | None:
        return next((site for site in self.sites if site.name == name), None)


def load(path: Path, env: Mapping[str, str]) -> Settings:
    """Read one installation. Raises SettingsError with every problem found (`.problems`)."""
    raise NotImplementedError
