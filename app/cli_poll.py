"""`liaison poll`: asking the sites now, rather than in a few minutes."""

import sys
from pathlib import Path

import click

from app.cli_common import config_option, console, installation, json_option, print_json
from app.liaison import Liaison
from app.reconcile import Look
from core.errors import LiaisonError
from core.times import iso


@click.command()
@click.argument("site", required=False)
@config_option
@json_option
def poll(site: str | None, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Ask one site, or all, what changed that webhooks missed."""
    liaison = Liaison(installation(config))
    try:
        names = _named(liaison, site)
        looks = [look for name in names if (look := _look(liaison, name))]
    finally:
        liaison.close()
    if as_json:
        print_json([{"site": k.site, "since": iso(k.since), "found": k.found, "new": k.new} for k in looks])
    else:
        for look in looks:
            console.print(
                f"{look.site}: {look.found} changed since {iso(look.since)[:16]}Z, {look.new} of them unknown."
            )
    sys.exit(0 if len(looks) == len(names) else 2)


def _named(liaison: Liaison, site: str | None) -> list[str]:
    if site is None:
        return list(liaison.sites)
    if site not in liaison.sites:
        raise LiaisonError(f"there is no site {site!r}.", hint=f"liaison.yaml has {', '.join(liaison.sites)}.")
    return [site]


def _look(liaison: Liaison, site: str) -> Look | None:
    """None, and why on standard error, where the site cannot be asked."""
    try:
        return liaison.reconciler.once(site)
    except LiaisonError as error:
        click.echo(f"{site}: {error}", err=True)
        return None
