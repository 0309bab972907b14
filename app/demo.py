"""`liaison demo`: two stand-in platforms, a real Liaison between them, and a story played into all three."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from rich.console import Console
from sqlalchemy import select

from app import saying, story, tables
from app.cli_enter import print_link
from app.clocks import DrivenClock
from app.driving import Driver
from app.liaison import Liaison
from app.serving import Server
from app.settings import Listen, Settings
from connector.jira.sandbox import JiraStandIn, hub_signature
from connector.sandbox import Conversation, Hooks, StandIn
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.errors import SettingsError
from core.notes import Audience, NoteState
from core.sites import Auth, Platform, Secret, Site
from core.tickets import TicketRef

SECRET = "only-for-the-demo"  # noqa: S105 - both ends of it run in this process
NOTE_ID = "u_liaison_note_id"
N = tables.notes


def example(name: str) -> Path:
    """An example folder: beside the code in a checkout, inside the package in a wheel."""
    inside = Path(__file__).parent / "examples" / name
    return inside if inside.exists() else Path(__file__).parent.parent / "examples" / name


@dataclass
class Stage:
    """Everything that runs during a demo."""

    liaison: Liaison
    server: Server
    clock: DrivenClock
    snow: ServiceNowStandIn
    jira: JiraStandIn
    driver: Driver

    def stand_in(self, site: str) -> StandIn:
        return self.snow if site == story.SNOW else self.jira


@contextmanager
def stage(start: datetime, listen: Listen) -> Iterator[Stage]:
    clock = DrivenClock(start)
    snow = ServiceNowStandIn(clock=clock, note_id_column=NOTE_ID)
    for column in ("u_affected_users", "u_phase"):
        snow.tables.add_column("incident", column)
    jira = JiraStandIn(clock=clock)
    snow.keeps_connections = jira.keeps_connections = True
    snow.start()
    jira.start()
    with TemporaryDirectory(prefix="liaison-demo-") as folder:
        # a copy: what somebody publishes in the demo's rule desk changes no example
        rules = Path(shutil.copytree(example("retail"), Path(folder) / "rules"))
        settings = Settings(
            store=f"sqlite:///{folder}/demo.db",
            rules=rules,
            sites=(_snow_site(snow, start), _jira_site(jira, start)),
            listen=listen,
            speak_from={story.SNOW: start, story.JIRA: start},
        )
        liaison = Liaison(settings, clock)
        server = _server(liaison, listen)
        server.start()
        snow.hooks = business_rule(f"{server.url}/hooks/{story.SNOW}", SECRET, clock)
        jira.hooks = Hooks(f"{server.url}/hooks/{story.JIRA}", hub_signature(SECRET))
        try:
            yield Stage(liaison, server, clock, snow, jira, Driver(liaison, clock, (snow.hooks, jira.hooks)))
        finally:
            liaison.stop()
            snow.stop()
            jira.stop()
            server.stop()
            liaison.close()


def _server(liaison: Liaison, listen: Listen) -> Server:
    """On the wanted port, or on any free one: a demo need not fail because something else runs."""
    try:
        return Server(liaison.web(), listen)
    except SettingsError:
        return Server(liaison.web(), Listen(listen.host, 0))


def _snow_site(snow: ServiceNowStandIn, start: datetime) -> Site:
    return Site(
        name=story.SNOW,
        platform=Platform.SERVICENOW,
        url=snow.url,
        auth=Auth("liaison", Secret("liaison")),
        account="liaison",
        webhook_secrets=(Secret(SECRET),),
        note_id_column=NOTE_ID,
        fields={"affected_users": "u_affected_users", "phase": "u_phase"},
        timezone="Europe/Berlin",
        speak_from=start,
    )


def _jira_site(jira: JiraStandIn, start: datetime) -> Site:
    return Site(
        name=story.JIRA,
        platform=Platform.JIRA,
        url=jira.url,
        auth=Auth(jira.user, Secret(jira.token)),
        account=jira.account_id("liaison"),
        webhook_secrets=(Secret(SECRET),),
        timezone="Europe/Berlin",
        speak_from=start,
    )


def play(stage: Stage, console: Console, *, pause: float, until: datetime = story.END) -> dict[str, str]:
    """Play the story; returns the tickets' keys by the story's names. `pause`: seconds between scenes, for readers.

    `until`: leave off there, in the midst of things.
    """
    keys: dict[str, str] = {}
    teller = saying.Teller(stage.liaison, console, story.BERLIN)
    stage.liaison.watch(teller.tell)
    for step in [step for step in story.STEPS if step.at <= until]:
        stage.driver.advance(step.at)
        teller.scene(step.at, step.caption)
        _act(stage, step, keys)
        stage.driver.settle()
        time.sleep(pause)
    stage.driver.advance(until)
    return keys


def _act(stage: Stage, step: story.Step, keys: dict[str, str]) -> None:
    body: dict[str, Any] = dict(step.body)
    if step.parent:
        body["fields"] = {**body.get("fields", {}), "parent_incident": keys[step.parent]}
    answer = stage.stand_in(step.site).change(keys.get(step.ticket, ""), body)
    keys.setdefault(step.ticket, answer.get("key") or answer["number"])


def missing_or_doubled(stage: Stage, keys: dict[str, str]) -> list[str]:
    """What is wrong with the comments that stand in the tickets now; nothing is the right answer."""
    problems = []
    conversations = {c.key: c for site in (stage.snow, stage.jira) for c in site.conversations()}
    for name, expected in story.EXPECTED.items():
        notes = _written(stage, keys[name])
        said = tuple(n.moment for n in notes if n.audience == Audience.REQUESTER)
        if said != expected:
            problems.append(f"{keys[name]} ({name}): the requester should have heard {expected}, but heard {said}.")
        problems += _against(conversations[keys[name]], notes)
    return problems


def _written(stage: Stage, key: str) -> list[Any]:
    refs = stage.liaison.views.find(key)
    with stage.liaison.store.read() as connection:
        rows = connection.execute(select(N).where(N.c.state == NoteState.WRITTEN).order_by(N.c.written_at, N.c.id))
        return [row for row in rows if TicketRef(row.site, row.ticket_id) in refs]


def _against(conversation: Conversation, notes: list[Any]) -> list[str]:
    """Every customer-facing note stands there exactly once, and nothing stands there that we do not know of."""
    there = Counter(e.marker for e in conversation.entries if e.marker and not e.internal)
    ours = Counter(n.marker for n in notes if n.audience != Audience.AGENTS)
    problems = [f"{conversation.key}: note {m} is missing." for m in ours if m not in there]
    problems += [f"{conversation.key}: note {m} stands there {n} times." for m, n in there.items() if n > 1]
    known = {n.marker for n in notes}
    strangers = [e.marker for e in conversation.entries if e.marker and e.marker not in known]
    problems += [f"{conversation.key}: nobody knows note {marker}." for marker in strangers]
    internal = [e.marker for e in conversation.entries if e.internal and e.marker]
    if len(internal) != len(set(internal)):
        problems.append(f"{conversation.key}: an internal note stands there twice.")
    return problems


def show_conversations(stage: Stage, console: Console) -> None:
    for site in (stage.snow, stage.jira):
        for conversation in site.conversations():
            saying.show(conversation, console, story.BERLIN)


def run(console: Console, *, once: bool, listen: Listen) -> int:
    """Exit code: 0, or 1 when a comment is missing or doubled."""
    with stage(story.START, listen) as on:
        saying.addresses(console, on.server.url, {"ServiceNow stand-in": on.snow.url, "Jira stand-in": on.jira.url})
        if not once:
            print_link(on.server.url, on.liaison.door)
        keys = play(on, console, pause=0 if once else 2.0)
        if once:
            show_conversations(on, console)
        problems = missing_or_doubled(on, keys)
        for problem in problems:
            console.print(f"[red]{problem}[/red]")
        if not once:
            _stay(on, console)
        elif not problems:
            console.print("[green]Every comment of the story was written, once.[/green]")
        return 1 if problems else 0


def _stay(on: Stage, console: Console) -> None:
    """Keep serving, the clock running on from the story's end."""
    on.clock.let_run()
    worker = Thread(target=on.liaison.run, name="engine", daemon=True)
    worker.start()
    saying.addresses(console, on.server.url, {"ServiceNow stand-in": on.snow.url, "Jira stand-in": on.jira.url})
    console.print("The story is over and all of it keeps running. Change a ticket and see. Stop with Ctrl-C.")
    try:
        while worker.is_alive():
            worker.join(1)
    except KeyboardInterrupt:
        console.print("Stopping.")
    on.liaison.stop()
    worker.join(10)
