"""Liaison as the fault suite runs it: a real process on a SQLite file, with short times and a clock that jumps.

`python -m tests.faults.child CONFIG`. The environment variable FAULTS_BROKEN, which nothing else reads, breaks one of
its promises on purpose: the suite must notice.
"""

import json
import logging
import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from app import claims, engine, outbox, sweeping
from app.attend import Attendant
from app.composing import Composer
from app.inbox import StoredInbox
from app.liaison import STOP_SECONDS, Liaison
from app.locking import only_one
from app.outbox import Outbox
from app.serving import Server
from app.settings import Listen, Settings
from app.stopping import signals_held, until_asked
from core.errors import InDoubt, Unavailable
from core.sightings import Accepted
from core.sites import Auth, Platform, Secret, Site

SETTLE = 3.0
"""Seconds; longer than anything that a stand-in does late."""


class JumpingClock:
    """The machine's clock, shifted by as many seconds as stand in a file."""

    def __init__(self, path: Path):
        self._path, self._last, self.went_back = path, 0.0, False

    def now(self):
        with suppress(ValueError, OSError):
            self._last = float(self._path.read_text())
        return datetime.now(UTC) + timedelta(seconds=self._last)

    def steady(self):
        return time.monotonic()

    def jump(self, seconds: float):
        self.now()
        self.went_back = self.went_back or seconds < 0
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(self._last + seconds))
        fresh.replace(self._path)


def sites(config: dict[str, Any]) -> tuple[Site, ...]:
    since = datetime.fromisoformat(config["speak_from"])
    common = {"webhook_secrets": (Secret(config["secret"]),), "speak_from": since, "settle_seconds": SETTLE}
    common["timeout"] = (2.0, 1.5)
    return (
        Site(
            "servicenow",
            Platform.SERVICENOW,
            config["servicenow"],
            Auth("liaison", Secret("liaison")),
            note_id_column="u_liaison_note_id",
            account="liaison",
            **common,
        ),
        Site(
            "jira",
            Platform.JIRA,
            config["jira"],
            Auth(config["jira_user"], Secret(config["jira_token"])),
            account=config["jira_account"],
            **common,
        ),
    )


def acknowledged_early():
    """The 202 leaves before the commit."""

    def accept(self, delivery):
        self._store.submit(lambda tx: self._accept(tx, delivery))
        return Accepted.STORED

    StoredInbox.accept = accept


def retried_blindly():
    """A request whose answer never came is sent again at once."""
    honest = Outbox._failed

    def failed(self, ref, fence, notes, letter, error):
        if isinstance(error, InDoubt):
            error = Unavailable(error.what, where=str(ref))
        return honest(self, ref, fence, notes, letter, error)

    Outbox._failed = failed


def unfenced():
    """A runner that lost its claim goes on as if nothing had happened."""
    claims.hold = lambda _tx, _ref, _fence: None


def asleep():
    """What arrives while a ticket is attended to wakes nobody."""
    honest = claims.next_wake

    def next_wake(tx, claim, *given):
        fresh = claims.ROW.run(tx, of_site=claim.ref.site, of_id=claim.ref.id).fetchone()[1]
        return honest(tx, replace(claim, generation=fresh), *given)

    claims.next_wake = next_wake


def unpledged():
    """Words that were found in the ticket promise a time, and nobody writes it down."""
    honest = Outbox._record

    def record(self, tx, ref, fence, notes, written, entries, composed):
        pledge = outbox._pledge
        outbox._pledge = pledge if composed else lambda *_: []
        try:
            return honest(self, tx, ref, fence, notes, written, entries, composed)
        finally:
            outbox._pledge = pledge

    Outbox._record = record


def stale():
    """What was in doubt is said again, although something newer is to be said by then."""
    outbox._overtaken = lambda *_: False


def slow_to_compose(seconds: float):
    honest = Composer.compose

    def compose(self, *given, **named):
        composed = honest(self, *given, **named)
        time.sleep(seconds)
        return composed

    Composer.compose = compose


def slow_to_consider(seconds: float):
    honest = Attendant._consider

    def consider(self, case):
        time.sleep(seconds)
        return honest(self, case)

    Attendant._consider = consider


def slow_to_write(seconds: float):
    """Inside the request, after its last look at the time: where a frozen writer does most harm."""
    honest = requests.Session.request

    def request(self, method, url, **options):
        if method == "POST" and url.endswith("/comment"):
            time.sleep(seconds)
        return honest(self, method, url, **options)

    requests.Session.request = request


BROKEN = {
    "": lambda: None,
    "early": acknowledged_early,
    "blind": retried_blindly,
    "unfenced": unfenced,
    "asleep": asleep,
    "unpledged": unpledged,
    "stale": stale,
}


def main():
    config = json.loads(Path(sys.argv[1]).read_text())
    rival = "--rival" in sys.argv
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    BROKEN[os.environ.get("FAULTS_BROKEN", "")]()
    if not rival and config["slow_compose"]:
        slow_to_compose(config["slow_compose"])
    if not rival and config["slow_consider"]:
        slow_to_consider(config["slow_consider"])
    if not rival and config["slow_write"]:
        slow_to_write(config["slow_write"])
    sweeping.SWEEP_SECONDS = engine.SWEEP_SECONDS = 2.0
    settings = Settings(
        f"sqlite:///{config['store']}",
        Path(config["rules"]),
        sites(config),
        Listen(port=config["port"]),
        speak_from={site.name: site.speak_from for site in sites(config)},
    )
    clock = JumpingClock(Path(config["offset"]))
    serve_rival(settings, clock) if rival else serve(settings, clock)


def serve(settings: Settings, clock: JumpingClock):
    """As `liaison serve` does."""
    with only_one(settings.store), signals_held():
        liaison = Liaison(settings, clock)
        server = Server(liaison.web(), settings.listen)
        server.start()
        say_up()
        running = until_asked(liaison.run)
        server.stop()
        liaison.stop()
        running.join(STOP_SECONDS)
        liaison.close()


def serve_rival(settings: Settings, clock: JumpingClock):
    """Without the lock, and without a web server: an orchestrator that took the first one for dead."""
    liaison = Liaison(settings, clock)
    say_up()
    liaison.run()


def say_up():
    sys.stdout.write("up\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
