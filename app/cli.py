"""The `liaison` command.

Exit codes: 0 done, 1 the answer is no (errors in rules, a comment missing), 2 cannot be done.
"""

import logging
import sys
from typing import Any

import click

from app.cli_lazy import LazyGroup
from core.errors import LiaisonError

COMMANDS = {
    "db": "app.cli_tickets:db_group",
    "dead": "app.cli_dead:dead_group",
    "demo": "app.cli_serving:play",
    "enter": "app.cli_enter:enter",
    "lift": "app.cli_tickets:lift",
    "link": "app.cli_link:link_group",
    "note": "app.cli_tickets:note",
    "poll": "app.cli_poll:poll",
    "replay": "app.cli_replay:replay_files",
    "report": "app.cli_report:report_group",
    "rules": "app.cli_rules:rules_group",
    "sandbox": "app.cli_serving:sandbox",
    "serve": "app.cli_serving:serve",
    "ticket": "app.cli_tickets:ticket",
    "unalarm": "app.cli_tickets:unalarm",
}


class Speaking(LazyGroup):
    """Commands say what went wrong in a sentence, without a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LiaisonError as error:
            click.echo(str(error), err=True)
            ctx.exit(2)


@click.group(cls=Speaking, later=COMMANDS)
@click.option("--verbose", is_flag=True, help="Log more.")
@click.version_option(package_name="itsm-liaison")
def main(verbose: bool) -> None:  # noqa: FBT001 - click passes flags so
    """The business liaison inside the ticket."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
