"""`liaison dead`: deliveries that could not be handled, and what a person decides about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from app.cli_common import config_option, console, json_option, print_json, who_option
from app.cli_store import opened
from app.dead import DeadLetter, DeadLetters
from app.engine import EmbeddedEngine
from core.times import SystemClock, iso

id_argument = click.argument("delivery_id", type=int)


@contextmanager
def _dead(config: Path) -> Iterator[DeadLetters]:
    clock = SystemClock()
    with opened(config) as store:
        yield DeadLetters(store, EmbeddedEngine(store, clock), clock)


@click.group("dead")
def dead_group() -> None:
    """Deliveries that could not be handled."""


@dead_group.command("list")
@config_option
@json_option
def list_(config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Every delivery that was set aside, and why."""
    with _dead(config) as dead:
        found = dead.all()
    if as_json:
        print_json([_plain(letter) for letter in found])
        return
    table = Table("Id", "Ticket", "Received (UTC)", "Tries", "Why")
    for one in found:
        table.add_row(str(one.id), _ticket(one), f"{one.received_at:%d %b %H:%M}", str(one.tries), Text(_why(one)))
    console.print(table if found else "Every delivery was handled.")


@dead_group.command("show")
@id_argument
@config_option
@json_option
def show(delivery_id: int, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """One of them, with its body as it was received."""
    with _dead(config) as dead:
        found = dead.one(delivery_id)
    body = found.body.decode(errors="replace")
    if as_json:
        print_json({**_plain(found), "body": body})
        return
    received = iso(found.received_at)
    console.print(Text(f"{_ticket(found)}, received {received}, tried {found.tries} times: {_why(found)}"))
    console.print(Text(body))


@dead_group.command("replay")
@id_argument
@who_option
@config_option
@json_option
def replay(delivery_id: int, who: str, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Handle it again, as if it had just arrived."""
    with _dead(config) as dead:
        ref = dead.replay(delivery_id, who)
    print_json({"replayed": delivery_id, "ref": asdict(ref)}) if as_json else console.print(
        f"Delivery {delivery_id} of {ref} is handled again by the server."
    )


@dead_group.command("drop")
@id_argument
@who_option
@config_option
@json_option
def drop(delivery_id: int, who: str, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Give it up. The platform's next delivery about the ticket is handled as ever."""
    with _dead(config) as dead:
        ref = dead.drop(delivery_id, who)
    print_json({"dropped": delivery_id, "ref": asdict(ref)}) if as_json else console.print(
        f"Delivery {delivery_id} of {ref} is given up."
    )


def _plain(one: DeadLetter) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "body"}


def _ticket(one: DeadLetter) -> str:
    return f"{one.key or one.ref.id} ({one.ref.site})"


def _why(one: DeadLetter) -> str:
    return f"not shown: its ticket is held by {one.held_by}" if one.held_by else one.problem
