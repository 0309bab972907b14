"""`liaison report`: how the promises were kept."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError
from rich.table import Table
from rich.text import Text

from app import reporting
from app.cli_common import config_option, console, json_option, print_json
from app.cli_store import opened
from app.reporting import By
from app.settings_values import age
from core.errors import LiaisonError
from core.promises import Cause
from core.times import SystemClock
from ui import reports, words
from ui.reports import Line, Report, average, duration, percent


@click.group("report")
def report_group() -> None:
    """What became of it all."""


@report_group.command("promises")
@click.option("--since", default="30d", show_default=True, help="How far to look back.")
@click.option("--by", type=click.Choice([str(by) for by in By]), default=str(By.PRIORITY), show_default=True)
@click.option(
    "--html", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a page with a chart."
)
@config_option
@json_option
def promises(since: str, by: str, html: Path | None, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """How many promises were kept, how late the others were, and why."""
    now = SystemClock().now()
    with opened(config) as store:
        found = reporting.report(store, now - _age(since), now, By(by))
    if html:
        html.write_text(reports.page(found), encoding="utf-8")
    if as_json:
        print_json(plain(found))
    else:
        _print(found)
        if html:
            console.print(f"The page is {html}.", soft_wrap=True)


def _age(since: str) -> timedelta:
    try:
        return age(since)
    except ValidationError as error:
        raise LiaisonError(f"--since {'; '.join(error.messages)}") from error


def plain(found: Report) -> dict[str, Any]:
    """For scripts: durations in seconds, shares from 0 to 1."""
    comments = {"per_ticket": found.comments.per_ticket, "per_person_week": found.comments.per_person_week}
    return {
        **asdict(found),
        "total": _line(found.total),
        "lines": [_line(line) for line in found.lines],
        "comments": {**asdict(found.comments), **comments},
    }


def _line(line: Line) -> dict[str, Any]:
    return {**asdict(line), "share": line.share}


def _print(found: Report) -> None:
    table = Table(found.by.capitalize(), title=f"Promises since {found.since:%d %b %Y}", title_justify="left")
    for heading in ("In time", "Kept", "Late", "Missed", "Late by (median, p95)", "Withdrawn", "Open", "Overdue"):
        table.add_column(heading, justify="right")
    for line in (*found.lines, found.total):
        late = f"{duration(line.late_median)}, {duration(line.late_p95)}" if line.kept_late else reports.UNKNOWN
        counts = (line.kept, line.kept_late, line.missed)
        rest = (line.withdrawn, line.open, line.overdue)
        table.add_row(Text(line.name), percent(line.share), *map(str, counts), late, *map(str, rest))
    console.print(table)
    if found.causes:
        console.print(_causes(found))
    if found.silences:
        console.print(_silences(found))
    read = found.comments
    console.print(
        f"{read.comments} comments in {read.tickets} tickets: {average(read.per_ticket)} per ticket, at most "
        f"{read.most_for_a_ticket}; {average(read.per_person_week)} per person in a week with any, at most "
        f"{read.most_for_a_person}.",
        soft_wrap=True,
    )


def _causes(found: Report) -> Table:
    table = Table("Why late or missed", "Late", "Missed")
    for cause, counts in found.causes.items():
        table.add_row(words.CAUSES[Cause(cause)], str(counts["kept_late"]), str(counts["missed"]))
    return table


def _silences(found: Report) -> Table:
    table = Table("Priority", "Silence, median", "p95", "Longest")
    for silence in found.silences:
        waited = (silence.median, silence.p95, silence.longest)
        table.add_row(silence.priority, *map(duration, waited))
    return table
