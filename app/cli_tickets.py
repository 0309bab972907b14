"""`liaison ticket`, `note`, `gate`, `alarm`, `db`: looking at what Liaison did, and deciding what it may not."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from app.cli_common import config_option, console, installation, json_option, opened, print_json, who_option
from app.engine import EmbeddedEngine
from app.findings import Findings
from app.steering import WANTED, Steering
from app.store import Store
from core.errors import LiaisonError
from core.notes import NoteState
from core.tickets import TicketRef
from core.times import SystemClock
from ui.views import NEEDS_A_PERSON, StoryView


@click.command()
@click.argument("key")
@click.option("--site", help="Where the same key exists on several sites.")
@config_option
@json_option
def ticket(key: str, site: str | None, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """What Liaison knows, said and promised about a ticket, and why it was silent."""
    with opened(config) as store:
        findings = Findings(store)
        ref = find_ref(findings, key, site)
        story = findings.story(ref)
        if story is None:
            raise LiaisonError(f"Liaison has never heard of {key}.")
        print_json(_plain(story)) if as_json else _show(story, key)


def find_ref(findings: Findings, key: str, site: str | None) -> TicketRef:
    found = [ref for ref in findings.find(key) if site in (None, ref.site)]
    if not found:
        raise LiaisonError(
            f"Liaison has never heard of {key}.", hint="Has its webhook arrived? `liaison serve` logs refusals."
        )
    if len(found) > 1:
        raise LiaisonError(f"{key} exists on {', '.join(r.site for r in found)}.", hint="Choose one with --site.")
    return found[0]


def _plain(story: StoryView) -> dict[str, Any]:
    if story.held_by:
        return {"ref": asdict(story.ref), "held_by": story.held_by}
    return {**asdict(story), "ticket": story.ticket.to_dict() if story.ticket else None}


def _show(story: StoryView, key: str) -> None:
    if story.held_by:
        console.print(f"{key} is held by {', '.join(story.held_by)}: nothing is said about it, and nothing is shown.")
        return
    known = story.ticket
    if known:
        service = known.service or known.ci or "no service"
        console.print(
            f"[bold]{known.key}[/bold]  {known.kind}, {known.state}, {known.priority or 'no priority'}, {service}"
        )
        console.print(Text(known.title))
    if not story.served:
        console.print(f"Not served: {story.not_served_because}")
    _show_notes(story)
    _show_promises(story)
    _show_silences(story)


def _show_notes(story: StoryView) -> None:
    table = Table("When", "To", "Moment", "Rule", "State", "Words", title="Said", title_justify="left", expand=True)
    for note in story.notes:
        if note.state in (NoteState.SUPERSEDED, NoteState.WITHDRAWN):
            continue
        state = Text(note.state, "red" if note.state in NEEDS_A_PERSON else "")
        words = note.text or note.problem
        if note.state in NEEDS_A_PERSON:
            words = f"{note.problem}\n{words}\nnote {note.id[:8]}"
        table.add_row(f"{note.at:%d %b %H:%M}", note.audience, note.moment, note.rule, state, Text(words))
    console.print(table if table.row_count else "Nothing was said yet.")


def _show_promises(story: StoryView) -> None:
    table = Table("Made", "To", "Due", "State", "Ended", title="Promised", title_justify="left")
    for promise in story.promises:
        ended = f"{promise.ended_at:%d %b %H:%M}" if promise.ended_at else ""
        table.add_row(
            f"{promise.made_at:%d %b %H:%M}", promise.audience, f"{promise.due:%d %b %H:%M}", promise.state, ended
        )
    console.print(table if table.row_count else "Nothing is promised.")


def _show_silences(story: StoryView) -> None:
    table = Table("When", "To", "Moment", "Reason", "Why", title="Silent", title_justify="left", expand=True)
    for silence in story.silences:
        who = silence.audience or "everybody"
        table.add_row(f"{silence.at:%d %b %H:%M}", who, silence.moment, silence.reason, Text(silence.detail))
    if table.row_count:
        console.print(table)


def _steering(store: Store) -> Steering:
    clock = SystemClock()
    return Steering(store, EmbeddedEngine(store, clock), clock)


@click.command()
@click.argument("verb", type=click.Choice(sorted(WANTED)))
@click.argument("note_id")
@who_option
@config_option
def note(verb: str, note_id: str, who: str, config: Path) -> None:
    """Approve a draft, retry a refused or stopped note, or drop one that has not left."""
    with opened(config) as store:
        ref = _steering(store).note(verb, note_id, who)
    console.print(f"Done: {verb}, {ref}.")


@click.command()
@click.argument("key")
@click.argument("gate_id")
@click.option("--because", required=True, help="The reason: it is kept with the decision.")
@click.option("--site", help="Where the same key exists on several sites.")
@who_option
@config_option
def lift(key: str, gate_id: str, because: str, site: str | None, who: str, config: Path) -> None:
    """Lift a sticky gate from a ticket."""
    with opened(config) as store:
        ref = find_ref(Findings(store), key, site)
        _steering(store).lift(ref, gate_id, who, because)
    console.print(f"Gate {gate_id} is lifted from {key}. If it still applies, it fires again.")


@click.command()
@click.argument("site")
@who_option
@config_option
def unalarm(site: str, who: str, config: Path) -> None:
    """Let Liaison write to a site again after an internal note came out public there."""
    with opened(config) as store:
        _steering(store).end_alarm(site, who)
    console.print(f"Liaison writes to {site} again.")


@click.group("db")
def db_group() -> None:
    """The store."""


@db_group.command("upgrade")
@config_option
def upgrade(config: Path) -> None:
    """Bring the store's tables to the newest revision; makes the store where there is none."""
    settings = installation(config)
    store = Store(settings.store)
    store.upgrade()
    store.close()
    console.print(f"{settings.store} is up to date.")
