"""`liaison rules`: check, test, explain, schema."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

import rules
from app.cli_common import config_option, console, json_option, print_json, rules_of
from app.cli_lazy import LazyGroup
from core.errors import Problem, Severity

MOST_WARNINGS = 200
"""Of so many a person mends the first, and asks again."""
LATER = {"backtest": "app.cli_backtest:run_backtest", "explain": "app.cli_explain:explain"}


@click.group("rules", cls=LazyGroup, later=LATER)
def rules_group() -> None:
    """Rules files: check them, test them, explain what they decide, try them on what has happened."""


@rules_group.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
def check(path: Path | None, form: str, config: Path) -> None:
    """Everything wrong with the rules, at once. Exit code 1 when there are errors."""
    problems = rules.check(rules_of(path, config), wording=True)
    errors = sum(p.severity is Severity.ERROR for p in problems)
    if form == "json":
        print_json([{"path": p.path, "line": p.line, "column": p.column, "severity": p.severity, "message": p.message}
                    for p in problems])  # fmt: skip
    else:
        _print_problems(problems, errors)
    sys.exit(1 if errors else 0)


def _print_problems(problems: Sequence[Problem], errors: int) -> None:
    warnings, seen = len(problems) - errors, 0
    for problem in problems:
        seen += problem.severity is Severity.WARNING
        if problem.severity is Severity.WARNING and seen > MOST_WARNINGS:
            continue
        colour = "red" if problem.severity is Severity.ERROR else "yellow"
        console.print(Text(f"{problem.severity}: ", colour) + Text(str(problem)), soft_wrap=True)
    if warnings > MOST_WARNINGS:
        console.print(f"{warnings - MOST_WARNINGS} more warnings are not shown: --format json has them all.")
    console.print(f"{errors} errors, {warnings} warnings.")


@rules_group.command("test")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--packs", is_flag=True, help="The tests of the shipped packs instead.")
@json_option
@config_option
def run_tests(path: Path | None, packs: bool, as_json: bool, config: Path) -> None:  # noqa: FBT001 - click passes flags so
    """Run every `tests:` entry. Exit code 1 when one fails."""
    paths = [] if packs else rules_of(path, config)
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
