"""`liaison replay`: recorded deliveries through the real pipeline."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.cli_common import console, json_option, print_json
from app.lanes import replay_in_lanes
from app.replay import Summary


@click.command("replay")
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
