"""`ui.timeline_views.TimelineViews` over the store."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.liaison import Liaison


class StoredTimeline:
    def __init__(self, liaison: "Liaison") -> None:
        self._liaison = liaison
