"""What the pages get of an installation: `ui.house.House`, one port per surface."""

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.store import remembered
from app.surfaces.desk import StoredDesk
from app.surfaces.editor import StoredEditor
from app.surfaces.overview import StoredOverview
from app.surfaces.panel import StoredPanel
from app.surfaces.provider import OpenIdProvider
from app.surfaces.timeline import StoredTimeline
from core.times import SystemClock
from ui.house import House

if TYPE_CHECKING:
    from app.liaison import Liaison


def house(liaison: "Liaison") -> House:
    settings = liaison.settings
    return House(
        views=liaison.views,
        clock=liaison.clock,
        wall=SystemClock(),
        door=liaison.door,
        session_key=remembered(liaison.store, "session_key", secrets.token_hex(32)),
        panel=StoredPanel(liaison),
        desk=StoredDesk(liaison),
        editor=StoredEditor(liaison),
        timeline=StoredTimeline(liaison),
        overview=StoredOverview(liaison),
        public_url=settings.public_url,
        provider=provider(liaison),
        pages_open=settings.pages_open,
        origins={site.name: origin(site.url) for site in settings.sites},
        zones={site.name: site.timezone for site in settings.sites},
    )


def provider(liaison: "Liaison") -> OpenIdProvider | None:
    settings = liaison.settings
    if settings.signing_in is None:
        return None
    return OpenIdProvider(settings.signing_in, settings.public_url, SystemClock())


def origin(url: str) -> str:
    """Scheme, host and port: what browsers compare."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
