"""What `app` gives the pages: one port per surface, and who may come in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.times import Clock
from ui.access import Door, Provider
from ui.desk_views import DeskViews
from ui.editor_views import EditorViews
from ui.overview_views import OverviewViews
from ui.panel_views import PanelViews
from ui.timeline_views import TimelineViews
from ui.views import Views


@dataclass(frozen=True)
class House:
    """`clock` dates tickets, `wall` sessions: a demo's clock runs ahead.

    `session_key` signs the cookie; `public_url` is where people reach the pages, `""` for this machine alone.
    `provider`: who vouches for people; without one they sign in by a link, at this machine.
    `pages_open`: everybody who reaches the server may look, because something before it asks who they are. `origins`
    and `zones` by site: who may frame its panel, and in which zone its people read the clock.
    """

    views: Views
    clock: Clock
    wall: Clock
    door: Door
    session_key: str
    panel: PanelViews
    desk: DeskViews
    editor: EditorViews
    timeline: TimelineViews
    overview: OverviewViews
    public_url: str = ""
    provider: Provider | None = None
    pages_open: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)

    @property
    def encrypted(self) -> bool:
        return self.public_url.startswith("https://")
