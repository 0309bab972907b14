"""`liaison rules explain`: why a ticket gets which words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click
import orjson
from rich.table import Table
from rich.text import Text

import rules
from app import budgeting
from app.cli_common import config_option, console, json_option, print_json, rules_of, without_secrets
from app.cli_store import opened
from app.cli_tickets import find_ref
from app.findings import Findings
from app.store import Store
from core.decisions import Reason
from core.errors import LiaisonError
from core.moments import Moment, MomentKind
from core.tickets import Ticket, TicketRef
from core.times import SystemClock
from rules.told import Explanation, RuleTold, SlotTold

MOST_NEAR = 5


@dataclass(frozen=True)
class Asked:
    """The ticket in question, how its site reads the clock, and what its requester heard of late, where it is known."""

    ticket: Ticket
    before: Ticket | None = None
    zone: str = "UTC"
    language: str = "en"
    heard: tuple[datetime, ...] | None = None


@click.command()
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
@click.option("--all", "everything", is_flag=True, help="Every rule and gate, also those that are far from matching.")
@click.option(
    "--rules", "path", type=click.Path(path_type=Path), help="Rules file or folder; else those of the installation."
)
@config_option
@json_option
def explain(
    file: Path | None,
    key: str | None,
    site: str | None,
    moment: str,
    everything: bool,  # noqa: FBT001 - click passes flags so
    path: Path | None,
    config: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Who speaks for a ticket and why, which rules nearly matched, and what limits the words."""
    if (file is None) == (key is None):
        raise click.UsageError("Name a file with a ticket in JSON, or --ticket KEY.")
    now, book = SystemClock().now(), rules.load(rules_of(path, config))
    asked = Asked(_from_file(file)) if file else _from_store(str(key), site, config, book, now)
    happened = Moment(MomentKind(moment), "1", now, asked.before)
    told = rules.explain(
        book,
        book.catalogue,
        asked.ticket,
        happened,
        now,
        zone=asked.zone,
        language=asked.language,
        heard=asked.heard,
    )
    print_json(told.to_dict()) if as_json else _Shown(told).print(everything=everything)


def _from_file(file: Path) -> Ticket:
    try:
        plain = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise LiaisonError(f"this is not JSON: {error}.", where=str(file)) from error
    return rules.ticket_from(plain)


def _from_store(key: str, site: str | None, config: Path, book: rules.RuleSet, now: datetime) -> Asked:
    """Raises LiaisonError for a ticket that a gate holds: one that fired, or one that would now."""
    known = without_secrets(config)
    active = rules.load(rules_of(None, config))
    with opened(config) as store:
        ref = find_ref(Findings(store), key, site)
        story = Findings(store).story(ref)
        if story is None or story.ticket is None:
            raise LiaisonError(f"Liaison has no snapshot of {key} yet.")
        about = next((one for one in known.sites if one.name == ref.site), None)
        asked = Asked(story.ticket, story.ticket, about.timezone, about.language) if about else Asked(story.ticket)
        held = [*story.held_by, *_holding(active, asked, now), *_holding(book, asked, now)]
        if held:
            gates = ", ".join(dict.fromkeys(held))
            raise LiaisonError(f"{key} is held by {gates}: nothing is shown about it.")
        return replace(asked, heard=_heard(store, ref, story.ticket, book, now))


def _holding(book: rules.RuleSet, asked: Asked, now: datetime) -> tuple[str, ...]:
    """The gates that would silence everything now: nobody may have looked at the ticket since they are there."""
    due = Moment(MomentKind.UPDATE_DUE, "", now)
    decision = rules.decide(book, book.catalogue, asked.ticket, due, now, zone=asked.zone)
    return decision.gates if decision.sealed else ()


def _heard(
    store: Store, ref: TicketRef, ticket: Ticket, book: rules.RuleSet, now: datetime
) -> tuple[datetime, ...] | None:
    ear = budgeting.ear(ref, ticket.requester.id, now, book.budget.within if book.budget else None)
    if ear is None:
        return None
    with store.look() as look:
        return budgeting.heard(look, ear)


@dataclass(frozen=True)
class _Shown:
    """For the terminal: who speaks first, what nearly spoke next, the rest on request."""

    told: Explanation

    def print(self, *, everything: bool) -> None:
        told = self.told
        about = [f"moment {told.moment}", told.service or "no known service", told.location or "no known location"]
        console.print(f"[bold]{told.ticket}[/bold]: {', '.join(about)}", soft_wrap=True)
        for gate in told.gates:
            if gate.fired:
                silenced = "everything" if gate.silences == ("all",) else ", ".join(gate.silences)
                _line(f"gate {gate.gate} silences {silenced}: {gate.because}  ({gate.where})", "red")
        for slot in told.slots:
            _slot(slot)
        for line in self._around():
            _line(line)
        _near(told.near_misses if not everything else ())
        if everything:
            self._all()
        else:
            rest = sum(not rule.matched for rule in told.rules) - len(told.near_misses[:MOST_NEAR])
            if rest:
                _line(f"{_many(rest, 'more rule')} did not match: --all shows why.", "dim")

    def _around(self) -> Iterator[str]:
        told = self.told
        for impact in told.impacts:
            path = f", because {impact.path}" if impact.path else ""
            yield f"impact {impact.id} ({impact.level}): {impact.statement}  (rule {impact.rule}{path})"
        for cadence in told.cadences:
            pace = f"{cadence.pace}. Next word {cadence.next_update}."
            yield f"pace for {cadence.audience}: {pace}  (rule {cadence.rule})"
        for family in told.families:
            if family.follows:
                yield f"family {family.family}: the parent speaks, because {family.because}"
        yield from (f"{quiet.audience}: {quiet.says}" for quiet in told.quiet)
        if told.budget:
            yield f"budget: {told.budget.says}  ({told.budget.where})"

    def _all(self) -> None:
        table = Table(
            "Rule", "Layer", "Matches", "Because", title="Rules considered", title_justify="left", expand=True
        )
        for rule in sorted(self.told.rules, key=lambda r: not r.matched):
            because = rule.matches if rule.matched else "; ".join(rule.failed)
            table.add_row(rule.rule, rule.layer, "yes" if rule.matched else "no", Text(because))
        console.print(table)
        for gate in self.told.gates:
            if not gate.fired:
                _line(f"gate {gate.gate} does not fire: {gate.because}", "dim")
        for family in self.told.families:
            if not family.follows:
                _line(f"family {family.family} does not apply: {family.because}", "dim")


def _slot(slot: SlotTold) -> None:
    says = f"rule {slot.winner} speaks  ({slot.where})" if slot.says == "message" else _silent(slot)
    console.print(Text(f"{slot.slot}: ", "bold") + Text(says), soft_wrap=True)
    for row in slot.text.strip().splitlines():
        _line(f"    {row}")
    for loser in slot.losers:
        _line(f"    {slot.winner} wins over {loser.rule}: {loser.because}.", "dim")


def _silent(slot: SlotTold) -> str:
    detail = f" {slot.detail}" if slot.detail else ""
    by = f" ({slot.by})" if slot.by else ""
    return f"silent, {Reason(slot.says)}.{detail}{by}"


def _near(rules_near: tuple[RuleTold, ...]) -> None:
    if rules_near:
        console.print(Text("Nearly matched:", "bold"))
    for rule in rules_near[:MOST_NEAR]:
        _line(f"    {rule.rule}: {'; '.join(rule.failed)}.  ({rule.where})")


def _line(text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
