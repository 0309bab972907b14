"""The `liaison` command.

Exit codes: 0 done, 1 the answer is no (errors in rules, a comment missing), 2 cannot be done.
"""

import logging
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app import demo
from app.cli_common import config_option, console, installation, json_option, print_json
from app.cli_dead import dead_group
from app.cli_enter import enter, print_link
from app.cli_link import link_group
from app.cli_poll import poll
from app.cli_report import report_group
from app.cli_rules import rules_group
from app.cli_tickets import db_group, lift, note, ticket, unalarm
from app.lanes import replay_in_lanes
from app.liaison import STOP_SECONDS, Liaison
from app.locking import only_one
from app.replay import Summary
from app.sandboxes import run as run_sandboxes
from app.serving import Server
from app.settings import Listen
from app.stopping import signals_held, until_asked
from core.errors import LiaisonError


class Speaking(click.Group):
    """Commands say what went wrong in a sentence, without a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LiaisonError as error:
            click.echo(str(error), err=True)
            ctx.exit(2)


@click.group(cls=Speaking)
@click.option("--verbose", is_flag=True, help="Log more.")
@click.version_option(package_name="itsm-liaison")
def main(verbose: bool) -> None:  # noqa: FBT001 - click passes flags so
    """The business liaison inside the ticket."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)


@main.command()
@config_option
def serve(config: Path) -> None:
    """Serve an installation: receive webhooks, attend to tickets, show the pages."""
    logging.getLogger("liaison").setLevel(logging.INFO)
    settings = installation(config)
    with only_one(settings.store), signals_held():
        liaison = Liaison(settings)
        server = Server(liaison.web(), settings.listen)
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


@main.command("demo")
@click.option("--once", is_flag=True, help="Play at full speed, show every conversation, and end.")
@click.option("--port", type=int, default=8080, show_default=True, help="Liaison's port; 0 takes any free one.")
def play(once: bool, port: int) -> None:  # noqa: FBT001 - click passes flags so
    """Play a short story into two stand-in platforms, and watch what Liaison writes."""
    sys.exit(demo.run(console, once=once, listen=Listen(port=0 if once else port)))


@main.command()
@click.argument("platform", type=click.Choice(["jira", "servicenow", "both"]), default="both")
@click.option("--hook", default="http://127.0.0.1:8080", show_default=True, help="Where Liaison listens.")
@click.option("--secret", default="sandbox", show_default=True, help="What webhooks are signed with.")
@click.option("--jira-port", type=int, default=8081, show_default=True)
@click.option("--servicenow-port", type=int, default=8082, show_default=True)
def sandbox(platform: str, hook: str, secret: str, jira_port: int, servicenow_port: int) -> None:
    """Run stand-ins of the platforms, to try Liaison against."""
    run_sandboxes(console, platform, hook, secret, {"jira": jira_port, "servicenow": servicenow_port})


@main.command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".liaison/replay"),
    show_default=True,
    help="Where the store and the stand-in remember: a replay that was cut off goes on from there.",
)
@click.option("--fresh", is_flag=True, help="Forget what is in the work folder first.")
@click.option("--rules", type=click.Path(exists=True, path_type=Path), help="Rules to use above the shipped packs.")
@click.option("--lanes", type=click.IntRange(1), help="So many shares side by side. By default as many as suit it.")
@json_option
def replay_files(
    files: tuple[Path, ...],
    work: Path,
    fresh: bool,  # noqa: FBT001
    rules: Path | None,
    lanes: int | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Replay recorded ServiceNow deliveries through the real pipeline into a stand-in."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        summary = replay_in_lanes(files, work, rules, progress, fresh=fresh, lanes=lanes or 0)
    print_json(summary.to_dict()) if as_json else _show(summary)
    sys.exit(0 if summary.good else 1)


def _show(summary: Summary) -> None:
    console.print(
        f"{summary.events} events: {summary.stored} stored, {summary.seen} seen before, {summary.refused} refused. "
        f"{summary.tickets} tickets, {summary.unattended} deliveries unattended."
    )
    for title, counts in (("Comments", summary.comments), ("Silences", summary.silences), ("Open", summary.open_notes)):
        if counts:
            table = Table(title, "Count")
            for name, count in counts.items():
                table.add_row(name, str(count))
            console.print(table)
    verdict = "green" if summary.good else "red"
    console.print(f"[{verdict}]{len(summary.lost)} lost, {len(summary.doubled)} doubled.[/{verdict}]")


for command in (enter, poll, report_group, rules_group, ticket, link_group, note, lift, unalarm, dead_group, db_group):
    main.add_command(command)

if __name__ == "__main__":
    main()
