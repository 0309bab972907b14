"""What the commands share: options, the store of an installation, output for scripts."""

import os
import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from app.settings import Settings
from app.settings import load as load_settings
from core.errors import LiaisonError, Severity

HERE = Path("rules.d")
console = Console(highlight=False, soft_wrap=False)

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("liaison.yaml"),
    show_default=True,
    help="The installation to use.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
who_option = click.option("--as", "who", required=True, help="Your name: it is kept with the decision.")


def installation(config: Path) -> Settings:
    """The settings; warnings go to standard error. Raises SettingsError."""
    settings = load_settings(config, os.environ)
    for warning in settings.warnings:
        click.echo(f"{warning} ({Severity.WARNING})", err=True)
    return settings


class NoSecrets(dict[str, str]):
    """An environment for commands that only look at the store: they need none of the platforms' secrets."""

    def __missing__(self, name: str) -> str:
        return os.environ.get(name, "not needed here")

    def __contains__(self, name: object) -> bool:
        return True


def without_secrets(config: Path) -> Settings:
    return load_settings(config, NoSecrets())


def rules_of(path: Path | None, config: Path) -> list[Path]:
    """The named path, else the installation's rules, else rules.d, else the shipped packs alone."""
    if path is not None:
        if not path.exists():
            raise LiaisonError("there is no such file or folder.", where=str(path))
        return [path]
    if config.exists():
        found = without_secrets(config).rules
        return [found] if found else []
    return [HERE] if HERE.exists() else []


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode())
    sys.stdout.write("\n")
