"""`liaison link`: addresses by which a requester follows one ticket."""

from datetime import timedelta
from pathlib import Path

import click

from app.cli_common import config_option, console, without_secrets
from app.cli_enter import address
from app.cli_store import opened
from app.cli_tickets import find_ref
from app.findings import Findings
from app.links import LASTS, Links
from core.errors import LiaisonError
from core.times import SystemClock

site_option = click.option("--site", help="Where the same key exists on several sites.")
who_option = click.option("--as", "who", default="command line", help="Your name: it is kept with the decision.")


@click.group("link")
def link_group() -> None:
    """Links by which a requester follows their ticket."""


@link_group.command("new")
@click.argument("key")
@click.option("--days", type=click.IntRange(1, 365), default=LASTS.days, show_default=True, help="How long it works.")
@site_option
@who_option
@config_option
def new(key: str, days: int, site: str | None, who: str, config: Path) -> None:
    """Print a new link to the page of a ticket, for its requester."""
    settings = without_secrets(config)
    with opened(config) as store:
        findings = Findings(store)
        ref = find_ref(findings, key, site)
        story = findings.story(ref)
        if story and story.held_by:
            gates = ", ".join(story.held_by)
            raise LiaisonError(f"{key} is held by {gates}.", hint="A link would show nothing.")
        path = Links(store, SystemClock()).new(ref, who, timedelta(days=days))
    console.print(
        f"{settings.public_url.rstrip('/') or address(settings.listen)}{path}", soft_wrap=True, highlight=False
    )


@link_group.command("revoke")
@click.argument("key")
@site_option
@who_option
@config_option
def revoke(key: str, site: str | None, who: str, config: Path) -> None:
    """End every link to a ticket."""
    with opened(config) as store:
        ref = find_ref(Findings(store), key, site)
        ended = Links(store, SystemClock()).revoke(ref, who)
    console.print(f"{ended} {'link' if ended == 1 else 'links'} to {key} ended.")
