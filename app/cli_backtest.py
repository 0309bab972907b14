"""`liaison rules backtest`: what rules would have said, and what a change of them changes."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from app import garbage, tables
from app.backtest import Event, Result, backtest, events_site, from_files
from app.backtest_figures import Figures, figures
from app.backtest_report import Names, notable, ordered, page
from app.cli_common import config_option, console, json_option, print_json, without_secrets
from app.cli_store import opened
from app.rehearsal import Life
from app.unheld import unheld
from core.sites import Site
from core.tickets import TicketRef
from core.times import EPOCH, SystemClock, from_iso, iso
from rules.cadence import parse_duration

D = tables.deliveries
HANDLED = ("done", "pending")


def _age(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


path_option = click.Path(exists=True, path_type=Path)


@click.command("backtest")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", default="90d", show_default=True, callback=_age, help="How far back, in Liaison's own store.")
@click.option("--rules", "path", type=path_option, help="The rules to try; else those of the installation.")
@click.option("--against", type=path_option, help="Rules to compare with, side by side.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as a page.")
@click.option("--timezone", default="UTC", show_default=True, help="For events from files.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Processes; one for each core."
)
@config_option
@json_option
def run_backtest(
    files: tuple[Path, ...],
    since: timedelta,
    path: Path | None,
    against: Path | None,
    html: Path | None,
    timezone: str,
    workers: int,
    config: Path,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Try rules on what has happened: on Liaison's own store, or on FILES of ServiceNow envelopes, one in a line."""
    garbage.settle()
    rules = [path] if path else _active(config)
    sites = (events_site(timezone, "en"),) if files else without_secrets(config).sites
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Playing", total=None)
        held: list[TicketRef] = []
        found = from_files(files) if files else _stored(config, since, sites, held)
        result = backtest(
            found,
            [_from_the_start(site) for site in sites],
            rules,
            [against] if against else None,
            workers=workers,
            advance=lambda done, of: progress.update(task, completed=done, total=of),
        )
    sealed = [Life(ref).sealed() for ref in held]
    result.lives += sealed
    result.before += sealed if against else []
    names = Names(_named(path) if path else "those in use", _named(against) if against else "")
    made = figures(result.lives, result.unreadable)
    if html:
        html.write_text(page(result, names, made), encoding="utf-8")
    print_json(_plain(made, result)) if as_json else _show(made, result, html)


def _active(config: Path) -> list[Path]:
    found = without_secrets(config).rules if config.exists() else None
    return [found] if found else []


def _from_the_start(site: Site) -> Site:
    """In a backtest every ticket counts from its beginning, also those from before Liaison came."""
    return replace(site, speak_from=EPOCH)


def _stored(config: Path, since: timedelta, sites: Sequence[Site], held: list[TicketRef]) -> Iterator[Event]:
    """The deliveries that the store still keeps. Bodies are kept for as long as `keep.bodies` says.

    Tickets that a gate holds are left out, and added to `held`: the rules that are tried may not have that gate.
    """
    recent = (
        D.c.received_at >= iso(SystemClock().now() - since),
        D.c.state.in_(HANDLED),
        D.c.ticket_id != "",
        D.c.site.in_([site.name for site in sites]),
    )
    with opened(config) as store, store.read() as connection:
        hidden = select(D.c.site, D.c.ticket_id).where(*recent, ~unheld(D)).distinct()
        held += [TicketRef(*row) for row in connection.execute(hidden)]
        query = select(D.c.site, D.c.ticket_id, D.c.received_at, D.c.body).where(*recent, unheld(D))
        for site, ticket, at, body in connection.execute(query.order_by(D.c.id)):
            if body:
                yield Event(site, ticket, from_iso(at), body)


def _named(path: Path | None) -> str:
    return path.name if path else ""


def _plain(made: Figures, result: Result) -> dict[str, object]:
    changes = [
        dict(zip(("what", "audience", "moment", "before", "after"), change, strict=True))
        | {"messages": count, "tickets": result.changed_tickets[change]}
        for change, count in ordered(result)
    ]
    return made.to_dict() | {"changes": changes}


def _show(made: Figures, result: Result, html: Path | None) -> None:
    tickets, held, messages = _many(made.tickets, "ticket"), _many(made.held, "ticket"), _many(made.messages, "message")
    console.print(f"{tickets}, {messages}, {held} held by a gate.")
    for line in notable(made, result.lives):
        console.print(Text(f"- {line}"), soft_wrap=True)
    table = Table("Said to", "Moment", "Messages")
    for audience, moment, count in made.by_moment:
        table.add_row(audience, moment.replace("_", " "), f"{count:,}")
    console.print(table)
    if result.before:
        _show_changes(result)
    if html:
        console.print(f"The report is in {html}.", soft_wrap=True)


def _show_changes(result: Result) -> None:
    table = Table("Change", "Said to", "Moment", "Before", "After", "Messages", "Tickets")
    for change, count in ordered(result):
        what, audience, moment, *names = change
        parts = (what, audience, moment.replace("_", " "), *names)
        numbers = f"{count:,}", f"{result.changed_tickets[change]:,}"
        table.add_row(*(Text(part, overflow="fold") for part in parts), *numbers)
    console.print(table if result.changes else "Not one word would have been different.")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
