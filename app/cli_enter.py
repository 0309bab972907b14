"""The link by which the local admin signs in."""

from pathlib import Path

import click

from app.cli_common import config_option, console, without_secrets
from app.cli_store import opened
from app.settings import Listen
from app.surfaces.door import StoredDoor
from core.errors import LiaisonError
from core.times import SystemClock


@click.command()
@config_option
def enter(config: Path) -> None:
    """Print a new link by which the local admin signs in. It works once, within an hour."""
    settings = without_secrets(config)
    if settings.signing_in:
        raise LiaisonError(
            "people sign in with their provider here.", where="signing_in", hint=f"Open {settings.public_url}/sign-in."
        )
    with opened(config) as store:
        print_link(address(settings.listen), StoredDoor(store, SystemClock()))


def print_link(server: str, door: StoredDoor) -> None:
    console.print(f"Sign in as the local admin, once: {server}{door.new_link()}", soft_wrap=True, highlight=False)


def address(listen: Listen) -> str:
    """Where a browser on this machine reaches the pages: nobody else may use the link."""
    host = "127.0.0.1" if listen.host in {"0.0.0.0", "::", "localhost"} else listen.host  # noqa: S104 - compared
    return f"http://[{host}]:{listen.port}" if ":" in host else f"http://{host}:{listen.port}"
