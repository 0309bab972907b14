"""`liaison rules`: check, test, explain."""

import click


@click.group("rules")
def rules_group() -> None:
    """Rules files: check them, test them, explain what they decide."""
