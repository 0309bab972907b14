"""The pages over given views, with a client that stands at the machine itself, in any role."""

import re
from datetime import UTC, datetime

import flask

from tests.support.memory_desk import MemoryDesk
from tests.support.memory_editor import MemoryEditor
from tests.support.memory_overview import MemoryOverview
from tests.support.memory_panel import MemoryPanel
from tests.support.memory_timeline import MemoryTimeline
from tests.support.memory_views import MemoryViews
from ui import sessions
from ui.access import Person, Role, with_included
from ui.blueprint import blueprint
from ui.house import House
from ui.routing import Pages

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
HERE = {"Host": "localhost:8080"}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
LINK = "a-link-that-works-once"
ADMIN = Person("local admin", "the local admin", frozenset(Role))


class Clock:
    def now(self) -> datetime:
        return NOW


class OneDoor:
    """A link that works once."""

    def __init__(self) -> None:
        self.link = LINK

    def let_in(self, token: str) -> Person | None:
        if token != self.link:
            return None
        self.link = ""
        return ADMIN


def house(views: MemoryViews | None = None, **more) -> House:
    """Ports in memory; `more` replaces any of them."""
    given = {"clock": Clock(), "wall": Clock(), "door": OneDoor(), "session_key": "a key for tests"}
    given |= {"timeline": MemoryTimeline()}
    given["panel"], given["editor"] = MemoryPanel(), MemoryEditor()
    given["overview"] = MemoryOverview()
    given["desk"] = MemoryDesk()
    return House(views=views or MemoryViews(), **{**given, **more})


def person(*roles: Role) -> Person:
    return Person("eva", "Eva Example", with_included(roles))


class Browser:
    """A client with a cookie jar. `signed_in` as somebody, or nobody."""

    def __init__(
        self, rooms: House | None = None, signed_in: Person | None = None, pages: Pages | None = None, **asks
    ) -> None:
        self.pages = pages or blueprint(rooms or house())
        self.app = flask.Flask("pages under test")
        self.app.register_blueprint(self.pages)
        self.client = self.app.test_client()
        self.headers = asks.get("headers", HERE)
        self.address = asks.get("address", "127.0.0.1")
        if signed_in:
            self.sign_in(signed_in)

    def sign_in(self, who: Person) -> None:
        with self.app.test_request_context(headers=self.headers):
            sessions.begin(who, NOW)
            kept = dict(flask.session)
        with self.client.session_transaction() as session:
            session.update(kept)
            session.permanent = True

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more):
        return self.client.open(
            path, method=method, headers={**self.headers, **(headers or {})},
            environ_base={"REMOTE_ADDR": self.address}, buffered=True, **more,
        )  # fmt: skip

    def get(self, path: str, headers: dict[str, str] | None = None):
        return self.ask("GET", path, headers)

    def post(self, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None):
        """As a form of ours sends it, with its token."""
        return self.ask("POST", path, headers, data={"csrf_token": self.token(), **(form or {})})

    def token(self) -> str:
        return TOKEN.search(self.get(f"/enter/{LINK}").text)[1]
