"""`liaison rules`: check, test, explain, schema."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

import rules
from app.cli_backtest import run_backtest
from app.cli_common import config_option, console, installation, json_option, opened, print_json
from app.cli_tickets import find_ref
from app.findings import Findings
from core.decisions import Reason
from core.errors import LiaisonError, Problem, Severity
from core.moments import Moment, MomentKind
from core.tickets import Ticket
from core.times import SystemClock

HERE = Path("rules.d")
files_option = click.option(
    "--rules", "path", type=click.Path(path_type=Path), help="Rules file or folder; else those of the installation."
)


@click.group("rules")
def rules_group() -> None:
    """Rules files: check them, test them, explain what they decide, try them on what has happened."""


rules_group.add_command(run_backtest)


def _paths(path: Path | None, config: Path) -> list[Path]:
    """The named path, else the installation's rules, else rules.d, else the shipped packs alone."""
    if path is not None:
        if not path.exists():
            raise LiaisonError("there is no such file or folder.", where=str(path))
        return [path]
    if config.exists():
        found = installation(config).rules
        return [found] if found else []
    return [HERE] if HERE.exists() else []


@rules_group.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
def check(path: Path | None, form: str, config: Path) -> None:
    """Everything wrong with the rules, at once. Exit code 1 when there are errors."""
    problems = rules.check(_paths(path, config), wording=True)
    errors = sum(p.severity is Severity.ERROR for p in problems)
    if form == "json":
        print_json([{"path": p.path, "line": p.line, "column": p.column, "severity": p.severity, "message": p.message}
                    for p in problems])  # fmt: skip
    else:
        _print_problems(problems, errors)
    sys.exit(1 if errors else 0)


def _print_problems(problems: Sequence[Problem], errors: int) -> None:
    for problem in problems:
        colour = "red" if problem.severity is Severity.ERROR else "yellow"
        console.print(Text(f"{problem.severity}: ", colour) + Text(str(problem)), soft_wrap=True)
    warnings = len(problems) - errors
    console.print(f"{errors} errors, {warnings} warnings.")


@rules_group.command("test")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--packs", is_flag=True, help="The tests of the shipped packs instead.")
@json_option
@config_option
def run_tests(path: Path | None, packs: bool, as_json: bool, config: Path) -> None:  # noqa: FBT001 - click passes flags so
    """Run every `tests:` entry. Exit code 1 when one fails."""
    paths = [] if packs else _paths(path, config)
    results = rules.run_tests(rules.load(paths), packs=not paths)
    failed = [r for r in results if not r.passed]
    if as_json:
        print_json([{"name": r.name, "where": r.where, "passed": r.passed, "failures": r.failures} for r in results])
    else:
        for result in results:
            mark = Text("passed ", "green") if result.passed else Text("failed ", "red")
            console.print(mark + Text(result.name) + Text(f"  {result.where}", "dim"), soft_wrap=True)
            for line in result.failures:
                console.print(Text(f"    {line}"), soft_wrap=True)
        console.print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


@rules_group.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of rules files, for editors."""
    print_json(rules.json_schema())


@rules_group.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--ticket", "key", help="A ticket Liaison knows, instead of a file.")
@click.option("--site", help="Where the same key exists on several sites.")
@click.option(
    "--moment",
    type=click.Choice([str(m) for m in MomentKind]),
    default="opened",
    show_default=True,
    help="What happens.",
)
@files_option
@config_option
@json_option
def explain(
    file: Path | None,
    key: str | None,
    site: str | None,
    moment: str,
    path: Path | None,
    config: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Every rule considered for a ticket: why it matched or which condition failed, and who won each slot."""
    if (file is None) == (key is None):
        raise click.UsageError("Name a file with a ticket in JSON, or --ticket KEY.")
    ticket = _from_file(file) if file else _from_store(str(key), site, config)
    book = rules.load(_paths(path, config))
    now = SystemClock().now()
    told = rules.explain(book, book.catalogue, ticket, Moment(MomentKind(moment), "1", now), now)
    print_json(told.to_dict()) if as_json else _show(told)


def _from_file(file: Path) -> Ticket:
    try:
        plain = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise LiaisonError(f"this is not JSON: {error}.", where=str(file)) from error
    return rules.ticket_from(plain)


def _from_store(key: str, site: str | None, config: Path) -> Ticket:
    with opened(config) as store:
        story = Findings(store).story(find_ref(Findings(store), key, site))
    if story is None or story.ticket is None:
        raise LiaisonError(f"Liaison has no snapshot of {key} yet.")
    if story.held_by:
        raise LiaisonError(f"{key} is held by {', '.join(story.held_by)}: nothing is shown about it.")
    return story.ticket


def _show(told: rules.Explanation) -> None:
    about = [f"moment {told.moment}", told.service or "no known service", told.location or "no known location"]
    console.print(f"[bold]{told.ticket}[/bold]: {', '.join(about)}", soft_wrap=True)
    sealed = [g for g in told.gates if g.fired]
    for gate in sealed:
        console.print(Text(f"gate {gate.gate} fires: {gate.because}", "red"))
    _show_slots(told)
    table = Table("Rule", "Layer", "Matches", "Because", title="Rules considered", title_justify="left", expand=True)
    for rule in sorted(told.rules, key=lambda r: not r.matched):
        because = rule.matches if rule.matched else "; ".join(rule.failed)
        table.add_row(rule.rule, rule.layer, "yes" if rule.matched else "no", Text(because))
    console.print(table)


def _show_slots(told: rules.Explanation) -> None:
    for slot in told.slots:
        says = f"rule {slot.winner} speaks ({slot.where})" if slot.says == "message" else _silent(slot)
        console.print(Text(f"{slot.slot}: ", "bold") + Text(says), soft_wrap=True)
        if slot.text:
            console.print(Text(f"    {slot.text}"), soft_wrap=True)
        for loser in slot.losers:
            console.print(Text(f"    not {loser.rule}: {loser.because}", "dim"), soft_wrap=True)
    for impact in told.impacts:
        console.print(
            Text(f"impact {impact.id} ({impact.level}): {impact.statement}  (rule {impact.rule})"), soft_wrap=True
        )
    for cadence in told.cadences:
        console.print(
            Text(f"cadence for {cadence.audience}: every {cadence.every}  (rule {cadence.rule})"), soft_wrap=True
        )


def _silent(slot: Any) -> str:
    detail = f" {slot.detail}" if slot.detail else ""
    by = f" ({slot.by})" if slot.by else ""
    return f"silent, {Reason(slot.says)}.{detail}{by}"
