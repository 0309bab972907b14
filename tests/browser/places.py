"""Every page there is, as people meet it: in the world of the demo's story, on Friday at 14:30, while cards fail.

A new page: a line in PLACES. Tests ask axe, the console and the layout about it, `make pictures` draws it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO

from playwright.sync_api import Browser, BrowserContext
from rich.console import Console

from app import demo, story
from app.links import Links
from app.settings import Listen
from core.times import SystemClock

Path = Callable[["Lived"], str]


@dataclass
class Lived:
    """The demo's stage in the midst of its story: a promise is open, a ticket is held. `keys`: the tickets' keys by the story's names."""

    stage: demo.Stage
    keys: dict[str, str]
    kept: dict[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.stage.server.url

    def ticket(self, name: str) -> str:
        """`site/id` of a ticket of the story, as it stands in addresses."""
        ref = self.stage.liaison.views.find(self.keys[name])[0]
        return f"{ref.site}/{ref.id}"

    def page(self, name: str) -> str:
        """The path of a new requester's page of a ticket of the story."""
        liaison = self.stage.liaison
        return Links(liaison.store, SystemClock()).new(liaison.views.find(self.keys[name])[0], "test")

    def admin(self, browser: Browser) -> dict[str, object]:
        """What a context takes to be signed in as the local admin."""
        if "admin" not in self.kept:
            context: BrowserContext = browser.new_context()
            page = context.new_page()
            page.goto(self.url + self.stage.liaison.door.new_link())
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{self.url}/")
            self.kept["admin"] = context.storage_state()
            context.close()
        return {"storage_state": self.kept["admin"]}


@contextmanager
def lived() -> Iterator[Lived]:
    with demo.stage(story.START, Listen(port=0)) as stage:
        keys = demo.play(stage, Console(file=StringIO()), pause=0, until=story.friday("14:30"))
        stage.liaison.reader.read()  # what it does every ten seconds: the figures count what was said
        yield Lived(stage, keys)


@dataclass(frozen=True)
class Place:
    """`admin`: looked at by the local admin, else without a session. `most`: bytes of its first view, compressed.

    `status`: what it answers; a page that refuses is a page, too.
    """

    name: str
    path: Path
    admin: bool = False
    most: int = 100_000
    status: int = 200


PLACES = (
    Place("front", lambda _: "/"),
    Place("front-signed-in", lambda _: "/", admin=True),
    Place("story", lambda lived: f"/tickets/{lived.ticket('cards')}"),
    Place("held", lambda lived: f"/tickets/{lived.ticket('leak')}"),
    Place("panel", lambda lived: f"/panel/{lived.ticket('cards')}", admin=True),
    Place("panel-read", lambda lived: f"/panel/{lived.ticket('cards')}"),
    Place("panel-why", lambda lived: f"/panel-why/{lived.ticket('cards')}"),
    Place("panel-held", lambda lived: f"/panel/{lived.ticket('leak')}"),
    Place("rule-editor", lambda _: "/rules/files/rules.yaml", admin=True, most=250_000),
    Place("rule-new", lambda _: "/rules/new", admin=True, most=250_000),
    Place("rules", lambda _: "/rules", admin=True),
    Place("rules-read", lambda _: "/rules?text=cards&spoke=yes"),
    Place("rules-found-nothing", lambda _: "/rules?text=nothing-is-like-this", admin=True),
    Place("rule", lambda _: "/rules/rule/card-payments-down", admin=True),
    Place("rule-shipped", lambda _: "/rules/rule/incident", admin=True),
    Place("gate", lambda _: "/rules/gate/confidential", admin=True),
    Place("rules-history", lambda lived: lived.stage.liaison.publisher.observe() or "/rules/history", admin=True),
    Place("overview", lambda _: "/overview", admin=True),
    Place("overview-tickets", lambda _: "/overview/tickets?show=open"),
    Place("overview-updates", lambda _: "/overview/tickets?show=said", admin=True),
    Place("overview-nothing", lambda _: "/overview/tickets?show=missed"),
    Place("sign-in", lambda _: "/sign-in"),
    Place("enter", lambda _: "/enter/some-link"),
    Place("timeline", lambda lived: lived.page("cards")),
    Place("timeline-of-a-change", lambda lived: lived.page("shop update")),
    Place("timeline-gone", lambda lived: lived.page("leak"), status=404),
    Place("nowhere", lambda _: "/nowhere", status=404),
    Place("unknown-ticket", lambda _: "/tickets/servicenow/incident:none", status=404),
)
