"""All parts, plugged together: one installation of Liaison."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import flask
from sqlalchemy import make_url

import ui.blueprint
import webhooks.blueprint
from app import discretion, retention
from app.attend import Attendant
from app.bookmark import Bookmark, last_line, put_back
from app.composing import Composer
from app.connectors import Connectors
from app.drafts import Folder
from app.engine import EmbeddedEngine
from app.heeding import Heeding
from app.inbox import StoredInbox
from app.marking import Marker
from app.metrics import Metrics
from app.outbox import Outbox
from app.pace import Paces
from app.pauses import Pauses
from app.publishing import Publisher
from app.reading import Reader
from app.reconcile import Reconciler
from app.rulebook import Rulebook
from app.settings import Settings
from app.store import Store, remembered
from app.surfaces.door import StoredDoor
from app.surfaces.house import house
from app.sweeping import Sweeper
from app.views import StoredViews
from app.workbench import Workbench
from core.errors import LiaisonError, StoreError
from core.sites import Site
from core.tickets import TicketRef
from core.times import Clock, SystemClock, from_iso, iso

RELOAD_SECONDS = 5
BESIDE_SECONDS = 0.5
"""How long stopping waits for each of what is done beside attending: all of that can be cut off."""
STOP_SECONDS = 6.5
"""How long `run` may go on after `stop`."""
CLOSE_SECONDS = 1.5
PRUNE_FIRST, PRUNE_SECONDS = 60, 24 * 60 * 60
PER_SITE_SHARE = 0.75


def beside_store(url: str) -> Path | None:
    """Where rules that take long to read are kept as they were read: beside a store that is a file."""
    file = make_url(url)
    beside = file.get_backend_name() == "sqlite" and file.database not in {None, "", ":memory:"}
    return Path(f"{file.database}.rules") if beside else None


log = logging.getLogger("liaison")


class Liaison:
    """Opens the store and the rules; raises StoreError, SettingsError or RulesError. `close` when done."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        zones = {site.name: site.timezone for site in settings.sites}
        languages = {site.name: site.language for site in settings.sites}
        files = [settings.rules] if settings.rules else []
        self.rulebook = Rulebook(files, zones, languages, kept=beside_store(settings.store))
        self.store = Store(settings.store)
        self.store.upgrade()
        self.store.start()
        self.bench = Workbench("app.drafting")
        self.publisher = Publisher(self.store, Folder(settings.rules), self.rulebook, self.clock)
        self.sites = {site.name: self._speaking(site) for site in settings.sites}
        self.paces = Paces(self.sites, self.clock)
        self.connectors = Connectors(self.sites, self.clock, self.paces)
        per_site = max(1, round(settings.workers * PER_SITE_SHARE))
        self.engine = EmbeddedEngine(
            self.store, self.clock, workers=settings.workers, per_site=per_site, paces=self.paces
        )
        self.inbox = StoredInbox(self.store, self.engine)
        self.pauses = Pauses(self.store, self.paces, self.clock)
        composer = Composer(self.rulebook, self.clock)
        self.outbox = Outbox(self.store, self.clock, self.connectors, composer, self.pauses)
        self.attendant = Attendant(
            self.store, self.clock, self.engine, self.connectors, self.rulebook, self.outbox, self.pauses
        )
        self.reconciler = Reconciler(self.store, self.clock, self.connectors, self.inbox)
        self.sweeper = Sweeper(self.store, self.clock, self.connectors)
        self.heeding = Heeding(self.store, self.clock, self.engine, self.rulebook)
        self.views = StoredViews(self.store, self.clock, self.rulebook, self.pauses)
        self.door = StoredDoor(self.store, SystemClock())
        self.marker = Marker(self.store, self.clock)
        self.reader = Reader(self.store)
        self.metrics = Metrics(self.store, self.clock, self.rulebook, self.pauses, self.sites)
        self._stopping = threading.Event()
        self._bookmark: Bookmark | None = None

    def _speaking(self, site: Site) -> Site:
        """A site that states no time speaks from its installation on: when this store first saw its name."""
        if site.name in self.settings.speak_from:
            return site
        since = remembered(self.store, f"speak_from:{site.name}", iso(self.clock.now()))
        return replace(site, speak_from=from_iso(since))

    def web(self) -> flask.Flask:
        """The web application: webhooks, health, pages."""
        app = flask.Flask("liaison", static_folder=None)
        discretion.keep(app.logger)
        counted = self.metrics.answered
        hooks = webhooks.blueprint.blueprint(self.sites, self.inbox, self.clock, counted)
        app.register_blueprint(hooks)
        app.register_blueprint(ui.blueprint.blueprint(house(self)))
        app.register_blueprint(self.metrics.blueprint(everybody=self.settings.metrics_open))
        return app

    def attend(self, ref: TicketRef) -> None:
        with self.metrics.attended.time():
            self.attendant.attend(ref)

    def go_on_from(self, mark: Bookmark) -> None:
        """Notice whether the store was put back from a copy, and keep writing down beside it how far it has got."""
        self.outbox.put_back = put_back(self.store, mark, self.clock.now())
        self._bookmark = mark

    def watch(self, told: Callable[[TicketRef], None]) -> None:
        """Call `told` after each time a ticket was attended to."""
        self.attendant.told = told

    def run(self) -> None:
        """Attend to tickets until `stop`; changed rules files, and what webhooks missed, are picked up on the way.

        Notes that are being written when `stop` comes are finished; those of a platform that hangs become `in_doubt`.
        """
        reloader = threading.Thread(target=self._reload, name="rules reloader", daemon=True)
        reloader.start()
        pruner = threading.Thread(target=self._prune, name="pruner", daemon=True)
        pruner.start()
        sweeper = threading.Thread(target=self.sweeper.run, args=(self._stopping,), name="sweeper", daemon=True)
        sweeper.start()
        marker = threading.Thread(target=self.marker.run, args=(self._stopping,), name="marker", daemon=True)
        marker.start()
        reader = threading.Thread(target=self.reader.run, args=(self._stopping,), name="reader", daemon=True)
        reader.start()
        if self.settings.poll:
            self.reconciler.start(self.settings.poll)
        self.engine.run(self.attend)
        for thread in (reloader, pruner, sweeper, marker, reader):
            thread.join(BESIDE_SECONDS)
        self.reconciler.join(BESIDE_SECONDS)
        self.outbox.cut_off()

    def stop(self) -> None:
        self._stopping.set()
        self.reconciler.stop()
        self.engine.stop()

    def close(self) -> None:
        self.bench.stop()
        self._keep_place()
        self.store.close(CLOSE_SECONDS)

    def _reload(self) -> None:
        self.publisher.observe_quietly()
        self._heed()
        while not self._stopping.wait(RELOAD_SECONDS):
            if self.rulebook.reload():
                self.publisher.observe_quietly()
            self._heed()
            self._keep_place()

    def _keep_place(self) -> None:
        if self._bookmark:
            with suppress(StoreError):  # it is only a hint, and whoever reads the store for work says what is wrong
                self._bookmark.keep(last_line(self.store))

    def _heed(self) -> None:
        """A rule desk may have loaded the rules already: what counts is whether their gates were heeded."""
        try:
            self.heeding.heed(lambda: not self._stopping.is_set())
        except LiaisonError as error:
            log.warning("Changed gates are heeded later: %s", error)

    def _prune(self) -> None:
        """Once a day, and soon after the start: a server may be started more often than that."""
        pause = PRUNE_FIRST
        while not self._stopping.wait(pause):
            pause = PRUNE_SECONDS
            now = self.clock.now()
            retention.prune_quietly(self.store, self.settings.keep, now, lambda: not self._stopping.is_set())
