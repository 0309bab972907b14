"""`liaison serve`, `demo` and `sandbox`: what stays until it is stopped."""

import logging
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from app import demo, garbage
from app.cli_common import config_option, console, installation
from app.cli_enter import print_link
from app.liaison import STOP_SECONDS, Liaison
from app.locking import only_one
from app.processors import OneProcessor
from app.sandboxes import run as run_sandboxes
from app.serving import Server
from app.settings import Listen
from app.stopping import signals_held, until_asked

PORT = click.IntRange(0, 65535)


@click.command()
@config_option
def serve(config: Path) -> None:
    """Serve an installation: receive webhooks, attend to tickets, show the pages."""
    logging.getLogger("liaison").setLevel(logging.INFO)
    settings = installation(config)
    place = OneProcessor() if settings.one_processor else nullcontext()
    with only_one(settings.store) as bookmark, signals_held(), place:
        liaison = Liaison(settings)
        liaison.go_on_from(bookmark)
        server = Server(liaison.web(), settings.listen)
        garbage.settle()
        server.start()
        where = f"Liaison answers at {server.url}/ and takes webhooks at {server.url}/hooks/<site>."
        console.print(where, soft_wrap=True)
        if not settings.signing_in:
            print_link(server.url, liaison.door)
        running = until_asked(liaison.run)
        server.stop()
        liaison.stop()
        running.join(STOP_SECONDS)
        liaison.close()


@click.command("demo")
@click.option("--once", is_flag=True, help="Play at full speed, show every conversation, and end.")
@click.option("--port", type=PORT, default=8080, show_default=True, help="Liaison's port; 0 takes any free one.")
def play(once: bool, port: int) -> None:  # noqa: FBT001 - click passes flags so
    """Play a short story into two stand-in platforms, and watch what Liaison writes."""
    sys.exit(demo.run(console, once=once, listen=Listen(port=0 if once else port)))


@click.command()
@click.argument("platform", type=click.Choice(["jira", "servicenow", "both"]), default="both")
@click.option("--hook", default="http://127.0.0.1:8080", show_default=True, help="Where Liaison listens.")
@click.option("--secret", default="sandbox", show_default=True, help="What webhooks are signed with.")
@click.option("--jira-port", type=PORT, default=8081, show_default=True)
@click.option("--servicenow-port", type=PORT, default=8082, show_default=True)
def sandbox(platform: str, hook: str, secret: str, jira_port: int, servicenow_port: int) -> None:
    """Run stand-ins of the platforms, to try Liaison against."""
    run_sandboxes(console, platform, hook, secret, {"jira": jira_port, "servicenow": servicenow_port})
