"""`ui.overview_views.OverviewViews` over the store."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.liaison import Liaison


class StoredOverview:
    def __init__(self, liaison: "Liaison") -> None:
        self._liaison = liaison
