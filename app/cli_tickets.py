"""`liaison ticket`, `note`, `lift`, `unalarm`, `db`: looking at what Liaison did, and deciding what it may not."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from app import retention
from app.cli_common import config_option, console, json_option, print_json, who_option, without_secrets
from app.cli_store import opened
from app.engine import EmbeddedEngine
from app.findings import Findings
from app.steering import WANTED, Steering
from app.store import Store
from core.errors import LiaisonError
from core.tickets import Ticket, TicketRef
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
        if as_json:
            print_json(_plain(story))
        else:
            found = without_secrets(config).site(ref.site)
            _Shown(story, ZoneInfo(found.timezone if found else "UTC")).print(key)


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


@dataclass(frozen=True)
class _Shown:
    """A story for the terminal, its times in the site's zone."""

    story: StoryView
    zone: ZoneInfo

    def print(self, key: str) -> None:
        story = self.story
        if story.held_by:
            gates = ", ".join(story.held_by)
            console.print(f"{key} is held by {gates}: nothing is said about it, and nothing is shown.")
            return
        if story.ticket:
            self._ticket(story.ticket)
        if not story.served:
            console.print(f"Not served: {story.not_served_because}")
        if story.muted:
            until = self._at(story.muted_until) or "somebody unmutes it"
            console.print(f"{story.muted} The requester hears nothing until {until}.")
        if story.settling:
            moments = ", ".join(story.settling)
            console.print(f"Waiting until {self._at(story.settling_until)} whether this stays so: {moments}.")
        self._notes()
        self._promises()
        self._silences()
        console.print(f"Times are {self.zone.key} time.")

    def _at(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self.zone):%d %b %H:%M}" if moment else ""

    def _ticket(self, known: Ticket) -> None:
        service = known.service or known.ci or "no service"
        line = f"{known.kind}, {known.state}, {known.priority or 'no priority'}, {service}"
        console.print(f"[bold]{known.key}[/bold]  {line}", soft_wrap=True)
        console.print(Text(known.title))

    def _notes(self) -> None:
        table = Table("When", "To", "Moment", "Rule", "State", "Words", title="Said", title_justify="left", expand=True)
        for note in self.story.notes:
            needed = note.state in NEEDS_A_PERSON
            words = f"{note.problem}\n{note.text}\nnote {note.id[:8]}" if needed else note.text
            state = Text(note.state, "red" if needed else "")
            table.add_row(self._at(note.at), note.audience, note.moment, note.rule, state, Text(words))
        console.print(table if table.row_count else "Nothing was said yet.")

    def _promises(self) -> None:
        table = Table("Made", "To", "Due", "State", "Ended", title="Promised", title_justify="left")
        for promise in self.story.promises:
            made, due, ended = self._at(promise.made_at), self._at(promise.due), self._at(promise.ended_at)
            table.add_row(made, promise.audience, due, promise.state, ended)
        console.print(table if table.row_count else "Nothing is promised.")

    def _silences(self) -> None:
        table = Table("When", "To", "Moment", "Reason", "Why", title="Silent", title_justify="left", expand=True)
        for silence in self.story.silences:
            who = silence.audience or "everybody"
            table.add_row(self._at(silence.at), who, silence.moment, silence.reason, Text(silence.detail))
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
    settings = without_secrets(config)
    store = Store(settings.store)
    store.upgrade()
    store.close()
    console.print(f"{settings.store} is up to date.")


@db_group.command("prune")
@config_option
@json_option
def prune(config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Take away what is older than `keep` in liaison.yaml says."""
    with opened(config) as store:
        done = retention.prune(store, without_secrets(config).keep, SystemClock().now())
    print_json(done.to_dict()) if as_json else console.print(f"Taken away: {_counted(done.to_dict())}.")


@db_group.command("erase")
@click.option("--requester", required=True, help="The person's id on the platform.")
@who_option
@config_option
@json_option
def erase(requester: str, who: str, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Take away what is kept of one requester; states and times stay."""
    with opened(config) as store:
        done = retention.erase(store, SystemClock(), requester, who)
    print_json(done.to_dict()) if as_json else console.print(f"Erased: {_counted(done.to_dict())}.")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {WORDS[name]}" for name, count in counts.items())


WORDS = {
    "bodies": "bodies of webhooks",
    "deliveries": "deliveries",
    "feedback": "answers of requesters",
    "journal": "lines of the journal",
    "lines": "lines of the journal",
    "links": "links",
    "notes": "notes",
    "promises": "promises",
    "tickets": "tickets",
    "waiting": "deliveries that are not handled yet (erase again once they are)",
}
